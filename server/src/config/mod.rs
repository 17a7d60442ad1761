//! Settings: a file, overruled by `COUNTERBELL_*` variables, overruled by flags.

mod listen;
mod mail;
mod public_url;
mod quoted;

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use clap::Args;
use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

pub use mail::{MailConfig, MailFolderArgs, MailLimits, MailSettings, MailTransport, SmtpServer, SmtpTls};
pub use public_url::{PublicUrl, PublicUrlArgs};

use crate::db::DatabaseUrl;
use crate::ingest::{REVISABLE_MS, SILENCE_MS};

/// A response may wait so long in a browser without a network.
const BACKDATE_DAYS: u32 = 30;
/// Far above what people do, also those of a shop behind one address.
const RATE_LIMIT_PER_MINUTE: u32 = 120;

/// Far more threads than any machine has processors for.
const WORKERS_MAX: usize = 1_024;

/// A month: who goes on later than that writes something new.
const REVISABLE_MAX_HOURS: u32 = 720;

/// Longest silence an alert may wait for, in ms: further ahead no message is due that nobody has tried to deliver.
pub const SILENCE_MAX_MS: i64 = 120_000;

/// A setting is missing or cannot be understood; `Display` says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the config file {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not TOML, or names a setting that does not exist.
    #[error("the config file {path} is not valid: {reason}")]
    Parse {
        /// The file.
        path: PathBuf,
        /// Where and why, on one line.
        reason: String,
    },
    /// A value is not understood.
    #[error("{setting}: {reason}")]
    Invalid {
        /// Flag and variable.
        setting: &'static str,
        /// What would be accepted.
        reason: String,
    },
}

/// Where responses are stored: `COUNTERBELL_DATABASE_URL`; `[database] url` in the file.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseSettings {
    /// Where responses are stored: sqlite:///absolute/path.db, sqlite:relative/path.db or postgres://user@host/database
    /// [default: sqlite:data/counterbell.db]
    #[arg(
        long = "database-url",
        id = "database_url",
        env = "COUNTERBELL_DATABASE_URL",
        value_name = "URL",
        hide_env_values = true
    )]
    pub url: Option<SecretString>,
}

/// How it is served: `COUNTERBELL_LISTEN`, `COUNTERBELL_PUBLIC_URL`, `COUNTERBELL_WORKERS`, `COUNTERBELL_QUEUE_CAPACITY`,
/// `COUNTERBELL_RATE_LIMIT`, `COUNTERBELL_TRUSTED_PROXIES`, `COUNTERBELL_CLIENT_ADDRESS_HEADER`, `COUNTERBELL_BACKDATE_DAYS`,
/// `COUNTERBELL_REVISABLE_HOURS`; `[http]` in the file.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpSettings {
    /// Address, or name of this machine, and port to listen on; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, env = "COUNTERBELL_LISTEN", value_name = "ADDRESS")]
    pub listen: Option<String>,
    /// Address under which pages and people reach the server, such as https://feedback.shop.example: what `site create` and
    /// /openapi.json name [default: none]
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

/// When staff are told: `COUNTERBELL_ALERT_SILENCE_MS`; `[alerts]` in the file.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertSettings {
    /// Milliseconds without a further step of the customer after which staff are told of a response that is not complete, 0
    /// to 120000: the shorter, the sooner they know, and the less of the customer's words [default: 30000]
    #[arg(long = "alert-silence-ms", env = "COUNTERBELL_ALERT_SILENCE_MS", value_name = "MS")]
    pub silence_ms: Option<i64>,
}

/// The file named by `--config` or `COUNTERBELL_CONFIG`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ConfigFile {
    database: DatabaseSettings,
    http: HttpSettings,
    mail: MailSettings,
    alerts: AlertSettings,
}

/// Flags and variables every command takes.
#[derive(Args, Clone, Debug, Default)]
pub struct CommonSettings {
    /// TOML file with the sections database, http, mail and alerts; variables and flags overrule it
    #[arg(long, env = "COUNTERBELL_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type")]
    pub database: DatabaseSettings,
}

/// How the server runs.
#[derive(Clone, Debug)]
pub struct ServeConfig {
    /// Where responses are stored.
    pub database_url: DatabaseUrl,
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
    /// Networks whose `X-Forwarded-For` or `Forwarded` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// In which of these two alone; `None` is both.
    pub client_address_header: Option<ClientAddressHeader>,
    /// Days a response that is sent may say it was given before.
    pub backdate_days: u32,
    /// How long an alert about a response that is not complete waits for the customer to go on, in ms.
    pub silence_ms: i64,
    /// How long after its first step a response that is not complete may be replaced, in ms.
    pub revisable_ms: i64,
    /// How mail is sent.
    pub mail: MailConfig,
}

impl CommonSettings {
    /// The database to use.
    ///
    /// # Errors
    /// [`ConfigError`] for a bad file or URL.
    pub fn database_url(&self) -> Result<DatabaseUrl, ConfigError> {
        let file = self.file()?;
        self.resolve_database(&file)
    }

    /// Where mails are that are files.
    ///
    /// # Errors
    /// [`ConfigError`] for a bad file.
    pub fn mail_folder(&self, given: &MailFolderArgs) -> Result<PathBuf, ConfigError> {
        Ok(given.or(self.file()?.mail))
    }

    /// Where the server is reached from outside, as far as somebody said so.
    ///
    /// # Errors
    /// [`ConfigError`] for a bad file or address.
    pub fn public_url(&self, given: &PublicUrlArgs) -> Result<Option<PublicUrl>, ConfigError> {
        public_url::resolve(given.or(self.file()?.http.public_url).as_deref())
    }

    /// Everything `serve` needs.
    ///
    /// # Errors
    /// [`ConfigError`] for a bad file or value.
    pub fn serve(
        &self,
        http: &HttpSettings,
        mail: &MailSettings,
        alerts: &AlertSettings,
    ) -> Result<ServeConfig, ConfigError> {
        let file = self.file()?;
        let database_url = self.resolve_database(&file)?;
        let listen = http.listen.as_ref().or(file.http.listen.as_ref());
        let listen = listen::addresses(listen.map_or("127.0.0.1:8080", String::as_str))?;
        let public_url = http.public_url.as_deref().or(file.http.public_url.as_deref());
        let public_url = public_url::resolve(public_url)?;
        let workers = http.workers.or(file.http.workers);
        let queue_capacity = http.queue_capacity.or(file.http.queue_capacity).unwrap_or(10_000);
        for (setting, value) in [
            ("--workers (COUNTERBELL_WORKERS)", workers),
            ("--queue-capacity (COUNTERBELL_QUEUE_CAPACITY)", Some(queue_capacity)),
        ] {
            if value == Some(0) {
                return Err(ConfigError::Invalid { setting, reason: "must be at least 1".to_owned() });
            }
        }
        if workers.is_some_and(|workers| workers > WORKERS_MAX) {
            return Err(ConfigError::Invalid {
                setting: "--workers (COUNTERBELL_WORKERS)",
                reason: format!("must be at most {WORKERS_MAX}"),
            });
        }
        let rate_limit = http.rate_limit.or(file.http.rate_limit).unwrap_or(RATE_LIMIT_PER_MINUTE);
        let trusted_proxies = http.trusted_proxies.clone().or(file.http.trusted_proxies);
        let trusted_proxies = trusted_proxies.unwrap_or_else(this_machine);
        let revisable_ms = revisable_ms(http.revisable_hours.or(file.http.revisable_hours))?;
        let silence_ms = silence_ms(alerts.silence_ms.or(file.alerts.silence_ms))?;
        let mail = mail.clone().or(file.mail).resolve()?;
        Ok(ServeConfig {
            database_url,
            listen,
            public_url,
            workers,
            queue_capacity,
            rate_limit,
            trusted_proxies,
            client_address_header: http.client_address_header.or(file.http.client_address_header),
            backdate_days: http.backdate_days.or(file.http.backdate_days).unwrap_or(BACKDATE_DAYS),
            silence_ms,
            revisable_ms,
            mail,
        })
    }

    fn resolve_database(&self, file: &ConfigFile) -> Result<DatabaseUrl, ConfigError> {
        let url = self.database.url.as_ref().or(file.database.url.as_ref());
        url.map_or("sqlite:data/counterbell.db", ExposeSecret::expose_secret).parse().map_err(|error| {
            ConfigError::Invalid { setting: "--database-url (COUNTERBELL_DATABASE_URL)", reason: format!("{error}") }
        })
    }

    fn file(&self) -> Result<ConfigFile, ConfigError> {
        self.config.as_deref().map_or_else(|| Ok(ConfigFile::default()), read_file)
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

fn silence_ms(given: Option<i64>) -> Result<i64, ConfigError> {
    match given {
        None => Ok(SILENCE_MS),
        Some(ms) if (0..=SILENCE_MAX_MS).contains(&ms) => Ok(ms),
        Some(ms) => Err(ConfigError::Invalid {
            setting: "--alert-silence-ms (COUNTERBELL_ALERT_SILENCE_MS)",
            reason: format!("{ms} is not within 0 and {SILENCE_MAX_MS}"),
        }),
    }
}

/// Networks of a proxy on the same machine.
fn this_machine() -> Vec<IpNet> {
    let networks = [(IpAddr::from([127, 0, 0, 0]), 8), (IpAddr::from(Ipv6Addr::LOCALHOST), 128)];
    networks.into_iter().filter_map(|(address, bits)| IpNet::new(address, bits).ok()).collect()
}

fn read_file(path: &Path) -> Result<ConfigFile, ConfigError> {
    let text =
        std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_path_buf(), source })?;
    toml::from_str(&text).map_err(|error| {
        let line = error.span().map(|span| text[..span.start].lines().count().max(1));
        let place = line.map(|line| format!("line {line}: ")).unwrap_or_default();
        ConfigError::Parse {
            path: path.to_path_buf(),
            reason: format!("{place}{}", quoted::without_quoted(error.message()).replace('\n', " ")),
        }
    })
}
