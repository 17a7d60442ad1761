//! Mail: what it says, and how it leaves.

mod alert;
mod build_error;
mod defang;
mod facts;
mod handover;
mod head;
mod mailer;
mod number;
mod smtp;
mod visible;

pub use alert::{AlertContent, alert_mail};
pub use build_error::{MailBuildError, Party};
pub use handover::Handover;
pub use mailer::{Mailer, MailerError, SendError, delete_files};
pub use number::message_number;
pub use smtp::{SmtpError, Step};
