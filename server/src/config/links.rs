//! What links in mails are signed with.

use clap::Args;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::ConfigError;

/// As many characters as 32 random bytes have in base64, without the padding.
const KEY_MIN_CHARS: usize = 43;

/// What links in mails are signed with: `COUNTERBELL_LINK_KEYS`; `[links]` in the file.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinksSettings {
    /// Secrets that links in mails are signed with, of 43 characters or more: the first signs, links of the others count
    /// still. `openssl rand -base64 32` makes one. All servers need the same [default: made by the server, in the database]
    #[arg(
        long = "link-key",
        env = "COUNTERBELL_LINK_KEYS",
        value_name = "SECRET",
        value_delimiter = ',',
        hide_env_values = true
    )]
    pub keys: Option<Vec<SecretString>>,
}

/// What links in mails are signed with.
#[derive(Clone, Debug, Default)]
pub struct LinksConfig {
    /// The first signs. None when they are in the database.
    pub keys: Vec<SecretString>,
}

impl LinksSettings {
    /// These, and what they leave open from `file`.
    pub(super) fn or(self, file: Self) -> Self {
        Self { keys: self.keys.or(file.keys) }
    }

    /// # Errors
    /// [`ConfigError::Invalid`] for a secret that could be guessed.
    pub fn resolve(self) -> Result<LinksConfig, ConfigError> {
        let keys = self.keys.unwrap_or_default();
        match keys.iter().position(|key| key.expose_secret().trim().chars().count() < KEY_MIN_CHARS) {
            None => Ok(LinksConfig { keys }),
            Some(place) => Err(ConfigError::Invalid {
                setting: "--link-key (COUNTERBELL_LINK_KEYS)",
                reason: format!(
                    "secret {} has fewer than {KEY_MIN_CHARS} characters: `openssl rand -base64 32` makes one that nobody \
                     guesses",
                    place + 1
                ),
            }),
        }
    }
}
