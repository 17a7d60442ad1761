//! What mails to staff say, a file for each language (`server/locales/mail/`).

mod document;

use std::sync::LazyLock;

use counterbell_shared::Metric;

pub use crate::language::Language;
pub use document::{MetricTexts, News, Texts, Voice};

/// In the order of [`Language::ALL`].
const FILES: [&str; 7] = [
    include_str!("../../../locales/mail/ar.json"),
    include_str!("../../../locales/mail/de.json"),
    include_str!("../../../locales/mail/en.json"),
    include_str!("../../../locales/mail/es.json"),
    include_str!("../../../locales/mail/fr.json"),
    include_str!("../../../locales/mail/ja.json"),
    include_str!("../../../locales/mail/pt.json"),
];

static TEXTS: LazyLock<[Texts; 7]> = LazyLock::new(|| {
    FILES.map(|json| serde_json::from_str(json).unwrap_or_else(|error| unreachable!("a test reads each file: {error}")))
});

impl Language {
    /// What mails say in it.
    pub fn texts(self) -> &'static Texts {
        &TEXTS[self as usize]
    }
}

impl Texts {
    /// Of what was measured.
    pub fn metric(&self, metric: Metric) -> &MetricTexts {
        match metric {
            Metric::Csat => &self.metrics.csat,
            Metric::Nps => &self.metrics.nps,
            Metric::Ces => &self.metrics.ces,
            Metric::Expectation => &self.metrics.expectation,
        }
    }
}

#[cfg(test)]
mod tests;
