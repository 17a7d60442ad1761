//! Makes words of others harmless in a mail.

/// Not seen, but no mail program takes what it joins for an address or a link.
const WORD_JOINER: char = '\u{2060}';

/// The same to read, without anything a mail program would turn into a link: a word joiner stands before every `:`,
/// `.`, `@` and `\` that has no white space behind it. Escaping for HTML is the template's work.
pub fn defang(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 16);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if matches!(c, ':' | '.' | '@' | '\\') && chars.peek().is_some_and(|next| !next.is_whitespace()) {
            safe.push(WORD_JOINER);
        }
        safe.push(c);
    }
    safe
}

/// For a text that is to be copied, or looked for: as it is, unless a mail program could take a part of it for a link.
pub fn defang_link(text: String) -> String {
    if looks_like_link(&text) { defang(&text) } else { text }
}

/// Whether a mail program could take a part of `text` for a link or an address. A *name* is the longest run of letters,
/// digits, `-`, `_` and `.` that begins and ends with a letter or digit. These could be taken for one:
///
/// - `://` behind a letter or digit: `https://x`
/// - a name that begins with `www.`
/// - a name whose last part is a top-level domain (IANA's list): `evil.com`, also in `evil.com/x` and `ann@evil.com`
/// - a name with a dot whose last part begins with a letter, behind an `@` that has no white space before it: `a@b.c`
/// - `\\` before a letter or digit: `\\server\share`
fn looks_like_link(text: &str) -> bool {
    let behind = |mark: &str, is_link: fn(Option<char>, &str) -> bool| {
        text.match_indices(mark).any(|(at, _)| is_link(text[..at].chars().next_back(), &text[at + mark.len()..]))
    };
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    text.split(|c| !is_name(c)).any(is_host)
        || behind("://", |before, _| before.is_some_and(char::is_alphanumeric))
        || behind("\\\\", |_, after| after.starts_with(char::is_alphanumeric))
        || behind("@", |before, after| {
            let domain =
                after.split(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '.'))).next().unwrap_or_default();
            let last = domain.trim_end_matches(['-', '.']).rsplit_once('.').map(|(_, last)| last);
            before.is_some_and(|c| !c.is_whitespace()) && last.is_some_and(|last| last.starts_with(char::is_alphabetic))
        })
}

fn is_host(name: &str) -> bool {
    let Some((first, last)) = name.trim_matches(['-', '_', '.']).rsplit_once('.') else { return false };
    let top_level = idna::domain_to_ascii(last).is_ok_and(|last| tld::exist(&last));
    top_level || first.split('.').next().is_some_and(|first| first.eq_ignore_ascii_case("www"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_addresses_are_broken_up() {
        for (text, safe) in [
            ("see http://evil.example/x", "see http\u{2060}://evil\u{2060}.example/x"),
            ("www.evil.example", "www\u{2060}.evil\u{2060}.example"),
            ("a@b.example", "a\u{2060}@b\u{2060}.example"),
            ("javascript:alert(1)", "javascript\u{2060}:alert(1)"),
            (r"\\evil\x", "\u{2060}\\\u{2060}\\evil\u{2060}\\x"),
        ] {
            assert_eq!(defang(text), safe);
        }
    }

    #[test]
    fn prose_is_left_alone() {
        let prose = "Late. Cold: no. Again!\nNever @ noon.";
        assert_eq!(defang(prose), prose);
    }

    #[test]
    fn reference_is_no_link() {
        for text in [
            "A-1001",
            "INV.2026:0042",
            "INV.2026/0042",
            "shop.berlin-12",
            "store.north",
            "2026.11.25",
            "v1.2.3",
            "SKU:12:ab",
            "C:\\till.1",
            "Dr. Smith, 3rd floor",
            "M\u{fc}ller.Stra\u{df}e",
            "5 @ 2.50",
            "5@2.50",
            "till@north",
            "@north",
            "://b",
            "wwwshop.1",
            ".com",
            "com.",
            "e.g.",
            "Bramble & Oak",
        ] {
            assert_eq!(defang_link(text.to_owned()), text);
        }
    }

    #[test]
    fn what_a_mail_program_would_link_is_broken_up() {
        for text in [
            "https://evil.example",
            "see ftp://10.0.0.1",
            "www.evil",
            "(WWW.evil)",
            "evil.com",
            "EVIL.CO.UK",
            "evil.com.",
            "pay at evil.com/x?y",
            "evil.com:8080",
            "shop.berlin",
            "_evil.com_",
            "\u{43f}\u{440}\u{438}\u{43c}\u{435}\u{440}.\u{440}\u{444}",
            "evil.xn--p1ai",
            "ann@evil.com",
            "a@b.c",
            "<a@b.c>",
            "\\\\server\\share",
        ] {
            assert_eq!(defang_link(text.to_owned()), defang(text));
            assert_ne!(defang(text), text);
        }
    }
}
