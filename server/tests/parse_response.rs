//! What anybody may send as the body of a response: any bytes, near misses, and what is right.
//!
//! `cargo xtask fuzz` goes on where this ends, with the same invariants.
#![expect(clippy::unwrap_used, reason = "a step of a test that cannot be done fails the test")]

#[path = "../fuzz/invariants.rs"]
mod invariants;

use std::fs;
use std::path::Path;

use counterbell::http::public::{ParseError, parse_response};
use counterbell::surveys::TEMPLATES_ONLY;
use counterbell_shared::Reference;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// How many altered bodies are tried; with `COUNTERBELL_TEST_LONG` a hundred times as many.
const MUTATIONS: usize = 20_000;
/// What parsers stumble over.
const TOKENS: [&[u8]; 18] = [
    b"\"",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"\xed\xa0\x80",
    b"\xff",
    b"\0",
    b"\xef\xbb\xbf",
    b"1e999",
    b"-0",
    b"18446744073709551616",
    b"null",
    b"[[[[[[[[",
    b"{\"\":",
    b"\"contact\":{\"email\":\"a@b\",\"consent\":true},",
    b"\"comment\":\"\\n\\t\\r\",",
    b"\xe2\x80\xae",
    b"\"order_ref\":7,",
];

fn corpus() -> Vec<(String, Vec<u8>)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/parse_response");
    let named = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        named.filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect();
    files.sort();
    files
        .iter()
        .map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), fs::read(path).unwrap()))
        .collect()
}

#[test]
fn corpus_is_taken_or_refused_as_named() {
    let taken: Vec<_> =
        corpus().into_iter().filter(|(_, body)| invariants::check(body)).map(|(name, _)| name).collect();
    let expected = [
        "answers",
        "escapes",
        "far_time",
        "full",
        "least",
        "misfits",
        "no_consent",
        "nul",
        "nulls",
        "page_without_host",
        "wide_letters",
    ];
    assert_eq!(taken, expected);
}

/// Stands in for the fuzz target where there is no nightly compiler: seeded, so that a failure comes again.
#[test]
fn altered_corpus_keeps_the_invariants() {
    let corpus: Vec<_> = corpus().into_iter().map(|(_, body)| body).collect();
    let mut random = fastrand::Rng::with_seed(0x5eed);
    let times = MUTATIONS * if std::env::var_os("COUNTERBELL_TEST_LONG").is_some() { 100 } else { 1 };
    let mut taken = 0;
    for _ in 0..times {
        let mut body = random.choice(&corpus).unwrap().clone();
        for _ in 0..random.usize(1..3) {
            alter(&mut body, &corpus, &mut random);
        }
        taken += usize::from(invariants::check(&body));
    }
    assert!(taken > times / 200 && taken < times, "{taken} of {times}: what is tried must be near to what is right");
}

fn alter(body: &mut Vec<u8>, corpus: &[Vec<u8>], random: &mut fastrand::Rng) {
    let start = random.usize(..=body.len());
    let end = (start + random.usize(..16)).min(body.len());
    match random.u8(..6) {
        0 if start < body.len() => body[start] ^= 1 << random.u8(..8),
        1 => drop(body.drain(start..end)),
        2 => drop(body.splice(start..start, random.choice(TOKENS).unwrap().iter().copied())),
        3 => {
            let again = body[start..end].to_vec();
            body.splice(start..start, again);
        }
        4 => {
            let other = random.choice(corpus).unwrap();
            let from = random.usize(..=other.len());
            body.splice(start..end, other[from..(from + 32).min(other.len())].iter().copied());
        }
        _ => body.truncate(end),
    }
}

/// Any text, with what is special in it more often than chance would have it.
fn text(max_chars: usize) -> impl Strategy<Value = String> {
    let letter = prop_oneof![
        4 => any::<char>(),
        4 => proptest::char::range(' ', '~'),
        1 => proptest::sample::select(vec!['\0', '\n', '\r', '\t', '"', '\\', '\u{85}', '\u{2028}', '\u{feff}', '\u{10ffff}']),
    ];
    proptest::collection::vec(letter, 0..max_chars).prop_map(String::from_iter)
}

/// A field with a value that is right.
fn valid_field() -> impl Strategy<Value = (&'static str, Value)> {
    let word = "[a-zA-Z0-9](.{0,30}[a-z])?".prop_filter("what is to be kept", |word| Reference::new(word).is_ok());
    let word = word.boxed();
    prop_oneof![
        any::<u128>().prop_map(|id| ("response_id", json!(uuid_text(id)))),
        word.clone().prop_map(|word| ("touchpoint", json!(word))),
        word.clone().prop_map(|word| ("order_ref", json!(word))),
        word.prop_map(|word| ("customer_ref", json!(word))),
        text(200).prop_map(|text| ("comment", json!(text))),
        ("[a-z]{1,8}@[a-z]{1,8}\\.example", any::<bool>())
            .prop_map(|(email, consent)| ("contact", json!({ "email": email, "consent": consent }))),
        "[a-z]{2,3}(-[A-Z]{2})?".prop_map(|tag| ("locale", json!(tag))),
        "https?://[a-z]{1,8}\\.example(/[a-z0-9]{0,5}){0,3}([?#][a-z=&]{0,9})?"
            .prop_map(|url| ("page_url", json!(url))),
        proptest::sample::select(vec!["web", "kiosk", "link", "email", "api"])
            .prop_map(|name| ("channel", json!(name))),
        (1..i32::MAX).prop_map(|version| ("survey_version", json!(version))),
        ("[a-z0-9]{1,9}(-[a-z0-9]{1,9})?", proptest::collection::vec("[a-z]{1,9}", 0..5), text(99))
            .prop_map(|(id, choices, other)| ("answers", json!({ id: { "choices": choices, "other": other } }))),
        (1970..2100_u32, 1..=12_u32, 1..=28_u32)
            .prop_map(|(year, month, day)| ("created_at", json!(format!("{year}-{month:02}-{day:02}T23:59:59.5Z")))),
    ]
}

/// A field with a value that is wrong, whatever the others are.
fn wrong_field() -> impl Strategy<Value = (&'static str, Value)> {
    let not_a_text =
        prop_oneof![any::<i64>().prop_map(Value::from), any::<bool>().prop_map(Value::from), Just(json!([]))];
    let texts = ["response_id", "survey", "comment"];
    prop_oneof![
        (proptest::sample::select(texts.as_slice().to_vec()), not_a_text),
        text(9).prop_map(|text| ("response_id", json!(text))),
        Just(("comment", json!("x".repeat(10_001)))),
        text(20).prop_map(|text| ("created_at", json!(format!("x{text}")))),
        any::<f64>().prop_filter("no whole number", |n| n.fract() != 0.0).prop_map(|n| ("score", json!(n))),
        (6..i64::MAX).prop_map(|score| ("score", json!(score))),
        (i64::MIN..1).prop_map(|score| ("score", json!(score))),
        Just(("contact", json!({ "email": "nobody", "consent": true }))),
        (i64::MIN..1).prop_map(|version| ("survey_version", json!(version))),
        Just(("answers", json!({ "reasons": { "choices": ["Too late"] } }))),
        Just(("answers", json!({ "reasons": ["late"] }))),
        Just(("answers", json!({ "reasons": { "other": "x".repeat(1_001) } }))),
    ]
}

/// An extra with a value that does not fit, whatever the others are.
fn misfit() -> impl Strategy<Value = (&'static str, Value)> {
    let not_a_text =
        prop_oneof![any::<i64>().prop_map(Value::from), any::<bool>().prop_map(Value::from), Just(json!([]))];
    let names: Vec<_> = invariants::EXTRAS.iter().map(|pointer| &pointer[1..]).collect();
    let line = proptest::sample::select(vec!["touchpoint", "order_ref", "customer_ref"]);
    let turned =
        proptest::sample::select(vec!["a\u{202e}b", "\u{200b}", " ", "", "a\nb", "a\0b", "a\u{2066}b\u{2069}c"]);
    prop_oneof![
        (proptest::sample::select(names), not_a_text),
        (line, turned).prop_map(|(name, text)| (name, json!(text))),
        text(9).prop_map(|text| ("channel", json!(format!("{text}!")))),
        text(9).prop_map(|text| ("locale", json!(format!("{text}!")))),
        text(20).prop_map(|text| ("page_url", json!(format!("ftp://{text}")))),
        Just(("touchpoint", json!("x".repeat(65)))),
        Just(("order_ref", json!("x".repeat(129)))),
    ]
}

fn uuid_text(id: u128) -> String {
    let hex = format!("{id:032x}");
    format!("{}-{}-7{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
}

fn body(fields: &[(&'static str, Value)]) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("site_key".to_owned(), json!("site_0123456789abcdef"));
    body.insert("score".to_owned(), json!(4));
    body.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    body
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_keep_the_invariants(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        invariants::check(&bytes);
    }

    #[test]
    fn any_text_in_any_field_keeps_the_invariants(
        fields in proptest::collection::vec((text(12), text(300)), 0..6),
        known in proptest::sample::select(vec!["touchpoint", "comment", "order_ref", "locale", "page_url", "website"]),
        value in text(300),
    ) {
        let mut body = body(&[(known, json!(value))]);
        invariants::check(Value::from(body.clone()).to_string().as_bytes());
        body.extend(fields.into_iter().map(|(name, value)| (name, json!(value))));
        invariants::check(Value::from(body).to_string().as_bytes());
    }

    #[test]
    fn right_fields_are_taken(fields in proptest::collection::vec(valid_field(), 0..8)) {
        let body = Value::from(body(&fields)).to_string();
        prop_assert!(invariants::check(body.as_bytes()), "{body}: {:?}", parse_response(body.as_bytes(), &TEMPLATES_ONLY));
        prop_assert_eq!(parse_response(body.as_bytes(), &TEMPLATES_ONLY).unwrap().ignored, Vec::new());
    }

    #[test]
    fn misfit_costs_no_other_field(mut fields in proptest::collection::vec(valid_field(), 0..8), misfit in misfit()) {
        let name = misfit.0;
        fields.retain(|(other, _)| *other != name);
        let read = |fields: &[(&'static str, Value)]| {
            parse_response(Value::from(body(fields)).to_string().as_bytes(), &TEMPLATES_ONLY).map_err(|error| format!("{error:?}"))
        };
        let without = read(&fields);
        fields.push(misfit);
        prop_assert!(invariants::check(Value::from(body(&fields)).to_string().as_bytes()));
        let with = read(&fields).unwrap();
        prop_assert_eq!(with.ignored.len(), 1);
        prop_assert_eq!(&with.ignored[0].pointer[1..], name);
        prop_assert_eq!(with.response, without.unwrap().response);
    }

    #[test]
    fn wrong_field_is_named_among_right_ones(
        mut fields in proptest::collection::vec(valid_field(), 0..8),
        wrong in wrong_field(),
    ) {
        fields.retain(|(name, _)| *name != wrong.0);
        let name = wrong.0;
        fields.push(wrong);
        let body = Value::from(body(&fields)).to_string();
        prop_assert!(!invariants::check(body.as_bytes()), "{body} was taken");
        let Err(ParseError::Fields(errors)) = parse_response(body.as_bytes(), &TEMPLATES_ONLY) else { panic!("{body} is JSON") };
        let about = |pointer: &str| pointer == format!("/{name}") || pointer.starts_with(&format!("/{name}/"));
        prop_assert!(errors.iter().all(|error| about(&error.pointer)), "{body}: {errors:?}");
    }
}
