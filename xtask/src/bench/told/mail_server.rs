//! A mail server that takes every mail, and notes when it had it in full.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context, Result};
use mail_parser::MessageParser;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufStream};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{self, Runtime};

/// What stands before the number in the order reference of an unhappy response, and so in its mail.
const MARK: &str = "TOLD-";

/// The order reference of the unhappy response of this number.
pub fn order_ref(number: usize) -> String {
    format!("{MARK}{number:06}")
}

/// A running mail server on a thread of its own; gone when dropped.
pub struct MailServer {
    address: SocketAddr,
    received: Arc<Mutex<Vec<Mail>>>,
    _runtime: Runtime,
}

struct Mail {
    /// When the line that ends DATA was read.
    at: Instant,
    content: Vec<u8>,
}

impl MailServer {
    /// On a free port of this machine.
    ///
    /// # Errors
    /// There is none.
    pub fn start() -> Result<Self> {
        let runtime = runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).context("cannot start a mail server")?;
        let address = listener.local_addr()?;
        let received = Arc::default();
        let mailbox = Arc::clone(&received);
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, Arc::clone(&mailbox)));
            }
        });
        Ok(Self { address, received, _runtime: runtime })
    }

    /// As in `--smtp-url`.
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// When the first mail about each unhappy response was there, by the response's number.
    pub fn arrivals(&self) -> BTreeMap<usize, Instant> {
        let received = self.received.lock().unwrap_or_else(PoisonError::into_inner);
        let mut arrivals = BTreeMap::new();
        for mail in received.iter() {
            if let Some(number) = number_in(&mail.content) {
                arrivals.entry(number).or_insert(mail.at);
            }
        }
        arrivals
    }
}

/// The number of the response a mail is about.
fn number_in(mail: &[u8]) -> Option<usize> {
    let message = MessageParser::default().parse(mail)?;
    let text = message.body_text(0)?;
    let (_, rest) = text.split_once(MARK)?;
    rest[..rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())].parse().ok()
}

/// As much of RFC 5321 as it takes to be handed mails.
async fn converse(stream: TcpStream, mailbox: Arc<Mutex<Vec<Mail>>>) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufStream::new(stream);
    let mut replied = "220 localhost ESMTP";
    loop {
        stream.write_all(format!("{replied}\r\n").as_bytes()).await?;
        stream.flush().await?;
        if replied.starts_with("221") {
            return Ok(());
        }
        if replied.starts_with("354") {
            let Some(mail) = receive(&mut stream).await? else { return Ok(()) };
            mailbox.lock().unwrap_or_else(PoisonError::into_inner).push(mail);
            replied = "250 OK";
            continue;
        }
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        replied = match line.get(..4).unwrap_or_default().to_ascii_uppercase().as_str() {
            "EHLO" => "250-localhost\r\n250-8BITMIME\r\n250 SMTPUTF8",
            "HELO" | "MAIL" | "RCPT" | "RSET" | "NOOP" => "250 OK",
            "DATA" => "354 Go on",
            "QUIT" => "221 Bye",
            _ => "502 Not here",
        };
    }
}

/// A mail up to the line with a dot; `None` when the connection ends before.
async fn receive(stream: &mut BufStream<TcpStream>) -> Result<Option<Mail>> {
    let (mut content, mut line) = (Vec::new(), Vec::new());
    loop {
        line.clear();
        if stream.read_until(b'\n', &mut line).await? == 0 {
            return Ok(None);
        }
        if line == b".\r\n" {
            return Ok(Some(Mail { at: Instant::now(), content }));
        }
        // RFC 5321 section 4.5.2: a line of the mail that begins with a dot was given another one.
        content.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpStream;

    use super::*;

    fn mail(number: usize) -> String {
        let order_ref = order_ref(number);
        let (first, rest) = order_ref.split_at(7);
        // Quoted-printable may break a line in the middle of a word.
        format!(
            "Subject: x\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
             ..\r\nOrder =C3=A9 {first}=\r\n{rest}\r\n"
        )
    }

    #[test]
    fn mails_are_told_apart_by_the_order_they_are_about() {
        let server = MailServer::start().unwrap();
        let mut stream = TcpStream::connect(server.address).unwrap();
        let mut replies = BufReader::new(stream.try_clone().unwrap()).lines();
        assert_eq!(replies.next().unwrap().unwrap(), "220 localhost ESMTP");
        let mut say = |said: &str, replied: &str| {
            stream.write_all(said.as_bytes()).unwrap();
            let last = replies.find(|line| line.as_ref().unwrap().as_bytes()[3] == b' ').unwrap().unwrap();
            assert_eq!(last, replied, "{said}");
        };
        say("EHLO shop.example\r\n", "250 SMTPUTF8");
        for number in [7, 123_456, 7] {
            say("mail from:<a@shop.example>\r\n", "250 OK");
            say("RCPT TO:<b@shop.example>\r\n", "250 OK");
            say("DATA\r\n", "354 Go on");
            say(&format!("{}.\r\n", mail(number)), "250 OK");
        }
        say("VRFY b\r\n", "502 Not here");
        say("QUIT\r\n", "221 Bye");
        let arrivals = server.arrivals();
        assert_eq!(arrivals.keys().copied().collect::<Vec<_>>(), [7, 123_456]);
        assert!(arrivals[&7] < arrivals[&123_456], "the first mail about a response counts");
    }
}
