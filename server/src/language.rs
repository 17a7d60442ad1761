//! The languages that the program speaks to staff, on pages and in mails.

use counterbell_shared::survey::lookup;

/// A language that staff can read in.
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

impl Language {
    /// Each of them.
    pub const ALL: [Self; 7] = [Self::Ar, Self::De, Self::En, Self::Es, Self::Fr, Self::Ja, Self::Pt];

    /// The one that suits a language tag best, such as `de-AT`; English when none does.
    pub fn of(wanted: Option<&str>) -> Self {
        wanted.and_then(Self::find).unwrap_or_default()
    }

    /// The one that suits a language tag best; `None` when none does.
    pub fn find(wanted: &str) -> Option<Self> {
        let tag = lookup(wanted, Self::ALL.into_iter().map(Self::tag));
        Self::ALL.into_iter().find(|language| Some(language.tag()) == tag)
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

    /// A value that stands apart from the text around it (UAX 9) where one of them is written from the right, so that a date or
    /// a name keeps its order. What stands apart already stays as it is.
    pub fn apart(self, value: &str) -> String {
        let turns = if self.is_rtl() {
            !value.starts_with('\u{2068}')
        } else {
            value.chars().any(is_from_the_right) && !value.contains('\u{2068}')
        };
        if turns { format!("\u{2068}{value}\u{2069}") } else { value.to_owned() }
    }

    /// A text with these values in the place of `{name}`, each [`Self::apart`].
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

/// The blocks of Unicode whose letters are written from the right.
fn is_from_the_right(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}' | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_in_the_place_of_their_names() {
        let text = "{who} took over from {name}.";
        let values = [("name", "Ben"), ("who", "Ann {name}")];
        assert_eq!(Language::En.fill(text, &values), "Ann {name} took over from Ben.");
        assert_eq!(Language::En.fill(text, &[("who", "\u{5d0}")]), "\u{2068}\u{5d0}\u{2069} took over from .");
        assert_eq!(Language::Ar.fill("{who}", &values), "\u{2068}Ann {name}\u{2069}");
    }

    #[test]
    fn tags_are_found_by_their_language() {
        assert_eq!(
            ["de-AT", "pt", "xx", "*", ""].map(Language::find),
            [Some(Language::De), Some(Language::Pt), None, None, None]
        );
    }
}
