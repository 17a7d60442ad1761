//! `counterbell site`.

use clap::{Args, Subcommand};
use counterbell_shared::contact::InvalidEmail;
use counterbell_shared::time::UnixMillis;
use counterbell_shared::{EmailAddress, Reference, SiteKey};
use serde_json::json;

use super::CliError;
use super::calendar::CalendarArgs;
use super::database::open_up_to_date;
use super::key::find_site;
use super::output::{ListArgs, OutputArgs, SEEN_SOON, random};
use super::site_delete::SiteDeleteArgs;
use super::theme::ThemeArgs;
use super::warning::warn_of_gaps;
use super::words::WordsArgs;
use crate::config::{CommonSettings, PublicUrl, PublicUrlArgs};
use crate::counted::counted;
use crate::db::journal::{self, By};
use crate::db::sites::{Limits, NewSite, Site};
use crate::db::{AnyConnection, dialect, erase, purge, staff};
use crate::sites::{self, parse_origin};
use crate::zone::{UnknownZone, Zone};

#[derive(Subcommand)]
pub enum SiteCommand {
    /// Make a site; prints the script tag for its pages, and the address that asks without the widget
    Create(CreateArgs),
    /// List all sites
    List(ListArgs),
    /// Change a site: its name, time zone, origins, recipients and limits
    Set(SetArgs),
    Delete(SiteDeleteArgs),
    Theme(ThemeArgs),
    Words(WordsArgs),
    Calendar(CalendarArgs),
}

/// What a site allows.
#[derive(Args)]
pub struct LimitArgs {
    /// Delete responses after this many days (0: never); the figures of the summary are kept
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(i32).range(0..=36_500))]
    retention_days: Option<i32>,
    /// Maximum responses per minute from all its pages together (0: no limit); above it: 429
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(0..))]
    rate_limit: Option<i32>,
    /// Maximum responses per day in UTC (0: no limit); above it: 429
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(0..))]
    daily_cap: Option<i32>,
    /// Hold answers given faster than this as suspected spam, in ms (0: off)
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(i32).range(0..=60_000))]
    min_answer_ms: Option<i32>,
}

impl LimitArgs {
    /// What was given replaces what there was; 0 takes it away.
    fn over(&self, old: Limits) -> Limits {
        let over = |new: Option<i32>, old| new.map_or(old, |new| (new > 0).then_some(new));
        Limits {
            retention_days: over(self.retention_days, old.retention_days),
            rate_limit: over(self.rate_limit, old.rate_limit),
            daily_cap: over(self.daily_cap, old.daily_cap),
            min_answer_ms: over(self.min_answer_ms, old.min_answer_ms),
        }
    }
}

/// No human reads a question and answers it in less.
const MIN_ANSWER_MS: i32 = 300;

#[derive(Args)]
pub struct SetArgs {
    /// The site
    #[arg(value_name = "SITE_KEY")]
    site_key: String,
    /// Another name, for staff
    #[arg(long)]
    name: Option<String>,
    /// Another time zone, in which mails show times: an IANA name such as Europe/Berlin
    #[arg(long, value_name = "NAME")]
    zone: Option<String>,
    /// Whether mails to staff hold what a customer wrote, and who that is; with `no` they say to open the case to read it
    #[arg(long, value_name = "yes|no", value_parser = yes_or_no)]
    mail_personal: Option<bool>,
    /// A further origin whose pages may use the site key, such as https://shop.example, or https://*.shop.example for all
    /// subdomains of one level; repeat for more
    #[arg(long = "add-origin", value_name = "ORIGIN", value_parser = parse_origin)]
    add_origins: Vec<String>,
    /// An origin whose pages may use it no longer; repeat for more
    #[arg(long = "remove-origin", value_name = "ORIGIN")]
    remove_origins: Vec<String>,
    /// E-mail address of a further member of staff to tell about unhappy customers, who is put in the team "alerts"; repeat for
    /// more
    #[arg(long = "add-recipient", value_name = "EMAIL", value_parser = parse_email)]
    add_recipients: Vec<EmailAddress>,
    /// An address that is told no longer, and is taken out of the team "alerts"; repeat for more. Messages that wait for it are
    /// still sent
    #[arg(long = "remove-recipient", value_name = "EMAIL")]
    remove_recipients: Vec<String>,
    #[command(flatten)]
    limits: LimitArgs,
    /// Set --retention-days although responses are deleted by it
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    common: CommonSettings,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Args)]
pub struct CreateArgs {
    /// The site's name, for staff
    #[arg(long)]
    name: String,
    /// Its time zone, in which mails show times: an IANA name such as Europe/Berlin
    #[arg(long, value_name = "NAME", default_value = "UTC")]
    zone: String,
    /// Origin whose pages may use the site key, such as https://shop.example; repeat for more. `null` stands for every
    /// sandboxed frame, wherever it is
    #[arg(long = "origin", value_name = "ORIGIN", value_parser = parse_origin)]
    origins: Vec<String>,
    /// E-mail address of a member of staff to tell about unhappy customers; repeat for more
    #[arg(long = "recipient", value_name = "EMAIL", value_parser = parse_email)]
    recipients: Vec<EmailAddress>,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    public_url: PublicUrlArgs,
    #[command(flatten)]
    common: CommonSettings,
    #[command(flatten)]
    output: OutputArgs,
}

/// An address that mail can be sent to.
///
/// # Errors
/// What to write instead.
pub fn parse_email(text: &str) -> Result<EmailAddress, String> {
    text.parse().map_err(|error: InvalidEmail| error.to_string())
}

fn site_name(text: &str) -> Result<Reference, CliError> {
    Reference::new(text).map_err(|error| CliError::Usage(format!("--name {error}")))
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("say yes or no".to_owned()),
    }
}

/// The name of a time zone as the IANA list writes it.
fn zone_name(text: &str) -> Result<String, CliError> {
    let zone: Zone = text.parse().map_err(|error: UnknownZone| CliError::Usage(format!("--zone: {error}")))?;
    Ok(zone.name().to_owned())
}

impl SiteCommand {
    pub fn run(self) -> Result<(), CliError> {
        match self {
            Self::Create(args) => args.run(),
            Self::List(args) => list(&args),
            Self::Set(args) => args.run(),
            Self::Delete(args) => args.run(),
            Self::Theme(args) => args.run(),
            Self::Words(args) => args.run(),
            Self::Calendar(args) => args.run(),
        }
    }
}

impl CreateArgs {
    fn run(mut self) -> Result<(), CliError> {
        let name = site_name(&self.name)?;
        self.origins.sort();
        self.origins.dedup();
        self.recipients.sort_by_key(|email| staff::key_of(email.as_str()));
        self.recipients.dedup_by_key(|email| staff::key_of(email.as_str()));
        let limits = self.limits.over(Limits { min_answer_ms: Some(MIN_ANSWER_MS), ..Limits::default() });
        let new = NewSite {
            name: name.as_str().to_owned(),
            zone: zone_name(&self.zone)?,
            origins: self.origins,
            recipients: self.recipients,
            limits,
        };
        let key = SiteKey::from_random(random()?);
        let reached = self.common.public_url(&self.public_url)?;
        let mut conn = open_up_to_date(&self.common.database_url()?)?;
        let (by, now) = (By::operator(), UnixMillis::now().0);
        let site = dialect::write_transaction(&mut conn, |conn| sites::create(conn, &key, &new, &by, now))?;

        let mut text = format!("Made site {} ({})\n", site.site_key, site.name);
        if site.origins.is_empty() {
            text.push_str("No web page can send feedback yet: add --origin. Tills and servers can.\n");
        } else {
            text.push_str(&format!("Put this on its pages:\n\n{}\n", script_tag(&site.site_key, reached.as_ref())));
        }
        text.push_str(&format!(
            "This address asks the same without the widget, for links, mails and QR codes:\n\n  {}\n\n",
            hosted_page(&site.site_key, reached.as_ref())
        ));
        if reached.is_none() {
            text.push_str("HOST is where `counterbell serve` is reached: say it with --public-url.\n");
        }
        if site.recipients.is_empty() {
            text.push_str("No alerts will be sent: add --recipient.\n");
        }
        self.output.print(&site_json(&site), &text)
    }
}

/// The address of what lives at `path`.
fn address(reached: Option<&PublicUrl>, path: &str) -> String {
    reached.map_or_else(|| format!("https://HOST{path}"), |reached| reached.at(path))
}

/// Where the survey is asked without the widget.
fn hosted_page(site_key: &SiteKey, reached: Option<&PublicUrl>) -> String {
    address(reached, &format!("/f/{site_key}/checkout"))
}

/// What a page needs, for browsers without scripts too.
fn script_tag(site_key: &SiteKey, reached: Option<&PublicUrl>) -> String {
    let source = address(reached, "/widget.js");
    let script =
        format!("<script async src=\"{source}\" data-site=\"{site_key}\" data-touchpoint=\"checkout\"></script>");
    let link = format!("<noscript><a href=\"{}\">Feedback</a></noscript>", hosted_page(site_key, reached));
    format!("  {script}\n  {link}\n")
}

/// The site as it is while nobody else changes it. Call in a transaction that writes.
fn find_to_change(conn: &mut AnyConnection, key: &str) -> Result<Site, CliError> {
    let site = find_site(conn, key)?;
    let _ = journal::lock(conn, site.id)?;
    // Another may have changed it, or begun to delete it, before it was locked.
    let site = find_site(conn, key)?;
    if site.limits.daily_cap == Some(erase::CLOSED) {
        return Err(CliError::Usage(format!("{} ({}) is being deleted", site.site_key, site.name)));
    }
    Ok(site)
}

impl SetArgs {
    fn run(self) -> Result<(), CliError> {
        let mut conn = open_up_to_date(&self.common.database_url()?)?;
        let name = self.name.as_deref().map(site_name).transpose()?;
        // What is wrong with the arguments comes out by itself, rather than as the database's error.
        let site = dialect::write_transaction(&mut conn, |conn| {
            let changed = find_to_change(conn, &self.site_key).and_then(|before| {
                let site = self.changed(before.clone(), name.as_ref())?;
                self.refuse_to_delete(conn, &site, before.limits.retention_days)?;
                Ok((site, before))
            });
            if let Ok((site, before)) = &changed {
                site.store(conn, before, &By::operator(), UnixMillis::now().0)?;
            }
            Ok(changed.map(|(site, _)| site))
        })??;
        self.output.print(&site_json(&site), &format!("{}{SEEN_SOON}\n", site_text(&site)))?;
        if self.remove_recipients.is_empty() { Ok(()) } else { warn_of_gaps(&mut conn, site.id) }
    }

    /// Days fewer than there were delete responses within seconds.
    fn refuse_to_delete(&self, conn: &mut AnyConnection, site: &Site, old: Option<i32>) -> Result<(), CliError> {
        let Some(days) = site.limits.retention_days.filter(|days| old.is_none_or(|old| *days < old)) else {
            return Ok(());
        };
        let older = purge::count_older(conn, site.id, purge::horizon(UnixMillis::now(), days))?;
        if older == 0 || self.yes {
            return Ok(());
        }
        let (responses, days) = (counted(older, "response", "responses"), counted(days, "day", "days"));
        Err(CliError::Usage(format!(
            "{} ({}) has {responses} older than {days}: give --yes to delete what is that old, for good",
            site.site_key, site.name
        )))
    }

    /// The site as it is to be.
    fn changed(&self, mut site: Site, name: Option<&Reference>) -> Result<Site, CliError> {
        site.limits = self.limits.over(site.limits);
        if let Some(name) = name {
            name.as_str().clone_into(&mut site.name);
        }
        if let Some(zone) = &self.zone {
            site.zone = zone_name(zone)?;
        }
        site.mail_personal = self.mail_personal.unwrap_or(site.mail_personal);
        let origin = |text: &str| parse_origin(text).unwrap_or_else(|_| text.to_owned());
        change(&mut site.origins, self.add_origins.iter().cloned(), &self.remove_origins, origin)?;
        let added = self.add_recipients.iter().map(EmailAddress::to_string);
        let address = |text: &str| parse_email(text).map_or_else(|_| text.to_owned(), |address| address.to_string());
        let address = |text: &str| staff::key_of(&address(text));
        change(&mut site.recipients, added, &self.remove_recipients, address)?;
        Ok(site)
    }
}

/// Adds to a list and removes from it, in the order of their texts; each once.
fn change(
    list: &mut Vec<String>,
    add: impl Iterator<Item = String>,
    remove: &[String],
    normalize: impl Fn(&str) -> String,
) -> Result<(), CliError> {
    for text in remove {
        let normal = normalize(text);
        let Some(at) = list.iter().position(|known| known == text || normalize(known) == normal) else {
            return Err(CliError::Usage(format!(
                "the site does not have {text}: `counterbell site list` shows what it has"
            )));
        };
        list.remove(at);
    }
    list.extend(add);
    // Stable: what was there stays as it was written.
    list.sort_by_key(|one| normalize(one));
    list.dedup_by_key(|one| normalize(one));
    Ok(())
}

fn limits_text(limits: Limits) -> String {
    let lines = [
        ("kept for", limits.retention_days, ["day", "days"], "ever"),
        ("a minute", limits.rate_limit, ["response", "responses"], "no limit"),
        ("a day", limits.daily_cap, ["response", "responses"], "no limit"),
        ("answered in", limits.min_answer_ms, ["ms at least"; 2], "any time"),
    ];
    let line = |(name, value, [one, many], none): (_, Option<i32>, [_; 2], &str)| {
        let value = value.map_or(none.to_owned(), |value| counted(value, one, many));
        format!("    {name:<12}{value}\n")
    };
    lines.into_iter().map(line).collect()
}

fn list(args: &ListArgs) -> Result<(), CliError> {
    let mut conn = open_up_to_date(&args.common.database_url()?)?;
    let sites = Site::all(&mut conn)?;
    let text: String = sites.iter().map(site_text).collect();
    let text = if text.is_empty() { "No sites yet: `counterbell site create` makes one.".to_owned() } else { text };
    args.output.print(&sites.iter().map(site_json).collect::<Vec<_>>(), &text)
}

fn site_text(site: &Site) -> String {
    let list = |items: &[String]| if items.is_empty() { "none".to_owned() } else { items.join(", ") };
    let mails = if site.mail_personal { "with the customer's words" } else { "without personal data" };
    format!(
        "{}  {}\n    time zone   {}\n    mails       {mails}\n    origins     {}\n    recipients  {}\n{}",
        site.site_key,
        site.name,
        site.zone,
        list(&site.origins),
        list(&site.recipients),
        limits_text(site.limits)
    )
}

fn site_json(site: &Site) -> serde_json::Value {
    json!({
        "site_key": site.site_key.as_str(),
        "name": site.name,
        "zone": site.zone,
        "mail_personal": site.mail_personal,
        "origins": site.origins,
        "recipients": site.recipients,
        "limits": site.limits,
    })
}
