//! Settings: a file, overruled by `COUNTERBELL_*` variables, overruled by flags.
//!
//! Each area has what somebody set (`...Settings`) and what follows from it (`...Config`).

mod alerts;
mod database;
mod http;
mod links;
mod listen;
mod mail;
mod public_url;
mod quoted;

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Deserialize;

pub use alerts::{AlertConfig, AlertSettings, SILENCE_MAX_MS};
pub use database::{DatabaseConfig, DatabaseSettings};
pub use http::{ClientAddressHeader, HttpConfig, HttpSettings};
pub use links::{LinksConfig, LinksSettings};
pub use mail::{MailConfig, MailFolderArgs, MailLimits, MailSettings, MailTransport, SmtpServer, SmtpTls};
pub use public_url::{PublicUrl, PublicUrlArgs};

use crate::db::DatabaseUrl;

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

/// The file named by `--config` or `COUNTERBELL_CONFIG`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ConfigFile {
    database: DatabaseSettings,
    http: HttpSettings,
    mail: MailSettings,
    alerts: AlertSettings,
    links: LinksSettings,
}

/// Flags and variables every command takes.
#[derive(Args, Clone, Debug, Default)]
pub struct CommonSettings {
    /// TOML file with the sections database, http, mail, alerts and links; variables and flags overrule it
    #[arg(long, env = "COUNTERBELL_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type")]
    pub database: DatabaseSettings,
}

/// Flags and variables of what a server needs beside the database.
#[derive(Args, Clone, Debug, Default)]
#[expect(missing_docs, reason = "documented at the types")]
pub struct ServeSettings {
    #[command(flatten)]
    pub http: HttpSettings,
    #[command(flatten)]
    pub mail: MailSettings,
    #[command(flatten)]
    pub alerts: AlertSettings,
    #[command(flatten)]
    pub links: LinksSettings,
}

/// How the server runs.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "documented at the types")]
pub struct ServeConfig {
    pub database: DatabaseConfig,
    pub http: HttpConfig,
    pub mail: MailConfig,
    pub alerts: AlertConfig,
    pub links: LinksConfig,
}

impl CommonSettings {
    /// The database to use.
    ///
    /// # Errors
    /// [`ConfigError`] for a bad file or URL.
    pub fn database_url(&self) -> Result<DatabaseUrl, ConfigError> {
        Ok(self.database.clone().or(self.file()?.database).resolve()?.url)
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

    /// What links are signed with.
    ///
    /// # Errors
    /// [`ConfigError`] for a bad file or value.
    pub fn links(&self, given: &LinksSettings) -> Result<LinksConfig, ConfigError> {
        given.clone().or(self.file()?.links).resolve()
    }

    /// Everything `serve` needs.
    ///
    /// # Errors
    /// [`ConfigError`] for a bad file or value.
    pub fn serve(&self, settings: &ServeSettings) -> Result<ServeConfig, ConfigError> {
        let ServeSettings { http, mail, alerts, links } = settings.clone();
        let file = self.file()?;
        Ok(ServeConfig {
            database: self.database.clone().or(file.database).resolve()?,
            http: http.or(file.http).resolve()?,
            alerts: alerts.or(file.alerts).resolve()?,
            links: links.or(file.links).resolve()?,
            mail: mail.or(file.mail).resolve()?,
        })
    }

    fn file(&self) -> Result<ConfigFile, ConfigError> {
        self.config.as_deref().map_or_else(|| Ok(ConfigFile::default()), read_file)
    }
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
