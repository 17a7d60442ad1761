//! `counterbell serve`.

use std::net::SocketAddr;

use clap::Args;

use super::CliError;
use super::output::{LogFormat, start_log};
use crate::app::Server;
use crate::config::{AlertSettings, CommonSettings, HttpSettings, MailSettings, MailTransport, ServeConfig};
use crate::ingest::WriterSettings;

#[derive(Args)]
pub struct ServeArgs {
    #[command(flatten)]
    common: CommonSettings,
    #[command(flatten)]
    http: HttpSettings,
    #[command(flatten)]
    mail: MailSettings,
    #[command(flatten)]
    alerts: AlertSettings,
    /// How the log is written, to standard error; COUNTERBELL_LOG=debug says more
    #[arg(long, env = "COUNTERBELL_LOG_FORMAT", value_enum, default_value_t)]
    log_format: LogFormat,
    #[cfg(feature = "bench")]
    #[command(flatten)]
    storage: super::bench::StorageArgs,
}

impl ServeArgs {
    pub fn run(self) -> Result<(), CliError> {
        let config = self.common.serve(&self.http, &self.mail, &self.alerts)?;
        start_log(self.log_format);
        let writer = WriterSettings::new(config.queue_capacity);
        #[cfg(feature = "bench")]
        let writer = self.storage.change(writer);
        actix_web::rt::System::new().block_on(async {
            let server = Server::bind(&config, writer)?;
            announce(&config, server.address()?);
            server.run(stop_signal()).await?;
            Ok(())
        })
    }
}

/// Says at start what an operator would otherwise find out too late.
fn announce(config: &ServeConfig, address: SocketAddr) {
    tracing::info!("Responses are stored in {}", config.database_url);
    match &config.mail.transport {
        MailTransport::Smtp { .. } => {
            tracing::info!("Mail goes to {} from {}", config.mail.transport, config.mail.from);
        }
        MailTransport::Folder(folder) => {
            let folder = folder.display();
            tracing::warn!("No mail server is configured (--smtp-url): mails are written to {folder}/*.eml");
        }
    }
    tracing::info!("Listening on http://{address}");
}

/// Completes at SIGTERM or SIGINT.
pub async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};

    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        // Without signals there is only the hard way to stop; acknowledged responses survive that too.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
