//! A bounded queue whose receiver sleeps until enough has come to be worth waking for.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A queue of at most `capacity` entries, for any number of senders and one receiver.
pub fn queue<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let state = State { entries: VecDeque::new(), awaited: None, closed: false };
    let shared = Arc::new(Shared { capacity, state: Mutex::new(state), enough_came: Condvar::new() });
    (Sender(Arc::clone(&shared)), Receiver(shared))
}

/// Why an entry was not queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// As many wait as may.
    Full,
    /// The queue was closed, or its receiver is gone.
    Closed,
}

/// Puts entries in; cheap to clone.
pub struct Sender<T>(Arc<Shared<T>>);

/// Takes entries out. When it is dropped, so is what waits.
pub struct Receiver<T>(Arc<Shared<T>>);

struct Shared<T> {
    capacity: usize,
    state: Mutex<State<T>>,
    enough_came: Condvar,
}

struct State<T> {
    entries: VecDeque<T>,
    /// How many entries wake the receiver, while it sleeps.
    awaited: Option<usize>,
    closed: bool,
}

impl<T> Shared<T> {
    fn state(&self) -> MutexGuard<'_, State<T>> {
        // Nothing that can panic leaves it half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Sender<T> {
    /// Queues an entry.
    ///
    /// # Errors
    /// [`Refused`]; the entry is dropped.
    pub fn push(&self, entry: T) -> Result<(), Refused> {
        let mut state = self.0.state();
        if state.closed {
            return Err(Refused::Closed);
        }
        if state.entries.len() >= self.0.capacity {
            return Err(Refused::Full);
        }
        state.entries.push_back(entry);
        let count = state.entries.len();
        if state.awaited.take_if(|awaited| *awaited <= count).is_some() {
            drop(state);
            self.0.enough_came.notify_one();
        }
        Ok(())
    }

    /// Refuses whatever comes from now on. What is queued can still be taken.
    pub fn close(&self) {
        self.0.state().closed = true;
        self.0.enough_came.notify_one();
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Receiver<T> {
    /// Waits for an entry, or for the end, but no longer than `idle`; whether there is one.
    pub fn wait(&self, idle: Duration) -> bool {
        let mut state = self.0.state();
        let until = Instant::now() + idle;
        while state.entries.is_empty() && !state.closed {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                state.awaited = None;
                return false;
            }
            state.awaited = Some(1);
            state = self.0.enough_came.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// Waits for an entry, then up to `patience` for `enough` of them, then moves up to `max` to the end of `taken`;
    /// `false` when the queue is closed and empty.
    pub fn take(&self, enough: usize, patience: Duration, max: usize, taken: &mut Vec<T>) -> bool {
        let mut state = self.0.state();
        while state.entries.is_empty() && !state.closed {
            state.awaited = Some(1);
            state = self.0.enough_came.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.entries.len() < enough && !state.closed {
            let until = Instant::now() + patience;
            while state.entries.len() < enough && !state.closed {
                let left = until.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    break;
                }
                state.awaited = Some(enough);
                state = self.0.enough_came.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
            }
            state.awaited = None;
        }
        let count = state.entries.len().min(max);
        taken.extend(state.entries.drain(..count));
        count > 0
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.closed = true;
        let left = std::mem::take(&mut state.entries);
        // What entries do when they are dropped is none of the queue's business.
        drop(state);
        drop(left);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::thread;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn receiver_sleeps_until_enough_came() {
        let (sender, receiver) = queue(10);
        let (done, batch) = channel();
        let waiting = thread::spawn(move || {
            let mut taken = Vec::new();
            assert!(receiver.take(3, LONG, 10, &mut taken));
            done.send(taken).expect("the test waits");
        });
        sender.push(1).expect("there is room");
        sender.push(2).expect("there is room");
        batch.recv_timeout(Duration::from_millis(100)).expect_err("two are not enough");
        sender.push(3).expect("there is room");
        assert_eq!(batch.recv_timeout(LONG / 2).expect("the third wakes it"), [1, 2, 3]);
        waiting.join().expect("it did not panic");
    }

    #[test]
    fn one_is_taken_when_no_other_comes() {
        let (sender, receiver) = queue(10);
        sender.push(1).expect("there is room");
        let mut taken = vec![0];
        assert!(receiver.take(2, Duration::from_millis(1), 10, &mut taken));
        assert_eq!(taken, [0, 1]);
    }

    #[test]
    fn receiver_waits_no_longer_than_it_says() {
        let (sender, receiver) = queue(10);
        assert!(!receiver.wait(Duration::from_millis(1)));
        sender.push(1).expect("there is room");
        assert!(receiver.wait(Duration::ZERO));
        assert!(receiver.take(1, LONG, 10, &mut Vec::new()));
        sender.close();
        assert!(receiver.wait(LONG));
    }

    #[test]
    fn no_more_are_queued_or_taken_than_may_be() {
        let (sender, receiver) = queue(3);
        for entry in 0..3 {
            sender.push(entry).expect("there is room");
        }
        assert_eq!(sender.push(3), Err(Refused::Full));
        let mut taken = Vec::new();
        assert!(receiver.take(1, LONG, 2, &mut taken));
        assert_eq!(taken, [0, 1]);
        sender.push(4).expect("there is room again");
        assert!(receiver.take(1, LONG, 2, &mut taken));
        assert_eq!(taken, [0, 1, 2, 4]);
    }

    #[test]
    fn what_was_queued_before_the_end_is_taken() {
        let (sender, receiver) = queue(3);
        sender.push(1).expect("there is room");
        sender.close();
        assert_eq!(sender.push(2), Err(Refused::Closed));
        let mut taken = Vec::new();
        assert!(receiver.take(3, LONG, 3, &mut taken));
        assert!(!receiver.take(3, LONG, 3, &mut taken));
        assert_eq!(taken, [1]);
    }

    #[test]
    fn closing_wakes_a_receiver_that_waits_for_more() {
        let (sender, receiver) = queue(3);
        let (done, batch) = channel();
        let waiting = thread::spawn(move || {
            let mut taken = Vec::new();
            while receiver.take(3, LONG, 3, &mut taken) {}
            done.send(taken).expect("the test waits");
        });
        sender.push(1).expect("there is room");
        batch.recv_timeout(Duration::from_millis(100)).expect_err("one is not enough");
        sender.close();
        assert_eq!(batch.recv_timeout(LONG / 2).expect("the end wakes it"), [1]);
        waiting.join().expect("it did not panic");
    }

    #[test]
    fn entries_go_with_their_receiver() {
        let (sender, receiver) = queue(3);
        let (waiter, answer) = channel::<()>();
        assert!(sender.push(waiter).is_ok());
        drop(receiver);
        answer.recv().expect_err("nobody holds the entry any more");
        assert_eq!(sender.push(channel().0), Err(Refused::Closed));
    }
}
