//! Whether mail would leave.

use super::{Check, machine};
use crate::config::{MailConfig, MailTransport};
use crate::mail::{Mailer, SendError};

/// Connects, encrypts and logs in as for a mail, and sends none.
pub(super) async fn check(config: &MailConfig) -> Check {
    let name = "mail";
    if let MailTransport::Folder(folder) = &config.transport {
        let writable = machine::writable(name, folder);
        if writable.advice.is_some() {
            return writable;
        }
        let found = format!("no mail server: mails are written to {}/*.eml and nobody is told", folder.display());
        return Check::warning(name, found, "name a mail server with --smtp-url");
    }
    let mailer = match Mailer::new(config) {
        Ok(mailer) => mailer,
        Err(error) => return Check::failed(name, error.to_string(), "correct the setting"),
    };
    match mailer.test().await {
        Ok(()) => Check::ok(name, format!("{} takes mail from {}", config.transport, config.from)),
        Err(error) => Check::failed(name, format!("{}: {error}", config.transport), advice(&error)),
    }
}

fn advice(error: &SendError) -> &'static str {
    let SendError::Smtp(error) = error else { return "try again" };
    // RFC 4954 section 6: 535 is a login that is wrong; lettre itself says when none is offered.
    if error.is_permanent() || error.is_client() {
        "check user and password in --smtp-url (percent-encoded), and whether the server offers them a login"
    } else if error.is_tls() || error.to_string().contains("certificate") {
        "check host and port, and that --smtp-ca-file names the authority that signed the server's certificate"
    } else if error.is_timeout() {
        "check host and port, and that the firewall lets them through: 587 for smtp://, 465 for smtps://"
    } else {
        "check host and port in --smtp-url, and that the mail server runs"
    }
}
