//! `counterbell touchpoint`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use counterbell_shared::Touchpoint as Name;
use counterbell_shared::problem::FieldError;
use counterbell_shared::time::UnixMillis;
use serde_json::json;

use super::CliError;
use super::calendar::read_calendar;
use super::of_site::SiteArgs;
use super::output::OutputArgs;
use crate::calendar::Calendar;
use crate::counted::counted;
use crate::db::journal::{self, By};
use crate::db::touchpoints::{self, Touchpoint};
use crate::db::{AnyConnection, dialect};
use crate::touchpoints::{
    Count, Fields, ListedTouchpointView, TOUCHPOINTS_MAX, TouchpointView, TouchpointViews, in_words, parse_document,
    put,
};

#[derive(Subcommand)]
pub enum TouchpointCommand {
    Set(Box<SetArgs>),
    List(ListArgs),
    Remove(RemoveArgs),
}

/// Register a touchpoint, or change it: what is not given stays as it is
///
/// NAME is how responses name it (data-touchpoint in the script tag). What a touchpoint does not have of its own it has of the
/// site.
#[derive(Args)]
pub struct SetArgs {
    #[command(flatten)]
    which: WhichArgs,
    /// Its name for people [default: NAME]
    #[arg(long)]
    label: Option<String>,
    /// Who answers for it: the e-mail address of somebody of the site's staff
    #[arg(long, value_name = "EMAIL", conflicts_with = "no_owner")]
    owner: Option<String>,
    /// Nobody alone answers for it
    #[arg(long)]
    no_owner: bool,
    /// The team that answers for it
    #[arg(long, value_name = "TEAM", conflicts_with = "no_team")]
    team: Option<String>,
    /// No team answers for it
    #[arg(long)]
    no_team: bool,
    /// Its time zone: an IANA name such as Europe/Berlin
    #[arg(long, value_name = "NAME", conflicts_with = "site_zone")]
    zone: Option<String>,
    /// It has the time zone of the site
    #[arg(long)]
    site_zone: bool,
    /// Its opening hours, a JSON document as docs/STAFF.md explains it; `-` reads standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["always", "site_calendar"])]
    calendar: Option<PathBuf>,
    /// It is always open
    #[arg(long, conflicts_with = "site_calendar")]
    always: bool,
    /// It has the opening hours of the site
    #[arg(long)]
    site_calendar: bool,
    #[command(flatten)]
    output: OutputArgs,
}

/// List touchpoints: those that are registered, and new ones that responses name
#[derive(Args)]
pub struct ListArgs {
    #[command(flatten)]
    site: SiteArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Register a touchpoint no more; its responses stay
#[derive(Args)]
pub struct RemoveArgs {
    #[command(flatten)]
    which: WhichArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Args)]
struct WhichArgs {
    /// The touchpoint, as responses name it
    name: String,
    #[command(flatten)]
    site: SiteArgs,
}

impl WhichArgs {
    fn name(&self) -> Result<Name, CliError> {
        Name::new(&self.name).map_err(|error| CliError::Usage(format!("the name of a touchpoint {error}")))
    }
}

impl TouchpointCommand {
    pub fn run(self) -> Result<(), CliError> {
        match self {
            Self::Set(args) => args.run(),
            Self::List(args) => args.run(),
            Self::Remove(args) => args.run(),
        }
    }
}

impl SetArgs {
    fn run(&self) -> Result<(), CliError> {
        let (name, fields) = (self.which.name()?, self.fields()?);
        let (mut conn, site_id) = self.which.site.open()?;
        let now = UnixMillis::now().0;
        let put = dialect::write_transaction(&mut conn, |conn| {
            let mut lock = journal::lock(conn, site_id)?;
            let known = Touchpoint::find(conn, site_id, name.as_str())?;
            let start = self.without_what_goes(known.unwrap_or_else(|| Touchpoint::named(name.as_str(), now)));
            put(conn, &mut lock, start, &fields, &By::operator(), now)
        })?;
        let is_new = put.map_err(|errors| wrong(&errors))?;
        let view = TouchpointView::load(&mut conn, site_id, name.as_str(), now)?;
        let done = if is_new { "Registered" } else { "Stored" };
        let shown = view.as_ref().map(touchpoint_text).unwrap_or_default();
        self.output.print(&view, &format!("{done} the touchpoint.\n{shown}"))
    }

    /// What is given, read as the admin API reads it.
    fn fields(&self) -> Result<Fields, CliError> {
        let given = [("label", &self.label), ("owner", &self.owner), ("team", &self.team), ("zone", &self.zone)];
        let given = given.into_iter().filter_map(|(name, text)| Some((name, text.as_ref()?)));
        let document = json!(given.collect::<std::collections::BTreeMap<_, _>>()).to_string();
        let fields = parse_document(document.as_bytes()).map_err(|errors| wrong(&errors))?;
        let calendar = self.calendar.as_deref().map(read_calendar).transpose()?;
        Ok(Fields { calendar: calendar.or(self.always.then_some(Calendar::Always)), ..fields })
    }

    fn without_what_goes(&self, mut known: Touchpoint) -> Touchpoint {
        if self.no_owner {
            known.owner_id = None;
        }
        if self.no_team {
            known.team = None;
        }
        if self.site_zone {
            known.zone = None;
        }
        if self.site_calendar {
            known.calendar = None;
        }
        known
    }
}

impl ListArgs {
    fn run(&self) -> Result<(), CliError> {
        let (mut conn, site_id) = self.site.open()?;
        let all = TOUCHPOINTS_MAX as i64;
        let views = TouchpointViews::load(&mut conn, site_id, None, all, UnixMillis::now().0)?;
        self.output.print(&views, &list_text(&views))
    }
}

impl RemoveArgs {
    fn run(&self) -> Result<(), CliError> {
        let name = self.which.name()?;
        let (mut conn, site_id) = self.which.site.open()?;
        let removed = remove(&mut conn, site_id, name.as_str())?;
        if !removed {
            let hint = format!("`counterbell touchpoint list --site {}` shows those that are", self.which.site.key);
            return Err(CliError::Usage(format!("the touchpoint \"{}\" is not registered: {hint}", name.as_str())));
        }
        let text = format!("The touchpoint {} is registered no more; its responses stay.\n", name.as_str());
        self.output.print(&json!({ "name": name.as_str(), "removed": true }), &text)
    }
}

fn remove(conn: &mut AnyConnection, site_id: i64, name: &str) -> Result<bool, CliError> {
    let removed = dialect::write_transaction(conn, |conn| {
        let mut lock = journal::lock(conn, site_id)?;
        touchpoints::remove(conn, &mut lock, name, &By::operator(), UnixMillis::now().0)
    });
    Ok(removed?)
}

/// As the options are named: `--owner is nobody of the site's staff`.
fn wrong(errors: &[FieldError]) -> CliError {
    let one = |error: &FieldError| match error.pointer.strip_prefix('/') {
        Some(option) => format!("--{option} {}", error.detail),
        None => error.detail.clone(),
    };
    CliError::Usage(errors.iter().map(one).collect::<Vec<_>>().join("; "))
}

fn touchpoint_text(view: &TouchpointView) -> String {
    let TouchpointView { name, label, owner, team, zone, hours, .. } = view;
    let label = if label == name { String::new() } else { format!("  {label}") };
    let nobody = || "none".to_owned();
    let owner = owner.as_ref().map_or_else(nobody, |owner| owner.email.clone());
    let team = team.clone().unwrap_or_else(nobody);
    let zone_of = if zone.is_none() { " (the site's)" } else { "" };
    format!(
        "{name}{label}\n    owner       {owner}\n    team        {team}\n    time zone   {}{zone_of}\n    hours       {}\n",
        hours.zone,
        in_words(hours)
    )
}

fn list_text(views: &TouchpointViews) -> String {
    let listed = |view: &ListedTouchpointView| {
        format!("{}    responses   {}\n", touchpoint_text(&view.touchpoint), count_text(&view.count))
    };
    let mut text: String = views.items.iter().map(listed).collect();
    if views.items.is_empty() {
        text.push_str(
            "No touchpoint is registered: `counterbell touchpoint set NAME --site SITE_KEY` registers one.\n",
        );
    }
    let new = &views.new;
    if !new.new.is_empty() {
        text.push_str("New, named by responses:\n");
        text.extend(new.new.iter().map(|new| format!("    {}  {}\n", new.name, count_text(&new.count))));
    }
    if let Some(others) = &new.others {
        let number = counted(others.touchpoints, "other", "others");
        text.push_str(&format!("    and {number}  {}\n", count_text(&others.count)));
    }
    if let Some(day) = &new.counted_from {
        text.push_str(&format!("There are very many: what was before {day} is not counted.\n"));
    }
    text
}

/// `7, from 2026-11-01 to 2026-11-21`.
fn count_text(count: &Count) -> String {
    match (&count.first_day, &count.last_day) {
        (Some(first), Some(last)) => format!("{}, from {first} to {last}", count.responses),
        _ => "none".to_owned(),
    }
}
