//! Tasks that outlive their panics.

use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::panics::{self, Place};

/// How long a task rests after its first panic.
const PAUSE_MIN: Duration = Duration::from_millis(if cfg!(test) { 1 } else { 1_000 });
/// Longest rest.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// Runs the task that `start` makes of `state` until it ends by itself. One that panics is started anew after a pause,
/// twice as long each time it panics soon again. Call where [`tokio::task::spawn_local`] can be called.
pub async fn keep_running<S: Clone, F: Future<Output = ()> + 'static>(
    place: Place,
    state: S,
    mut stopped: watch::Receiver<bool>,
    mut start: impl FnMut(S, watch::Receiver<bool>) -> F,
) {
    let mut pause = PAUSE_MIN;
    loop {
        let started = Instant::now();
        match tokio::task::spawn_local(start(state.clone(), stopped.clone())).await {
            Err(error) if error.is_panic() => panics::note(place),
            // Or the runtime ends.
            _ => return,
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            // At once, too, when it was told before.
            _ = stopped.wait_for(|stopped| *stopped) => return,
        }
        pause = next_pause(pause, started.elapsed());
    }
}

/// How long to rest the next time, after a task that `ran` so long, the rest of `pause` included.
fn next_pause(pause: Duration, ran: Duration) -> Duration {
    if ran > 2 * PAUSE_MAX { PAUSE_MIN } else { (pause * 2).min(PAUSE_MAX) }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use tokio::task::LocalSet;

    use super::*;

    #[tokio::test]
    async fn task_that_panics_is_started_again_until_it_ends_by_itself() {
        let (_stop, stopped) = watch::channel(false);
        let starts = Rc::new(Cell::new(0));
        let counted = Rc::clone(&starts);
        let before = panics::count(Place::Retention);
        let task = move |(), _| {
            counted.set(counted.get() + 1);
            let start = counted.get();
            async move { assert!(start == 4, "start {start}, for the test") }
        };

        LocalSet::new().run_until(keep_running(Place::Retention, (), stopped, task)).await;

        assert_eq!(starts.get(), 4);
        assert_eq!(panics::count(Place::Retention), before + 3);
    }

    #[tokio::test]
    async fn task_that_panics_while_the_server_stops_is_left_alone() {
        let (stop, stopped) = watch::channel(false);
        let starts = Rc::new(Cell::new(0));
        let counted = Rc::clone(&starts);
        let task = move |(), _| {
            counted.set(counted.get() + 1);
            stop.send_replace(true);
            async { panic!("for the test") }
        };

        LocalSet::new().run_until(keep_running(Place::Checkpoint, (), stopped, task)).await;

        assert_eq!(starts.get(), 1);
    }

    #[test]
    fn pauses_grow_until_a_task_runs_well() {
        let second = Duration::from_secs(1);
        assert_eq!(next_pause(4 * second, second), 8 * second);
        assert_eq!(next_pause(40 * second, second), PAUSE_MAX);
        assert_eq!(next_pause(PAUSE_MAX, 121 * second), PAUSE_MIN);
    }
}
