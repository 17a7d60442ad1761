//! `counterbell serve`.

use std::net::SocketAddr;
use std::rc::Rc;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::CliError;
use super::output::{LogFormat, start_log};
use crate::config::{CommonSettings, MailTransport, ServeConfig, ServeSettings};
use crate::deadline::DeadlineSlot;
use crate::startup::Server;
use crate::store::WriterSettings;

#[derive(Args)]
pub struct ServeArgs {
    #[command(flatten)]
    common: CommonSettings,
    #[command(flatten)]
    settings: ServeSettings,
    /// How the log is written, to standard error; COUNTERBELL_LOG=debug says more
    #[arg(long, env = "COUNTERBELL_LOG_FORMAT", value_enum, default_value_t)]
    log_format: LogFormat,
    #[cfg(feature = "bench")]
    #[command(flatten)]
    storage: super::bench::StorageArgs,
}

impl ServeArgs {
    pub fn run(self) -> Result<(), CliError> {
        let config = self.common.serve(&self.settings)?;
        start_log(self.log_format)?;
        let writer = WriterSettings::new(config.http.queue_capacity);
        #[cfg(feature = "bench")]
        let writer = self.storage.change(writer);
        // Outlives the runtime, which may hang too.
        let deadline = DeadlineSlot::default();
        actix_web::rt::System::new().block_on(async {
            let server = Server::bind(&config, writer)?;
            announce(&config, &server.addresses()?);
            server.run(stop_signal(), Rc::clone(&deadline)).await?;
            Ok(())
        })
    }
}

/// Says at start what an operator would otherwise find out too late.
fn announce(config: &ServeConfig, addresses: &[SocketAddr]) {
    tracing::info!("Responses are stored in {}", config.database.url);
    match &config.mail.transport {
        MailTransport::Smtp { .. } => {
            tracing::info!("Mail goes to {} from {}", config.mail.transport, config.mail.from);
        }
        MailTransport::Folder(folder) => {
            let folder = folder.display();
            tracing::warn!("No mail server is configured (--smtp-url): mails are written to {folder}/*.eml");
        }
    }
    if config.http.public_url.is_none() {
        tracing::warn!(
            "No public address is configured (--public-url): mails have no buttons, and `site create` and /openapi.json \
             cannot name this host"
        );
    }
    let addresses: Vec<_> = addresses.iter().map(|address| format!("http://{address}")).collect();
    tracing::info!("Listening on {}", addresses.join(" and "));
}

/// Completes at SIGTERM, SIGINT or SIGHUP. By SIGHUP a terminal that is closed ends what was started in it.
pub async fn stop_signal() {
    let hangup = if hangup_is_ignored() { None } else { Some(SignalKind::hangup()) };
    tokio::select! {
        () = received(Some(SignalKind::terminate())) => {}
        () = received(Some(SignalKind::interrupt())) => {}
        () = received(hangup) => {}
    }
}

async fn received(kind: Option<SignalKind>) {
    match kind.map(signal) {
        Some(Ok(mut signal)) => {
            signal.recv().await;
        }
        // Without signals there is only the hard way to stop; acknowledged responses survive that too.
        Some(Err(_)) | None => std::future::pending().await,
    }
}

/// `nohup` starts a program with SIGHUP ignored, and to listen for a signal would end that.
#[cfg(target_os = "linux")]
fn hangup_is_ignored() -> bool {
    let ignored = procfs::process::Process::myself().and_then(|process| process.status()).map(|status| status.sigign);
    // A bit each, the first for signal 1, which is SIGHUP.
    ignored.is_ok_and(|signals| signals & 1 == 1)
}

#[cfg(not(target_os = "linux"))]
fn hangup_is_ignored() -> bool {
    false
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::Command;

    use super::*;

    const HANDBOOK: &str = include_str!("../../../docs/OPERATIONS.md");
    /// Where the settings themselves are; how the log is written stands in a section of its own.
    const ELSEWHERE: [&str; 2] = ["--config", "--log-format"];

    /// Variable and flag of each setting.
    type Settings = BTreeSet<(String, String)>;

    fn of_the_program() -> Settings {
        let serve = ServeArgs::augment_args(Command::new("serve"));
        let named = serve.get_arguments().filter_map(|one| Some((one.get_env()?.to_str()?, one.get_long()?)));
        let settings = named.map(|(variable, flag)| (variable.to_owned(), format!("--{flag}")));
        settings.filter(|(_, flag)| !ELSEWHERE.contains(&flag.as_str())).collect()
    }

    fn of_the_handbook() -> Settings {
        let cell = |text: &str| text.trim().trim_matches('`').to_owned();
        let rows = HANDBOOK.lines().filter(|line| line.starts_with("| `["));
        let cells = rows.map(|row| row.split('|').map(cell).collect::<Vec<_>>());
        cells.map(|cells| (cells[2].clone(), cells[3].clone())).collect()
    }

    #[test]
    fn handbook_names_every_setting_and_no_other() {
        assert_eq!(of_the_handbook(), of_the_program());
        assert!(of_the_program().len() > 10);
    }
}
