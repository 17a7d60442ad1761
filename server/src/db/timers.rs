//! What falls due: a row for each kind and subject of a site.

use std::collections::{HashMap, HashSet};

use counterbell_shared::time::UnixMillis;
use diesel::prelude::*;

use super::connection::AnyConnection;
use super::schema::{sites, timers};

/// Deletes old entries of the journal.
pub const EXPIRE_JOURNAL: &str = "expire_journal";
/// Deletes messages that were delivered long ago.
pub const EXPIRE_MESSAGES: &str = "expire_messages";
/// Looks after the alert rules about touchpoints.
pub const WATCH_TOUCHPOINTS: &str = "watch_touchpoints";
/// How long after it was set the first look is, in ms: nobody hears of silence while they set up a server, or mend one.
const FIRST_LOOK_MS: i64 = 3_600_000;

/// What every site has, always.
pub const STANDING: [&str; 3] = [EXPIRE_JOURNAL, EXPIRE_MESSAGES, WATCH_TOUCHPOINTS];

/// A timer that is due.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
#[expect(missing_docs, reason = "the columns of migrations/")]
pub struct Timer {
    pub site_id: i64,
    pub kind: String,
    /// Empty when it is about the site itself.
    pub subject: Vec<u8>,
    pub due_at: i64,
    /// How often it failed in a row.
    pub attempts: i32,
}

/// Sets a timer that a site always has, due at once (to look at touchpoints: in an hour), unless it has it. The caller has locked the site.
///
/// # Errors
/// What the database says.
pub fn set_if_missing(conn: &mut AnyConnection, site_id: i64, kind: &str) -> QueryResult<()> {
    let subject: &[u8] = &[];
    let there = timers::table.find((site_id, kind, subject));
    if diesel::select(diesel::dsl::exists(there)).get_result(conn)? {
        return Ok(());
    }
    diesel::insert_into(timers::table)
        .values((
            timers::site_id.eq(site_id),
            timers::kind.eq(kind),
            timers::subject.eq(subject),
            // Not long ago: nobody is late with what was set just now.
            timers::due_at.eq(UnixMillis::now().0 + if kind == WATCH_TOUCHPOINTS { FIRST_LOOK_MS } else { 0 }),
            timers::attempts.eq(0),
        ))
        .execute(conn)?;
    Ok(())
}

/// What sites lack of [`STANDING`].
///
/// # Errors
/// What the database says.
pub fn missing(conn: &mut AnyConnection) -> QueryResult<Vec<(i64, &'static str)>> {
    let site_ids: Vec<i64> = sites::table.select(sites::id).order(sites::id).load(conn)?;
    let mut missing = Vec::new();
    for kind in STANDING {
        let set = timers::table.filter(timers::kind.eq(kind)).filter(timers::subject.eq(&[][..]));
        let set: HashSet<i64> = set.select(timers::site_id).load::<i64>(conn)?.into_iter().collect();
        missing.extend(site_ids.iter().filter(|site_id| !set.contains(site_id)).map(|site_id| (*site_id, kind)));
    }
    Ok(missing)
}

/// When a kind that every site has is due (Unix ms), by site key.
///
/// # Errors
/// What the database says.
pub fn due_times(conn: &mut AnyConnection, kind: &str) -> QueryResult<HashMap<String, i64>> {
    let of_sites = timers::table.inner_join(sites::table.on(sites::id.eq(timers::site_id)));
    let standing = of_sites.filter(timers::kind.eq(kind)).filter(timers::subject.eq(&[][..]));
    let due: Vec<(String, i64)> = standing.select((sites::site_key, timers::due_at)).load(conn)?;
    Ok(due.into_iter().collect())
}

/// Sets a timer to `at` (Unix ms), in the place of one of this kind and subject. The caller has locked the site.
///
/// # Errors
/// What the database says.
pub fn set(conn: &mut AnyConnection, site_id: i64, kind: &str, subject: &[u8], at: i64) -> QueryResult<()> {
    clear(conn, site_id, kind, subject)?;
    diesel::insert_into(timers::table)
        .values((
            timers::site_id.eq(site_id),
            timers::kind.eq(kind),
            timers::subject.eq(subject),
            timers::due_at.eq(at),
            timers::attempts.eq(0),
        ))
        .execute(conn)?;
    Ok(())
}

/// Takes a timer away, if it is set. The caller has locked the site.
///
/// # Errors
/// What the database says.
pub fn clear(conn: &mut AnyConnection, site_id: i64, kind: &str, subject: &[u8]) -> QueryResult<()> {
    diesel::delete(timers::table.find((site_id, kind, subject))).execute(conn).map(|_| ())
}

/// Up to `limit` timers of a site and these kinds that are due at `now` (Unix ms), the longest due first.
///
/// # Errors
/// What the database says.
pub fn due(
    conn: &mut AnyConnection,
    site_id: i64,
    kinds: &[&'static str],
    now: i64,
    limit: i64,
) -> QueryResult<Vec<Timer>> {
    timers::table
        .filter(timers::site_id.eq(site_id))
        .filter(timers::parked_at.is_null())
        .filter(timers::due_at.le(now))
        .filter(timers::kind.eq_any(kinds.to_vec()))
        .order(timers::due_at)
        .select((timers::site_id, timers::kind, timers::subject, timers::due_at, timers::attempts))
        .limit(limit)
        .load(conn)
}

impl Timer {
    /// Whether it is still set as it was read. The caller has locked the site.
    ///
    /// # Errors
    /// What the database says.
    pub fn is_set(&self, conn: &mut AnyConnection) -> QueryResult<bool> {
        diesel::select(diesel::dsl::exists(row(self))).get_result(conn)
    }

    /// It is done with.
    ///
    /// # Errors
    /// What the database says.
    pub fn clear(&self, conn: &mut AnyConnection) -> QueryResult<usize> {
        diesel::delete(row(self)).execute(conn)
    }

    /// Sets it to `at` (Unix ms).
    ///
    /// # Errors
    /// What the database says.
    pub fn set_to(&self, conn: &mut AnyConnection, at: i64) -> QueryResult<usize> {
        let next = (timers::due_at.eq(at), timers::attempts.eq(0), timers::last_error.eq(None::<String>));
        diesel::update(row(self)).set(next).execute(conn)
    }

    /// It failed by `error`, and is tried `again` (Unix ms), or no more, from `now` (Unix ms) on.
    ///
    /// # Errors
    /// What the database says.
    pub fn fail(&self, conn: &mut AnyConnection, error: &str, again: Option<i64>, now: i64) -> QueryResult<()> {
        let failed = (
            timers::attempts.eq(self.attempts + 1),
            timers::last_error.eq(error),
            timers::due_at.eq(again.unwrap_or(now)),
            timers::parked_at.eq(again.is_none().then_some(now)),
        );
        diesel::update(row(self)).set(failed).execute(conn).map(|_| ())
    }
}

#[diesel::dsl::auto_type(no_type_alias)]
fn row<'a>(timer: &'a Timer) -> _ {
    let site_id: i64 = timer.site_id;
    let kind: &'a str = &timer.kind;
    let subject: &'a [u8] = &timer.subject;
    let due_at: i64 = timer.due_at;
    timers::table
        .filter(timers::site_id.eq(site_id))
        .filter(timers::kind.eq(kind))
        .filter(timers::subject.eq(subject))
        .filter(timers::due_at.eq(due_at))
}
