//! From the token of an address to what it opens.

use diesel::QueryResult;

use crate::cases::Kept;
use crate::db::AnyConnection;
use crate::db::alert_groups::AlertGroup;
use crate::db::sites::Site;
use crate::db::staff::{self, Member};
use crate::links::{Claim, Links, Purpose};

/// What a link to a case opens.
pub struct Visit {
    /// Where it is.
    pub site: Site,
    /// Whose link it is.
    pub member: Member,
    /// The case.
    pub kept: Kept,
}

/// Why a link opens nothing.
pub enum Shut {
    /// No link of ours: nothing is known of whoever has it.
    Invalid,
    /// Its time is over; all else would still count.
    Expired(Box<Visit>),
    /// The person left, or their links were stopped, or those to the case; or there is no such case any more.
    Gone,
}

/// What the link with this token opens at `now` (Unix ms). It is nothing but a question: nothing is changed by it.
///
/// # Errors
/// What the database says.
pub fn open(conn: &mut AnyConnection, links: &Links, token: &str, now: i64) -> QueryResult<Result<Visit, Shut>> {
    let claim = match Claim::read(token, &links.ring(conn, now)?) {
        Ok(claim) if claim.purpose == Purpose::Case => claim,
        _ => return Ok(Err(Shut::Invalid)),
    };
    let Some((site, member)) = whose(conn, &claim)? else { return Ok(Err(Shut::Gone)) };
    let kept = Kept::find_by_id(conn, claim.site_id, &claim.subject_id)?;
    let Some(kept) = kept.filter(|kept| kept.case.link_generation == claim.subject_generation) else {
        return Ok(Err(Shut::Gone));
    };
    let visit = Visit { site, member, kept };
    Ok(if claim.is_current(now).is_ok() { Ok(visit) } else { Err(Shut::Expired(Box::new(visit))) })
}

/// What a link to a group of alerts opens.
pub struct GroupVisit {
    /// Where it is.
    pub site: Site,
    /// Whose link it is, and whose group.
    pub member: Member,
    /// The group.
    pub group: AlertGroup,
    /// The link: those to its cases count as long.
    pub claim: Claim,
}

/// What the link with this token opens at `now` (Unix ms), of a group. An expired one is gone: the cases have links of their own.
///
/// # Errors
/// What the database says.
pub fn open_group(
    conn: &mut AnyConnection,
    links: &Links,
    token: &str,
    now: i64,
) -> QueryResult<Result<GroupVisit, Shut>> {
    let claim = match Claim::read(token, &links.ring(conn, now)?) {
        Ok(claim) if claim.purpose == Purpose::Group => claim,
        _ => return Ok(Err(Shut::Invalid)),
    };
    let is_current = claim.is_current(now).is_ok() && claim.subject_generation == 0;
    let (Some((site, member)), true) = (whose(conn, &claim)?, is_current) else { return Ok(Err(Shut::Gone)) };
    let group = AlertGroup::find(conn, claim.site_id, &claim.subject_id)?;
    let group = group.filter(|group| group.person_id == member.person_id);
    Ok(group.map(|group| GroupVisit { site, member, group, claim }).ok_or(Shut::Gone))
}

/// Site and person of a link, if their links count.
pub fn whose(conn: &mut AnyConnection, claim: &Claim) -> QueryResult<Option<(Site, Member)>> {
    let Some(site) = Site::find_by_id(conn, claim.site_id)? else { return Ok(None) };
    let member = staff::find(conn, claim.site_id, claim.person_id)?;
    let counts = |member: &Member| {
        member.left_at.is_none() && u32::try_from(member.link_generation) == Ok(claim.person_generation)
    };
    Ok(member.filter(counts).map(|member| (site, member)))
}
