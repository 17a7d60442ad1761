//! Responses that are stored although somebody had them deleted.

use diesel::prelude::*;
use diesel::sql_types::{Binary, Text};

use super::checks::number;
use super::{Check, Counted};
use crate::db::AnyConnection;
use crate::db::responses::id_from_column;

/// Most that are named.
const NAMED: usize = 5;

const COUNTED: Counted = Counted {
    name: "erased",
    good: "no response that was deleted is stored",
    bad: [
        "response is stored although it was deleted: its customer's words and address are back",
        "responses are stored although they were deleted: their customers' words and addresses are back",
    ],
    advice: "delete each again with `counterbell response delete RESPONSE_ID --site SITE_KEY`, have the figures made anew with `counterbell verify --repair`, and find out who put it back",
};

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    site_key: String,
    #[diesel(sql_type = Binary)]
    response_id: Vec<u8>,
}

pub(super) fn check(conn: &mut AnyConnection) -> QueryResult<Check> {
    let both = "erased_responses AS e JOIN responses AS r ON r.site_id = e.site_id AND r.response_id = e.response_id";
    let check = COUNTED.check(number(conn, &format!("SELECT count(*) AS n FROM {both}"))?);
    if check.differences == 0 {
        return Ok(check);
    }
    let named = format!(
        "SELECT site_key, r.response_id FROM {both} JOIN sites AS s ON s.id = r.site_id \
         ORDER BY r.site_id, r.response_id LIMIT {NAMED}"
    );
    let named: Vec<Named> = diesel::sql_query(named).load(conn)?;
    let name =
        |Named { site_key, response_id }: &Named| id_from_column(response_id).map(|id| format!("{id} of {site_key}"));
    let names: Vec<_> = named.iter().filter_map(name).collect();
    Ok(Check { found: format!("{}. The first: {}", check.found, names.join(", ")), ..check })
}
