//! The mail that tells staff of many alerts at once.

mod content;
mod letter;

use std::sync::Arc;

use diesel::QueryResult;

#[cfg(test)]
pub use letter::{GroupContent, GroupFacts, Newest};

use super::compose::{compose, delivery};
use super::mailer::Mailer;
use super::number::message_number;
use super::people::Sites;
use crate::db::AnyConnection;
use crate::db::outbox::OutboxRow;
use crate::outbox::{Deliver, ToDo};

/// The name of the kind in the database.
pub const GROUP_MAIL: &str = "group_mail";

/// Sends mails about groups of alerts. They have no button as long as there is no page that lists a group.
pub struct GroupMail {
    /// With which.
    pub mailer: Arc<Mailer>,
}

impl Deliver for GroupMail {
    fn kind(&self) -> &'static str {
        GROUP_MAIL
    }

    fn prepare(&self, conn: &mut AnyConnection, messages: &[&OutboxRow]) -> QueryResult<Vec<ToDo>> {
        let mut sites = Sites::default();
        let mut to_do = Vec::with_capacity(messages.len());
        for message in messages {
            to_do.push(match content::load(conn, &mut sites, message)? {
                None => ToDo::Withdraw,
                Some(content) => {
                    let number = message.id().map(message_number).unwrap_or_default();
                    let letter = content.letter(None, &number);
                    ToDo::Send(delivery(&self.mailer, message, move |heading| compose(heading, &letter)))
                }
            });
        }
        Ok(to_do)
    }
}
