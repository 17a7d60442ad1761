//! What has to be the case.

use counterbell_shared::document::{Faults, Object};
use counterbell_shared::limits::{CHOICES_MAX, RULE_GROUPED_MAX, RULE_ITEMS_MAX, RULE_MAX_DAYS, RULE_PHRASE_MAX_CHARS};
use counterbell_shared::{Band, Channel, Locale, Metric, Touchpoint};
use serde_json::Value;

use super::read;
use crate::rules::{Chosen, Condition, Falling, NoResponse, Phrase, ScoreRange, UnhappyAgain, When};

const WHEN: &[&str] = &[
    "unhappy",
    "metrics",
    "bands",
    "score",
    "touchpoints",
    "words",
    "choices",
    "channels",
    "languages",
    "unhappy_again",
    "no_response",
    "falling",
];

/// Highest score of any metric.
const SCORE_MAX: u8 = 10;
/// Most weeks over which scores are compared.
const WEEKS_MAX: u8 = 52;

pub fn when(faults: &mut Faults, value: &Value, at: &str) -> Option<When> {
    let object = faults.object(value, at, WHEN)?;
    if object.members.is_empty() {
        return faults.wrong(at, "must have a condition; {\"score\": {\"min\": 0, \"max\": 10}} is every response");
    }
    let timed = ["no_response", "falling"].into_iter().find(|name| object.members.contains_key(*name));
    let Some(name) = timed else { return condition(faults, object).map(When::Response) };
    for other in object.members.keys().filter(|other| *other != name && WHEN.contains(&other.as_str())) {
        faults.tell(object.pointer(other), format!("cannot be beside \"{name}\": make two rules"));
    }
    let value = faults.required(object, name)?;
    let at = object.pointer(name);
    if name == "falling" {
        falling(faults, value, &at).map(|falling| When::Falling { falling })
    } else {
        no_response(faults, value, &at).map(|no_response| When::NoResponse { no_response })
    }
}

fn condition(faults: &mut Faults, object: Object<'_>) -> Option<Condition> {
    let before = faults.count();
    let max = RULE_ITEMS_MAX;
    let condition = Condition {
        unhappy: read::only_true(faults, object, "unhappy").is_some(),
        metrics: read::list(faults, object, "metrics", max, |faults, value, at| {
            read::named(faults, value, at, &Metric::ALL.map(Metric::as_str), |name| name.parse().ok())
        }),
        bands: read::list(faults, object, "bands", max, |faults, value, at| {
            read::named(faults, value, at, &Band::ALL.map(Band::as_str), |name| name.parse().ok())
        }),
        score: score(faults, object),
        touchpoints: touchpoints(faults, object),
        words: read::list(faults, object, "words", max, phrase),
        choices: read::list(faults, object, "choices", max, chosen),
        channels: read::list(faults, object, "channels", max, |faults, value, at| {
            read::named(faults, value, at, &Channel::ALL.map(Channel::as_str), |name| name.parse().ok())
        }),
        languages: read::list(faults, object, "languages", max, |faults, value, at| {
            let tag = Locale::read(read::text(faults, value, at)?);
            tag.map(String::from).map_err(|invalid| faults.tell(at, invalid)).ok()
        }),
        unhappy_again: unhappy_again(faults, object),
    };
    (faults.count() == before).then_some(condition)
}

/// Either end may be left out.
fn score(faults: &mut Faults, object: Object<'_>) -> Option<ScoreRange> {
    let value = object.members.get("score")?;
    let at = object.pointer("score");
    let object = faults.object(value, &at, &["min", "max"])?;
    let mut end = |name, default| match object.members.contains_key(name) {
        true => read::number(faults, object, name, 0..=SCORE_MAX),
        false => Some(default),
    };
    let (min, max) = (end("min", 0), end("max", SCORE_MAX));
    let (min, max) = (min?, max?);
    if object.members.is_empty() || min > max {
        return faults.wrong(at, "must have \"min\" or \"max\" or both, and a \"min\" that is not above its \"max\"");
    }
    Some(ScoreRange { min, max })
}

fn touchpoints(faults: &mut Faults, object: Object<'_>) -> Vec<String> {
    read::list(faults, object, "touchpoints", RULE_ITEMS_MAX, |faults, value, at| {
        let touchpoint = Touchpoint::new(read::text(faults, value, at)?);
        touchpoint.map(String::from).map_err(|invalid| faults.tell(at, invalid)).ok()
    })
}

fn phrase(faults: &mut Faults, value: &Value, at: &str) -> Option<Phrase> {
    let text = read::text(faults, value, at)?;
    if text.chars().nth(RULE_PHRASE_MAX_CHARS).is_some() {
        return faults.wrong(at, format!("must have at most {RULE_PHRASE_MAX_CHARS} characters"));
    }
    Phrase::new(text).or_else(|| faults.wrong(at, "must hold a word, of letters or digits"))
}

fn chosen(faults: &mut Faults, value: &Value, at: &str) -> Option<Chosen> {
    let object = faults.object(value, at, &["question", "any_of"])?;
    let question = faults.string(object, "question");
    let question = question.and_then(|id| read::slug(faults, id, &object.pointer("question")));
    faults.required(object, "any_of")?;
    let any_of = read::list(faults, object, "any_of", CHOICES_MAX, |faults, value, at| {
        let id = read::text(faults, value, at)?;
        read::slug(faults, id, at)
    });
    Some(Chosen { question: question?, any_of })
}

fn unhappy_again(faults: &mut Faults, object: Object<'_>) -> Option<UnhappyAgain> {
    let value = object.members.get("unhappy_again")?;
    let at = object.pointer("unhappy_again");
    let object = faults.object(value, &at, &["times", "days"])?;
    let times = read::number(faults, object, "times", 2..=RULE_GROUPED_MAX);
    let days = read::number(faults, object, "days", 1..=RULE_MAX_DAYS);
    Some(UnhappyAgain { times: times?, days: days? })
}

fn no_response(faults: &mut Faults, value: &Value, at: &str) -> Option<NoResponse> {
    let object = faults.object(value, at, &["touchpoints", "days"])?;
    let touchpoints = touchpoints(faults, object);
    let days = read::number(faults, object, "days", 1..=RULE_MAX_DAYS);
    Some(NoResponse { touchpoints, days: days? })
}

fn falling(faults: &mut Faults, value: &Value, at: &str) -> Option<Falling> {
    let object = faults.object(value, at, &["touchpoints", "by_percent", "weeks", "least_responses"])?;
    let touchpoints = touchpoints(faults, object);
    let by_percent = read::number(faults, object, "by_percent", 1..=100);
    let weeks = read::number(faults, object, "weeks", 1..=WEEKS_MAX);
    let least_responses = read::number(faults, object, "least_responses", 1..=1_000_000);
    Some(Falling { touchpoints, by_percent: by_percent?, weeks: weeks?, least_responses: least_responses? })
}
