//! A mail server, and what it received.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::{Certificates, Mail, Program, environment, wait};

/// How the mail server is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tls {
    /// Unencrypted, without login.
    #[default]
    None,
    /// STARTTLS first (port 587), then login.
    StartTls,
    /// Encrypted from the first byte (port 465), then login.
    Implicit,
}

/// What the mail server refuses at first.
#[derive(Clone, Copy, Debug)]
pub struct Refuse {
    /// `RCPT` or `DATA`.
    pub verb: &'static str,
    /// How often before it takes the message.
    pub times: u32,
    /// 451, to be tried again, or 550, for good.
    pub code: u16,
}

/// After what the mail server says nothing any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// Connecting: there is no greeting, as on a port that waits for TLS.
    Connect,
    /// Its answer to EHLO.
    Ehlo,
}

/// What is odd about the mail server's replies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OddReply {
    /// Its reply to a mail is written in Latin-1.
    Latin1,
    /// Its reply to a mail is a code and nothing else.
    Bare,
    /// Its reply to a mail is a line of 3000 characters.
    Long,
    /// Its reply to a mail is a line without an end.
    EndlessLine,
    /// Its reply to a mail has lines without an end.
    EndlessReply,
    /// After its reply to STARTTLS, and before the handshake, comes another one.
    Injected,
}

/// How the mail server behaves; plain and willing by default.
#[derive(Clone, Copy, Debug, Default)]
pub struct SmtpOptions {
    /// Encryption; with any, login is demanded too.
    pub tls: Tls,
    /// Take addresses in ASCII only.
    pub ascii: bool,
    /// Refuse at first.
    pub refuse: Option<Refuse>,
    /// Say nothing any more.
    pub silence: Option<Silence>,
    /// Reply as no other mail server does.
    pub odd: Option<OddReply>,
    /// Wait so long before each reply.
    pub delay: Duration,
    /// Answer DATA only after [`Smtp::release`].
    pub hold: bool,
}

impl OddReply {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Latin1 => "latin1",
            Self::Bare => "bare",
            Self::Long => "long",
            Self::EndlessLine => "endless-line",
            Self::EndlessReply => "endless-reply",
            Self::Injected => "injected",
        }
    }
}

/// A running mail server with one mailbox for everybody.
pub struct Smtp {
    _program: Program,
    dir: TempDir,
    options: SmtpOptions,
    certificates: Certificates,
    port: u16,
}

/// A message, and how it came.
pub struct Delivery {
    /// The message.
    pub mail: Mail,
    /// Envelope recipients.
    pub to: Vec<String>,
    /// What the sender's machine called itself.
    pub hello: String,
    /// It came over an encrypted connection.
    pub tls: bool,
    /// The user it was handed in by.
    pub login: Option<String>,
}

impl Smtp {
    /// A plain one.
    pub async fn start() -> Self {
        Self::with(SmtpOptions::default()).await
    }

    /// One that behaves as told.
    pub async fn with(options: SmtpOptions) -> Self {
        let dir = TempDir::new().unwrap();
        let certificates = Certificates::write(dir.path());
        // Debian's own, which `python3-aiosmtpd` is installed for; another may come first in PATH.
        let mut command = Command::new("/usr/bin/python3");
        command.arg(environment::workspace().join("tests/smtp_server.py")).arg("--directory").arg(dir.path());
        if options.tls != Tls::None {
            command.args(["--auth", "--tls", if options.tls == Tls::StartTls { "starttls" } else { "implicit" }]);
            command.arg("--certificate").arg(&certificates.certificate).arg("--key").arg(&certificates.key);
        }
        if options.ascii {
            command.arg("--ascii");
        }
        if let Some(refuse) = options.refuse {
            command.args(["--refuse", refuse.verb, "--times", &refuse.times.to_string()]);
            command.args(["--code", &refuse.code.to_string()]);
        }
        if let Some(silence) = options.silence {
            command.args(["--silent-after", if silence == Silence::Connect { "CONNECT" } else { "EHLO" }]);
        }
        if let Some(odd) = options.odd {
            command.args(["--odd", odd.as_str()]);
        }
        command.args(["--delay", &options.delay.as_secs_f64().to_string()]);
        command.args(options.hold.then_some("--hold"));
        let mut program = Program::start(&mut command);
        let port = program
            .wait_for_output("port", |printed| {
                printed.lines().find_map(|line| line.strip_prefix("port ")?.parse().ok())
            })
            .await;
        Self { _program: program, dir, options, certificates, port }
    }

    /// As in `COUNTERBELL_SMTP_URL`.
    pub fn url(&self) -> String {
        let login = "counterbell:let%20me%20in";
        let port = self.port;
        match self.options.tls {
            Tls::None => format!("smtp://127.0.0.1:{port}"),
            Tls::StartTls => format!("smtp://{login}@localhost:{port}?tls=required"),
            Tls::Implicit => format!("smtps://{login}@localhost:{port}"),
        }
    }

    /// As in `COUNTERBELL_SMTP_CA_FILE`: who signed this server's certificate.
    pub fn ca_file(&self) -> &Path {
        &self.certificates.ca
    }

    /// Everything received so far, in order.
    pub fn deliveries(&self) -> Vec<Delivery> {
        let numbered = (1..).map(|number| self.dir.path().join(format!("{number:04}.json")));
        numbered.take_while(|path| path.exists()).map(|path| delivery(&path)).collect()
    }

    /// Waits until at least `count` messages are there.
    pub async fn wait_for(&self, count: usize) -> Vec<Delivery> {
        wait::until(&format!("mail number {count}"), async || {
            Some(self.deliveries()).filter(|deliveries| deliveries.len() >= count)
        })
        .await
    }

    /// How often somebody connected.
    pub fn connections(&self) -> usize {
        std::fs::read_to_string(self.dir.path().join("connections")).map_or(0, |text| text.lines().count())
    }

    /// Whether it holds a message back.
    pub fn holds(&self) -> bool {
        self.dir.path().join("held").exists()
    }

    /// Has it answer what it held back, and hold nothing from now on.
    pub fn release(&self) {
        std::fs::write(self.dir.path().join("released"), "").unwrap();
    }

    /// How often it refused.
    pub fn refusals(&self) -> usize {
        std::fs::read_to_string(self.dir.path().join("refused")).map_or(0, |text| text.lines().count())
    }
}

fn delivery(path: &Path) -> Delivery {
    let envelope: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    Delivery {
        mail: Mail::read(&path.with_extension("eml")),
        to: envelope["to"].as_array().unwrap().iter().filter_map(text).collect(),
        hello: text(&envelope["hello"]).unwrap(),
        tls: envelope["tls"].as_bool().unwrap(),
        login: text(&envelope["login"]),
    }
}
