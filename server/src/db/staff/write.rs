//! Staff come, change and leave.

use counterbell_shared::EmailAddress;
use diesel::dsl::{exists, not};
use diesel::prelude::*;

use super::{Member, find, key_of, person_of};
use crate::db::connection::AnyConnection;
use crate::db::journal::{self, By, Event, NO_SITE, SiteLock};
use crate::db::schema::{members, people, person_addresses, team_members, touchpoints};
use crate::db::timers;

/// Somebody who is to belong to a site.
#[derive(Clone, Debug)]
pub struct NewMember {
    /// Where mail goes.
    pub email: EmailAddress,
    /// What else is known; left out is left as it is when the person is known from another site.
    pub change: Change,
}

/// What is to be changed; `None` is left as it is, an inner `None` taken away.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// For people.
    pub name: Option<String>,
    /// A language tag.
    pub language: Option<Option<String>>,
    /// An IANA name.
    pub zone: Option<Option<String>>,
    /// Another main address; the one before becomes an alias.
    pub email: Option<EmailAddress>,
    /// All other addresses.
    pub aliases: Option<Vec<EmailAddress>>,
    /// Somebody else of the site.
    pub manager_id: Option<Option<i64>>,
    /// When they are away.
    pub absent: Option<Absence>,
}

/// From and up to, in Unix ms; without an end yet; or none.
pub type Absence = Option<(i64, Option<i64>)>;

/// Why a change was not made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Nobody of that id belongs to the site.
    NoSuchPerson,
    /// This address is somebody else's.
    AddressTaken(String),
    /// They do not belong to the site, or would be told in a circle.
    Manager,
}

/// Makes somebody staff of a site, at `now` (Unix ms). Whoever left comes back.
///
/// # Errors
/// What the database says. Where it is refused nothing is changed.
pub fn add(
    conn: &mut AnyConnection,
    site: &mut SiteLock,
    new: &NewMember,
    by: &By,
    now: i64,
) -> QueryResult<Result<Member, Refused>> {
    // Until the end nobody else takes an address.
    let _ = journal::lock(conn, NO_SITE)?;
    let known = person_of(conn, new.email.as_str())?;
    if let Err(refused) = check(conn, site.site_id(), known, &new.change)? {
        return Ok(Err(refused));
    }
    let person_id = join(conn, site, new.email.as_str(), by, now)?;
    change(conn, site, person_id, &new.change, by, now)
}

/// Whether this can be changed of somebody; without an id, of somebody who is to be made.
fn check(
    conn: &mut AnyConnection,
    site_id: i64,
    person_id: Option<i64>,
    change: &Change,
) -> QueryResult<Result<(), Refused>> {
    if let Some(Some(manager_id)) = change.manager_id
        && !may_manage(conn, site_id, person_id, manager_id)?
    {
        return Ok(Err(Refused::Manager));
    }
    for email in change.email.iter().chain(change.aliases.iter().flatten()) {
        if person_of(conn, email.as_str())?.is_some_and(|holder| Some(holder) != person_id) {
            return Ok(Err(Refused::AddressTaken(email.to_string())));
        }
    }
    Ok(Ok(()))
}

/// Makes the person of this address staff, and makes the person if there is none; their id.
pub(super) fn join(conn: &mut AnyConnection, site: &mut SiteLock, email: &str, by: &By, now: i64) -> QueryResult<i64> {
    let site_id = site.site_id();
    // Another site may make the same person at this moment, or be deleted with them.
    let _ = journal::lock(conn, NO_SITE)?;
    let person_id = match person_of(conn, email)? {
        Some(person_id) => person_id,
        None => make_person(conn, email, now)?,
    };
    let left_at: Option<Option<i64>> =
        members::table.find((site_id, person_id)).select(members::left_at).first(conn).optional()?;
    match left_at {
        Some(None) => return Ok(person_id),
        Some(Some(_)) => {
            diesel::update(members::table.find((site_id, person_id)))
                .set(members::left_at.eq(None::<i64>))
                .execute(conn)?;
        }
        None => {
            let row = (members::site_id.eq(site_id), members::person_id.eq(person_id), members::joined_at.eq(now));
            diesel::insert_into(members::table).values(row).execute(conn)?;
        }
    }
    site.append(conn, by, now, &[Event::StaffAdded { person_id }])?;
    Ok(person_id)
}

fn make_person(conn: &mut AnyConnection, email: &str, now: i64) -> QueryResult<i64> {
    let person_id: i64 = diesel::insert_into(people::table)
        .values((people::name.eq(""), people::created_at.eq(now)))
        .returning(people::id)
        .get_result(conn)?;
    insert_address(conn, person_id, email, true)?;
    Ok(person_id)
}

fn insert_address(conn: &mut AnyConnection, person_id: i64, email: &str, main: bool) -> QueryResult<usize> {
    let row = (
        person_addresses::email_key.eq(key_of(email)),
        person_addresses::person_id.eq(person_id),
        person_addresses::email.eq(email),
        person_addresses::main.eq(main),
    );
    diesel::insert_into(person_addresses::table).values(row).execute(conn)
}

/// Changes somebody of a site, at `now` (Unix ms). Name, addresses, language and zone are the person's, on every site.
///
/// # Errors
/// What the database says. Where it is refused nothing is changed.
pub fn change(
    conn: &mut AnyConnection,
    site: &mut SiteLock,
    person_id: i64,
    change: &Change,
    by: &By,
    now: i64,
) -> QueryResult<Result<Member, Refused>> {
    let site_id = site.site_id();
    let Some(before) = find(conn, site_id, person_id)? else { return Ok(Err(Refused::NoSuchPerson)) };
    if change.email.is_some() || change.aliases.is_some() {
        let _ = journal::lock(conn, NO_SITE)?;
    }
    if let Err(refused) = check(conn, site_id, Some(person_id), change)? {
        return Ok(Err(refused));
    }
    change_addresses(conn, &before, change)?;
    let person = people::table.find(person_id);
    if let Some(name) = &change.name {
        diesel::update(person).set(people::name.eq(name)).execute(conn)?;
    }
    if let Some(language) = &change.language {
        diesel::update(person).set(people::language.eq(language)).execute(conn)?;
    }
    if let Some(zone) = &change.zone {
        diesel::update(person).set(people::zone.eq(zone)).execute(conn)?;
    }
    let member = members::table.find((site_id, person_id));
    if let Some(manager_id) = change.manager_id {
        diesel::update(member).set(members::manager_id.eq(manager_id)).execute(conn)?;
    }
    if let Some(absent) = change.absent {
        let (from, to) = absent.map_or((None, None), |(from, to)| (Some(from), to));
        diesel::update(member).set((members::absent_from.eq(from), members::absent_to.eq(to))).execute(conn)?;
    }
    let Some(after) = find(conn, site_id, person_id)? else { return Ok(Err(Refused::NoSuchPerson)) };
    let fields = fields_that_differ(&before, &after);
    if !fields.is_empty() {
        site.append(conn, by, now, &[Event::StaffChanged { person_id, fields }])?;
    }
    Ok(Ok(after))
}

/// Somebody else of the site whose own managers do not lead back.
fn may_manage(conn: &mut AnyConnection, site_id: i64, person_id: Option<i64>, manager_id: i64) -> QueryResult<bool> {
    let staff: Vec<(i64, Option<i64>)> = members::table
        .filter(members::site_id.eq(site_id))
        .filter(members::left_at.is_null())
        .select((members::person_id, members::manager_id))
        .load(conn)?;
    let mut next = Some(manager_id);
    for _ in 0..=staff.len() {
        let Some(id) = next else { return Ok(true) };
        if Some(id) == person_id {
            return Ok(false);
        }
        match staff.iter().find(|(member, _)| *member == id) {
            Some((_, manager)) => next = *manager,
            None => return Ok(id != manager_id),
        }
    }
    Ok(false)
}

fn change_addresses(conn: &mut AnyConnection, before: &Member, change: &Change) -> QueryResult<()> {
    if change.email.is_none() && change.aliases.is_none() {
        return Ok(());
    }
    let main = change.email.as_ref().map_or(before.email.as_str(), EmailAddress::as_str);
    let mut aliases: Vec<&str> = match &change.aliases {
        Some(aliases) => aliases.iter().map(EmailAddress::as_str).collect(),
        None => before.aliases.iter().map(String::as_str).chain([before.email.as_str()]).collect(),
    };
    aliases.sort_unstable_by_key(|alias| key_of(alias));
    aliases.dedup_by_key(|alias| key_of(alias));
    aliases.retain(|alias| key_of(alias) != key_of(main));
    let all = person_addresses::table.filter(person_addresses::person_id.eq(before.person_id));
    diesel::delete(all).execute(conn)?;
    insert_address(conn, before.person_id, main, true)?;
    for alias in aliases {
        insert_address(conn, before.person_id, alias, false)?;
    }
    Ok(())
}

fn fields_that_differ(before: &Member, after: &Member) -> Vec<&'static str> {
    let changed = [
        ("name", before.name != after.name),
        ("email", before.email != after.email),
        ("aliases", before.aliases != after.aliases),
        ("language", before.language != after.language),
        ("zone", before.zone != after.zone),
        ("manager", before.manager_id != after.manager_id),
        ("absent", (before.absent_from, before.absent_to) != (after.absent_from, after.absent_to)),
    ];
    changed.into_iter().filter(|(_, changed)| *changed).map(|(name, _)| name).collect()
}

/// Hands on what somebody who left leaves behind; the subject is the person.
pub const STAFF_LEFT: &str = "staff_left";

/// The person whom the subject of a timer of the kind [`STAFF_LEFT`] names.
pub fn who_left(subject: &[u8]) -> Option<i64> {
    Some(i64::from_be_bytes(subject.try_into().ok()?))
}

/// Has what somebody leaves behind handed on, from `now` (Unix ms) on.
fn set_timer(conn: &mut AnyConnection, site_id: i64, person_id: i64, now: i64) -> QueryResult<()> {
    timers::set(conn, site_id, STAFF_LEFT, &person_id.to_be_bytes(), now)
}

/// Somebody leaves a site at `now` (Unix ms): they are told of nothing more, their links stop, and a timer hands on what they
/// leave behind, also when they left before. Whether they belonged to it.
///
/// # Errors
/// What the database says.
pub fn leave(conn: &mut AnyConnection, site: &mut SiteLock, person_id: i64, by: &By, now: i64) -> QueryResult<bool> {
    let site_id = site.site_id();
    let member = members::table.find((site_id, person_id)).filter(members::left_at.is_null());
    if diesel::update(member).set(members::left_at.eq(now)).execute(conn)? == 0 {
        if find(conn, site_id, person_id)?.is_some() {
            set_timer(conn, site_id, person_id, now)?;
        }
        return Ok(false);
    }
    set_timer(conn, site_id, person_id, now)?;
    let generation = people::table.find(person_id);
    diesel::update(generation).set(people::link_generation.eq(people::link_generation + 1)).execute(conn)?;
    let of_team = team_members::table.filter(team_members::site_id.eq(site_id));
    diesel::delete(of_team.filter(team_members::person_id.eq(person_id))).execute(conn)?;
    let managed = members::table.filter(members::site_id.eq(site_id)).filter(members::manager_id.eq(person_id));
    diesel::update(managed).set(members::manager_id.eq(None::<i64>)).execute(conn)?;
    let owned = touchpoints::table.filter(touchpoints::site_id.eq(site_id)).filter(touchpoints::owner_id.eq(person_id));
    diesel::update(owned).set(touchpoints::owner_id.eq(None::<i64>)).execute(conn)?;
    site.append(conn, by, now, &[Event::StaffLeft { person_id }])?;
    Ok(true)
}

/// Deletes people whom no site names any more. The caller has locked [`NO_SITE`].
///
/// # Errors
/// What the database says.
pub fn delete_unnamed(conn: &mut AnyConnection) -> QueryResult<()> {
    let of_address = members::table.filter(members::person_id.eq(person_addresses::person_id));
    diesel::delete(person_addresses::table.filter(not(exists(of_address)))).execute(conn)?;
    let of_person = members::table.filter(members::person_id.eq(people::id));
    diesel::delete(people::table.filter(not(exists(of_person)))).execute(conn)?;
    Ok(())
}
