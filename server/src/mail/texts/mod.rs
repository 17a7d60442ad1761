//! What mails to staff say, a file for each language (`server/locales/mail/`).

mod document;

use std::sync::LazyLock;

use counterbell_shared::Metric;
use counterbell_shared::survey::lookup;

pub use document::{MetricTexts, News, Texts, Voice};

/// A language that mails can be written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// Modern Standard Arabic, written from the right.
    Ar,
    /// German.
    De,
    /// English, for whoever chose none, or one that has no file.
    #[default]
    En,
    /// Spanish.
    Es,
    /// French.
    Fr,
    /// Japanese.
    Ja,
    /// Portuguese, as in Brazil.
    Pt,
}

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
    /// Each of them.
    pub const ALL: [Self; 7] = [Self::Ar, Self::De, Self::En, Self::Es, Self::Fr, Self::Ja, Self::Pt];

    /// The one that suits a language tag best, such as `de-AT`.
    pub fn of(wanted: Option<&str>) -> Self {
        let tag = wanted.and_then(|wanted| lookup(wanted, Self::ALL.into_iter().map(Self::tag)));
        Self::ALL.into_iter().find(|language| Some(language.tag()) == tag).unwrap_or_default()
    }

    /// Its tag (RFC 5646).
    pub fn tag(self) -> &'static str {
        match self {
            Self::Ar => "ar",
            Self::De => "de",
            Self::En => "en",
            Self::Es => "es",
            Self::Fr => "fr",
            Self::Ja => "ja",
            Self::Pt => "pt",
        }
    }

    /// Whether it is written from the right.
    pub fn is_rtl(self) -> bool {
        self == Self::Ar
    }

    /// Its direction, as HTML writes it.
    pub fn dir(self) -> &'static str {
        if self.is_rtl() { "rtl" } else { "ltr" }
    }

    /// What mails say in it.
    pub fn texts(self) -> &'static Texts {
        &TEXTS[self as usize]
    }

    /// A value that stands apart where text is written from the right (UAX 9), so that a date or an address keeps its order.
    /// One that begins apart stays as it is.
    pub fn apart(self, value: &str) -> String {
        if self.is_rtl() && !value.starts_with('\u{2068}') {
            format!("\u{2068}{value}\u{2069}")
        } else {
            value.to_owned()
        }
    }

    /// A text of [`Self::texts`] with these values in the place of `{name}`, each [`Self::apart`].
    pub fn fill(self, text: &str, values: &[(&str, &str)]) -> String {
        let mut filled = String::with_capacity(text.len() + 32);
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            filled.push_str(before);
            let Some((name, behind)) = after.split_once('}') else {
                filled.push('{');
                rest = after;
                break;
            };
            rest = behind;
            if let Some((_, value)) = values.iter().find(|(known, _)| *known == name) {
                filled.push_str(&self.apart(value));
            }
        }
        filled.push_str(rest);
        filled
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
