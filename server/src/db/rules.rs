//! A site's alert rules.

use counterbell_shared::AlertRule;
use counterbell_shared::metric::Band;
use diesel::prelude::*;

use super::connection::AnyConnection;
use super::schema::{alert_rules, sites};

/// When a site tells somebody.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Those that can be read, by name.
    pub read: Vec<AlertRule>,
    /// Names of those that cannot: somebody else wrote them. Nobody knows for which scores one fires.
    pub unreadable: Vec<String>,
}

impl Rules {
    /// Those of a site, as they are now.
    ///
    /// # Errors
    /// What the database says.
    pub fn load(conn: &mut AnyConnection, site_id: i64) -> QueryResult<Self> {
        let rows: Vec<(String, String)> = alert_rules::table
            .filter(alert_rules::site_id.eq(site_id))
            .order(alert_rules::name)
            .select((alert_rules::name, alert_rules::bands))
            .load(conn)?;
        let mut rules = Self::default();
        for (name, bands) in rows {
            match read_bands(&bands) {
                Some(bands) => rules.read.push(AlertRule { name, bands }),
                None => rules.unreadable.push(name),
            }
        }
        Ok(rules)
    }

    /// Those that can be read.
    ///
    /// # Errors
    /// That one cannot: without it nothing can be decided.
    pub fn all_read(&self) -> QueryResult<&[AlertRule]> {
        if self.unreadable.is_empty() {
            return Ok(&self.read);
        }
        let fault = format!("the bands of the alert rules {} cannot be read", quoted(&self.unreadable));
        Err(diesel::result::Error::DeserializationError(fault.into()))
    }
}

/// A rule's bands as they are stored.
pub fn write_bands(bands: &[Band]) -> String {
    bands.iter().map(|band| band.as_str()).collect::<Vec<_>>().join(",")
}

fn read_bands(text: &str) -> Option<Vec<Band>> {
    text.split(',').map(|band| band.parse().ok()).collect()
}

/// Names as they stand in a line of text.
pub fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
}

/// Site key and name of each rule that cannot be read, of every site.
///
/// # Errors
/// What the database says.
pub fn unreadable(conn: &mut AnyConnection) -> QueryResult<Vec<(String, String)>> {
    let rows: Vec<(String, String, String)> = alert_rules::table
        .inner_join(sites::table.on(sites::id.eq(alert_rules::site_id)))
        .order((sites::id, alert_rules::name))
        .select((sites::site_key, alert_rules::name, alert_rules::bands))
        .load(conn)?;
    Ok(rows.into_iter().filter(|row| read_bands(&row.2).is_none()).map(|(site, name, _)| (site, name)).collect())
}
