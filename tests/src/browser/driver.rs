//! The program that steers the browser.

use std::process::Command;

use fantoccini::wd::Capabilities;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::Program;

/// A running chromedriver; its browser's profile goes with it.
pub struct Driver {
    program: Program,
    url: String,
    profile: TempDir,
}

impl Driver {
    /// Starts one on a free port.
    pub async fn start() -> Self {
        let mut program = Program::start(Command::new("chromedriver").arg("--port=0"));
        let port = program.wait_for_output("port", started_port).await;
        Self { program, url: format!("http://127.0.0.1:{port}"), profile: TempDir::new().unwrap() }
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A headless browser with a profile of its own that talks to nobody, and keeps all the page says.
    pub fn capabilities(&self) -> Capabilities {
        let capabilities = json!({
            "browserName": "chrome",
            "goog:loggingPrefs": { "browser": "ALL" },
            "goog:chromeOptions": { "args": [
                "--headless",
                // Without it Chromium does not run as root, as in a container.
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--no-proxy-server",
                "--lang=en-US",
                "--window-size=1024,768",
                format!("--user-data-dir={}", self.profile.path().display()),
            ] },
        });
        let Value::Object(capabilities) = capabilities else { unreachable!("made three lines above") };
        capabilities
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.program.kill();
    }
}

/// Out of `ChromeDriver was started successfully on port 43210.`
fn started_port(printed: &str) -> Option<u16> {
    let (_, rest) = printed.split_once("started successfully on port ")?;
    rest.split_once('.')?.0.parse().ok()
}
