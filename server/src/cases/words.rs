//! What staff write: notes, reasons, what was done.

use counterbell_shared::text::{is_blank, is_control, trim_unseen};

use super::{Action, Denied};

/// Longest note, reason or action taken, in characters.
pub const NOTE_MAX_CHARS: usize = 4_000;

/// Words as they are stored: without what is not seen around them, line breaks as `\n`, and empty when nothing of them is seen.
///
/// # Errors
/// [`Denied::Control`] or [`Denied::TooLong`].
pub fn read_words(text: &str) -> Result<String, Denied> {
    let text = text.replace("\r\n", "\n");
    let words = if is_blank(&text) { "" } else { trim_unseen(&text) };
    match words.chars().nth(NOTE_MAX_CHARS) {
        _ if words.chars().any(is_control) => Err(Denied::Control),
        Some(_) => Err(Denied::TooLong),
        None => Ok(words.to_owned()),
    }
}

/// What people cannot take out of a text themselves, because no browser shows it: what a form sent, without control characters.
pub fn without_controls(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n").chars().filter(|c| !is_control(*c)).collect()
}

impl Action {
    /// With its words as they are stored.
    pub(super) fn with_words_read(mut self) -> Result<Self, Denied> {
        match &mut self {
            Self::Note { text, .. } => {
                *text = read_words(text)?;
                if text.is_empty() {
                    return Err(Denied::NoWords);
                }
            }
            Self::Resolve { action_taken, .. } => *action_taken = read_words(action_taken)?,
            Self::Assign { reason: text, .. }
            | Self::NotForMe { reason: text }
            | Self::Spoke { text }
            | Self::CustomerAnswered { text } => {
                let words = text.as_deref().map(read_words).transpose()?;
                *text = words.filter(|words| !words.is_empty());
            }
            _ => {}
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_what_is_seen_and_hold_no_control_characters() {
        for (text, read) in [
            (" Rang\r\n\ttwice\u{200b}\u{2060} ", Ok("Rang\n\ttwice")),
            ("\u{200b} \u{2060}\n", Ok("")),
            ("\u{2764}\u{fe0f}", Ok("\u{2764}\u{fe0f}")),
            ("Rang\0twice", Err(Denied::Control)),
            ("\0", Err(Denied::Control)),
            ("Rang\u{1b}[2J", Err(Denied::Control)),
            ("a\u{85}b", Err(Denied::Control)),
        ] {
            assert_eq!(read_words(text).as_deref(), read.as_ref().copied(), "{text:?}");
        }
        assert_eq!(read_words(&"x".repeat(NOTE_MAX_CHARS + 1)), Err(Denied::TooLong));
        assert!(read_words(&"ü".repeat(NOTE_MAX_CHARS)).is_ok());
        assert_eq!(without_controls("\0Rang\rtwice\u{1b}\n"), "Rang\ntwice\n");
    }
}
