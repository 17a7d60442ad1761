//! What other tables say of what a mail is about.

use diesel::QueryResult;

use super::answered::Earlier;
use super::links::Target;
use crate::db::AnyConnection;
use crate::db::responses::ResponseRow;

/// The case that a response belongs to.
///
/// # Errors
/// What the database says.
pub fn case_of(_: &mut AnyConnection, _: &ResponseRow) -> QueryResult<Option<Target>> {
    Ok(None)
}

/// What the same customer said before a response, the newest first.
///
/// # Errors
/// What the database says.
pub fn earlier(_: &mut AnyConnection, _: &ResponseRow) -> QueryResult<Vec<Earlier>> {
    Ok(Vec::new())
}
