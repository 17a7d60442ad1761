//! Messages that were given up.

use diesel::dsl::{count_star, min, sql};
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::connection::AnyConnection;
use super::schema::outbox;

/// Messages that were given up, of all sites.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parked {
    /// How many.
    pub messages: i64,
    /// When the first of them was parked (Unix ms).
    pub since: i64,
    /// Why the latest of them was.
    pub last_error: Option<String>,
}

impl Parked {
    /// `None` when there are none.
    ///
    /// # Errors
    /// What the database says.
    pub fn load(conn: &mut AnyConnection) -> QueryResult<Option<Self>> {
        use outbox::dsl;

        // Written out, not bound: only so does SQLite see that the index of parked messages serves.
        let parked = || outbox::table.filter(sql::<Bool>("state = 'parked'"));
        let (messages, since): (_, Option<i64>) = parked().select((count_star(), min(dsl::finished_at))).first(conn)?;
        let Some(since) = since else { return Ok(None) };
        let latest = parked().order(dsl::finished_at.desc()).select(dsl::last_error).first(conn).optional()?;
        Ok(Some(Self { messages, since, last_error: latest.flatten() }))
    }
}
