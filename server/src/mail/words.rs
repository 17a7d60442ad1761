//! Words of others, harmless and not too many.

use super::defang::defang;

/// What all words of others may take of a mail's HTML, in bytes. Gmail cuts a mail at 102 KB, and shows no buttons behind that;
/// what is around the words takes up to 35 KB. The longest comment fits, whatever it is made of.
const WORDS_MAX_BYTES: usize = 60_000;

/// What is left for words in a mail.
#[derive(Debug)]
pub struct Room(usize);

impl Default for Room {
    fn default() -> Self {
        Self(WORDS_MAX_BYTES)
    }
}

impl Room {
    /// The words, harmless: cut where the room ends, and whether they were.
    pub fn take(&mut self, words: &str) -> (String, bool) {
        let mut safe = defang(words);
        let mut left = self.0;
        let end = safe.char_indices().find_map(|(at, c)| match left.checked_sub(html_bytes(c)) {
            Some(less) => {
                left = less;
                None
            }
            None => Some(at),
        });
        self.0 = left;
        if let Some(end) = end {
            safe.truncate(end);
            safe.push('\u{2026}');
        }
        (safe, end.is_some())
    }

    /// As [`Self::take`], of at most `bytes` bytes.
    pub fn take_some(&mut self, words: &str, bytes: usize) -> (String, bool) {
        let mut some = Self(bytes.min(self.0));
        let before = some.0;
        let taken = some.take(words);
        self.0 -= before - some.0;
        taken
    }
}

/// What a character takes once the template has escaped it: `&#38;`.
fn html_bytes(c: char) -> usize {
    if matches!(c, '<' | '>' | '&' | '"' | '\'') { 5 } else { c.len_utf8() }
}

#[cfg(test)]
mod tests {
    use counterbell_shared::limits::COMMENT_MAX_CHARS;

    use super::*;

    #[test]
    fn longest_comment_fits_whatever_it_is_made_of() {
        for c in ["<", ".", "\u{1f514}", "&", "\\"] {
            let (safe, cut) = Room::default().take(&c.repeat(COMMENT_MAX_CHARS));
            assert!(!cut, "{c}");
            assert_eq!(safe.matches(c).count(), COMMENT_MAX_CHARS);
        }
    }

    #[test]
    fn words_are_cut_where_the_room_ends() {
        let mut room = Room(9);
        assert_eq!(room.take("a<b"), ("a<b".to_owned(), false));
        assert_eq!(room.take("\u{e9}\u{e9}"), ("\u{e9}\u{2026}".to_owned(), true));
        assert_eq!(room.take("x"), ("\u{2026}".to_owned(), true));
        let mut room = Room(9);
        assert_eq!(room.take_some("abcdef", 4), ("abcd\u{2026}".to_owned(), true));
        assert_eq!(room.take("abcdef"), ("abcde\u{2026}".to_owned(), true));
    }
}
