//! How many responses one address, and one site, may send.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, PoisonError, RwLock};

use actix_web::http::header::HeaderMap;
use actix_web::http::header::{HeaderName, HeaderValue};
use counterbell_shared::problem::ProblemCode;
use governor::clock::{Clock as _, DefaultClock, QuantaInstant};
use governor::middleware::{StateInformationMiddleware, StateSnapshot};
use governor::state::keyed::DashMapStateStore;
use governor::state::{InMemoryState, NotKeyed};
use governor::{NotUntil, Quota, RateLimiter};

use super::client::Client;
use crate::db::sites::Site;
use crate::http::ApiError;

type Addresses = RateLimiter<IpAddr, DashMapStateStore<IpAddr>, DefaultClock, StateInformationMiddleware>;
type OneSite = RateLimiter<NotKeyed, InMemoryState, DefaultClock, StateInformationMiddleware>;

/// Names and values of draft-ietf-httpapi-ratelimit-headers-10.
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// Seconds of every policy's window.
const WINDOW_S: u32 = 60;
/// How many times an address's limit a proxy has, whose customers cannot be told apart.
const PROXY_TIMES: u32 = 20;

/// Token buckets in memory only: one for each address, one for each proxy whose customers cannot be told apart, one for
/// each site that has a limit.
pub struct RateLimit {
    addresses: Option<Addresses>,
    proxies: Option<Addresses>,
    sites: RwLock<HashMap<i64, (NonZeroU32, Arc<OneSite>)>>,
}

/// What a bucket holds after a request was counted.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    policy: &'static str,
    quota: u32,
    remaining: u32,
}

impl Bucket {
    fn new(policy: &'static str, snapshot: &StateSnapshot) -> Self {
        let quota = snapshot.quota().burst_size().get();
        Self { policy, quota, remaining: snapshot.remaining_burst_capacity() }
    }

    /// Tells the sender.
    pub fn write(self, headers: &mut HeaderMap) {
        for (name, value) in self.headers() {
            headers.append(name, value);
        }
    }

    fn headers(self) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
        let Self { policy, quota, remaining } = self;
        // Until the bucket is full again.
        let seconds = (quota - remaining).saturating_mul(WINDOW_S).div_ceil(quota.max(1));
        let texts = [
            (RATE_LIMIT_POLICY, format!("\"{policy}\";q={quota};w={WINDOW_S}")),
            (RATE_LIMIT, format!("\"{policy}\";r={remaining};t={seconds}")),
        ];
        texts.into_iter().filter_map(|(name, text)| Some((name, HeaderValue::try_from(text).ok()?)))
    }
}

impl RateLimit {
    /// At most this many a minute from one address, all of them at once if need be; 0 is no limit.
    pub fn per_minute(limit: u32) -> Self {
        let limiter = |limit: u32| {
            let quota = Quota::per_minute(NonZeroU32::new(limit)?);
            Some(RateLimiter::dashmap(quota).with_middleware::<StateInformationMiddleware>())
        };
        let proxies = limiter(limit.saturating_mul(PROXY_TIMES));
        Self { addresses: limiter(limit), proxies, sites: RwLock::default() }
    }

    /// Counts a request of this client; what is left, when there is a limit.
    ///
    /// # Errors
    /// [`ProblemCode::RateLimited`], with the seconds to wait.
    pub fn check_client(&self, client: Option<Client>) -> Result<Option<Bucket>, ApiError> {
        let (policy, limiter, address) = match client {
            Some(Client::Address(address)) => ("address", &self.addresses, address),
            Some(Client::Proxy(address)) => ("proxy", &self.proxies, address),
            None => return Ok(None),
        };
        let Some(limiter) = limiter else { return Ok(None) };
        counted(policy, limiter.check_key(&address))
    }

    /// Counts a request to this site; what is left, when it has a limit.
    ///
    /// # Errors
    /// [`ProblemCode::RateLimited`], with the seconds to wait.
    pub fn check_site(&self, site: &Site) -> Result<Option<Bucket>, ApiError> {
        let Some(limit) = site.limits.rate_limit.and_then(|limit| NonZeroU32::new(limit.try_into().ok()?)) else {
            return Ok(None);
        };
        counted("site", self.of_site(site.id, limit).check())
    }

    fn of_site(&self, id: i64, limit: NonZeroU32) -> Arc<OneSite> {
        let known = self.sites.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
        match known {
            Some((same, limiter)) if same == limit => limiter,
            // New, or the operator has changed it.
            _ => {
                let limiter = Arc::new(
                    RateLimiter::direct(Quota::per_minute(limit)).with_middleware::<StateInformationMiddleware>(),
                );
                let mut sites = self.sites.write().unwrap_or_else(PoisonError::into_inner);
                sites.insert(id, (limit, Arc::clone(&limiter)));
                limiter
            }
        }
    }

    /// Forgets addresses that have not been seen for a while.
    pub fn forget_idle(&self) {
        for limiter in self.addresses.iter().chain(&self.proxies) {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }
}

fn counted(
    policy: &'static str,
    checked: Result<StateSnapshot, NotUntil<QuantaInstant>>,
) -> Result<Option<Bucket>, ApiError> {
    match checked {
        Ok(snapshot) => Ok(Some(Bucket::new(policy, &snapshot))),
        Err(until) => {
            let wait = until.wait_time_from(DefaultClock::default().now());
            let empty = Bucket { policy, quota: until.quota().burst_size().get(), remaining: 0 };
            let refused = ApiError::new(
                ProblemCode::RateLimited,
                format!("Too many requests from this {policy}: wait as long as Retry-After says, then send it again."),
            );
            Err(refused.retry_after(wait.as_secs() + 1).with_headers(empty.headers()))
        }
    }
}
