//! Touchpoints that somebody registered.

use diesel::prelude::*;

use super::connection::AnyConnection;
use super::journal::{By, Event, SiteLock};
use super::schema::touchpoints::{self, dsl};

/// Where in the customer's journey the question is asked, and who answers for it.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = touchpoints, primary_key(name), treat_none_as_null = true)]
pub struct Touchpoint {
    /// As responses name it.
    pub name: String,
    /// For people.
    pub label: String,
    /// Somebody of the site's staff.
    pub owner_id: Option<i64>,
    /// A team of the site.
    pub team: Option<String>,
    /// Its opening hours, a document; `None` has those of the site.
    pub calendar: Option<String>,
    /// IANA name; `None` has that of the site.
    pub zone: Option<String>,
    /// Unix ms.
    pub created_at: i64,
}

impl Touchpoint {
    /// One of which nothing is known but its name, made at `now` (Unix ms).
    pub fn named(name: &str, now: i64) -> Self {
        let (name, label) = (name.to_owned(), name.to_owned());
        Self { name, label, owner_id: None, team: None, calendar: None, zone: None, created_at: now }
    }

    /// Those of a site, by name.
    ///
    /// # Errors
    /// What the database says.
    pub fn all(conn: &mut AnyConnection, site_id: i64) -> QueryResult<Vec<Self>> {
        let of_site = touchpoints::table.filter(dsl::site_id.eq(site_id));
        of_site.order(dsl::name).select(Self::as_select()).load(conn)
    }

    /// Up to `limit` of a site, by name, from behind this one on.
    ///
    /// # Errors
    /// What the database says.
    pub fn page(conn: &mut AnyConnection, site_id: i64, after: Option<&str>, limit: i64) -> QueryResult<Vec<Self>> {
        let mut of_site = touchpoints::table.filter(dsl::site_id.eq(site_id)).into_boxed();
        if let Some(after) = after {
            of_site = of_site.filter(dsl::name.gt(after));
        }
        of_site.order(dsl::name).limit(limit).select(Self::as_select()).load(conn)
    }

    /// Names of all of a site.
    ///
    /// # Errors
    /// What the database says.
    pub fn names(conn: &mut AnyConnection, site_id: i64) -> QueryResult<Vec<String>> {
        touchpoints::table.filter(dsl::site_id.eq(site_id)).select(dsl::name).load(conn)
    }

    /// The one of this name.
    ///
    /// # Errors
    /// What the database says.
    pub fn find(conn: &mut AnyConnection, site_id: i64, name: &str) -> QueryResult<Option<Self>> {
        touchpoints::table.find((site_id, name)).select(Self::as_select()).first(conn).optional()
    }

    /// Stores it at `now` (Unix ms) in the place of the one `before`, which has the same name.
    ///
    /// # Errors
    /// What the database says.
    pub fn store(
        &self,
        conn: &mut AnyConnection,
        site: &mut SiteLock,
        before: Option<&Self>,
        by: &By,
        now: i64,
    ) -> QueryResult<()> {
        if before == Some(self) {
            return Ok(());
        }
        let site_id = site.site_id();
        match before {
            Some(_) => diesel::update(touchpoints::table.find((site_id, &self.name))).set(self).execute(conn)?,
            None => diesel::insert_into(touchpoints::table)
                .values((dsl::site_id.eq(site_id), self.clone()))
                .execute(conn)?,
        };
        site.append(conn, by, now, &[Event::TouchpointStored { name: self.name.clone() }])
    }
}

/// Registers a touchpoint no more, at `now` (Unix ms); whether it was registered. Responses keep its name.
///
/// # Errors
/// What the database says.
pub fn remove(conn: &mut AnyConnection, site: &mut SiteLock, name: &str, by: &By, now: i64) -> QueryResult<bool> {
    if diesel::delete(touchpoints::table.find((site.site_id(), name))).execute(conn)? == 0 {
        return Ok(false);
    }
    site.append(conn, by, now, &[Event::TouchpointRemoved { name: name.to_owned() }])?;
    Ok(true)
}
