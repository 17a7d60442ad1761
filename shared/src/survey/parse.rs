//! From a document's JSON to a survey, naming everything that is wrong with it at once.

use std::collections::{BTreeMap, HashSet};
use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::{Ask, Choice, Labelled, Link, LocalText, Name, ScoreDisplay, Step, Survey, Thanks, is_slug, read_text};
use crate::document::{Faults, Object, quoted};
use crate::limits::{ASKS_MAX, CHOICES_MAX, PAGE_URL_MAX_BYTES, SLUG_MAX_CHARS, STEPS_MAX, THANKS_MAX};
use crate::metric::{Metric, Scale};
use crate::problem::FieldError;
use crate::text::Locale;
use crate::widget_config::WORDS;

const SURVEY: &[&str] =
    &["name", "metric", "display", "default_locale", "question", "low_label", "high_label", "steps", "thanks", "texts"];
const STEP: &[&str] = &["scores", "ask"];
const COMMENT: &[&str] = &["kind", "question"];
const CHOICE: &[&str] = &["kind", "id", "question", "choices", "other"];
const CONTACT: &[&str] = &["kind", "question", "consent"];
const LABELLED: &[&str] = &["id", "label"];
const THANKS: &[&str] = &["scores", "title", "text", "link"];
const LINK: &[&str] = &["label", "url"];
const SCORES: &[&str] = &["min", "max"];

impl Survey {
    /// Reads a document.
    ///
    /// # Errors
    /// What is wrong, each with a JSON pointer; at most 50.
    pub fn parse(document: &Value) -> Result<Self, Vec<FieldError>> {
        let mut reader = Reader {
            faults: Faults::default(),
            default_locale: "en".to_owned(),
            scale: Scale { min: 0, max: 10 },
            ids: HashSet::new(),
        };
        let survey = reader.survey(document);
        reader.faults.end(survey)
    }
}

struct Reader {
    faults: Faults,
    default_locale: String,
    scale: Scale,
    /// Of questions, so far.
    ids: HashSet<String>,
}

impl Reader {
    fn survey(&mut self, document: &Value) -> Option<Survey> {
        let object = self.faults.object(document, "", SURVEY)?;
        let name = self.slug(object, "name");
        let metric = self.metric(object);
        let display = self.display(object, metric);
        // Needed by every text.
        if object.members.contains_key("default_locale") {
            self.default_locale = self.locale(object)?;
        }
        let question = self.text(object, "question", Name::AfterComma);
        let low_label = self.text(object, "low_label", Name::Never);
        let high_label = self.text(object, "high_label", Name::Never);
        let steps = self.list(object, "steps", STEPS_MAX, Self::step);
        let thanks = self.list(object, "thanks", THANKS_MAX, Self::thanks);
        let texts = self.texts(object);
        self.check_once("comment", &steps, |ask| matches!(ask, Ask::Comment { .. }));
        self.check_once("contact", &steps, |ask| matches!(ask, Ask::Contact { .. }));
        Some(Survey {
            name: name?,
            metric: metric?,
            display: display?,
            default_locale: self.default_locale.clone(),
            question: question?,
            low_label: low_label?,
            high_label: high_label?,
            steps,
            thanks,
            texts,
        })
    }

    fn slug(&mut self, object: Object<'_>, name: &str) -> Option<String> {
        let text = self.faults.string(object, name)?;
        if is_slug(text) {
            return Some(text.to_owned());
        }
        let rule = "lowercase letters and digits, with hyphens between words";
        self.faults.wrong(object.pointer(name), format!("must be {rule}, at most {SLUG_MAX_CHARS} characters"))
    }

    fn metric(&mut self, object: Object<'_>) -> Option<Metric> {
        let name = self.faults.string(object, "metric")?;
        let Ok(metric) = name.parse::<Metric>() else {
            return self.faults.wrong("/metric", format!("must be one of {}", quoted(Metric::ALL.map(Metric::as_str))));
        };
        self.scale = metric.scale();
        Some(metric)
    }

    fn display(&mut self, object: Object<'_>, metric: Option<Metric>) -> Option<ScoreDisplay> {
        let known = metric.map_or(ScoreDisplay::ALL.as_slice(), ScoreDisplay::of);
        if !object.members.contains_key("display") {
            return known.first().copied();
        }
        let name = self.faults.string(object, "display")?;
        let found = known.iter().copied().find(|display| display.as_str() == name);
        let known = quoted(known.iter().map(|display| display.as_str()));
        let metric = metric.map(|metric| format!(" for the metric {metric}")).unwrap_or_default();
        found.or_else(|| self.faults.wrong("/display", format!("must be one of {known}{metric}")))
    }

    fn locale(&mut self, object: Object<'_>) -> Option<String> {
        let tag = self.faults.string(object, "default_locale")?;
        Locale::new(tag).map(String::from).map_err(|error| self.faults.tell("/default_locale", error)).ok()
    }

    /// The valid items of a list that may be left out.
    fn list<T>(
        &mut self,
        object: Object<'_>,
        name: &str,
        max: usize,
        item: fn(&mut Self, &Value, &str) -> Option<T>,
    ) -> Vec<T> {
        let Some(value) = object.members.get(name) else { return Vec::new() };
        let pointer = object.pointer(name);
        let Value::Array(items) = value else {
            self.faults.tell(pointer, "must be a list");
            return Vec::new();
        };
        if items.len() > max {
            self.faults.tell(pointer, format!("must have at most {max} items"));
            return Vec::new();
        }
        let items = items.iter().enumerate();
        items.filter_map(|(place, value)| item(self, value, &format!("{pointer}/{place}"))).collect()
    }

    /// As [`Self::list`], with at least one item.
    fn full_list<T>(
        &mut self,
        object: Object<'_>,
        name: &str,
        max: usize,
        item: fn(&mut Self, &Value, &str) -> Option<T>,
    ) -> Option<Vec<T>> {
        if self.faults.required(object, name)?.as_array().is_some_and(Vec::is_empty) {
            return self.faults.wrong(object.pointer(name), "must have at least one item");
        }
        Some(self.list(object, name, max, item))
    }

    fn step(&mut self, value: &Value, at: &str) -> Option<Step> {
        let object = self.faults.object(value, at, STEP)?;
        let scores = self.scores(object);
        let ask = self.full_list(object, "ask", ASKS_MAX, Self::ask);
        Some(Step { scores: scores?, ask: ask? })
    }

    fn ask(&mut self, value: &Value, at: &str) -> Option<Ask> {
        let kind = value.get("kind").and_then(Value::as_str);
        let known = match kind {
            Some("comment") => COMMENT,
            Some("one" | "many") => CHOICE,
            Some("contact") => CONTACT,
            _ if !value.is_object() => return self.faults.wrong(at, "must be an object"),
            _ => {
                let kinds = quoted(["comment", "one", "many", "contact"]);
                return self.faults.wrong(format!("{at}/kind"), format!("must be one of {kinds}"));
            }
        };
        let object = self.faults.object(value, at, known)?;
        let question = self.text(object, "question", Name::Never);
        match kind {
            Some("comment") => Some(Ask::Comment { question: question? }),
            Some("contact") => {
                let consent = self.optional_text(object, "consent", Name::Never);
                Some(Ask::Contact { question: question?, consent })
            }
            _ => self.choice(object, question, kind == Some("many")).map(Ask::Choice),
        }
    }

    fn choice(&mut self, object: Object<'_>, question: Option<LocalText>, many: bool) -> Option<Choice> {
        let id = self.slug(object, "id");
        if let Some(id) = &id
            && !self.ids.insert(id.clone())
        {
            self.faults.tell(object.pointer("id"), "is the id of another question");
        }
        let choices = self.full_list(object, "choices", CHOICES_MAX, Self::labelled);
        let mut seen = HashSet::new();
        for (place, choice) in choices.iter().flatten().enumerate() {
            if !seen.insert(choice.id.as_str()) {
                self.faults.tell(format!("{}/choices/{place}/id", object.at), "is the id of another choice");
            }
        }
        let other = match object.members.get("other") {
            None => Some(false),
            Some(Value::Bool(other)) => Some(*other),
            Some(_) => self.faults.wrong(object.pointer("other"), "must be true or false"),
        };
        Some(Choice { id: id?, many, question: question?, choices: choices?, other: other? })
    }

    fn labelled(&mut self, value: &Value, at: &str) -> Option<Labelled> {
        let object = self.faults.object(value, at, LABELLED)?;
        let id = self.slug(object, "id");
        let label = self.text(object, "label", Name::Never);
        Some(Labelled { id: id?, label: label? })
    }

    fn thanks(&mut self, value: &Value, at: &str) -> Option<Thanks> {
        let object = self.faults.object(value, at, THANKS)?;
        let scores = self.scores(object);
        let title = self.text(object, "title", Name::AfterComma);
        let text = self.optional_text(object, "text", Name::AfterComma);
        let link = object.members.get("link").map(|link| (link, object.pointer("link")));
        let link = link.and_then(|(link, at)| self.link(link, &at));
        Some(Thanks { scores: scores?, title: title?, text, link })
    }

    fn link(&mut self, value: &Value, at: &str) -> Option<Link> {
        let object = self.faults.object(value, at, LINK)?;
        let label = self.text(object, "label", Name::Never);
        let url = self.faults.string(object, "url")?;
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        let good = rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
            && url.len() <= PAGE_URL_MAX_BYTES
            && !url.chars().any(|c| c.is_control() || c.is_whitespace());
        if !good {
            let detail = format!("must be an http or https URL of at most {PAGE_URL_MAX_BYTES} bytes");
            return self.faults.wrong(object.pointer("url"), detail);
        }
        Some(Link { label: label?, url: url.to_owned() })
    }

    fn scores(&mut self, object: Object<'_>) -> Option<RangeInclusive<u8>> {
        let Some(value) = object.members.get("scores") else { return Some(self.scale.scores()) };
        let at = object.pointer("scores");
        let object = self.faults.object(value, &at, SCORES)?;
        let min = self.score(object, "min");
        let max = self.score(object, "max");
        let (min, max) = (min?, max?);
        if min > max {
            return self.faults.wrong(at, "must have a \"min\" that is not above its \"max\"");
        }
        Some(min..=max)
    }

    fn score(&mut self, object: Object<'_>, name: &str) -> Option<u8> {
        let value = self.faults.required(object, name)?.as_u64().and_then(|value| u8::try_from(value).ok());
        let Scale { min, max } = self.scale;
        let found = value.filter(|value| self.scale.scores().contains(value));
        found.or_else(|| self.faults.wrong(object.pointer(name), format!("must be a score from {min} to {max}")))
    }

    fn texts(&mut self, object: Object<'_>) -> BTreeMap<String, LocalText> {
        let Some(value) = object.members.get("texts") else { return BTreeMap::new() };
        let Some(object) = self.faults.object(value, "/texts", &WORDS) else { return BTreeMap::new() };
        let known = WORDS.into_iter().filter(|word| object.members.contains_key(*word));
        let text = |word: &str| {
            let name = if word == "greeting" { Name::Always } else { Name::Never };
            Some((word.to_owned(), self.text(object, word, name)?))
        };
        known.filter_map(text).collect()
    }

    fn optional_text(&mut self, object: Object<'_>, name: &str, names_customer: Name) -> Option<LocalText> {
        object.members.contains_key(name).then(|| self.text(object, name, names_customer)).flatten()
    }

    fn text(&mut self, object: Object<'_>, name: &str, names_customer: Name) -> Option<LocalText> {
        let text = read_text(&mut self.faults, object, name, names_customer, &self.default_locale)?;
        // A language whose text is wrong is there.
        let mut given = object.members.get(name).and_then(Value::as_object).into_iter().flat_map(Map::keys);
        if !given.any(|tag| tag.eq_ignore_ascii_case(&self.default_locale)) {
            let detail =
                format!("is missing: every text needs the document's \"default_locale\" {}", self.default_locale);
            return self.faults.wrong(format!("{}/{}", object.pointer(name), self.default_locale), detail);
        }
        Some(text)
    }

    /// A response has one place for it.
    fn check_once(&mut self, kind: &str, steps: &[Step], is_kind: fn(&Ask) -> bool) {
        for score in self.scale.scores() {
            let shown = steps.iter().filter(|step| step.scores.contains(&score)).flat_map(|step| &step.ask);
            if shown.filter(|ask| is_kind(ask)).count() > 1 {
                let detail = format!("must ask at most one {kind} after any score; after {score} there are more");
                return self.faults.tell("/steps", detail);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::limits::SURVEY_TEXT_MAX_CHARS;

    fn document() -> Value {
        let text = json!({ "en": "Text" });
        json!({
            "name": "checkout", "metric": "csat", "question": { "en": "How was it today, {name}?", "de": "Wie war es?" },
            "low_label": text, "high_label": text,
            "steps": [
                { "scores": { "min": 1, "max": 2 }, "ask": [
                    { "kind": "many", "id": "reasons", "question": text, "other": true,
                      "choices": [{ "id": "late", "label": text }, { "id": "wrong-item", "label": text }] },
                    { "kind": "comment", "question": text },
                ] },
                { "scores": { "min": 3, "max": 5 }, "ask": [{ "kind": "comment", "question": text }] },
                { "ask": [{ "kind": "contact", "question": text, "consent": text }] },
            ],
            "thanks": [{ "title": text, "text": text, "link": { "label": text, "url": "https://reviews.example/x" } }],
            "texts": { "send": text, "greeting": { "en": "Hello {name}," } },
        })
    }

    /// The document with one value replaced, or taken out by null.
    fn with(pointer: &str, value: Value) -> Value {
        let mut document = document();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        match document.pointer_mut(parent).unwrap() {
            Value::Object(members) if value.is_null() => drop(members.remove(name)),
            Value::Object(members) => drop(members.insert(name.to_owned(), value)),
            Value::Array(items) if name == "-" => items.push(value),
            Value::Array(items) => items[name.parse::<usize>().unwrap()] = value,
            other => panic!("{other}"),
        }
        document
    }

    #[test]
    fn whole_document_is_read() {
        let survey = Survey::parse(&document()).unwrap();
        assert_eq!(
            (survey.name.as_str(), survey.metric, survey.display),
            ("checkout", Metric::Csat, ScoreDisplay::Stars)
        );
        assert_eq!(survey.steps.iter().map(|step| step.scores.clone()).collect::<Vec<_>>(), [1..=2, 3..=5, 1..=5]);
        let reasons = survey.choice("reasons").unwrap();
        assert!(reasons.many && reasons.other);
        assert_eq!(survey.question.resolve("de-AT", "en"), "Wie war es?");
        assert_eq!(survey.question.resolve("fr", "en"), "How was it today, {name}?");
        assert!(survey.texts.contains_key("send"));
    }

    #[test]
    fn each_fault_is_named_where_it_is() {
        let text = json!({ "en": "Text" });
        let cases = [
            ("/name", json!("Check out"), "/name"),
            ("/name", json!("x".repeat(41)), "/name"),
            ("/metric", json!("mood"), "/metric"),
            ("/metric", Value::Null, "/metric"),
            ("/display", json!("hearts"), "/display"),
            ("/colour", json!("red"), "/colour"),
            ("/default_locale", json!("en_US"), "/default_locale"),
            ("/question", json!("How?"), "/question"),
            ("/question/fr", json!("  "), "/question/fr"),
            ("/question/en_US", json!("x"), "/question/en_US"),
            ("/question/fr", json!("{name}, ca va ?"), "/question/fr"),
            ("/question/en", Value::Null, "/question/en"),
            ("/low_label", Value::Null, "/low_label"),
            ("/high_label/en", json!("x".repeat(SURVEY_TEXT_MAX_CHARS + 1)), "/high_label/en"),
            ("/steps", json!({}), "/steps"),
            ("/steps/0/scores/min", json!(0), "/steps/0/scores/min"),
            ("/steps/0/scores/max", json!(6), "/steps/0/scores/max"),
            ("/steps/0/scores/min", json!(3), "/steps/0/scores"),
            ("/steps/0/scores/from", json!(3), "/steps/0/scores/from"),
            ("/steps/0/ask", json!([]), "/steps/0/ask"),
            ("/steps/0/ask/0/kind", json!("slider"), "/steps/0/ask/0/kind"),
            ("/steps/0/ask/0/id", json!("a_b"), "/steps/0/ask/0/id"),
            ("/steps/0/ask/0/choices", json!([]), "/steps/0/ask/0/choices"),
            ("/steps/0/ask/0/choices/1/id", json!("late"), "/steps/0/ask/0/choices/1/id"),
            ("/steps/0/ask/0/choices/0/label", Value::Null, "/steps/0/ask/0/choices/0/label"),
            ("/steps/0/ask/0/other", json!(1), "/steps/0/ask/0/other"),
            ("/steps/0/ask/1/id", json!("words"), "/steps/0/ask/1/id"),
            ("/steps/0/ask/-", json!({ "kind": "comment", "question": text }), "/steps"),
            ("/steps/2/ask/-", json!({ "kind": "contact", "question": text }), "/steps"),
            (
                "/steps/2/ask/-",
                json!({ "kind": "one", "id": "reasons", "question": text, "choices": [{ "id": "a", "label": text }] }),
                "/steps/2/ask/1/id",
            ),
            ("/thanks/0/link/url", json!("javascript:alert(1)"), "/thanks/0/link/url"),
            ("/thanks/0/title", Value::Null, "/thanks/0/title"),
            ("/texts/shout", text.clone(), "/texts/shout"),
            ("/texts/greeting", text, "/texts/greeting/en"),
        ];
        for (place, value, pointer) in cases {
            let errors = Survey::parse(&with(place, value.clone())).unwrap_err();
            let pointers: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
            assert_eq!(pointers, [pointer], "{place} = {value}: {errors:?}");
        }
    }

    #[test]
    fn all_faults_are_named_at_once() {
        let errors =
            Survey::parse(&json!({ "name": "A", "metric": "nps", "display": "stars", "question": {} })).unwrap_err();
        let pointers: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(pointers, ["/name", "/display", "/question/en", "/low_label", "/high_label"]);
        assert_eq!(Survey::parse(&json!([])).unwrap_err(), [FieldError::new("", "must be an object")]);
    }
}
