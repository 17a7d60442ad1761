//! From the token of an address to what it opens.

use diesel::QueryResult;

use crate::cases::Kept;
use crate::db::AnyConnection;
use crate::db::alert_groups::AlertGroup;
use crate::db::sites::Site;
use crate::db::staff::{self, Member};
use crate::links::{Claim, KeyRing, Links, Purpose};

/// What a link to a case opens.
pub struct Visit {
    /// Where it is.
    pub site: Site,
    /// Whose link it is.
    pub member: Member,
    /// The case.
    pub kept: Kept,
    /// The link: those to other cases count as long.
    pub claim: Claim,
}

/// Why a link opens nothing.
pub enum Shut {
    /// No link of ours: nothing is known of whoever has it.
    Invalid,
    /// Its time is over; all else would still count.
    Expired(Box<Visit>),
    /// Its time is over, of a group; the cases have links of their own.
    ExpiredGroup(Box<GroupVisit>),
    /// It is that of a test mail, and counts: there is no case.
    Test(Box<(Site, Member)>),
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
        Ok(claim) if claim.purpose == Purpose::Test => {
            let whose = whose(conn, &claim)?.filter(|_| claim.is_current(now).is_ok());
            return Ok(Err(whose.map_or(Shut::Gone, |whose| Shut::Test(Box::new(whose)))));
        }
        _ => return Ok(Err(Shut::Invalid)),
    };
    let Some((site, member)) = whose(conn, &claim)? else { return Ok(Err(Shut::Gone)) };
    let kept = Kept::find_by_id(conn, claim.site_id, &claim.subject_id)?;
    let Some(kept) = kept.filter(|kept| kept.case.link_generation == claim.subject_generation) else {
        return Ok(Err(Shut::Gone));
    };
    let is_current = claim.is_current(now).is_ok();
    let visit = Visit { site, member, kept, claim };
    Ok(if is_current { Ok(visit) } else { Err(Shut::Expired(Box::new(visit))) })
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

/// What the link with this token opens at `now` (Unix ms), of a group.
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
    let (Some((site, member)), 0) = (whose(conn, &claim)?, claim.subject_generation) else {
        return Ok(Err(Shut::Gone));
    };
    let group = AlertGroup::find(conn, claim.site_id, &claim.subject_id)?;
    let Some(group) = group.filter(|group| group.person_id == member.person_id) else { return Ok(Err(Shut::Gone)) };
    let is_current = claim.is_current(now).is_ok();
    let visit = GroupVisit { site, member, group, claim };
    Ok(if is_current { Ok(visit) } else { Err(Shut::ExpiredGroup(Box::new(visit))) })
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

/// The token of a link of the same person to another case, which counts as long.
pub fn link_to(claim: &Claim, kept: &Kept, ring: &KeyRing, now: i64) -> Option<String> {
    let claim = Claim {
        purpose: Purpose::Case,
        subject_id: kept.id,
        subject_generation: kept.case.link_generation,
        ..claim.clone()
    };
    claim.sign(ring, now)
}
