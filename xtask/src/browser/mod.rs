//! Chromium, steered through its driver: what measures the widget, and what takes its pictures.

mod pointer;
mod slow;

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use reqwest::Method;
use reqwest::blocking::Client;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::setup;

pub use slow::{PHONE, Slowness};

/// How long a script or a page may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// One window of a browser with a new profile. Dropping it ends browser and driver.
pub struct Browser {
    http: Client,
    /// Of its WebDriver session.
    url: String,
    _driver: Driver,
    _profile: TempDir,
}

impl Browser {
    /// Starts one; installs it first where that is possible.
    ///
    /// # Errors
    /// There is no Chromium or no driver, or they do not start; the error says what to install.
    pub fn start() -> Result<Self> {
        setup::ensure_debian_packages("look at the widget", &["chromium", "chromium-driver"])?;
        let profile = TempDir::new()?;
        let driver = Driver::start()?;
        let http = Client::builder().no_proxy().timeout(PATIENCE).build()?;
        let mut capabilities = counterbell_test_chromium::capabilities(profile.path());
        capabilities["timeouts"] = json!({ "script": PATIENCE.as_millis() as u64 });
        let wanted = json!({ "capabilities": { "alwaysMatch": capabilities } });
        let session = call(&http, Method::POST, &format!("{}/session", driver.url), &wanted)?;
        let id = session["sessionId"].as_str().context("chromedriver opened no session")?;
        Ok(Self { url: format!("{}/session/{id}", driver.url), http, _driver: driver, _profile: profile })
    }

    /// Opens a page and waits for its `load`.
    ///
    /// # Errors
    /// It cannot be loaded.
    pub fn open(&self, url: &str) -> Result<()> {
        self.post("url", &json!({ "url": url })).map(|_| ())
    }

    /// The result of a script with `arguments`, a list; a promise is waited for.
    ///
    /// # Errors
    /// It throws; the error holds what.
    pub fn run(&self, script: &str, arguments: Value) -> Result<Value> {
        self.post("execute/sync", &json!({ "script": script, "args": arguments }))
    }

    /// The result of a command of Chromium's DevTools protocol.
    ///
    /// # Errors
    /// Chromium does not know it, or cannot do it.
    pub fn devtools(&self, command: &str, params: Value) -> Result<Value> {
        self.post("goog/cdp/execute", &json!({ "cmd": command, "params": params })).context(command.to_owned())
    }

    /// Runs this script at the top of every page from now on, before the page's own.
    ///
    /// # Errors
    /// As [`Self::devtools`].
    pub fn on_every_page(&self, script: &str) -> Result<()> {
        self.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script })).map(|_| ())
    }

    fn post(&self, command: &str, body: &Value) -> Result<Value> {
        call(&self.http, Method::POST, &format!("{}/{command}", self.url), body)
    }
}

impl Drop for Browser {
    /// A browser that is not told to end outlives its driver.
    fn drop(&mut self) {
        let _ = call(&self.http, Method::DELETE, &self.url, &json!({}));
    }
}

/// Asks chromedriver; the `value` of its answer.
fn call(http: &Client, method: Method, url: &str, body: &Value) -> Result<Value> {
    let mut answer: Value = http.request(method, url).json(body).send()?.json()?;
    let value = answer["value"].take();
    if let Some(error) = value.get("error").and_then(Value::as_str) {
        bail!("the browser says {error}: {}", value["message"].as_str().unwrap_or_default());
    }
    Ok(value)
}

/// A running chromedriver.
struct Driver {
    child: Child,
    url: String,
    // Kept open: it may print more.
    _printed: BufReader<ChildStdout>,
}

impl Driver {
    fn start() -> Result<Self> {
        let mut command = Command::new("chromedriver");
        command.arg("--port=0").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().context("cannot start chromedriver")?;
        let mut output = BufReader::new(child.stdout.take().context("chromedriver has no output")?);
        let mut printed = String::new();
        loop {
            if output.read_line(&mut printed)? == 0 {
                let _ = child.wait();
                bail!("chromedriver ended:\n{printed}");
            }
            if let Some(port) = counterbell_test_chromium::driver_port(&printed) {
                return Ok(Self { child, url: format!("http://127.0.0.1:{port}"), _printed: output });
            }
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
