//! When staff are told.

use clap::Args;
use serde::Deserialize;

use super::ConfigError;
use crate::ingest::SILENCE_MS;

/// Longest silence an alert may wait for, in ms: further ahead no message is due that nobody has tried to deliver.
pub const SILENCE_MAX_MS: i64 = 120_000;

/// When staff are told: `COUNTERBELL_ALERT_SILENCE_MS`; `[alerts]` in the file.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertSettings {
    /// Milliseconds without a further step of the customer after which staff are told of a response that is not complete, 0
    /// to 120000: the shorter, the sooner they know, and the less of the customer's words [default: 30000]
    #[arg(long = "alert-silence-ms", env = "COUNTERBELL_ALERT_SILENCE_MS", value_name = "MS")]
    pub silence_ms: Option<i64>,
}

/// When staff are told.
#[derive(Clone, Copy, Debug)]
pub struct AlertConfig {
    /// How long an alert about a response that is not complete waits for the customer to go on, in ms.
    pub silence_ms: i64,
}

impl AlertSettings {
    /// These, and what they leave open from `file`.
    pub(super) fn or(self, file: Self) -> Self {
        Self { silence_ms: self.silence_ms.or(file.silence_ms) }
    }

    /// # Errors
    /// [`ConfigError::Invalid`] for a time that is out of range.
    pub fn resolve(self) -> Result<AlertConfig, ConfigError> {
        match self.silence_ms.unwrap_or(SILENCE_MS) {
            silence_ms @ 0..=SILENCE_MAX_MS => Ok(AlertConfig { silence_ms }),
            ms => Err(ConfigError::Invalid {
                setting: "--alert-silence-ms (COUNTERBELL_ALERT_SILENCE_MS)",
                reason: format!("{ms} is not within 0 and {SILENCE_MAX_MS}"),
            }),
        }
    }
}
