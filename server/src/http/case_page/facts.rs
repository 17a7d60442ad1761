//! What is read of a case to be shown.

use std::collections::HashSet;

use counterbell_shared::Touchpoint as TouchpointName;
use counterbell_shared::answers::Answers;
use diesel::QueryResult;

use super::door::{Visit, link_to};
use super::reader::Reader;
use crate::cases::{Entry, Kept, history};
use crate::db::additions::AdditionRow;
use crate::db::responses::{ResponseRow, find_all};
use crate::db::staff::{Member, Team, members_of};
use crate::db::touchpoints::Touchpoint;
use crate::db::{AnyConnection, cases, customers};
use crate::links::Links;
use crate::surveys::{find_answered, labelled};
use crate::touchpoints::Hours;

/// Most responses of a case that are shown, the latest ones.
const RESPONSES_MAX: usize = 50;
/// Most earlier responses of the customer that are shown.
const EARLIER_MAX: usize = 10;

/// A case with all that belongs to it.
pub struct Facts {
    /// The case.
    pub kept: Kept,
    /// Everybody of the site, those who left included.
    pub members: Vec<Member>,
    /// The site's teams.
    pub teams: Vec<Team>,
    /// What the touchpoint is called; `None` of the one that stands for none.
    pub place: Option<String>,
    /// The case's clock.
    pub hours: Hours,
    /// In the order in which they came.
    pub responses: Vec<Answered>,
    /// Others of the same customer, the latest first.
    pub earlier: Vec<ResponseRow>,
    /// Name and label of each.
    pub root_causes: Vec<(String, String)>,
    /// The timeline.
    pub entries: Vec<Entry>,
    /// The case that goes on in its place, where it was merged.
    pub goes_on_in: Option<Other>,
    /// Cases that belong to it, too.
    pub linked: Vec<Other>,
}

/// Another case.
pub struct Other {
    /// What people call it by.
    pub number: i64,
    /// Its address, from the page of this one.
    pub href: Option<String>,
}

/// A response with what was added to it.
pub struct Answered {
    /// The response.
    pub row: ResponseRow,
    /// Question and answer.
    pub answers: Vec<(String, String)>,
    /// What came after it was closed, each with question and answer.
    pub additions: Vec<(AdditionRow, Vec<(String, String)>)>,
}

impl Facts {
    /// Reads them, to be shown to this reader.
    ///
    /// # Errors
    /// What the database says.
    pub fn load(conn: &mut AnyConnection, links: &Links, visit: Visit, reader: &Reader) -> QueryResult<Self> {
        let language = reader.language.tag();
        let ring = links.ring(conn, reader.now)?;
        let other = |kept: &Kept| {
            let href = link_to(&visit.claim, kept, &ring, reader.now).map(|token| format!("../case/{token}"));
            Other { number: kept.case.number, href }
        };
        let goes_on_in = goes_on_in(conn, &visit.kept)?.as_ref().map(other);
        let mut linked = Vec::new();
        for number in &visit.kept.case.linked {
            linked.extend(Kept::find(conn, visit.kept.site_id, *number)?.as_ref().map(other));
        }
        let kept = visit.kept;
        let (site_id, touchpoint) = (kept.site_id, &kept.about.touchpoint);
        let registered = Touchpoint::find(conn, site_id, touchpoint)?;
        let named = || Some(touchpoint.clone()).filter(|name| *name != TouchpointName::DEFAULT);
        let rows = rows_of(conn, &kept)?;
        Ok(Self {
            members: members_of(conn, site_id)?,
            teams: Team::all(conn, site_id)?,
            place: registered.map(|registered| registered.label).or_else(named),
            hours: Hours::of(conn, site_id, touchpoint)?,
            earlier: earlier(conn, &rows)?,
            responses: rows.into_iter().map(|row| Answered::load(conn, row, language)).collect::<QueryResult<_>>()?,
            root_causes: cases::root_causes(conn, site_id)?,
            entries: history(conn, &kept)?,
            goes_on_in,
            linked,
            kept,
        })
    }

    /// What somebody is called.
    pub fn name_of(&self, person_id: i64) -> &str {
        let member = self.members.iter().find(|member| member.person_id == person_id);
        member.map_or("?", Member::called)
    }

    /// What a team is called.
    pub fn team<'a>(&'a self, name: &'a str) -> &'a str {
        self.teams.iter().find(|team| team.name == name).map_or(name, |team| &team.label)
    }
}

/// The case at the end of the merges that began with this one; `None` if it was not merged.
fn goes_on_in(conn: &mut AnyConnection, kept: &Kept) -> QueryResult<Option<Kept>> {
    let (mut next, mut last) = (kept.case.merged_into, None);
    while let Some(number) = next {
        let Some(found) = Kept::find(conn, kept.site_id, number)? else { break };
        next = found.case.merged_into;
        last = Some(found);
    }
    Ok(last)
}

/// Those that are still stored.
fn rows_of(conn: &mut AnyConnection, kept: &Kept) -> QueryResult<Vec<ResponseRow>> {
    let ids = cases::responses(conn, kept.site_id, &kept.id)?;
    let latest = &ids[ids.len().saturating_sub(RESPONSES_MAX)..];
    let keys: Vec<_> = latest.iter().map(|(id, _)| (kept.site_id, id.clone())).collect();
    let mut rows = find_all(conn, &keys)?;
    rows.sort_by_key(|row| keys.iter().position(|(_, id)| *id == row.response_id));
    Ok(rows)
}

/// What the customer said before. A response that is held back is no customer's.
fn earlier(conn: &mut AnyConnection, rows: &[ResponseRow]) -> QueryResult<Vec<ResponseRow>> {
    let mut known: HashSet<Vec<u8>> = rows.iter().map(|row| row.response_id.clone()).collect();
    let mut keys = Vec::new();
    for row in rows {
        for (id, at) in customers::others(conn, row, EARLIER_MAX + rows.len())? {
            if known.insert(id.clone()) {
                keys.push((at, (row.site_id, id)));
            }
        }
    }
    keys.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    keys.truncate(EARLIER_MAX);
    let keys: Vec<_> = keys.into_iter().map(|(_, key)| key).collect();
    let mut found = find_all(conn, &keys)?;
    found.retain(|row| row.held.is_none());
    found.sort_by_key(|row| std::cmp::Reverse(row.created_at));
    Ok(found)
}

impl Answered {
    fn load(conn: &mut AnyConnection, row: ResponseRow, language: &str) -> QueryResult<Self> {
        let told = |version: i32, answers: Option<&str>, conn: &mut AnyConnection| {
            let Some(answers) = answers.and_then(Answers::from_json) else { return Ok(Vec::new()) };
            let survey = find_answered(conn, row.site_id, &row.survey, version)?;
            QueryResult::Ok(labelled(&answers, survey.as_ref(), language))
        };
        let answers = told(row.survey_version, row.answers.as_deref(), conn)?;
        let mut additions = Vec::new();
        for addition in AdditionRow::of_response(conn, row.site_id, &row.response_id)? {
            let answers = told(addition.survey_version, addition.answers.as_deref(), conn)?;
            additions.push((addition, answers));
        }
        Ok(Self { row, answers, additions })
    }
}
