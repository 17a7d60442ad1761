//! Sites, with their origins and recipients.

use counterbell_shared::time::{DAY_MS, UnixMillis};
use counterbell_shared::{EmailAddress, SiteKey};
use diesel::prelude::*;
use serde::Serialize;

use super::connection::AnyConnection;
use super::journal::{self, By, Event};
use super::schema::{site_origins, sites, teams};
use super::{cases, responses, score_days, staff};

/// One retailer's web property, with all that ingest needs to know of it.
#[derive(Clone, Debug)]
pub struct Site {
    /// In the database.
    pub id: i64,
    /// In the script tag.
    pub site_key: SiteKey,
    /// For people.
    pub name: String,
    /// In which its times are shown: the IANA name that is stored, which a newer version may have written.
    pub zone: String,
    /// Whether mails to staff hold what a customer wrote, and who that is.
    pub mail_personal: bool,
    /// Origins whose pages may use the site key, as browsers write them.
    pub origins: Vec<String>,
    /// Who is told of unhappy customers: addresses as they are stored. One that an earlier version took and no mail can be
    /// sent to costs its own mails, not the site.
    pub recipients: Vec<String>,
    /// What it allows.
    pub limits: Limits,
    /// What was stored on the day this was read; counted only for a site with a daily cap.
    pub stored_today: StoredToday,
}

/// How many responses of a day are stored.
#[derive(Clone, Copy, Debug, Default)]
pub struct StoredToday {
    /// Days since 1970-01-01, UTC.
    pub day: i64,
    /// Those in the figures.
    pub customers: i64,
    /// Those held back as suspected spam, up to the cap.
    pub held: i64,
}

/// What a site allows; `None` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Queryable, Selectable, AsChangeset, Insertable, Serialize)]
#[diesel(table_name = sites, treat_none_as_null = true)]
pub struct Limits {
    /// Days a response is kept.
    pub retention_days: Option<i32>,
    /// Responses a minute, from all its pages together.
    pub rate_limit: Option<i32>,
    /// Responses a day (UTC).
    pub daily_cap: Option<i32>,
    /// Milliseconds from showing the question below which an answer is held back as suspected spam.
    pub min_answer_ms: Option<i32>,
}

/// What is in the row of a site, but for its id and its key.
#[derive(Queryable, Selectable)]
#[diesel(table_name = sites)]
struct Own {
    name: String,
    zone: String,
    mail_personal: bool,
    #[diesel(embed)]
    limits: Limits,
}

/// What the mails of a site are made of.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = sites)]
pub struct MailSettings {
    /// Name of the site.
    pub name: String,
    /// IANA name of its time zone.
    pub zone: String,
    /// Whether they hold what a customer wrote, and who that is.
    pub mail_personal: bool,
}

impl MailSettings {
    /// Those of the site of this id.
    ///
    /// # Errors
    /// What the database says.
    pub fn find(conn: &mut AnyConnection, site_id: i64) -> QueryResult<Option<Self>> {
        sites::table.find(site_id).select(Self::as_select()).first(conn).optional()
    }
}

/// A site about to be made.
#[derive(Clone, Debug)]
pub struct NewSite {
    /// For people.
    pub name: String,
    /// IANA name of its time zone.
    pub zone: String,
    /// As browsers write them.
    pub origins: Vec<String>,
    /// Who is told of unhappy customers.
    pub recipients: Vec<EmailAddress>,
    /// What it allows.
    pub limits: Limits,
}

impl Site {
    /// Makes a site without any alert rule, at `now` (Unix ms). Call in a transaction.
    ///
    /// # Errors
    /// What the database says.
    pub fn create(conn: &mut AnyConnection, site_key: &SiteKey, new: &NewSite, by: &By, now: i64) -> QueryResult<Self> {
        let id: i64 = diesel::insert_into(sites::table)
            .values((
                sites::site_key.eq(site_key.as_str()),
                sites::name.eq(&new.name),
                sites::zone.eq(&new.zone),
                sites::created_at.eq(now),
                new.limits,
            ))
            .returning(sites::id)
            .get_result(conn)?;
        let mut lock = journal::lock(conn, id)?;
        lock.append(conn, by, now, &[Event::SiteCreated])?;
        insert_alerts_team(conn, id, now)?;
        cases::insert_root_causes(conn, id, now)?;
        for origin in &new.origins {
            insert_origin(conn, id, origin)?;
        }
        for email in &new.recipients {
            staff::add_recipient(conn, &mut lock, email.as_str(), by, now)?;
        }
        Ok(Self {
            id,
            site_key: site_key.clone(),
            name: new.name.clone(),
            zone: new.zone.clone(),
            mail_personal: true,
            origins: new.origins.clone(),
            recipients: new.recipients.iter().map(EmailAddress::to_string).collect(),
            limits: new.limits,
            stored_today: StoredToday::default(),
        })
    }

    /// The site of this key.
    ///
    /// # Errors
    /// What the database says.
    pub fn find(conn: &mut AnyConnection, site_key: &SiteKey) -> QueryResult<Option<Self>> {
        let found = sites::table
            .filter(sites::site_key.eq(site_key.as_str()))
            .select((sites::id, Own::as_select()))
            .first::<(i64, Own)>(conn)
            .optional()?;
        found.map(|(id, own)| Self::load(conn, id, site_key.clone(), own)).transpose()
    }

    /// The site of this id.
    ///
    /// # Errors
    /// What the database says.
    pub fn find_by_id(conn: &mut AnyConnection, id: i64) -> QueryResult<Option<Self>> {
        let found = sites::table
            .find(id)
            .select((sites::site_key, Own::as_select()))
            .first::<(String, Own)>(conn)
            .optional()?;
        found.map(|(key, own)| Self::load(conn, id, parse_site_key(&key)?, own)).transpose()
    }

    /// Those of these ids that are sites.
    ///
    /// # Errors
    /// What the database says.
    pub fn existing(conn: &mut AnyConnection, ids: &[i64]) -> QueryResult<Vec<i64>> {
        sites::table.filter(sites::id.eq_any(ids)).select(sites::id).load(conn)
    }

    /// Name of the time zone of the site of this id.
    ///
    /// # Errors
    /// What the database says.
    pub fn find_zone(conn: &mut AnyConnection, id: i64) -> QueryResult<Option<String>> {
        sites::table.find(id).select(sites::zone).first(conn).optional()
    }

    /// Every site, oldest first.
    ///
    /// # Errors
    /// What the database says.
    pub fn all(conn: &mut AnyConnection) -> QueryResult<Vec<Self>> {
        sites::table
            .order(sites::id)
            .select((sites::id, sites::site_key, Own::as_select()))
            .load::<(i64, String, Own)>(conn)?
            .into_iter()
            .map(|(id, key, own)| Self::load(conn, id, parse_site_key(&key)?, own))
            .collect()
    }

    /// Id and key of every site, oldest first.
    ///
    /// # Errors
    /// What the database says.
    pub fn all_keys(conn: &mut AnyConnection) -> QueryResult<Vec<(i64, String)>> {
        sites::table.order(sites::id).select((sites::id, sites::site_key)).load(conn)
    }

    /// Key and time zone of every site, oldest first.
    ///
    /// # Errors
    /// What the database says.
    pub fn all_zones(conn: &mut AnyConnection) -> QueryResult<Vec<(String, String)>> {
        sites::table.order(sites::id).select((sites::site_key, sites::zone)).load(conn)
    }

    /// Whether any site names this origin, or the pattern `star` that stands for it.
    ///
    /// # Errors
    /// What the database says.
    pub fn origin_is_known(conn: &mut AnyConnection, origin: &str, star: &str) -> QueryResult<bool> {
        let known = site_origins::table.filter(site_origins::origin.eq(origin).or(site_origins::origin.eq(star)));
        diesel::select(diesel::dsl::exists(known)).get_result(conn)
    }

    /// Stores name, zone, limits, origins and recipients as they are here, at `now` (Unix ms), in the place of those `before`. Call
    /// in a transaction that writes.
    ///
    /// # Errors
    /// What the database says.
    pub fn store(&self, conn: &mut AnyConnection, before: &Self, by: &By, now: i64) -> QueryResult<()> {
        let fields = self.fields_other_than(before);
        if fields.is_empty() {
            return Ok(());
        }
        let mut lock = journal::lock(conn, self.id)?;
        lock.append(conn, by, now, &[Event::SiteChanged { fields }])?;
        let site = sites::table.find(self.id);
        diesel::update(site)
            .set((
                sites::name.eq(&self.name),
                sites::zone.eq(&self.zone),
                sites::mail_personal.eq(self.mail_personal),
                self.limits,
            ))
            .execute(conn)?;
        diesel::delete(site_origins::table.filter(site_origins::site_id.eq(self.id))).execute(conn)?;
        for origin in &self.origins {
            insert_origin(conn, self.id, origin)?;
        }
        for email in before.recipients.iter().filter(|email| !self.recipients.contains(email)) {
            staff::remove_recipient(conn, self.id, email)?;
        }
        for email in self.recipients.iter().filter(|email| !before.recipients.contains(email)) {
            staff::add_recipient(conn, &mut lock, email, by, now)?;
        }
        Ok(())
    }

    fn fields_other_than(&self, before: &Self) -> Vec<&'static str> {
        let changed = [
            ("name", self.name != before.name),
            ("zone", self.zone != before.zone),
            ("mail_personal", self.mail_personal != before.mail_personal),
            ("origins", self.origins != before.origins),
            ("recipients", self.recipients != before.recipients),
            ("retention_days", self.limits.retention_days != before.limits.retention_days),
            ("rate_limit", self.limits.rate_limit != before.limits.rate_limit),
            ("daily_cap", self.limits.daily_cap != before.limits.daily_cap),
            ("min_answer_ms", self.limits.min_answer_ms != before.limits.min_answer_ms),
        ];
        changed.into_iter().filter(|(_, changed)| *changed).map(|(name, _)| name).collect()
    }

    fn load(conn: &mut AnyConnection, id: i64, site_key: SiteKey, own: Own) -> QueryResult<Self> {
        let Own { name, zone, mail_personal, limits } = own;
        let origins = site_origins::table
            .filter(site_origins::site_id.eq(id))
            .order(site_origins::origin)
            .select(site_origins::origin)
            .load(conn)?;
        let recipients = staff::recipients(conn, id)?;
        let stored_today = limits.daily_cap.map(|cap| StoredToday::count(conn, id, cap)).transpose()?;
        let stored_today = stored_today.unwrap_or_default();
        Ok(Self { id, site_key, name, zone, mail_personal, origins, recipients, limits, stored_today })
    }
}

impl StoredToday {
    fn count(conn: &mut AnyConnection, site_id: i64, cap: i32) -> QueryResult<Self> {
        let day = UnixMillis::now().day();
        let customers = score_days::count_day(conn, site_id, day)?;
        let held = responses::count_held(conn, site_id, day * DAY_MS..(day + 1) * DAY_MS, cap)?;
        Ok(Self { day, customers, held })
    }
}

fn insert_origin(conn: &mut AnyConnection, site_id: i64, origin: &str) -> QueryResult<usize> {
    diesel::insert_into(site_origins::table)
        .values((site_origins::site_id.eq(site_id), site_origins::origin.eq(origin)))
        .execute(conn)
}

/// The team that is told when no rule says otherwise.
fn insert_alerts_team(conn: &mut AnyConnection, site_id: i64, now: i64) -> QueryResult<usize> {
    let team = (
        teams::site_id.eq(site_id),
        teams::name.eq(staff::ALERTS_TEAM),
        teams::label.eq("Alerts"),
        teams::created_at.eq(now),
    );
    diesel::insert_into(teams::table).values(team).execute(conn)
}

fn parse_site_key(text: &str) -> QueryResult<SiteKey> {
    text.parse().map_err(|_| corrupt("sites.site_key"))
}

/// What was valid when it was stored no longer is: somebody else wrote it.
fn corrupt(column: &'static str) -> diesel::result::Error {
    diesel::result::Error::DeserializationError(format!("{column} holds a value Counterbell did not write").into())
}
