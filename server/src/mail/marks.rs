//! What has to be seen before all else.

use super::texts::Language;

/// That a mail is urgent, or a test.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// Somebody is to act on it before all others.
    pub urgent: bool,
    /// Nobody is unhappy: it shows whether mails come.
    pub test: bool,
}

impl Marks {
    /// What the mail says of it.
    pub fn notes(self, language: Language) -> Vec<&'static str> {
        let texts = language.texts();
        [(self.test, texts.test_note), (self.urgent, texts.urgent_note)]
            .into_iter()
            .filter(|(is, _)| *is)
            .map(|(_, note)| note)
            .collect()
    }

    /// The subject with what has to be seen first in front, and the site's name behind.
    pub fn subject(self, language: Language, what: &str, site: &str) -> String {
        let texts = language.texts();
        let urgent = |what| language.fill(texts.headline_score, &[("headline", texts.urgent), ("score", what)]);
        let what = if self.urgent { urgent(what) } else { what.to_owned() };
        // The same in every language: filters go by it.
        let test = if self.test { "[Test] " } else { "" };
        format!("{test}{what} [{site}]")
    }
}
