//! Why somebody gets a mail, and who else does.

use super::people::Site;
use super::texts::Language;
use super::visible::shown;
use crate::rules::{ALERTS_TEAM, Reason};

/// Names of others that are written out.
const NAMES_MAX: usize = 10;

/// Why the reader gets it: by the reason, or else the rule, or else the list of the site.
pub fn why(language: Language, reason: Option<&Reason>, rule: Option<&str>, site: &Site) -> String {
    let texts = &language.texts().why;
    let rule = rule.map(shown);
    let name = |id: &i64| site.name_of(*id);
    let (text, value) = match (reason, &rule) {
        (Some(Reason::Named), Some(rule)) => (texts.named, rule.clone()),
        (Some(Reason::Fallback), Some(rule)) => (texts.fallback, rule.clone()),
        (Some(Reason::Team(team)), _) => (texts.team, site.team(team)),
        (Some(Reason::Turn(team)), _) => (texts.turn, site.team(team)),
        (Some(Reason::Owner), _) => (texts.owner, String::new()),
        (Some(Reason::ManagerOf(id)), _) => (texts.manager_of, name(id)),
        (Some(Reason::InPlaceOf(id)), _) => (texts.in_place_of, name(id)),
        (Some(Reason::AlertsTeam), _) => (texts.alerts_team, site.team(ALERTS_TEAM)),
        (Some(Reason::NobodyThere), _) => (texts.nobody_there, String::new()),
        (None, Some(rule)) => (texts.rule, rule.clone()),
        (_, None) => (texts.listed, shown(&site.name)),
    };
    // Each text has at most one of them.
    language.fill(text, &["rule", "team", "person", "site"].map(|name| (name, value.as_str())))
}

/// Who else was told.
pub fn also_told(language: Language, names: &[String]) -> String {
    let texts = language.texts();
    if names.is_empty() {
        return texts.why.only_you.to_owned();
    }
    let mut shown =
        names.iter().take(NAMES_MAX).map(|name| language.apart(name)).collect::<Vec<_>>().join(texts.separator);
    if names.len() > NAMES_MAX {
        let more = (names.len() - NAMES_MAX).to_string();
        shown = language.fill(texts.why.and_more, &[("names", &shown), ("count", &more)]);
    }
    language.fill(texts.why.also_told, &[("names", &shown)])
}
