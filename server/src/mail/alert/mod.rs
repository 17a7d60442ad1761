//! The mail that tells staff about an unhappy customer.

mod content;
mod letter;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use counterbell_shared::time::UnixMillis;
use counterbell_shared::{EmailAddress, ResponseId};
use diesel::QueryResult;
use lettre::Message;

pub use self::content::AlertContent;
use super::build_error::MailBuildError;
use super::compose::{Heading, compose};
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
        let signer = self.links.signer(conn, UnixMillis::now().0)?;
        let contents = AlertContent::load(conn, messages)?;
        let send = |(message, content): (&&OutboxRow, _)| ToDo::Send(self.delivery(message, content, signer.clone()));
        Ok(messages.iter().zip(contents).map(send).collect())
    }
}

impl AlertMail {
    fn delivery(&self, message: &OutboxRow, content: Option<AlertContent>, signer: Option<Signer>) -> Delivery {
        let (mailer, id, recipient) = (Arc::clone(&self.mailer), message.id(), message.destination.clone());
        Box::new(move |handover| {
            Box::pin(async move {
                let content = content.ok_or(SendError::Gone)?;
                let id = id.ok_or_else(|| SendError::from(MailBuildError::Unwritable("its id is none".to_owned())))?;
                let make = |smtputf8| alert_mail((mailer.from(), &recipient), id, &content, signer.as_ref(), smtputf8);
                Ok(mailer.send(&id.to_string(), make, &handover).await?)
            })
        })
    }
}

/// The alert mail for a response to one recipient; its Message-ID is the outbox message's. Without `smtputf8` a customer's
/// address that needs it is left out, and the mail says so.
///
/// # Errors
/// [`MailBuildError`]: none goes away by trying again.
fn alert_mail(
    (from, recipient): (&EmailAddress, &str),
    message_id: ResponseId,
    content: &AlertContent,
    signer: Option<&Signer>,
    smtputf8: bool,
) -> Result<Message, MailBuildError> {
    let letter = content.letter(signer, &message_number(message_id), smtputf8);
    let (letter, reply) = letter.ok_or(MailBuildError::CorruptResponse)?;
    let heading = Heading { from, recipient, message_id, follows: None, reply_to: reply.address(), smtputf8 };
    compose(&heading, &letter)
}
