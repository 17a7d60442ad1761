//! Sites, with their origins, recipients and alert rules.

use counterbell_shared::metric::Band;
use counterbell_shared::time::UnixMillis;
use counterbell_shared::{EmailAddress, SiteKey};
use diesel::prelude::*;

use super::connection::AnyConnection;
use super::schema::{alert_rules, site_origins, site_recipients, sites};
use crate::alerts::AlertRule;

/// One retailer's web property, with all that ingest needs to know of it.
#[derive(Clone, Debug)]
pub struct Site {
    /// In the database.
    pub id: i64,
    /// In the script tag.
    pub site_key: SiteKey,
    /// For people.
    pub name: String,
    /// Origins whose pages may use the site key, as browsers write them.
    pub origins: Vec<String>,
    /// Who is told of unhappy customers.
    pub recipients: Vec<EmailAddress>,
    /// When they are told.
    pub rules: Vec<AlertRule>,
}

/// A site about to be made.
#[derive(Clone, Debug)]
pub struct NewSite {
    /// For people.
    pub name: String,
    /// As browsers write them.
    pub origins: Vec<String>,
    /// Who is told of unhappy customers.
    pub recipients: Vec<EmailAddress>,
}

impl Site {
    /// Makes a site with the default alert rule. Call in a transaction.
    ///
    /// # Errors
    /// What the database says.
    pub fn create(conn: &mut AnyConnection, site_key: &SiteKey, new: &NewSite) -> QueryResult<Self> {
        let id: i64 = diesel::insert_into(sites::table)
            .values((
                sites::site_key.eq(site_key.as_str()),
                sites::name.eq(&new.name),
                sites::created_at.eq(UnixMillis::now().0),
            ))
            .returning(sites::id)
            .get_result(conn)?;
        for origin in &new.origins {
            diesel::insert_into(site_origins::table)
                .values((site_origins::site_id.eq(id), site_origins::origin.eq(origin)))
                .execute(conn)?;
        }
        for email in &new.recipients {
            diesel::insert_into(site_recipients::table)
                .values((site_recipients::site_id.eq(id), site_recipients::email.eq(email.as_str())))
                .execute(conn)?;
        }
        let rule = AlertRule::default_rule();
        diesel::insert_into(alert_rules::table)
            .values((
                alert_rules::site_id.eq(id),
                alert_rules::name.eq(&rule.name),
                alert_rules::bands.eq(rule.bands.iter().map(|band| band.as_str()).collect::<Vec<_>>().join(",")),
            ))
            .execute(conn)?;
        Ok(Self {
            id,
            site_key: site_key.clone(),
            name: new.name.clone(),
            origins: new.origins.clone(),
            recipients: new.recipients.clone(),
            rules: vec![rule],
        })
    }

    /// The site of this key.
    ///
    /// # Errors
    /// What the database says.
    pub fn find(conn: &mut AnyConnection, site_key: &SiteKey) -> QueryResult<Option<Self>> {
        let found = sites::table
            .filter(sites::site_key.eq(site_key.as_str()))
            .select((sites::id, sites::name))
            .first::<(i64, String)>(conn)
            .optional()?;
        found.map(|(id, name)| Self::load(conn, id, site_key.clone(), name)).transpose()
    }

    /// The site of this id.
    ///
    /// # Errors
    /// What the database says.
    pub fn find_by_id(conn: &mut AnyConnection, id: i64) -> QueryResult<Option<Self>> {
        let found =
            sites::table.find(id).select((sites::site_key, sites::name)).first::<(String, String)>(conn).optional()?;
        found.map(|(key, name)| Self::load(conn, id, parse_site_key(&key)?, name)).transpose()
    }

    /// The name of the site of this id.
    ///
    /// # Errors
    /// What the database says.
    pub fn find_name(conn: &mut AnyConnection, id: i64) -> QueryResult<Option<String>> {
        sites::table.find(id).select(sites::name).first(conn).optional()
    }

    /// Every site, oldest first.
    ///
    /// # Errors
    /// What the database says.
    pub fn all(conn: &mut AnyConnection) -> QueryResult<Vec<Self>> {
        sites::table
            .order(sites::id)
            .select((sites::id, sites::site_key, sites::name))
            .load::<(i64, String, String)>(conn)?
            .into_iter()
            .map(|(id, key, name)| Self::load(conn, id, parse_site_key(&key)?, name))
            .collect()
    }

    /// Id and key of every site, oldest first.
    ///
    /// # Errors
    /// What the database says.
    pub fn all_keys(conn: &mut AnyConnection) -> QueryResult<Vec<(i64, String)>> {
        sites::table.order(sites::id).select((sites::id, sites::site_key)).load(conn)
    }

    /// Whether any site allows this origin.
    ///
    /// # Errors
    /// What the database says.
    pub fn origin_is_known(conn: &mut AnyConnection, origin: &str) -> QueryResult<bool> {
        diesel::select(diesel::dsl::exists(site_origins::table.filter(site_origins::origin.eq(origin))))
            .get_result(conn)
    }

    fn load(conn: &mut AnyConnection, id: i64, site_key: SiteKey, name: String) -> QueryResult<Self> {
        let origins = site_origins::table
            .filter(site_origins::site_id.eq(id))
            .order(site_origins::origin)
            .select(site_origins::origin)
            .load(conn)?;
        let recipients: Vec<String> = site_recipients::table
            .filter(site_recipients::site_id.eq(id))
            .order(site_recipients::email)
            .select(site_recipients::email)
            .load(conn)?;
        let recipients = recipients
            .iter()
            .map(|email| email.parse().map_err(|_| corrupt("site_recipients.email")))
            .collect::<QueryResult<_>>()?;
        let rules: Vec<(String, String)> = alert_rules::table
            .filter(alert_rules::site_id.eq(id))
            .order(alert_rules::name)
            .select((alert_rules::name, alert_rules::bands))
            .load(conn)?;
        let rules = rules
            .into_iter()
            .map(|(name, bands)| {
                let bands = bands.split(',').map(str::parse::<Band>).collect::<Result<_, _>>();
                Ok(AlertRule { name, bands: bands.map_err(|_| corrupt("alert_rules.bands"))? })
            })
            .collect::<QueryResult<_>>()?;
        Ok(Self { id, site_key, name, origins, recipients, rules })
    }
}

fn parse_site_key(text: &str) -> QueryResult<SiteKey> {
    text.parse().map_err(|_| corrupt("sites.site_key"))
}

/// What was valid when it was stored no longer is: somebody else wrote it.
fn corrupt(column: &'static str) -> diesel::result::Error {
    diesel::result::Error::DeserializationError(format!("{column} holds a value Counterbell did not write").into())
}
