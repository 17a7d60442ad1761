//! Messages that a server holds while it sends them, and what it writes down of them.

use diesel::prelude::*;

use super::connection::AnyConnection;
use super::due::Queue;
use super::journal::{self, By, Event};
use super::outbox::{AttemptRow, OutboxRow, OutboxState};
use super::schema::{attempts, outbox};
use super::{dialect, journal::SiteLock, tables};

/// What became of one delivery attempt.
#[derive(Clone, Debug)]
pub enum Attempt {
    /// The receiving server took it.
    Delivered,
    /// It failed; try again at this time (Unix ms).
    Retry {
        /// What the other side said, without addresses.
        error: String,
        /// When.
        at: i64,
    },
    /// It was not tried after all, through a fault on our side; to be tried at this time (Unix ms). It counts as no attempt.
    NotTried {
        /// When.
        at: i64,
    },
    /// It failed for the last time.
    Parked {
        /// What the other side said, without addresses.
        error: String,
    },
    /// It was not tried: what the message was to tell of is over. It goes, with its tries.
    Withdrawn,
}

/// A message that this server alone may deliver, until its lease ends.
///
/// The row shows whose it is by its number of attempts and by when the lease ends. What a server writes after another
/// one leased the message changes nothing.
#[derive(Clone, Debug)]
pub struct Lease {
    /// The message, as it was leased.
    pub message: OutboxRow,
    since: i64,
    until: i64,
    /// The end of a renewal that was asked for, when it is not known whether it was committed.
    asked: Option<i64>,
}

impl Lease {
    /// The lease of a message that was just leased, at `since` (Unix ms).
    fn new(message: OutboxRow, since: i64) -> Self {
        Self { since, until: message.due_at, asked: None, message }
    }

    /// When it ends at the earliest (Unix ms).
    pub fn until(&self) -> i64 {
        self.until
    }

    /// It was renewed until `until` (Unix ms).
    pub fn renewed(&mut self, until: i64) {
        (self.until, self.asked) = (self.asked.unwrap_or(until), None);
    }

    /// It was to be renewed until `until` (Unix ms), and may have been.
    pub fn may_be_renewed(&mut self, until: i64) {
        self.asked.get_or_insert(until);
    }

    /// Moves its end to `until` (Unix ms), or to where it may stand already; whether it was still held.
    fn renew(&self, conn: &mut AnyConnection, until: i64) -> QueryResult<bool> {
        let renewed = diesel::update(held(self)).set(outbox::due_at.eq(self.asked.unwrap_or(until)));
        Ok(renewed.execute(conn)? > 0)
    }

    /// Writes down what became of the attempt; whether the lease was still held. If not, nothing is written.
    fn mark(&self, conn: &mut AnyConnection, site: &mut SiteLock, attempt: &Attempt, now: i64) -> QueryResult<bool> {
        use outbox::dsl;

        let held = held(self);
        let marked = match attempt {
            Attempt::Delivered => diesel::update(held)
                .set((
                    dsl::state.eq(OutboxState::Delivered.as_str()),
                    dsl::leased.eq(false),
                    dsl::finished_at.eq(Some(now)),
                ))
                .execute(conn)?,
            Attempt::Retry { error, at } => diesel::update(held)
                .set((dsl::leased.eq(false), dsl::last_error.eq(error), dsl::due_at.eq(*at)))
                .execute(conn)?,
            Attempt::NotTried { at } => diesel::update(held)
                .set((dsl::leased.eq(false), dsl::attempts.eq(self.message.attempts - 1), dsl::due_at.eq(*at)))
                .execute(conn)?,
            Attempt::Parked { error } => diesel::update(held)
                .set((
                    dsl::state.eq(OutboxState::Parked.as_str()),
                    dsl::leased.eq(false),
                    dsl::last_error.eq(error),
                    dsl::finished_at.eq(Some(now)),
                ))
                .execute(conn)?,
            Attempt::Withdrawn => diesel::delete(held).execute(conn)?,
        };
        if marked > 0 {
            self.write_down(conn, site, attempt, now)?;
        }
        Ok(marked > 0)
    }

    fn write_down(
        &self,
        conn: &mut AnyConnection,
        site: &mut SiteLock,
        attempt: &Attempt,
        now: i64,
    ) -> QueryResult<()> {
        let OutboxRow { site_id, message_id, attempts: number, .. } = &self.message;
        let (outcome, error) = match attempt {
            Attempt::Withdrawn => {
                tables::delete_messages(conn, *site_id, std::slice::from_ref(message_id))?;
                let withdrawn = self.message.id().map(|message_id| Event::MessageWithdrawn { message_id });
                return site.append(conn, &By::server(), now, withdrawn.as_slice());
            }
            Attempt::Delivered => ("delivered", None),
            Attempt::Retry { error, .. } => ("retry", Some(error.clone())),
            Attempt::Parked { error } => ("parked", Some(error.clone())),
            Attempt::NotTried { .. } => return Ok(()),
        };
        let row = AttemptRow {
            site_id: *site_id,
            message_id: message_id.clone(),
            attempt: *number,
            started_at: self.since,
            finished_at: now,
            outcome: outcome.to_owned(),
            error,
        };
        diesel::insert_into(attempts::table).values(&row).execute(conn)?;
        let Some(message_id) = self.message.id() else { return Ok(()) };
        let ended = match attempt {
            Attempt::Delivered => Event::MessageDelivered { message_id, attempt: *number },
            Attempt::Parked { .. } => Event::MessageParked { message_id, attempt: *number },
            Attempt::Retry { .. } | Attempt::NotTried { .. } | Attempt::Withdrawn => return Ok(()),
        };
        site.append(conn, &By::server(), now, &[ended])
    }
}

/// The row of a lease that is still held.
#[diesel::dsl::auto_type(no_type_alias)]
fn held<'a>(lease: &'a Lease) -> _ {
    let site_id: i64 = lease.message.site_id;
    let message_id: &'a [u8] = &lease.message.message_id;
    let attempts: i32 = lease.message.attempts;
    let until: i64 = lease.until;
    let asked: i64 = lease.asked.unwrap_or(lease.until);
    let pending: &'static str = OutboxState::Pending.as_str();
    outbox::table
        .filter(outbox::site_id.eq(site_id))
        .filter(outbox::message_id.eq(message_id))
        .filter(outbox::state.eq(pending))
        .filter(outbox::attempts.eq(attempts))
        .filter(outbox::due_at.eq(until).or(outbox::due_at.eq(asked)))
}

/// What a server has to write down of the messages of one site, and how many more it can take.
#[derive(Clone, Debug, Default)]
pub struct SiteWork {
    /// The site.
    pub site_id: i64,
    /// Messages that were tried, and what became of them.
    pub tried: Vec<(Lease, Attempt)>,
    /// Leases that end soon.
    pub renewals: Vec<Lease>,
    /// How many to lease.
    pub wanted: usize,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct SiteDone {
    /// For each message that was tried, whether it was marked.
    pub marked: Vec<bool>,
    /// For each lease to renew, whether it was still held.
    pub renewed: Vec<bool>,
    /// What was leased.
    pub leased: Vec<Lease>,
}

impl SiteWork {
    /// Marks, renews and leases, until `until` (Unix ms). Call in a transaction that writes.
    ///
    /// # Errors
    /// What the database says.
    pub fn exchange(&self, conn: &mut AnyConnection, queue: &Queue, now: i64, until: i64) -> QueryResult<SiteDone> {
        let mut done = SiteDone { marked: Vec::new(), renewed: Vec::new(), leased: Vec::new() };
        if !self.tried.is_empty() || !self.renewals.is_empty() {
            let mut site = journal::lock(conn, self.site_id)?;
            for (lease, attempt) in &self.tried {
                done.marked.push(lease.mark(conn, &mut site, attempt, now)?);
            }
            for lease in &self.renewals {
                done.renewed.push(lease.renew(conn, until)?);
            }
        }
        if self.wanted > 0 {
            let leased = dialect::lease_due(conn, queue, self.site_id, now, until, self.wanted)?;
            done.leased = leased.into_iter().map(|message| Lease::new(message, now)).collect();
        }
        Ok(done)
    }
}

#[cfg(test)]
mod tests {
    use counterbell_shared::time::UnixMillis;
    use serde_json::json;

    use super::*;
    use crate::db::dialect::write_transaction;
    use crate::db::outbox::{About, NewOutboxRow, Subject, insert};
    use crate::db::schema::journal;
    use crate::db::test_database::TestDatabase;
    use crate::db::{migrations, outbox as messages};
    use crate::ids::new_id;

    const SITE: i64 = 7;
    const NOW: i64 = 1_800_000_000_000;

    fn exchange(conn: &mut AnyConnection, tried: Vec<(Lease, Attempt)>, wanted: usize) -> SiteDone {
        let work = SiteWork { site_id: SITE, tried, renewals: Vec::new(), wanted };
        let queue = Queue::lane("mail", &["alert_mail"]);
        write_transaction(conn, |conn| work.exchange(conn, &queue, NOW, NOW + 60_000)).unwrap()
    }

    #[test]
    fn message_that_nobody_wants_any_more_goes_with_its_tries_and_the_journal_says_so() {
        for database in TestDatabase::of_each_kind() {
            let mut conn = migrations::open_up_to_date(&database.url).unwrap();
            let message_id = new_id(UnixMillis(NOW));
            let payload = json!({});
            let about = About {
                kind: "alert_mail",
                lane: "mail",
                destination: "ann@shop.example",
                subject: Subject::Response([1; 16]),
                person_id: 1,
                payload: &payload,
                due_at: NOW,
            };
            insert(&mut conn, &[NewOutboxRow::new(SITE, message_id, &about, NOW)]).unwrap();
            let first = exchange(&mut conn, Vec::new(), 1).leased.remove(0);
            let refused = Attempt::Retry { error: "451 later".to_owned(), at: NOW };
            let second = exchange(&mut conn, vec![(first.clone(), refused)], 1).leased.remove(0);

            let marked = exchange(&mut conn, vec![(first, Attempt::Withdrawn), (second, Attempt::Withdrawn)], 1);

            assert_eq!(marked.marked, [false, true], "only whoever holds the lease may withdraw");
            assert!(marked.leased.is_empty());
            assert!(!messages::is_stored(&mut conn, SITE, message_id.as_bytes()).unwrap());
            assert_eq!(messages::attempts(&mut conn, SITE, message_id.as_bytes()).unwrap(), []);
            let entries = journal::table.select((journal::kind, journal::subject)).load::<(String, String)>(&mut conn);
            assert_eq!(entries.unwrap(), [("message.withdrawn".to_owned(), format!("message/{message_id}"))]);
        }
    }
}
