//! Registering touchpoints.

use counterbell_shared::problem::FieldError;
use diesel::QueryResult;

use super::document::{Fields, Owner};
use crate::db::AnyConnection;
use crate::db::journal::{By, SiteLock};
use crate::db::staff::{self, Team};
use crate::db::touchpoints::Touchpoint;

/// Most touchpoints that a site registers.
pub const TOUCHPOINTS_MAX: usize = 5_000;

/// Registers a touchpoint, or changes it, at `now` (Unix ms): it becomes `start` with what `fields` say. Whether it is new. The
/// caller has locked the site.
///
/// # Errors
/// What the database says. What is refused is an inner error, each with a JSON pointer into the document, and nothing is
/// changed.
pub fn put(
    conn: &mut AnyConnection,
    site: &mut SiteLock,
    start: Touchpoint,
    fields: &Fields,
    by: &By,
    now: i64,
) -> QueryResult<Result<bool, Vec<FieldError>>> {
    let before = Touchpoint::find(conn, site.site_id(), &start.name)?;
    if before.is_none() && Touchpoint::names(conn, site.site_id())?.len() >= TOUCHPOINTS_MAX {
        let detail = format!("the site has {TOUCHPOINTS_MAX} touchpoints already: remove one first");
        return Ok(Err(vec![FieldError::new("", detail)]));
    }
    let created_at = before.as_ref().map_or(now, |before| before.created_at);
    let mut touchpoint = Touchpoint { created_at, ..start };
    let refused = fill(conn, site.site_id(), &mut touchpoint, fields)?;
    if !refused.is_empty() {
        return Ok(Err(refused));
    }
    touchpoint.store(conn, site, before.as_ref(), by, now)?;
    Ok(Ok(before.is_none()))
}

/// What is refused of the fields.
fn fill(
    conn: &mut AnyConnection,
    site_id: i64,
    touchpoint: &mut Touchpoint,
    fields: &Fields,
) -> QueryResult<Vec<FieldError>> {
    let mut refused = Vec::new();
    if let Some(label) = &fields.label {
        touchpoint.label.clone_from(label);
    }
    if let Some(owner) = &fields.owner {
        touchpoint.owner_id = find_owner(conn, site_id, owner)?;
        if touchpoint.owner_id.is_none() {
            refused.push(FieldError::new(owner.pointer(), "is nobody of the site's staff: add them first"));
        }
    }
    if let Some(team) = &fields.team {
        touchpoint.team = Some(team.clone());
        if !Team::all(conn, site_id)?.iter().any(|known| known.name == *team) {
            refused.push(FieldError::new("/team", "is no team of the site: make it first"));
        }
    }
    if let Some(zone) = &fields.zone {
        touchpoint.zone = Some(zone.name().to_owned());
    }
    if let Some(calendar) = &fields.calendar {
        touchpoint.calendar = Some(calendar.to_document());
    }
    Ok(refused)
}

fn find_owner(conn: &mut AnyConnection, site_id: i64, owner: &Owner) -> QueryResult<Option<i64>> {
    let person_id = match owner {
        Owner::Email(email) => staff::person_of(conn, email)?,
        Owner::Person(person_id) => Some(*person_id),
    };
    let Some(person_id) = person_id else { return Ok(None) };
    let member = staff::find(conn, site_id, person_id)?;
    Ok(member.filter(|member| member.left_at.is_none()).map(|member| member.person_id))
}

#[cfg(test)]
mod tests {
    use counterbell_shared::SiteKey;
    use diesel::connection::SimpleConnection;

    use super::*;
    use crate::db::journal;
    use crate::db::sites::{Limits, NewSite, Site};
    use crate::db::test_database::TestDatabase;
    use crate::db::{dialect, migrations};
    use crate::touchpoints::parse_document;

    /// A site of ann's, whose number is 1, with the team "counter".
    fn site(conn: &mut AnyConnection) -> i64 {
        let new = NewSite {
            name: "Shop".to_owned(),
            zone: "UTC".to_owned(),
            origins: Vec::new(),
            recipients: vec!["Ann@shop.example".parse().unwrap()],
            limits: Limits::default(),
        };
        let key: SiteKey = "site_0000000000000000".parse().unwrap();
        let created = |conn: &mut _| Site::create(conn, &key, &new, &By::operator(), 1);
        let site_id = dialect::write_transaction(conn, created).unwrap().id;
        write(conn, site_id, |conn, site| {
            staff::put_team(conn, site, ("counter", "Counter"), &[1], &By::operator(), 1).map(|_| ())
        });
        site_id
    }

    fn write<T>(
        conn: &mut AnyConnection,
        site_id: i64,
        work: impl FnOnce(&mut AnyConnection, &mut SiteLock) -> QueryResult<T>,
    ) -> T {
        dialect::write_transaction(conn, |conn| {
            let mut lock = journal::lock(conn, site_id)?;
            work(conn, &mut lock)
        })
        .unwrap()
    }

    /// Whether it is new, or pointers to what is refused.
    fn put_till(conn: &mut AnyConnection, site_id: i64, document: &str) -> Result<bool, Vec<String>> {
        let fields = parse_document(document.as_bytes()).unwrap();
        let put = write(conn, site_id, |conn, site| {
            put(conn, site, Touchpoint::named("till", 2), &fields, &By::operator(), 2)
        });
        put.map_err(|errors| errors.into_iter().map(|error| error.pointer).collect())
    }

    fn till(conn: &mut AnyConnection, site_id: i64) -> Option<Touchpoint> {
        Touchpoint::find(conn, site_id, "till").unwrap()
    }

    #[test]
    fn owner_who_leaves_and_team_that_is_removed_are_taken_off() {
        for database in TestDatabase::of_each_kind() {
            let mut conn = migrations::open_up_to_date(&database.url).unwrap();
            let site_id = site(&mut conn);
            let whole = r#"{"owner": "ann@SHOP.example", "team": "counter", "label": "Till"}"#;
            assert_eq!(put_till(&mut conn, site_id, whole), Ok(true));
            let expected = Touchpoint {
                label: "Till".to_owned(),
                owner_id: Some(1),
                team: Some("counter".to_owned()),
                ..Touchpoint::named("till", 2)
            };
            assert_eq!(till(&mut conn, site_id), Some(expected.clone()));

            write(&mut conn, site_id, |conn, site| staff::remove_team(conn, site, "counter", &By::operator(), 3));
            assert_eq!(till(&mut conn, site_id), Some(Touchpoint { team: None, ..expected.clone() }));

            write(&mut conn, site_id, |conn, site| staff::leave(conn, site, 1, &By::operator(), 4));
            assert_eq!(till(&mut conn, site_id), Some(Touchpoint { team: None, owner_id: None, ..expected.clone() }));

            let refused = Err(vec!["/owner".to_owned(), "/team".to_owned()]);
            assert_eq!(put_till(&mut conn, site_id, whole), refused);
            assert_eq!(put_till(&mut conn, site_id, r#"{"owner_id": 1}"#), Err(vec!["/owner_id".to_owned()]));
            assert_eq!(till(&mut conn, site_id).unwrap().label, "Till", "what is refused changes nothing");
        }
    }

    #[test]
    fn site_has_so_many_touchpoints_and_no_more() {
        for database in TestDatabase::of_each_kind() {
            let mut conn = migrations::open_up_to_date(&database.url).unwrap();
            let site_id = site(&mut conn);
            let all_but_one = format!(
                "INSERT INTO touchpoints (site_id, name, label, created_at) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL \
                 SELECT i + 1 FROM n WHERE i < {}) SELECT {site_id}, 'place ' || i, 'Place', 1 FROM n",
                TOUCHPOINTS_MAX - 1
            );
            conn.batch_execute(&all_but_one).unwrap();
            assert_eq!(put_till(&mut conn, site_id, "{}"), Ok(true));
            write(&mut conn, site_id, |conn, site| {
                let place = Touchpoint::named("one more", 2);
                let refused = put(conn, site, place, &Fields::default(), &By::operator(), 2)?.unwrap_err();
                assert!(refused[0].pointer.is_empty() && refused[0].detail.contains("5000"), "{refused:?}");
                Ok(())
            });
            assert_eq!(put_till(&mut conn, site_id, r#"{"owner_id": 1}"#), Ok(false), "one that is there is changed");
        }
    }
}
