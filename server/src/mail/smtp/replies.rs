//! Replies as lettre can read them: of bounded length, and text whatever bytes were sent.

use std::fmt::Debug;
use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A line may have 512 bytes (RFC 5321 section 4.5.3.1.5); some servers write more.
const LINE_MAX_BYTES: usize = 4 * 1024;
/// All lines of one reply.
const REPLY_MAX_BYTES: usize = 64 * 1024;
/// lettre reads a reply from its beginning again at each line: thousands of short ones would keep it busy for seconds.
const REPLY_MAX_LINES: usize = 512;
/// Longer lines lettre does not take, line end included.
const LETTRE_LINE_MAX_BYTES: usize = 1_000;
const LINE_END: &[u8] = b"\r\n";
/// lettre reads a greeting first, and over a connection that STARTTLS encrypted none comes.
const MADE_UP_GREETING: &[u8] = b"220 encrypted\r\n";

/// A stream whose replies are read line by line.
#[derive(Debug)]
pub struct Replies<S> {
    stream: S,
    received: Vec<u8>,
    /// What is left of the line that is being read.
    line: Vec<u8>,
    reply_bytes: usize,
    reply_lines: usize,
}

impl<S: AsyncRead + Unpin> Replies<S> {
    /// Replies that begin with a greeting.
    pub fn new(stream: S) -> Self {
        Self { stream, received: Vec::new(), line: Vec::new(), reply_bytes: 0, reply_lines: 0 }
    }

    /// Replies of a server that has greeted already.
    pub fn after_greeting(stream: S) -> Self {
        Self { line: MADE_UP_GREETING.to_vec(), ..Self::new(stream) }
    }

    /// Waits for a line.
    ///
    /// # Errors
    /// What the stream says, and `InvalidData` for a line or a reply that is too long.
    pub async fn wait(&mut self) -> Result<()> {
        std::future::poll_fn(|cx| self.poll_line(cx)).await
    }

    /// The stream; `None` when more was sent than the replies that were read.
    pub fn into_stream(self) -> Option<S> {
        self.is_read().then_some(self.stream)
    }

    fn is_read(&self) -> bool {
        self.received.is_empty() && self.line.is_empty()
    }

    /// Makes a line ready; there is none at the end of the stream.
    fn poll_line(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        while self.line.is_empty() {
            let end = self.received.iter().position(|byte| *byte == b'\n').map(|end| end + 1);
            let bytes = end.unwrap_or(self.received.len());
            if bytes > LINE_MAX_BYTES {
                return Poll::Ready(Err(too_long("a line", LINE_MAX_BYTES)));
            }
            if self.reply_bytes + bytes > REPLY_MAX_BYTES {
                return Poll::Ready(Err(too_long("a reply", REPLY_MAX_BYTES)));
            }
            if self.reply_lines == REPLY_MAX_LINES {
                let error = format!("a reply of the mail server has more than {REPLY_MAX_LINES} lines");
                return Poll::Ready(Err(Error::new(ErrorKind::InvalidData, error)));
            }
            if end.is_some() {
                self.reply_lines += 1;
                self.reply_bytes += bytes;
                self.line = readable(&self.received[..bytes]);
                self.received.drain(..bytes);
                break;
            }
            let mut chunk = [0; 1_024];
            let mut chunk = ReadBuf::new(&mut chunk);
            ready!(Pin::new(&mut self.stream).poll_read(cx, &mut chunk))?;
            if chunk.filled().is_empty() {
                break;
            }
            self.received.extend_from_slice(chunk.filled());
        }
        Poll::Ready(Ok(()))
    }
}

fn too_long(what: &str, max_bytes: usize) -> Error {
    Error::new(ErrorKind::InvalidData, format!("{what} of the mail server is longer than {max_bytes} bytes"))
}

/// A line as UTF-8, short enough, with the text that may be missing after the code (RFC 5321 section 4.2).
fn readable(line: &[u8]) -> Vec<u8> {
    let mut text = String::from_utf8_lossy(line.trim_ascii_end()).into_owned();
    text.truncate(text.floor_char_boundary(LETTRE_LINE_MAX_BYTES - LINE_END.len()));
    if text.len() == 3 {
        // lettre wants a text, and after EHLO the server's name.
        text.push_str(" -");
    }
    [text.as_bytes(), LINE_END].concat()
}

impl<S: AsyncRead + Unpin> AsyncRead for Replies<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        ready!(self.poll_line(cx))?;
        let bytes = self.line.len().min(buf.remaining());
        buf.put_slice(&self.line[..bytes]);
        self.line.drain(..bytes);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Replies<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<Result<usize>> {
        // It would be taken for the reply to what is written now.
        if !self.is_read() {
            let error = "the mail server sent a reply that nobody asked for";
            return Poll::Ready(Err(Error::new(ErrorKind::InvalidData, error)));
        }
        (self.reply_bytes, self.reply_lines) = (0, 0);
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + Sync + Debug> AsyncTokioStream for Replies<S> {
    /// lettre never asks.
    fn peer_addr(&self) -> Result<SocketAddr> {
        Err(ErrorKind::Unsupported.into())
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn reply_that_nobody_asked_for_is_not_taken_for_the_next() {
        let (mut server, client) = duplex(1_024);
        let mut replies = Replies::new(client);
        server.write_all(b"250 one\r\n250 two\r\n").await.unwrap();
        let mut line = [0; 9];
        replies.read_exact(&mut line).await.unwrap();
        assert_eq!(&line, b"250 one\r\n");

        let error = replies.write_all(b"DATA\r\n").await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::InvalidData, "{error}");
        assert!(replies.into_stream().is_none());
    }

    #[test]
    fn lines_become_text_that_lettre_takes() {
        for (line, text) in [
            (&b"250 sch\xf6n\r\n"[..], "250 sch\u{fffd}n\r\n"),
            (b"250\r\n", "250 -\r\n"),
            (b"250 ok\n", "250 ok\r\n"),
            (b"250-\r\n", "250-\r\n"),
        ] {
            assert_eq!(String::from_utf8(readable(line)).unwrap(), text);
        }
        assert_eq!(readable(&[b'x'; LINE_MAX_BYTES]).len(), LETTRE_LINE_MAX_BYTES);
        assert!(readable(&[0xff; LINE_MAX_BYTES]).len() <= LETTRE_LINE_MAX_BYTES);
    }
}
