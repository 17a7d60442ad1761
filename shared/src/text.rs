//! Short texts with rules: touchpoint, comment, reference, locale.

use std::borrow::Cow;

use crate::limits::{COMMENT_MAX_CHARS, LOCALE_MAX_BYTES, REFERENCE_MAX_CHARS, TOUCHPOINT_MAX_CHARS};

/// Why a text is not taken; `Display` tells the reader what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidText {
    /// Nothing but white space.
    Empty,
    /// More than this many characters.
    TooLong(usize),
    /// Holds control characters, or breaks the line.
    Control,
    /// Holds characters that change the direction of the text around them.
    Direction,
    /// Not a BCP 47 language tag.
    NotALanguageTag,
}

impl std::fmt::Display for InvalidText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Empty => f.write_str("must not be empty; leave the field out instead"),
            Self::TooLong(max) => write!(f, "must have at most {max} characters"),
            Self::Control => f.write_str("must not contain control characters"),
            Self::Direction => f.write_str("must not contain invisible characters that change the direction of text"),
            Self::NotALanguageTag => f.write_str("must be a language tag such as \"en\" or \"pt-BR\""),
        }
    }
}

/// A name or reference: what it shows is what it is, so that two that look alike are one.
fn one_line(text: &str, max_chars: usize) -> Result<String, InvalidText> {
    let text = text.trim_matches(is_stray);
    if text.chars().all(is_unseen) {
        return Err(InvalidText::Empty);
    }
    if text.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
        return Err(InvalidText::Control);
    }
    if text.chars().any(changes_direction) {
        return Err(InvalidText::Direction);
    }
    if text.chars().nth(max_chars).is_some() {
        return Err(InvalidText::TooLong(max_chars));
    }
    Ok(text.to_owned())
}

/// Unicode's property Bidi_Control: marks, embeddings, overrides and isolates.
pub(crate) const fn changes_direction(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What copying out of a mail, a file's properties or a spreadsheet leaves at the ends of a text.
fn is_stray(c: char) -> bool {
    c.is_whitespace() || changes_direction(c) || matches!(c, '\u{ad}' | '\u{200b}' | '\u{2060}' | '\u{feff}')
}

/// Shows nothing by itself: white space, Unicode's Default_Ignorable_Code_Point and an empty pattern of Braille. Within a
/// text some of it belongs to a script or an emoji.
fn is_unseen(c: char) -> bool {
    let ignorable = matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fff8}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    );
    ignorable || c.is_whitespace() || c == '\u{2800}'
}

/// Whether nothing of a text is seen.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(is_unseen)
}

/// A text without what is not seen around it, as [`Reference::new`] trims it.
pub fn trim_unseen(text: &str) -> &str {
    text.trim_matches(is_stray)
}

/// A control character that belongs in no text: not a line break, nor a tab.
pub fn is_control(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\t')
}

/// Where in the customer's journey the question is asked: `checkout`, `delivery`, `store-12`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Touchpoint(String);

impl Touchpoint {
    /// What a response belongs to when its sender names no touchpoint.
    pub const DEFAULT: &str = "default";

    /// Trimmed, one line, at most [`TOUCHPOINT_MAX_CHARS`] characters.
    ///
    /// # Errors
    /// Says which rule the text breaks.
    pub fn new(text: &str) -> Result<Self, InvalidText> {
        one_line(text, TOUCHPOINT_MAX_CHARS).map(Self)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Touchpoint {
    fn default() -> Self {
        Self(Self::DEFAULT.to_owned())
    }
}

/// A retailer's own name for a customer or an order, such as `A-1001`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference(String);

impl Reference {
    /// Trimmed, one line, at most [`REFERENCE_MAX_CHARS`] characters.
    ///
    /// # Errors
    /// Says which rule the text breaks.
    pub fn new(text: &str) -> Result<Self, InvalidText> {
        one_line(text, REFERENCE_MAX_CHARS).map(Self)
    }

    /// The reference.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A language tag (BCP 47, RFC 5646), in the form it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locale(String);

impl Locale {
    /// Letters, digits and hyphens, two to eight letters first.
    ///
    /// # Errors
    /// [`InvalidText::NotALanguageTag`].
    pub fn new(text: &str) -> Result<Self, InvalidText> {
        let mut parts = text.split('-');
        let language = parts.next().unwrap_or_default();
        let good = text.len() <= LOCALE_MAX_BYTES
            && (2..=8).contains(&language.len())
            && language.bytes().all(|byte| byte.is_ascii_alphabetic())
            && parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        if good { Ok(Self(text.to_owned())) } else { Err(InvalidText::NotALanguageTag) }
    }

    /// As [`Self::new`], of a text as programs write it: ` pt_BR ` is `pt-BR`.
    ///
    /// # Errors
    /// [`InvalidText::NotALanguageTag`].
    pub fn read(text: &str) -> Result<Self, InvalidText> {
        Self::new(&as_tag(text))
    }

    /// The tag.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A language as programs write it, spelled as in BCP 47: without white space around it, and with hyphens.
pub fn as_tag(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    if text.contains('_') { Cow::Owned(text.replace('_', "-")) } else { Cow::Borrowed(text) }
}

/// The customer's own words.
#[derive(Clone, PartialEq, Eq)]
pub struct Comment(String);

impl Comment {
    /// Trimmed, line breaks as `\n`, other control characters dropped (PostgreSQL cannot store NUL); at most
    /// [`COMMENT_MAX_CHARS`] characters. `None` when nothing is left: a customer who typed only a space said nothing.
    ///
    /// # Errors
    /// [`InvalidText::TooLong`].
    pub fn new(text: &str) -> Result<Option<Self>, InvalidText> {
        let kept = |c: char| !is_control(c);
        // Most comments are clean: then they are copied once.
        if text.chars().all(kept) {
            return Self::of_clean(text.trim());
        }
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let text: String = text.chars().filter(|c| kept(*c)).collect();
        Self::of_clean(text.trim())
    }

    fn of_clean(text: &str) -> Result<Option<Self>, InvalidText> {
        // No text has more characters than bytes.
        if text.len() > COMMENT_MAX_CHARS && text.chars().nth(COMMENT_MAX_CHARS).is_some() {
            return Err(InvalidText::TooLong(COMMENT_MAX_CHARS));
        }
        Ok((!text.is_empty()).then(|| Self(text.to_owned())))
    }

    /// The words.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Never the words themselves: a debug print may end in a log.
impl std::fmt::Debug for Comment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Comment({} bytes)", self.0.len())
    }
}

macro_rules! into_string {
    ($($text:ty),*) => {
        $(impl From<$text> for String {
            fn from(text: $text) -> Self {
                text.0
            }
        })*
    };
}

into_string!(Touchpoint, Reference, Locale, Comment);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn touchpoint_is_one_trimmed_line() {
        assert_eq!(Touchpoint::new(" store 12 ").unwrap().as_str(), "store 12");
        assert_eq!(Touchpoint::new("  "), Err(InvalidText::Empty));
        assert_eq!(Touchpoint::new("a\nb"), Err(InvalidText::Control));
        assert_eq!(Touchpoint::new("a\u{2028}b"), Err(InvalidText::Control));
        assert!(Touchpoint::new(&"ü".repeat(TOUCHPOINT_MAX_CHARS)).is_ok());
        assert_eq!(Touchpoint::new(&"ü".repeat(65)), Err(InvalidText::TooLong(64)));
    }

    #[test]
    fn reference_is_what_it_shows() {
        for (text, kept) in [
            ("\u{feff}\u{202a}A-1\u{202c}\u{200b} ", Ok("A-1")),
            ("\u{202e}\u{200b}\u{fe0f}", Err(InvalidText::Empty)),
            ("\u{3164} \u{2800}", Err(InvalidText::Empty)),
            ("store\u{202e}gnp.exe", Err(InvalidText::Direction)),
            ("a\u{200f}1 2", Err(InvalidText::Direction)),
            // Written with them: Persian, and an emoji.
            ("\u{645}\u{6cc}\u{200c}\u{62e}", Ok("\u{645}\u{6cc}\u{200c}\u{62e}")),
            ("\u{2764}\u{fe0f}", Ok("\u{2764}\u{fe0f}")),
        ] {
            let read = Reference::new(text);
            assert_eq!(read.as_ref().map(Reference::as_str), kept.as_ref().copied(), "{text:?}");
        }
    }

    #[test]
    fn comment_keeps_words_and_lines_and_drops_controls() {
        let words = |text| Comment::new(text).unwrap().map(|comment| comment.as_str().to_owned());
        assert_eq!(words(" late\r\nand \0cold\u{7f} "), Some("late\nand cold".to_owned()));
        assert_eq!(words(" \n\0 "), None);
        assert!(Comment::new(&"x".repeat(COMMENT_MAX_CHARS)).is_ok());
        assert_eq!(Comment::new(&"x".repeat(COMMENT_MAX_CHARS + 1)), Err(InvalidText::TooLong(COMMENT_MAX_CHARS)));
    }

    #[test]
    fn locale_is_a_language_tag() {
        for good in ["en", "pt-BR", "zh-Hant-TW", "de-CH-1996"] {
            assert!(Locale::new(good).is_ok(), "{good}");
        }
        for bad in ["", "e", "en_US", "en-", "12", "en-\u{e9}"] {
            assert_eq!(Locale::new(bad), Err(InvalidText::NotALanguageTag), "{bad}");
        }
        assert_eq!(Locale::read(" zh_Hant_TW\n"), Locale::new("zh-Hant-TW"));
        for bad in ["", "_", "de_DE.UTF-8", "English (US)"] {
            assert!(Locale::read(bad).is_err(), "{bad}");
        }
    }
}
