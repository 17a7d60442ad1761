//! From a letter to the mail that is sent.

use std::sync::Arc;

use counterbell_shared::{EmailAddress, ResponseId};
use lettre::Message;
use lettre::address::Envelope;
use lettre::message::MultiPart;

use super::build_error::{MailBuildError, Party};
use super::head;
use super::letter::Letter;
use super::mailer::{Mailer, SendError};
use crate::db::outbox::OutboxRow;
use crate::outbox::Delivery;

/// What a mail has above its text beside what the letter says.
#[derive(Clone, Copy, Debug)]
pub struct Heading<'a> {
    /// `--mail-from`.
    pub from: &'a EmailAddress,
    /// Whom it goes to, as it is stored.
    pub recipient: &'a str,
    /// The outbox message, whose Message-ID it has.
    pub message_id: ResponseId,
    /// The message that it follows: mail programs show the two together.
    pub follows: Option<ResponseId>,
    /// Whom a reply reaches, if not the sender.
    pub reply_to: Option<&'a EmailAddress>,
    /// Whether the connection it goes over offers SMTPUTF8 (RFC 6531). Without it no address that needs it is used.
    pub smtputf8: bool,
}

/// What sends the mail of a message. `make` writes it, once the connection is there.
pub fn delivery(
    mailer: &Arc<Mailer>,
    message: &OutboxRow,
    make: impl FnOnce(&Heading<'_>) -> Result<Message, MailBuildError> + Send + 'static,
) -> Delivery {
    let (mailer, id, recipient) = (Arc::clone(mailer), message.id(), message.destination.clone());
    Box::new(move |handover| {
        Box::pin(async move {
            let id = id.ok_or_else(|| SendError::from(MailBuildError::Unwritable("its id is none".to_owned())))?;
            let from = mailer.from();
            let heading = |smtputf8| Heading {
                from,
                recipient: &recipient,
                message_id: id,
                follows: None,
                reply_to: None,
                smtputf8,
            };
            Ok(mailer.send(&id.to_string(), |smtputf8| make(&heading(smtputf8)), &handover).await?)
        })
    })
}

/// The mail.
///
/// # Errors
/// [`MailBuildError`]: none goes away by trying again.
pub fn compose(heading: &Heading<'_>, letter: &Letter) -> Result<Message, MailBuildError> {
    let Heading { from, message_id, .. } = *heading;
    let recipient: EmailAddress = heading.recipient.parse().map_err(MailBuildError::Recipient)?;
    for (party, address) in [(Party::Sender, from), (Party::Recipient, &recipient)] {
        if address.needs_smtputf8() && !heading.smtputf8 {
            return Err(MailBuildError::NeedsSmtpUtf8(party));
        }
    }
    let (sender, to) = (address(from)?, address(&recipient)?);
    let id_of = |message: ResponseId| format!("<{message}@{}>", from.domain());
    let mut mail = Message::builder()
        .envelope(Envelope::new(Some(sender), vec![to.clone()]).map_err(unwritable)?)
        .raw_header(head::from(&letter.site, from))
        .to(to.into())
        .raw_header(head::subject(letter.subject.clone()))
        .message_id(Some(id_of(message_id)))
        // Out-of-office replies are kept away by RFC 3834 section 5, and from Exchange by Microsoft's own.
        .raw_header(head::fixed("Auto-Submitted", "auto-generated"))
        .raw_header(head::fixed("X-Auto-Response-Suppress", "All"));
    if let Some(first) = heading.follows.map(id_of) {
        mail = mail.in_reply_to(first.clone()).references(first);
    }
    if let Some(contact) = heading.reply_to {
        mail = mail.reply_to(address(contact)?.into());
    }
    let html = letter.html().map_err(unwritable)?;
    mail.multipart(MultiPart::alternative_plain_html(letter.text(), html)).map_err(unwritable)
}

fn address(email: &EmailAddress) -> Result<lettre::Address, MailBuildError> {
    email.as_str().parse().map_err(unwritable)
}

fn unwritable(error: impl std::fmt::Display) -> MailBuildError {
    MailBuildError::Unwritable(error.to_string())
}
