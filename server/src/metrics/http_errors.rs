//! Connections that ended before there was a request.
//!
//! The HTTP layer answers or drops those by itself, and tells nobody but the log.

use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::metrics::counter::ConstCounter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

static COUNT: AtomicU64 = AtomicU64::new(0);

pub(super) fn counter() -> ConstCounter<u64> {
    ConstCounter::new(COUNT.load(Ordering::Relaxed))
}

/// Counts them, unless `COUNTERBELL_LOG` hides warnings of `actix_http`. The outermost layer of the log: it sees what is left out.
pub struct CountHttpErrors;

impl<S: Subscriber> Layer<S> for CountHttpErrors {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        let metadata = event.metadata();
        if *metadata.level() <= Level::WARN && metadata.target().starts_with("actix_http") {
            COUNT.fetch_add(1, Ordering::Relaxed);
        }
        true
    }
}
