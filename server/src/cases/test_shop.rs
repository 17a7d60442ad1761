//! A shop with cases, for unit tests.

use counterbell_shared::time::UnixMillis;

use super::{CaseOfResponse, open_or_join};
use crate::db::dialect::{insert_responses, write_transaction};
use crate::db::journal::{self, By};
use crate::db::responses::{NewResponseRow, ResponseRow, id_from_column};
use crate::db::sites::{Limits, NewSite, Site};
use crate::db::{AnyConnection, SharedText, customers};
use crate::ids::new_id;
use crate::rules::{Rule, VersionedRule};

/// One who is told of its unhappy customers.
pub const ANN: &str = "ann@shop.example";
/// The other one.
pub const BEN: &str = "ben@shop.example";

/// A new site, made at `now` (Unix ms), that tells both; its id.
pub fn a_shop(conn: &mut AnyConnection, name: &str, now: i64) -> i64 {
    let new = NewSite {
        name: name.to_owned(),
        zone: "Europe/Berlin".to_owned(),
        origins: Vec::new(),
        recipients: [ANN, BEN].map(|email| email.parse().unwrap()).to_vec(),
        limits: Limits::default(),
    };
    let key = "site_0000000000000000".parse().unwrap();
    write_transaction(conn, |conn| Site::create(conn, &key, &new, &By::operator(), now)).unwrap().id
}

/// An unhappy response that came at `at` (Unix ms).
pub fn an_unhappy_response(site_id: i64, at: i64) -> NewResponseRow {
    NewResponseRow {
        site_id,
        response_id: *new_id(UnixMillis(at)).as_bytes(),
        touchpoint: "checkout".to_owned(),
        survey: SharedText("csat".into()),
        survey_version: 1,
        metric: "csat",
        score: 1,
        comment: None,
        order_ref: None,
        customer_ref: None,
        contact_email: None,
        locale: None,
        page_url: None,
        channel: "web",
        created_at: at,
        received_at: at,
        held: None,
        answers: None,
        complete: true,
        revision: 1,
    }
}

/// What every site begins with.
pub fn unhappy() -> VersionedRule {
    VersionedRule { version: 1, rule: Rule::unhappy() }
}

/// Stores a response, and has triage decide about it as it comes.
pub fn triage(conn: &mut AnyConnection, row: &NewResponseRow) -> (ResponseRow, CaseOfResponse) {
    let id = id_from_column(&row.response_id).unwrap();
    write_transaction(conn, |conn| {
        insert_responses(conn, &[row])?;
        let response = ResponseRow::find(conn, &[row.site_id], id)?.unwrap();
        let mut site = journal::lock(conn, row.site_id)?;
        customers::note(conn, &response)?;
        let case = open_or_join(conn, &mut site, (&response, None), &[&unhappy()], row.received_at)?.unwrap();
        Ok((response, case))
    })
    .unwrap()
}
