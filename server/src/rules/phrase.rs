//! Words that a rule looks for in what a customer wrote.

use counterbell_shared::answers::Answers;
use serde::Serialize;

use crate::comment_words::{Piece, cut_pieces, is_east_asian};

/// A word, or several in this order with nothing but signs between them; `refund*` stands for all words that begin
/// like it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phrase {
    text: String,
    /// As [`Words`] has them; what ends in `*` lacks the space at the end.
    pieces: String,
}

impl Phrase {
    /// `None` when no word is in it.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let mut pieces = String::new();
        add_pieces(text, &mut pieces);
        if text.ends_with('*') {
            pieces.truncate(pieces.trim_end().len());
        }
        (!pieces.trim().is_empty()).then(|| Self { text: text.to_owned(), pieces })
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the customer wrote it.
    pub fn is_in(&self, words: &Words) -> bool {
        words.0.contains(&self.pieces)
    }
}

impl Serialize for Phrase {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

/// All that a customer wrote: the pieces of each text between spaces, without case and accents, a line a text.
pub struct Words(String);

impl Words {
    /// Those of the comment, and of what was written beside the choices.
    pub fn new(comment: Option<&str>, answers: Option<&Answers>) -> Self {
        let others = answers.into_iter().flat_map(Answers::iter).filter_map(|(_, answer)| answer.other.as_ref());
        let mut pieces = String::new();
        for text in comment.into_iter().chain(others.map(|other| other.as_str())) {
            add_pieces(text, &mut pieces);
            pieces.push('\n');
        }
        Self(pieces)
    }
}

fn add_pieces(text: &str, pieces: &mut String) {
    // Single characters, not the index's pairs: a phrase is found wherever it begins.
    let is_unspaced = |c| is_east_asian(c) || is_south_east_asian(c);
    pieces.push(' ');
    cut_pieces(text, is_unspaced, |piece| {
        match piece {
            Piece::Word(word) => pieces.push_str(word),
            Piece::Char { char, .. } => pieces.push(char),
        }
        pieces.push(' ');
    });
}

/// Thai, Lao, Burmese and Khmer.
fn is_south_east_asian(c: char) -> bool {
    matches!(c, '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_in(phrase: &str, comment: &str) -> bool {
        Phrase::new(phrase).unwrap().is_in(&Words::new(Some(comment), None))
    }

    #[test]
    fn words_are_found_whole_in_any_case_and_accent() {
        for (phrase, comment) in [
            ("refund", "I want a REFUND!"),
            ("Café", "the cafe was cold"),
            ("cafe", "the CAF\u{c9} was cold"),
            ("dont", "I don’t know"),
            ("e-mail", "no E Mail came"),
            ("refund*", "refunded?"),
            ("money back", "my money, back"),
            ("Geld zur*", "Geld zurück"),
        ] {
            assert!(is_in(phrase, comment), "{phrase} in {comment}");
        }
        for (phrase, comment) in [
            ("refund", "refunded"),
            ("fund", "refund"),
            ("fund*", "refund"),
            ("money back", "back money"),
            ("money back", "money came back"),
            ("money back", "money backs"),
        ] {
            assert!(!is_in(phrase, comment), "{phrase} in {comment}");
        }
    }

    #[test]
    fn any_part_is_found_in_scripts_without_spaces() {
        for (phrase, comment) in [
            ("返金", "早く返金してください"),
            ("返金 対応", "返金対応が悪い"),
            ("遅", "配達が遅"),
            ("A店", "本日A店員が"),
            ("คืนเงิน", "ฉันต้องการคืนเงินค่ะ"),
            ("退款", "我要求退款。"),
        ] {
            assert!(is_in(phrase, comment), "{phrase} in {comment}");
        }
        assert!(!is_in("返金", "金返"));
        assert!(!is_in("返金", "返って金"));
    }

    #[test]
    fn long_text_without_spaces_is_searched_to_its_end() {
        assert!(is_in("คืนเงิน", &format!("{}คืนเงิน", "ก".repeat(200))));
    }

    #[test]
    fn words_beside_the_choices_count_and_texts_do_not_run_together() {
        let answers = Answers::from_json(r#"{"reasons":{"other":"My Lawyer"},"z":{"other":"calls"}}"#).unwrap();
        let words = Words::new(Some("Money"), Some(&answers));
        let is_in = |phrase| Phrase::new(phrase).unwrap().is_in(&words);
        assert!(is_in("lawyer") && is_in("money"));
        assert!(!is_in("money my") && !is_in("lawyer calls") && !is_in("money*my"));
    }

    #[test]
    fn signs_alone_are_no_phrase() {
        for text in ["", "*", " ?! ", "👍"] {
            assert_eq!(Phrase::new(text), None, "{text:?}");
        }
    }
}
