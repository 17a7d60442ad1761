//! What the pages say, a file for each language (`server/locales/case/`): a text that is missing, or one too many, is not read.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::language::Language;

/// Parts of a file.
macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident { $($field:ident)* })*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Deserialize)]
            #[serde(deny_unknown_fields)]
            pub struct $name {
                $(pub $field: &'static str,)*
            }
        )*
    };
}

/// Parts whose texts are asked for by the names of what they are of.
macro_rules! texts_by_name {
    ($($(#[$doc:meta])* $name:ident { $($field:ident)* })*) => {
        $(
            texts! { $(#[$doc])* $name { $($field)* } }

            impl $name {
                /// The text of this name.
                pub fn named(&self, name: &str) -> Option<&'static str> {
                    match name {
                        $(stringify!($field) => Some(self.$field),)*
                        _ => None,
                    }
                }
            }
        )*
    };
}

/// Every text in one language; `{...}` stands for a value.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, bound(deserialize = "'de: 'static"))]
pub struct Texts {
    pub page: PageTexts,
    pub states: StateTexts,
    pub priorities: PriorityTexts,
    pub reasons: ReasonTexts,
    pub metrics: MetricTexts,
    pub means: MeansTexts,
    pub actors: ActorTexts,
    pub events: EventTexts,
    pub more_of_events: MoreOfEvents,
    pub forms: FormTexts,
    pub hints: FormTexts,
    pub fields: FieldTexts,
    pub done: FormTexts,
    pub refused: RefusedTexts,
    pub shut: ShutTexts,
    pub group: GroupTexts,
    pub units: UnitTexts,
}

texts! {
    /// Facts and headings.
    PageTexts {
        title heading merged taken yours assigned assigned_to_you nobody team priority touchpoint opened
        acknowledge_by answer_by late paused resolved closed root_cause action_taken nothing_to_do remind_at linked number
        responses gone score no_comment order unproven customer contact consent no_contact answered page language unfinished
        held addition earlier timeline actions more zone optional
    }
    /// Who did something, when it is no person.
    ActorTexts { customer server operator key }
    /// What is said beside, or in place of that.
    MoreOfEvents { follows late overdue_acknowledge overdue_answer marked_spam taken_from }
    /// Labels.
    FieldTexts {
        reason to people teams choose absent note mentions spoke customer when tomorrow on_date date root_cause action_taken
        mark_spam
    }
    /// Why nothing was done.
    RefusedTexts {
        nothing_done taken not_now root_cause action_taken merged past other_words no_words too_long nobody no_reason not_understood
        not_possible
    }
    /// In place of a page that a link does not open.
    ShutTexts {
        invalid_title invalid expired_title expired expired_group send_new sent_title sent gone_title gone
        test_title test trouble_title trouble
    }
    /// Of alerts that were told together.
    GroupTexts { title since newest take take_all open no_case none_ticked done missed empty }
    /// Of durations.
    UnitTexts { days hours minutes }
}

texts_by_name! {
    /// Named after the states.
    StateTexts { open in_progress waiting resolved closed }
    /// Named after the priorities.
    PriorityTexts { low normal high urgent }
    /// Why there is nothing to do.
    ReasonTexts { test spam duplicate no_complaint unreachable erased }
    /// Named after the metrics.
    MetricTexts { csat nps ces expectation }
    /// Named after the means.
    MeansTexts { api chat cli console link mail }
    /// Named after the kinds of entries in the journal, without `case.`.
    EventTexts {
        opened acknowledged taken_over assigned not_for_me unacknowledged owner_left noted spoken replied receipt_sent waiting
        customer_answered answer_dismissed response_joined response_changed case_joined response_split priority_changed
        reminder_set reminded resolved resolution_changed nothing_to_do closed reopened merged linked escalated links_revoked
        service_level_changed overdue
    }
    /// Named after the forms.
    FormTexts {
        acknowledge take_over not_for_me assign note spoke wait customer_answered dismiss_answer remind resolve nothing_to_do
        reopen give_back revoke_links
    }
}

/// The file of each language.
fn file_of(language: Language) -> &'static str {
    match language {
        Language::Ar => include_str!("../../../locales/case/ar.json"),
        Language::De => include_str!("../../../locales/case/de.json"),
        Language::En => include_str!("../../../locales/case/en.json"),
        Language::Es => include_str!("../../../locales/case/es.json"),
        Language::Fr => include_str!("../../../locales/case/fr.json"),
        Language::Ja => include_str!("../../../locales/case/ja.json"),
        Language::Pt => include_str!("../../../locales/case/pt.json"),
    }
}

static TEXTS: LazyLock<Vec<(Language, Texts)>> = LazyLock::new(|| {
    let read = |language: Language| {
        let texts = serde_json::from_str(file_of(language));
        (language, texts.unwrap_or_else(|error| unreachable!("a test reads each file: {language:?}: {error}")))
    };
    Language::ALL.map(read).into()
});

/// What the pages say in this language.
pub fn texts_in(language: Language) -> &'static Texts {
    let found = TEXTS.iter().find(|(known, _)| *known == language);
    found.map_or_else(|| unreachable!("each language is read"), |(_, texts)| texts)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use serde_json::Value;
    use strum::VariantArray as _;

    use super::*;
    use crate::cases::{NothingToDo, Priority, State};

    /// Every text by its path, with the names of its values.
    fn values_of(language: Language) -> BTreeMap<String, BTreeSet<String>> {
        let file: Value = serde_json::from_str(file_of(language)).unwrap();
        let mut found = BTreeMap::new();
        for (part, texts) in file.as_object().unwrap() {
            for (name, text) in texts.as_object().unwrap() {
                let text = text.as_str().unwrap();
                assert!(!text.trim().is_empty(), "{language:?}: {part}.{name}");
                let names = text.split('{').skip(1).map(|rest| rest.split('}').next().unwrap().to_owned());
                found.insert(format!("{part}.{name}"), names.collect());
            }
        }
        found
    }

    #[test]
    fn each_language_has_every_text_with_the_same_values() {
        let english = values_of(Language::En);
        for language in Language::ALL {
            assert_eq!(values_of(language), english, "{language:?}");
            assert!(!texts_in(language).page.title.is_empty());
        }
    }

    #[test]
    fn every_state_priority_and_reason_has_a_text() {
        let texts = texts_in(Language::En);
        State::VARIANTS.iter().for_each(|state| assert!(texts.states.named(state.as_str()).is_some(), "{state:?}"));
        for priority in Priority::VARIANTS {
            assert!(texts.priorities.named(priority.as_str()).is_some(), "{priority:?}");
        }
        for reason in NothingToDo::VARIANTS {
            assert!(texts.reasons.named(reason.as_str()).is_some(), "{reason:?}");
        }
    }
}
