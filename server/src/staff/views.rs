//! People and teams as integrators and operators see them.

use counterbell_shared::time::UnixMillis;
use serde::Serialize;
use utoipa::ToSchema;

use super::absence;
use crate::db::staff::{Member, Team};
use crate::zone::Zone;

/// Somebody who belongs to a site, or did.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PersonView {
    /// The same on every site.
    pub person_id: i64,
    /// Where mail goes.
    pub email: String,
    /// Other addresses, by which they are known when they write.
    pub aliases: Vec<String>,
    /// For people; `null` when nobody gave it.
    pub name: Option<String>,
    /// A language tag; `null` when nobody gave it.
    pub language: Option<String>,
    /// A name of the IANA list; `null` is the site's.
    pub zone: Option<String>,
    /// Somebody else of the site.
    pub manager_id: Option<i64>,
    /// The first day of an absence, in their time zone.
    #[schema(format = Date)]
    pub absent_from: Option<String>,
    /// The last day; `null` while there is no end yet.
    #[schema(format = Date)]
    pub absent_to: Option<String>,
    /// Whether they are away now.
    pub absent: bool,
    /// Names of the teams they are in.
    pub teams: Vec<String>,
    /// When they first came to the site.
    pub joined_at: UnixMillis,
    /// `null` while they belong to the site.
    pub left_at: Option<UnixMillis>,
}

impl PersonView {
    /// On a site of this zone, at `now` (Unix ms).
    pub(super) fn new(member: Member, site_zone: &Zone, now: i64) -> Self {
        let absent = member.is_absent(now);
        let own_zone = member.zone.as_deref().map(Zone::or_utc);
        let (absent_from, absent_to) = absence::days(&member, own_zone.as_ref().unwrap_or(site_zone));
        Self {
            person_id: member.person_id,
            email: member.email,
            aliases: member.aliases,
            name: (!member.name.is_empty()).then_some(member.name),
            language: member.language,
            zone: member.zone,
            manager_id: member.manager_id,
            absent_from,
            absent_to,
            absent,
            teams: member.teams,
            joined_at: UnixMillis(member.joined_at),
            left_at: member.left_at.map(UnixMillis),
        }
    }
}

/// People who are told together, or take turns.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TeamView {
    /// For programs.
    pub name: String,
    /// For people.
    pub label: String,
    /// Who is in it, in the order in which they take turns.
    pub members: Vec<i64>,
    /// When it was made.
    pub created_at: UnixMillis,
}

impl From<Team> for TeamView {
    fn from(team: Team) -> Self {
        let Team { name, label, created_at, person_ids } = team;
        Self { name, label, members: person_ids, created_at: UnixMillis(created_at) }
    }
}
