//! The widget's own words, a file for each language (`server/locales/`), and a site's in their place.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use counterbell_shared::SiteWords;
use counterbell_shared::limits::SITE_WORDS_MAX_BYTES;
use counterbell_shared::problem::FieldError;
use counterbell_shared::survey::lookup;
use diesel::QueryResult;
use serde_json::{Value, json};
use tracing::warn;

use crate::db::{AnyConnection, site_words};
use crate::document;

include!(concat!(env!("OUT_DIR"), "/locales.rs"));

/// What is shown in a language that has no file.
const DEFAULT_LOCALE: &str = "en";

type Words = BTreeMap<&'static str, &'static str>;

static WORDS: LazyLock<BTreeMap<&'static str, Words>> = LazyLock::new(|| {
    let read = |(tag, json): &(&'static str, &'static str)| {
        let words = serde_json::from_str(json);
        (*tag, words.unwrap_or_else(|error| unreachable!("a test reads each file: {tag}: {error}")))
    };
    LOCALES.iter().map(read).collect()
});

/// The widget's own words by name, in the language that suits `wanted` best, else in English.
pub fn own_words(wanted: &str) -> Words {
    WORDS.get(own_language(wanted)).cloned().unwrap_or_default()
}

/// The language of [`own_words`].
fn own_language(wanted: &str) -> &'static str {
    lookup(wanted, WORDS.keys().copied()).unwrap_or(DEFAULT_LOCALE)
}

/// Reads the document of a site's words.
///
/// # Errors
/// What is wrong, each with a JSON pointer.
pub fn parse_site_words(document: &[u8]) -> Result<SiteWords, Vec<FieldError>> {
    document::parse(document, SITE_WORDS_MAX_BYTES, SiteWords::parse)
}

/// A site's words as they are in force.
#[derive(Debug)]
pub struct KnownWords {
    document: String,
    words: SiteWords,
}

impl KnownWords {
    /// The words of a site; `known` is not read again as long as it is the same.
    ///
    /// # Errors
    /// What the database says.
    pub fn load(conn: &mut AnyConnection, site_id: i64, known: Option<&Arc<Self>>) -> QueryResult<Option<Arc<Self>>> {
        let Some(document) = site_words::find(conn, site_id)? else { return Ok(None) };
        if let Some(known) = known.filter(|known| known.document == document) {
            return Ok(Some(Arc::clone(known)));
        }
        // As with a theme: a document nobody can read must not keep a site from being asked.
        let words = parse_site_words(document.as_bytes()).unwrap_or_else(|_| {
            warn!(
                site.id = site_id,
                "The words of site {site_id} are not valid, and left out: store them again with `counterbell site words`"
            );
            SiteWords::default()
        });
        Ok(Some(Arc::new(Self { document, words })))
    }
}

/// As [`own_words`], with the site's in their place.
pub fn words_of<'w>(site: Option<&'w KnownWords>, wanted: &str) -> BTreeMap<&'w str, &'w str> {
    let mut words: BTreeMap<&str, &str> = own_words(wanted);
    if let Some(site) = site {
        site.words.replace_in(&mut words, wanted, own_language(wanted));
    }
    words
}

/// All English words, in the form of a site's document.
pub fn own_words_document() -> Value {
    own_words(DEFAULT_LOCALE)
        .into_iter()
        .map(|(name, word)| (name.to_owned(), json!({ DEFAULT_LOCALE: word })))
        .collect()
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
