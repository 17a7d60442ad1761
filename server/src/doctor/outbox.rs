//! Whether messages go out, as far as the database tells.

use counterbell_shared::time::UnixMillis;
use diesel::QueryResult;

use super::Check;
use crate::db::outbox::Undelivered;
use crate::db::{AnyConnection, sites};
use crate::outbox::{OVERDUE_MS, minutes};

/// Recipients that are tried with the mail server.
const RECIPIENTS_MAX: i64 = 20;

/// What the database tells of mail.
#[derive(Default)]
pub(super) struct Told {
    /// Some of those who are told of unhappy customers.
    pub recipients: Vec<String>,
    /// Whether messages wait for long; `None` without a database that could be asked.
    pub check: Option<Check>,
}

/// Asks the database. What is wrong with that itself, the checks of the database tell.
pub(super) fn ask(conn: &mut AnyConnection) -> Told {
    let recipients = sites::some_recipients(conn, RECIPIENTS_MAX).unwrap_or_default();
    let now = UnixMillis::now().0;
    Told { recipients, check: check(Undelivered::load(conn, now, now - OVERDUE_MS), now) }
}

fn check(undelivered: QueryResult<Option<Undelivered>>, now: i64) -> Option<Check> {
    let name = "outbox";
    match undelivered.ok()? {
        None => Some(Check::ok(name, "no message has waited for five minutes")),
        Some(Undelivered { messages, oldest_at, last_error }) => {
            let reason = last_error.unwrap_or_else(|| "not tried yet: does `counterbell serve` run?".to_owned());
            let waited = minutes(now - oldest_at);
            let found =
                format!("{messages} messages have not gone out, the oldest for {waited}; its last error: {reason}");
            Some(Check::failed(name, found, "see the check of mail; they are tried again by themselves"))
        }
    }
}
