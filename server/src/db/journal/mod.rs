//! The journal: what happened, site by site, in the order of the commits.
//!
//! Whoever changes anything of a site behind ingest first locks its counter ([`lock`]), then a response, then queues, messages
//! and timers. So a site's decisions come one at a time, on any number of servers, and the numbers of its journal have no gap.

mod event;

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use serde_json::json;

use super::connection::AnyConnection;
use super::schema::{journal, journal_epoch, site_counters};
use super::timers::WATCH_TOUCHPOINTS;
use super::{dialect, timers};

pub use event::{Event, case_subject};

/// The site id of what belongs to no site.
pub const NO_SITE: i64 = 0;

/// What the name of an API key begins with, as an actor.
const KEY: &str = "key/";

/// Who did something, and by which means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct By {
    actor: String,
    means: &'static str,
}

impl By {
    /// The program by itself.
    pub fn server() -> Self {
        Self { actor: "server".to_owned(), means: "server" }
    }

    /// Whoever may use the command line.
    pub fn operator() -> Self {
        Self { actor: "operator".to_owned(), means: "cli" }
    }

    /// Somebody who acts on a case, by these means.
    pub fn on_case(actor: String, means: &'static str) -> Self {
        Self { actor, means }
    }

    /// Whoever has the API key of this id.
    pub fn api_key(key_id: &str) -> Self {
        Self { actor: format!("{KEY}{key_id}"), means: "api" }
    }
}

/// An entry, in the columns of its table.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = journal)]
#[expect(missing_docs, reason = "the columns of migrations/")]
pub struct EntryRow {
    pub site_id: i64,
    pub seq: i64,
    pub at: i64,
    pub actor: String,
    pub means: String,
    pub kind: String,
    pub subject: String,
    pub data: String,
}

/// The counter of a site, which nobody else can lock until the transaction ends.
#[derive(Debug)]
#[must_use]
pub struct SiteLock {
    site_id: i64,
    seq: i64,
    /// The API key that somebody acts with.
    key: Option<String>,
}

/// Locks the counter of a site, [`NO_SITE`] included, before anything else of it is changed. Call in a transaction that
/// writes.
///
/// # Errors
/// What the database says.
pub fn lock(conn: &mut AnyConnection, site_id: i64) -> QueryResult<SiteLock> {
    let seq = match dialect::lock_counter(conn, site_id)? {
        Some(seq) => seq,
        None => {
            let seq = first_lock(conn, site_id)?;
            // What belongs to no site has no touchpoints.
            for kind in timers::STANDING.into_iter().filter(|kind| site_id != NO_SITE || *kind != WATCH_TOUCHPOINTS) {
                timers::set_if_missing(conn, site_id, kind)?;
            }
            seq
        }
    };
    Ok(SiteLock { site_id, seq, key: None })
}

#[derive(QueryableByName)]
struct Seq {
    #[diesel(sql_type = BigInt)]
    seq: i64,
}

/// Two may come to a new site at the same time: one makes the row, the other waits for it.
fn first_lock(conn: &mut AnyConnection, site_id: i64) -> QueryResult<i64> {
    let made = diesel::sql_query(
        "INSERT INTO site_counters (site_id, journal_seq, journal_oldest) VALUES ($1, 0, 1) \
         ON CONFLICT (site_id) DO UPDATE SET journal_seq = site_counters.journal_seq RETURNING journal_seq AS seq",
    );
    Ok(made.bind::<BigInt, _>(site_id).get_result::<Seq>(conn)?.seq)
}

impl SiteLock {
    /// The site.
    pub fn site_id(&self) -> i64 {
        self.site_id
    }

    /// What people do from now on is written down with the API key that they did it with, if `by` is one.
    pub fn with_key(self, by: &By) -> Self {
        Self { key: by.actor.strip_prefix(KEY).map(str::to_owned), ..self }
    }

    /// Writes down what `by` did at `at` (Unix ms), in this order.
    ///
    /// # Errors
    /// What the database says.
    pub fn append(&mut self, conn: &mut AnyConnection, by: &By, at: i64, events: &[Event]) -> QueryResult<()> {
        if events.is_empty() {
            return Ok(());
        }
        let row = |(seq, event): (i64, &Event)| {
            let (kind, subject, mut data) = event.parts();
            if let Some(key) = self.key.as_ref().filter(|_| !by.actor.starts_with(KEY)) {
                data["key"] = json!(key);
            }
            EntryRow {
                site_id: self.site_id,
                seq,
                at,
                actor: by.actor.clone(),
                means: by.means.to_owned(),
                kind: kind.to_owned(),
                subject,
                data: data.to_string(),
            }
        };
        let rows: Vec<_> = (self.seq + 1..).zip(events).map(row).collect();
        dialect::insert_journal(conn, &rows)?;
        self.seq += rows.len() as i64;
        let counter = site_counters::table.find(self.site_id);
        diesel::update(counter).set(site_counters::journal_seq.eq(self.seq)).execute(conn)?;
        Ok(())
    }
}

/// What the journal of a site says of a subject, in its order: up to `limit` entries behind `after`.
///
/// # Errors
/// What the database says.
pub fn of_subject(
    conn: &mut AnyConnection,
    site_id: i64,
    subject: &str,
    after: i64,
    limit: i64,
) -> QueryResult<Vec<EntryRow>> {
    journal::table
        .filter(journal::site_id.eq(site_id))
        .filter(journal::subject.eq(subject))
        .filter(journal::seq.gt(after))
        .order(journal::seq)
        .limit(limit)
        .load(conn)
}

/// Whether this has happened to what it is about, as far as the journal reaches.
///
/// # Errors
/// What the database says.
pub fn has_happened(conn: &mut AnyConnection, site_id: i64, event: &Event) -> QueryResult<bool> {
    let (kind, subject, _) = event.parts();
    let entries = journal::table
        .filter(journal::site_id.eq(site_id))
        .filter(journal::subject.eq(subject))
        .filter(journal::kind.eq(kind));
    diesel::select(diesel::dsl::exists(entries)).get_result(conn)
}

/// Whether nobody but the server has done anything with a subject, as far as the journal reaches.
///
/// # Errors
/// What the database says.
pub fn is_untouched(conn: &mut AnyConnection, site_id: i64, subject: &str) -> QueryResult<bool> {
    let by_others = journal::table
        .filter(journal::site_id.eq(site_id))
        .filter(journal::subject.eq(subject))
        .filter(journal::actor.ne(By::server().actor));
    Ok(!diesel::select(diesel::dsl::exists(by_others)).get_result::<bool>(conn)?)
}

/// Deletes up to `limit` entries of a site's journal that were written before `before` (Unix ms), the oldest first; how many.
/// Which is the oldest that is left stays known. The caller has locked the site.
///
/// # Errors
/// What the database says.
pub fn expire(conn: &mut AnyConnection, site_id: i64, before: i64, limit: i64) -> QueryResult<usize> {
    let oldest: Vec<(i64, i64)> = journal::table
        .filter(journal::site_id.eq(site_id))
        .order(journal::seq)
        .select((journal::seq, journal::at))
        .limit(limit)
        .load(conn)?;
    let Some((last, _)) = oldest.into_iter().take_while(|(_, at)| *at < before).last() else { return Ok(0) };
    let counter = site_counters::table.find(site_id);
    diesel::update(counter).set(site_counters::journal_oldest.eq(last + 1)).execute(conn)?;
    diesel::delete(journal::table.filter(journal::site_id.eq(site_id)).filter(journal::seq.le(last))).execute(conn)
}

/// Positions in the journals that somebody has kept count no more: call after a database was restored or copied, at `now`
/// (Unix ms).
///
/// # Errors
/// What the database says.
pub fn begin_epoch(conn: &mut AnyConnection, now: i64) -> QueryResult<()> {
    let last: Option<i64> = journal_epoch::table.select(diesel::dsl::max(journal_epoch::epoch)).first(conn)?;
    // A clock that was set back must not bring an old epoch back.
    let epoch = last.map_or(now, |last| now.max(last.saturating_add(1)));
    diesel::delete(journal_epoch::table).execute(conn)?;
    diesel::insert_into(journal_epoch::table).values(journal_epoch::epoch.eq(epoch)).execute(conn)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::dialect::write_transaction;
    use crate::db::migrations;
    use crate::db::test_database::TestDatabase;

    fn entries(conn: &mut AnyConnection, site_id: i64) -> Vec<EntryRow> {
        journal::table.filter(journal::site_id.eq(site_id)).order(journal::seq).load(conn).unwrap()
    }

    fn theme_changed(conn: &mut AnyConnection, site_id: i64, by: &By, at: i64) -> QueryResult<()> {
        let changed = [Event::ThemeChanged { cleared: false }, Event::WordsChanged { cleared: true }];
        lock(conn, site_id)?.append(conn, by, at, &changed)
    }

    #[test]
    fn entries_say_who_did_what_when_and_by_which_means() {
        for database in TestDatabase::of_each_kind() {
            let mut conn = migrations::open_up_to_date(&database.url).unwrap();

            write_transaction(&mut conn, |conn| theme_changed(conn, 7, &By::api_key("k1"), 1_000)).unwrap();

            let entry = |seq, kind: &str, cleared: bool| EntryRow {
                site_id: 7,
                seq,
                at: 1_000,
                actor: "key/k1".to_owned(),
                means: "api".to_owned(),
                kind: format!("{kind}.changed"),
                subject: kind.to_owned(),
                data: json!({ "cleared": cleared }).to_string(),
            };
            assert_eq!(entries(&mut conn, 7), [entry(1, "theme", false), entry(2, "words", true)]);
        }
    }

    /// Half of all transactions are taken back, as many at a time as there are connections.
    #[test]
    fn numbers_have_no_gap_and_follow_the_order_of_the_commits() {
        for database in TestDatabase::of_each_kind() {
            drop(migrations::open_up_to_date(&database.url).unwrap());
            std::thread::scope(|scope| {
                for worker in 0..4 {
                    let url = &database.url;
                    scope.spawn(move || {
                        let mut conn = crate::db::open(url).unwrap();
                        for turn in 0..20 {
                            let _ = write_transaction(&mut conn, |conn| {
                                theme_changed(conn, 7, &By::server(), worker)?;
                                if turn % 2 == 0 { Err(diesel::result::Error::RollbackTransaction) } else { Ok(()) }
                            });
                        }
                    });
                }
            });
            let mut conn = crate::db::open(&database.url).unwrap();
            let numbers: Vec<_> = entries(&mut conn, 7).iter().map(|entry| entry.seq).collect();
            assert_eq!(numbers, (1..=80).collect::<Vec<_>>());
        }
    }

    #[test]
    fn epoch_never_comes_again() {
        for database in TestDatabase::of_each_kind() {
            let mut conn = migrations::open_up_to_date(&database.url).unwrap();
            let epoch = |conn: &mut AnyConnection| journal_epoch::table.select(journal_epoch::epoch).load::<i64>(conn);
            let first = epoch(&mut conn).unwrap()[0];

            begin_epoch(&mut conn, first - 1_000).unwrap();
            assert_eq!(epoch(&mut conn).unwrap(), [first + 1]);

            begin_epoch(&mut conn, first + 1_000).unwrap();
            assert_eq!(epoch(&mut conn).unwrap(), [first + 1_000]);
        }
    }
}
