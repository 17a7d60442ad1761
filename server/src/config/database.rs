//! Where responses are stored.

use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::ConfigError;
use crate::db::DatabaseUrl;

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

/// Where responses are stored.
#[derive(Clone, Debug)]
pub struct DatabaseConfig {
    /// The database.
    pub url: DatabaseUrl,
}

impl DatabaseSettings {
    /// These, and what they leave open from `file`.
    pub(super) fn or(self, file: Self) -> Self {
        Self { url: self.url.or(file.url) }
    }

    /// # Errors
    /// [`ConfigError::Invalid`] for a URL that names no database.
    pub fn resolve(self) -> Result<DatabaseConfig, ConfigError> {
        let url = self.url.as_ref().map_or("sqlite:data/counterbell.db", ExposeSecret::expose_secret);
        let url = url.parse().map_err(|error| ConfigError::Invalid {
            setting: "--database-url (COUNTERBELL_DATABASE_URL)",
            reason: format!("{error}"),
        })?;
        Ok(DatabaseConfig { url })
    }
}
