//! Touchpoints and opening hours as staff see them.

use std::collections::HashMap;

use counterbell_shared::time::UnixMillis;
use diesel::QueryResult;
use serde::Serialize;
use utoipa::ToSchema;

use super::hours::{Hours, SiteHours, Source};
use super::list::{Count, NewTouchpoints};
use super::schema::CalendarDocument;
use crate::calendar::Calendar;
use crate::db::staff::{Member, members_of};
use crate::db::touchpoints::Touchpoint;
use crate::db::{AnyConnection, calendars};

/// When it is open.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HoursView {
    /// Whose calendar counts.
    pub source: Source,
    /// The zone in which its clocks go.
    pub zone: String,
    /// Whether it is open now.
    pub is_open: bool,
    /// When it opens; `null` while it is open, or when it does not within 400 days.
    pub next_open: Option<UnixMillis>,
}

/// Who answers for a touchpoint.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OwnerView {
    /// Their number.
    pub person_id: i64,
    /// Where their mail goes.
    pub email: String,
    /// Empty when nobody gave it.
    pub name: String,
}

/// A touchpoint that is registered.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TouchpointView {
    /// As responses name it.
    pub name: String,
    /// For people.
    pub label: String,
    /// Who answers for it.
    pub owner: Option<OwnerView>,
    /// The name of the team that does.
    pub team: Option<String>,
    /// Its own; `null` when the site's counts.
    pub zone: Option<String>,
    /// Its own; `null` when the site's counts, or when it cannot be read.
    #[schema(value_type = Option<CalendarDocument>)]
    pub calendar: Option<Calendar>,
    /// When it was registered.
    pub created_at: UnixMillis,
    /// What counts.
    pub hours: HoursView,
}

/// A touchpoint that is registered, and how often responses name it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ListedTouchpointView {
    /// As it is registered.
    #[serde(flatten)]
    pub touchpoint: TouchpointView,
    /// How often responses name it.
    #[serde(flatten)]
    pub count: Count,
}

/// Touchpoints of a site.
#[derive(Debug, Serialize, ToSchema)]
pub struct TouchpointViews {
    /// Those that are registered, by name.
    pub items: Vec<ListedTouchpointView>,
    /// For the next page of those; `null` on the last.
    pub next_cursor: Option<String>,
    /// Those that are not.
    #[serde(flatten)]
    pub new: NewTouchpoints,
}

/// The opening hours of a site.
#[derive(Debug, Serialize, ToSchema)]
pub struct CalendarView {
    site_key: String,
    /// `null` when there is none, or when it cannot be read.
    #[schema(value_type = Option<CalendarDocument>)]
    calendar: Option<Calendar>,
    /// What counts.
    hours: HoursView,
}

impl HoursView {
    fn new(hours: &Hours, now: i64) -> Self {
        let Hours { calendar, zone, source } = hours;
        let is_open = calendar.is_open(hours.rules(), now);
        let next_open = if is_open { None } else { calendar.next_open(hours.rules(), now).ok() };
        Self { source: *source, zone: zone.name().to_owned(), is_open, next_open: next_open.map(UnixMillis) }
    }
}

/// When it is open, in words: `open now`, `opens 2026-11-30 09:00 CET (UTC+01:00)`.
pub fn in_words(hours: &HoursView) -> String {
    let HoursView { source, zone, is_open, next_open } = hours;
    let when = match next_open {
        _ if *is_open => "open now".to_owned(),
        Some(at) => format!("opens {}", crate::zone::Zone::or_utc(zone).minute(*at)),
        None => "does not open within 400 days".to_owned(),
    };
    let whose = match source {
        Source::Touchpoint => "by its own calendar",
        Source::Site => "by the site's calendar",
        Source::None => "always open: there is no calendar",
        Source::Unreadable => "always open: its calendar cannot be read",
    };
    format!("{when} ({whose})")
}

/// A calendar that is stored, if it can be read.
fn read(document: Option<&str>) -> Option<Calendar> {
    Calendar::parse(document?.as_bytes()).ok()
}

impl CalendarView {
    /// Of a site, at `now` (Unix ms), and whether it has a calendar.
    ///
    /// # Errors
    /// What the database says.
    pub fn load(conn: &mut AnyConnection, site_id: i64, site_key: &str, now: i64) -> QueryResult<(Self, bool)> {
        let document = calendars::find(conn, site_id)?;
        let hours = HoursView::new(SiteHours::load(conn, site_id)?.hours(), now);
        let view = Self { site_key: site_key.to_owned(), calendar: read(document.as_deref()), hours };
        Ok((view, document.is_some()))
    }

    /// What counts.
    pub fn hours(&self) -> &HoursView {
        &self.hours
    }

    /// The calendar, to be changed and stored again.
    pub fn document(&self) -> Option<String> {
        serde_json::to_string_pretty(self.calendar.as_ref()?).ok()
    }
}

/// What is shown beside touchpoints of a site.
struct Surroundings {
    staff: HashMap<i64, Member>,
    hours: SiteHours,
    now: i64,
}

impl Surroundings {
    fn load(conn: &mut AnyConnection, site_id: i64, now: i64) -> QueryResult<Self> {
        let staff = members_of(conn, site_id)?.into_iter().map(|member| (member.person_id, member)).collect();
        Ok(Self { staff, hours: SiteHours::load(conn, site_id)?, now })
    }

    fn view(&self, touchpoint: Touchpoint) -> TouchpointView {
        let hours = HoursView::new(&self.hours.at(&touchpoint), self.now);
        let calendar = read(touchpoint.calendar.as_deref());
        let Touchpoint { name, label, owner_id, team, zone, created_at, .. } = touchpoint;
        let owner = owner_id.and_then(|person_id| self.staff.get(&person_id)).map(|member| OwnerView {
            person_id: member.person_id,
            email: member.email.clone(),
            name: member.name.clone(),
        });
        TouchpointView { name, label, owner, team, zone, calendar, created_at: UnixMillis(created_at), hours }
    }
}

impl TouchpointView {
    /// The one of this name, at `now` (Unix ms).
    ///
    /// # Errors
    /// What the database says.
    pub fn load(conn: &mut AnyConnection, site_id: i64, name: &str, now: i64) -> QueryResult<Option<Self>> {
        let Some(touchpoint) = Touchpoint::find(conn, site_id, name)? else { return Ok(None) };
        Ok(Some(Surroundings::load(conn, site_id, now)?.view(touchpoint)))
    }
}

impl TouchpointViews {
    /// Up to `limit` that are registered, by name, from behind `after` on, and all others, at `now` (Unix ms).
    ///
    /// # Errors
    /// What the database says.
    pub fn load(
        conn: &mut AnyConnection,
        site_id: i64,
        after: Option<&str>,
        limit: i64,
        now: i64,
    ) -> QueryResult<Self> {
        let (new, named) = NewTouchpoints::load(conn, site_id)?;
        let surroundings = Surroundings::load(conn, site_id, now)?;
        let view = |touchpoint: Touchpoint| {
            let count = named.by_name.get(&touchpoint.name).copied().map(Count::of).unwrap_or_default();
            ListedTouchpointView { touchpoint: surroundings.view(touchpoint), count }
        };
        let items = Touchpoint::page(conn, site_id, after, limit)?.into_iter().map(view).collect();
        Ok(Self { items, next_cursor: None, new })
    }
}
