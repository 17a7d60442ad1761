//! Cases as they are stored: their rows, responses, and what staff wrote on them.

use counterbell_shared::ResponseId;
use diesel::prelude::*;

use super::connection::AnyConnection;
use super::journal::SiteLock;
use super::responses::id_from_column;
use super::schema::{case_notes, case_responses, cases, root_causes, site_counters};
pub use super::tables::{CaseRow, NoteRow};

/// What a message about a case has as its kind of subject.
pub const SUBJECT_CASE: &str = "case";

impl CaseRow {
    /// The case of this number.
    ///
    /// # Errors
    /// What the database says.
    pub fn find(conn: &mut AnyConnection, site_id: i64, number: i64) -> QueryResult<Option<Self>> {
        let of_site = cases::table.filter(cases::site_id.eq(site_id));
        of_site.filter(cases::number.eq(number)).select(Self::as_select()).first(conn).optional()
    }

    /// The case of this id.
    ///
    /// # Errors
    /// What the database says.
    pub fn find_by_id(conn: &mut AnyConnection, site_id: i64, case_id: &[u8]) -> QueryResult<Option<Self>> {
        cases::table.find((site_id, case_id)).select(Self::as_select()).first(conn).optional()
    }

    /// The case that a response belongs to.
    ///
    /// # Errors
    /// What the database says.
    pub fn of_response(conn: &mut AnyConnection, site_id: i64, response_id: &[u8]) -> QueryResult<Option<Self>> {
        let row = case_responses::table.find((site_id, response_id)).select(case_responses::case_id);
        let case_id: Option<Vec<u8>> = row.first(conn).optional()?;
        case_id.map_or(Ok(None), |case_id| Self::find_by_id(conn, site_id, &case_id))
    }

    /// Stores a case that is new. The caller has locked the site.
    ///
    /// # Errors
    /// What the database says.
    pub fn insert(&self, conn: &mut AnyConnection) -> QueryResult<()> {
        diesel::insert_into(cases::table).values(self).execute(conn).map(|_| ())
    }

    /// Stores what became of it. The caller has locked the site.
    ///
    /// # Errors
    /// What the database says.
    pub fn update(&self, conn: &mut AnyConnection) -> QueryResult<()> {
        let row = cases::table.find((self.site_id, self.case_id.as_slice()));
        diesel::update(row).set(self).execute(conn).map(|_| ())
    }
}

/// The number of the next case of a site, which is never given again.
///
/// # Errors
/// What the database says.
pub fn next_number(conn: &mut AnyConnection, site: &SiteLock) -> QueryResult<i64> {
    diesel::update(site_counters::table.find(site.site_id()))
        .set(site_counters::case_number.eq(site_counters::case_number + 1))
        .returning(site_counters::case_number)
        .get_result(conn)
}

/// Puts a response in a case, at `now` (Unix ms), unless it is in one. The caller has locked the site.
///
/// # Errors
/// What the database says.
pub fn add_response(
    conn: &mut AnyConnection,
    site_id: i64,
    case_id: &[u8],
    response_id: &[u8],
    now: i64,
) -> QueryResult<()> {
    let row = (
        case_responses::site_id.eq(site_id),
        case_responses::response_id.eq(response_id),
        case_responses::case_id.eq(case_id),
        case_responses::joined_at.eq(now),
    );
    diesel::insert_into(case_responses::table).values(row).execute(conn).map(|_| ())
}

/// Moves a response to another case. The caller has locked the site.
///
/// # Errors
/// What the database says.
pub fn move_response(conn: &mut AnyConnection, site_id: i64, response_id: &[u8], to: &[u8]) -> QueryResult<()> {
    let row = case_responses::table.find((site_id, response_id));
    diesel::update(row).set(case_responses::case_id.eq(to)).execute(conn).map(|_| ())
}

/// Moves every response of a case to another one; how many. The caller has locked the site.
///
/// # Errors
/// What the database says.
pub fn move_responses(conn: &mut AnyConnection, site_id: i64, from: &[u8], to: &[u8]) -> QueryResult<i64> {
    let all =
        case_responses::table.filter(case_responses::site_id.eq(site_id)).filter(case_responses::case_id.eq(from));
    let moved = diesel::update(all).set(case_responses::case_id.eq(to)).execute(conn)?;
    Ok(i64::try_from(moved).unwrap_or(i64::MAX))
}

/// Ids of the responses of a case that are still stored, in the order in which they came to it, each with when (Unix ms).
///
/// # Errors
/// What the database says.
pub fn responses(conn: &mut AnyConnection, site_id: i64, case_id: &[u8]) -> QueryResult<Vec<(Vec<u8>, i64)>> {
    case_responses::table
        .filter(case_responses::site_id.eq(site_id))
        .filter(case_responses::case_id.eq(case_id))
        .order((case_responses::joined_at, case_responses::response_id))
        .select((case_responses::response_id, case_responses::joined_at))
        .load(conn)
}

impl NoteRow {
    /// The id. `None` only if the column holds something else than 16 bytes.
    pub fn id(&self) -> Option<ResponseId> {
        id_from_column(&self.note_id)
    }

    /// Stores a note, unless one of this id is stored; whether it was new. The caller has locked the site.
    ///
    /// # Errors
    /// What the database says.
    pub fn insert(&self, conn: &mut AnyConnection) -> QueryResult<bool> {
        let there = case_notes::table.find((self.site_id, self.note_id.as_slice()));
        if diesel::select(diesel::dsl::exists(there)).get_result(conn)? {
            return Ok(false);
        }
        diesel::insert_into(case_notes::table).values(self).execute(conn).map(|_| true)
    }

    /// Those of a case, in their order.
    ///
    /// # Errors
    /// What the database says.
    pub fn of_case(conn: &mut AnyConnection, site_id: i64, case_id: &[u8]) -> QueryResult<Vec<Self>> {
        case_notes::table
            .filter(case_notes::site_id.eq(site_id))
            .filter(case_notes::case_id.eq(case_id))
            .order((case_notes::at, case_notes::note_id))
            .load(conn)
    }

    /// A note by its id.
    ///
    /// # Errors
    /// What the database says.
    pub fn find(conn: &mut AnyConnection, site_id: i64, note_id: &[u8]) -> QueryResult<Option<Self>> {
        case_notes::table.find((site_id, note_id)).first(conn).optional()
    }
}

/// Why customers of a site are unhappy: name and label of each, in the order in which they were made.
///
/// # Errors
/// What the database says.
pub fn root_causes(conn: &mut AnyConnection, site_id: i64) -> QueryResult<Vec<(String, String)>> {
    root_causes::table
        .filter(root_causes::site_id.eq(site_id))
        .filter(root_causes::removed_at.is_null())
        .order((root_causes::created_at, root_causes::name))
        .select((root_causes::name, root_causes::label))
        .load(conn)
}

/// What every site begins with as root causes: name and label.
pub const ROOT_CAUSES: [(&str, &str); 9] = [
    ("product", "Product"),
    ("delivery", "Delivery"),
    ("price", "Price"),
    ("payment", "Payment"),
    ("website", "Website"),
    ("service", "Service"),
    ("waiting", "Waiting time"),
    ("returns", "Returns"),
    ("other", "Something else"),
];

/// Gives a new site its root causes, at `now` (Unix ms).
///
/// # Errors
/// What the database says.
pub fn insert_root_causes(conn: &mut AnyConnection, site_id: i64, now: i64) -> QueryResult<()> {
    for (place, (name, label)) in (0..).zip(ROOT_CAUSES) {
        put_root_cause(conn, site_id, name, label, now + place)?;
    }
    Ok(())
}

/// Stores a root cause of a site, at `now` (Unix ms), in the place of one of this name. The caller has locked the site.
///
/// # Errors
/// What the database says.
pub fn put_root_cause(conn: &mut AnyConnection, site_id: i64, name: &str, label: &str, now: i64) -> QueryResult<()> {
    let there = root_causes::table.find((site_id, name));
    let again = (root_causes::label.eq(label), root_causes::removed_at.eq(None::<i64>));
    if diesel::update(there).set(again).execute(conn)? == 0 {
        let row = (
            root_causes::site_id.eq(site_id),
            root_causes::name.eq(name),
            root_causes::label.eq(label),
            root_causes::created_at.eq(now),
        );
        diesel::insert_into(root_causes::table).values(row).execute(conn)?;
    }
    Ok(())
}

/// Takes a root cause of a site away, at `now` (Unix ms): cases that have it keep it. Whether there was one. The caller has
/// locked the site.
///
/// # Errors
/// What the database says.
pub fn remove_root_cause(conn: &mut AnyConnection, site_id: i64, name: &str, now: i64) -> QueryResult<bool> {
    let there = root_causes::table.find((site_id, name)).filter(root_causes::removed_at.is_null());
    Ok(diesel::update(there).set(root_causes::removed_at.eq(now)).execute(conn)? > 0)
}

/// Ids of the cases that these responses belong to, each once.
///
/// # Errors
/// What the database says.
pub fn of_responses(conn: &mut AnyConnection, site_id: i64, response_ids: &[&[u8]]) -> QueryResult<Vec<Vec<u8>>> {
    case_responses::table
        .filter(case_responses::site_id.eq(site_id))
        .filter(case_responses::response_id.eq_any(response_ids.iter().copied()))
        .select(case_responses::case_id)
        .distinct()
        .load(conn)
}
