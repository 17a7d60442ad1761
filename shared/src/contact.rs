//! How a customer or a member of staff can be written to.

use std::fmt;
use std::str::FromStr;

use crate::limits::EMAIL_MAX_BYTES;

/// An e-mail address that a mail server can be handed: one `@`, a dotted or local domain, no spaces or controls.
///
/// Deliberately laxer than RFC 5322 in spirit and stricter in form (no comments, no quoted local part): whether an
/// address works is known only by writing to it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What follows the `@`.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

impl FromStr for EmailAddress {
    type Err = InvalidEmail;

    fn from_str(text: &str) -> Result<Self, InvalidEmail> {
        let text = text.trim();
        let (local, domain) = text.rsplit_once('@').ok_or(InvalidEmail)?;
        let atom = |c: char| !c.is_control() && !c.is_whitespace() && !"@<>()[],;:\\\"".contains(c);
        let dotted = |part: &str| part.split('.').all(|label| !label.is_empty() && label.chars().all(atom));
        if text.len() > EMAIL_MAX_BYTES || local.len() > 64 || !dotted(local) || !dotted(domain) {
            return Err(InvalidEmail);
        }
        Ok(Self(text.to_owned()))
    }
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

/// The text is not an e-mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidEmail;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_others() {
        for good in ["a@b", "staff@shop.example", "first.last+tag@mail.shop.example", "søren@søster.example"] {
            assert_eq!(good.parse::<EmailAddress>().unwrap().as_str(), good);
        }
        for bad in ["", "a", "@b", "a@", "a b@c", "a@b\r\nBcc: c@d", "a@b@c", "a@b..c", "<a@b>", "a.@b", "a@b,c@d"] {
            assert_eq!(bad.parse::<EmailAddress>(), Err(InvalidEmail), "{bad:?}");
        }
    }

    #[test]
    fn debug_print_hides_the_address() {
        let address: EmailAddress = "staff@shop.example".parse().unwrap();
        assert_eq!(format!("{address:?}"), "EmailAddress(..)");
    }
}
