//! What a customer answered to a survey's further questions.
//!
//! Checked for its shape alone, never against a version of the survey: docs/adr/0011 says why.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::{Deserialize as DeriveDeserialize, Serialize, Serializer};

use crate::limits::{ANSWERS_MAX, ANSWERS_MAX_BYTES, CHOICES_MAX, OTHER_MAX_CHARS, SLUG_MAX_CHARS};
use crate::problem::{FieldError, pointer_to};
use crate::survey::is_slug;
use crate::text::{Comment, InvalidText};

/// Answers by the ids of their questions, as sent: anything may be wrong with them.
#[derive(Clone, Debug, Default)]
pub struct NewAnswers(pub Vec<(String, NewAnswer)>);

/// One answer, as sent.
#[derive(Clone, Debug, Default, DeriveDeserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct NewAnswer {
    /// Ids of what was chosen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
    /// What else, in the customer's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<String>,
}

/// Answers by the ids of their questions; none without an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers(BTreeMap<String, Answer>);

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Ids of what was chosen, in the order they were sent; none twice.
    pub choices: Vec<String>,
    /// What else, in the customer's own words.
    pub other: Option<Comment>,
}

impl NewAnswers {
    /// Checks the shape; `None` when nothing was answered. What is wrong goes to `errors`, below `/answers`.
    pub fn parse(&self, errors: &mut Vec<FieldError>) -> Option<Answers> {
        const AT: &str = "/answers";
        if self.0.len() > ANSWERS_MAX {
            errors.push(FieldError::new(AT, format!("must have at most {ANSWERS_MAX} answers")));
            return None;
        }
        if self.0.iter().map(|(id, new)| id.len() + new.bytes()).sum::<usize>() > ANSWERS_MAX_BYTES {
            let detail = format!("must have at most {ANSWERS_MAX_BYTES} bytes of ids and words together");
            errors.push(FieldError::new(AT, detail));
            return None;
        }
        let mut answers = BTreeMap::new();
        for (id, new) in &self.0 {
            let at = pointer_to(AT, id);
            if !is_slug(id) {
                errors.push(FieldError::new(&at, format!("must be named by the question's id: {SLUG}")));
            }
            let answer = new.parse(&at, errors);
            if answers.insert(id.clone(), answer).is_some() {
                errors.push(FieldError::new(at, "is given twice"));
            }
        }
        answers.retain(|_, answer| !answer.choices.is_empty() || answer.other.is_some());
        (!answers.is_empty()).then_some(Answers(answers))
    }
}

const SLUG: &str = "lowercase letters and digits, with hyphens between words";

impl NewAnswer {
    /// Of ids and words.
    fn bytes(&self) -> usize {
        self.choices.iter().chain(&self.other).map(String::len).sum()
    }

    fn parse(&self, at: &str, errors: &mut Vec<FieldError>) -> Answer {
        if self.choices.len() > CHOICES_MAX {
            errors.push(FieldError::new(format!("{at}/choices"), format!("must have at most {CHOICES_MAX} items")));
        }
        for (place, id) in self.choices.iter().take(CHOICES_MAX).enumerate() {
            if !is_slug(id) {
                let detail = format!("must be a choice's id: {SLUG}, at most {SLUG_MAX_CHARS} characters");
                errors.push(FieldError::new(format!("{at}/choices/{place}"), detail));
            }
        }
        let other = self.other.as_deref().map(other).transpose();
        let other = other.map_err(|error| errors.push(FieldError::new(format!("{at}/other"), error)));
        let mut seen = BTreeSet::new();
        let choices = self.choices.iter().filter(|id| seen.insert(id.as_str())).cloned().collect();
        Answer { choices, other: other.ok().flatten().flatten() }
    }
}

fn other(text: &str) -> Result<Option<Comment>, InvalidText> {
    let words = Comment::new(text)?;
    match &words {
        Some(words) if words.as_str().chars().nth(OTHER_MAX_CHARS).is_some() => {
            Err(InvalidText::TooLong(OTHER_MAX_CHARS))
        }
        _ => Ok(words),
    }
}

impl Answers {
    /// As they are stored and sent: compact JSON, the ids in order.
    pub fn to_json(&self) -> String {
        // Nothing in it can fail: texts, by texts.
        serde_json::to_string(&NewAnswers::from(self)).unwrap_or_default()
    }

    /// Reads [`Self::to_json`]; `None` when it is not that.
    pub fn from_json(json: &str) -> Option<Self> {
        let mut errors = Vec::new();
        let answers = serde_json::from_str::<NewAnswers>(json).ok()?.parse(&mut errors);
        answers.filter(|_| errors.is_empty())
    }

    /// Question ids and answers, the ids in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Answer)> {
        self.0.iter().map(|(id, answer)| (id.as_str(), answer))
    }
}

impl From<&Answers> for NewAnswers {
    fn from(answers: &Answers) -> Self {
        let new = |answer: &Answer| NewAnswer {
            choices: answer.choices.clone(),
            other: answer.other.clone().map(String::from),
        };
        Self(answers.0.iter().map(|(id, answer)| (id.clone(), new(answer))).collect())
    }
}

impl Serialize for NewAnswers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(id, answer)| (id, answer)))
    }
}

impl<'de> Deserialize<'de> for NewAnswers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(AnswersVisitor)
    }
}

/// Keeps an id that is there twice, which a map of serde's would not.
struct AnswersVisitor;

impl<'de> Visitor<'de> for AnswersVisitor {
    type Value = NewAnswers;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object of answers by question")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<NewAnswers, A::Error> {
        let mut answers = Vec::new();
        while let Some(answer) = map.next_entry()? {
            answers.push(answer);
        }
        Ok(NewAnswers(answers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> (Option<String>, Vec<String>) {
        let mut errors = Vec::new();
        let answers = serde_json::from_str::<NewAnswers>(json).unwrap().parse(&mut errors);
        (answers.map(|answers| answers.to_json()), errors.into_iter().map(|error| error.pointer).collect())
    }

    #[test]
    fn answers_are_kept_compact_and_in_order() {
        let sent =
            r#"{"why": {"other": " the\u0000 box "}, "reasons": {"choices": ["late", "price", "late"]}, "x": {}}"#;
        let kept = r#"{"reasons":{"choices":["late","price"]},"why":{"other":"the box"}}"#;
        assert_eq!(parse(sent), (Some(kept.to_owned()), Vec::new()));
        assert_eq!(Answers::from_json(kept).unwrap().to_json(), kept);
        assert_eq!(parse("{}"), (None, Vec::new()));
        assert_eq!(Answers::from_json("[]"), None);
    }

    #[test]
    fn each_fault_of_shape_is_named() {
        let long = "x".repeat(OTHER_MAX_CHARS + 1);
        let many = vec!["\"a\""; CHOICES_MAX + 1].join(",");
        // Of this many bytes, with one letter for each id.
        let together = |bytes: usize| {
            let words = |n: usize| "x".repeat((bytes / 17) - 1 + if n == 0 { bytes % 17 } else { 0 });
            let answers =
                (0..17).map(|n| format!("\"{}\":{{\"other\":\"{}\"}}", char::from(b'a' + n), words(n.into())));
            format!("{{{}}}", answers.collect::<Vec<_>>().join(","))
        };
        for (sent, pointers) in [
            (r#"{"Why": {"choices": ["a"]}}"#.to_owned(), vec!["/answers/Why"]),
            (r#"{"a/b": {"choices": ["a", "B c"]}}"#.to_owned(), vec!["/answers/a~1b", "/answers/a~1b/choices/1"]),
            (format!(r#"{{"why": {{"other": "{long}"}}}}"#), vec!["/answers/why/other"]),
            (format!(r#"{{"why": {{"choices": [{many}]}}}}"#), vec!["/answers/why/choices"]),
            (r#"{"why": {"choices": ["a"]}, "why": {}}"#.to_owned(), vec!["/answers/why"]),
            (together(ANSWERS_MAX_BYTES), vec![]),
            (together(ANSWERS_MAX_BYTES + 1), vec!["/answers"]),
        ] {
            assert_eq!(parse(&sent).1, pointers, "{sent}");
        }
    }
}
