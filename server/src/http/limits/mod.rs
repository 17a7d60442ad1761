//! How much one client may send and ask for.

mod client;
mod forget_idle;
mod rate_limit;
mod read_limit;

use actix_web::HttpRequest;

pub use client::TrustedProxies;
pub use forget_idle::ForgetIdle;
pub use rate_limit::Bucket;
use rate_limit::RateLimit;
pub use read_limit::limit_reads;

use crate::db::sites::Site;
use crate::http::ApiError;

/// Requests an address may make for each response it may send: customers look more often than they answer.
const READS_PER_RESPONSE: u32 = 10;
/// Fewer would stop monitors and those who share an address.
const READS_MIN: u32 = 600;

/// Requests a minute from one address, by the responses it may send; 0 is no limit.
fn reads_per_minute(responses: u32) -> u32 {
    if responses == 0 { 0 } else { responses.saturating_mul(READS_PER_RESPONSE).max(READS_MIN) }
}

/// Limits of addresses and sites, and whose address counts.
pub struct ClientLimits {
    responses: RateLimit,
    reads: RateLimit,
    trusted_proxies: TrustedProxies,
}

impl ClientLimits {
    /// At most this many responses a minute from one address, and more requests of other kinds; 0 is no limit.
    pub fn per_minute(responses: u32, trusted_proxies: TrustedProxies) -> Self {
        let reads = RateLimit::per_minute(reads_per_minute(responses));
        Self { responses: RateLimit::per_minute(responses), reads, trusted_proxies }
    }

    /// Counts a response towards its sender's limit.
    ///
    /// # Errors
    /// 429.
    pub fn check_response(&self, request: &HttpRequest) -> Result<Option<Bucket>, ApiError> {
        self.responses.check_client(self.trusted_proxies.client(request))
    }

    /// Counts a response towards its site's limit.
    ///
    /// # Errors
    /// 429.
    pub fn check_site(&self, site: &Site) -> Result<Option<Bucket>, ApiError> {
        self.responses.check_site(site)
    }

    /// Counts any other request towards its sender's limit.
    ///
    /// # Errors
    /// 429.
    pub fn check_read(&self, request: &HttpRequest) -> Result<Option<Bucket>, ApiError> {
        self.reads.check_client(self.trusted_proxies.client(request))
    }

    /// Forgets addresses that have been idle.
    fn forget_idle(&self) {
        self.responses.forget_idle();
        self.reads.forget_idle();
    }
}
