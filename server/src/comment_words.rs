//! What counts as a word in a comment: letters and digits alone, without case and accents.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Longer words are cut: nobody asks for more, and a database's index has a limit. In characters.
const WORD_MAX_CHARS: usize = 40;

/// A part of a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// A word of a script that puts spaces between words.
    Word(&'a str),
    /// A character of a script that does not.
    Char {
        /// The character.
        char: char,
        /// Whether it follows another such character with nothing between.
        joined: bool,
    },
}

/// Hands over each piece; `is_unspaced` says of which letters and digits each is a piece of its own.
pub fn cut_pieces(text: &str, is_unspaced: fn(char) -> bool, mut take: impl FnMut(Piece<'_>)) {
    if text.is_ascii() {
        return cut(text.chars(), is_unspaced, &mut take);
    }
    // Accents are taken off by decomposing; what is left is put together again (Unicode Standard Annex 15).
    // The marks of Japanese are no accents: without them it would be another syllable.
    let kept = |c: &char| !is_combining_mark(*c) || matches!(c, '\u{3099}' | '\u{309a}');
    cut(text.nfkd().filter(kept).nfc(), is_unspaced, &mut take);
}

fn cut(chars: impl Iterator<Item = char>, is_unspaced: fn(char) -> bool, take: &mut impl FnMut(Piece<'_>)) {
    let (mut word, mut length) = (String::new(), 0);
    let mut joined = false;
    for c in chars.chain(std::iter::once(' ')) {
        let alone = c.is_alphanumeric() && is_unspaced(c);
        if !alone && c.is_alphanumeric() && length < WORD_MAX_CHARS {
            word.extend(c.to_lowercase());
            length += 1;
        }
        // "don't" is one word.
        let ends_word = alone || !(c.is_alphanumeric() || matches!(c, '\'' | '\u{2019}'));
        if ends_word && length > 0 {
            take(Piece::Word(&word));
            word.clear();
            length = 0;
        }
        if alone {
            take(Piece::Char { char: c, joined });
        }
        joined = alone;
    }
}

/// Han, Hiragana, Katakana and their extensions.
pub fn is_east_asian(c: char) -> bool {
    matches!(c, '\u{3005}'..='\u{3007}' | '\u{3040}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str) -> Vec<String> {
        let mut pieces = Vec::new();
        cut_pieces(text, is_east_asian, |piece| {
            pieces.push(match piece {
                Piece::Word(word) => word.to_owned(),
                Piece::Char { char, joined } => format!("{}{char}", if joined { "+" } else { "" }),
            });
        });
        pieces
    }

    #[test]
    fn case_accents_and_apostrophes_do_not_matter() {
        assert_eq!(pieces("Größe, GRÖSSE! Don't don’t café 42"), ["große", "grosse", "dont", "dont", "cafe", "42"]);
        assert_eq!(pieces("\u{fb01}t"), ["fit"]);
    }

    #[test]
    fn characters_of_scripts_without_spaces_are_pieces() {
        assert_eq!(pieces("対応が。悪A店 か\u{3099}"), ["対", "+応", "+が", "悪", "a", "店", "が"]);
    }

    #[test]
    fn nothing_but_signs_holds_no_word() {
        assert!(pieces("… !? 👍 \u{e000} '").is_empty());
    }

    #[test]
    fn endless_words_are_cut() {
        assert_eq!(pieces(&"x".repeat(500)), ["x".repeat(WORD_MAX_CHARS)]);
    }
}
