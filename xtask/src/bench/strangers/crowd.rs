//! Strangers: they make up site keys and origins, and ask again as soon as they are answered.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use counterbell_shared::ids::base32;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::bench::load::{ANSWER_MAX_BYTES, receive};

/// Strangers who are asking.
pub struct Crowd {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<BTreeMap<u16, u64>>>,
    since: Instant,
}

/// What they were told.
pub struct Told {
    /// How many answers had which status.
    pub by_status: BTreeMap<u16, u64>,
    /// For how long they asked.
    pub lasted: Duration,
}

impl Told {
    /// All of them together.
    pub fn per_second(&self) -> f64 {
        self.by_status.values().sum::<u64>() as f64 / self.lasted.as_secs_f64()
    }
}

impl Crowd {
    /// So many begin to ask, each over a connection of its own.
    pub fn gather(address: SocketAddr, count: usize) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let mut strangers = JoinSet::new();
                for number in 0..count {
                    strangers.spawn(ask(address, number, Arc::clone(&stopped)));
                }
                let mut all = BTreeMap::new();
                while let Some(told) = strangers.join_next().await {
                    for (status, answers) in told?? {
                        *all.entry(status).or_default() += answers;
                    }
                }
                Ok(all)
            })
        });
        Self { stop, thread, since: Instant::now() }
    }

    /// Waits until all have their last answer.
    ///
    /// # Errors
    /// One was not answered.
    pub fn leave(self) -> Result<Told> {
        let lasted = self.since.elapsed();
        self.stop.store(true, Ordering::Relaxed);
        let by_status = self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        Ok(Told { by_status, lasted })
    }
}

async fn ask(address: SocketAddr, number: usize, stop: Arc<AtomicBool>) -> Result<BTreeMap<u16, u64>> {
    let mut stream = TcpStream::connect(address).await.context("a stranger cannot connect")?;
    stream.set_nodelay(true)?;
    let mut answer = vec![0; ANSWER_MAX_BYTES];
    let mut told = BTreeMap::new();
    for turn in number.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        stream.write_all(request(turn).as_bytes()).await.context("a stranger cannot ask")?;
        let status = receive(&mut stream, &mut answer).await.context("a stranger is not answered")?;
        *told.entry(status).or_default() += 1;
    }
    Ok(told)
}

/// A preflight, a response and a widget in turn, each of another origin and site that nobody has made.
fn request(turn: usize) -> String {
    let key = base32(&fastrand::u128(..).to_le_bytes());
    let origin = format!("https://{key}.example");
    match turn % 3 {
        0 => format!(
            "OPTIONS /v1/responses HTTP/1.1\r\nhost: x\r\norigin: {origin}\r\n\
             access-control-request-method: POST\r\n\r\n"
        ),
        1 => {
            let body = format!("{{\"site_key\":\"site_{key}\",\"score\":1}}");
            format!(
                "POST /v1/responses HTTP/1.1\r\nhost: x\r\norigin: {origin}\r\n\
                 content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            )
        }
        _ => format!("GET /v1/widget/site_{key} HTTP/1.1\r\nhost: x\r\norigin: {origin}\r\n\r\n"),
    }
}
