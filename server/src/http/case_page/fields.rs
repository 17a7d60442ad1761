//! The fields of each form.

use counterbell_shared::time::UnixMillis;

use super::facts::Facts;
use super::form::Form;
use super::posted::Posted;
use super::reader::Reader;
use crate::cases::{NOTE_MAX_CHARS, NothingToDo};
use crate::ids::new_id;

/// A form, as it is shown.
pub struct FormView {
    /// What it does.
    pub form: Form,
    /// On its button.
    pub label: &'static str,
    /// What follows from it.
    pub hint: &'static str,
    /// The id of what is written: the same form twice changes nothing.
    pub entry_id: String,
    /// Whether it is unfolded.
    pub is_open: bool,
    /// What is asked.
    pub fields: Vec<FieldView>,
}

/// A field. The id in the page is the form's name, a hyphen and the field's.
pub enum FieldView {
    Words { name: &'static str, label: &'static str, value: String, is_required: bool },
    Select { name: &'static str, label: &'static str, groups: Vec<(&'static str, Vec<OptionView>)> },
    Radios { name: &'static str, label: &'static str, options: Vec<OptionView> },
    Ticks { name: &'static str, label: &'static str, options: Vec<OptionView> },
    Tick { name: &'static str, label: &'static str, is_on: bool },
    Day { name: &'static str, label: &'static str, value: String, earliest: String },
}

/// One of several.
pub struct OptionView {
    /// As it is sent.
    pub value: String,
    /// For people.
    pub label: String,
    /// Whether it is chosen.
    pub is_on: bool,
}

/// The longest text that a field takes.
pub const WORDS_MAX: usize = NOTE_MAX_CHARS;

/// Forms to be shown, filled in with what was sent before.
pub struct Fields<'a> {
    /// Of the case.
    pub facts: &'a Facts,
    /// Who fills them in.
    pub reader: &'a Reader,
    /// What was sent, and was not done.
    pub posted: Option<&'a Posted>,
}

impl Fields<'_> {
    /// A form.
    pub fn form(&self, form: Form, is_open: bool) -> FormView {
        let (texts, name) = (self.reader.texts, form.as_str());
        let posted = self.posted.filter(|posted| posted.form == Some(form));
        // What was not done may be sent again as it is.
        let again = posted.and_then(|posted| posted.entry_id);
        FormView {
            form,
            label: texts.forms.named(name).unwrap_or_default(),
            hint: texts.hints.named(name).unwrap_or_default(),
            entry_id: again.unwrap_or_else(|| new_id(UnixMillis(self.reader.now))).to_string(),
            is_open,
            fields: self.fields(form, posted.unwrap_or(&Posted::default())),
        }
    }

    fn fields(&self, form: Form, posted: &Posted) -> Vec<FieldView> {
        let texts = &self.reader.texts.fields;
        let words = |name, label, is_required| {
            let value = posted.value(name).to_owned();
            FieldView::Words { name, label, value, is_required }
        };
        match form {
            Form::NotForMe => vec![words("reason", texts.reason, false)],
            Form::Assign => vec![self.assignees(posted), words("reason", texts.reason, false)],
            Form::Note => {
                let mut fields = vec![words("text", texts.note, true)];
                let options = self.people(posted, "mention", |person_id| person_id.to_string());
                if !options.is_empty() {
                    fields.push(FieldView::Ticks { name: "mention", label: texts.mentions, options });
                }
                fields
            }
            Form::Spoke => vec![words("text", texts.spoke, false)],
            Form::CustomerAnswered => vec![words("text", texts.customer, false)],
            Form::Remind => self.times(posted),
            Form::Resolve => vec![self.root_causes(posted), self.action_taken(posted)],
            Form::NothingToDo => {
                let option = |reason: &NothingToDo| {
                    self.option(posted, "reason", reason.as_str(), |name| {
                        self.reader.texts.reasons.named(name).unwrap_or_default().to_owned()
                    })
                };
                let options = NothingToDo::OF_STAFF.iter().map(option).collect();
                let is_on = posted.value("mark_spam") == "yes";
                vec![
                    FieldView::Radios { name: "reason", label: texts.reason, options },
                    FieldView::Tick { name: "mark_spam", label: texts.mark_spam, is_on },
                ]
            }
            _ => Vec::new(),
        }
    }

    fn option(&self, posted: &Posted, name: &str, value: &str, label: impl FnOnce(&str) -> String) -> OptionView {
        OptionView { value: value.to_owned(), label: label(value), is_on: posted.has(name, value) }
    }

    /// Whoever is there, but for the reader.
    fn people(&self, posted: &Posted, name: &str, value: impl Fn(i64) -> String) -> Vec<OptionView> {
        let (reader, texts) = (self.reader, &self.reader.texts.fields);
        let there = self.facts.members.iter().filter(|one| one.left_at.is_none() && one.person_id != reader.person_id);
        let option = |member: &crate::db::staff::Member| {
            let label = if member.is_absent(reader.now) {
                reader.fill(texts.absent, &[("name", member.called())])
            } else {
                member.called().to_owned()
            };
            self.option(posted, name, &value(member.person_id), |_| label)
        };
        there.map(option).collect()
    }

    fn assignees(&self, posted: &Posted) -> FieldView {
        let texts = &self.reader.texts.fields;
        let people = self.people(posted, "to", |person_id| format!("person/{person_id}"));
        let team = |team: &crate::db::staff::Team| {
            self.option(posted, "to", &format!("team/{}", team.name), |_| team.label.clone())
        };
        let teams = self.facts.teams.iter().map(team).collect();
        FieldView::Select { name: "to", label: texts.to, groups: vec![(texts.people, people), (texts.teams, teams)] }
    }

    fn root_causes(&self, posted: &Posted) -> FieldView {
        let present = self.facts.kept.case.root_cause.as_deref().filter(|_| !posted.is_sent("root_cause"));
        let option = |(name, label): &(String, String)| {
            let mut option = self.option(posted, "root_cause", name, |_| label.clone());
            option.is_on |= present == Some(name);
            option
        };
        let options = self.facts.root_causes.iter().map(option).collect();
        FieldView::Select {
            name: "root_cause",
            label: self.reader.texts.fields.root_cause,
            groups: vec![("", options)],
        }
    }

    fn action_taken(&self, posted: &Posted) -> FieldView {
        let present = self.facts.kept.case.action_taken.clone().filter(|_| !posted.is_sent("action_taken"));
        FieldView::Words {
            name: "action_taken",
            label: self.reader.texts.fields.action_taken,
            value: present.unwrap_or_else(|| posted.value("action_taken").to_owned()),
            is_required: true,
        }
    }

    fn times(&self, posted: &Posted) -> Vec<FieldView> {
        let (reader, texts) = (self.reader, &self.reader.texts.fields);
        let tomorrow = reader.time(reader.next_morning(&self.facts.hours));
        let tomorrow = reader.fill(texts.tomorrow, &[("time", &tomorrow)]);
        let mut options = vec![
            self.option(posted, "when", "tomorrow", |_| tomorrow),
            self.option(posted, "when", "date", |_| texts.on_date.to_owned()),
        ];
        options[0].is_on |= !posted.is_sent("when");
        let earliest = reader.day(reader.now).to_string();
        vec![
            FieldView::Radios { name: "when", label: texts.when, options },
            FieldView::Day { name: "date", label: texts.date, value: posted.value("date").to_owned(), earliest },
        ]
    }
}
