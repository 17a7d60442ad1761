//! `counterbell rules`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use counterbell_shared::document::quoted;
use counterbell_shared::limits::{RULE_MAX_BYTES, RULE_MAX_DAYS};
use counterbell_shared::time::UnixMillis;
use serde_json::{Value, json};

use super::CliError;
use super::document::Document;
use super::of_site::{SiteArgs, zone_of};
use super::output::{OutputArgs, SEEN_SOON, tell};
use super::warning::{warn, warn_of_gaps};
use crate::counted::counted;
use crate::db::journal::{self, By};
use crate::db::{dialect, rules};
use crate::rules::{Grouped, Reason, Rule, RuleSet, Soon, Step, StepAt, StoredRule, Who};
use crate::sites::{RuleView, catalog, find_rule, load_rules, put_rule};
use crate::triage::{REHEARSED_MAX, Rehearsal, RehearsedTouchpoint, RehearsedWatch, gap_of, rehearse};
use crate::zone::Zone;

#[derive(Subcommand)]
pub enum RulesCommand {
    /// List the alert rules of a site, with their versions
    List(ListArgs),
    /// Print a rule's document, to be changed and stored with `rules put`
    Show(ShowArgs),
    /// Check a rule and put it in force, in the place of the one of its name
    ///
    /// docs/ALERTS.md explains the document. Storing the same again changes nothing; earlier versions are kept.
    Put(PutArgs),
    /// Have a rule count no more; its versions are kept, and `rules put` puts one in force again
    Retire(RetireArgs),
    /// Run stored responses through the rules, and print for how many each would have fired and who would have been told
    ///
    /// Of rules about touchpoints it prints which they hold of now.
    /// Nobody is told of anything. Staff and absences count as they are now.
    Test(TestArgs),
}

#[derive(Args)]
pub struct ListArgs {
    #[command(flatten)]
    site: SiteArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Args)]
pub struct ShowArgs {
    /// The rule
    name: String,
    #[command(flatten)]
    site: SiteArgs,
    /// The version [default: the one in force, else the newest]
    #[arg(long, value_name = "N")]
    version: Option<i32>,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Args)]
pub struct PutArgs {
    /// The document; `-` reads standard input
    file: PathBuf,
    #[command(flatten)]
    site: SiteArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Args)]
pub struct RetireArgs {
    /// The rule
    name: String,
    #[command(flatten)]
    site: SiteArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Args)]
pub struct TestArgs {
    /// A document that is tried alone, whether it is stored or not; `-` reads standard input [default: the rules in force]
    file: Option<PathBuf>,
    #[command(flatten)]
    site: SiteArgs,
    /// Responses of so many days up to now
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u8).range(1..=i64::from(RULE_MAX_DAYS)))]
    days: u8,
    #[command(flatten)]
    output: OutputArgs,
}

impl RulesCommand {
    pub fn run(self) -> Result<(), CliError> {
        match self {
            Self::List(args) => args.run(),
            Self::Show(args) => args.run(),
            Self::Put(args) => args.run(),
            Self::Retire(args) => args.run(),
            Self::Test(args) => args.run(),
        }
    }
}

fn read_rule(file: &Path) -> Result<(Document, Rule), CliError> {
    let document = Document::read(file, RULE_MAX_BYTES)?;
    let rule = Rule::parse(document.text.as_bytes()).map_err(|errors| document.wrong("alert rule", &errors))?;
    Ok((document, rule))
}

fn unknown(name: &str, site: &SiteArgs) -> CliError {
    CliError::Usage(format!("the site has no rule \"{name}\": {}", listed_by(site)))
}

fn listed_by(site: &SiteArgs) -> String {
    format!("`counterbell rules list --site {}` shows them", site.key)
}

impl ListArgs {
    fn run(self) -> Result<(), CliError> {
        let (mut conn, site_id) = self.site.open()?;
        let rules = catalog(&mut conn, site_id)?;
        let (in_force, zone) = (load_rules(&mut conn, site_id, None)?, zone_of(&mut conn, site_id)?);
        let text = |rule: &RuleView| {
            let stored = in_force.stored().iter().find(|stored| stored.name == rule.name);
            rule_text(rule, stored, &zone)
        };
        self.output.print(&rules, &rules.iter().map(text).collect::<String>())
    }
}

fn rule_text(view: &RuleView, stored: Option<&StoredRule>, zone: &Zone) -> String {
    let in_force = view.in_force.map_or("retired".to_owned(), |version| format!("version {version}"));
    let mut text = format!("{}  {in_force}\n", view.name);
    match stored.map(StoredRule::read) {
        Some(Some(rule)) => text.push_str(&what_it_does(&rule)),
        Some(None) => text.push_str("    it cannot be read: `counterbell doctor` says more\n"),
        None => {}
    }
    for version in &view.versions {
        let retired = version.retired_at.map_or(String::new(), |at| format!(", retired {}", zone.minute(at)));
        let _ = writeln!(text, "    version {}, stored {}{retired}", version.version, zone.minute(version.created_at));
    }
    text
}

/// When a rule fires and whom it tells, in a few lines.
fn what_it_does(rule: &Rule) -> String {
    let soon = match rule.soon {
        Soon::Now if rule.urgent => "each alone, urgent".to_owned(),
        Soon::Now => "each alone".to_owned(),
        Soon::Grouped(Grouped { most, window }) => format!("beyond {most} in {window} together"),
    };
    let mut text = format!("    when {}\n    tells {}, {soon}\n", json!(rule.when), names(&rule.who));
    let limits = [("taken", rule.acknowledge_within), ("answered", rule.answer_within)];
    for (what, limit) in limits {
        let _ = limit.map(|limit| writeln!(text, "    to be {what} within {limit}"));
    }
    for Step { at, who } in &rule.steps {
        let at = match at {
            StepAt::After(period) => format!("after {period}"),
            StepAt::BeforeDue(period) => format!("{period} before it is due"),
        };
        let _ = writeln!(text, "    {at} tells {}", names(who));
    }
    text
}

fn names(who: &[Who]) -> String {
    let name = |who: &Who| match who {
        Who::Person(email) => email.clone(),
        Who::Team(team) => format!("team {team}"),
        Who::RoundRobin(team) => format!("one of {team} in turn"),
        Who::Owner => "the touchpoint's owner".to_owned(),
        Who::Manager => "their managers".to_owned(),
    };
    who.iter().map(name).collect::<Vec<_>>().join(", ")
}

impl ShowArgs {
    fn run(self) -> Result<(), CliError> {
        let (mut conn, site_id) = self.site.open()?;
        let shown = find_rule(&mut conn, site_id, &self.name, self.version)?;
        let shown = shown.ok_or_else(|| match self.version {
            Some(version) => CliError::Usage(format!(
                "the site has no version {version} of a rule \"{}\": {}",
                self.name,
                listed_by(&self.site)
            )),
            None => unknown(&self.name, &self.site),
        })?;
        let document = shown.document.clone().unwrap_or(Value::Null);
        self.output.print(&shown, &format!("{document:#}\n"))
    }
}

impl PutArgs {
    fn run(self) -> Result<(), CliError> {
        let (document, rule) = read_rule(&self.file)?;
        let (mut conn, site_id) = self.site.open()?;
        let (by, now) = (By::operator(), UnixMillis::now().0);
        let put = dialect::write_transaction(&mut conn, |conn| {
            let mut lock = journal::lock(conn, site_id)?;
            put_rule(conn, &mut lock, &rule, &by, now)
        })?;
        let put = put.map_err(|errors| document.wrong("alert rule", &errors))?;
        let (name, version) = (&rule.name, put.version);
        let text = match put.is_new {
            true => format!("Version {version} of {name} is in force. {SEEN_SOON}\n"),
            false => format!("Version {version} of {name}, which is in force, says the same; nothing was stored.\n"),
        };
        self.output.print(&json!({"name": name, "version": version, "is_new": put.is_new}), &text)?;
        if let Some((sooner, window)) = rule.due_before_window_ends() {
            let sooner = quoted(sooner.iter().map(String::as_str));
            tell(&format!(
                "Warning: {sooner} can be due before a window of {window} ends: windows end earlier then, and storms are more mails"
            ));
        }
        gap_of(&mut conn, site_id, &rule, now)?.iter().for_each(warn);
        Ok(())
    }
}

impl RetireArgs {
    fn run(self) -> Result<(), CliError> {
        let (mut conn, site_id) = self.site.open()?;
        let (by, now) = (By::operator(), UnixMillis::now().0);
        let retired = dialect::write_transaction(&mut conn, |conn| {
            let mut lock = journal::lock(conn, site_id)?;
            rules::retire(conn, &mut lock, &self.name, &by, now)
        })?;
        let version = retired.ok_or_else(|| unknown(&self.name, &self.site))?;
        let left = load_rules(&mut conn, site_id, None)?.stored().len();
        let text = format!("Retired {}, which was in version {version}. {SEEN_SOON}\n", self.name);
        self.output.print(&json!({"name": self.name, "version": version, "left": left}), &text)?;
        warn_of_gaps(&mut conn, site_id)
    }
}

impl TestArgs {
    fn run(self) -> Result<(), CliError> {
        let rule = self.file.as_deref().map(read_rule).transpose()?;
        let (mut conn, site_id) = self.site.open()?;
        let rules = match rule {
            Some((document, rule)) => {
                let one = StoredRule { name: rule.name, version: 0, document: document.text };
                std::sync::Arc::new(RuleSet::new(vec![one]))
            }
            None => load_rules(&mut conn, site_id, None)?,
        };
        let (now, zone) = (UnixMillis::now().0, zone_of(&mut conn, site_id)?);
        let rehearsal = rehearse(&mut conn, site_id, &rules, self.days, now)?;
        self.output.print(&rehearsal, &rehearsal_text(&rehearsal, self.days, &zone))?;
        if rules.stored().is_empty() {
            return warn_of_gaps(&mut conn, site_id);
        }
        for one in rules.in_force() {
            gap_of(&mut conn, site_id, &one.rule, now)?.iter().for_each(warn);
        }
        Ok(())
    }
}

fn rehearsal_text(rehearsal: &Rehearsal, days: u8, zone: &Zone) -> String {
    let responses = counted(rehearsal.responses, "response", "responses");
    let mut text = format!("{responses} of the last {}", counted(days, "day", "days"));
    if rehearsal.more {
        let _ = write!(text, ": the newest {REHEARSED_MAX}, there are more");
    }
    text.push_str("\n\n");
    for rule in &rehearsal.rules {
        let _ = writeln!(text, "{} would have fired for {}", rule.rule, rule.fired);
        for person in &rule.people {
            let _ = writeln!(text, "    {:>6}  {}", person.responses, person.email);
        }
        for sample in &rule.samples {
            let told: Vec<_> =
                sample.told.iter().map(|told| format!("{} ({})", told.email, reason(&told.why))).collect();
            let told = if told.is_empty() { "nobody".to_owned() } else { told.join(", ") };
            let at = zone.minute(sample.at);
            let _ = writeln!(text, "    {at}  {}  {} {}: {told}", sample.touchpoint, sample.metric, sample.score);
        }
        text.push('\n');
    }
    rehearsal.watched.iter().for_each(|watched| text.push_str(&watched_text(watched)));
    text.push_str("Each would have heard once of a response, whichever rules fire:\n");
    for person in &rehearsal.people {
        let _ = writeln!(text, "    {:>6}  {}", person.responses, person.email);
    }
    if rehearsal.people.is_empty() {
        text.push_str("    nobody of anything\n");
    }
    text
}

fn watched_text(watched: &RehearsedWatch) -> String {
    let touchpoints = counted(watched.count, "touchpoint", "touchpoints");
    let mut text = format!("{} holds of {touchpoints} now\n", watched.rule);
    for one in &watched.touchpoints {
        let _ = writeln!(text, "    {}", touchpoint_text(one));
    }
    for person in &watched.people {
        let (why, count) = (reason(&person.why), counted(person.touchpoints, "touchpoint", "touchpoints"));
        let _ = writeln!(text, "    next time, {} is told of {count} ({why})", person.email);
    }
    text + "\n"
}

fn touchpoint_text(one: &RehearsedTouchpoint) -> String {
    let what = match (&one.fall, &one.last_day) {
        (Some(fall), _) => format!(
            "{} {:.2} from {} now, {:.2} from {} before",
            fall.metric, fall.now, fall.now_responses, fall.before, fall.before_responses
        ),
        (None, Some(day)) => format!("last response on {day}"),
        (None, None) => "no response".to_owned(),
    };
    let told = if one.was_told { "; this was told" } else { "" };
    format!("{}: {what}{told}", one.touchpoint)
}

/// Why somebody is told, in a few words.
pub fn reason(why: &Reason) -> String {
    match why {
        Reason::Named => "named by the rule".to_owned(),
        Reason::Team(team) => format!("team {team}"),
        Reason::Turn(team) => format!("their turn in {team}"),
        Reason::Owner => "owner of the touchpoint".to_owned(),
        Reason::ManagerOf(_) => "manager of somebody who was told".to_owned(),
        Reason::InPlaceOf(_) => "in the place of somebody absent".to_owned(),
        Reason::Fallback => "fallback of the rule".to_owned(),
        Reason::AlertsTeam => "team alerts, since nobody else is there".to_owned(),
        Reason::NobodyThere => "absent, but nobody is there".to_owned(),
    }
}
