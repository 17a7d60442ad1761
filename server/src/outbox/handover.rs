//! Whether a message may have reached its receiver.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Tells who waits for a message to be sent whether its receiver may have got it by now.
#[derive(Clone, Debug, Default)]
pub struct Handover(Arc<AtomicBool>);

impl Handover {
    /// From here on the message may arrive, whatever is heard of it.
    pub fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it may have arrived.
    pub fn has_begun(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
