//! Documents of rules: what is read, and what is refused, where.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::rules::*;

fn document() -> Value {
    json!({
        "name": "unhappy",
        "when": {
            "unhappy": true, "metrics": ["csat", "nps"], "bands": ["detractor"], "score": { "min": 1, "max": 2 },
            "touchpoints": ["checkout"], "words": ["refund", "lawyer"],
            "choices": [{ "question": "reason", "any_of": ["late"] }], "channels": ["kiosk"], "languages": ["de"],
            "unhappy_again": { "times": 3, "days": 30 },
        },
        "who": [{ "person": "ann@shop.example" }, { "team": "alerts" }, { "round_robin": "counter" }, { "owner": true }],
        "fallback": [{ "team": "alerts" }],
        "how": ["mail"], "soon": { "grouped": { "most": 3, "in": "10m" } },
        "quiet_hours": { "from": "20:00", "to": "07:00" }, "urgent": false,
        "acknowledge_within": "1h", "answer_within": "8h",
        "steps": [
            { "after": "30m", "who": [{ "team": "alerts" }] },
            { "before_due": "10m", "who": [{ "owner": true }] },
            { "after": "2h", "who": [{ "manager": true }] },
        ],
        "case": true,
    })
}

/// The document with one member replaced or added, or taken out by null.
fn with(pointer: &str, value: Value) -> Value {
    let mut document = document();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match document.pointer_mut(parent).unwrap() {
        Value::Object(members) if value.is_null() => drop(members.remove(name)),
        Value::Object(members) => drop(members.insert(name.to_owned(), value)),
        list => list[name.parse::<usize>().unwrap()] = value,
    }
    document
}

fn parse(document: &Value) -> Result<Rule, Vec<String>> {
    Rule::parse(document.to_string().as_bytes())
        .map_err(|errors| errors.into_iter().map(|error| error.pointer).collect())
}

fn minimal(when: Value) -> Value {
    json!({ "name": "small", "when": when, "who": [{ "team": "alerts" }] })
}

#[test]
fn rule_reads_back_as_it_was_written() {
    let rule = parse(&document()).unwrap();
    assert_eq!(serde_json::to_value(&rule).unwrap(), document());
    assert_eq!(Rule::parse(rule.to_string().as_bytes()), Ok(rule));
}

#[test]
fn default_rule_is_a_document_like_any_other() {
    let rule = Rule::unhappy();
    assert_eq!(Rule::parse(rule.to_string().as_bytes()), Ok(rule));
    let expected = json!({
        "name": "unhappy", "when": { "unhappy": true }, "who": [{ "team": "alerts" }], "how": ["mail"],
        "soon": { "grouped": { "most": 5, "in": "15m" } }, "urgent": false, "acknowledge_within": "30m",
        "steps": [{ "after": "30m", "who": [{ "team": "alerts" }] }, { "after": "2h", "who": [{ "manager": true }] }],
        "case": true,
    });
    assert_eq!(serde_json::to_value(Rule::unhappy()).unwrap(), expected);
    let silent = Rule::silent();
    assert_eq!(Rule::parse(silent.to_string().as_bytes()), Ok(silent));
}

#[test]
fn what_is_left_out_has_a_default() {
    let rule = parse(&minimal(json!({ "unhappy": true }))).unwrap();
    assert_eq!((rule.how, rule.soon), (vec![How::Mail], Soon::Grouped(Grouped::default())));
    assert!(rule.case && !rule.urgent && rule.fallback.is_empty() && rule.steps.is_empty());
    assert_eq!(parse(&with("/soon/grouped", json!({}))).unwrap().soon, Soon::Grouped(Grouped::default()));

    let mut urgent = minimal(json!({ "unhappy": true }));
    urgent["urgent"] = true.into();
    assert_eq!(parse(&urgent).unwrap().soon, Soon::Now);

    let quiet = parse(&minimal(json!({ "no_response": { "days": 3 } }))).unwrap();
    assert_eq!(quiet.when, When::NoResponse { no_response: NoResponse { touchpoints: Vec::new(), days: 3 } });
    assert!(!quiet.case && quiet.soon == Soon::Now);

    let at_most = parse(&minimal(json!({ "score": { "max": 2 } }))).unwrap();
    let score = Some(ScoreRange { min: 0, max: 2 });
    assert_eq!(at_most.when, When::Response(Condition { score, ..Condition::default() }));
}

#[test]
fn example_of_the_module_is_a_rule() {
    let example: String = include_str!("../mod.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("//! "))
        .skip_while(|line| *line != "```json")
        .skip(1)
        .take_while(|line| *line != "```")
        .collect();
    assert_eq!(Rule::parse(example.as_bytes()).unwrap().name, "refunds");
}

#[test]
fn each_fault_is_told_where_it_is() {
    for (pointer, value) in [
        ("/name", json!("Bad Name")),
        ("/name", json!(null)),
        ("/when", json!(null)),
        ("/when", json!({})),
        ("/when/unhappy", json!(false)),
        ("/when/mood", json!("bad")),
        ("/when/metrics", json!([])),
        ("/when/metrics/0", json!("gcr")),
        ("/when/bands/0", json!("sad")),
        ("/when/score", json!({ "min": 3, "max": 2 })),
        ("/when/score", json!({})),
        ("/when/score/max", json!(11)),
        ("/when/score/mean", json!(1)),
        ("/when/touchpoints/0", json!("a\nb")),
        ("/when/touchpoints", json!(vec!["x"; 101])),
        ("/when/words/1", json!("?!")),
        ("/when/words/1", json!("x".repeat(101))),
        ("/when/words/1", json!("refund")),
        ("/when/choices/0/question", json!("No Slug")),
        ("/when/choices/0/any_of", json!([])),
        ("/when/choices/0/any_of", json!(null)),
        ("/when/channels/0", json!("fax")),
        ("/when/languages/0", json!("german!")),
        ("/when/unhappy_again/times", json!(1)),
        ("/when/unhappy_again/days", json!(0)),
        ("/when/unhappy_again/days", json!(91)),
        ("/who", json!(null)),
        ("/who", json!([])),
        ("/who", json!("ann")),
        ("/who/0", json!({ "person": "ann@shop.example", "team": "alerts" })),
        ("/who/0", json!({})),
        ("/who/0/person", json!("ann")),
        ("/who/1/team", json!("No Slug")),
        ("/who/3/owner", json!(false)),
        ("/fallback/0", json!({ "team": 1 })),
        ("/how/0", json!("pigeon")),
        ("/soon", json!("later")),
        ("/soon/grouped/most", json!(0)),
        ("/soon/grouped/in", json!("0s")),
        ("/quiet_hours/from", json!("8pm")),
        ("/quiet_hours/to", json!(null)),
        ("/quiet_hours/to", json!("20:00")),
        ("/urgent", json!("yes")),
        ("/acknowledge_within", json!("0m")),
        ("/answer_within", json!("91d")),
        ("/answer_within", json!(8)),
        ("/steps/0", json!({ "who": [{ "team": "alerts" }] })),
        ("/steps/0/after", json!("0s")),
        ("/steps/0/who", json!([])),
        ("/steps/1/before_due", json!("1h")),
        ("/case", json!(1)),
        ("/colour", json!("red")),
    ] {
        let pointers = parse(&with(pointer, value.clone())).unwrap_err();
        assert_eq!(pointers.len(), 1, "{pointer} {value}: {pointers:?}");
        assert!(pointers[0].starts_with(pointer), "{pointer} {value}: {pointers:?}");
    }
}

#[test]
fn members_that_cannot_go_together_are_refused() {
    let timed = json!({ "falling": { "by_percent": 20, "weeks": 4, "least_responses": 20 } });
    let mut both = timed.clone();
    both["unhappy"] = true.into();
    both["no_response"] = json!({ "days": 3 });
    for (document, pointers) in [
        (with("/urgent", json!(true)), vec!["/soon"]),
        (with("/case", json!(false)), vec!["/acknowledge_within", "/answer_within", "/steps"]),
        (with("/when", timed), vec!["/soon", "/case", "/acknowledge_within", "/answer_within", "/steps"]),
        (with("/when/metrics", json!(["csat"])), vec!["/when"]),
        (with("/when/score", json!({ "min": 7 })), vec!["/when"]),
        (with("/steps/2/after", json!("50m")), vec!["/steps/2"]),
        (with("/who/0", json!({ "manager": true })), vec!["/who/0/manager"]),
        (with("/who/0", json!({ "round_robin": "alerts" })), vec!["/who/2"]),
        (with("/fallback/0", json!({ "round_robin": "counter" })), vec!["/fallback/0/round_robin"]),
        (minimal(both), vec!["/when/falling", "/when/unhappy"]),
    ] {
        assert_eq!(parse(&document).unwrap_err(), pointers, "{document}");
    }
    let mut never_due = minimal(json!({ "unhappy": true }));
    never_due["steps"] = json!([{ "before_due": "10m", "who": [{ "manager": true }] }]);
    assert_eq!(parse(&never_due).unwrap_err(), ["/steps/0/before_due"]);
}

#[test]
fn all_faults_are_told_at_once() {
    let mut document = with("/urgent", json!(true));
    document["name"] = "A".into();
    document["when"]["unhappy_again"]["times"] = 0.into();
    document["steps"][2]["after"] = "1m".into();
    document["x"] = 1.into();
    let mut pointers = parse(&document).unwrap_err();
    pointers.sort();
    assert_eq!(pointers, ["/name", "/soon", "/steps/2", "/when/unhappy_again/times", "/x"]);
}

#[test]
fn what_is_no_document_is_told_as_a_whole() {
    let pointers = |document: &[u8]| Rule::parse(document).unwrap_err().remove(0).pointer;
    assert_eq!([pointers(b"{"), pointers(b"[]"), pointers(&[b' '; 70_000])], ["", "", ""]);
    assert_eq!(pointers(br#"{"name": "a", "name": "b"}"#), "/name");
}

proptest! {
    #[test]
    fn any_rule_reads_back_that_is_not_refused(rule in strategies::rule()) {
        let When::Response(condition) = &rule.when else { unreachable!("all are") };
        let never_or_always = could_fire(&rule).is_never() || *condition == Condition::default();
        let read = Rule::parse(rule.to_string().as_bytes());
        if never_or_always {
            prop_assert_eq!(&read.unwrap_err()[0].pointer, "/when");
        } else {
            prop_assert_eq!(read, Ok(rule));
        }
    }

    #[test]
    fn nothing_that_is_read_panics(text in "\\PC{0,40}", name in "[a-z_]{3,12}") {
        let mut document = document();
        document[name.as_str()] = text.as_str().into();
        document["when"][name] = json!([text, { "in": text }]);
        let _ = parse(&document);
    }
}

#[test]
fn every_document_of_the_handbook_is_a_rule() {
    let handbook = include_str!("../../../../docs/ALERTS.md");
    let examples: Vec<_> = handbook.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(examples.len() >= 4);
    for example in &examples {
        Rule::parse(example.as_bytes()).unwrap_or_else(|errors| panic!("{example}: {errors:?}"));
    }
    assert_eq!(Rule::parse(examples[0].as_bytes()), Ok(Rule::unhappy()));
}

#[test]
fn times_before_the_end_of_a_window_are_named() {
    let sooner = |document: Value| Rule::parse(document.to_string().as_bytes()).unwrap().due_before_window_ends();
    assert_eq!(sooner(document()), None);
    let grouped = |window: &str| with("/soon", json!({ "grouped": { "most": 3, "in": window } }));
    let (named, window) = sooner(grouped("55m")).unwrap();
    assert_eq!((named, window.to_string()), (vec!["steps/0".to_owned(), "steps/1".to_owned()], "55m".to_owned()));
    assert_eq!(
        sooner(grouped("1d")).unwrap().0,
        ["acknowledge_within", "answer_within", "steps/0", "steps/1", "steps/2"]
    );
    assert_eq!(sooner(with("/soon", json!("now"))), None);
}
