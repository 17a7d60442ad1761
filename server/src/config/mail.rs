//! How mail is sent.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use counterbell_shared::EmailAddress;
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::ConfigError;

/// Where mails are written without a mail server.
const MAIL_DIR: &str = "data/mail";

/// How mail is sent: `COUNTERBELL_SMTP_URL`, `COUNTERBELL_SMTP_CA_FILE`, `COUNTERBELL_SMTP_HELLO_NAME`,
/// `COUNTERBELL_SMTP_TIMEOUT_S`, `COUNTERBELL_MAIL_FROM`, `COUNTERBELL_MAIL_DIR`; `[mail]` in the file.
#[derive(Args, Clone, Default, Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct MailSettings {
    /// Mail server: smtp://user:password@host:587 (STARTTLS), smtps://user:password@host:465 (TLS from the start), or
    /// smtp://localhost:25 (plain, to this machine only; ?tls=required asks for STARTTLS there too). Special characters
    /// in user and password are percent-encoded: @ is %40, / is %2F. Without it, mails are written to --mail-dir
    #[arg(long, env = "COUNTERBELL_SMTP_URL", value_name = "URL", hide_env_values = true)]
    pub smtp_url: Option<SecretString>,
    /// PEM file with the certificate of a private authority that signed the mail server's
    #[arg(long, env = "COUNTERBELL_SMTP_CA_FILE", value_name = "FILE")]
    pub smtp_ca_file: Option<PathBuf>,
    /// Name this machine gives itself to the mail server (EHLO), for relays that want a full one [default: the domain of
    /// --mail-from, or [127.0.0.1] when that has no dot]
    #[arg(long, env = "COUNTERBELL_SMTP_HELLO_NAME", value_name = "NAME")]
    pub smtp_hello_name: Option<String>,
    /// Seconds the mail server may take for each of its replies, 1 to 120 [default: 20]. A whole mail may take twelve
    /// times as long; the mail of a server that was killed is sent again after six times as long
    #[arg(long, env = "COUNTERBELL_SMTP_TIMEOUT_S", value_name = "SECONDS")]
    pub smtp_timeout_s: Option<u32>,
    /// Address that alert mails come from, counterbell@localhost when left out
    #[arg(long, env = "COUNTERBELL_MAIL_FROM", value_name = "EMAIL")]
    pub mail_from: Option<String>,
    /// Folder for mails as .eml files when there is no mail server [default: data/mail]
    #[arg(long, env = "COUNTERBELL_MAIL_DIR", value_name = "DIR")]
    pub mail_dir: Option<PathBuf>,
}

/// The setting `mail_dir`, for a command that deletes.
#[derive(Args, Clone, Debug)]
pub struct MailFolderArgs {
    /// Folder of mails, where they are files: those about what is deleted go too [default: data/mail]
    #[arg(long, env = "COUNTERBELL_MAIL_DIR", value_name = "DIR")]
    mail_dir: Option<PathBuf>,
}

impl MailFolderArgs {
    /// This, or what `file` says.
    pub(super) fn or(&self, file: MailSettings) -> PathBuf {
        folder_or_default(self.mail_dir.clone().or(file.mail_dir))
    }
}

fn folder_or_default(given: Option<PathBuf>) -> PathBuf {
    given.unwrap_or_else(|| PathBuf::from(MAIL_DIR))
}

/// Where mails go, and from whom.
#[derive(Clone, Debug)]
pub struct MailConfig {
    /// Sender of every mail.
    pub from: EmailAddress,
    /// Where they go.
    pub transport: MailTransport,
    /// How long delivery may take.
    pub limits: MailLimits,
}

/// How long delivery may take. One figure decides: were they set one by one, a lease might end while a mail that goes
/// well is still being sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MailLimits {
    /// Longest wait for one reply of the mail server.
    pub reply: Duration,
}

impl MailLimits {
    /// Longest wait for a whole mail, from connecting to the last reply.
    pub fn send(self) -> Duration {
        self.reply * 12
    }

    /// How long a leased message stays with the server that leased it, unless that renews the lease.
    pub fn lease(self) -> Duration {
        self.reply * 6
    }

    /// The same, in ms.
    pub fn lease_ms(self) -> i64 {
        i64::try_from(self.lease().as_millis()).unwrap_or(i64::MAX)
    }
}

impl Default for MailLimits {
    fn default() -> Self {
        Self { reply: Duration::from_secs(20) }
    }
}

/// Where mails go.
#[derive(Clone, Debug)]
pub enum MailTransport {
    /// A mail server.
    Smtp(SmtpServer),
    /// A folder, one .eml file a mail.
    Folder(PathBuf),
}

impl MailTransport {
    /// The folder, when mails are files.
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::Smtp(_) => None,
            Self::Folder(folder) => Some(folder),
        }
    }
}

/// A mail server.
#[derive(Clone, Debug)]
pub struct SmtpServer {
    /// Name or IP address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Whether and when the connection is encrypted.
    pub tls: SmtpTls,
    /// User and password.
    pub login: Option<(String, SecretString)>,
    /// A private authority's certificate.
    pub ca_file: Option<PathBuf>,
    /// What this machine calls itself; `None` is an address literal.
    pub hello_name: Option<String>,
}

/// Whether and when a connection to a mail server is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpTls {
    /// Never: a server on this machine.
    None,
    /// By STARTTLS, before anything else is said (RFC 3207).
    StartTls,
    /// From the first byte (RFC 8314).
    Implicit,
}

/// Without user and password, fit for a log.
impl fmt::Display for MailTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Smtp(server) => write!(f, "{server}"),
            Self::Folder(path) => write!(f, "{}", path.display()),
        }
    }
}

/// Without user and password, fit for a log.
impl fmt::Display for SmtpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls == SmtpTls::Implicit { "smtps" } else { "smtp" };
        let Self { host, port, .. } = self;
        if host.contains(':') { write!(f, "{scheme}://[{host}]:{port}") } else { write!(f, "{scheme}://{host}:{port}") }
    }
}

impl MailSettings {
    /// These, and what they leave open from `file`.
    pub(super) fn or(self, file: Self) -> Self {
        Self {
            smtp_url: self.smtp_url.or(file.smtp_url),
            smtp_ca_file: self.smtp_ca_file.or(file.smtp_ca_file),
            smtp_hello_name: self.smtp_hello_name.or(file.smtp_hello_name),
            smtp_timeout_s: self.smtp_timeout_s.or(file.smtp_timeout_s),
            mail_from: self.mail_from.or(file.mail_from),
            mail_dir: self.mail_dir.or(file.mail_dir),
        }
    }

    /// # Errors
    /// [`ConfigError::Invalid`] for an address, name, time or URL that cannot be used.
    pub fn resolve(self) -> Result<MailConfig, ConfigError> {
        let from = self.mail_from.unwrap_or_else(|| "counterbell@localhost".to_owned());
        let from: EmailAddress = from.parse().map_err(|error| ConfigError::Invalid {
            setting: "--mail-from (COUNTERBELL_MAIL_FROM)",
            reason: format!("\"{from}\": {error}"),
        })?;
        let limits = match self.smtp_timeout_s {
            None => MailLimits::default(),
            Some(seconds @ 1..=120) => MailLimits { reply: Duration::from_secs(seconds.into()) },
            Some(seconds) => {
                return Err(ConfigError::Invalid {
                    setting: "--smtp-timeout-s (COUNTERBELL_SMTP_TIMEOUT_S)",
                    reason: format!("{seconds} is not between 1 and 120 seconds"),
                });
            }
        };
        let transport = match self.smtp_url {
            Some(url) => {
                let mut server = smtp_server(url.expose_secret())?;
                server.ca_file = self.smtp_ca_file;
                server.hello_name = hello_name(self.smtp_hello_name, &from)?;
                MailTransport::Smtp(server)
            }
            None => MailTransport::Folder(folder_or_default(self.mail_dir)),
        };
        Ok(MailConfig { from, transport, limits })
    }
}

/// The name given, else the sender's domain when it is a full one: RFC 5321 section 4.1.4 wants a full name or an
/// address literal. A domain outside ASCII is said as A-labels (RFC 5890).
fn hello_name(given: Option<String>, from: &EmailAddress) -> Result<Option<String>, ConfigError> {
    let ascii = |name: &str| url::Host::parse(name).ok().map(|host| host.to_string());
    match given {
        Some(name) => match ascii(&name) {
            Some(ascii) => Ok(Some(ascii)),
            None => Err(ConfigError::Invalid {
                setting: "--smtp-hello-name (COUNTERBELL_SMTP_HELLO_NAME)",
                reason: format!("\"{name}\" is not a host name, such as shop.example"),
            }),
        },
        None => Ok(Some(from.domain()).filter(|domain| domain.contains('.')).and_then(ascii)),
    }
}

/// Decides on TLS: a password or a comment never crosses a network in the clear. No message repeats a part of the text:
/// it may be the password.
fn smtp_server(text: &str) -> Result<SmtpServer, ConfigError> {
    let invalid =
        |reason: &str| ConfigError::Invalid { setting: "--smtp-url (COUNTERBELL_SMTP_URL)", reason: reason.to_owned() };
    let usage = "use smtp://user:password@host:587 (STARTTLS), smtps://user:password@host:465 or smtp://localhost:25; \
                 special characters in user and password are percent-encoded (@ is %40, / is %2F, # is %23)";
    let url = url::Url::parse(text).map_err(|_| invalid(usage))?;
    // Where a password holds a `/`, `?` or `#` that is not encoded, a part of it would be taken for these.
    if !matches!(url.path(), "" | "/") || url.fragment().is_some() || url.query_pairs().any(|(name, _)| name != "tls") {
        return Err(invalid(usage));
    }
    // `smtp` is no scheme of the web's, so the URL parser takes an IP address for a name.
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| invalid(usage))?.trim_matches(['[', ']']);
    let local = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    let tls = url.query_pairs().find(|(name, _)| name == "tls").map(|(_, value)| value.into_owned());
    let (tls, port) = match (url.scheme(), tls.as_deref()) {
        ("smtps", None) => (SmtpTls::Implicit, 465),
        ("smtp", None | Some("none")) if local => (SmtpTls::None, 25),
        ("smtp", None | Some("required")) => (SmtpTls::StartTls, 587),
        ("smtp", Some("none" | "opportunistic")) => {
            return Err(invalid("mail leaves this machine, so TLS is needed: leave tls=... out, or use smtps://"));
        }
        _ => return Err(invalid(usage)),
    };
    let decoded = |text: &str| percent_decode_str(text).decode_utf8().map(Cow::into_owned).map_err(|_| invalid(usage));
    let login = match url.password() {
        Some(password) => Some((decoded(url.username())?, decoded(password)?.into())),
        None if url.username().is_empty() => None,
        None => return Err(invalid("a user without a password: write smtp://user:password@host")),
    };
    let host = decoded(host)?;
    Ok(SmtpServer { host, port: url.port().unwrap_or(port), tls, login, ca_file: None, hello_name: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_leaves_the_machine_only_with_tls() {
        for (given, tls, shown) in [
            ("smtp://localhost:25", SmtpTls::None, "smtp://localhost:25"),
            ("smtp://localhost", SmtpTls::None, "smtp://localhost:25"),
            ("smtp://127.0.0.1:2525", SmtpTls::None, "smtp://127.0.0.1:2525"),
            ("smtp://[::1]:2525", SmtpTls::None, "smtp://[::1]:2525"),
            ("smtp://localhost:25?tls=required", SmtpTls::StartTls, "smtp://localhost:25"),
            ("smtp://u:p@mail.example", SmtpTls::StartTls, "smtp://mail.example:587"),
            ("smtp://u:p@mail.example:2587?tls=required", SmtpTls::StartTls, "smtp://mail.example:2587"),
            ("smtps://u:p@mail.example", SmtpTls::Implicit, "smtps://mail.example:465"),
        ] {
            let server = smtp_server(given).unwrap();
            assert_eq!((server.tls, server.to_string().as_str()), (tls, shown), "{given}");
        }
        for bad in ["smtp://mail.example?tls=none", "smtp://mail.example?tls=opportunistic", "http://x", "x", "smtp:"] {
            assert!(smtp_server(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn login_is_decoded_and_never_shown() {
        let server = smtp_server("smtps://ann%40shop.example:s3%2Fcr%23et@mail.example").unwrap();
        let (user, password) = server.login.clone().unwrap();
        assert_eq!((user.as_str(), password.expose_secret()), ("ann@shop.example", "s3/cr#et"));
        assert_eq!(format!("{:?} {}", server, MailTransport::Smtp(server.clone())).matches("s3").count(), 0);
    }

    #[test]
    fn password_that_is_not_encoded_is_told_and_not_repeated() {
        for text in [
            "smtps://ann:s3/cret@mail.example",
            "smtps://ann:12/s3cret@mail.example",
            "smtps://ann:12#s3cret@mail.example",
            "smtps://ann:12?s3cret@mail.example",
            "smtps://ann:s3%ffcret@mail.example",
            "smtps:ann:s3cret@mail.example",
        ] {
            let error = smtp_server(text).map(|server| server.to_string()).unwrap_err().to_string();
            assert!(error.contains("percent-encoded") && !error.contains("s3"), "{text}: {error}");
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
                    let settings = MailSettings { smtp_url: Some(text.as_str().into()), ..MailSettings::default() };
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
    fn machine_names_itself_fully_or_by_its_address() {
        let name = |given: Option<&str>, from: &str| hello_name(given.map(str::to_owned), &from.parse().unwrap());
        assert_eq!(name(None, "bell@shop.example").unwrap().as_deref(), Some("shop.example"));
        assert_eq!(name(None, "bell@bücher.example").unwrap().as_deref(), Some("xn--bcher-kva.example"));
        assert_eq!(name(None, "counterbell@localhost").unwrap(), None);
        assert_eq!(name(Some("mta.shop.example"), "a@b").unwrap().as_deref(), Some("mta.shop.example"));
        for bad in ["two words", "a\r\nMAIL FROM:<x@y>", ""] {
            assert!(name(Some(bad), "a@b").is_err(), "{bad:?}");
        }
    }
}
