//! Hands mails to a mail server, with a deadline for each of its replies.
//!
//! lettre's own transport limits the time for connecting only, and puts a connection back into its pool whose send was
//! cancelled: the next mail would read the replies to the one before. Here a connection belongs to whoever uses it, and is
//! kept for the next mail only after a reply that ended the mail before.

mod error;
mod lent;
mod replies;

use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use lettre::Address;
use lettre::message::Message;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream};
use lettre::transport::smtp::commands::{Data, Mail, Noop, Rcpt, Rset, Starttls};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::{Response, Severity};
use native_tls::Certificate;
use secrecy::ExposeSecret as _;
use tokio::io::AsyncRead;
use tokio::net::{TcpStream, lookup_host};
use tokio_native_tls::{TlsConnector, TlsStream};

pub use error::{SmtpError, Step};

use self::lent::Lent;
use self::replies::Replies;
use super::MailerError;
use crate::config::{MailLimits, SmtpServer, SmtpTls};
use crate::outbox::Handover;

/// How long an idle connection is kept; mail servers close theirs after some minutes (RFC 5321 section 4.5.3.2.7: 5).
const IDLE_MAX: Duration = Duration::from_secs(60);
/// The reply to DATA (RFC 5321 section 4.3.2).
const GO_ON: u16 = 354;
/// How long is waited for the reply to QUIT: nothing depends on it.
const QUIT_TIMEOUT: Duration = Duration::from_secs(5);

/// A mail server, and the connections to it that are idle.
pub struct Smtp {
    server: SmtpServer,
    limits: MailLimits,
    hello: ClientId,
    /// For STARTTLS or TLS from the start; `None` for a plain connection.
    tls: Option<TlsConnector>,
    idle: Mutex<Vec<(AsyncSmtpConnection, Instant)>>,
}

/// A connection in use; dropped in mid-dialogue, it is closed.
pub struct Connection {
    smtp: AsyncSmtpConnection,
    reply: Duration,
}

impl Smtp {
    /// Reads the authority's certificate; does not connect yet.
    ///
    /// # Errors
    /// [`MailerError`], when the certificate cannot be used.
    pub fn new(server: SmtpServer, limits: MailLimits) -> Result<Self, MailerError> {
        let tls = if server.tls == SmtpTls::None { None } else { Some(tls_connector(&server)?) };
        let hello = match &server.hello_name {
            Some(name) => match name.trim_matches(['[', ']']).parse() {
                Ok(IpAddr::V4(address)) => ClientId::Ipv4(address),
                Ok(IpAddr::V6(address)) => ClientId::Ipv6(address),
                Err(_) => ClientId::Domain(name.clone()),
            },
            None => ClientId::Ipv4(std::net::Ipv4Addr::LOCALHOST),
        };
        Ok(Self { server, limits, hello, tls, idle: Mutex::default() })
    }

    /// A connection that is ready for a mail: an idle one that still answers, else a new one.
    ///
    /// # Errors
    /// [`SmtpError`].
    pub async fn connection(&self) -> Result<Connection, SmtpError> {
        while let Some(smtp) = self.take_idle() {
            let mut connection = self.ready(smtp);
            match connection.command(Step::Greet, Noop).await {
                Ok(_) => return Ok(connection),
                // As silent as the others are likely to be: each would be waited for in turn.
                Err(error) if error.is_silence() => self.idle().clear(),
                Err(_) => {}
            }
        }
        self.connect().await
    }

    fn ready(&self, smtp: AsyncSmtpConnection) -> Connection {
        Connection { smtp, reply: self.limits.reply }
    }

    /// Keeps a connection for the next mail.
    pub fn keep(&self, connection: Connection) {
        if !connection.smtp.has_broken() {
            self.idle().push((connection.smtp, Instant::now()));
        }
    }

    /// Ends connections that have been idle for a minute.
    pub fn close_idle(&self) {
        let old: Vec<_> = self.idle().extract_if(.., |(_, since)| since.elapsed() >= IDLE_MAX).collect();
        for (smtp, _) in old {
            quit(smtp);
        }
    }

    fn take_idle(&self) -> Option<AsyncSmtpConnection> {
        self.close_idle();
        self.idle().pop().map(|(smtp, _)| smtp)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<(AsyncSmtpConnection, Instant)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn connect(&self) -> Result<Connection, SmtpError> {
        let reply = self.limits.reply;
        let stream = self.reach().await?;
        let smtp = match (self.server.tls, &self.tls) {
            (_, None) => self.greet(Box::new(self.greeted(stream).await?)).await?,
            (SmtpTls::Implicit, Some(tls)) => {
                let stream = self.encrypt(tls, stream).await?;
                self.greet(Box::new(self.greeted(stream).await?)).await?
            }
            (_, Some(tls)) => {
                let stream = self.start_tls(stream).await?;
                self.greet(Box::new(Replies::after_greeting(self.encrypt(tls, stream).await?))).await?
            }
        };
        let mut connection = self.ready(smtp);
        if let Some((user, password)) = &self.server.login {
            let credentials = Credentials::new(user.clone(), password.expose_secret().to_owned());
            // A challenge or two, and the verdict.
            within(reply * 3, Step::LogIn, connection.smtp.auth(DEFAULT_MECHANISMS, &credentials), SmtpError::said)
                .await?;
        }
        Ok(connection)
    }

    /// lettre reads greeting and EHLO's reply as one, and each may take its time.
    async fn greeted<S: AsyncRead + Unpin>(&self, stream: S) -> Result<Replies<S>, SmtpError> {
        let mut replies = Replies::new(stream);
        within(self.limits.reply, Step::Greet, replies.wait(), SmtpError::io).await?;
        Ok(replies)
    }

    async fn greet(&self, stream: Box<dyn AsyncTokioStream>) -> Result<AsyncSmtpConnection, SmtpError> {
        let greeted = AsyncSmtpConnection::connect_with_transport(stream, &self.hello);
        within(self.limits.reply, Step::Greet, greeted, SmtpError::said).await
    }

    async fn encrypt(&self, tls: &TlsConnector, stream: TcpStream) -> Result<TlsStream<TcpStream>, SmtpError> {
        within(self.limits.reply, Step::Encrypt, tls.connect(&self.server.host, stream), SmtpError::tls).await
    }

    /// Asks for encryption (RFC 3207); nothing but its handshake may follow.
    async fn start_tls(&self, stream: TcpStream) -> Result<TcpStream, SmtpError> {
        let refused = |why: &str| SmtpError::io(Step::Encrypt, std::io::Error::other(why));
        let (lent, lender) = Lent::new(self.greeted(stream).await?);
        let mut smtp = self.greet(Box::new(lent)).await?;
        if !smtp.server_info().supports_feature(Extension::StartTls) {
            quit(smtp);
            return Err(refused("STARTTLS is not supported on this server"));
        }
        let reply = within(self.limits.reply, Step::Encrypt, smtp.command(Starttls), SmtpError::said).await?;
        expect_done(Step::Encrypt, &reply)?;
        drop(smtp);
        let replies = lender.take_back().expect("lettre drops a connection's stream with it");
        // Else anybody on the way could have us read replies as if they came encrypted (CVE-2011-0411).
        replies.into_stream().ok_or_else(|| {
            refused(
                "it sent more than its reply to STARTTLS before the connection was encrypted; is somebody in between?",
            )
        })
    }

    /// Connects to the first of the host's addresses that answers.
    async fn reach(&self) -> Result<TcpStream, SmtpError> {
        let host = (self.server.host.as_str(), self.server.port);
        let addresses: Vec<SocketAddr> =
            within(self.limits.reply, Step::Connect, lookup_host(host), SmtpError::io).await?.collect();
        // Of several addresses one that swallows everything must not use up the time of the others.
        let each = self.limits.reply / u32::try_from(addresses.len().max(1)).unwrap_or(1);
        let mut last = SmtpError::io(Step::Connect, std::io::Error::other("the name has no address"));
        for address in addresses {
            match within(each, Step::Connect, TcpStream::connect(address), SmtpError::io).await {
                Ok(stream) => {
                    // The end of a mail is sent by itself, and would wait for the other side to confirm what came before it.
                    // Where the system refuses, mails are only later.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

impl Connection {
    /// Whether addresses outside ASCII can be used (RFC 6531).
    pub fn takes_utf8(&self) -> bool {
        self.smtp.server_info().supports_feature(Extension::SmtpUtfEight)
    }

    /// Hands one mail over; `handover` begins with its first byte.
    ///
    /// # Errors
    /// [`SmtpError`]; then the connection is not to be used again.
    pub async fn send(&mut self, mail: &Message, handover: &Handover) -> Result<(), SmtpError> {
        let envelope = mail.envelope();
        let people = || envelope.from().into_iter().chain(envelope.to());
        self.hand_over(mail, handover).await.map_err(|error| error.hiding(people()))
    }

    async fn hand_over(&mut self, mail: &Message, handover: &Handover) -> Result<(), SmtpError> {
        let envelope = mail.envelope();
        let bytes = mail.formatted();
        let mut parameters = Vec::new();
        // All text is encoded as ASCII; an address cannot be, wherever it stands.
        if !bytes.is_ascii() || envelope.from().into_iter().chain(envelope.to()).any(is_beyond_ascii) {
            parameters.push(self.smtputf8(Step::Sender)?);
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        self.command(Step::Sender, Mail::new(envelope.from().cloned(), parameters)).await?;
        for recipient in envelope.to() {
            self.command(Step::Recipient, Rcpt::new(recipient.clone(), Vec::new())).await?;
        }
        let go_on = self.reply_to(Step::Message, Data).await?;
        if !go_on.has_code(GO_ON) {
            return Err(SmtpError::out_of_turn(Step::Message));
        }
        handover.begin();
        // What has been handed over is looked through for spam and viruses before it is taken (RFC 5321 section
        // 4.5.3.2.6: 10 minutes). Who gives up here sends it a second time: it may take what is left of the time for the
        // whole mail, which the caller limits.
        let verdict = self.smtp.message(&bytes).await.map_err(|error| SmtpError::said(Step::Message, error))?;
        expect_done(Step::Message, &verdict)
    }

    /// Asks whether a mail from `sender` to each of `recipients` would be taken, and takes it back; what was said to each.
    ///
    /// # Errors
    /// [`SmtpError`], when no mail from `sender` would be taken.
    pub async fn probe(
        &mut self,
        sender: &Address,
        recipients: &[Address],
    ) -> Result<Vec<Result<(), SmtpError>>, SmtpError> {
        let mut parameters = Vec::new();
        if is_beyond_ascii(sender) {
            parameters.push(self.smtputf8(Step::Sender)?);
        } else if recipients.iter().any(is_beyond_ascii) {
            parameters.extend(self.smtputf8(Step::Recipient));
        }
        let hiding = |error: SmtpError| error.hiding(recipients.iter().chain([sender]));
        self.command(Step::Sender, Mail::new(Some(sender.clone()), parameters)).await.map_err(hiding)?;
        let mut answers = Vec::with_capacity(recipients.len());
        for recipient in recipients {
            if is_beyond_ascii(recipient) && !self.takes_utf8() {
                answers.push(Err(SmtpError::no_utf8(Step::Recipient)));
                continue;
            }
            match self.command(Step::Recipient, Rcpt::new(recipient.clone(), Vec::new())).await {
                Err(error) if error.is_silence() => return Err(error),
                answer => answers.push(answer.map_err(hiding)),
            }
        }
        self.command(Step::Message, Rset).await?;
        Ok(answers)
    }

    /// Says goodbye.
    pub fn close(self) {
        quit(self.smtp);
    }

    fn smtputf8(&self, step: Step) -> Result<MailParameter, SmtpError> {
        if self.takes_utf8() { Ok(MailParameter::SmtpUtfEight) } else { Err(SmtpError::no_utf8(step)) }
    }

    async fn command(&mut self, step: Step, command: impl std::fmt::Display) -> Result<(), SmtpError> {
        expect_done(step, &self.reply_to(step, command).await?)
    }

    async fn reply_to(&mut self, step: Step, command: impl std::fmt::Display) -> Result<Response, SmtpError> {
        within(self.reply, step, self.smtp.command(command), SmtpError::said).await
    }
}

/// Whether what was asked for is done, rather than to be gone on with: else replies and commands are out of step.
fn expect_done(step: Step, reply: &Response) -> Result<(), SmtpError> {
    let done = reply.code().severity == Severity::PositiveCompletion;
    if done { Ok(()) } else { Err(SmtpError::out_of_turn(step)) }
}

fn is_beyond_ascii(address: &Address) -> bool {
    !AsRef::<str>::as_ref(address).is_ascii()
}

/// Says goodbye beside other work.
fn quit(mut smtp: AsyncSmtpConnection) {
    tokio::spawn(async move {
        let _ = tokio::time::timeout(QUIT_TIMEOUT, smtp.quit()).await;
    });
}

/// Waits for `work` no longer than `limit`; `failed` says what its own error means.
async fn within<T, E>(
    limit: Duration,
    step: Step,
    work: impl Future<Output = Result<T, E>>,
    failed: impl FnOnce(Step, E) -> SmtpError,
) -> Result<T, SmtpError> {
    match tokio::time::timeout(limit, work).await {
        Ok(done) => done.map_err(|error| failed(step, error)),
        Err(_) => Err(SmtpError::silence(step, limit)),
    }
}

fn tls_connector(server: &SmtpServer) -> Result<TlsConnector, MailerError> {
    let mut tls = native_tls::TlsConnector::builder();
    tls.min_protocol_version(Some(native_tls::Protocol::Tlsv12));
    if let Some(path) = &server.ca_file {
        let pem = std::fs::read(path).map_err(|source| MailerError::CaFile { path: path.clone(), source })?;
        let certificate =
            Certificate::from_pem(&pem).map_err(|source| MailerError::Certificate { path: path.clone(), source })?;
        tls.add_root_certificate(certificate);
    }
    Ok(tls.build().map_err(MailerError::Tls)?.into())
}
