//! Whether what sites store can be read: somebody else may have written to the database.

use diesel::QueryResult;

use super::Check;
use crate::db::sites::Site;
use crate::db::{AnyConnection, site_words, themes};
use crate::sites::unreadable_rules;
use crate::surveys::{SiteSurveys, TEMPLATES_ONLY, parse_site_words};

const RULES: &str = "store them again with `counterbell rules put`, as docs/ALERTS.md explains. A running server then decides about the \
                     responses that waited";
const DOCUMENTS: &str = "store them again with `counterbell survey put` and `publish`, `counterbell site theme` or \
                         `counterbell site words`";

/// One check of alert rules, one of the sites' documents. Without what the database did not tell: its own checks say why.
pub(super) fn checks(conn: &mut AnyConnection) -> Vec<Check> {
    let rules = alert_rules(conn);
    rules.into_iter().chain(documents(conn)).collect()
}

fn alert_rules(conn: &mut AnyConnection) -> QueryResult<Check> {
    let name = "alert rules";
    let unreadable: Vec<_> =
        unreadable_rules(conn)?.into_iter().map(|(site, rule)| format!("{rule:?} of {site}")).collect();
    Ok(if unreadable.is_empty() {
        Check::ok(name, "every rule can be read")
    } else {
        let found = format!(
            "rules cannot be read, and nobody is told of any unhappy customer of their sites: {}",
            unreadable.join(", ")
        );
        Check::failed(name, found, RULES)
    })
}

fn documents(conn: &mut AnyConnection) -> QueryResult<Check> {
    let name = "documents";
    // An answer to a survey without anything in its place is refused until the survey can be read.
    let (mut lost, mut replaced) = (Vec::new(), Vec::new());
    for (site_id, site) in Site::all_keys(conn)? {
        let surveys = SiteSurveys::load(conn, site_id, &TEMPLATES_ONLY)?;
        for survey in surveys.unreadable() {
            let kind = if surveys.is_lost(survey) { &mut lost } else { &mut replaced };
            kind.push(format!("survey {survey:?} of {site}"));
        }
        if themes::find(conn, site_id)?.is_some_and(|theme| crate::themes::parse_document(theme.as_bytes()).is_err()) {
            replaced.push(format!("theme of {site}"));
        }
        if site_words::find(conn, site_id)?.is_some_and(|words| parse_site_words(words.as_bytes()).is_err()) {
            replaced.push(format!("words of {site}"));
        }
    }
    let in_place = format!("cannot be read, and others are used in their place: {}", replaced.join(", "));
    let refused = format!("cannot be read, and no answer to them is taken: {}", lost.join(", "));
    Ok(match (lost.is_empty(), replaced.is_empty()) {
        (true, true) => Check::ok(name, "every survey in force, theme and wording can be read"),
        (true, false) => Check::warning(name, in_place, DOCUMENTS),
        (false, true) => Check::failed(name, refused, DOCUMENTS),
        (false, false) => Check::failed(name, format!("{refused}. {in_place}"), DOCUMENTS),
    })
}
