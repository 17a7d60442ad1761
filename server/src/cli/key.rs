//! `counterbell key`.

use clap::{Args, Subcommand};
use counterbell_shared::SiteKey;
use counterbell_shared::time::UnixMillis;
use serde_json::json;

use super::CliError;
use super::database::open_up_to_date;
use super::output::{ListArgs, OutputArgs, random};
use crate::config::CommonSettings;
use crate::db::journal::By;
use crate::db::keys::ApiKey;
use crate::db::sites::Site;
use crate::db::{AnyConnection, dialect};

#[derive(Subcommand)]
pub enum KeyCommand {
    /// Make an API key; it is shown once and stored hashed
    Create(CreateArgs),
    /// List all API keys, without their secrets
    List(ListArgs),
    /// Revoke an API key
    Revoke(RevokeArgs),
}

#[derive(Args)]
pub struct CreateArgs {
    /// Site the key covers
    #[arg(long, value_name = "SITE_KEY", required_unless_present = "all_sites")]
    site: Option<String>,
    /// The key covers every site, also those made later
    #[arg(long, conflicts_with = "site")]
    all_sites: bool,
    /// What the key is for, to tell it from others
    #[arg(long, default_value = "")]
    name: String,
    #[command(flatten)]
    common: CommonSettings,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Args)]
pub struct RevokeArgs {
    /// The key's id, as `counterbell key list` shows it
    key_id: String,
    #[command(flatten)]
    common: CommonSettings,
    #[command(flatten)]
    output: OutputArgs,
}

/// The site of this key.
///
/// # Errors
/// One that names the command that lists sites.
pub fn find_site(conn: &mut AnyConnection, key: &str) -> Result<Site, CliError> {
    let found = match key.parse::<SiteKey>() {
        Ok(key) => Site::find(conn, &key)?,
        Err(_) => None,
    };
    found.ok_or_else(|| CliError::Usage(format!("no site has the key \"{key}\": `counterbell site list` shows them")))
}

impl KeyCommand {
    pub fn run(self) -> Result<(), CliError> {
        match self {
            Self::Create(args) => args.run(),
            Self::List(args) => list(&args),
            Self::Revoke(args) => args.run(),
        }
    }
}

impl CreateArgs {
    fn run(self) -> Result<(), CliError> {
        let mut conn = open_up_to_date(&self.common.database_url()?)?;
        let site = self.site.map(|key| find_site(&mut conn, &key)).transpose()?;
        let (random, site_id) = (random()?, site.as_ref().map(|site| site.id));
        let (key, secret) = dialect::write_transaction(&mut conn, |conn| {
            ApiKey::create(conn, &random, site_id, &self.name, &By::operator(), UnixMillis::now().0)
        })?;
        let covers = site.as_ref().map_or("every site".to_owned(), |site| format!("{} ({})", site.site_key, site.name));
        let text = format!("{secret}\n\nThe key covers {covers}. Keep it safe: it is not shown again.\n");
        let site_key = site.as_ref().map(|site| site.site_key.as_str());
        self.output.print(&json!({"api_key": secret, "key_id": key.key_id, "site_key": site_key}), &text)
    }
}

fn list(args: &ListArgs) -> Result<(), CliError> {
    let mut conn = open_up_to_date(&args.common.database_url()?)?;
    let mut items = Vec::new();
    let mut text = String::new();
    for key in ApiKey::all(&mut conn)? {
        let site = key.site_id.map(|id| Site::find_by_id(&mut conn, id)).transpose()?.flatten();
        let site_key = site.as_ref().map(|site| site.site_key.as_str());
        let created_at = UnixMillis(key.created_at).to_string();
        let revoked_at = key.revoked_at.map(|at| UnixMillis(at).to_string());
        text.push_str(&format!(
            "{}  {:<22}  {}  {}{}\n",
            key.key_id,
            site_key.unwrap_or("every site"),
            created_at,
            key.name,
            revoked_at.as_ref().map(|at| format!(" (revoked {at})")).unwrap_or_default()
        ));
        items.push(json!({
            "key_id": key.key_id, "site_key": site_key, "name": key.name,
            "created_at": created_at, "revoked_at": revoked_at,
        }));
    }
    let text = if text.is_empty() { "No API keys yet: `counterbell key create` makes one.".to_owned() } else { text };
    args.output.print(&items, &text)
}

impl RevokeArgs {
    fn run(self) -> Result<(), CliError> {
        let mut conn = open_up_to_date(&self.common.database_url()?)?;
        let (by, now) = (By::operator(), UnixMillis::now().0);
        let revoked = dialect::write_transaction(&mut conn, |conn| ApiKey::revoke(conn, &self.key_id, &by, now))?;
        if !revoked {
            let hint = "`counterbell key list` shows them";
            return Err(CliError::Usage(format!("no API key with the id \"{}\" is in force: {hint}", self.key_id)));
        }
        self.output.print(&json!({"key_id": self.key_id, "revoked": true}), &format!("Revoked {}", self.key_id))
    }
}
