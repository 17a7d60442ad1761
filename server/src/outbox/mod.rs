//! Delivers what a commit promised.
//!
//! A message is leased, sent outside any transaction and marked. While it is being sent its lease is renewed; a worker
//! that dies keeps nobody waiting for longer than the lease. A message may then be sent twice, and carries the same
//! Message-ID both times. See docs/adr/0003.

mod deliver;
mod exchange;
mod expire;
mod handover;
mod overdue;
mod prepare;
mod retry;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use self::worker::Worker;
use crate::metrics::Metrics;
use crate::panics::Place;
use crate::store::Store;
use crate::tasks::{Foreground, Running, Task};

pub use self::deliver::{Deliver, Delivery, Lane, NotDelivered, Sending, ToDo};
pub use self::expire::ExpireMessages;
pub use self::handover::Handover;
pub use self::overdue::{OVERDUE_MS, minutes};

/// How often the outbox is looked at when nothing wakes the worker: another process may have filled it.
const POLL: Duration = Duration::from_secs(1);
/// How long a stopping server goes on with what it is sending.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// What the task that delivers the messages of a lane is given.
#[derive(Clone)]
pub struct LaneWorker {
    /// Where messages wait.
    pub store: Store,
    /// Which way they go.
    pub lane: Arc<dyn Lane>,
    /// The kinds that go this way. One that is missing waits for a program that knows it.
    pub kinds: Arc<[Arc<dyn Deliver>]>,
    /// Counts them.
    pub metrics: Arc<Metrics>,
    /// Whom it gives way to.
    pub foreground: Foreground,
}

impl Task for LaneWorker {
    const PLACE: Place = Place::Outbox;

    /// Delivers due messages until told to stop; what is being sent then is finished, if that takes no longer than 10 s. What
    /// takes longer is due again at once, but for what the mail server may have got: that waits for the end of its lease.
    async fn run(self, Running { mut stopped, mut meter }: Running) {
        let mut worker = Worker::new(self);
        loop {
            if *stopped.borrow() {
                worker.stop_within(STOP_TIMEOUT);
            }
            worker.give_back_when_late().await;
            worker.work(&mut meter).await;
            if worker.is_done() {
                return;
            }
            worker.wait(&mut stopped).await;
        }
    }
}
