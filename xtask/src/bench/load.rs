//! The load generator: as many requests as the server answers, or as many as are due, over connections that stay open.
//!
//! It shares the machine with the server, so it is cheap: one thread, requests rendered beforehand, of each answer
//! only the status and the length are read.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::http::parse_head;
use super::requests::Template;
use super::stats;

/// Requests before the measured time: connections, caches and the database's files are warm then.
pub const WARM_UP: Duration = Duration::from_millis(500);
/// How long an answer may take before the run is given up.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// Room for one answer.
pub const ANSWER_MAX_BYTES: usize = 16 * 1024;
/// Status of an answer that says "stored".
pub const CREATED: u16 = 201;

/// What to do to the server.
pub struct Load {
    /// Where it listens.
    pub address: SocketAddr,
    /// Each sends its next request when the last one is answered, and not before it is due.
    pub connections: usize,
    /// Measured time, after the warm-up.
    pub duration: Duration,
    /// Sent in turn.
    pub templates: Arc<[Template]>,
    /// Requests that fall due a second, on all connections together; `None`: each as soon as it can be sent.
    pub rate: Option<f64>,
    /// Answers with 201 so far, for somebody who watches.
    pub acknowledged: Arc<AtomicU64>,
}

/// What the server did.
#[derive(Debug, Default)]
pub struct Measured {
    /// Answers with 201, in the measured time or out of it: what must be in the database.
    pub acknowledged: u64,
    /// Of each 201 in the measured time, from sending to the last byte, in microseconds, sorted. All of them are
    /// kept: four bytes each are cheaper than being wrong.
    pub latencies_us: Vec<u32>,
    /// How many answers had another status.
    pub refused: BTreeMap<u16, u64>,
}

impl Measured {
    /// Latency that this share of requests did not exceed, in milliseconds.
    pub fn percentile_ms(&self, share: f64) -> f64 {
        f64::from(stats::percentile(&self.latencies_us, share)) / 1000.0
    }

    fn add(&mut self, other: Self) {
        self.acknowledged += other.acknowledged;
        self.latencies_us.extend(other.latencies_us);
        for (status, count) in other.refused {
            *self.refused.entry(status).or_default() += count;
        }
    }
}

impl Load {
    /// Runs it; returns when every request that was sent is answered.
    ///
    /// # Errors
    /// A connection broke, or an answer is no HTTP.
    pub fn run(self) -> Result<Measured> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let limit = WARM_UP + self.duration + ANSWER_TIMEOUT;
            tokio::time::timeout(limit, self.run_connections()).await.context("the server stopped answering")?
        })
    }

    async fn run_connections(self) -> Result<Measured> {
        let mut streams = Vec::new();
        for _ in 0..self.connections {
            let stream = TcpStream::connect(self.address).await.context("cannot connect to the server")?;
            stream.set_nodelay(true)?;
            streams.push(stream);
        }
        let started = Instant::now();
        let from = started + WARM_UP;
        let until = from + self.duration;
        let mut tasks = JoinSet::new();
        for (index, stream) in streams.into_iter().enumerate() {
            // Connections start spread over the reviews, so that they do not send the same one at the same time.
            let first = index * self.templates.len() / self.connections;
            let pace = Pace::new(started, self.rate, index, self.connections);
            let templates = Arc::clone(&self.templates);
            let connection = Connection { stream, pace, from, until, acknowledged: Arc::clone(&self.acknowledged) };
            tasks.spawn(async move { connection.run(templates.iter().cycle().skip(first)).await });
        }
        let mut measured = Measured::default();
        while let Some(done) = tasks.join_next().await {
            measured.add(done??);
        }
        measured.latencies_us.sort_unstable();
        Ok(measured)
    }
}

/// When requests of one connection fall due.
struct Pace {
    due: Instant,
    every: Option<Duration>,
}

impl Pace {
    /// The connections take turns.
    fn new(started: Instant, rate: Option<f64>, index: usize, connections: usize) -> Self {
        let every = rate.map(|rate| Duration::from_secs_f64(connections as f64 / rate));
        let turn = every.map_or(Duration::ZERO, |every| every.mul_f64(index as f64 / connections as f64));
        Self { due: started + turn, every }
    }

    /// Waits until the next request is due; the time from which its answer is awaited. That is when it was due, if the
    /// answer before it came too late: a slow server does not slow those who want something of it.
    async fn next(&mut self) -> Instant {
        let Some(every) = self.every else { return Instant::now() };
        let due = self.due;
        self.due += every;
        if due <= Instant::now() {
            return due;
        }
        tokio::time::sleep_until(due.into()).await;
        // The timer's millisecond is not the server's.
        Instant::now()
    }
}

/// One connection, posting one response after the other.
struct Connection {
    stream: TcpStream,
    pace: Pace,
    /// What is answered before is not measured.
    from: Instant,
    /// Nothing is sent after.
    until: Instant,
    acknowledged: Arc<AtomicU64>,
}

impl Connection {
    async fn run<'a>(mut self, templates: impl Iterator<Item = &'a Template>) -> Result<Measured> {
        let mut measured = Measured::default();
        let mut request = Vec::with_capacity(ANSWER_MAX_BYTES);
        let mut answer = vec![0; ANSWER_MAX_BYTES];
        for template in templates {
            let awaited_from = self.pace.next().await;
            if Instant::now() >= self.until {
                break;
            }
            template.render(&mut request)?;
            self.stream.write_all(&request).await.context("cannot send a request")?;
            let status = receive(&mut self.stream, &mut answer).await?;
            let answered_at = Instant::now();
            if status == CREATED {
                measured.acknowledged += 1;
                self.acknowledged.fetch_add(1, Ordering::Relaxed);
                if answered_at >= self.from && answered_at < self.until {
                    let latency_us = answered_at.duration_since(awaited_from).as_micros();
                    measured.latencies_us.push(u32::try_from(latency_us).unwrap_or(u32::MAX));
                }
            } else {
                *measured.refused.entry(status).or_default() += 1;
            }
        }
        Ok(measured)
    }
}

/// Reads one answer to its end; its status.
///
/// # Errors
/// The connection ended first, or this is no HTTP.
pub async fn receive(stream: &mut TcpStream, buffer: &mut [u8]) -> Result<u16> {
    let mut filled = 0;
    loop {
        ensure!(filled < buffer.len(), "an answer is longer than {ANSWER_MAX_BYTES} bytes");
        let read = stream.read(&mut buffer[filled..]).await.context("cannot read an answer")?;
        ensure!(read > 0, "the server closed a connection");
        filled += read;
        match parse_head(&buffer[..filled])? {
            Some(head) if filled >= head.answer_bytes => return Ok(head.status),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn late_request_is_awaited_from_when_it_was_due() {
        let started = Instant::now();
        let mut second_of_four = Pace::new(started, Some(4.0), 1, 4);
        assert_eq!(second_of_four.due - started, Duration::from_millis(250));
        let overdue = Instant::now() - Duration::from_secs(5);
        second_of_four.due = overdue;
        assert_eq!(second_of_four.next().await, overdue);
        assert_eq!(second_of_four.due - overdue, Duration::from_secs(1));
    }
}
