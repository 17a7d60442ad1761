//! Ids that the server makes.

use counterbell_shared::ResponseId;
use counterbell_shared::time::UnixMillis;

/// A fresh UUIDv7 from the system's generator: whoever can guess the id of a response may add to it.
pub fn new_id(now: UnixMillis) -> ResponseId {
    let mut random = [0; 10];
    if getrandom::fill(&mut random).is_err() {
        // Not on any system we know once it is up; better a weaker id than no response.
        fastrand::fill(&mut random);
    }
    ResponseId::v7(u64::try_from(now.0).unwrap_or(0), random)
}
