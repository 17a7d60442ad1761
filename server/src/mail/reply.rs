//! Whether a reply to a mail reaches whoever answered.

use counterbell_shared::EmailAddress;

use super::defang::defang;
use super::letter::Block;
use super::texts::{Language, Voice};
use super::visible::{isolated, visible};

/// Whether a reply to the mail reaches whoever wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// They left no address, or did not agree.
    No,
    /// It goes to this address.
    To(EmailAddress),
    /// This mail server cannot send there: what stands before the `@` is not ASCII.
    NeedsSmtpUtf8(String),
    /// They left this as an address, and mail cannot be sent to it: harmless text.
    Unusable(String),
}

impl Reply {
    /// What was stored need not be an address: the customer typed it, and an earlier version took more. An address is stored
    /// only with consent.
    pub fn of(contact: Option<&str>, smtputf8: bool) -> Self {
        let Some(contact) = contact else { return Self::No };
        match contact.parse::<EmailAddress>() {
            Ok(address) if address.needs_smtputf8() && !smtputf8 => {
                Self::NeedsSmtpUtf8(isolated(visible(address.as_str())))
            }
            Ok(address) => Self::To(address),
            Err(_) => Self::Unusable(isolated(defang(&visible(contact)))),
        }
    }

    /// Whom `Reply-To` names.
    pub fn address(&self) -> Option<&EmailAddress> {
        if let Self::To(address) = self { Some(address) } else { None }
    }

    /// What the mail says of it.
    pub fn notice(&self, language: Language, voice: &Voice) -> Option<Block> {
        let (text, address) = match self {
            Self::No => return None,
            Self::To(_) => {
                return Some(Block::Notice { text: voice.reply.to_owned(), then: voice.reply_now, good: true });
            }
            Self::NeedsSmtpUtf8(address) => (voice.needs_smtputf8, address),
            Self::Unusable(address) => (voice.unusable, address),
        };
        let text = language.fill(text, &[("address", address)]);
        Some(Block::Notice { text, then: voice.no_reply, good: false })
    }
}
