//! How tests and measurements want Chromium to be: the same browser for both.

use std::path::Path;

use serde_json::{Value, json};

/// How Chromium is started, with a profile of its own. It talks to nobody by itself.
pub fn arguments(profile: &Path) -> Vec<String> {
    let fixed = [
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
    ];
    let profile = format!("--user-data-dir={}", profile.display());
    fixed.into_iter().map(str::to_owned).chain([profile]).collect()
}

/// The capabilities of a new WebDriver session with such a browser.
pub fn capabilities(profile: &Path) -> Value {
    json!({
        "browserName": "chrome",
        // It keeps all the page says.
        "goog:loggingPrefs": { "browser": "ALL" },
        "goog:chromeOptions": { "args": arguments(profile) },
    })
}

/// The port chromedriver took, from what it printed so far; `None` while it has not said.
pub fn driver_port(printed: &str) -> Option<u16> {
    let (_, rest) = printed.split_once("successfully on port ")?;
    let end = rest.find(|character: char| !character.is_ascii_digit())?;
    rest[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn port_is_read_once_it_is_complete() {
        let printed = "Starting ChromeDriver 156\nChromeDriver was started successfully on port 45123.\n";
        assert_eq!(driver_port(printed), Some(45123));
        assert_eq!(driver_port("ChromeDriver was started successfully on port 451"), None);
    }
}
