//! As much HTTP/1.1 as it takes to ask the server, over a connection that stays open.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// A connection that asks with an API key.
pub struct Client {
    stream: TcpStream,
    head: String,
    received: Vec<u8>,
}

impl Client {
    /// Connects.
    ///
    /// # Errors
    /// Nobody listens there.
    pub fn connect(address: SocketAddr, api_key: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).context("cannot connect to the server")?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let head = format!(" HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {api_key}\r\n\r\n");
        Ok(Self { stream, head, received: Vec::new() })
    }

    /// Asks for a path; status and body of the answer.
    ///
    /// # Errors
    /// There is no complete answer.
    pub fn get(&mut self, path: &str) -> Result<(u16, &[u8])> {
        let request = format!("GET {path}{}", self.head);
        self.stream.write_all(request.as_bytes()).context("cannot send a request")?;
        self.received.clear();
        let mut buffer = [0; 64 * 1024];
        loop {
            let read = self.stream.read(&mut buffer).with_context(|| format!("cannot read the answer to {path}"))?;
            ensure!(read > 0, "the server closed the connection while it answered {path}");
            self.received.extend_from_slice(&buffer[..read]);
            match parse_head(&self.received)? {
                Some(head) if self.received.len() >= head.answer_bytes => {
                    return Ok((head.status, &self.received[head.body_at..]));
                }
                _ => {}
            }
        }
    }

    /// Asks for a path; the body of an answer with status 200.
    ///
    /// # Errors
    /// There is no complete answer, or it has another status; the error holds it.
    pub fn get_ok(&mut self, path: &str) -> Result<&[u8]> {
        let (status, body) = self.get(path)?;
        ensure!(status == 200, "GET {path} was answered {status}: {}", String::from_utf8_lossy(body));
        Ok(body)
    }

    /// As [`Self::get_ok`], where the body is JSON.
    ///
    /// # Errors
    /// As there, or the body is no JSON.
    pub fn get_json(&mut self, path: &str) -> Result<Value> {
        let body = self.get_ok(path)?;
        serde_json::from_slice(body).with_context(|| format!("the answer to GET {path} is no JSON"))
    }
}

/// Where an answer's parts are.
#[derive(Debug, PartialEq, Eq)]
pub struct Head {
    /// Such as 201.
    pub status: u16,
    /// Where the body begins.
    pub body_at: usize,
    /// Of head and body together.
    pub answer_bytes: usize,
}

/// Reads an answer's head. `None`: it is not there in full yet.
///
/// # Errors
/// This is no HTTP, or the head names no length.
pub fn parse_head(bytes: &[u8]) -> Result<Option<Head>> {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&bytes[..end])?;
    let mut lines = head.split("\r\n");
    let status_line = lines.next().unwrap_or_default();
    let status = status_line.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.with_context(|| format!("not an HTTP status line: {status_line:?}"))?;
    let length = lines.filter_map(|line| line.split_once(':')).find_map(|(name, value)| {
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok()).flatten()
    });
    // RFC 9110 section 8.6: there is no body, and no length.
    let length = length.or((status == 204).then_some(0));
    // The server sends a length with every other answer; without one we could not tell where it ends.
    let length = length.context("an answer has no content-length")?;
    let body_at = end + 4;
    Ok(Some(Head { status, body_at, answer_bytes: body_at + length }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn head_is_read_once_it_is_complete() {
        let answer = b"HTTP/1.1 201 Created\r\nContent-Length: 3\r\nx: y\r\n\r\nabc";
        for end in 0..answer.len() - 3 {
            assert_eq!(parse_head(&answer[..end]).unwrap(), None, "{end}");
        }
        let head = Head { status: 201, body_at: answer.len() - 3, answer_bytes: answer.len() };
        assert_eq!(parse_head(answer).unwrap(), Some(head));
        assert!(parse_head(b"HTTP/1.1 201 Created\r\n\r\n").is_err());
        assert!(parse_head(b"220 mail.example ESMTP\r\n\r\n").is_err());
    }
}
