//! How many responses one address may send.

use std::net::IpAddr;
use std::num::NonZeroU32;

use actix_web::HttpRequest;
use counterbell_shared::problem::ProblemCode;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};

use crate::api::ApiError;

/// A token bucket per address, in memory only.
pub struct RateLimit(Option<DefaultKeyedRateLimiter<IpAddr>>);

impl RateLimit {
    /// At most this many a minute, all of them at once if need be; 0 is no limit.
    pub fn per_minute(limit: u32) -> Self {
        Self(NonZeroU32::new(limit).map(|limit| DefaultKeyedRateLimiter::keyed(Quota::per_minute(limit))))
    }

    /// Counts a request.
    ///
    /// # Errors
    /// [`ProblemCode::RateLimited`], with the seconds to wait.
    pub fn check(&self, request: &HttpRequest) -> Result<(), ApiError> {
        let (Some(limiter), Some(peer)) = (&self.0, request.peer_addr()) else { return Ok(()) };
        limiter.check_key(&peer.ip()).map_err(|until| {
            let wait = until.wait_time_from(DefaultClock::default().now());
            ApiError::new(ProblemCode::RateLimited, "Wait as long as Retry-After says, then send it again.")
                .retry_after(wait.as_secs() + 1)
        })
    }

    /// Forgets addresses that have not been seen for a while.
    pub fn forget_idle(&self) {
        if let Some(limiter) = &self.0 {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }
}
