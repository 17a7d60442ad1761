//! Half a character in JSON.

use actix_web::web::Bytes;

/// JSON in which a `\uD800` to `\uDFFF` that is half of a pair stands for U+FFFD: JavaScript writes such halves where a text
/// was cut in the middle of an emoji (ECMA-262, `JSON.stringify`), and no character is what they stand for (RFC 8259
/// section 8.2). The words around them must not be lost.
pub fn without_half_characters(json: Bytes) -> Bytes {
    if !json.windows(3).any(|part| matches!(part, [b'\\', b'u', b'd' | b'D'])) {
        return json;
    }
    let mut whole = Vec::with_capacity(json.len());
    let mut at = 0;
    while let Some(&byte) = json.get(at) {
        let taken = match (byte, escaped(&json, at), escaped(&json, at + 6)) {
            (b'\\', Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (b'\\', Some(0xd800..=0xdfff), _) => {
                whole.extend_from_slice(b"\\ufffd");
                at += 6;
                continue;
            }
            (b'\\', ..) => 2,
            _ => 1,
        };
        let end = (at + taken).min(json.len());
        whole.extend_from_slice(&json[at..end]);
        at = end;
    }
    whole.into()
}

/// The number in `\uXXXX` at this place.
fn escaped(json: &[u8], at: usize) -> Option<u16> {
    let digits = json.get(at..at + 6)?.strip_prefix(b"\\u")?;
    let digits = digits.iter().all(u8::is_ascii_hexdigit).then_some(digits)?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_replaced_and_all_else_stays() {
        for (given, whole) in [
            (r#"{"a":"\ud83d"}"#, r#"{"a":"\ufffd"}"#),
            (r#"{"a":"\uD83D\uDE00"}"#, r#"{"a":"\uD83D\uDE00"}"#),
            (r#"{"a":"x\ude00y"}"#, r#"{"a":"x\ufffdy"}"#),
            (r#"{"a":"\ud83d\ud83d\ude00"}"#, r#"{"a":"\ufffd\ud83d\ude00"}"#),
            (r#"{"a":"\\ud83d"}"#, r#"{"a":"\\ud83d"}"#),
            (r#"{"a":"\ud83"}"#, r#"{"a":"\ud83"}"#),
            (r#"{"a":"\ud83d\"#, r#"{"a":"\ufffd\"#),
            ("\\ud8", "\\ud8"),
        ] {
            assert_eq!(without_half_characters(Bytes::from(given)), whole, "{given}");
        }
    }
}
