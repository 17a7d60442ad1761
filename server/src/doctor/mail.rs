//! Whether mail would leave.

use std::time::Duration;

use super::{Check, machine};
use crate::config::{MailConfig, MailTransport, SmtpServer, SmtpTls};
use crate::counted::counted;
use crate::mail::{Mailer, SendError, SmtpError, Step};

/// Somebody waits for the result.
const REPLY_MAX: Duration = Duration::from_secs(10);

/// Goes as far as for a mail to each of `recipients`, and takes it back: connects, encrypts, logs in, names sender and
/// recipients. Without recipients yet the sender stands in for them.
pub(super) async fn check(config: &MailConfig, recipients: &[String]) -> Check {
    let name = "mail";
    let server = match &config.transport {
        MailTransport::Smtp(server) => server,
        MailTransport::Folder(folder) => {
            let writable = machine::writable(name, folder);
            if writable.advice.is_some() {
                return writable;
            }
            let found = format!("no mail server: mails are written to {}/*.eml and nobody is told", folder.display());
            return Check::warning(name, found, "name a mail server with --smtp-url");
        }
    };
    let mut config = config.clone();
    config.limits.reply = config.limits.reply.min(REPLY_MAX);
    let mailer = match Mailer::new(&config) {
        Ok(mailer) => mailer,
        Err(error) => return Check::failed(name, error.to_string(), "correct the setting"),
    };
    let sender = [config.from.to_string()];
    let named = if recipients.is_empty() { &sender } else { recipients };
    let mut addresses = Vec::with_capacity(named.len());
    for address in named {
        let Ok(parsed) = address.parse() else {
            let found = format!("mail cannot be sent to {}", masked(address));
            return Check::failed(name, found, "correct that recipient");
        };
        addresses.push(parsed);
    }
    match mailer.probe(&addresses).await {
        Ok(answers) => {
            let refused = named.iter().zip(answers).find_map(|(address, answer)| Some((address, answer.err()?)));
            match refused {
                None => {
                    let recipients = counted(named.len(), "recipient", "recipients");
                    let found = format!("{server} takes mail from {} to {recipients}", config.from);
                    Check::ok(name, found)
                }
                Some((address, error)) => {
                    let found = format!("{server} takes no mail to {}: {error}", masked(address));
                    Check::failed(name, found, "correct that recipient, or let the mail server relay to it")
                }
            }
        }
        Err(error) => Check::failed(name, format!("{server}: {error}"), advice(&error, server)),
    }
}

/// `a...@shop.example`: enough for who knows it.
fn masked(address: &str) -> String {
    let first: String = address.chars().take(1).collect();
    let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
    format!("{first}...@{domain}")
}

fn advice(error: &SendError, server: &SmtpServer) -> &'static str {
    let SendError::Smtp(error) = error else { return "correct --mail-from" };
    match error.step() {
        Step::Connect if error.is_silence() => {
            "check host and port, and that the firewall lets them through: 587 for smtp://, 465 for smtps://"
        }
        Step::Connect => "check host and port in --smtp-url, and that the mail server runs",
        // Who speaks TLS from the start waits for our first word, as we wait for theirs.
        Step::Greet if error.is_silence() && server.tls != SmtpTls::Implicit => {
            "check host and port; if this port speaks TLS from the start, as 465 does, write smtps:// in --smtp-url"
        }
        Step::LogIn | Step::Sender | Step::Recipient | Step::Message | Step::Greet if error.is_silence() => {
            "check host, port and TLS mode (smtp:// or smtps://) in --smtp-url, and that no firewall or proxy on the way holds \
             the connection; where the mail server is just slow, raise --smtp-timeout-s"
        }
        Step::Encrypt if error.is_silence() || !is_about_certificate(error) => {
            "check host and port: smtps:// is for a port that speaks TLS from the start (465), smtp:// for one with \
             STARTTLS (587)"
        }
        _ if error.is_about_tls() => {
            "check host and port, and that --smtp-ca-file names the authority that signed the server's certificate"
        }
        Step::LogIn => {
            "check user and password in --smtp-url (percent-encoded), and whether the server offers them a login"
        }
        Step::Sender => {
            "check --mail-from: the mail server must allow this sender; it may want a login, or another --smtp-hello-name"
        }
        _ => "look at the mail server's log",
    }
}

fn is_about_certificate(error: &SmtpError) -> bool {
    error.to_string().contains("certificate")
}
