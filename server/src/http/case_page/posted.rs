//! What a form of the page sends, and what it means.

use counterbell_shared::openapi::{Members, one_of, words};
use counterbell_shared::{ResponseId, schema_of_members};
use jiff::civil::Date;

use super::form::Form;
use super::reader::Reader;
use crate::cases::{Action, Assignee, Denied, NOTE_MAX_CHARS, NothingToDo, Refused, without_controls};
use crate::touchpoints::Hours;

/// The fields, as sent: anything may be wrong with them.
#[derive(Debug, Default)]
pub struct Posted {
    /// Which form it is.
    pub form: Option<Form>,
    /// Of what is written.
    pub entry_id: Option<ResponseId>,
    fields: Vec<(String, String)>,
}

schema_of_members!(
    Posted,
    Members::open(
        "What a form of the case page sends: `action` says which, `entry_id` is the same when the same form comes twice, and \
         then changes nothing more. Which other fields there are depends on `action`; what is missing is asked for again"
    )
    .with("action", one_of(&[
        "acknowledge", "take_over", "not_for_me", "assign", "note", "spoke", "wait", "customer_answered", "dismiss_answer",
        "remind", "resolve", "nothing_to_do", "reopen", "give_back", "revoke_links", "renew",
    ]))
    .optional::<ResponseId>("entry_id")
    .with("text", words(NOTE_MAX_CHARS))
    .with("reason", words(NOTE_MAX_CHARS))
    .with("to", words(100))
    .with("mention", words(20))
    .with("when", one_of(&["tomorrow", "date"]))
    .with("date", words(10))
    .with("root_cause", words(100))
    .with("action_taken", words(NOTE_MAX_CHARS))
    .with("mark_spam", one_of(&["yes"]))
);

/// What is to be done instead of what was sent.
#[derive(Debug, PartialEq, Eq)]
pub enum Fault {
    /// The form is of nobody here.
    NotUnderstood,
    /// Nobody was chosen.
    Nobody,
    /// No reason was chosen.
    NoReason,
    /// No day was chosen, or one that is over.
    Past,
    /// The case does not take it.
    Denied(Denied),
}

impl Posted {
    /// Reads `application/x-www-form-urlencoded`.
    pub fn read(body: &[u8]) -> Self {
        let fields = url::form_urlencoded::parse(body);
        let fields: Vec<_> = fields.map(|(name, value)| (name.into_owned(), without_controls(&value))).collect();
        let mut posted = Self { fields, ..Self::default() };
        posted.form = posted.value("action").parse().ok();
        posted.entry_id = posted.value("entry_id").parse().ok();
        posted
    }

    /// The first of this name, without white space around it; empty when there is none.
    pub fn value(&self, name: &str) -> &str {
        self.values(name).next().unwrap_or_default()
    }

    /// Whether there is one of this name.
    pub fn is_sent(&self, name: &str) -> bool {
        self.values(name).next().is_some()
    }

    /// Whether one of this name has this value.
    pub fn has(&self, name: &str, value: &str) -> bool {
        self.values(name).any(|known| known == value)
    }

    /// A new link is asked for.
    pub fn asks_for_link(&self) -> bool {
        self.value("action") == "renew"
    }

    /// Whether somebody wrote something in it.
    pub fn has_words(&self) -> bool {
        ["text", "reason", "action_taken"].iter().any(|name| !self.value(name).is_empty())
    }

    fn values<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.trim())
    }

    /// What is wanted.
    ///
    /// # Errors
    /// What is missing.
    pub fn action(&self, reader: &Reader, hours: &Hours) -> Result<Action, Fault> {
        let words = |name: &str| Some(self.value(name).to_owned()).filter(|words| !words.is_empty());
        Ok(match self.form.ok_or(Fault::NotUnderstood)? {
            Form::Acknowledge => Action::Acknowledge,
            Form::TakeOver => Action::TakeOver,
            Form::NotForMe => Action::NotForMe { reason: words("reason") },
            Form::Assign => Action::Assign { to: self.assignee().ok_or(Fault::Nobody)?, reason: words("reason") },
            Form::Note => {
                let mentions = self.values("mention").filter_map(|id| id.parse().ok()).collect();
                Action::Note { text: self.value("text").to_owned(), mentions }
            }
            Form::Spoke => Action::Spoke { text: words("text") },
            Form::Wait => Action::Wait,
            Form::CustomerAnswered => Action::CustomerAnswered { text: words("text") },
            Form::DismissAnswer => Action::DismissAnswer,
            Form::Remind => Action::Remind { at: self.remind_at(reader, hours).ok_or(Fault::Past)? },
            Form::Resolve => Action::Resolve {
                root_cause: self.value("root_cause").to_owned(),
                action_taken: self.value("action_taken").to_owned(),
            },
            Form::NothingToDo => {
                let reason = NothingToDo::OF_STAFF.iter().find(|reason| reason.as_str() == self.value("reason"));
                let mark_spam = self.value("mark_spam") == "yes";
                Action::NothingToDo { reason: *reason.ok_or(Fault::NoReason)?, mark_spam }
            }
            Form::Reopen => Action::Reopen,
            Form::GiveBack => Action::Unacknowledge,
            Form::RevokeLinks => Action::RevokeLinks,
        })
    }

    fn assignee(&self) -> Option<Assignee> {
        let (kind, name) = self.value("to").split_once('/')?;
        match kind {
            "person" => name.parse().ok().map(Assignee::Person),
            "team" => Some(Assignee::Team(name.to_owned())),
            _ => None,
        }
    }

    fn remind_at(&self, reader: &Reader, hours: &Hours) -> Option<i64> {
        if self.value("when") == "date" {
            self.value("date").parse::<Date>().ok().map(|day| reader.morning_of(day))
        } else {
            Some(reader.next_morning(hours))
        }
    }
}

impl Fault {
    /// In words: whose case it is, `name`, is for the caller to say.
    pub fn text(&self, reader: &Reader, name: impl FnOnce(i64) -> String) -> String {
        let texts = &reader.texts.refused;
        match self {
            Self::NotUnderstood => texts.not_understood.to_owned(),
            Self::Nobody | Self::Denied(Denied::NoPerson { .. } | Denied::NoTeam { .. }) => texts.nobody.to_owned(),
            Self::NoReason => texts.no_reason.to_owned(),
            Self::Past | Self::Denied(Denied::Refused(Refused::Past)) => texts.past.to_owned(),
            Self::Denied(Denied::Refused(Refused::TakenBy { owner, since })) => {
                reader.fill(texts.taken, &[("name", &name(*owner)), ("time", &reader.time(*since))])
            }
            Self::Denied(Denied::Refused(Refused::NotNow { state })) => {
                let state = reader.texts.states.named(state.as_str()).unwrap_or_default();
                reader.fill(texts.not_now, &[("state", state)])
            }
            Self::Denied(Denied::Refused(Refused::NeedsRootCause) | Denied::NoRootCause { .. }) => {
                texts.root_cause.to_owned()
            }
            Self::Denied(Denied::Refused(Refused::NeedsActionTaken)) => texts.action_taken.to_owned(),
            Self::Denied(Denied::Refused(Refused::Merged { into })) => {
                reader.fill(texts.merged, &[("number", &into.to_string())])
            }
            Self::Denied(Denied::OtherWords) => texts.other_words.to_owned(),
            Self::Denied(Denied::NoWords) => texts.no_words.to_owned(),
            Self::Denied(Denied::TooLong) => reader.fill(texts.too_long, &[("count", &NOTE_MAX_CHARS.to_string())]),
            Self::Denied(_) => texts.not_possible.to_owned(),
        }
    }

    /// What can be done instead, before the form that was sent.
    pub fn instead(&self) -> &'static [Form] {
        match self {
            Self::Denied(Denied::Refused(Refused::TakenBy { .. })) => &[Form::TakeOver, Form::Note],
            _ => &[],
        }
    }
}
