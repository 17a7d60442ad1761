//! Acting on cases.

use clap::{ArgGroup, Args};
use counterbell_shared::problem::FieldError;
use counterbell_shared::time::UnixMillis;
use serde_json::{Map, Value, json};

use super::CaseCommand;
use crate::cases::Means;
use crate::casework::{Asking, CaseAction, Done, NotDone, People, ask};
use crate::cli::CliError;
use crate::cli::of_site::SiteArgs;
use crate::cli::output::OutputArgs;
use crate::counted::counted;
use crate::db::{AnyConnection, dialect, journal};

/// Who acts, and where.
#[derive(Args)]
pub struct ByArgs {
    #[command(flatten)]
    pub site: SiteArgs,
    /// Who does this: an e-mail address of somebody of the site's staff
    #[arg(long = "as", value_name = "EMAIL")]
    pub person: String,
    #[command(flatten)]
    pub output: OutputArgs,
}

/// A case to act on.
#[derive(Args)]
pub struct OneArgs {
    /// The number of the case
    #[arg(value_name = "NUMBER")]
    number: i64,
    #[command(flatten)]
    by: ByArgs,
}

/// Cases to act on, each by itself.
#[derive(Args)]
pub struct ManyArgs {
    /// Numbers of cases
    #[arg(value_name = "NUMBER", required = true)]
    numbers: Vec<i64>,
    #[command(flatten)]
    by: ByArgs,
}

/// Whom cases are given to.
#[derive(Args)]
#[command(group(ArgGroup::new("whom").args(["to", "team"]).required(true)))]
pub struct ToArgs {
    /// An e-mail address of somebody of the site's staff
    #[arg(long, value_name = "EMAIL")]
    to: Option<String>,
    /// A team: whoever of it acknowledges has it
    #[arg(long, value_name = "NAME")]
    team: Option<String>,
    /// Why
    #[arg(long)]
    reason: Option<String>,
}

/// What the API would be sent, without who does it, and of which cases.
type Order<'a> = (&'static str, Value, &'a [i64], &'a ByArgs);

fn of_one<'a>(action: &'static str, members: Value, of: &'a OneArgs) -> Order<'a> {
    (action, members, std::slice::from_ref(&of.number), &of.by)
}

fn of_many<'a>(action: &'static str, members: Value, of: &'a ManyArgs) -> Order<'a> {
    (action, members, of.numbers.as_slice(), &of.by)
}

fn order(command: &CaseCommand) -> Option<Order<'_>> {
    let none = || json!({});
    Some(match command {
        CaseCommand::List(_) | CaseCommand::Show(_) | CaseCommand::Timeline(_) | CaseCommand::ServiceLevel(_) => {
            return None;
        }
        CaseCommand::Acknowledge { of } => of_many("acknowledge", none(), of),
        CaseCommand::TakeOver { of } => of_one("take_over", none(), of),
        CaseCommand::Assign { of, to: ToArgs { to, team, reason } } => {
            of_many("assign", json!({ "to": to, "team": team, "reason": reason }), of)
        }
        CaseCommand::NotForMe { of, reason } => of_one("not_for_me", json!({ "reason": reason }), of),
        CaseCommand::Unacknowledge { of } => of_one("unacknowledge", none(), of),
        CaseCommand::Note { of, text, .. } => of_one("note", json!({ "text": text }), of),
        CaseCommand::Spoke { of, text } => of_one("spoke", json!({ "text": text }), of),
        CaseCommand::Wait { of } => of_one("wait", none(), of),
        CaseCommand::CustomerAnswered { of, text } => of_one("customer_answered", json!({ "text": text }), of),
        CaseCommand::DismissAnswer { of } => of_one("dismiss_answer", none(), of),
        CaseCommand::Priority { of, priority } => of_many("priority", json!({ "priority": priority }), of),
        CaseCommand::Remind { of, at } => of_one("remind", json!({ "at": at }), of),
        CaseCommand::Resolve { of, root_cause, action_taken } => {
            of_many("resolve", json!({ "root_cause": root_cause, "action_taken": action_taken }), of)
        }
        CaseCommand::NothingToDo { of, reason, mark_spam } => {
            of_many("nothing_to_do", json!({ "reason": reason, "mark_spam": mark_spam }), of)
        }
        CaseCommand::Close { of } => of_many("close", none(), of),
        CaseCommand::Reopen { of } => of_one("reopen", none(), of),
        CaseCommand::Merge { of, into } => of_one("merge", json!({ "into": into }), of),
        CaseCommand::Split { of, response } => of_one("split", json!({ "response_id": response }), of),
        CaseCommand::Link { of, other } => of_one("link", json!({ "other": other }), of),
        CaseCommand::RevokeLinks { of } => of_one("revoke_links", none(), of),
    })
}

pub fn run(command: &CaseCommand) -> Result<(), CliError> {
    let Some((action, members, numbers, by)) = order(command) else { return Ok(()) };
    let (mut conn, site_id) = by.site.open()?;
    let mut document: Map<_, _> = match members {
        Value::Object(members) => members.into_iter().filter(|(_, value)| !value.is_null()).collect(),
        _ => Map::new(),
    };
    if let CaseCommand::Note { mentions, .. } = command {
        let people = mentions.iter().map(|email| by.site.person(&mut conn, site_id, email));
        document.insert("mentions".to_owned(), json!(people.collect::<Result<Vec<_>, _>>()?));
    }
    document.insert("action".to_owned(), action.into());
    document.insert("person".to_owned(), by.person.as_str().into());
    let sent = CaseAction::parse(Value::Object(document).to_string().as_bytes());
    let sent = sent.map_err(|errors| refused(&NotDone::Invalid(errors)))?;
    let done = numbers.iter().map(|number| Ok((*number, act(&mut conn, (site_id, &by.site.key), *number, &sent)?)));
    let done = done.collect::<Result<Vec<_>, CliError>>()?;
    print(&done, by.output)
}

fn act(
    conn: &mut AnyConnection,
    (site_id, site_key): (i64, &str),
    number: i64,
    sent: &CaseAction,
) -> Result<Result<Done, NotDone>, CliError> {
    let now = UnixMillis::now().0;
    Ok(dialect::write_transaction(conn, |conn| {
        let mut lock = journal::lock(conn, site_id)?;
        let done = ask(conn, &mut lock, number, sent, Asking { means: Means::Cli, seen: None, now })?;
        let people = People::load(conn, site_id)?;
        Ok(done.map(|acted| Done::new(acted, site_key, &people, now)))
    })?)
}

/// Of one case as it is now, or why not; of several a line each, and at last whether any was refused.
fn print(done: &[(i64, Result<Done, NotDone>)], output: OutputArgs) -> Result<(), CliError> {
    if let [(_, one)] = done {
        return match one {
            Ok(done) => output.print(done, &line(done)),
            Err(not_done) => Err(refused(not_done)),
        };
    }
    let item = |(number, done): &(i64, Result<Done, NotDone>)| match done {
        Ok(done) => json!({ "number": number, "outcome": if done.changed { "done" } else { "unchanged" } }),
        Err(not_done) => json!({ "number": number, "outcome": "refused", "detail": not_done.to_string() }),
    };
    let text = |(number, done): &(i64, Result<Done, NotDone>)| match done {
        Ok(done) => line(done),
        Err(not_done) => format!("case {number}: not done: {not_done}\n"),
    };
    output.print(&done.iter().map(item).collect::<Vec<_>>(), &done.iter().map(text).collect::<String>())?;
    match done.iter().filter(|(_, done)| done.is_err()).count() {
        0 => Ok(()),
        refused => Err(CliError::Usage(format!("not changed: {refused} of {}", counted(done.len(), "case", "cases")))),
    }
}

fn line(done: &Done) -> String {
    let case = &done.case;
    let owner = match (&case.owner, &case.team) {
        (Some(owner), _) => owner.called().to_owned(),
        (None, Some(team)) => format!("team {team}"),
        (None, None) => "nobody's".to_owned(),
    };
    let unchanged = if done.changed { "" } else { " (as before)" };
    let split_off = done.split_off.map(|number| format!("; the response has case {number}")).unwrap_or_default();
    let reminder = case.remind_at.map(|at| format!("; a reminder goes at {at}")).unwrap_or_default();
    format!("case {}: {}, {owner}{unchanged}{split_off}{reminder}\n", case.number, case.state.replace('_', " "))
}

/// Each fault with the argument that it is about.
pub fn refused(not_done: &NotDone) -> CliError {
    let flag = |error: &FieldError| {
        let flag = match error.pointer.split('/').nth(1).unwrap_or_default() {
            "person" => "as".to_owned(),
            "priority" => "to".to_owned(),
            "response_id" => "response".to_owned(),
            "to_id" => "to".to_owned(),
            other => other.replace('_', "-"),
        };
        format!("--{flag} {}", error.detail)
    };
    CliError::Usage(match not_done {
        NotDone::Invalid(errors) => errors.iter().map(flag).collect::<Vec<_>>().join("; "),
        NotDone::Taken { .. } => format!("{not_done}: `counterbell case take-over` takes it all the same"),
        _ => not_done.to_string(),
    })
}
