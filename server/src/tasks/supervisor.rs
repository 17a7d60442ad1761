//! Tasks that outlive their panics.

use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::{JoinHandle, spawn_local};

use super::{Meter, Running, Task, TaskMetrics};
use crate::panics;

/// How long a task rests after its first panic.
const PAUSE_MIN: Duration = Duration::from_millis(if cfg!(test) { 1 } else { 1_000 });
/// Longest rest.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// Starts tasks, and starts them again when they panic; cheap to clone.
#[derive(Clone)]
pub struct Supervisor {
    stopped: watch::Receiver<bool>,
    metrics: TaskMetrics,
}

impl Supervisor {
    /// Its tasks are told to stop by `stopped`, and counted in `metrics`.
    pub fn new(stopped: watch::Receiver<bool>, metrics: TaskMetrics) -> Self {
        Self { stopped, metrics }
    }

    /// Starts a task, where [`spawn_local`] can be called. Returned is what completes when it has ended by itself, or panicked
    /// while the server stops.
    pub fn start<T: Task>(&self, task: T) -> JoinHandle<()> {
        spawn_local(keep_running(task, self.stopped.clone(), self.metrics.clone()))
    }
}

/// Runs a task until it ends by itself. One that panics is started anew after a pause, twice as long each time it panics
/// soon again.
async fn keep_running<T: Task>(task: T, mut stopped: watch::Receiver<bool>, metrics: TaskMetrics) {
    let mut pause = PAUSE_MIN;
    loop {
        let started = Instant::now();
        let running = Running { stopped: stopped.clone(), meter: Meter::new(T::PLACE, &metrics) };
        match spawn_local(task.clone().run(running)).await {
            Err(error) if error.is_panic() => panics::note(T::PLACE),
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
    use std::convert::Infallible;
    use std::rc::Rc;

    use tokio::task::LocalSet;

    use super::*;
    use crate::panics::Place;

    /// Panics at each start but the last.
    #[derive(Clone)]
    struct PanicsThrice(Rc<Cell<u32>>);

    impl Task for PanicsThrice {
        const PLACE: Place = Place::Retention;

        async fn run(self, _: Running) {
            self.0.set(self.0.get() + 1);
            let start = self.0.get();
            assert!(start == 4, "start {start}, for the test");
        }
    }

    /// Panics while the server stops.
    #[derive(Clone)]
    struct PanicsLate(watch::Sender<bool>, Rc<Cell<u32>>);

    impl Task for PanicsLate {
        const PLACE: Place = Place::Checkpoint;

        async fn run(self, _: Running) {
            self.1.set(self.1.get() + 1);
            self.0.send_replace(true);
            panic!("for the test");
        }
    }

    /// Counts its turns until it is told to stop.
    #[derive(Clone)]
    struct Turns(Rc<Cell<u32>>);

    impl Task for Turns {
        const PLACE: Place = Place::Disk;

        async fn run(self, mut running: Running) {
            while running.pause(Duration::from_millis(1)).await {
                let count = async { Ok::<_, Infallible>(self.0.get() + 1) };
                self.0.set(running.meter.turn(count).await.unwrap());
            }
        }
    }

    #[tokio::test]
    async fn task_that_panics_is_started_again_until_it_ends_by_itself() {
        let (_stop, stopped) = watch::channel(false);
        let starts = Rc::new(Cell::new(0));
        let before = panics::count(Place::Retention);
        let supervisor = Supervisor::new(stopped, TaskMetrics::default());

        LocalSet::new().run_until(async { supervisor.start(PanicsThrice(Rc::clone(&starts))).await }).await.unwrap();

        assert_eq!(starts.get(), 4);
        assert_eq!(panics::count(Place::Retention), before + 3);
    }

    #[tokio::test]
    async fn task_that_panics_while_the_server_stops_is_left_alone() {
        let (stop, stopped) = watch::channel(false);
        let starts = Rc::new(Cell::new(0));
        let supervisor = Supervisor::new(stopped, TaskMetrics::default());

        LocalSet::new()
            .run_until(async { supervisor.start(PanicsLate(stop, Rc::clone(&starts))).await })
            .await
            .unwrap();

        assert_eq!(starts.get(), 1);
    }

    #[tokio::test]
    async fn task_that_pauses_ends_when_the_server_stops() {
        let (stop, stopped) = watch::channel(false);
        let (turns, turns_of_late) = (Rc::new(Cell::new(0)), Rc::default());
        let supervisor = Supervisor::new(stopped, TaskMetrics::default());
        let work = async {
            let task = supervisor.start(Turns(Rc::clone(&turns)));
            while turns.get() < 3 {
                tokio::task::yield_now().await;
            }
            stop.send_replace(true);
            // Neither does one that is started by then do anything.
            let late = supervisor.start(Turns(Rc::clone(&turns_of_late)));
            tokio::join!(task, late)
        };

        let (task, late) = LocalSet::new().run_until(work).await;

        task.unwrap();
        late.unwrap();
        assert_eq!(turns_of_late.get(), 0);
    }

    #[test]
    fn pauses_grow_until_a_task_runs_well() {
        let second = Duration::from_secs(1);
        assert_eq!(next_pause(4 * second, second), 8 * second);
        assert_eq!(next_pause(40 * second, second), PAUSE_MAX);
        assert_eq!(next_pause(PAUSE_MAX, 121 * second), PAUSE_MIN);
    }
}
