//! What counts as a word, for comments and for what is searched in them.

use std::str::FromStr;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Longer words are cut: nobody searches for more, and a database's index has a limit.
const WORD_MAX_CHARS: usize = 40;
/// Most words in one query.
const QUERY_MAX_WORDS: usize = 16;

/// Hands over the words of a comment, without case and accents: letters and digits alone.
///
/// Scripts written without spaces (Chinese, Japanese) are cut into pairs of characters, so that any part of a text is
/// found without a dictionary.
pub fn index_words(comment: &str, mut take: impl FnMut(&str)) {
    each_word(comment, |word, _| take(word));
}

/// One word asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// As [`index_words`] makes it.
    pub word: String,
    /// Words that begin like this are meant too.
    pub prefix: bool,
}

/// Words that must all occur; `deliver*` stands for all that begin like it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// At least one.
    pub terms: Vec<Term>,
}

impl Query {
    /// Whether a comment holds all words.
    pub fn matches(&self, comment: &str) -> bool {
        let mut missing: Vec<&Term> = self.terms.iter().collect();
        index_words(comment, |word| missing.retain(|term| !term.matches(word)));
        missing.is_empty()
    }
}

impl Term {
    fn matches(&self, word: &str) -> bool {
        if self.prefix { word.starts_with(&self.word) } else { word == self.word }
    }
}

impl FromStr for Query {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let mut terms: Vec<Term> = Vec::new();
        for part in text.split_whitespace() {
            let first = terms.len();
            let star = part.ends_with('*');
            // A lone character of a script without spaces is half of a pair.
            each_word(part, |word, half_pair| terms.push(Term { word: word.to_owned(), prefix: half_pair }));
            if star && let Some(last) = terms[first..].last_mut() {
                last.prefix = true;
            }
        }
        match terms.len() {
            0 => Err("must hold at least one word"),
            1..=QUERY_MAX_WORDS => Ok(Self { terms }),
            _ => Err("must hold at most 16 words"),
        }
    }
}

/// Hands over each word, and whether it is a single character of a script without spaces.
fn each_word(text: &str, mut take: impl FnMut(&str, bool)) {
    if text.is_ascii() {
        return cut(text.chars(), &mut take);
    }
    // Accents are taken off by decomposing; what is left is put together again (Unicode Standard Annex 15).
    // The marks of Japanese are no accents: without them it would be another syllable.
    let kept = |c: &char| !is_combining_mark(*c) || matches!(c, '\u{3099}' | '\u{309a}');
    cut(text.nfkd().filter(kept).nfc(), &mut take);
}

fn cut(chars: impl Iterator<Item = char>, take: &mut impl FnMut(&str, bool)) {
    let (mut word, mut length) = (String::new(), 0);
    let mut unspaced: Option<(char, bool)> = None;
    for c in chars.chain(std::iter::once(' ')) {
        let pairs = is_unspaced(c);
        if !pairs
            && let Some((last, alone)) = unspaced.take()
            && alone
        {
            take(last.encode_utf8(&mut [0; 4]), true);
        }
        if c.is_alphanumeric() && !pairs {
            if length < WORD_MAX_CHARS {
                word.extend(c.to_lowercase());
                length += 1;
            }
            continue;
        }
        // "don't" is one word.
        if matches!(c, '\'' | '\u{2019}') {
            continue;
        }
        if length > 0 {
            take(&word, false);
            word.clear();
            length = 0;
        }
        if pairs {
            if let Some((last, _)) = unspaced {
                word.extend([last, c]);
                take(&word, false);
                word.clear();
            }
            unspaced = Some((c, unspaced.is_none()));
        }
    }
}

/// Han, Hiragana, Katakana and their extensions.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{3005}'..='\u{3007}' | '\u{3040}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
        && c.is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(comment: &str) -> Vec<String> {
        let mut words = Vec::new();
        index_words(comment, |word| words.push(word.to_owned()));
        words
    }

    #[test]
    fn case_accents_and_apostrophes_do_not_matter() {
        assert_eq!(words("Größe, GRÖSSE! Don't don’t café 42"), ["große", "grosse", "dont", "dont", "cafe", "42"]);
        assert_eq!(words("\u{fb01}t"), ["fit"]);
    }

    #[test]
    fn scripts_without_spaces_are_cut_into_pairs() {
        assert_eq!(words("対応が悪い A店"), ["対応", "応が", "が悪", "悪い", "a", "店"]);
    }

    #[test]
    fn nothing_but_signs_holds_no_word() {
        assert!(words("… !? 👍 \u{e000}").is_empty());
    }

    #[test]
    fn endless_words_are_cut() {
        assert_eq!(words(&"x".repeat(500)), ["x".repeat(WORD_MAX_CHARS)]);
    }

    #[test]
    fn query_reads_words_and_beginnings() {
        let term = |word: &str, prefix| Term { word: word.to_owned(), prefix };
        let query = |text: &str| text.parse::<Query>().map(|query| query.terms);
        assert_eq!(query("Late deliver*"), Ok(vec![term("late", false), term("deliver", true)]));
        assert_eq!(query("遅 対応"), Ok(vec![term("遅", true), term("対応", false)]));
        assert_eq!(query("e-mail*"), Ok(vec![term("e", false), term("mail", true)]));
        assert!(query(" * !").is_err());
        assert!(query(&"x ".repeat(17)).is_err());
    }

    #[test]
    fn query_matches_what_the_index_would_find() {
        let matches = |query: &str, comment: &str| query.parse::<Query>().unwrap().matches(comment);
        assert!(matches("LATE deliver*", "Delivery was late"));
        assert!(matches("cafe", "The caf\u{e9} closed"));
        assert!(matches("早", "配送が早い"));
        assert!(!matches("deliver", "Delivery was late"));
        assert!(!matches("late delivery", "late"));
    }
}
