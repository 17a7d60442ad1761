//! A look at the server while it is busy.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use anyhow::Result;
use serde::Serialize;

use crate::bench::process_status::{Memory, open_files};
use crate::bench::server::Server;

/// What one look found.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Sample {
    /// Since the load began.
    pub seconds: f64,
    /// Since the last look.
    pub acknowledged_per_second: f64,
    /// The server's memory.
    pub resident_bytes: Option<u64>,
    /// The server's files and sockets.
    pub open_files: Option<usize>,
    /// The database's write-ahead log.
    pub log_bytes: Option<u64>,
    /// Responses waiting for the writer.
    pub queued: f64,
    /// Comments waiting for the search index.
    pub to_index: f64,
    /// Messages waiting in the outbox.
    pub to_send: f64,
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let megabytes = |bytes: Option<u64>| bytes.map_or("?".to_owned(), |bytes| format!("{:.1}", bytes as f64 / 1e6));
        write!(
            f,
            "{:>6.0} s  {:>7.0}/s  RSS {:>6} MB  {:>4} files  log {:>6} MB  {:>5} queued  {:>7} to index  {:>7} to send",
            self.seconds,
            self.acknowledged_per_second,
            megabytes(self.resident_bytes),
            self.open_files.map_or("?".to_owned(), |files| files.to_string()),
            megabytes(self.log_bytes),
            self.queued,
            self.to_index,
            self.to_send
        )
    }
}

/// Looks again and again.
pub struct Sampler<'a> {
    server: &'a Server,
    /// File or directory.
    log: Option<PathBuf>,
    acknowledged: Arc<AtomicU64>,
    began: Instant,
    last: (Instant, u64),
    samples: Vec<Sample>,
}

impl<'a> Sampler<'a> {
    /// From now on; `log` is where the database's write-ahead log is, if that can be seen from here.
    pub fn new(server: &'a Server, log: Option<PathBuf>, acknowledged: Arc<AtomicU64>) -> Self {
        let began = Instant::now();
        Self { server, log, acknowledged, began, last: (began, 0), samples: Vec::new() }
    }

    /// One look.
    ///
    /// # Errors
    /// The server does not answer.
    pub fn look(&mut self) -> Result<Sample> {
        let (now, acknowledged) = (Instant::now(), self.acknowledged.load(Ordering::Relaxed));
        let since = now.duration_since(self.last.0).as_secs_f64().max(0.001);
        let sample = Sample {
            seconds: now.duration_since(self.began).as_secs_f64(),
            acknowledged_per_second: (acknowledged - self.last.1) as f64 / since,
            resident_bytes: Memory::of(self.server.pid()).map(|memory| memory.resident_bytes),
            open_files: open_files(self.server.pid()),
            log_bytes: self.log.as_deref().map(bytes_of),
            queued: self.server.metric("counterbell_ingest_queue_depth")?,
            to_index: self.server.metric("counterbell_search_index_lag_rows")?,
            to_send: self.server.metric("counterbell_outbox_pending")?,
        };
        self.last = (now, acknowledged);
        self.samples.push(sample);
        Ok(sample)
    }

    /// All looks.
    pub fn into_samples(self) -> Vec<Sample> {
        self.samples
    }
}

/// Of a file, or of the files in a directory. One that is gone meanwhile has none.
fn bytes_of(path: &Path) -> u64 {
    let of = |path: &Path| fs::metadata(path).map_or(0, |file| file.len());
    match fs::read_dir(path) {
        Ok(entries) => entries.flatten().map(|entry| of(&entry.path())).sum(),
        Err(_) => of(path),
    }
}
