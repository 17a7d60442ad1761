//! The mail that tells staff what happened to a case.

mod content;
mod letter;
mod payload;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use counterbell_shared::time::UnixMillis;
use diesel::QueryResult;

use self::content::Found;
#[cfg(test)]
pub use self::letter::{Answered, CaseContent, CaseFacts, Happened};
use super::compose::{Heading, compose, delivery};
use super::links::MailLinks;
use super::mailer::Mailer;
use super::number::message_number;
use super::people::Sites;
use crate::cases::CASE_MAIL;
use crate::db::AnyConnection;
use crate::db::outbox::OutboxRow;
use crate::outbox::{Deliver, ToDo};

/// Sends mails about cases.
pub struct CaseMail {
    /// With which.
    pub mailer: Arc<Mailer>,
    /// What their buttons are made of.
    pub links: MailLinks,
}

impl Deliver for CaseMail {
    fn kind(&self) -> &'static str {
        CASE_MAIL
    }

    fn prepare(&self, conn: &mut AnyConnection, messages: &[&OutboxRow]) -> QueryResult<Vec<ToDo>> {
        let now = UnixMillis::now().0;
        let signer = self.links.signer(conn, now)?;
        let mut sites = Sites::default();
        let mut to_do = Vec::with_capacity(messages.len());
        for message in messages {
            to_do.push(match Found::load(conn, &mut sites, message, now)? {
                Found::Over => ToDo::Withdraw,
                Found::Broken(error) => ToDo::Send(delivery(&self.mailer, message, |_| Err(error))),
                Found::Mail(content, follows) => {
                    let number = message.id().map(message_number).unwrap_or_default();
                    let signer = signer.clone();
                    let make = move |heading: &Heading<'_>| {
                        let (letter, reply) = content.letter(signer.as_ref(), &number, heading.smtputf8);
                        compose(&Heading { follows, reply_to: reply.address(), ..*heading }, &letter)
                    };
                    ToDo::Send(delivery(&self.mailer, message, make))
                }
            });
        }
        Ok(to_do)
    }
}
