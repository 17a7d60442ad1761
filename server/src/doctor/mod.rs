//! Looks at everything a server needs, before it is needed.

mod database;
mod encryption;
mod machine;
mod mail;
mod outbox;
mod queues;
mod sites;
mod told;
mod watch;
mod zones;

use serde::Serialize;
use strum::Display;

use crate::config::{ConfigError, ServeConfig};

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Display)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// It works, and somebody should look at it.
    Warning,
    /// It does not work, or an acknowledged response may be lost.
    Failed,
}

/// One thing looked at.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    /// What was looked at.
    pub name: &'static str,
    /// How it ended.
    pub verdict: Verdict,
    /// What was found.
    pub found: String,
    /// What to do about it; only with a warning or a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

impl Check {
    fn ok(name: &'static str, found: impl Into<String>) -> Self {
        Self { name, verdict: Verdict::Ok, found: found.into(), advice: None }
    }

    fn warning(name: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { name, verdict: Verdict::Warning, found: found.into(), advice: Some(advice.into()) }
    }

    fn failed(name: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { name, verdict: Verdict::Failed, found: found.into(), advice: Some(advice.into()) }
    }
}

/// Every check of these settings. Changes nothing: makes no file, no folder and no table, and sends no mail.
pub async fn examine(config: Result<ServeConfig, ConfigError>) -> Vec<Check> {
    let config = match config {
        Ok(config) => config,
        Err(error) => {
            let advice = "correct the setting; docs/OPERATIONS.md lists them all";
            return vec![Check::failed("settings", error.to_string(), advice)];
        }
    };
    let mut checks = vec![Check::ok("settings", format!("understood; responses go to {}", config.database.url))];
    let (found, told) = database::checks(&config.database.url);
    checks.extend(found);
    checks.push(mail::check(&config.mail, &told.recipients).await);
    checks.extend(told.queues);
    checks.extend(machine::checks(&config.http));
    checks
}

/// Bytes as people read them.
fn size(bytes: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    let unit = UNITS.iter().find(|(_, unit)| bytes >= *unit);
    unit.map_or_else(|| format!("{bytes} B"), |(name, unit)| format!("{:.1} {name}", bytes as f64 / *unit as f64))
}
