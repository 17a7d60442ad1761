//! What the documents of actions may hold, as they are read.

use counterbell_shared::openapi::{Members, PersonId, Slug, one_of, words};
use counterbell_shared::time::UnixMillis;
use counterbell_shared::{EmailAddress, schema_of_members};
use strum::VariantArray as _;
use utoipa::openapi::{ArrayBuilder, ObjectBuilder, OneOfBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::document::{ACTIONS, CaseAction, MANY, MENTIONS_MAX, ManyCasesAction, NUMBERS_MAX, WhoDocument};
use crate::cases::{EntryId, NOTE_MAX_CHARS, NothingToDo, Priority};

/// The number of a case, unique in its site.
#[derive(Debug)]
pub struct CaseNumber;

impl PartialSchema for CaseNumber {
    fn schema() -> RefOr<Schema> {
        number().description(Some("The number of a case, unique in its site")).into()
    }
}

impl ToSchema for CaseNumber {}

schema_of_members!(
    WhoDocument,
    Members::closed("Who does it: one of both").optional::<EmailAddress>("person").optional::<PersonId>("person_id")
);

fn number() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1))
}

fn text(least: usize) -> ObjectBuilder {
    let text = words(NOTE_MAX_CHARS);
    if least == 0 { text } else { text.min_length(Some(least)) }
}

fn what(action: &str) -> &'static str {
    match action {
        "acknowledge" => "\"I have this\"",
        "take_over" => "\"I have this now\", also when somebody else has it",
        "assign" => "Gives it to somebody (`to`, `to_id`) or to a `team`: one of the three",
        "not_for_me" => "\"Somebody else should have this\"",
        "unacknowledge" => "Nobody has it any more: steps of escalation begin anew",
        "note" => "Writes a note, which the customer never sees; `mentions` are people who are told",
        "spoke" => "Spoke with the customer: the customer is answered",
        "wait" => "Nothing can be done until the customer does something: the answer clock stands still",
        "customer_answered" => "The customer has answered: the clock goes on",
        "dismiss_answer" => "What the customer wrote after the end needs nothing more",
        "priority" => "Changes how much it matters",
        "remind" => "Reminds its owner at a time that is still to come",
        "resolve" => "It was put right: why the customer was unhappy, and what was done",
        "nothing_to_do" => "Ends it with nothing done; `mark_spam` holds its responses back as spam",
        "close" => "Nothing more is expected of a resolved case",
        "reopen" => "It was not put right",
        "merge" => "The case `into` goes on in its place",
        "split" => "A response of it gets a case of its own",
        "link" => "Both cases name each other",
        _ => "Links to it in mails open nothing any more",
    }
}

/// One action, with the members it has.
fn one(action: &str, own: &[&str], also: fn(Members) -> Members) -> Members {
    let members = Members::closed(what(action)).with("action", one_of(&[action])).require("action");
    let members = members.optional::<EmailAddress>("person").optional::<PersonId>("person_id");
    own.iter().fold(also(members), |members, name| match *name {
        "to" => members.optional::<EmailAddress>("to"),
        "to_id" => members.optional::<PersonId>("to_id"),
        "team" => members.optional::<Slug>("team"),
        "reason" if action == "nothing_to_do" => {
            members.with("reason", one_of(&names(&NothingToDo::OF_STAFF, |one| one.as_str()))).require("reason")
        }
        "text" if action == "note" => members.with("text", text(1)).require("text"),
        "reason" | "text" => members.with(name, text(0)),
        "mentions" => {
            let people = ArrayBuilder::new().items(number().description(Some("The number of a person")));
            members.with("mentions", people.max_items(Some(MENTIONS_MAX)))
        }
        "priority" => {
            members.with("priority", one_of(&names(Priority::VARIANTS, |one| one.as_str()))).require("priority")
        }
        "at" => members.needed::<UnixMillis>("at"),
        "root_cause" => members.needed::<Slug>("root_cause"),
        "action_taken" => members.with("action_taken", text(1)).require("action_taken"),
        "mark_spam" => members.with("mark_spam", ObjectBuilder::new().schema_type(Type::Boolean)),
        "response_id" => members.needed::<EntryId>("response_id"),
        _ => members.needed::<CaseNumber>(name),
    })
}

fn names<T: Copy>(all: &[T], name: impl Fn(T) -> &'static str) -> Vec<&'static str> {
    all.iter().map(|one| name(*one)).collect()
}

fn actions() -> impl Iterator<Item = Members> {
    ACTIONS.iter().map(|(action, own)| one(action, own, |members| members.optional::<EntryId>("entry_id")))
}

fn actions_on_many() -> impl Iterator<Item = Members> {
    let numbers = |members: Members| members.list::<CaseNumber>("numbers", 1, NUMBERS_MAX);
    let many = ACTIONS.iter().filter(|(action, _)| MANY.contains(action));
    many.map(move |(action, own)| one(action, own, numbers))
}

fn one_of_them(all: impl Iterator<Item = Members>, description: &str) -> RefOr<Schema> {
    let one_of = OneOfBuilder::new().description(Some(description));
    all.map(Members::into_schema).fold(one_of, OneOfBuilder::item).into()
}

impl PartialSchema for CaseAction {
    fn schema() -> RefOr<Schema> {
        let told = "What somebody wants of a case. Who that is, is said by `person`, an address, or `person_id`: one of both. \
                    With an `entry_id`, the same again changes nothing";
        one_of_them(actions(), told)
    }
}

impl ToSchema for CaseAction {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.extend(actions().flat_map(Members::into_schemas));
    }
}

impl PartialSchema for ManyCasesAction {
    fn schema() -> RefOr<Schema> {
        one_of_them(actions_on_many(), "What somebody wants of each of these cases")
    }
}

impl ToSchema for ManyCasesAction {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.extend(actions_on_many().flat_map(Members::into_schemas));
    }
}
