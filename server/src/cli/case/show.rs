//! Cases that are listed and shown.

use clap::Args;
use clap::builder::PossibleValuesParser;
use counterbell_shared::time::UnixMillis;
use serde_json::Value;
use strum::VariantArray as _;

use super::{OneArgs, minute, no_case};
use crate::cases::{EntryId, Priority, State};
use crate::casework::{self, CaseDetailsView, CaseResponseView, CaseView, EntryView, People};
use crate::cli::CliError;
use crate::cli::of_site::{SiteArgs, zone_of};
use crate::cli::output::OutputArgs;
use crate::cli::table::{duration_text, table, time};
use crate::db::case_lists::{CaseFilter, Due, Order, Owned};
use crate::zone::Zone;

/// Those of which something is still to be done.
const UNFINISHED: [State; 3] = [State::Open, State::InProgress, State::Waiting];

#[derive(Args)]
pub struct ListArgs {
    #[command(flatten)]
    site: SiteArgs,
    /// Only those in these states, with commas between them
    #[arg(long = "state", value_name = "STATE", value_delimiter = ',', value_parser = states())]
    states: Vec<String>,
    /// Those that are ended, too
    #[arg(long, conflicts_with = "states")]
    all: bool,
    /// Only those of this person, by e-mail address; "none" for those that nobody has
    #[arg(long, value_name = "EMAIL")]
    owner: Option<String>,
    /// Only those of this team
    #[arg(long, value_name = "NAME")]
    team: Option<String>,
    /// Only those of this touchpoint
    #[arg(long, value_name = "NAME")]
    touchpoint: Option<String>,
    /// Only those of this priority
    #[arg(long, value_parser = PossibleValuesParser::new(Priority::VARIANTS.iter().map(|one| one.as_str())))]
    priority: Option<String>,
    /// Only those resolved with this root cause
    #[arg(long, value_name = "NAME")]
    root_cause: Option<String>,
    /// Only those that are late to be acknowledged, or answered
    #[arg(long, value_parser = ["acknowledge", "answer"])]
    overdue: Option<String>,
    /// Only those in which something that the customer wrote waits
    #[arg(long)]
    customer_answered: bool,
    /// Opened at or after: an RFC 3339 time, or a date
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: Option<UnixMillis>,
    /// Opened before
    #[arg(long, value_name = "TIME", value_parser = time)]
    to: Option<UnixMillis>,
    /// The one opened last first
    #[arg(long)]
    newest: bool,
    /// How many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    #[command(flatten)]
    output: OutputArgs,
}

fn states() -> PossibleValuesParser {
    PossibleValuesParser::new(State::VARIANTS.iter().map(|state| state.as_str()))
}

impl ListArgs {
    pub fn run(self) -> Result<(), CliError> {
        let (mut conn, site_id) = self.site.open()?;
        let owner = match self.owner.as_deref() {
            Some("none") => Some(Owned::ByNobody),
            Some(email) => Some(Owned::By(self.site.person(&mut conn, site_id, email)?)),
            None => None,
        };
        let named = |state: &State| self.states.iter().any(|name| name == state.as_str());
        let states = State::VARIANTS.iter().filter(|state| match (self.all, self.states.is_empty()) {
            (true, _) => true,
            (false, true) => UNFINISHED.contains(state),
            (false, false) => named(state),
        });
        let now = UnixMillis::now().0;
        let due = |name: &str| if name == "answer" { Due::Answer } else { Due::Acknowledge };
        let priority = Priority::VARIANTS.iter().map(|one| one.as_str());
        let filter = CaseFilter {
            states: states.map(|state| state.as_str()).collect(),
            owner,
            team: self.team,
            touchpoint: self.touchpoint,
            priority: priority.into_iter().find(|one| Some(*one) == self.priority.as_deref()),
            root_cause: self.root_cause,
            overdue: self.overdue.as_deref().map(|name| (due(name), now)),
            from: self.from,
            to: self.to,
            customer_answered: self.customer_answered.then_some(true),
        };
        let order = if self.newest { Order::Newest } else { Order::Due };
        let sites = [(site_id, self.site.key.clone())].into();
        let cases = casework::list(&mut conn, &sites, &filter, (order, None), self.limit.into(), now)?;
        let cases: Vec<_> = cases.into_iter().map(|(_, case)| case).collect();
        let text = list_text(&cases, &zone_of(&mut conn, site_id)?);
        self.output.print(&cases, &text)
    }
}

fn list_text(cases: &[CaseView], zone: &Zone) -> String {
    if cases.is_empty() {
        return "No such case.".to_owned();
    }
    let row = |case: &CaseView| {
        let owner = case.owner.as_ref().map(|owner| owner.called().to_owned());
        vec![
            case.number.to_string(),
            case.state.replace('_', " "),
            case.priority.to_owned(),
            owner
                .or_else(|| case.team.clone().map(|team| format!("team {team}")))
                .unwrap_or_else(|| "nobody".to_owned()),
            format!("{} {}", case.metric, case.score),
            case.touchpoint.clone(),
            minute(zone, case.opened_at),
            due_text(case, zone),
        ]
    };
    let head = ["case", "state", "priority", "owner", "score", "touchpoint", "opened", "due"];
    let rows: Vec<_> = cases.iter().map(row).collect();
    format!("{}Times are of {}.\n", table(&head, &rows), zone.name())
}

/// The next due time, and whether it has passed.
fn due_text(case: &CaseView, zone: &Zone) -> String {
    let next = case.acknowledge_by.into_iter().chain(case.answer_by).min();
    let late = if case.overdue.is_empty() { "" } else { "  late" };
    next.map(|at| format!("{}{late}", minute(zone, at))).unwrap_or_default()
}

impl OneArgs {
    pub fn show(self) -> Result<(), CliError> {
        let (mut conn, site_id) = self.site.open()?;
        let now = UnixMillis::now().0;
        let found = casework::find(&mut conn, (site_id, &self.site.key), self.number, now)?;
        let details = found.ok_or_else(|| no_case(self.number, &self.site.key))?;
        let text = details_text(&details, &zone_of(&mut conn, site_id)?);
        self.output.print(&details, &text)
    }

    pub fn timeline(self) -> Result<(), CliError> {
        let (mut conn, site_id) = self.site.open()?;
        let found = casework::timeline(&mut conn, site_id, self.number)?;
        let entries = found.ok_or_else(|| no_case(self.number, &self.site.key))?;
        let zone = zone_of(&mut conn, site_id)?;
        let people = People::load(&mut conn, site_id)?;
        let text: String = entries.iter().map(|entry| entry_text(entry, &people, &zone)).collect();
        self.output.print(&entries, &format!("{text}Times are of {}.\n", zone.name()))
    }
}

fn details_text(details: &CaseDetailsView, zone: &Zone) -> String {
    let CaseDetailsView { case, late, responses, notes } = details;
    let at = |at: Option<UnixMillis>| at.map(|at| zone.minute(at));
    let due = |by: Option<UnixMillis>, late_ms: Option<i64>| {
        let late = late_ms.map(|ms| format!("  ({} late, by opening hours)", duration_text(ms))).unwrap_or_default();
        at(by).map(|by| format!("{by}{late}"))
    };
    let numbers = |numbers: &[i64]| {
        (!numbers.is_empty()).then(|| numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
    };
    let lines = [
        ("state", Some(case.state.replace('_', " "))),
        ("priority", Some(case.priority.to_owned())),
        ("owner", case.owner.as_ref().map(|owner| owner.called().to_owned())),
        ("team", case.team.clone()),
        ("touchpoint", Some(case.touchpoint.clone())),
        ("rule", Some(format!("{} (version {})", case.rule, case.rule_version))),
        ("opened", at(Some(case.opened_at))),
        ("acknowledge by", due(case.acknowledge_by, late.acknowledge_ms)),
        ("acknowledged", at(case.acknowledged_at)),
        ("answer by", due(case.answer_by, late.answer_ms)),
        ("answered", at(case.first_answer_at)),
        ("waits since", at(case.waiting_since)),
        ("reminder", at(case.remind_at)),
        ("customer wrote", at(case.customer_answered_at)),
        ("resolved", at(case.resolved_at)),
        ("root cause", case.root_cause.clone()),
        ("action taken", case.action_taken.clone()),
        ("nothing to do", case.nothing_to_do.map(|reason| reason.replace('_', " "))),
        ("closed", at(case.closed_at)),
        ("merged into", case.merged_into.map(|number| number.to_string())),
        ("names", numbers(&case.linked)),
    ];
    let lines = lines.into_iter().filter_map(|(name, value)| value.map(|value| format!("    {name:<16}{value}\n")));
    let mut text = format!("Case {}  {} {}\n{}", case.number, case.metric, case.score, lines.collect::<String>());
    responses.iter().for_each(|response| text.push_str(&response_text(response, zone)));
    for note in notes {
        let who = note.person.as_ref().map_or("nobody known", |person| person.called());
        text.push_str(&format!("  {}  {}  {who}\n{}", note.kind, zone.minute(note.at), indented(&note.text)));
    }
    text
}

fn response_text(response: &CaseResponseView, zone: &Zone) -> String {
    let CaseResponseView { response_id, metric, score, .. } = response;
    let mut text = format!("  response {response_id}  {}  {metric} {score}\n", zone.minute(response.created_at));
    text.push_str(&indented(response.comment.as_deref().unwrap_or("(no comment)")));
    for (question, answer) in response.answers.iter().flat_map(|answers| &answers.0) {
        let other = answer.other.as_ref().map(|other| format!("\"{other}\""));
        let said: Vec<_> = answer.choices.iter().cloned().chain(other).collect();
        text.push_str(&fact(question, &said.join(", ")));
    }
    let facts = [
        ("order", &response.order_ref),
        ("customer", &response.customer_ref),
        ("e-mail", &response.email),
        ("language", &response.locale),
        ("held", &response.held),
    ];
    text.extend(facts.iter().filter_map(|(name, value)| Some(fact(name, value.as_deref()?))));
    text
}

fn fact(name: &str, value: &str) -> String {
    format!("      {name}: {value}\n")
}

fn entry_text(entry: &EntryView, people: &People, zone: &Zone) -> String {
    let who = entry.person.as_ref().map_or(entry.actor.as_str(), |person| person.called());
    let what = entry.kind.trim_start_matches("case.").replace('_', " ");
    let words = entry.text.as_deref().map(indented).unwrap_or_default();
    let more = more_text(entry, people, zone);
    format!("{}  {what}{more}  {who} by {}\n{words}", minute(zone, entry.at), entry.means)
}

/// What the journal keeps beside the kind of an entry: to whom, from whom, which other case, how late.
fn more_text(entry: &EntryView, people: &People, zone: &Zone) -> String {
    let number = |name: &str| entry.data.get(name).and_then(Value::as_i64);
    let word = |name: &str| entry.data.get(name).and_then(Value::as_str);
    let person = |name: &str| number(name).map(|person_id| people.person(person_id).called().to_owned());
    let case = |name: &str| number(name).map(|number| format!("case {number}"));
    // An id is that of words, which stand below.
    let reason = word("reason").filter(|reason| reason.parse::<EntryId>().is_err());
    // Each entry says whose the case was then; to whom it was given is news in one.
    let given = || person("owner").or_else(|| word("team").map(|team| format!("team {team}")));
    let parts = [
        ("to", (entry.kind == "case.assigned").then(given).flatten()),
        ("from", person("from")),
        ("into", case("into")),
        ("with", case("other")),
        ("after", case("follows")),
        ("step", number("step").map(|step| (step + 1).to_string())),
        ("to", word("priority").map(str::to_owned)),
        ("for", number("at").map(|at| minute(zone, UnixMillis(at)))),
        ("to", word("due").map(str::to_owned)),
        ("as", reason.map(|reason| reason.replace('_', " "))),
        ("and", (entry.data.get("mark_spam") == Some(&Value::Bool(true))).then(|| "held back as spam".to_owned())),
    ];
    let mut text: String =
        parts.into_iter().filter_map(|(before, value)| Some(format!(" {before} {}", value?))).collect();
    if let Some(late_ms) = number("late_ms").filter(|late_ms| *late_ms > 0) {
        text.push_str(&format!(" ({} late)", duration_text(late_ms)));
    }
    text
}

fn indented(words: &str) -> String {
    words.lines().map(|line| format!("      {line}\n")).collect()
}
