//! Shows what cannot be seen, and keeps words from turning the text around them.

use icu_properties::props::{BidiClass, DefaultIgnorableCodePoint};
use icu_properties::{CodePointMapData, CodePointSetData};

use super::defang::defang_link;

/// The same to read, on one line: a character that is invisible, or turns the direction of the text around it, is shown
/// as its code point, such as `[U+202E]`.
///
/// Left alone is what a script or an emoji is written with: joiners and variation selectors behind a character outside
/// ASCII, as in Persian words, and the one of a keycap.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut before = ' ';
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let keycap = c == '\u{fe0f}' && chars.peek() == Some(&'\u{20e3}');
        if is_seen(c) || keycap || belongs_to(c, before) {
            shown.push(c);
            before = c;
        } else {
            shown.push_str(&format!("[U+{:04X}]", u32::from(c)));
            before = ']';
        }
    }
    shown
}

/// Default_Ignorable_Code_Point (UAX 44) holds what is invisible by itself: joiners, directions, fillers, tags. It lacks
/// line separators, the marks of annotations and an empty pattern of dots.
fn is_seen(c: char) -> bool {
    let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c);
    !ignorable && !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{2800}' | '\u{fff9}'..='\u{fffb}')
}

fn belongs_to(c: char, before: char) -> bool {
    let joins = |c| matches!(c, '\u{200c}' | '\u{200d}');
    let varies = |c| matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}');
    let may_follow = if varies(c) { !varies(before) } else { joins(c) };
    may_follow && !joins(before) && !before.is_ascii() && !before.is_whitespace()
}

/// The same between isolates (UAX 9) when it holds letters that are written from the right: then it does not reorder what
/// stands beside it. A text without such letters stays byte for byte what it is.
pub fn isolated(text: String) -> String {
    let class = CodePointMapData::<BidiClass>::new();
    let from_the_right = |c| matches!(class.get(c), BidiClass::RightToLeft | BidiClass::ArabicLetter);
    if text.chars().any(from_the_right) { format!("\u{2068}{text}\u{2069}") } else { text }
}

/// A text of one line, to be read, copied and filtered: as it is, unless it is not what it looks like.
pub fn shown(text: &str) -> String {
    isolated(defang_link(visible(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_named() {
        for (text, shown) in [
            ("store\u{202e}gnp.exe", "store[U+202E]gnp.exe"),
            ("\u{200b}", "[U+200B]"),
            ("a\u{2066}b\u{2069}", "a[U+2066]b[U+2069]"),
            ("che\u{ad}ck\u{200d}out\u{fe0f}", "che[U+00AD]ck[U+200D]out[U+FE0F]"),
            ("a\u{2028}b\tc", "a[U+2028]b[U+0009]c"),
            ("\u{3164}\u{2800}", "[U+3164][U+2800]"),
            ("caf\u{e9}\u{200d}\u{200d}\u{e0041}", "caf\u{e9}\u{200d}[U+200D][U+E0041]"),
        ] {
            assert_eq!(visible(text), shown);
        }
    }

    #[test]
    fn what_people_write_stays_as_it_is() {
        for text in [
            "Bramble & Oak, store-12",
            "K\u{e4}se \u{1f9c0} \u{2764}\u{fe0f}\u{200d}\u{1f525} 1\u{fe0f}\u{20e3}",
            "\u{1f469}\u{1f3fd}\u{200d}\u{1f373}",
            "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}",
            "\u{95a2}\u{6771}\u{3000}\u{8fbb}\u{e0100}",
            "e\u{301}",
        ] {
            assert_eq!(visible(text), text);
        }
    }

    #[test]
    fn words_written_from_the_right_stand_apart() {
        for (text, apart) in [
            ("store-12 \u{e9}\u{95a2} 1\u{fe0f}", "store-12 \u{e9}\u{95a2} 1\u{fe0f}"),
            ("\u{5d0} 2", "\u{2068}\u{5d0} 2\u{2069}"),
            ("a \u{645}", "\u{2068}a \u{645}\u{2069}"),
        ] {
            assert_eq!(isolated(text.to_owned()), apart);
        }
    }
}
