//! Which opening hours count at a touchpoint.

use diesel::QueryResult;
use jiff::tz::TimeZone;
use serde::Serialize;
use utoipa::ToSchema;

use crate::calendar::Calendar;
use crate::db::touchpoints::Touchpoint;
use crate::db::{AnyConnection, calendars};
use crate::zone::Zone;

/// Whose calendar counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The touchpoint's own.
    Touchpoint,
    /// The site's.
    Site,
    /// Nobody's: it is always open.
    None,
    /// One that cannot be read, since somebody else wrote it: it is always open.
    Unreadable,
}

/// The calendar that counts, and in which zone its clocks go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours {
    /// Which time counts.
    pub calendar: Calendar,
    /// In which zone.
    pub zone: Zone,
    /// Whose calendar it is.
    pub source: Source,
}

/// The hours of a site, which count at touchpoints that have none of their own.
#[derive(Clone, Debug)]
pub struct SiteHours(Hours);

/// Whether a calendar that is stored can be read.
pub fn is_readable(calendar: &str) -> bool {
    Calendar::parse(calendar.as_bytes()).is_ok()
}

impl SiteHours {
    /// Of a site; one that is not there is always open, in UTC.
    ///
    /// # Errors
    /// What the database says.
    pub fn load(conn: &mut AnyConnection, site_id: i64) -> QueryResult<Self> {
        let (calendar, zone) = calendars::find_with_zone(conn, site_id)?.unwrap_or_default();
        let (calendar, source) = match calendar {
            Some(document) => read(&document, Source::Site),
            None => (Calendar::Always, Source::None),
        };
        Ok(Self(Hours { calendar, zone: Zone::or_utc(&zone), source }))
    }

    /// Where nothing else counts.
    pub fn hours(&self) -> &Hours {
        &self.0
    }

    /// At a touchpoint: its own calendar, else the site's; its own zone, else the site's, also in place of one that this program
    /// does not know.
    pub fn at(&self, touchpoint: &Touchpoint) -> Hours {
        let own_zone = touchpoint.zone.as_ref().and_then(|zone| zone.parse().ok());
        let zone = own_zone.unwrap_or_else(|| self.0.zone.clone());
        let (calendar, source) = match &touchpoint.calendar {
            Some(document) => read(document, Source::Touchpoint),
            None => (self.0.calendar.clone(), self.0.source),
        };
        Hours { calendar, zone, source }
    }
}

/// Somebody must be told in time although a calendar cannot be read: it is always open.
fn read(document: &str, source: Source) -> (Calendar, Source) {
    match Calendar::parse(document.as_bytes()) {
        Ok(calendar) => (calendar, source),
        Err(_) => (Calendar::Always, Source::Unreadable),
    }
}

impl Hours {
    /// Those that count at the touchpoint of this name, whether or not it is registered.
    ///
    /// # Errors
    /// What the database says.
    pub fn of(conn: &mut AnyConnection, site_id: i64, touchpoint: &str) -> QueryResult<Self> {
        let site = SiteHours::load(conn, site_id)?;
        let touchpoint = Touchpoint::find(conn, site_id, touchpoint)?;
        Ok(touchpoint.map_or(site.0.clone(), |touchpoint| site.at(&touchpoint)))
    }

    /// The zone's rules, as the calendar's functions take them.
    pub fn rules(&self) -> &TimeZone {
        self.zone.rules()
    }
}

#[cfg(test)]
mod tests {
    use counterbell_shared::SiteKey;

    use super::*;
    use crate::db::journal::{self, By};
    use crate::db::sites::{Limits, NewSite, Site};
    use crate::db::test_database::TestDatabase;
    use crate::db::{dialect, migrations};

    const MORNING: &str = r#"{"hours":{"mon":["08:00-12:00"]}}"#;
    const EVENING: &str = r#"{"hours":{"mon":["18:00-22:00"]}}"#;
    const BROKEN: &str = r#"{"hours":"yes"}"#;

    #[test]
    fn own_hours_count_then_those_of_the_site_then_all_time() {
        for database in TestDatabase::of_each_kind() {
            let mut conn = migrations::open_up_to_date(&database.url).unwrap();
            let new = NewSite {
                name: "Shop".to_owned(),
                zone: "Europe/Berlin".to_owned(),
                origins: Vec::new(),
                recipients: Vec::new(),
                limits: Limits::default(),
            };
            let key: SiteKey = "site_0000000000000000".parse().unwrap();
            let site = dialect::write_transaction(&mut conn, |conn| Site::create(conn, &key, &new, &By::operator(), 1));
            let site_id = site.unwrap().id;
            let own = |name: &str, calendar: Option<&str>, zone: Option<&str>| Touchpoint {
                calendar: calendar.map(str::to_owned),
                zone: zone.map(str::to_owned),
                ..Touchpoint::named(name, 1)
            };
            let stored = [
                own("plain", None, None),
                own("own", Some(EVENING), Some("Asia/Tokyo")),
                own("calendar", Some(EVENING), None),
                own("zone", None, Some("Asia/Tokyo")),
                own("always", Some("\"always\""), None),
                own("broken", Some(BROKEN), Some("Mars/Olympus")),
            ];
            dialect::write_transaction(&mut conn, |conn| {
                let mut lock = journal::lock(conn, site_id)?;
                stored.iter().try_for_each(|one| one.store(conn, &mut lock, None, &By::operator(), 1))
            })
            .unwrap();
            let hours = |document: &str| Calendar::parse(document.as_bytes()).unwrap();
            let mut check = |name: &str, calendar: Calendar, zone: &str, source: Source| {
                let expected = Hours { calendar, zone: zone.parse().unwrap(), source };
                assert_eq!(Hours::of(&mut conn, site_id, name).unwrap(), expected, "{name}");
            };
            check("unknown", Calendar::Always, "Europe/Berlin", Source::None);
            check("plain", Calendar::Always, "Europe/Berlin", Source::None);

            let set = |calendar: &str| {
                dialect::write_transaction(&mut migrations::open_up_to_date(&database.url).unwrap(), |conn| {
                    let mut lock = journal::lock(conn, site_id)?;
                    calendars::replace(conn, &mut lock, Some(calendar), &By::operator(), 1)
                })
                .unwrap()
            };
            assert!(!set(MORNING));
            for name in ["unknown", "plain"] {
                check(name, hours(MORNING), "Europe/Berlin", Source::Site);
            }
            check("own", hours(EVENING), "Asia/Tokyo", Source::Touchpoint);
            check("calendar", hours(EVENING), "Europe/Berlin", Source::Touchpoint);
            check("zone", hours(MORNING), "Asia/Tokyo", Source::Site);
            check("always", Calendar::Always, "Europe/Berlin", Source::Touchpoint);
            check("broken", Calendar::Always, "Europe/Berlin", Source::Unreadable);

            assert!(set(BROKEN));
            check("plain", Calendar::Always, "Europe/Berlin", Source::Unreadable);
            check("own", hours(EVENING), "Asia/Tokyo", Source::Touchpoint);
            let nowhere = Hours { calendar: Calendar::Always, zone: Zone::UTC, source: Source::None };
            assert_eq!(Hours::of(&mut conn, site_id + 1, "plain").unwrap(), nowhere);
        }
    }
}
