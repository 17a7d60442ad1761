//! `counterbell site`.

use clap::{Args, Subcommand};
use counterbell_shared::contact::InvalidEmail;
use counterbell_shared::{EmailAddress, SiteKey};
use serde_json::json;

use super::CliError;
use super::output::{ListArgs, OutputArgs, SEEN_SOON, random};
use super::theme::ThemeArgs;
use super::words::WordsArgs;
use crate::config::CommonSettings;
use crate::db::dialect;
use crate::db::migrations::open_up_to_date;
use crate::db::sites::{Limits, NewSite, Site};

#[derive(Subcommand)]
pub enum SiteCommand {
    /// Make a site; prints the script tag for its pages, and the address that asks without the widget
    Create(CreateArgs),
    /// List all sites
    List(ListArgs),
    /// Change what a site allows
    Set(SetArgs),
    Theme(ThemeArgs),
    Words(WordsArgs),
}

/// What a site allows.
#[derive(Args)]
pub struct LimitArgs {
    /// Days a response is kept, 0 for ever; the figures of a summary stay
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(i32).range(0..=36_500))]
    retention_days: Option<i32>,
    /// Most responses a minute from all its pages together, 0 for no limit; one more is answered 429
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(0..))]
    rate_limit: Option<i32>,
    /// Most responses a day (UTC), 0 for no limit; one more is answered 429
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(0..))]
    daily_cap: Option<i32>,
    /// Milliseconds from showing the question below which an answer is held back as suspected spam, 0 for none
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
    #[command(flatten)]
    limits: LimitArgs,
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
    common: CommonSettings,
    #[command(flatten)]
    output: OutputArgs,
}

/// As browsers write it: scheme, host and a port other than the scheme's own (RFC 6454 section 6.2).
fn parse_origin(text: &str) -> Result<String, String> {
    // What a frame with `sandbox` and without `allow-same-origin` says it is.
    if text == "null" {
        return Ok(text.to_owned());
    }
    let usage = || "give scheme and host alone, such as https://shop.example or http://localhost:8081".to_owned();
    let url = url::Url::parse(text).map_err(|_| usage())?;
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if bare && matches!(url.scheme(), "http" | "https") { Ok(url.origin().ascii_serialization()) } else { Err(usage()) }
}

fn parse_email(text: &str) -> Result<EmailAddress, String> {
    text.parse().map_err(|error: InvalidEmail| error.to_string())
}

impl SiteCommand {
    pub fn run(self) -> Result<(), CliError> {
        match self {
            Self::Create(args) => args.run(),
            Self::List(args) => list(&args),
            Self::Set(args) => args.run(),
            Self::Theme(args) => args.run(),
            Self::Words(args) => args.run(),
        }
    }
}

impl CreateArgs {
    fn run(mut self) -> Result<(), CliError> {
        let name = counterbell_shared::Reference::new(&self.name)
            .map_err(|error| CliError::Usage(format!("--name {error}")))?;
        self.origins.sort();
        self.origins.dedup();
        self.recipients.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        self.recipients.dedup();
        let limits = self.limits.over(Limits { min_answer_ms: Some(MIN_ANSWER_MS), ..Limits::default() });
        let new =
            NewSite { name: name.as_str().to_owned(), origins: self.origins, recipients: self.recipients, limits };
        let key = SiteKey::from_random(random()?);
        let mut conn = open_up_to_date(&self.common.database_url()?)?;
        let site = dialect::write_transaction(&mut conn, |conn| Site::create(conn, &key, &new))?;

        let mut text = format!("Made site {} ({})\n", site.site_key, site.name);
        if site.origins.is_empty() {
            text.push_str("No page may use it yet: it has no --origin. Tills and servers may.\n");
        } else {
            text.push_str(&format!("Put this on its pages:\n\n{}\n", script_tag(&site.site_key)));
        }
        text.push_str(&format!(
            "This address asks the same without the widget, for links, mails and QR codes:\n\n  {}\n\nHOST is where \
             `counterbell serve` is reached.\n",
            hosted_page(&site.site_key)
        ));
        if site.recipients.is_empty() {
            text.push_str("Nobody is told about unhappy customers: it has no --recipient.\n");
        }
        self.output.print(&site_json(&site), &text)
    }
}

/// Where the survey is asked without the widget.
fn hosted_page(site_key: &SiteKey) -> String {
    format!("https://HOST/f/{site_key}/checkout")
}

/// What a page needs, for browsers without scripts too.
fn script_tag(site_key: &SiteKey) -> String {
    let script = format!(
        "<script async src=\"https://HOST/widget.js\" data-site=\"{site_key}\" data-touchpoint=\"checkout\"></script>"
    );
    let link = format!("<noscript><a href=\"{}\">Feedback</a></noscript>", hosted_page(site_key));
    format!("  {script}\n  {link}\n")
}

impl SetArgs {
    fn run(self) -> Result<(), CliError> {
        let unknown = || CliError::Usage(format!("no site has the key {}: see `counterbell site list`", self.site_key));
        let key: SiteKey = self.site_key.parse().map_err(|_| unknown())?;
        let mut conn = open_up_to_date(&self.common.database_url()?)?;
        let site = dialect::write_transaction(&mut conn, |conn| {
            let Some(mut site) = Site::find(conn, &key)? else { return Ok(None) };
            site.limits = self.limits.over(site.limits);
            Site::set_limits(conn, &key, site.limits)?;
            Ok(Some(site))
        })?;
        let site = site.ok_or_else(unknown)?;
        let text = format!("{}  {}\n{}{SEEN_SOON}\n", site.site_key, site.name, limits_text(site.limits));
        self.output.print(&site_json(&site), &text)
    }
}

fn limits_text(limits: Limits) -> String {
    let lines = [
        ("kept for", limits.retention_days, "days", "ever"),
        ("a minute", limits.rate_limit, "responses", "no limit"),
        ("a day", limits.daily_cap, "responses", "no limit"),
        ("answered in", limits.min_answer_ms, "ms at least", "any time"),
    ];
    let line = |(name, value, unit, none): (_, Option<i32>, _, &str)| {
        let value = value.map_or(none.to_owned(), |value| format!("{value} {unit}"));
        format!("    {name:<12}{value}\n")
    };
    lines.into_iter().map(line).collect()
}

fn list(args: &ListArgs) -> Result<(), CliError> {
    let mut conn = open_up_to_date(&args.common.database_url()?)?;
    let sites = Site::all(&mut conn)?;
    let text: String = sites
        .iter()
        .map(|site| {
            let recipients: Vec<_> = site.recipients.iter().map(String::as_str).collect();
            let list = |items: &[&str]| if items.is_empty() { "none".to_owned() } else { items.join(", ") };
            let origins: Vec<_> = site.origins.iter().map(String::as_str).collect();
            format!(
                "{}  {}\n    origins     {}\n    recipients  {}\n{}",
                site.site_key,
                site.name,
                list(&origins),
                list(&recipients),
                limits_text(site.limits)
            )
        })
        .collect();
    let text = if text.is_empty() { "No sites yet: `counterbell site create` makes one.".to_owned() } else { text };
    args.output.print(&sites.iter().map(site_json).collect::<Vec<_>>(), &text)
}

fn site_json(site: &Site) -> serde_json::Value {
    json!({
        "site_key": site.site_key.as_str(),
        "name": site.name,
        "origins": site.origins,
        "recipients": site.recipients,
        "limits": site.limits,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origin_is_written_as_browsers_do() {
        for (given, origin) in [
            ("https://Shop.Example", "https://shop.example"),
            ("https://shop.example:443/", "https://shop.example"),
            ("http://localhost:8081", "http://localhost:8081"),
            ("null", "null"),
        ] {
            assert_eq!(parse_origin(given).as_deref(), Ok(origin));
        }
        for bad in ["shop.example", "https://shop.example/page", "ftp://shop.example", "*", ""] {
            assert!(parse_origin(bad).is_err(), "{bad}");
        }
    }
}
