//! Queues of what falls due, taken round the sites: no site waits for all that another one has queued.
//!
//! Each is a table with `site_id` and `due_at` (Unix ms), and an index by both over the rows that are open. Work that fails is
//! tried again after a pause ([`next_try`]); a row that failed ten times is parked, and shown.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use super::connection::AnyConnection;

/// A queue: a table, and which of its rows are open.
#[derive(Clone, Debug)]
pub struct Queue {
    table: &'static str,
    /// What the index is over, written out: only so do the databases see that it serves.
    open: String,
    /// Which of the open ones this program can work on.
    known: Option<String>,
    /// Whether a row that failed is due anew after the pauses of [`next_try`].
    pauses: bool,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// How much waits in a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Waiting {
    /// Rows that are open.
    pub open: i64,
    /// Those of them that failed, and are tried again. 0 of messages: they say so themselves.
    pub failing: i64,
    /// For how long the longest due of them has been due, in seconds; 0 when none is. A row that failed has been due since it
    /// was for the first time, a message since its next attempt was.
    pub overdue_seconds: f64,
}

impl Queue {
    /// Responses that wait for triage.
    pub fn triage() -> Self {
        Self { table: "triage_queue", open: "parked_at IS NULL".to_owned(), known: None, pauses: true }
    }

    /// Timers of these kinds; of every kind when none is named.
    pub fn timers(kinds: &[&str]) -> Self {
        let known = (!kinds.is_empty()).then(|| format!("kind IN ('{}')", kinds.join("', '")));
        Self { table: "timers", open: "parked_at IS NULL".to_owned(), known, pauses: true }
    }

    /// Messages of a lane. Of other kinds than these none is taken: a newer program may have stored them.
    pub fn lane(lane: &str, kinds: &[&str]) -> Self {
        Self {
            table: "outbox",
            open: format!("state = 'pending' AND lane = '{lane}'"),
            known: Some(format!("kind IN ('{}')", kinds.join("', '"))),
            pauses: false,
        }
    }

    /// Messages of every lane and kind.
    pub fn every_lane() -> Self {
        Self { table: "outbox", open: "state = 'pending'".to_owned(), known: None, pauses: false }
    }

    /// Its rows that are open, and can be worked on, as an SQL condition.
    pub fn condition(&self) -> String {
        match &self.known {
            Some(known) => format!("{} AND {known}", self.open),
            None => self.open.clone(),
        }
    }

    /// Up to `limit` sites of which something is due at `now` (Unix ms): the next ones after `after`, and round to it again.
    ///
    /// # Errors
    /// What the database says.
    pub fn due_sites(&self, conn: &mut AnyConnection, now: i64, after: i64, limit: usize) -> QueryResult<Vec<i64>> {
        let mut due = Vec::new();
        // Site by site: a query for all of them would read every row of the first to find the second.
        for (mut last, end) in [(after, i64::MAX), (i64::MIN, after)] {
            while due.len() < limit
                && let Some(site_id) = self.next_site(conn, last, end)?
            {
                last = site_id;
                if self.first_due(conn, site_id)?.is_some_and(|at| at <= now) {
                    due.push(site_id);
                }
            }
        }
        Ok(due)
    }

    /// The first site with open rows after `last`, up to `end`.
    fn next_site(&self, conn: &mut AnyConnection, last: i64, end: i64) -> QueryResult<Option<i64>> {
        let (table, open) = (self.table, &self.open);
        let query = format!(
            "SELECT site_id AS n FROM {table} WHERE {open} AND site_id > $1 AND site_id <= $2 ORDER BY site_id LIMIT 1"
        );
        let found = diesel::sql_query(query).bind::<BigInt, _>(last).bind::<BigInt, _>(end).get_result::<Number>(conn);
        Ok(found.optional()?.map(|number| number.n))
    }

    /// When the next row of a site is due (Unix ms).
    fn first_due(&self, conn: &mut AnyConnection, site_id: i64) -> QueryResult<Option<i64>> {
        let (table, condition) = (self.table, self.condition());
        let query =
            format!("SELECT due_at AS n FROM {table} WHERE {condition} AND site_id = $1 ORDER BY due_at LIMIT 1");
        let found = diesel::sql_query(query).bind::<BigInt, _>(site_id).get_result::<Number>(conn);
        Ok(found.optional()?.map(|number| number.n))
    }

    /// Whether a row failed (1 or NULL), and when it was due for the first time (Unix ms), as SQL terms. Of messages, of which
    /// there can be very many, the index alone tells.
    fn failed_and_first_due(&self) -> [String; 2] {
        if !self.pauses {
            return ["NULL".to_owned(), "due_at".to_owned()];
        }
        let paused_ms = PAUSES_S.iter().scan(0, |sum, pause| {
            *sum += pause * 1_000;
            Some(*sum)
        });
        let cases: String = (1..).zip(paused_ms).map(|(failures, ms)| format!(" WHEN {failures} THEN {ms}")).collect();
        ["CASE WHEN attempts > 0 THEN 1 END".to_owned(), format!("due_at - CASE attempts{cases} ELSE 0 END")]
    }

    /// How much waits at `now` (Unix ms).
    ///
    /// # Errors
    /// What the database says.
    pub fn waiting(&self, conn: &mut AnyConnection, now: i64) -> QueryResult<Waiting> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = BigInt)]
            open: i64,
            #[diesel(sql_type = BigInt)]
            failing: i64,
            #[diesel(sql_type = BigInt)]
            oldest: i64,
        }

        let (table, condition, [failed, first_due]) = (self.table, self.condition(), self.failed_and_first_due());
        let query = format!(
            "SELECT count(*) AS open, count({failed}) AS failing, COALESCE(min({first_due}), $1) AS oldest \
             FROM {table} WHERE {condition}"
        );
        let Row { open, failing, oldest } = diesel::sql_query(query).bind::<BigInt, _>(now).get_result(conn)?;
        Ok(Waiting { open, failing, overdue_seconds: now.saturating_sub(oldest).max(0) as f64 / 1_000.0 })
    }

    /// Every site with open rows.
    ///
    /// # Errors
    /// What the database says.
    pub fn open_sites(&self, conn: &mut AnyConnection) -> QueryResult<Vec<i64>> {
        let mut sites = Vec::new();
        while let Some(site_id) = self.next_site(conn, sites.last().copied().unwrap_or(i64::MIN), i64::MAX)? {
            sites.push(site_id);
        }
        Ok(sites)
    }

    /// Makes due at `now` (Unix ms) what of a site is further ahead than `longest_ms`, which it cannot be unless the clock was
    /// set back. How many rows.
    ///
    /// # Errors
    /// What the database says.
    pub fn bring_forward(
        &self,
        conn: &mut AnyConnection,
        site_id: i64,
        now: i64,
        longest_ms: i64,
    ) -> QueryResult<usize> {
        let (table, open) = (self.table, &self.open);
        let move_up = format!("UPDATE {table} SET due_at = $1 WHERE site_id = $2 AND {open} AND due_at > $3");
        diesel::sql_query(move_up)
            .bind::<BigInt, _>(now)
            .bind::<BigInt, _>(site_id)
            .bind::<BigInt, _>(now + longest_ms)
            .execute(conn)
    }

    /// Sites with rows that were parked. Not for messages: those wait for somebody.
    ///
    /// # Errors
    /// What the database says.
    pub fn parked_sites(&self, conn: &mut AnyConnection) -> QueryResult<Vec<i64>> {
        let query = format!("SELECT DISTINCT site_id AS n FROM {} WHERE parked_at IS NOT NULL", self.table);
        Ok(diesel::sql_query(query).load::<Number>(conn)?.into_iter().map(|number| number.n).collect())
    }

    /// Has rows of a site that were parked tried once more, at `now` (Unix ms): a new version may do better. How many.
    ///
    /// # Errors
    /// What the database says.
    pub fn try_parked_again(&self, conn: &mut AnyConnection, site_id: i64, now: i64) -> QueryResult<usize> {
        let again = format!(
            "UPDATE {} SET parked_at = NULL, attempts = 0, due_at = $1 WHERE site_id = $2 AND parked_at IS NOT NULL",
            self.table
        );
        diesel::sql_query(again).bind::<BigInt, _>(now).bind::<BigInt, _>(site_id).execute(conn)
    }

    /// The rows that failed and are tried again; `None` when there are none. Not for messages: those say so themselves.
    ///
    /// # Errors
    /// What the database says.
    pub fn failing(&self, conn: &mut AnyConnection) -> QueryResult<Option<FailingRows>> {
        let condition = self.condition();
        let query = format!(
            "SELECT count(*) AS rows, \
             (SELECT last_error FROM {0} WHERE {condition} AND attempts > 0 ORDER BY attempts DESC LIMIT 1) AS last_error \
             FROM {0} WHERE {condition} AND attempts > 0",
            self.table
        );
        let failing: FailingRows = diesel::sql_query(query).get_result(conn)?;
        Ok((failing.rows > 0).then_some(failing))
    }

    /// The rows that were parked; `None` when there are none.
    ///
    /// # Errors
    /// What the database says.
    pub fn parked(&self, conn: &mut AnyConnection) -> QueryResult<Option<ParkedRows>> {
        let query = format!(
            "SELECT count(*) AS rows, COALESCE(min(parked_at), 0) AS since, \
             (SELECT last_error FROM {0} WHERE parked_at IS NOT NULL ORDER BY parked_at DESC LIMIT 1) AS last_error \
             FROM {0} WHERE parked_at IS NOT NULL",
            self.table
        );
        let parked: ParkedRows = diesel::sql_query(query).get_result(conn)?;
        Ok((parked.rows > 0).then_some(parked))
    }
}

/// Rows of a queue that failed, and are tried again after a pause.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct FailingRows {
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub rows: i64,
    /// Why the one did that was tried most often.
    #[diesel(sql_type = Nullable<Text>)]
    pub last_error: Option<String>,
}

/// Rows of a queue that failed too often.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct ParkedRows {
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub rows: i64,
    /// When the first of them was parked (Unix ms).
    #[diesel(sql_type = BigInt)]
    pub since: i64,
    /// Why the latest of them was.
    #[diesel(sql_type = Nullable<Text>)]
    pub last_error: Option<String>,
}

/// Pauses after the first failure, the second and so on, in seconds: about ten minutes in all. After the tenth the row is
/// parked.
const PAUSES_S: [i64; 9] = [1, 2, 5, 10, 30, 60, 120, 180, 240];

/// Longest pause after a failure, in ms.
pub const LONGEST_PAUSE_MS: i64 = PAUSES_S[PAUSES_S.len() - 1] * 1_000;

/// When to try again (Unix ms) after `failures`; `None` after the tenth.
pub fn next_try(failures: i32, now: i64) -> Option<i64> {
    let made = usize::try_from(failures).ok()?;
    Some(now + PAUSES_S.get(made.checked_sub(1)?)? * 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tenth_failure_is_the_last() {
        let tries: Vec<_> = (1..).map_while(|failures| next_try(failures, 0)).collect();
        assert_eq!(tries.len(), 9);
        assert!(tries.is_sorted());
        assert_eq!(tries.last(), Some(&LONGEST_PAUSE_MS));
        assert_eq!(next_try(0, 0), None);
    }
}
