//! When work that can wait rests: while threads that answer customers wait for a processor.

use std::num::NonZero;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// As many waiting threads a processor, on average, come about by chance: a processor is free in between.
const EASY: f64 = 0.1;
/// As many mean that nothing is left to share: with all of two processors busy there were 0.3 to 0.5, by far less than
/// one, since those who answer and those who ask take turns.
const SHORT: f64 = 0.25;
/// Then other work rests this many times as long as it worked.
const REST: f64 = 4.0;
/// Longest rest.
const REST_MAX: Duration = Duration::from_millis(500);
/// Shorter spans say little.
const SPAN: Duration = Duration::from_millis(100);

/// The threads that answer customers.
#[derive(Clone, Debug, Default)]
pub struct Foreground(Arc<Mutex<Vec<ScheduledThread>>>);

impl Foreground {
    /// The thread that calls this is one of them from now on.
    pub fn join(&self) {
        // Nowhere but on Linux: then nothing is known to wait.
        if let Some(thread) = ScheduledThread::current() {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
        }
    }

    /// How long they could have run but for want of a processor, all together, since each began.
    fn waited(&self) -> Duration {
        let threads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        threads.iter().filter_map(ScheduledThread::waited).sum()
    }
}

/// Where Linux tells how a thread fares.
#[derive(Debug)]
struct ScheduledThread {
    file: String,
}

impl ScheduledThread {
    fn current() -> Option<Self> {
        let task = std::fs::read_link("/proc/thread-self").ok()?;
        Some(Self { file: format!("/proc/{}/schedstat", task.to_str()?) })
    }

    /// The second of three numbers: nanoseconds in the run queue (Linux, Documentation/scheduler/sched-stats.rst).
    /// `None` when the thread has ended.
    fn waited(&self) -> Option<Duration> {
        let told = std::fs::read_to_string(&self.file).ok()?;
        told.split_whitespace().nth(1)?.parse().ok().map(Duration::from_nanos)
    }
}

/// Tells work beside ingest how long to rest.
pub struct Pace {
    foreground: Foreground,
    processors: f64,
    waited: Duration,
    since: Instant,
    strain: f64,
}

impl Pace {
    /// Begins to watch these threads.
    pub fn new(foreground: Foreground) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        let processors = u32::try_from(processors).map_or(1.0, f64::from);
        Self { waited: foreground.waited(), foreground, processors, since: Instant::now(), strain: 0.0 }
    }

    /// How short of processors they were of late, from 0, not at all, to 1, where whatever else runs keeps them waiting.
    pub fn strain(&mut self) -> f64 {
        let elapsed = self.since.elapsed();
        if elapsed >= SPAN {
            let waited = self.foreground.waited();
            self.strain = strain(waited.saturating_sub(self.waited), elapsed, self.processors);
            (self.waited, self.since) = (waited, Instant::now());
        }
        self.strain
    }

    /// How long to rest after having `worked`.
    pub fn rest(&mut self, worked: Duration) -> Duration {
        worked.mul_f64(REST * self.strain()).min(REST_MAX)
    }
}

fn strain(waited: Duration, elapsed: Duration, processors: f64) -> f64 {
    let waiting = waited.as_secs_f64() / elapsed.as_secs_f64() / processors;
    ((waiting - EASY) / (SHORT - EASY)).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn strain_grows_with_what_waits_for_each_processor() {
        assert_eq!(strain(Duration::ZERO, SECOND, 2.0), 0.0);
        assert_eq!(strain(SECOND.mul_f64(0.19), SECOND, 2.0), 0.0);
        assert!((strain(SECOND.mul_f64(0.35), SECOND, 2.0) - 0.5).abs() < 1e-9);
        assert_eq!(strain(SECOND, SECOND, 2.0), 1.0);
        assert_eq!(strain(SECOND, SECOND, 16.0), 0.0);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn threads_that_wait_for_a_processor_are_seen_and_others_are_not() {
        let (crowd, nobody) = (Foreground::default(), Foreground::default());
        let (mut crowded, mut alone) = (Pace::new(crowd.clone()), Pace::new(nobody));
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        std::thread::scope(|scope| {
            // Four for each processor: three wait at any time.
            for _ in 0..4 * processors {
                scope.spawn(|| {
                    crowd.join();
                    let until = Instant::now() + 4 * SPAN;
                    while Instant::now() < until {
                        std::hint::spin_loop();
                    }
                    // Ends no sooner than it was looked at.
                    std::thread::sleep(4 * SPAN);
                });
            }
            std::thread::sleep(5 * SPAN);
            assert!(crowded.strain() > 0.9, "{}", crowded.strain);
            assert!(crowded.rest(Duration::from_millis(10)) > Duration::from_millis(36));
            assert_eq!((alone.strain(), alone.rest(SECOND)), (0.0, Duration::ZERO));
        });
    }
}
