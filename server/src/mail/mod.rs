//! Mail: what it says, and how it leaves.

mod alert;
mod build_error;
mod defang;
mod facts;
mod head;
mod lane;
mod mailer;
mod number;
mod smtp;
mod visible;

pub use alert::{ALERT_MAIL, AlertMail};
pub use build_error::{MailBuildError, Party};
pub use lane::MAIL_LANE;
pub use mailer::{Mailer, MailerError, SendError, delete_files};
pub use number::message_number;
pub use smtp::{SmtpError, Step};
