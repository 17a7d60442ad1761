//! How mail leaves.

use std::path::PathBuf;
use std::time::Duration;

use counterbell_shared::EmailAddress;
use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use crate::config::{MailConfig, MailTransport};

/// Connections to the mail server: as many as messages are sent side by side.
const CONNECTIONS_MAX: u32 = 16;
/// For connecting and for each of the server's answers.
const SMTP_TIMEOUT: Duration = Duration::from_secs(20);

/// The settings for mail cannot be used; `Display` says what to do.
#[derive(Debug, thiserror::Error)]
pub enum MailerError {
    /// The URL.
    #[error("--smtp-url (COUNTERBELL_SMTP_URL) cannot be used: {0}")]
    Smtp(#[from] lettre::transport::smtp::Error),
    /// The certificate's file.
    #[error("--smtp-ca-file (COUNTERBELL_SMTP_CA_FILE): cannot read {path}: {source}")]
    CaFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The folder.
    #[error("--mail-dir (COUNTERBELL_MAIL_DIR): cannot write to {path}: {source}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Sends mail to a mail server, or writes it to a folder.
pub struct Mailer {
    from: EmailAddress,
    transport: Transport,
}

enum Transport {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    Folder(PathBuf),
}

/// One attempt failed.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// What the mail server said, or why it could not be reached.
    #[error(transparent)]
    Smtp(#[from] lettre::transport::smtp::Error),
    /// The file could not be written.
    #[error(transparent)]
    Folder(#[from] std::io::Error),
}

impl Mailer {
    /// Makes the folder; does not yet speak to the mail server.
    ///
    /// # Errors
    /// [`MailerError`].
    pub fn new(config: &MailConfig) -> Result<Self, MailerError> {
        let transport = match &config.transport {
            MailTransport::Smtp { url, ca_file } => Transport::Smtp(smtp(url, ca_file.as_ref())?),
            MailTransport::Folder(path) => {
                std::fs::create_dir_all(path).map_err(|source| MailerError::Folder { path: path.clone(), source })?;
                Transport::Folder(path.clone())
            }
        };
        Ok(Self { from: config.from.clone(), transport })
    }

    /// Sender of every mail.
    pub fn from(&self) -> &EmailAddress {
        &self.from
    }

    /// Connects, encrypts and logs in as for a mail, and sends none.
    ///
    /// # Errors
    /// [`SendError`].
    pub async fn test(&self) -> Result<(), SendError> {
        if let Transport::Smtp(smtp) = &self.transport {
            smtp.test_connection().await?;
        }
        Ok(())
    }

    /// Sends `mail`. In a folder its name begins with `message_id`, so that sending it again replaces it.
    ///
    /// # Errors
    /// `SendError`; the mail may be sent again.
    pub async fn send(&self, mail: &Message, message_id: &str) -> Result<(), SendError> {
        match &self.transport {
            Transport::Smtp(smtp) => {
                smtp.send(mail.clone()).await?;
            }
            Transport::Folder(folder) => {
                let (partial, whole) =
                    (folder.join(format!(".{message_id}.part")), folder.join(format!("{message_id}.eml")));
                let bytes = mail.formatted();
                tokio::task::spawn_blocking(move || {
                    // Who watches the folder must never see half a mail.
                    std::fs::write(&partial, bytes)?;
                    std::fs::rename(&partial, &whole)
                })
                .await
                .map_err(std::io::Error::other)??;
            }
        }
        Ok(())
    }
}

fn smtp(url: &str, ca_file: Option<&PathBuf>) -> Result<AsyncSmtpTransport<Tokio1Executor>, MailerError> {
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)?
        .timeout(Some(SMTP_TIMEOUT))
        .pool_config(PoolConfig::new().max_size(CONNECTIONS_MAX));
    if let (Some(path), Ok(url)) = (ca_file, url::Url::parse(url)) {
        let pem = std::fs::read(path).map_err(|source| MailerError::CaFile { path: path.clone(), source })?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let tls = TlsParameters::builder(host).add_root_certificate(Certificate::from_pem(&pem)?).build()?;
        builder = match (url.scheme(), url.query()) {
            ("smtps", _) => builder.tls(Tls::Wrapper(tls)),
            (_, Some(_)) => builder.tls(Tls::Required(tls)),
            _ => builder,
        };
    }
    Ok(builder.build())
}
