//! Which words of a comment are indexed, and what is searched in them.

use std::str::FromStr;

use crate::comment_words::{Piece, cut_pieces, is_east_asian};

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
    let mut pair = String::new();
    // The last character of such a script, and whether it is in no pair yet.
    let mut unspaced: Option<(char, bool)> = None;
    cut_pieces(text, is_east_asian, |piece| {
        if let (Piece::Char { char, joined: true }, Some((before, _))) = (piece, unspaced) {
            pair.clear();
            pair.extend([before, char]);
            take(&pair, false);
            unspaced = Some((char, false));
            return;
        }
        take_lone(unspaced.take(), &mut take);
        match piece {
            Piece::Word(word) => take(word, false),
            Piece::Char { char, .. } => unspaced = Some((char, true)),
        }
    });
    take_lone(unspaced, &mut take);
}

fn take_lone(unspaced: Option<(char, bool)>, take: &mut impl FnMut(&str, bool)) {
    if let Some((char, true)) = unspaced {
        take(char.encode_utf8(&mut [0; 4]), true);
    }
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
    fn scripts_without_spaces_are_cut_into_pairs() {
        assert_eq!(words("対応が悪い A店、品 質"), ["対応", "応が", "が悪", "悪い", "a", "店", "品", "質"]);
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
