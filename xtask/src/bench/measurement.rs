//! A server under load: how much it does, how long that takes, what it costs.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};

use super::load::Load;
use super::process_status::Memory;
use super::requests::{self, Template};
use super::server::Server;
use super::unhappy::Unhappy;
use crate::process;

/// What one round of load came to.
#[derive(Clone, Debug, Default)]
pub struct Measurement {
    /// Responses acknowledged (or inserted) per second of the measured time.
    pub per_second: f64,
    /// Latency half of them did not exceed, in milliseconds.
    pub p50_ms: Option<f64>,
    /// Latency 99 of 100 did not exceed, in milliseconds.
    pub p99_ms: Option<f64>,
    /// Transactions per acknowledgement.
    pub commits_per_ack: Option<f64>,
    /// The server's memory before the load, in bytes.
    pub idle_bytes: Option<u64>,
    /// The most memory the server ever had, in bytes.
    pub peak_bytes: Option<u64>,
    /// Share of the processors' time that other programs used just before, 0 to 1.
    pub others_busy: Option<f64>,
    /// Responses acknowledged, warm-up included: what must be in the database.
    pub acknowledged: u64,
}

impl Measurement {
    /// Posts these to this server in turn: `rate` a second, or each connection as fast as it is answered.
    ///
    /// # Errors
    /// The server refused a response, or does not answer.
    pub fn take(
        server: &Server,
        templates: Arc<[Template]>,
        connections: usize,
        seconds: u64,
        rate: Option<f64>,
    ) -> Result<Self> {
        let idle = Memory::of(server.pid());
        let commits_before = server.commits()?;
        let duration = Duration::from_secs(seconds);
        let acknowledged = Arc::default();
        let load = Load { address: server.address, connections, duration, templates, rate, acknowledged };
        let measured = load.run().map_err(|error| error.context(server.log()))?;
        let refused = &measured.refused;
        ensure!(refused.is_empty(), "the server refused responses; count by status: {refused:?}\n{}", server.log());
        let commits = server.commits()? - commits_before;
        Ok(Self {
            per_second: measured.latencies_us.len() as f64 / seconds as f64,
            p50_ms: Some(measured.percentile_ms(0.50)),
            p99_ms: Some(measured.percentile_ms(0.99)),
            commits_per_ack: (commits > 0.0).then(|| commits / measured.acknowledged.max(1) as f64),
            idle_bytes: idle.map(|memory| memory.resident_bytes),
            peak_bytes: Memory::of(server.pid()).map(|memory| memory.peak_bytes),
            others_busy: None,
            acknowledged: measured.acknowledged,
        })
    }
}

/// The demo's reviews as requests to a site of this server.
///
/// # Errors
/// They cannot be read.
pub fn templates(server: &Server, site_key: &str, unhappy: Unhappy) -> Result<Arc<[Template]>> {
    let reviews = process::workspace_root().join("server/demo/reviews.csv");
    Ok(Arc::from(requests::from_reviews(&reviews, &server.address.to_string(), site_key, unhappy)?))
}
