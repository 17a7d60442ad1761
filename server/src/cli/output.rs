//! What commands print.

use std::io::{ErrorKind, IsTerminal, Write};

use clap::Args;
use serde::Serialize;
use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use super::CliError;
use crate::config::CommonSettings;
use crate::log_limit::LogLimit;
use crate::metrics::CountHttpErrors;
use crate::panics::log_panics;

/// How a result is printed.
#[derive(Args, Clone, Copy)]
pub struct OutputArgs {
    /// Print the result as JSON, for programs
    #[arg(long)]
    pub json: bool,
}

impl OutputArgs {
    /// Prints `value` as JSON, or `text` for people. Whoever reads may stop in the middle, as `head` does: that is no error,
    /// and what the command found or did decides how it ends.
    ///
    /// # Errors
    /// When standard output cannot be written to, as on a full disk.
    pub fn print(self, value: &impl Serialize, text: &str) -> Result<(), CliError> {
        match self.write(std::io::stdout().lock(), value, text) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            written => Ok(written?),
        }
    }

    fn write(self, mut out: impl Write, value: &impl Serialize, text: &str) -> std::io::Result<()> {
        if self.json {
            serde_json::to_writer(&mut out, value)?;
            writeln!(out)
        } else {
            writeln!(out, "{}", text.trim_end())
        }
    }
}

/// Tells the person at the terminal something beside the result. That nobody reads it is no reason to stop.
pub fn tell(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Arguments of commands that list all there is.
#[derive(Args)]
pub struct ListArgs {
    #[command(flatten)]
    pub common: CommonSettings,
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Said of what was changed past a server, which reads it anew now and then.
pub const SEEN_SOON: &str = "A running server picks it up within 5 seconds.";

/// How the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Sends the log, panics included, to standard error; `COUNTERBELL_LOG` says how much (`info`, `debug`, `counterbell=trace`, ...). What
/// repeats itself is left out, and counted.
///
/// # Errors
/// The system cannot start a thread.
pub fn start_log(format: LogFormat) -> std::io::Result<()> {
    let level = EnvFilter::try_from_env("COUNTERBELL_LOG").unwrap_or_else(|_| EnvFilter::new("info,actix_server=warn"));
    let lines = tracing_subscriber::fmt::layer()
        .with_target(false)
        // Told on standard error, a log that cannot be written to would panic whoever logs.
        .log_internal_errors(false)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let lines = match format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    let log = tracing_subscriber::registry().with(level).with(lines).with(LogLimit::start()?).with(CountHttpErrors);
    // A log that runs already is as good.
    let _ = log.try_init();
    log_panics();
    Ok(())
}

/// Fresh randomness from the system, for keys.
///
/// # Errors
/// When the system has none.
pub fn random<const N: usize>() -> Result<[u8; N], CliError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| CliError::Usage(format!("no random numbers: {error}")))?;
    Ok(bytes)
}
