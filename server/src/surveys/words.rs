//! The widget's own words, a file for each language: `server/locales/`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use counterbell_shared::survey::lookup;

include!(concat!(env!("OUT_DIR"), "/locales.rs"));

/// What is shown in a language that has no file.
const DEFAULT_LOCALE: &str = "en";

type Words = BTreeMap<&'static str, &'static str>;

static WORDS: LazyLock<BTreeMap<&str, Words>> = LazyLock::new(|| {
    let read = |(tag, json): &(&'static str, &'static str)| {
        let words = serde_json::from_str(json);
        (*tag, words.unwrap_or_else(|error| unreachable!("a test reads each file: {tag}: {error}")))
    };
    LOCALES.iter().map(read).collect()
});

/// The widget's own words by name, in the language that suits `wanted` best, else in English.
pub fn own_words(wanted: &str) -> Words {
    let tag = lookup(wanted, WORDS.keys().copied()).unwrap_or(DEFAULT_LOCALE);
    WORDS.get(tag).cloned().unwrap_or_default()
}

#[cfg(test)]
pub mod tests {
    use counterbell_shared::survey::NAME_PLACE;
    use counterbell_shared::widget_config;

    use super::*;

    /// Those that templates and words are there in.
    pub const LANGUAGES: [&str; 7] = ["ar", "de", "en", "es", "fr", "ja", "pt"];

    #[test]
    fn each_language_has_every_word() {
        let tags: Vec<_> = LOCALES.iter().map(|(tag, _)| *tag).collect();
        assert_eq!(tags, LANGUAGES);
        for (tag, json) in LOCALES {
            let words: Words = serde_json::from_str(json).unwrap();
            let names: Vec<_> = words.keys().copied().collect();
            assert_eq!(names, widget_config::WORDS, "{tag}");
            assert!(words.values().all(|word| !word.trim().is_empty()), "{tag}");
            assert!(words["greeting"].contains(NAME_PLACE), "{tag}");
            assert!(words["step"].contains("{n}") && words["step"].contains("{count}"), "{tag}");
        }
    }

    #[test]
    fn words_come_in_the_language_that_suits_best() {
        assert_eq!(own_words("de-AT")["send"], own_words("de")["send"]);
        assert_eq!(own_words("tlh")["send"], own_words("en")["send"]);
    }
}
