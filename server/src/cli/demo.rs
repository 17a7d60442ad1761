//! `counterbell demo`.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use clap::Args;
use counterbell_shared::SiteKey;
use counterbell_shared::survey::DEFAULT_SURVEY;
use counterbell_shared::time::UnixMillis;
use diesel::QueryResult;
use serde_json::json;

use super::CliError;
use super::import::Progress;
use super::output::{LogFormat, OutputArgs, random, start_log, tell};
use super::serve::stop_signal;
use crate::config::{AlertSettings, DatabaseConfig, HttpSettings, LinksConfig, MailSettings, ServeConfig};
use crate::db::journal::{self, By, SiteLock};
use crate::db::keys::ApiKey;
use crate::db::migrations::open_up_to_date;
use crate::db::sites::{Limits, NewSite};
use crate::db::{AnyConnection, DatabaseUrl, dialect, staff};
use crate::deadline::DeadlineSlot;
use crate::demo::{MANAGER, RECIPIENT, REVIEWS_MAP, RULE, SITE_NAME, Shop, dated_reviews};
use crate::import::{ImportOptions, import_csv};
use crate::rules::Rule;
use crate::sites;
use crate::startup::Server;
use crate::store::WriterSettings;
use crate::surveys::TEMPLATES_ONLY;
use crate::zone::Zone;

/// Show the whole product: a server with real reviews, and a shop to rate
///
/// Every start begins anew: the demo's folder is emptied first.
#[derive(Args)]
pub struct DemoArgs {
    /// Port of the server; 0 takes a free one [default: 8080, or a free one]
    #[arg(long)]
    port: Option<u16>,
    /// Port of the shop; 0 takes a free one [default: 8081, or a free one]
    #[arg(long)]
    shop_port: Option<u16>,
    /// Folder for the demo's database and mails
    #[arg(long, value_name = "DIR", default_value = "data/demo")]
    data_dir: PathBuf,
    #[command(flatten)]
    output: OutputArgs,
}

impl DemoArgs {
    pub fn run(self) -> Result<(), CliError> {
        let database = fresh_database(&self.data_dir)?;
        let mail_dir = self.data_dir.join("mail");
        let shop = listen(self.shop_port, 8081)?;
        let shop_port = shop.local_addr()?.port();
        // Free at this moment, and another than the shop's, which is held; the server takes it when it starts.
        let address = listen(self.port, 8080)?.local_addr()?;

        let mut conn = open_up_to_date(&database)?;
        let (site_key, api_key) = make_site(&mut conn, shop_port)?;
        drop(conn);

        start_log(LogFormat::Text)?;
        let http = HttpSettings {
            listen: Some(address.to_string()),
            public_url: Some(format!("http://{address}")),
            rate_limit: Some(0),
            trusted_proxies: Some(Vec::new()),
            backdate_days: Some(0),
            ..HttpSettings::default()
        };
        let mail = MailSettings { mail_dir: Some(mail_dir.clone()), ..MailSettings::default() };
        let config = ServeConfig {
            database: DatabaseConfig { url: database },
            http: http.resolve()?,
            mail: mail.resolve()?,
            alerts: AlertSettings::default().resolve()?,
            links: LinksConfig::default(),
        };
        // Outlives the runtime, which may hang too.
        let deadline = DeadlineSlot::default();
        actix_web::rt::System::new().block_on(async {
            let server = Server::bind(&config, WriterSettings::new(config.http.queue_capacity))?;
            let shop = Shop::new(address, &site_key, mail_dir.clone()).serve(shop)?;
            let stop_shop = shop.handle();
            actix_web::rt::spawn(shop);

            let (shop_url, server_url) = (format!("http://localhost:{shop_port}/"), format!("http://{address}"));
            let hosted_url = format!("{server_url}/f/{site_key}/checkout");
            let mail = mail_dir.display();
            let text = format!(
                "\nCounterbell is running. Open the shop and give your order one star:\n\n\
                 \x20 Shop      {shop_url}\n\
                 \x20 Mail      {shop_url}inbox, and as files in {mail}: press \"I have this\" within 20 seconds, or it goes up\n\
                 \x20 Survey    {hosted_url}, without scripts\n\
                 \x20 Server    {server_url}\n\
                 \x20 API key   {api_key}\n\n\
                 See what came in:\n\n\
                 \x20 curl -H 'Authorization: Bearer {api_key}' '{server_url}/v1/admin/responses?limit=3'\n\
                 \x20 curl -H 'Authorization: Bearer {api_key}' '{server_url}/v1/admin/summary'\n\n\
                 Ctrl-C stops it.\n"
            );
            let value = json!({
                "shop_url": shop_url, "server_url": server_url, "site_key": site_key, "api_key": api_key,
                "inbox_url": format!("{shop_url}inbox"), "hosted_url": hosted_url, "mail_dir": mail_dir,
            });
            self.output.print(&value, &text)?;
            server.run(stop_signal(), Rc::clone(&deadline)).await?;
            stop_shop.stop(false).await;
            Ok(())
        })
    }
}

/// The port asked for; else the usual one, or a free one when somebody has it.
fn listen(port: Option<u16>, usual: u16) -> Result<TcpListener, CliError> {
    let address = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let listener = match (TcpListener::bind(address(port.unwrap_or(usual))), port) {
        (Err(error), None) if error.kind() == ErrorKind::AddrInUse => TcpListener::bind(address(0)),
        (tried, _) => tried,
    };
    listener.map_err(|error| {
        CliError::Usage(format!("cannot listen on port {}: {error}; choose another", port.unwrap_or(usual)))
    })
}

/// Written by a demo into its folder: what is in there may be removed.
const MARKER: &str = ".counterbell-demo";

/// An empty database in `folder`. Removes only what an earlier demo left there.
fn fresh_database(folder: &Path) -> Result<DatabaseUrl, CliError> {
    std::fs::create_dir_all(folder)?;
    let marker = folder.join(MARKER);
    if !marker.exists() && folder.read_dir()?.next().is_some() {
        let name = folder.display();
        return Err(CliError::Usage(format!(
            "{name} is not empty and no demo made it: its mails would be deleted; give another --data-dir"
        )));
    }
    std::fs::File::create(marker)?;
    let file = folder.join("demo.db");
    for suffix in ["", "-wal", "-shm"] {
        let mut name = file.clone().into_os_string();
        name.push(suffix);
        remove_if_there(std::fs::remove_file(name))?;
    }
    remove_if_there(std::fs::remove_dir_all(folder.join("mail")))?;
    Ok(DatabaseUrl::Sqlite(file))
}

fn remove_if_there(removed: std::io::Result<()>) -> std::io::Result<()> {
    match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Whoever is told has a manager, and neither has long to take a case: all steps are seen within a minute.
fn hurry(conn: &mut AnyConnection, site: &mut SiteLock, by: &By, now: i64) -> QueryResult<()> {
    let no_demo = |what: &str| diesel::result::Error::DeserializationError(format!("the demo's {what}").into());
    let manager = MANAGER.parse().map_err(|_| no_demo("manager is nobody"))?;
    let manager = staff::NewMember { email: manager, change: named("Mia Moreno") };
    let manager = staff::add(conn, site, &manager, by, now)?.map_err(|_| no_demo("manager was refused"))?;
    let told = staff::person_of(conn, RECIPIENT)?.ok_or_else(|| no_demo("staff are gone"))?;
    let change = staff::Change { manager_id: Some(Some(manager.person_id)), ..named("Sam Carter") };
    staff::change(conn, site, told, &change, by, now)?.map_err(|_| no_demo("staff were refused"))?;
    let rule = Rule::parse(RULE.as_bytes()).map_err(|_| no_demo("rule cannot be read"))?;
    sites::put_rule(conn, site, &rule, by, now)?.map_err(|_| no_demo("rule was refused"))?;
    Ok(())
}

fn named(name: &str) -> staff::Change {
    staff::Change { name: Some(name.to_owned()), ..staff::Change::default() }
}

/// The demo's site with its past responses; its site key, and an API key to it.
fn make_site(conn: &mut AnyConnection, shop_port: u16) -> Result<(String, String), CliError> {
    let new = NewSite {
        limits: Limits::default(),
        name: SITE_NAME.to_owned(),
        zone: Zone::UTC.name().to_owned(),
        origins: vec![format!("http://127.0.0.1:{shop_port}"), format!("http://localhost:{shop_port}")],
        recipients: vec![RECIPIENT.parse().map_err(|_| CliError::Usage("no recipient".to_owned()))?],
    };
    let key = SiteKey::from_random(random()?);
    let (random, by, now) = (random()?, By::operator(), UnixMillis::now().0);
    let (site, api_key) = dialect::write_transaction(conn, |conn| {
        let site = sites::create(conn, &key, &new, &by, now)?;
        let (_, api_key) = ApiKey::create(conn, &random, Some(site.id), "demo", &by, now)?;
        let mut lock = journal::lock(conn, site.id)?;
        hurry(conn, &mut lock, &by, now)?;
        Ok((site, api_key))
    })?;

    let reviews = dated_reviews(UnixMillis::now()).map_err(crate::import::ImportError::from)?;
    let options = ImportOptions {
        mapping: REVIEWS_MAP.parse().map_err(CliError::Usage)?,
        survey: TEMPLATES_ONLY.version(DEFAULT_SURVEY).map_err(CliError::Usage)?,
        touchpoint: None,
        dry_run: false,
        alert: false,
        rejects: None,
    };
    let progress = Progress::new(Some(reviews.len() as u64));
    let report = import_csv(conn, &site, reviews.as_slice(), &options, |report| progress.show(report))?;
    progress.finish();
    tell(&format!("Imported {} real reviews as past responses ({} rejected)", report.accepted, report.rejected));
    Ok((site.site_key.to_string(), api_key))
}
