//! Alerts that were told together, and the cases of which somebody says "I have these".

use std::collections::{BTreeSet, HashMap};

use counterbell_shared::Touchpoint as TouchpointName;
use diesel::QueryResult;

use super::answered::score_of;
use super::door::{GroupVisit, Shut, link_to, open_group};
use super::head::owner;
use super::reader::Reader;
use crate::cases::{Action, Asked, By, Kept, Means, State, act};
use crate::db::AnyConnection;
use crate::db::alert_groups::GroupKind;
use crate::db::journal;
use crate::db::responses::{ResponseRow, find_all};
use crate::db::staff::{Member, members_of};
use crate::db::touchpoints::Touchpoint;
use crate::language::Language;
use crate::links::{KeyRing, Links};

/// Most responses of a group that are shown, the latest ones.
const RESPONSES_MAX: usize = 1_000;
/// Cases that are taken in one transaction: others wait for the site meanwhile.
pub const TAKEN_AT_ONCE: usize = 16;

/// A group, as it is shown.
pub struct GroupView {
    /// `195 unhappy responses`.
    pub title: String,
    /// When they came; `None` of cases that fell due.
    pub since: Option<String>,
    /// That only the latest are shown.
    pub newest: Option<String>,
    /// Each of them, the latest first.
    pub lines: Vec<LineView>,
    /// Whether there is a case that nobody has.
    pub can_take: bool,
}

/// A response of the group.
pub struct LineView {
    /// When, and where.
    pub head: String,
    /// `1 out of 5`.
    pub score: String,
    /// What the customer wrote.
    pub comment: Option<String>,
    /// Its case.
    pub case: Option<CaseLine>,
}

/// The case of a response.
pub struct CaseLine {
    /// What people call it by.
    pub number: i64,
    /// `Case 7`.
    pub name: String,
    /// `Open case 7`.
    pub label: String,
    /// Its address, from the page of the group.
    pub href: Option<String>,
    /// Who has it.
    pub owner: String,
    /// Nobody has said "I have this".
    pub is_free: bool,
}

/// What is read of a group.
pub struct GroupFacts {
    visit: GroupVisit,
    rows: Vec<ResponseRow>,
    cases: HashMap<Vec<u8>, Kept>,
    members: Vec<Member>,
    places: HashMap<String, String>,
    ring: KeyRing,
    count: i64,
}

impl GroupFacts {
    /// What the link with this token leads to, at `now` (Unix ms).
    ///
    /// # Errors
    /// What the database says.
    pub fn load(conn: &mut AnyConnection, links: &Links, token: &str, now: i64) -> QueryResult<Result<Self, Shut>> {
        let visit = match open_group(conn, links, token, now)? {
            Ok(visit) => visit,
            Err(shut) => return Ok(Err(shut)),
        };
        let site_id = visit.site.id;
        let ids = visit.group.response_ids(conn)?;
        let keys = ids[ids.len().saturating_sub(RESPONSES_MAX)..].iter().map(|id| (site_id, id.clone()));
        let mut rows = find_all(conn, &keys.collect::<Vec<_>>())?;
        rows.sort_by(|a, b| (b.created_at, &b.response_id).cmp(&(a.created_at, &a.response_id)));
        let mut cases = HashMap::new();
        for row in &rows {
            if let Some(kept) = Kept::of_response(conn, site_id, &row.response_id)? {
                cases.insert(row.response_id.clone(), kept);
            }
        }
        let places = Touchpoint::all(conn, site_id)?.into_iter().map(|one| (one.name, one.label)).collect();
        let (members, ring) = (members_of(conn, site_id)?, links.ring(conn, now)?);
        Ok(Ok(Self { count: ids.len() as i64, visit, rows, cases, members, places, ring }))
    }

    /// Who reads it.
    pub fn reader(&self, browsers: Option<Language>, now: i64) -> Reader {
        Reader::new(&self.visit.member, &self.visit.site.zone, browsers, now)
    }

    /// Of which site it is.
    pub fn site(&self) -> &str {
        &self.visit.site.name
    }

    /// As it is shown.
    pub fn view(&self, reader: &Reader) -> GroupView {
        let texts = &reader.texts.group;
        let times = [reader.time(self.visit.group.opened_at), reader.time(self.visit.group.ends_at.min(reader.now))];
        let lines: Vec<_> = self.rows.iter().map(|row| self.line(row, reader)).collect();
        GroupView {
            title: reader.fill(texts.title, &[("count", &self.count.to_string())]),
            since: (self.visit.group.kind() == GroupKind::Alert)
                .then(|| reader.fill(texts.since, &[("from", &times[0]), ("to", &times[1])])),
            newest: (self.count > lines.len() as i64 && lines.len() == RESPONSES_MAX)
                .then(|| reader.fill(texts.newest, &[("count", &RESPONSES_MAX.to_string())])),
            can_take: lines.iter().any(|line| line.case.as_ref().is_some_and(|case| case.is_free)),
            lines,
        }
    }

    fn line(&self, row: &ResponseRow, reader: &Reader) -> LineView {
        let named = || Some(&row.touchpoint).filter(|name| *name != TouchpointName::DEFAULT);
        let place = self.places.get(&row.touchpoint).or_else(named).map(|place| reader.language.apart(place));
        let time = reader.time(row.created_at);
        LineView {
            head: [Some(time), place].into_iter().flatten().collect::<Vec<_>>().join(" \u{b7} "),
            score: score_of(reader, &row.metric, row.score),
            comment: row.comment.clone(),
            case: self.cases.get(&row.response_id).map(|kept| self.case(kept, reader)),
        }
    }

    fn case(&self, kept: &Kept, reader: &Reader) -> CaseLine {
        let number = kept.case.number;
        let values = [("number", &*number.to_string())];
        let whose =
            |person_id| self.members.iter().find(|member| member.person_id == person_id).map_or("?", Member::called);
        let token = link_to(&self.visit.claim, kept, &self.ring, reader.now);
        CaseLine {
            number,
            name: reader.fill(reader.texts.page.title, &values),
            label: reader.fill(reader.texts.group.open, &values),
            href: token.map(|token| format!("../case/{token}?do=open")),
            owner: if kept.case.state.is_ended() {
                reader.texts.states.named(kept.case.state.as_str()).unwrap_or_default().to_owned()
            } else {
                owner(&kept.case, whose, reader).unwrap_or_default()
            },
            is_free: kept.case.state == State::Open,
        }
    }

    /// Numbers of the cases of the group that these name, or of all that nobody has; each once.
    pub fn wanted(&self, numbers: &BTreeSet<i64>, all: bool) -> Vec<i64> {
        let of_group = self.cases.values().map(|kept| &kept.case);
        let wanted = of_group.filter(|case| numbers.contains(&case.number) || (all && case.state == State::Open));
        wanted.map(|case| case.number).collect::<BTreeSet<_>>().into_iter().collect()
    }
}

/// Takes cases of a group, at `now` (Unix ms); how many are the person's now. Call in a transaction that writes.
///
/// # Errors
/// What the database says.
pub fn take(
    conn: &mut AnyConnection,
    (links, token): (&Links, &str),
    numbers: &[i64],
    now: i64,
) -> QueryResult<Result<usize, Shut>> {
    let site_id = match open_group(conn, links, token, now)? {
        Ok(visit) => visit.site.id,
        Err(shut) => return Ok(Err(shut)),
    };
    let mut site = journal::lock(conn, site_id)?;
    // The link may have been stopped meanwhile.
    let person_id = match open_group(conn, links, token, now)? {
        Ok(visit) => visit.member.person_id,
        Err(shut) => return Ok(Err(shut)),
    };
    let asked = Asked { by: By::person(person_id, Means::Link), seen: None, entry_id: None, now };
    let mut taken = 0;
    for number in numbers {
        taken += usize::from(act(conn, &mut site, *number, Action::Acknowledge, &asked)?.is_ok());
    }
    Ok(Ok(taken))
}
