//! Whether the work behind a commit goes on, as far as the database tells.

use counterbell_shared::time::UnixMillis;
use diesel::QueryResult;

use super::Check;
use crate::counted::counted;
use crate::db::AnyConnection;
use crate::db::due::{FailingRows, ParkedRows, Queue};

/// What has been due for longer, in seconds, has no server that runs, or none that keeps up.
const LATE_SECONDS: f64 = 300.0;

const WAIT: &str = "does `counterbell serve` run, and what does its log say? All of it is done as soon as it goes on";
const RESTART: &str = "the log says why; they are tried again when a server starts: restart it, or a newer version of it, and \
                       please report it";

/// One check of triage, one of timers. Without what the database did not tell: its own checks say why.
pub(super) fn checks(conn: &mut AnyConnection) -> Vec<Check> {
    let now = UnixMillis::now().0;
    let responses = ["response of a customer who may be unhappy", "responses of customers who may be unhappy"];
    let triage = check(conn, "triage", &Queue::triage(), responses, now);
    let timers = check(conn, "timers", &Queue::timers(&[]), ["timer", "timers"], now);
    triage.into_iter().chain(timers).collect()
}

/// `row` and `rows` say what is in the queue.
fn check(
    conn: &mut AnyConnection,
    name: &'static str,
    queue: &Queue,
    [row, rows]: [&str; 2],
    now: i64,
) -> QueryResult<Check> {
    let late = queue.waiting(conn, now)?.overdue_seconds;
    let parked = queue.parked(conn)?.map(|ParkedRows { rows: count, since, last_error }| {
        let (since, reason) = (UnixMillis(since), last_error.unwrap_or_else(|| "none is stored".to_owned()));
        let given_up = counted(count, &format!("{row} was given up"), &format!("{rows} were given up"));
        format!("{given_up}, the first at {since}; the latest error: {reason}")
    });
    let failing = queue.failing(conn)?.map(|FailingRows { rows: count, last_error }| {
        let reason = last_error.unwrap_or_else(|| "none is stored".to_owned());
        let failed = counted(count, &format!("{row} failed, and is"), &format!("{rows} failed, and are"));
        format!("{failed} tried again for about ten minutes; the latest error: {reason}")
    });
    let told: Vec<_> = failing.into_iter().chain(parked).collect();
    Ok(match (late > LATE_SECONDS, (!told.is_empty()).then(|| told.join(". "))) {
        (false, None) => Check::ok(name, format!("no {rows} wait for long, and none were given up")),
        (false, Some(parked)) => Check::warning(name, parked, RESTART),
        (true, parked) => {
            let minutes = (late / 60.0).floor();
            let waits = format!("{rows} have been due for {minutes} minutes");
            match parked {
                None => Check::failed(name, waits, WAIT),
                Some(parked) => {
                    Check::failed(name, format!("{waits}. {parked}"), format!("{WAIT}. Of the others: {RESTART}"))
                }
            }
        }
    })
}
