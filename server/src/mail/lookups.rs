//! What other tables say of what a mail is about.

use std::collections::HashMap;

use diesel::QueryResult;

use super::answered::Earlier;
use super::links::{CaseLink, Target};
use crate::cases::Kept;
use crate::db::AnyConnection;
use crate::db::cases::CaseRow;
use crate::db::customers;
use crate::db::responses::{self, ResponseRow};

/// Earlier responses of a customer that a mail shows.
const EARLIER_MAX: usize = 5;
/// Others of the same customer that are looked at for them: some came later.
const LOOKED_AT_MAX: usize = 25;

impl CaseLink {
    /// Of a case that is stored.
    pub fn of(kept: &Kept) -> Self {
        let target = Target { site_id: kept.site_id, subject_id: kept.id, generation: kept.case.link_generation };
        Self { number: kept.case.number, target: Some(target) }
    }
}

/// The case that a response belongs to; `None` also when its row cannot be read.
///
/// # Errors
/// What the database says.
pub fn kept_of(conn: &mut AnyConnection, response: &ResponseRow) -> QueryResult<Option<Kept>> {
    let row = CaseRow::of_response(conn, response.site_id, &response.response_id)?;
    Ok(row.and_then(|row| Kept::read(row).ok()))
}

/// What the same customer said before a response, the newest first.
///
/// # Errors
/// What the database says.
pub fn earlier(conn: &mut AnyConnection, response: &ResponseRow) -> QueryResult<Vec<Earlier>> {
    let others = customers::others(conn, response, LOOKED_AT_MAX)?.into_iter();
    let before = others.filter(|(_, at)| *at < response.created_at).take(EARLIER_MAX);
    let keys: Vec<_> = before.map(|(id, _)| (response.site_id, id)).collect();
    let rows = responses::find_all(conn, &keys)?.into_iter().map(|row| (row.response_id.clone(), row));
    let mut rows: HashMap<_, _> = rows.collect();
    let found = keys.into_iter().filter_map(|(_, id)| rows.remove(&id)).filter(|row| row.held.is_none());
    Ok(found.filter_map(|row| Earlier::of(&row)).collect())
}
