//! Mail: what it says, and how it leaves.

mod alert;
mod answered;
mod build_error;
mod case;
mod compose;
mod defang;
mod group;
mod head;
mod lane;
mod letter;
mod links;
mod lookups;
mod mailer;
mod marks;
mod number;
mod people;
mod reply;
#[cfg(test)]
mod samples;
mod silence;
mod smtp;
#[cfg(test)]
mod snapshots;
mod texts;
mod visible;
mod why;
mod words;

pub use alert::{ALERT_MAIL, AlertMail};
pub use build_error::{MailBuildError, Party};
pub use case::CaseMail;
pub use group::GroupMail;
pub use lane::MAIL_LANE;
pub use links::MailLinks;
pub use mailer::{Mailer, MailerError, SendError, delete_files};
pub use number::message_number;
pub use silence::{Fall, Noticed, TOUCHPOINT_MAIL, TouchpointMail, TouchpointPayload};
pub use smtp::{SmtpError, Step};
