//! Mail: what it says, and how it leaves.

mod alert;
mod defang;
mod mailer;
mod visible;

pub use alert::{AlertContent, alert_mail};
pub use mailer::{Mailer, MailerError, SendError};
