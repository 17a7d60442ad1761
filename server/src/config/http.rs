//! How it is served.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use clap::Args;
use ipnet::IpNet;
use serde::Deserialize;

use super::{ConfigError, PublicUrl, listen, public_url};
use crate::ingest::REVISABLE_MS;

/// A response may wait so long in a browser without a network.
const BACKDATE_DAYS: u32 = 30;
/// Far above what people do, also those of a shop behind one address.
const RATE_LIMIT_PER_MINUTE: u32 = 120;
/// Responses, each a few KB, that wait for a slow disk.
const QUEUE_CAPACITY: usize = 10_000;
/// Far more threads than any machine has processors for.
const WORKERS_MAX: usize = 1_024;
/// A month: who goes on later than that writes something new.
const REVISABLE_MAX_HOURS: u32 = 720;

/// How it is served: `COUNTERBELL_LISTEN`, `COUNTERBELL_PUBLIC_URL`, `COUNTERBELL_WORKERS`, `COUNTERBELL_QUEUE_CAPACITY`,
/// `COUNTERBELL_RATE_LIMIT`, `COUNTERBELL_TRUSTED_PROXIES`, `COUNTERBELL_CLIENT_ADDRESS_HEADER`, `COUNTERBELL_BACKDATE_DAYS`,
/// `COUNTERBELL_REVISABLE_HOURS`; `[http]` in the file.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpSettings {
    /// Address, or name of this machine, and port to listen on; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, env = "COUNTERBELL_LISTEN", value_name = "ADDRESS")]
    pub listen: Option<String>,
    /// Address under which pages and people reach the server, such as `https://feedback.shop.example`: where the buttons of
    /// mails lead, and what `site create` and /openapi.json name. Without it mails have no buttons [default: none]
    #[arg(long, env = "COUNTERBELL_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,
    /// Threads that answer requests [default: one per core]
    #[arg(long, env = "COUNTERBELL_WORKERS", value_name = "N")]
    pub workers: Option<usize>,
    /// Most responses waiting for the next commit; one more is answered 503 [default: 10000]
    #[arg(long, env = "COUNTERBELL_QUEUE_CAPACITY", value_name = "N")]
    pub queue_capacity: Option<usize>,
    /// Most responses one address may send a minute, 0 for no limit; one more is answered 429 [default: 120]
    #[arg(long, env = "COUNTERBELL_RATE_LIMIT", value_name = "N")]
    pub rate_limit: Option<u32>,
    /// Hours after its first step in which a response that is not complete may be replaced by later steps, 0 to 720; what
    /// comes later is kept beside it [default: 24]
    #[arg(long, env = "COUNTERBELL_REVISABLE_HOURS", value_name = "HOURS")]
    pub revisable_hours: Option<u32>,
    /// Network of a proxy whose X-Forwarded-For (or Forwarded) is believed, such as 10.0.0.0/8; repeat for more [default:
    /// this machine, 127.0.0.0/8 and ::1/128]
    #[arg(long = "trusted-proxy", env = "COUNTERBELL_TRUSTED_PROXIES", value_name = "NETWORK", value_delimiter = ',')]
    pub trusted_proxies: Option<Vec<IpNet>>,
    /// Header in which trusted proxies name the customer; the other one is not read [default: either, and customers of whom
    /// both say different things share a limit]
    #[arg(long, env = "COUNTERBELL_CLIENT_ADDRESS_HEADER", value_name = "HEADER", value_enum)]
    pub client_address_header: Option<ClientAddressHeader>,
    /// Days a response may say it was given before it is sent (`created_at`); one from longer ago gets the time of receipt
    /// [default: 30]
    #[arg(long, env = "COUNTERBELL_BACKDATE_DAYS", value_name = "DAYS")]
    pub backdate_days: Option<u32>,
}

/// In which header a proxy names the customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum ClientAddressHeader {
    /// `X-Forwarded-For: 192.0.2.60`.
    XForwardedFor,
    /// `Forwarded: for=192.0.2.60`, of RFC 7239.
    Forwarded,
}

impl fmt::Display for ClientAddressHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::XForwardedFor => "X-Forwarded-For",
            Self::Forwarded => "Forwarded",
        })
    }
}

/// How it is served.
#[derive(Clone, Debug)]
pub struct HttpConfig {
    /// Addresses to listen on: one, or all that a name has.
    pub listen: Vec<SocketAddr>,
    /// Where it is reached from outside, as far as somebody said so.
    pub public_url: Option<PublicUrl>,
    /// Threads that answer requests; `None` is one per core.
    pub workers: Option<usize>,
    /// Most records waiting for the writer.
    pub queue_capacity: usize,
    /// Most responses an address may send a minute; 0 is no limit.
    pub rate_limit: u32,
    /// How long after its first step a response that is not complete may be replaced, in ms.
    pub revisable_ms: i64,
    /// Networks whose `X-Forwarded-For` or `Forwarded` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// In which of these two alone; `None` is both.
    pub client_address_header: Option<ClientAddressHeader>,
    /// Days a response that is sent may say it was given before.
    pub backdate_days: u32,
}

impl HttpSettings {
    /// These, and what they leave open from `file`.
    pub(super) fn or(self, file: Self) -> Self {
        Self {
            listen: self.listen.or(file.listen),
            public_url: self.public_url.or(file.public_url),
            workers: self.workers.or(file.workers),
            queue_capacity: self.queue_capacity.or(file.queue_capacity),
            rate_limit: self.rate_limit.or(file.rate_limit),
            revisable_hours: self.revisable_hours.or(file.revisable_hours),
            trusted_proxies: self.trusted_proxies.or(file.trusted_proxies),
            client_address_header: self.client_address_header.or(file.client_address_header),
            backdate_days: self.backdate_days.or(file.backdate_days),
        }
    }

    /// # Errors
    /// [`ConfigError::Invalid`] for an address that cannot be used and a number that is out of range.
    pub fn resolve(self) -> Result<HttpConfig, ConfigError> {
        let listen = listen::addresses(self.listen.as_deref().unwrap_or("127.0.0.1:8080"))?;
        let public_url = public_url::resolve(self.public_url.as_deref())?;
        let queue_capacity = self.queue_capacity.unwrap_or(QUEUE_CAPACITY);
        let (workers_setting, queue_setting) =
            ("--workers (COUNTERBELL_WORKERS)", "--queue-capacity (COUNTERBELL_QUEUE_CAPACITY)");
        let invalid = |setting, reason: &str| Err(ConfigError::Invalid { setting, reason: reason.to_owned() });
        for (setting, value) in [(workers_setting, self.workers), (queue_setting, Some(queue_capacity))] {
            if value == Some(0) {
                return invalid(setting, "must be at least 1");
            }
        }
        if self.workers.is_some_and(|workers| workers > WORKERS_MAX) {
            return invalid(workers_setting, &format!("must be at most {WORKERS_MAX}"));
        }
        Ok(HttpConfig {
            listen,
            public_url,
            workers: self.workers,
            queue_capacity,
            rate_limit: self.rate_limit.unwrap_or(RATE_LIMIT_PER_MINUTE),
            revisable_ms: revisable_ms(self.revisable_hours)?,
            trusted_proxies: self.trusted_proxies.unwrap_or_else(this_machine),
            client_address_header: self.client_address_header,
            backdate_days: self.backdate_days.unwrap_or(BACKDATE_DAYS),
        })
    }
}

fn revisable_ms(hours: Option<u32>) -> Result<i64, ConfigError> {
    match hours {
        None => Ok(REVISABLE_MS),
        Some(hours) if hours <= REVISABLE_MAX_HOURS => Ok(i64::from(hours) * 3_600_000),
        Some(hours) => Err(ConfigError::Invalid {
            setting: "--revisable-hours (COUNTERBELL_REVISABLE_HOURS)",
            reason: format!("{hours} is more than {REVISABLE_MAX_HOURS}, a month"),
        }),
    }
}

/// Networks of a proxy on the same machine.
fn this_machine() -> Vec<IpNet> {
    let networks = [(IpAddr::from([127, 0, 0, 0]), 8), (IpAddr::from(Ipv6Addr::LOCALHOST), 128)];
    networks.into_iter().filter_map(|(address, bits)| IpNet::new(address, bits).ok()).collect()
}
