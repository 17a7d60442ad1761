//! Why a mail server did not take a mail.

use std::fmt;
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::Error as LettreError;

/// Replies 530, 534, 535 and 538 ask for a login, or another one (RFC 4954 section 6): the operator's to mend, and no word
/// about the mail.
const LOGIN_CODES: [u16; 4] = [530, 534, 535, 538];
/// Of a reply that goes on and on, this many characters are kept.
const REPLY_MAX_CHARS: usize = 300;

/// What was being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Finding and reaching the host.
    Connect,
    /// Waiting for its greeting, and its answer to ours.
    Greet,
    /// Beginning encryption.
    Encrypt,
    /// Logging in.
    LogIn,
    /// Naming the sender (MAIL FROM).
    Sender,
    /// Naming a recipient (RCPT TO).
    Recipient,
    /// Handing the message over (DATA).
    Message,
}

/// A mail was not taken. `Display` is one readable line without any address.
#[derive(Debug)]
pub struct SmtpError {
    step: Step,
    cause: Cause,
    /// Whom the mail is from and to.
    people: Vec<String>,
}

#[derive(Debug)]
enum Cause {
    Silence(Duration),
    Io(std::io::Error),
    Tls(native_tls::Error),
    Said(LettreError),
    NoUtf8,
    OutOfTurn,
}

impl SmtpError {
    const fn new(step: Step, cause: Cause) -> Self {
        Self { step, cause, people: Vec::new() }
    }

    pub(super) fn out_of_turn(step: Step) -> Self {
        Self::new(step, Cause::OutOfTurn)
    }

    pub(super) fn no_utf8(step: Step) -> Self {
        Self::new(step, Cause::NoUtf8)
    }

    pub(super) fn silence(step: Step, waited: Duration) -> Self {
        Self::new(step, Cause::Silence(waited))
    }

    pub(super) fn io(step: Step, error: std::io::Error) -> Self {
        Self::new(step, Cause::Io(error))
    }

    pub(super) fn tls(step: Step, error: native_tls::Error) -> Self {
        Self::new(step, Cause::Tls(error))
    }

    pub(super) fn said(step: Step, error: LettreError) -> Self {
        Self::new(step, Cause::Said(error))
    }

    /// Keeps these people's names out of what is shown.
    pub(super) fn hiding<'a>(mut self, people: impl IntoIterator<Item = &'a Address>) -> Self {
        for user in people.into_iter().map(Address::user) {
            let user = user.trim_matches('"');
            // `ann+shop` is Ann's mailbox, too.
            self.people
                .extend([Some(user), user.split_once('+').map(|(user, _)| user)].into_iter().flatten().map(Into::into));
        }
        self
    }

    /// What was being done.
    pub fn step(&self) -> Step {
        self.step
    }

    /// Whether no reply came in time.
    pub fn is_silence(&self) -> bool {
        matches!(self.cause, Cause::Silence(_))
    }

    /// Whether it is about certificates or encryption.
    pub fn is_about_tls(&self) -> bool {
        matches!(self.cause, Cause::Tls(_))
    }

    /// Whether the mail server refuses this message for good (5xx, RFC 5321 section 4.2.1). A refusal before there was
    /// talk of the message, or of the login, is the operator's to mend: then it is worth trying again.
    pub fn is_permanent(&self) -> bool {
        let error = match &self.cause {
            Cause::Said(error) => error,
            Cause::NoUtf8 => return true,
            Cause::Silence(_) | Cause::Io(_) | Cause::Tls(_) | Cause::OutOfTurn => return false,
        };
        let about_message = matches!(self.step, Step::Sender | Step::Recipient | Step::Message);
        let about_login = error.status().is_some_and(|code| LOGIN_CODES.contains(&u16::from(code)));
        about_message && error.is_permanent() && !about_login
    }
}

impl fmt::Display for SmtpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.cause, self.step) {
            (Cause::Silence(waited), Step::Connect) => {
                write!(f, "the mail server could not be reached in {} s", waited.as_secs())
            }
            (Cause::Silence(waited), step) => {
                write!(f, "the mail server did not answer in {} s ({})", waited.as_secs(), step.doing())
            }
            (Cause::NoUtf8, step) => {
                write!(f, "{}: it takes no addresses outside ASCII (SMTPUTF8)", step.doing())
            }
            (Cause::OutOfTurn, step) => {
                write!(f, "{}: it gave a reply that does not belong to what was asked", step.doing())
            }
            // Some servers repeat what they were sent, and that was the password.
            (Cause::Said(error), Step::LogIn) if error.status().is_some() => {
                let code = error.status().map(u16::from).unwrap_or_default();
                write!(f, "{}: refused ({code})", Step::LogIn.doing())
            }
            (Cause::Io(error), step) => write!(f, "{}: {error}", step.doing()),
            (Cause::Tls(error), step) => write!(f, "{}: {}", step.doing(), readable(&error.to_string(), &self.people)),
            (Cause::Said(error), step) => write!(f, "{}: {}", step.doing(), readable(&error.to_string(), &self.people)),
        }
    }
}

impl std::error::Error for SmtpError {}

impl Step {
    const fn doing(self) -> &'static str {
        match self {
            Self::Connect => "connecting to the mail server",
            Self::Greet => "waiting for the mail server's greeting",
            Self::Encrypt => "encrypting the connection to the mail server",
            Self::LogIn => "logging in to the mail server",
            Self::Sender => "naming the sender to the mail server",
            Self::Recipient => "naming the recipient to the mail server",
            Self::Message => "handing the message to the mail server",
        }
    }
}

/// On one line, of readable length, and without addresses: it is kept, shown and logged.
fn readable(text: &str, people: &[String]) -> String {
    let text = people.iter().fold(text.to_owned(), |text, name| without(&text, name));
    let words = text.split_whitespace().map(|word| if word.contains('@') { "<address>" } else { word });
    let line = words.collect::<Vec<_>>().join(" ");
    line.chars().filter(|c| !c.is_control()).take(REPLY_MAX_CHARS).collect()
}

/// Without this name, in any case, where it stands alone.
fn without(text: &str, name: &str) -> String {
    let lower = |text: &str| text.chars().map(|c| c.to_lowercase().next().unwrap_or(c)).collect::<Vec<_>>();
    let (letters, text, name): (Vec<_>, _, _) = (text.chars().collect(), lower(text), lower(name));
    let (mut kept, mut at) = (String::new(), 0);
    while at < letters.len() {
        let before = letters[..at].last().is_some_and(|c| c.is_alphanumeric());
        let after = letters.get(at + name.len()).is_some_and(|c| c.is_alphanumeric());
        if !name.is_empty() && !before && !after && text[at..].starts_with(&name) {
            kept.push_str("<address>");
            at += name.len();
        } else {
            kept.push(letters[at]);
            at += 1;
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_kept_without_addresses() {
        assert_eq!(
            readable("permanent error (550): 5.1.1 <ann@shop.example>: unknown\r\nSee http://x/?a=b@c here", &[]),
            "permanent error (550): 5.1.1 <address> unknown See <address> here"
        );
        assert_eq!(readable(&"x".repeat(1_000), &[]).len(), REPLY_MAX_CHARS);
    }

    #[test]
    fn names_of_the_mails_people_are_not_kept_however_they_are_written() {
        for (address, reply, kept) in [
            ("ann@shop.example", "user ann at shop.example unknown", "user <address> at shop.example unknown"),
            ("ann@shop.example", "<Ann>: unknown", "<<address>>: unknown"),
            ("ann@shop.example", "no mailbox ANN.", "no mailbox <address>."),
            (
                "ann@shop.example",
                "ann%shop.example, ann=shop.example",
                "<address>%shop.example, <address>=shop.example",
            ),
            ("ann@shop.example", "announced: not in planning", "announced: not in planning"),
            ("ann.lee+shop@shop.example", "ann.lee unknown", "<address> unknown"),
            ("ann.lee+shop@shop.example", "'ann.lee+shop' unknown", "'<address>' unknown"),
            ("\"ann lee\"@shop.example", "\"ann lee\" unknown", "\"<address>\" unknown"),
            ("änne@shop.example", "ÄNNE unknown", "<address> unknown"),
        ] {
            let error = SmtpError::no_utf8(Step::Recipient).hiding([&address.parse().unwrap()]);
            assert_eq!(readable(reply, &error.people), kept, "{address}");
        }
    }

    #[test]
    fn silence_says_how_long_it_lasted() {
        let error = SmtpError::silence(Step::Sender, Duration::from_secs(20));
        assert!(error.to_string().starts_with("the mail server did not answer in 20 s"), "{error}");
        assert!(error.is_silence() && !error.is_permanent());
    }
}
