//! Arguments of commands about what belongs to one site.

use clap::Args;
use counterbell_shared::EmailAddress;
use counterbell_shared::survey::is_slug;

use super::CliError;
use super::database::open_up_to_date;
use super::key::find_site;
use crate::config::CommonSettings;
use crate::db::sites::Site;
use crate::db::{AnyConnection, staff as rows};
use crate::zone::Zone;

/// Of which site.
#[derive(Args)]
pub struct SiteArgs {
    /// The site
    #[arg(long = "site", value_name = "SITE_KEY")]
    pub key: String,
    #[command(flatten)]
    common: CommonSettings,
}

impl SiteArgs {
    /// The database, and the id of the site.
    pub fn open(&self) -> Result<(AnyConnection, i64), CliError> {
        let mut conn = open_up_to_date(&self.common.database_url()?)?;
        let site = find_site(&mut conn, &self.key)?;
        Ok((conn, site.id))
    }

    /// Number of the person of this site who has this address, or had.
    pub fn person(&self, conn: &mut AnyConnection, site_id: i64, email: &str) -> Result<i64, CliError> {
        let found = match email.parse::<EmailAddress>() {
            Ok(email) => rows::person_of(conn, email.as_str())?,
            Err(_) => None,
        };
        let of_site = found.map(|id| rows::find(conn, site_id, id)).transpose()?.flatten();
        of_site.map(|member| member.person_id).ok_or_else(|| {
            let hint = format!("`counterbell staff list --site {}` shows who does", self.key);
            CliError::Usage(format!("nobody who belongs to the site has the address {email}: {hint}"))
        })
    }
}

/// The zone of a site, in which times are shown to people.
pub fn zone_of(conn: &mut AnyConnection, site_id: i64) -> Result<Zone, CliError> {
    Ok(Site::find_zone(conn, site_id)?.map_or(Zone::UTC, |zone| Zone::or_utc(&zone)))
}

/// A name for programs, such as a team's.
pub fn slug(text: &str) -> Result<String, &'static str> {
    let told = "must be lowercase letters and digits, with hyphens between words";
    is_slug(text).then(|| text.to_owned()).ok_or(told)
}
