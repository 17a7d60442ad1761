use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::*;

/// Every text of a file by its path.
fn texts_of(json: &str) -> BTreeMap<String, String> {
    fn walk(value: &Value, path: &str, texts: &mut BTreeMap<String, String>) {
        match value {
            Value::Object(members) => {
                members.iter().for_each(|(name, value)| walk(value, &format!("{path}/{name}"), texts))
            }
            Value::String(text) => assert_eq!(texts.insert(path.to_owned(), text.clone()), None),
            other => panic!("{path}: {other}"),
        }
    }
    let mut texts = BTreeMap::new();
    walk(&serde_json::from_str(json).unwrap(), "", &mut texts);
    texts
}

fn placeholders(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0)).collect()
}

#[test]
fn every_language_has_every_text_with_the_values_of_the_english_one() {
    let english = texts_of(FILES[Language::En as usize]);
    for language in Language::ALL {
        let json = FILES[language as usize];
        serde_json::from_str::<Texts>(json).unwrap_or_else(|error| panic!("{language:?}: {error}"));
        let texts = texts_of(json);
        assert!(texts.keys().eq(english.keys()), "{language:?}");
        for (path, text) in &texts {
            assert!(
                !text.trim().is_empty() && (text.trim() == text || path == "/separator"),
                "{language:?} {path}: {text:?}"
            );
            assert_eq!(placeholders(text), placeholders(&english[path]), "{language:?} {path}");
        }
    }
}

/// Texts that are the same word in another language.
const SAME: [&str; 7] = [
    "/metrics/csat/name",
    "/metrics/ces/name",
    "/urgent",
    "/rows/page",
    "/rows/root_cause",
    "/staff/person",
    "/message",
];

/// What only English says would be a text that somebody forgot to translate.
#[test]
fn every_language_says_it_in_its_own_words() {
    let english = texts_of(FILES[Language::En as usize]);
    // Made of values and marks alone.
    let same = |path: &str, text: &str| {
        let words = text.split('{').map(|part| part.split_once('}').map_or(part, |(_, rest)| rest));
        words.flat_map(str::chars).all(|c| !c.is_alphabetic()) || SAME.contains(&path)
    };
    for language in Language::ALL.into_iter().filter(|language| *language != Language::En) {
        for (path, text) in texts_of(FILES[language as usize]) {
            assert!(english[&path] != text || same(&path, &text), "{language:?} {path}: {text}");
        }
    }
}

/// A mail names buttons of the page that it leads to, and one thing has one name.
#[test]
fn mail_and_page_say_the_same_of_the_same() {
    for (language, mail) in Language::ALL.into_iter().zip(FILES) {
        let path = format!("{}/locales/case/{}.json", env!("CARGO_MANIFEST_DIR"), language.tag());
        let (mail, page) = (texts_of(mail), texts_of(&std::fs::read_to_string(path).unwrap()));
        for (in_mail, on_page) in [
            ("/buttons/take", "/forms/acknowledge"),
            ("/buttons/not_for_me", "/forms/not_for_me"),
            ("/buttons/spoke", "/forms/spoke"),
            ("/score", "/page/score"),
            ("/no_comment", "/page/no_comment"),
            ("/customer/person", "/page/customer"),
            ("/customer/earlier", "/page/earlier"),
            ("/rows/place", "/page/touchpoint"),
            ("/rows/order", "/page/order"),
            ("/rows/order_unproven", "/page/unproven"),
            ("/rows/answered", "/page/answered"),
            ("/rows/opened", "/page/opened"),
            ("/rows/acknowledge_by", "/page/acknowledge_by"),
            ("/rows/answer_by", "/page/answer_by"),
            ("/rows/root_cause", "/page/root_cause"),
            ("/rows/action_taken", "/page/action_taken"),
        ] {
            assert_eq!(mail[in_mail], page[on_page], "{language:?} {in_mail}");
        }
    }
}

/// A mark alone on the next line is a mistake in French.
#[test]
fn french_marks_stay_with_their_words() {
    for (path, text) in texts_of(FILES[Language::Fr as usize]) {
        for broken in [" ?", " !", " ;", " :", "\u{ab} ", " \u{bb}"] {
            assert!(!text.contains(broken), "{path}: {text}");
        }
    }
}

#[test]
fn reader_gets_the_nearest_language() {
    for (wanted, language) in [
        (Some("de-AT"), Language::De),
        (Some("PT-pt"), Language::Pt),
        (Some("ar"), Language::Ar),
        (Some("nl"), Language::En),
        (None, Language::En),
    ] {
        assert_eq!(Language::of(wanted), language, "{wanted:?}");
        assert_eq!(Language::of(Some(language.tag())), language);
    }
    assert_eq!(Language::Ja.texts().buttons.open, "案件を開く");
}

#[test]
fn value_is_put_in_once_and_stands_apart_where_text_runs_from_the_right() {
    let values = [("a", "{b}"), ("b", "2026-11-21 CET")];
    assert_eq!(Language::En.fill("x {a} y {b} {none} }{", &values), "x {b} y 2026-11-21 CET  }{");
    assert_eq!(Language::Ar.fill("{b}!", &values), "\u{2068}2026-11-21 CET\u{2069}!");
}
