//! The mail that tells staff about an unhappy customer.

mod content;
mod letter;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use counterbell_shared::time::UnixMillis;
use diesel::QueryResult;
use lettre::Message;

pub use self::content::AlertContent;
use self::content::Found;
use super::build_error::MailBuildError;
use super::compose::{Heading, compose, delivery};
use super::links::{MailLinks, Signer};
use super::mailer::{Mailer, SendError};
use super::number::message_number;
use crate::db::AnyConnection;
use crate::db::outbox::OutboxRow;
use crate::outbox::{Deliver, Delivery, ToDo};

/// The name of the kind in the database.
pub const ALERT_MAIL: &str = "alert_mail";

/// Sends alert mails.
pub struct AlertMail {
    /// With which.
    pub mailer: Arc<Mailer>,
    /// What their buttons are made of.
    pub links: MailLinks,
}

impl Deliver for AlertMail {
    fn kind(&self) -> &'static str {
        ALERT_MAIL
    }

    fn prepare(&self, conn: &mut AnyConnection, messages: &[&OutboxRow]) -> QueryResult<Vec<ToDo>> {
        let now = UnixMillis::now().0;
        let signer = self.links.signer(conn, now)?;
        let contents = AlertContent::load(conn, messages, now)?;
        let to_do = |(message, found): (&&OutboxRow, Found)| {
            let content = match found {
                Found::Mail(content) => content,
                Found::Over => return ToDo::Withdraw,
                Found::Gone => return ToDo::Send(gone()),
            };
            let signer = signer.clone();
            ToDo::Send(delivery(&self.mailer, message, move |heading| alert_mail(heading, &content, signer.as_ref())))
        };
        Ok(messages.iter().zip(contents).map(to_do).collect())
    }
}

/// What there was to tell of was deleted.
fn gone() -> Delivery {
    Box::new(|_| Box::pin(async { Err(SendError::Gone.into()) }))
}

/// The alert mail for a response to one recipient. A customer's address that needs SMTPUTF8 is left out where there is none,
/// and the mail says so.
///
/// # Errors
/// [`MailBuildError`]: none goes away by trying again.
fn alert_mail(
    heading: &Heading<'_>,
    content: &AlertContent,
    signer: Option<&Signer>,
) -> Result<Message, MailBuildError> {
    let letter = content.letter(signer, &message_number(heading.message_id), heading.smtputf8);
    let (letter, reply) = letter.ok_or(MailBuildError::CorruptResponse)?;
    compose(&Heading { reply_to: reply.address(), ..*heading }, &letter)
}
