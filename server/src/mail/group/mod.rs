//! The mail that tells staff of many alerts at once.

mod content;
mod letter;

use std::sync::Arc;

use counterbell_shared::time::UnixMillis;
use diesel::QueryResult;

pub use self::letter::GroupContent;
#[cfg(test)]
pub use self::letter::{GroupFacts, Newest};
use super::compose::{compose, delivery};
use super::links::MailLinks;
use super::mailer::Mailer;
use super::number::message_number;
use super::people::Sites;
use crate::db::AnyConnection;
use crate::db::alert_groups::GROUP_MAIL;
use crate::db::outbox::OutboxRow;
use crate::outbox::{Deliver, ToDo};

/// Sends mails about groups of alerts.
pub struct GroupMail {
    /// With which.
    pub mailer: Arc<Mailer>,
    /// What their button is made of.
    pub links: MailLinks,
}

impl Deliver for GroupMail {
    fn kind(&self) -> &'static str {
        GROUP_MAIL
    }

    fn prepare(&self, conn: &mut AnyConnection, messages: &[&OutboxRow]) -> QueryResult<Vec<ToDo>> {
        let now = UnixMillis::now().0;
        let signer = self.links.signer(conn, now)?;
        let mut sites = Sites::default();
        let mut to_do = Vec::with_capacity(messages.len());
        for message in messages {
            to_do.push(match GroupContent::load(conn, &mut sites, message, now)? {
                None => ToDo::Withdraw,
                Some(content) => {
                    let number = message.id().map(message_number).unwrap_or_default();
                    let letter = content.letter(signer.as_ref(), &number);
                    ToDo::Send(delivery(&self.mailer, message, move |heading| compose(heading, &letter)))
                }
            });
        }
        Ok(to_do)
    }
}
