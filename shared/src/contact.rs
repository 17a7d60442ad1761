//! How a customer or a member of staff can be written to.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use email_address::EmailAddress as Syntax;
use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use unicode_normalization::UnicodeNormalization;

use crate::limits::EMAIL_MAX_BYTES;

/// What no host's name has, but an underscore: Windows allows one, and mail servers take it.
const NOT_IN_A_NAME: AsciiDenyList = AsciiDenyList::new(true, " !\"#$%&'()*+,/:;<=>?@[\\]^`{|}~");

/// An e-mail address that mail can be sent to, in the one form that mail servers know it by: the domain in ASCII
/// ("A-labels", RFC 5891) and in lower case, so that two ways to write one address are equal.
///
/// The rules are those of the crates that also the mail library uses, less what no mail server takes: quotes before the
/// `@`, an IP address without brackets. A name without a dot is a domain: intranets have such mail servers. Whether
/// somebody reads what is sent there is known only by sending.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What follows the `@`; always ASCII.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// Only mail servers with SMTPUTF8 (RFC 6531) can be handed this address: what stands before the `@` is not ASCII.
    pub fn needs_smtputf8(&self) -> bool {
        !self.0.is_ascii()
    }
}

impl FromStr for EmailAddress {
    type Err = InvalidEmail;

    fn from_str(text: &str) -> Result<Self, InvalidEmail> {
        let (name, domain) = text.trim().rsplit_once('@').ok_or(InvalidEmail::Form)?;
        // RFC 6532 section 3.1: one of the ways to write an accent.
        let name: String = name.nfc().collect();
        if name.starts_with('"') || !Syntax::is_valid_local_part(&name) {
            return Err(InvalidEmail::Name);
        }
        let domain = ascii_domain(domain).ok_or(InvalidEmail::Domain)?;
        let address = format!("{name}@{domain}");
        if address.len() > EMAIL_MAX_BYTES { Err(InvalidEmail::TooLong) } else { Ok(Self(address)) }
    }
}

fn ascii_domain(domain: &str) -> Option<String> {
    // RFC 5321 section 4.1.3.
    if let Some(ip) = domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return match ip.split_at_checked(5) {
            Some((tag, ip)) if tag.eq_ignore_ascii_case("IPv6:") => {
                ip.parse::<Ipv6Addr>().ok().map(|ip| format!("[IPv6:{ip}]"))
            }
            _ => ip.parse::<Ipv4Addr>().ok().map(|ip| format!("[{ip}]")),
        };
    }
    let ascii = Uts46::new().to_ascii(domain.as_bytes(), NOT_IN_A_NAME, Hyphens::CheckFirstLast, DnsLength::Verify);
    let ascii = ascii.ok()?.into_owned();
    // No top-level domain is a number: that is an IP address without its brackets.
    let is_number = ascii.rsplit('.').next().is_some_and(|label| label.bytes().all(|byte| byte.is_ascii_digit()));
    (!is_number && Syntax::is_valid_domain(&ascii)).then_some(ascii)
}

impl From<EmailAddress> for String {
    fn from(email: EmailAddress) -> Self {
        email.0
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Never the address itself: a debug print may end in a log.
impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress(..)")
    }
}

/// What a customer left as their address: an [`EmailAddress`], or what has the form of one.
///
/// A slip such as `ann@gmail.com/` costs nobody their answer: people read what was meant where no program can.
#[derive(Clone, PartialEq, Eq)]
pub struct ContactEmail(String);

impl ContactEmail {
    /// As an [`EmailAddress`] is written; as it was typed, without the space around it, when it is none.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ContactEmail {
    type Err = InvalidEmail;

    fn from_str(text: &str) -> Result<Self, InvalidEmail> {
        let invalid = match text.parse::<EmailAddress>() {
            Ok(email) => return Ok(Self(email.into())),
            Err(invalid) => invalid,
        };
        let text = text.trim();
        let one_word =
            |part: &str| !part.is_empty() && !part.chars().any(|c| c == '@' || c.is_whitespace() || c.is_control());
        let has_form = text.split_once('@').is_some_and(|(name, domain)| one_word(name) && one_word(domain));
        if has_form && text.len() <= EMAIL_MAX_BYTES { Ok(Self(text.to_owned())) } else { Err(invalid) }
    }
}

impl From<ContactEmail> for String {
    fn from(email: ContactEmail) -> Self {
        email.0
    }
}

/// Never the address itself: a debug print may end in a log.
impl fmt::Debug for ContactEmail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ContactEmail(..)")
    }
}

/// Why a text is not an e-mail address; `Display` tells the reader what to do, and never the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidEmail {
    /// No `@`.
    Form,
    /// What stands before the `@`.
    Name,
    /// What follows the `@`.
    Domain,
    /// More than [`EMAIL_MAX_BYTES`].
    TooLong,
}

impl fmt::Display for InvalidEmail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form => f.write_str("not an email address: it looks like name@shop.example"),
            Self::Name => f.write_str(
                "not an email address: what stands before the @ is no name of a mailbox, such as first.last",
            ),
            Self::Domain => f.write_str("not an email address: what follows the @ is no domain, such as shop.example"),
            Self::TooLong => write!(f, "not an email address: it has at most {EMAIL_MAX_BYTES} bytes"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_others() {
        for good in [
            "a@b",
            "staff@shop.example",
            "first.last+tag@mail.shop.example",
            "o'hara/x=y!@mail_host.shop.example",
            "s\u{f8}ren@example.com",
            "a@[127.0.0.1]",
            "a@[IPv6:2001:db8::1]",
            "a@ab--cd.example",
        ] {
            assert_eq!(good.parse::<EmailAddress>().map(String::from).as_deref(), Ok(good));
        }
        for (bad, why) in [
            ("", InvalidEmail::Form),
            ("a", InvalidEmail::Form),
            ("@b", InvalidEmail::Name),
            ("a b@c", InvalidEmail::Name),
            ("a@b@c", InvalidEmail::Name),
            ("a.@b", InvalidEmail::Name),
            ("a..b@c", InvalidEmail::Name),
            ("a\u{202e}@b", InvalidEmail::Name),
            ("a\u{200b}@b", InvalidEmail::Name),
            ("<a@b.example", InvalidEmail::Name),
            ("Ann <a@b.example>", InvalidEmail::Name),
            ("\"a b\"@c", InvalidEmail::Name),
            ("a@", InvalidEmail::Domain),
            ("a@b\r\nBcc: c", InvalidEmail::Domain),
            ("a@b..c", InvalidEmail::Domain),
            ("a@b.example.", InvalidEmail::Domain),
            ("a@b.example/", InvalidEmail::Domain),
            ("a@b.ex/ample", InvalidEmail::Domain),
            ("a@b.example?", InvalidEmail::Domain),
            ("a@b.example>", InvalidEmail::Domain),
            ("a@-b.example", InvalidEmail::Domain),
            ("a@b\u{202e}.example", InvalidEmail::Domain),
            ("a@127.0.0.1", InvalidEmail::Domain),
            ("a@[127.0.0.256]", InvalidEmail::Domain),
            ("a@[2001:db8::1]", InvalidEmail::Domain),
            ("a@[x>y]", InvalidEmail::Domain),
        ] {
            assert_eq!(bad.parse::<EmailAddress>(), Err(why), "{bad:?}");
        }
        for (name, domain) in [("n".repeat(65), "b".to_owned()), ("n".to_owned(), "d".repeat(64))] {
            assert!(format!("{name}@{domain}").parse::<EmailAddress>().is_err(), "{name}@{domain}");
        }
        let long = format!("{}@{}.example", "n".repeat(64), ["d"; 100].join("."));
        assert_eq!(long.parse::<EmailAddress>(), Err(InvalidEmail::TooLong));
    }

    #[test]
    fn one_address_is_written_in_one_way() {
        for written in ["Ann@B\u{fc}cher.Example", " Ann@xn--bcher-kva.example", "Ann@bu\u{308}cher\u{3002}example\n"] {
            assert_eq!(written.parse::<EmailAddress>().unwrap().as_str(), "Ann@xn--bcher-kva.example");
        }
        assert_eq!("e\u{301}@b".parse::<EmailAddress>(), "\u{e9}@b".parse());
        assert_ne!("Ann@b".parse::<EmailAddress>(), "ann@b".parse(), "two mailboxes, if the mail server says so");
    }

    #[test]
    fn only_the_part_before_the_at_needs_smtputf8() {
        let needs = |text: &str| text.parse::<EmailAddress>().unwrap().needs_smtputf8();
        assert!(needs("s\u{f8}ren@example.com") && !needs("soren@b\u{fc}cher.example"));
    }

    #[test]
    fn customers_slip_is_kept_as_it_was_typed() {
        for (typed, kept) in [
            (" ann@gmail.com/ ", "ann@gmail.com/"),
            ("ann@gmail.com.", "ann@gmail.com."),
            ("ann.@docomo.example", "ann.@docomo.example"),
            ("ann\u{202e}@gmail.com", "ann\u{202e}@gmail.com"),
            ("Ann@B\u{fc}cher.example", "Ann@xn--bcher-kva.example"),
        ] {
            assert_eq!(typed.parse::<ContactEmail>().unwrap().as_str(), kept);
        }
        let long = format!("ann@{}/", "d".repeat(EMAIL_MAX_BYTES));
        for none in ["", "ann", "@gmail.com", "ann@", "a b@c/", "a@b@c", "a@b/\r\nBcc: c", "a@b/,c@d", &long] {
            assert!(none.parse::<ContactEmail>().is_err(), "{none:?}");
        }
    }

    #[test]
    fn debug_print_hides_the_address() {
        let (address, contact) = ("staff@shop.example".parse::<EmailAddress>(), "a@b/".parse::<ContactEmail>());
        assert_eq!(format!("{address:?} {contact:?}"), "Ok(EmailAddress(..)) Ok(ContactEmail(..))");
    }
}
