//! What is still to be done when the load ends, and how long that takes.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::bench::metrics::Metrics;
use crate::bench::server::Server;

/// How often we look. The server counts anew once a second.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// For how long we look.
pub const WATCH_MAX: Duration = Duration::from_secs(120);

/// The queues behind the commit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Waiting {
    /// Responses to be looked at by triage; `None` in versions that decided within the commit.
    pub to_triage: Option<f64>,
    /// Messages to be delivered.
    pub to_send: f64,
    /// After how many seconds both queues were empty; `None` when they were not within [`WATCH_MAX`].
    pub emptied_s: Option<f64>,
}

impl Waiting {
    /// Looks until nothing waits.
    ///
    /// # Errors
    /// The server does not answer.
    pub fn watch(server: &Server) -> Result<Self> {
        let began = Instant::now();
        let at_end = Self::read(&server.metrics()?)?;
        let mut now = at_end;
        while !now.is_over() {
            if began.elapsed() > WATCH_MAX {
                return Ok(at_end);
            }
            std::thread::sleep(LOOK_EVERY);
            now = Self::read(&server.metrics()?)?;
        }
        Ok(Self { emptied_s: Some(began.elapsed().as_secs_f64()), ..at_end })
    }

    fn read(metrics: &Metrics) -> Result<Self> {
        Ok(Self {
            to_triage: metrics.find("counterbell_triage_pending"),
            to_send: metrics.get("counterbell_outbox_pending")?,
            emptied_s: None,
        })
    }

    fn is_over(&self) -> bool {
        self.to_triage.unwrap_or_default() + self.to_send == 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Waiting> {
        Waiting::read(&Metrics(text.to_owned()))
    }

    #[test]
    fn both_queues_must_be_empty_and_older_versions_have_one() {
        let old = read("counterbell_outbox_pending 0\n").unwrap();
        assert_eq!((old.to_triage, old.is_over()), (None, true));
        assert!(!read("counterbell_triage_pending 1\ncounterbell_outbox_pending 0\n").unwrap().is_over());
        assert!(!read("counterbell_triage_pending 0\ncounterbell_outbox_pending 1\n").unwrap().is_over());
        assert!(read("counterbell_triage_pending 0\n").is_err(), "a database that does not answer has no figures");
    }
}
