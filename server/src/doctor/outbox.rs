//! Whether messages go out, as far as the database tells.

use counterbell_shared::time::UnixMillis;

use super::{Check, queues};
use crate::counted::counted;
use crate::db::outbox::Undelivered;
use crate::db::parked::Parked;
use crate::db::{AnyConnection, staff};
use crate::outbox::{OVERDUE_MS, minutes};

/// Recipients that are tried with the mail server.
const RECIPIENTS_MAX: i64 = 20;

const WAIT: &str = "see the check of mail; they are tried again by themselves";
const RESEND: &str = "mend what the error names, list them with GET /v1/admin/outbox?state=parked, and send each again with \
                      POST /v1/admin/outbox/{message_id}/resend";

/// What the database tells of mail.
#[derive(Default)]
pub(super) struct Told {
    /// Some of those who are told of unhappy customers.
    pub recipients: Vec<String>,
    /// Whether what waits is worked on; none without a database that could be asked.
    pub queues: Vec<Check>,
}

/// Asks the database. What is wrong with that itself, the checks of the database tell.
pub(super) fn ask(conn: &mut AnyConnection) -> Told {
    let recipients = staff::some_recipients(conn, RECIPIENTS_MAX).unwrap_or_default();
    let now = UnixMillis::now().0;
    let check = Undelivered::load(conn, now - OVERDUE_MS)
        .and_then(|undelivered| Ok(check(undelivered, Parked::load(conn)?, now)));
    let mut queues = queues::checks(conn);
    queues.extend(check);
    Told { recipients, queues }
}

fn check(undelivered: Option<Undelivered>, parked: Option<Parked>, now: i64) -> Check {
    let name = "outbox";
    let waiting = undelivered.map(|Undelivered { messages, oldest_at, last_error }| {
        let reason = last_error.unwrap_or_else(|| "not tried yet: does `counterbell serve` run?".to_owned());
        let waited = minutes(now - oldest_at);
        let messages = counted(messages, "message has not gone out", "messages have not gone out");
        format!("{messages}, the oldest for {waited}; its last error: {reason}")
    });
    let parked = parked.map(|Parked { messages, since, last_error }| {
        let (since, reason) = (UnixMillis(since), last_error.unwrap_or_else(|| "none is stored".to_owned()));
        let messages = counted(messages, "message is parked", "messages are parked");
        format!("{messages}, the first since {since}, and delivered to nobody; the latest error: {reason}")
    });
    match (waiting, parked) {
        (None, None) => Check::ok(name, "no message is parked, and none has waited for five minutes"),
        (None, Some(parked)) => Check::warning(name, parked, RESEND),
        (Some(waiting), None) => Check::failed(name, waiting, WAIT),
        (Some(waiting), Some(parked)) => {
            Check::failed(name, format!("{waiting}. {parked}"), format!("{WAIT}. Parked ones are not: {RESEND}"))
        }
    }
}
