//! What the mails of leased messages are made of.

use std::collections::HashMap;

use counterbell_shared::answers::Answers;
use diesel::QueryResult;

use crate::db::AnyConnection;
use crate::db::lease::Lease;
use crate::db::responses::{self, ResponseRow};
use crate::db::sites::Site;
use crate::mail::AlertContent;
use crate::surveys::{find_answered, labelled};

/// A leased message with what its mail is made of; `None` when the response is no longer stored.
pub struct Leased {
    /// The message.
    pub lease: Lease,
    /// What its mail is made of.
    pub content: Option<AlertContent>,
}

/// Reads what the mails are made of, all at once.
///
/// # Errors
/// What the database says.
pub fn add_content(conn: &mut AnyConnection, leases: Vec<Lease>) -> QueryResult<Vec<Leased>> {
    let key = |lease: &Lease| (lease.message.site_id, lease.message.response_id.clone());
    let keys: Vec<_> = leases.iter().map(key).collect();
    let rows = responses::find_all(conn, &keys)?;
    let found: HashMap<_, _> = rows.into_iter().map(|row| ((row.site_id, row.response_id.clone()), row)).collect();
    let mut names: HashMap<i64, Option<String>> = HashMap::new();
    let mut leased = Vec::with_capacity(leases.len());
    for (lease, key) in leases.into_iter().zip(keys) {
        let name = match names.get(&key.0) {
            Some(name) => name.clone(),
            None => names.entry(key.0).or_insert(Site::find_name(conn, key.0)?).clone(),
        };
        let content = match name.zip(found.get(&key).cloned()) {
            Some((site, response)) => {
                let answers = read_answers(conn, &response)?;
                Some(AlertContent { site, response, answers })
            }
            None => None,
        };
        leased.push(Leased { lease, content });
    }
    Ok(leased)
}

/// The answers as people read them: by the labels of the version that was answered.
fn read_answers(conn: &mut AnyConnection, response: &ResponseRow) -> QueryResult<Vec<(String, String)>> {
    let Some(answers) = response.answers.as_deref().and_then(Answers::from_json) else { return Ok(Vec::new()) };
    let survey = find_answered(conn, response.site_id, &response.survey, response.survey_version)?;
    Ok(labelled(&answers, survey.as_ref()))
}
