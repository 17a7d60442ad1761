//! Why a mail cannot be written.

use counterbell_shared::contact::InvalidEmail;

/// A mail cannot be written. `Display` says why and never names the address, which the outbox message holds.
///
/// Trying again does not help: what the mail is made of is stored. Only [`Self::NeedsSmtpUtf8`] ends when another mail
/// server is used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailBuildError {
    /// The recipient's address is none; an earlier version took more.
    #[error("the recipient's address cannot be used: {0}")]
    Recipient(InvalidEmail),
    /// What stands before the `@` is not ASCII, and the mail server takes only ASCII there.
    #[error("the {0}'s address has letters outside ASCII before the @, and the mail server does not offer SMTPUTF8")]
    NeedsSmtpUtf8(Party),
    /// No response of ours has such values.
    #[error("the stored response is corrupt")]
    CorruptResponse,
    /// No case of ours has such values.
    #[error("the stored case is corrupt")]
    CorruptCase,
    /// What the libraries say that write it: a fault of ours.
    #[error("the mail cannot be written: {0}")]
    Unwritable(String),
}

/// Whose address it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// `--mail-from`.
    Sender,
    /// The site's.
    Recipient,
}

impl std::fmt::Display for Party {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Sender => "sender",
            Self::Recipient => "recipient",
        })
    }
}
