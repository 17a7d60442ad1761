//! The lines above a mail's text.

use std::fmt::{self, Write};

use counterbell_shared::EmailAddress;
use email_encoding::headers::rfc2047;
use email_encoding::headers::writer::EmailWriter;
use lettre::message::header::{HeaderName, HeaderValue};

/// The subject. One that looks like an encoded word (RFC 2047), such as `=?utf-8?q?x?=`, is encoded as a whole: else mail
/// programs show what it stands for, and not what it is.
pub fn subject(text: String) -> HeaderValue {
    let name = HeaderName::new_from_ascii_str("Subject");
    if !looks_encoded(&text) {
        return HeaderValue::new(name, text);
    }
    let encoded = write(&name, |writer| rfc2047::encode(&text, writer));
    HeaderValue::dangerous_new_pre_encoded(name, text, encoded)
}

/// Whom the mail is from: `"Bramble & Oak" <bell@shop.example>`.
pub fn from(name: &str, address: &EmailAddress) -> HeaderValue {
    let header = HeaderName::new_from_ascii_str("From");
    let is_plain = name.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) && !looks_encoded(name);
    let encoded = write(&header, |writer| {
        if is_plain {
            let quoted = name.replace('\\', r"\\").replace('"', "\\\"");
            writer.write_char('"')?;
            writer.folding().write_str(&quoted)?;
            writer.write_char('"')?;
        } else {
            rfc2047::encode(name, writer)?;
        }
        writer.space();
        write!(writer, "<{address}>")
    });
    // The library reads the raw value only to see that there is an address.
    HeaderValue::dangerous_new_pre_encoded(header, address.to_string(), encoded)
}

/// A header of ours with nothing to encode.
pub fn fixed(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

fn looks_encoded(text: &str) -> bool {
    text.contains("=?")
}

fn write(name: &HeaderName, write: impl FnOnce(&mut EmailWriter<'_>) -> fmt::Result) -> String {
    let mut encoded = String::new();
    let written = write(&mut EmailWriter::new(&mut encoded, name.len() + ": ".len(), 0, false));
    written.expect("writing to memory does not fail");
    encoded
}

#[cfg(test)]
mod tests {
    use lettre::message::header::Headers;

    use super::*;

    fn line(value: HeaderValue) -> String {
        let mut headers = Headers::new();
        headers.insert_raw(value);
        headers.to_string()
    }

    #[test]
    fn sender_is_named_in_plain_text_where_that_will_do() {
        let address = "bell@shop.example".parse().unwrap();
        for (name, head) in [
            ("Bramble & Oak", "From: \"Bramble & Oak\" <bell@shop.example>\r\n"),
            (r#"A\B "C" <d@e.f>"#, "From: \"A\\\\B \\\"C\\\" <d@e.f>\" <bell@shop.example>\r\n"),
            ("B\u{e4}r", "From: =?utf-8?b?QsOkcg==?= <bell@shop.example>\r\n"),
            ("=?utf-8?q?x?=", "From: =?utf-8?b?PT91dGYtOD9xP3g/PQ==?= <bell@shop.example>\r\n"),
            ("a\r\nBcc: b@c.example", "From: =?utf-8?b?YQ0KQmNjOiBiQGMuZXhhbXBsZQ==?= <bell@shop.example>\r\n"),
        ] {
            assert_eq!(line(from(name, &address)), head);
        }
        let long = line(from(&["name"; 25].join(" "), &address));
        assert!(long.lines().count() > 1 && long.lines().all(|line| line.len() <= 100), "{long}");
    }

    #[test]
    fn subject_is_shown_as_it_is() {
        for (text, head) in [
            ("Unhappy [Bramble & Oak]", "Subject: Unhappy [Bramble & Oak]\r\n"),
            ("=?utf-8?q?x?=", "Subject: =?utf-8?b?PT91dGYtOD9xP3g/PQ==?=\r\n"),
        ] {
            assert_eq!(line(subject(text.to_owned())), head);
        }
    }
}
