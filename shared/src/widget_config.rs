//! What the widget asks the server before it is shown: `GET /v1/widget/{site_key}`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde::Serialize;

use crate::limits::{COMMENT_MAX_CHARS, OTHER_MAX_CHARS};
use crate::metric::{Metric, Scale};
use crate::survey::{
    Ask, LocalText, NAME_PLACE, ScoreDisplay, Step, Survey, SurveyVersion, Thanks, lookup, without_name,
};
use crate::theme::Theme;

/// The survey to ask, and every word the widget shows, in one language.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WidgetConfig<'a> {
    /// BCP 47 tag of the language of the texts; the widget sets it as `lang`.
    pub locale: &'a str,
    /// Which way it is written; the widget sets it as `dir`.
    pub dir: Direction,
    /// The survey to ask.
    pub survey: WidgetSurvey<'a>,
    /// The widget's own words, by their names in [`WORDS`].
    pub texts: BTreeMap<&'a str, &'a str>,
    /// What it is drawn with, if the site says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Theme>))]
    pub theme: Option<&'a Theme>,
    /// Longest comment, in characters.
    pub comment_max_chars: usize,
    /// Longest answer beside the choices, in characters.
    pub other_max_chars: usize,
}

/// Which way a language is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "named after what they are")]
pub enum Direction {
    Ltr,
    Rtl,
}

/// A survey as the widget needs it. A text that can name the customer comes twice: without a name, and as `.._named`
/// with `{name}` in the name's place.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WidgetSurvey<'a> {
    /// Sent back with the response.
    pub name: &'a str,
    /// Sent back with the response, as `survey_version`.
    pub version: i32,
    /// What it measures.
    pub metric: Metric,
    /// The scores to offer.
    pub scale: Scale,
    /// How they are drawn.
    pub display: ScoreDisplay,
    /// The question.
    pub question: Cow<'a, str>,
    /// For a page that names the customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question_named: Option<&'a str>,
    /// What the lowest score means.
    pub low_label: &'a str,
    /// What the highest score means.
    pub high_label: &'a str,
    /// The screens after the score, in the order they are shown.
    pub steps: Vec<WidgetStep<'a>>,
    /// What is said at the end: the first that is for the score, else `texts.thanks` and `texts.thanks_more`.
    pub thanks: Vec<WidgetThanks<'a>>,
}

/// One screen.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WidgetStep<'a> {
    /// Scores after which it is shown.
    pub scores: Scale,
    /// What is asked on it.
    pub ask: Vec<WidgetAsk<'a>>,
}

/// A question that needs no answer; [`Ask`] has the kinds.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "lowercase")]
#[expect(missing_docs, reason = "the members of survey::Ask")]
pub enum WidgetAsk<'a> {
    Comment { question: &'a str },
    One(WidgetChoice<'a>),
    Many(WidgetChoice<'a>),
    Contact { question: &'a str, consent: &'a str },
}

/// A question with choices.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "the members of survey::Choice")]
pub struct WidgetChoice<'a> {
    pub id: &'a str,
    pub question: &'a str,
    pub choices: Vec<WidgetLabel<'a>>,
    pub other: bool,
}

/// One of the choices.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "the members of survey::Labelled")]
pub struct WidgetLabel<'a> {
    pub id: &'a str,
    pub label: &'a str,
}

/// What is said at the end.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "the members of survey::Thanks")]
pub struct WidgetThanks<'a> {
    pub scores: Scale,
    pub title: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title_named: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text_named: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<WidgetLink<'a>>,
}

/// A link in the thanks.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(missing_docs, reason = "the members of survey::Link")]
pub struct WidgetLink<'a> {
    pub label: &'a str,
    pub url: &'a str,
}

macro_rules! words {
    ($($(#[doc = $doc:literal])* $name:literal)*) => {
        /// Names of the widget's own words; a survey's `texts` may have its own wording for each.
        ///
        $(#[doc = concat!("* `", $name, "`:", $($doc),*)])*
        pub const WORDS: [&str; [$($name),*].len()] = [$($name),*];
    };
}

words! {
    /// goes back one step.
    "back"
    /// said when Send is pressed before a score is chosen.
    "choose"
    /// accessible name of the button that closes.
    "close"
    /// label of the comment field, where the survey asks for none by itself.
    "comment"
    /// what the customer agrees to who leaves an address.
    "consent"
    /// said when an address was left without consent to use it.
    "consent_needed"
    /// label of the address field.
    "email"
    /// said when it is no address.
    "email_invalid"
    /// said when sending failed; what was typed is still there.
    "failed"
    /// comes before the question when the page names the customer; holds `{name}`.
    "greeting"
    /// goes on to the next step.
    "next"
    /// stands beside what need not be answered.
    "optional"
    /// the choice that is none of those offered.
    "other"
    /// label of the field to write it in.
    "other_label"
    /// said when the server refused the response for good.
    "refused"
    /// said instead of thanks when there is no network: the response is kept and sent later.
    "saved_offline"
    /// the button that sends.
    "send"
    /// the same button while it is being sent.
    "sending"
    /// goes on without an answer.
    "skip"
    /// where the customer is; holds `{n}` and `{count}`.
    "step"
    /// heading of the thanks, where the survey has none for the score.
    "thanks"
    /// what happens next.
    "thanks_more"
}

impl<'a> WidgetConfig<'a> {
    /// What the widget needs to ask `survey`, of this version, in the language that suits `wanted` best. `own_words`
    /// gives the widget's words in such a language.
    ///
    /// The language of the question decides: texts of another are shown only where that one is missing.
    pub fn new<'w: 'a>(
        survey: &'a Survey,
        version: &'a SurveyVersion,
        wanted: &str,
        own_words: impl FnOnce(&str) -> BTreeMap<&'w str, &'w str>,
    ) -> Self {
        let default = survey.default_locale.as_str();
        let found = lookup(wanted, survey.question.locales());
        let texts = Resolver { wanted: if found.is_some() { wanted } else { default }, default };
        let locale = found.or_else(|| lookup(default, survey.question.locales())).unwrap_or(default);
        let mut words: BTreeMap<&str, &str> = own_words(texts.wanted);
        words.extend(survey.texts.iter().map(|(name, text)| (name.as_str(), texts.one(text))));
        let consent = words.get("consent").copied().unwrap_or_default();
        let (question, question_named) = texts.with_name(&survey.question);
        Self {
            locale,
            dir: direction(locale),
            survey: WidgetSurvey {
                name: &version.name,
                version: version.version,
                metric: survey.metric,
                scale: survey.metric.scale(),
                display: survey.display,
                question,
                question_named,
                low_label: texts.one(&survey.low_label),
                high_label: texts.one(&survey.high_label),
                steps: survey.steps.iter().map(|step| texts.step(step, consent)).collect(),
                thanks: survey.thanks.iter().map(|thanks| texts.thanks(thanks)).collect(),
            },
            texts: words,
            theme: None,
            comment_max_chars: COMMENT_MAX_CHARS,
            other_max_chars: OTHER_MAX_CHARS,
        }
    }
}

/// Picks one language.
struct Resolver<'w> {
    wanted: &'w str,
    default: &'w str,
}

impl Resolver<'_> {
    fn one<'a>(&self, text: &'a LocalText) -> &'a str {
        text.resolve(self.wanted, self.default)
    }

    /// Without a name and, where there is a place for it, with one.
    fn with_name<'a>(&self, text: &'a LocalText) -> (Cow<'a, str>, Option<&'a str>) {
        let text = self.one(text);
        if text.contains(NAME_PLACE) { (without_name(text).into(), Some(text)) } else { (text.into(), None) }
    }

    fn step<'a>(&self, step: &'a Step, consent: &'a str) -> WidgetStep<'a> {
        let ask = step.ask.iter().map(|ask| match ask {
            Ask::Comment { question } => WidgetAsk::Comment { question: self.one(question) },
            Ask::Contact { question, consent: own } => WidgetAsk::Contact {
                question: self.one(question),
                consent: own.as_ref().map_or(consent, |own| self.one(own)),
            },
            Ask::Choice(choice) => {
                let label = |one: &'a crate::survey::Labelled| WidgetLabel { id: &one.id, label: self.one(&one.label) };
                let shown = WidgetChoice {
                    id: &choice.id,
                    question: self.one(&choice.question),
                    choices: choice.choices.iter().map(label).collect(),
                    other: choice.other,
                };
                if choice.many { WidgetAsk::Many(shown) } else { WidgetAsk::One(shown) }
            }
        });
        WidgetStep { scores: scale(&step.scores), ask: ask.collect() }
    }

    fn thanks<'a>(&self, thanks: &'a Thanks) -> WidgetThanks<'a> {
        let (title, title_named) = self.with_name(&thanks.title);
        let (text, text_named) = thanks.text.as_ref().map(|text| self.with_name(text)).unzip();
        let link = thanks.link.as_ref();
        WidgetThanks {
            scores: scale(&thanks.scores),
            title,
            title_named,
            text,
            text_named: text_named.flatten(),
            link: link.map(|link| WidgetLink { label: self.one(&link.label), url: &link.url }),
        }
    }
}

fn scale(scores: &RangeInclusive<u8>) -> Scale {
    Scale { min: *scores.start(), max: *scores.end() }
}

/// By the script, where the tag names it, else by the language: those usually written right to left.
fn direction(locale: &str) -> Direction {
    let mut subtags = locale.split('-');
    let language = subtags.next().unwrap_or_default().to_ascii_lowercase();
    let script = subtags.next().filter(|subtag| subtag.len() == 4).map(str::to_ascii_lowercase);
    let rtl = match script.as_deref() {
        Some(script) => matches!(script, "arab" | "hebr" | "thaa" | "syrc" | "nkoo" | "adlm"),
        None => matches!(language.as_str(), "ar" | "ckb" | "dv" | "fa" | "he" | "ps" | "sd" | "ug" | "ur" | "yi"),
    };
    if rtl { Direction::Rtl } else { Direction::Ltr }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn survey() -> Survey {
        let document = json!({
            "name": "checkout", "metric": "csat",
            "question": { "en": "How was it, {name}?", "pt": "Como foi, {name}?", "pt-BR": "E a\u{ed}, {name}?" },
            "low_label": { "en": "Bad", "pt": "Mau" }, "high_label": { "en": "Good", "ar": "\u{62c}\u{64a}\u{62f}" },
            "steps": [{ "ask": [{ "kind": "contact", "question": { "en": "May we write to you?" } }] }],
            "texts": { "send": { "en": "Submit" } },
        });
        Survey::parse(&document).unwrap()
    }

    fn config(wanted: &str) -> serde_json::Value {
        let survey = survey();
        let version = SurveyVersion { name: "checkout".into(), version: 3, metric: survey.metric };
        let words = |wanted: &str| {
            assert!(["pt-BR", "pt-PT", "en"].contains(&wanted), "{wanted}");
            BTreeMap::from([("send", "Send"), ("consent", "Yes")])
        };
        serde_json::to_value(WidgetConfig::new(&survey, &version, wanted, words)).unwrap()
    }

    #[test]
    fn each_text_comes_in_the_language_that_suits_best() {
        let brazil = config("pt-BR");
        assert_eq!((&brazil["locale"], &brazil["dir"]), (&json!("pt-BR"), &json!("ltr")));
        assert_eq!(brazil["survey"]["question"], "E a\u{ed}?");
        assert_eq!(brazil["survey"]["question_named"], "E a\u{ed}, {name}?");
        assert_eq!((&brazil["survey"]["low_label"], &brazil["survey"]["high_label"]), (&json!("Mau"), &json!("Good")));
        assert_eq!(config("pt-PT")["locale"], "pt");
        assert_eq!(brazil["texts"], json!({ "send": "Submit", "consent": "Yes" }));
        assert_eq!(brazil["survey"]["steps"][0]["ask"][0]["consent"], "Yes");
    }

    #[test]
    fn language_without_the_question_is_not_mixed_in() {
        let arabic = config("ar");
        assert_eq!((&arabic["locale"], &arabic["dir"]), (&json!("en"), &json!("ltr")));
        assert_eq!(arabic["survey"]["high_label"], "Good");
    }

    #[test]
    fn direction_is_that_of_the_script() {
        for (locale, expected) in [
            ("ar", Direction::Rtl),
            ("he-IL", Direction::Rtl),
            ("az-Arab", Direction::Rtl),
            ("ur-Latn", Direction::Ltr),
            ("de", Direction::Ltr),
        ] {
            assert_eq!(direction(locale), expected, "{locale}");
        }
    }
}
