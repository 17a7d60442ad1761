//! Cases that are listed, and one with all that belongs to it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use diesel::QueryResult;

use super::view::{CaseDetailsView, CaseNoteView, CaseResponseView, CaseView, EntryView, LateView, People};
use crate::cases::{Clock, DueTime, Kept, NOTE_KEY, history};
use crate::db::AnyConnection;
use crate::db::case_lists::{self, CaseFilter, CasePosition, Order};
use crate::db::cases::{self, NoteRow};
use crate::db::responses::find_all;
use crate::touchpoints::Hours;

/// The first `limit` cases of the sites of these ids and keys that come after `after`, each with where it stands in the order,
/// at `now` (Unix ms).
///
/// # Errors
/// What the database says.
pub fn list(
    conn: &mut AnyConnection,
    sites: &HashMap<i64, String>,
    filter: &CaseFilter,
    (order, after): (Order, Option<&CasePosition>),
    limit: i64,
    now: i64,
) -> QueryResult<Vec<(CasePosition, CaseView)>> {
    let site_ids: Vec<_> = sites.keys().copied().collect();
    let rows = case_lists::list(conn, &site_ids, filter, order, after, limit)?;
    let mut people: HashMap<i64, People> = HashMap::new();
    let mut views = Vec::with_capacity(rows.len());
    for row in rows {
        let (position, site_id) = (CasePosition::of(&row, order), row.site_id);
        let people = match people.entry(site_id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(People::load(conn, site_id)?),
        };
        if let Some(key) = sites.get(&site_id) {
            views.push((position, CaseView::new(Kept::read(row)?, key, people, now)));
        }
    }
    Ok(views)
}

/// A case of a site of this key, with all that belongs to it, at `now` (Unix ms).
///
/// # Errors
/// What the database says.
pub fn find(
    conn: &mut AnyConnection,
    (site_id, site_key): (i64, &str),
    number: i64,
    now: i64,
) -> QueryResult<Option<CaseDetailsView>> {
    let Some(kept) = Kept::find(conn, site_id, number)? else { return Ok(None) };
    let people = People::load(conn, site_id)?;
    let hours = Hours::of(conn, site_id, &kept.about.touchpoint)?;
    let late_ms = |due| kept.case.late_ms(due, now, &hours as &dyn Clock);
    let late = LateView { acknowledge_ms: late_ms(DueTime::Acknowledge), answer_ms: late_ms(DueTime::Answer) };
    let notes = NoteRow::of_case(conn, site_id, &kept.id)?.into_iter().filter(|note| note.kind != NOTE_KEY);
    let notes = notes.filter_map(|note| CaseNoteView::new(note, &people)).collect();
    let responses = responses(conn, &kept)?;
    Ok(Some(CaseDetailsView { case: CaseView::new(kept, site_key, &people, now), late, responses, notes }))
}

fn responses(conn: &mut AnyConnection, kept: &Kept) -> QueryResult<Vec<CaseResponseView>> {
    let joined = cases::responses(conn, kept.site_id, &kept.id)?;
    let keys: Vec<_> = joined.iter().map(|(id, _)| (kept.site_id, id.clone())).collect();
    let rows = find_all(conn, &keys)?;
    let mut rows: HashMap<_, _> = rows.into_iter().map(|row| (row.response_id.clone(), row)).collect();
    let view = |(id, at): (Vec<u8>, i64)| CaseResponseView::new(rows.remove(&id)?, at);
    Ok(joined.into_iter().filter_map(view).collect())
}

/// The timeline of a case, the oldest entry first.
///
/// # Errors
/// What the database says.
pub fn timeline(conn: &mut AnyConnection, site_id: i64, number: i64) -> QueryResult<Option<Vec<EntryView>>> {
    let Some(kept) = Kept::find(conn, site_id, number)? else { return Ok(None) };
    let people = People::load(conn, site_id)?;
    Ok(Some(history(conn, &kept)?.into_iter().map(|entry| EntryView::new(entry, &people)).collect()))
}
