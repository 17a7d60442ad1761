//! A text in several languages, and which of them a customer is shown.

use super::NAME_PLACE;

/// A text in one or more languages, each named by its BCP 47 tag.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LocalText(Vec<(String, String)>);

impl LocalText {
    /// Of tags and texts; no tag twice.
    pub(super) fn new(texts: Vec<(String, String)>) -> Self {
        Self(texts)
    }

    /// The tags of its languages.
    pub fn locales(&self) -> impl Iterator<Item = &str> + Clone {
        self.0.iter().map(|(tag, _)| tag.as_str())
    }

    /// The text in the language that suits `wanted` best, if there is one.
    pub fn find(&self, wanted: &str) -> Option<&str> {
        let tag = lookup(wanted, self.locales())?;
        self.0.iter().find(|(known, _)| known == tag).map(|(_, text)| text.as_str())
    }

    /// The text in the language that suits `wanted` best, else in `default`.
    pub fn resolve(&self, wanted: &str, default: &str) -> &str {
        let found = self.find(wanted).or_else(|| self.find(default));
        found.or(self.0.first().map(|(_, text)| text.as_str())).unwrap_or_default()
    }

    /// Whether the customer's name has a place in it, in any language.
    pub fn has_name(&self) -> bool {
        self.0.iter().any(|(_, text)| text.contains(NAME_PLACE))
    }
}

/// The one of `tags` that suits the range `wanted` best: lookup as in RFC 4647 section 3.4, in any case of letters.
/// `pt-BR` finds `pt-BR`, else `pt`.
pub fn lookup<'a>(wanted: &str, tags: impl Iterator<Item = &'a str> + Clone) -> Option<&'a str> {
    let mut range = wanted;
    loop {
        if let Some(found) = tags.clone().find(|tag| tag.eq_ignore_ascii_case(range)) {
            return Some(found);
        }
        range = range.rsplit_once('-')?.0;
        // A single letter or digit only introduces what follows it.
        if let Some((before, last)) = range.rsplit_once('-')
            && last.len() == 1
        {
            range = before;
        }
    }
}

/// `text` as it reads without a name: its place and what joins it to the words before it are left out.
pub fn without_name(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut parts = text.split(NAME_PLACE);
    kept.push_str(parts.next().unwrap_or_default());
    for part in parts {
        kept.truncate(kept.trim_end_matches(JOINTS).len());
        kept.push_str(part);
    }
    kept
}

/// Whether a text reads well without a name: something comes before its place, and a comma joins the two.
pub fn can_lose_name(text: &str) -> bool {
    let mut parts: Vec<_> = text.split(NAME_PLACE).collect();
    parts.pop();
    parts.iter().all(|before| {
        let joint = before.trim_end();
        joint.ends_with(COMMAS) && !joint.trim_end_matches(JOINTS).is_empty()
    })
}

/// Latin, Arabic and Japanese.
const COMMAS: [char; 4] = [',', '\u{60c}', '\u{3001}', '\u{ff0c}'];
const JOINTS: [char; 6] = [',', '\u{60c}', '\u{3001}', '\u{ff0c}', ' ', '\u{a0}'];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn best_language_is_found_by_leaving_out_what_is_special() {
        let tags = ["en", "pt", "pt-BR", "zh-Hant", "de-CH-1996"];
        let found = |wanted| lookup(wanted, tags.into_iter());
        assert_eq!(found("pt-BR"), Some("pt-BR"));
        assert_eq!(found("PT-br"), Some("pt-BR"));
        assert_eq!(found("pt-PT"), Some("pt"));
        assert_eq!(found("zh-Hant-TW-x-private"), Some("zh-Hant"));
        assert_eq!(found("de-CH-1996-u-co"), Some("de-CH-1996"));
        for none in ["", "fr", "zh", "de-CH", "zh-Hans"] {
            assert_eq!(found(none), None, "{none}");
        }
    }

    #[test]
    fn text_reads_well_without_a_name() {
        for (text, without) in [
            ("Thank you, {name}!", "Thank you!"),
            ("How was it today, {name}?", "How was it today?"),
            ("\u{634}\u{643}\u{631}\u{627}\u{60c} {name}!", "\u{634}\u{643}\u{631}\u{627}!"),
            ("Thank you!", "Thank you!"),
        ] {
            assert!(can_lose_name(text), "{text}");
            assert_eq!(without_name(text), without);
        }
        for bad in ["{name}, how was it?", "Dear {name}!", ", {name}"] {
            assert!(!can_lose_name(bad), "{bad}");
        }
    }
}
