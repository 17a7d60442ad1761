//! Forgets who has not come for a while.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use super::ClientLimits;
use crate::panics::Place;
use crate::tasks::{Running, Task};

/// How often idle addresses are forgotten.
const EVERY: Duration = Duration::from_secs(60);

/// Forgets idle addresses of these limits.
#[derive(Clone)]
pub struct ForgetIdle(pub Arc<ClientLimits>);

impl Task for ForgetIdle {
    const PLACE: Place = Place::Housekeeping;

    async fn run(self, mut running: Running) {
        while running.pause(EVERY).await {
            let forget = async {
                self.0.forget_idle();
                Ok::<(), Infallible>(())
            };
            running.meter.turn(forget).await;
        }
    }
}
