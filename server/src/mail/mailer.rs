//! How mail leaves.

use std::path::{Path, PathBuf};

use counterbell_shared::EmailAddress;
use lettre::{Address, Message};

use super::build_error::MailBuildError;
use super::smtp::{Smtp, SmtpError};
use crate::config::{MailConfig, MailLimits, MailTransport, SmtpServer};
use crate::db::responses::id_from_column;
use crate::outbox::Handover;

/// The settings for mail cannot be used; `Display` says what to do.
#[derive(Debug, thiserror::Error)]
pub enum MailerError {
    /// The certificate's file cannot be read.
    #[error("--smtp-ca-file (COUNTERBELL_SMTP_CA_FILE): cannot read {path}: {source}")]
    CaFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The certificate's file holds none.
    #[error("--smtp-ca-file (COUNTERBELL_SMTP_CA_FILE): {path} is no PEM certificate: {source}")]
    Certificate {
        /// The file.
        path: PathBuf,
        /// Why.
        source: native_tls::Error,
    },
    /// This machine cannot encrypt.
    #[error("no TLS for mail on this machine: {0}")]
    Tls(native_tls::Error),
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
    limits: MailLimits,
    transport: Transport,
}

enum Transport {
    Smtp(Box<Smtp>),
    Folder(PathBuf),
}

/// One attempt failed. `Display` is one readable line without any address.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// What the mail was to tell of was deleted.
    #[error("the response is no longer stored")]
    Gone,
    /// The mail cannot be written.
    #[error(transparent)]
    Unwritable(#[from] MailBuildError),
    /// What the mail server said, or why it could not be reached.
    #[error(transparent)]
    Smtp(#[from] SmtpError),
    /// Each reply came in time, and all of them together took too long.
    #[error("the mail server needed more than {0} s for one mail")]
    TooSlow(u64),
    /// The file could not be written.
    #[error("the mail could not be written to its folder: {0}")]
    Folder(#[from] std::io::Error),
}

impl SendError {
    /// Whether another attempt would end the same way.
    pub fn is_permanent(&self) -> bool {
        match self {
            Self::Gone | Self::Unwritable(_) => true,
            Self::Smtp(error) => error.is_permanent(),
            Self::TooSlow(_) | Self::Folder(_) => false,
        }
    }
}

impl Mailer {
    /// Makes the folder; does not yet speak to the mail server.
    ///
    /// # Errors
    /// [`MailerError`].
    pub fn new(config: &MailConfig) -> Result<Self, MailerError> {
        let transport = match &config.transport {
            MailTransport::Smtp(server) => smtp(server, config.limits)?,
            MailTransport::Folder(path) => {
                std::fs::create_dir_all(path).map_err(|source| MailerError::Folder { path: path.clone(), source })?;
                Transport::Folder(path.clone())
            }
        };
        Ok(Self { from: config.from.clone(), limits: config.limits, transport })
    }

    /// Sender of every mail.
    pub fn from(&self) -> &EmailAddress {
        &self.from
    }

    /// Where mails are files; `None` with a mail server.
    pub fn folder(&self) -> Option<&Path> {
        match &self.transport {
            Transport::Smtp(_) => None,
            Transport::Folder(folder) => Some(folder),
        }
    }

    /// How long delivery may take.
    pub fn limits(&self) -> MailLimits {
        self.limits
    }

    /// Asks whether a mail to each of `recipients` would be taken, and sends none; what was said to each.
    ///
    /// # Errors
    /// [`SendError`], when none would be taken.
    pub async fn probe(&self, recipients: &[Address]) -> Result<Vec<Result<(), SmtpError>>, SendError> {
        let Transport::Smtp(smtp) = &self.transport else { return Ok(Vec::new()) };
        let sender = self.from.as_str().parse();
        let unusable = |_| MailBuildError::Unwritable("mail cannot be sent from --mail-from".to_owned());
        let sender = sender.map_err(unusable)?;
        let mut connection = smtp.connection().await?;
        let answers = connection.probe(&sender, recipients).await?;
        connection.close();
        Ok(answers)
    }

    /// Sends the mail that `make` makes; it is told whether addresses outside ASCII can be used. In a folder its name
    /// begins with `message_id`, so that sending it again replaces it. Ends within [`MailLimits::send`]; `handover` begins
    /// when the mail itself is given away.
    ///
    /// # Errors
    /// `SendError`; the mail may be sent again.
    pub async fn send(
        &self,
        message_id: &str,
        make: impl FnOnce(bool) -> Result<Message, MailBuildError>,
        handover: &Handover,
    ) -> Result<(), SendError> {
        match &self.transport {
            Transport::Smtp(smtp) => {
                let limit = self.limits.send();
                let sent = tokio::time::timeout(limit, hand_over(smtp, make, handover)).await;
                sent.unwrap_or(Err(SendError::TooSlow(limit.as_secs())))
            }
            Transport::Folder(folder) => {
                let mail = make(true)?;
                handover.begin();
                Ok(write(folder, message_id, mail.formatted()).await?)
            }
        }
    }

    /// Ends connections that nobody has used for a while.
    pub fn close_idle(&self) {
        if let Transport::Smtp(smtp) = &self.transport {
            smtp.close_idle();
        }
    }
}

fn smtp(server: &SmtpServer, limits: MailLimits) -> Result<Transport, MailerError> {
    Ok(Transport::Smtp(Box::new(Smtp::new(server.clone(), limits)?)))
}

async fn hand_over(
    smtp: &Smtp,
    make: impl FnOnce(bool) -> Result<Message, MailBuildError>,
    handover: &Handover,
) -> Result<(), SendError> {
    let mut connection = smtp.connection().await?;
    let mail = match make(connection.takes_utf8()) {
        Ok(mail) => mail,
        Err(error) => {
            smtp.keep(connection);
            return Err(error.into());
        }
    };
    match connection.send(&mail, handover).await {
        Ok(()) => {
            smtp.keep(connection);
            Ok(())
        }
        Err(error) => {
            // In the middle of a mail it is of no use to another.
            if !error.is_silence() {
                connection.close();
            }
            Err(error.into())
        }
    }
}

/// Deletes the mails of these messages from a folder of mails; without one there is nothing to delete. What stays behind is
/// told in the log.
pub fn delete_files(folder: Option<&Path>, message_ids: &[Vec<u8>]) {
    let Some(folder) = folder else { return };
    for id in message_ids.iter().filter_map(|id| id_from_column(id)) {
        match std::fs::remove_file(file_of(folder, &id.to_string())) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                tracing::warn!(message.id = %id, "The mail of message {id} cannot be deleted: {error}");
            }
            _ => {}
        }
    }
}

fn file_of(folder: &Path, message_id: &str) -> PathBuf {
    folder.join(format!("{message_id}.eml"))
}

/// Who watches the folder never sees half a mail.
async fn write(folder: &Path, message_id: &str, bytes: Vec<u8>) -> std::io::Result<()> {
    let (partial, whole) = (folder.join(format!(".{message_id}.part")), file_of(folder, message_id));
    let written = tokio::task::spawn_blocking(move || {
        std::fs::write(&partial, bytes)?;
        std::fs::rename(&partial, &whole)
    });
    written.await.map_err(std::io::Error::other)?
}
