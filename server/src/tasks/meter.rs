//! What is counted of tasks, and what the log tells of them.

use std::fmt::Display;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

use super::Lasting;
use crate::panics::Place;

/// `{task="..."}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct TaskLabel {
    task: &'static str,
}

/// `{task="...",result="..."}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct TurnLabel {
    task: &'static str,
    result: &'static str,
}

/// What is counted of all tasks; clones count together.
#[derive(Clone, Default)]
pub struct TaskMetrics {
    /// Turns, by what became of them.
    pub turns: Family<TurnLabel, Counter>,
    /// How long they took, in seconds.
    pub busy_seconds: Family<TaskLabel, Counter<f64, AtomicU64>>,
}

/// Counts the turns of one task.
pub struct Meter {
    task: &'static str,
    done: Counter,
    failed: Counter,
    busy_seconds: Counter<f64, AtomicU64>,
    failing: Lasting,
}

impl Meter {
    /// One for the task of this name, all at zero when it is the first.
    pub fn new(place: Place, metrics: &TaskMetrics) -> Self {
        let task = place.into();
        let turns = |result| metrics.turns.get_or_create_owned(&TurnLabel { task, result });
        Self {
            task,
            done: turns("done"),
            failed: turns("failed"),
            busy_seconds: metrics.busy_seconds.get_or_create_owned(&TaskLabel { task }),
            failing: Lasting::default(),
        }
    }

    /// Does a piece of work, and counts it. When it fails, the log tells why, once until work goes well again; then that is
    /// told, too. `None` after a failure: the task tries again after a pause.
    pub async fn turn<T, E: Display>(&mut self, work: impl Future<Output = Result<T, E>>) -> Option<T> {
        let started = Instant::now();
        let done = work.await;
        self.busy_seconds.inc_by(started.elapsed().as_secs_f64());
        let place = self.task;
        match done {
            Ok(done) => {
                self.done.inc();
                if self.failing.ends() {
                    tracing::info!(place, "Task \"{place}\" goes on");
                }
                Some(done)
            }
            Err(error) => {
                self.failed.inc();
                if self.failing.begins() {
                    tracing::error!(place, "Task \"{place}\" cannot do its work, and waits: {error}");
                }
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn turns_and_their_time_are_counted_by_task_and_result() {
        let metrics = TaskMetrics::default();
        let mut search = Meter::new(Place::Search, &metrics);
        let _idle = Meter::new(Place::Disk, &metrics);

        assert_eq!(search.turn(async { Ok::<_, &str>(7) }).await, Some(7));
        assert_eq!(search.turn(async { Err::<(), _>("away") }).await, None);
        let begun = Instant::now();
        let slow = async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Err::<(), _>("still away")
        };
        assert_eq!(search.turn(slow).await, None);
        let took = begun.elapsed().as_secs_f64();

        let turns = |task, result| metrics.turns.get(&TurnLabel { task, result }).map(|turns| turns.get());
        assert_eq!((turns("search", "done"), turns("search", "failed")), (Some(1), Some(2)));
        assert_eq!((turns("disk", "done"), turns("disk", "failed")), (Some(0), Some(0)));
        let busy = metrics.busy_seconds.get(&TaskLabel { task: "search" }).unwrap().get();
        assert!((0.02..took + 1.0).contains(&busy), "{busy} of {took} s");
    }
}
