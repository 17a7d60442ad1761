//! What is done with a response that is stored: released, erased, deleted when it is old.

mod erase;
mod release;
mod retention;

pub use erase::{Eraser, erase_stored};
pub use release::release;
pub use retention::PurgeOld;
