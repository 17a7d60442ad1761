//! What a task is, and what it is handed.

use std::time::Duration;

use tokio::sync::watch;

use super::Meter;
use crate::panics::Place;

/// Work beside answering, for as long as the server runs. After a panic a clone of it goes on.
pub trait Task: Clone + 'static {
    /// Its name in metrics and log.
    const PLACE: Place;

    /// Works until it is told to stop, or has nothing to do on this server. What it does is to go through [`Meter::turn`].
    fn run(self, running: Running) -> impl Future<Output = ()> + 'static;
}

/// What a task is handed when it starts.
pub struct Running {
    /// `true` once the server stops.
    pub stopped: watch::Receiver<bool>,
    /// Counts its turns, and tells of those that fail.
    pub meter: Meter,
}

impl Running {
    /// Waits for so long; `false` as soon as the server stops.
    pub async fn pause(&mut self, pause: Duration) -> bool {
        tokio::time::timeout(pause, self.stopped.wait_for(|stopped| *stopped)).await.is_err()
    }
}
