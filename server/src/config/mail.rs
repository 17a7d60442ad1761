//! How mail is sent.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use clap::Args;
use counterbell_shared::EmailAddress;
use serde::Deserialize;

use super::ConfigError;

/// How mail is sent: `COUNTERBELL_SMTP_URL`, `COUNTERBELL_SMTP_CA_FILE`, `COUNTERBELL_MAIL_FROM`,
/// `COUNTERBELL_MAIL_DIR`; `[mail]` in the file.
#[derive(Args, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailSettings {
    /// Mail server: smtp://user:password@host:587 (STARTTLS), smtps://user:password@host:465 (TLS from the start), or
    /// smtp://localhost:25 (plain, to this machine only). Without it, mails are written to --mail-dir
    #[arg(long, env = "COUNTERBELL_SMTP_URL", value_name = "URL", hide_env_values = true)]
    pub smtp_url: Option<String>,
    /// PEM file with the certificate of a private authority that signed the mail server's
    #[arg(long, env = "COUNTERBELL_SMTP_CA_FILE", value_name = "FILE")]
    pub smtp_ca_file: Option<PathBuf>,
    /// Address that alert mails come from, counterbell@localhost when left out
    #[arg(long, env = "COUNTERBELL_MAIL_FROM", value_name = "EMAIL")]
    pub mail_from: Option<String>,
    /// Folder for mails as .eml files when there is no mail server [default: data/mail]
    #[arg(long, env = "COUNTERBELL_MAIL_DIR", value_name = "DIR")]
    pub mail_dir: Option<PathBuf>,
}

/// Where mails go, and from whom.
#[derive(Clone, Debug)]
pub struct MailConfig {
    /// Sender of every mail.
    pub from: EmailAddress,
    /// Where they go.
    pub transport: MailTransport,
}

/// Where mails go.
#[derive(Clone)]
pub enum MailTransport {
    /// A mail server.
    Smtp {
        /// In the form lettre reads, TLS decided.
        url: String,
        /// A private authority's certificate.
        ca_file: Option<PathBuf>,
    },
    /// A folder, one .eml file a mail.
    Folder(PathBuf),
}

/// Without user and password, fit for a log.
impl fmt::Display for MailTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Smtp { url, .. } => {
                let url = url::Url::parse(url).map_err(|_| fmt::Error)?;
                let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
                write!(f, "{}://{}{port}", url.scheme(), url.host_str().unwrap_or_default())
            }
            Self::Folder(path) => write!(f, "{}", path.display()),
        }
    }
}

impl fmt::Debug for MailTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The URL holds a password.
impl fmt::Debug for MailSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MailSettings(..)")
    }
}

impl MailSettings {
    /// These, and what they leave open from `file`.
    pub fn or(self, file: Self) -> Self {
        Self {
            smtp_url: self.smtp_url.or(file.smtp_url),
            smtp_ca_file: self.smtp_ca_file.or(file.smtp_ca_file),
            mail_from: self.mail_from.or(file.mail_from),
            mail_dir: self.mail_dir.or(file.mail_dir),
        }
    }

    /// # Errors
    /// [`ConfigError::Invalid`] for an address or URL that cannot be used.
    pub(super) fn resolve(self) -> Result<MailConfig, ConfigError> {
        let from = self.mail_from.unwrap_or_else(|| "counterbell@localhost".to_owned());
        let from = from.parse().map_err(|_| ConfigError::Invalid {
            setting: "--mail-from (COUNTERBELL_MAIL_FROM)",
            reason: format!("\"{from}\" is not an e-mail address"),
        })?;
        let transport = match self.smtp_url {
            Some(url) => MailTransport::Smtp { url: smtp_url(&url)?, ca_file: self.smtp_ca_file },
            None => MailTransport::Folder(self.mail_dir.unwrap_or_else(|| PathBuf::from("data/mail"))),
        };
        Ok(MailConfig { from, transport })
    }
}

/// Decides on TLS: a password or a comment never crosses a network in the clear.
fn smtp_url(text: &str) -> Result<String, ConfigError> {
    let invalid =
        |reason: &str| ConfigError::Invalid { setting: "--smtp-url (COUNTERBELL_SMTP_URL)", reason: reason.to_owned() };
    let usage = "use smtp://user:password@host:587 (STARTTLS), smtps://user:password@host:465 or smtp://localhost:25";
    let mut url = url::Url::parse(text).map_err(|_| invalid(usage))?;
    // `smtp` is no scheme of the web's, so the URL parser takes an IP address for a name.
    let host = url.host_str().ok_or_else(|| invalid(usage))?.trim_matches(['[', ']']);
    let local = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    let tls = url.query_pairs().find(|(name, _)| name == "tls").map(|(_, value)| value.into_owned());
    match (url.scheme(), tls.as_deref()) {
        ("smtps", None) | ("smtp", Some("required")) => {}
        ("smtp", None) if local => {}
        ("smtp", None) => {
            url.set_query(Some("tls=required"));
        }
        ("smtp", Some("none")) if local => url.set_query(None),
        ("smtp", Some("none" | "opportunistic")) => {
            return Err(invalid("mail leaves this machine, so TLS is needed: leave tls=... out, or use smtps://"));
        }
        _ => return Err(invalid(usage)),
    }
    Ok(url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_leaves_the_machine_only_with_tls() {
        let resolved = |text: &str| smtp_url(text).map_err(|error| error.to_string());
        for (given, resolved_to) in [
            ("smtp://localhost:25", "smtp://localhost:25"),
            ("smtp://127.0.0.1:2525", "smtp://127.0.0.1:2525"),
            ("smtp://[::1]:2525", "smtp://[::1]:2525"),
            ("smtp://localhost:25?tls=required", "smtp://localhost:25?tls=required"),
            ("smtp://u:p@mail.example:587", "smtp://u:p@mail.example:587?tls=required"),
            ("smtps://u:p@mail.example:465", "smtps://u:p@mail.example:465"),
        ] {
            assert_eq!(resolved(given).as_deref(), Ok(resolved_to));
        }
        for bad in ["smtp://mail.example?tls=none", "smtp://mail.example?tls=opportunistic", "http://x", "x", "smtp:"] {
            assert!(smtp_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn mistyped_url_tells_no_secret() {
        for url in
            ["smtp://ann:s3cret@mail.example:587?tls=required", "smtps://ann:5s3cret@mail.example", "ann:s3cret@x"]
        {
            for at in (0..url.len()).filter(|at| !url[*at..].starts_with("s3cret")) {
                let (before, after) = url.split_at(at);
                let changed = "@:/?#&=%[]\\".chars().map(|c| format!("{before}{c}{after}"));
                for text in changed.chain([format!("{before}{}", &after[1..])]).filter(|text| text.contains("s3cret")) {
                    let settings = MailSettings { smtp_url: Some(text.clone()), ..MailSettings::default() };
                    let told = match settings.resolve() {
                        Ok(config) => format!("{config:?} {}", config.transport),
                        Err(error) => format!("{error} {error:?}"),
                    };
                    assert!(!told.contains("s3cret"), "{text}: {told}");
                }
            }
        }
    }

    #[test]
    fn display_hides_the_password() {
        let url = "smtps://ann:secret@mail.example:465".to_owned();
        let transport = MailTransport::Smtp { url, ca_file: None };
        assert_eq!(transport.to_string(), "smtps://mail.example:465");
    }
}
