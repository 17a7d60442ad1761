//! What the page's form carries: where the customer is, and all that was answered so far.

use std::collections::BTreeMap;

use counterbell_shared::limits::{EMAIL_MAX_BYTES, PAGE_URL_MAX_BYTES, REFERENCE_MAX_CHARS};
use counterbell_shared::openapi::{AnyScore, Members, Revision, StepNumber, VersionNumber, one_of, words};
use counterbell_shared::widget_config::WidgetAsk;
use counterbell_shared::{Comment, EmailAddress, Reference, ResponseId, schema_of_members};

use super::address::Asked;
use super::page::Fault;

/// Before the id of a question, in the name of the fields of its choices.
pub const CHOICE: &str = "choice:";
/// Before the id of a question, in the name of the field of what else the customer says to it.
pub const OTHER: &str = "other:";

/// The fields, as sent: anything may be wrong with them.
#[derive(Debug, Default)]
pub struct Form {
    /// Made when the page was first asked for.
    pub response_id: String,
    /// What this form is stored as.
    pub revision: i64,
    /// The screen it is of; 0 is the score.
    pub step: usize,
    /// The survey's version in which the score was asked for.
    pub survey_version: Option<i64>,
    /// Where the customer wants to go.
    pub go: Go,
    /// As sent.
    pub score: String,
    /// The customer's own words.
    pub comment: String,
    /// Where the customer can be written to.
    pub email: String,
    /// The customer agreed to that.
    pub consent: bool,
    /// By the ids of their questions.
    pub chosen: BTreeMap<String, Chosen>,
    /// The retailer's name for the order.
    pub order: String,
    /// The retailer's name for the customer, from the page that frames this one.
    pub customer: String,
    /// The page that frames this one.
    pub page_url: String,
    /// A field that no customer sees.
    pub website: String,
}

schema_of_members!(
    Form,
    Members::open(
        "What a screen of the hosted page sends: all that was answered so far. Each choice is a field `choice:` with the \
         question's id, the empty one for something else, which is in the field `other:` with that id. What does not fit \
         is shown on the next screen, or left out"
    )
    .optional::<ResponseId>("response_id")
    .optional::<Revision>("revision")
    .optional::<StepNumber>("step")
    .optional::<VersionNumber>("survey_version")
    .with("go", one_of(&["on", "skip", "back"]))
    .optional::<AnyScore>("score")
    .optional::<Comment>("comment")
    .with("email", words(EMAIL_MAX_BYTES))
    .with("consent", one_of(&["yes"]))
    .with("order", words(REFERENCE_MAX_CHARS))
    .with("customer", words(REFERENCE_MAX_CHARS))
    .with("page_url", words(PAGE_URL_MAX_BYTES))
    .with("website", words(0).description(Some("A field that no customer sees: who fills it in is a program")))
);

/// What was answered to a question with choices.
#[derive(Debug, Default)]
pub struct Chosen {
    /// Ids of choices. The empty one is "something else".
    pub choices: Vec<String>,
    /// What else; counts only while "something else" is chosen.
    pub other: String,
}

/// What was pressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Go {
    /// To the next screen.
    #[default]
    On,
    /// To the next screen, answering nothing on this one.
    Skip,
    /// To the screen before.
    Back,
}

impl Chosen {
    /// "Something else" is chosen.
    pub fn has_other(&self) -> bool {
        self.choices.iter().any(String::is_empty)
    }
}

impl Form {
    /// The one a customer begins with.
    pub fn new(response_id: ResponseId, asked: &Asked) -> Self {
        Self {
            response_id: response_id.to_string(),
            survey_version: Some(asked.survey.version.version.into()),
            order: asked.order.as_ref().map_or_else(String::new, |order| Reference::as_str(order).to_owned()),
            ..Self::default()
        }
    }

    /// Reads `application/x-www-form-urlencoded`. Fields that are not known are left out.
    pub fn read(body: &[u8]) -> Self {
        let mut form = Self::default();
        for (name, value) in url::form_urlencoded::parse(body) {
            let value = value.into_owned();
            match &*name {
                "response_id" => form.response_id = value,
                "revision" => form.revision = value.parse().unwrap_or_default(),
                "step" => form.step = value.parse().unwrap_or_default(),
                "survey_version" => form.survey_version = value.parse().ok(),
                "go" => form.go = Go::of(&value),
                "score" => form.score = value,
                "comment" => form.comment = value,
                "email" => form.email = value,
                "consent" => form.consent = value == "yes",
                "order" => form.order = value,
                "customer" => form.customer = value,
                "page_url" => form.page_url = value,
                "website" => form.website = value,
                name => {
                    if let Some(id) = name.strip_prefix(CHOICE) {
                        form.chosen.entry(id.to_owned()).or_default().choices.push(value);
                    } else if let Some(id) = name.strip_prefix(OTHER) {
                        form.chosen.entry(id.to_owned()).or_default().other = value;
                    }
                }
            }
        }
        form
    }

    /// What was picked; `None` for nothing, and for what is no number.
    pub fn score(&self) -> Option<i64> {
        self.score.parse().ok()
    }

    /// Takes back what was answered to these.
    pub fn forget(&mut self, asks: &[WidgetAsk]) {
        for ask in asks {
            match ask {
                WidgetAsk::Comment { .. } => self.comment.clear(),
                WidgetAsk::Contact { .. } => {
                    self.email.clear();
                    self.consent = false;
                }
                WidgetAsk::One(choice) | WidgetAsk::Many(choice) => {
                    self.chosen.remove(choice.id);
                }
            }
        }
    }

    /// What is wrong with the address, where one is asked for among `asks` and was given.
    pub fn fault_of_address(&self, asks: &[WidgetAsk]) -> Option<Fault> {
        let is_asked = asks.iter().any(|ask| matches!(ask, WidgetAsk::Contact { .. }));
        let email = self.email.trim();
        if !is_asked || email.is_empty() {
            None
        } else if email.parse::<EmailAddress>().is_err() {
            Some(Fault::NoAddress)
        } else {
            (!self.consent).then_some(Fault::NoConsent)
        }
    }

    /// Names and values of the fields that the screen with `asks` does not show, so that they go on with the form.
    pub fn hidden(&self, asks: &[WidgetAsk], shows_score: bool) -> Vec<(String, &str)> {
        let mut fields = Vec::new();
        let mut keep = |name: &str, value| fields.push((name.to_owned(), value));
        if !shows_score {
            keep("score", self.score.as_str());
        }
        if !asks.iter().any(|ask| matches!(ask, WidgetAsk::Comment { .. })) {
            keep("comment", &self.comment);
        }
        if !asks.iter().any(|ask| matches!(ask, WidgetAsk::Contact { .. })) {
            keep("email", &self.email);
            keep("consent", if self.consent { "yes" } else { "" });
        }
        let shown = |id: &str| {
            asks.iter().any(|ask| matches!(ask, WidgetAsk::One(choice) | WidgetAsk::Many(choice) if choice.id == id))
        };
        for (id, chosen) in self.chosen.iter().filter(|(id, _)| !shown(id)) {
            chosen.choices.iter().for_each(|choice| keep(&format!("{CHOICE}{id}"), choice));
            keep(&format!("{OTHER}{id}"), &chosen.other);
        }
        fields.retain(|(name, value)| !value.is_empty() || name.starts_with(CHOICE));
        fields
    }
}

impl Go {
    fn of(value: &str) -> Self {
        match value {
            "back" => Self::Back,
            "skip" => Self::Skip,
            _ => Self::On,
        }
    }
}

#[cfg(test)]
mod tests {
    use counterbell_shared::widget_config::WidgetChoice;
    use proptest::prelude::*;
    use url::form_urlencoded::Serializer;

    use super::*;

    proptest! {
        /// Whatever is sent, and however often it goes on hidden: nothing of it changes.
        #[test]
        fn hidden_fields_read_back_as_they_were(
            names in prop::collection::vec("score|comment|email|consent|(choice|other):[a-z\"<&=%é ]{0,3}", 0..9),
            value in "\\PC{0,9}",
        ) {
            let body = Serializer::new(String::new()).extend_pairs(names.iter().map(|name| (name, &value))).finish();
            let form = Form::read(body.as_bytes());
            let hidden = form.hidden(&[], false);
            let body = Serializer::new(String::new()).extend_pairs(&hidden).finish();
            let again = Form::read(body.as_bytes());
            prop_assert_eq!(again.hidden(&[], false), hidden);
        }

        #[test]
        fn any_bytes_are_read(bytes: Vec<u8>) {
            Form::read(&bytes).hidden(&[], true);
        }
    }

    #[test]
    fn every_field_of_the_document_is_read() {
        let schema = serde_json::to_value(<Form as utoipa::PartialSchema>::schema()).unwrap();
        let fields = schema["properties"].as_object().unwrap();
        assert!(fields.len() > 10, "{schema}");
        for name in fields.keys() {
            let read = |value: &str| format!("{:?}", Form::read(format!("{name}={value}").as_bytes()));
            let is_read = ["1", "yes", "back"].iter().any(|value| read(value) != format!("{:?}", Form::default()));
            assert!(is_read, "{name}");
        }
    }

    const BODY: &str = "response_id=x&revision=2&step=1&go=back&score=2&comment=wet%0D%0Abox&choice:why=late&choice:why=\
                        &other:why=%3Cb%3E&email=a%40b&consent=yes&website=&colour=red";

    #[test]
    fn fields_of_other_screens_go_on_hidden() {
        let form = Form::read(BODY.as_bytes());
        assert_eq!((form.revision, form.step, form.go, form.score()), (2, 1, Go::Back, Some(2)));
        assert!(form.consent && form.chosen["why"].has_other());
        let why = WidgetAsk::Many(WidgetChoice { id: "why", question: "", choices: Vec::new(), other: true });
        let all = [
            ("score", "2"),
            ("comment", "wet\r\nbox"),
            ("email", "a@b"),
            ("consent", "yes"),
            ("choice:why", "late"),
            ("choice:why", ""),
            ("other:why", "<b>"),
        ];
        let hidden = |asks: &[WidgetAsk], shows_score| -> Vec<_> {
            form.hidden(asks, shows_score).into_iter().map(|(name, value)| (name, value.to_owned())).collect()
        };
        let expected = |fields: &[(&str, &str)]| -> Vec<_> {
            fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        assert_eq!(hidden(&[], false), expected(&all));
        assert_eq!(hidden(&[why], true), expected(&all[1..4]));
    }

    #[test]
    fn skipped_questions_are_not_answered() {
        let mut form = Form::read(BODY.as_bytes());
        form.forget(&[WidgetAsk::Comment { question: "" }, WidgetAsk::Contact { question: "", consent: "" }]);
        assert!(form.comment.is_empty() && form.email.is_empty() && !form.consent && form.chosen.len() == 1);
    }
}
