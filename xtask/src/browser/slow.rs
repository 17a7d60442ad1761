//! A weak phone on a slow network.

use anyhow::Result;
use serde::Serialize;
use serde_json::json;

use super::Browser;

/// How much slower than this machine.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Slowness {
    /// By how much the processor is slowed down.
    pub cpu_factor: u32,
    /// Round trip, added to each request.
    pub round_trip_ms: u32,
    /// To the page.
    pub download_bits_per_second: u32,
    /// From the page.
    pub upload_bits_per_second: u32,
}

/// What Lighthouse calls a mid-tier phone on slow 4G.
pub const PHONE: Slowness = Slowness {
    cpu_factor: 4,
    round_trip_ms: 150,
    download_bits_per_second: 1_600_000,
    upload_bits_per_second: 750_000,
};

impl Browser {
    /// Slows down everything from now on.
    ///
    /// # Errors
    /// Chromium cannot.
    pub fn slow_down(&self, slowness: Slowness) -> Result<()> {
        self.devtools("Network.enable", json!({}))?;
        let conditions = json!({
            "offline": false,
            "latency": slowness.round_trip_ms,
            "downloadThroughput": slowness.download_bits_per_second / 8,
            "uploadThroughput": slowness.upload_bits_per_second / 8,
        });
        self.devtools("Network.emulateNetworkConditions", conditions)?;
        self.devtools("Emulation.setCPUThrottlingRate", json!({ "rate": slowness.cpu_factor }))?;
        Ok(())
    }

    /// Forgets every file it has fetched.
    ///
    /// # Errors
    /// Chromium cannot.
    pub fn clear_cache(&self) -> Result<()> {
        self.devtools("Network.clearBrowserCache", json!({})).map(|_| ())
    }
}
