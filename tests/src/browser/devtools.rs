//! What only Chromium's DevTools protocol can: other people's screens and settings, and exact pictures.

use reqwest::Client;
use serde_json::{Value, json};

/// The DevTools protocol, handed on by chromedriver.
pub struct DevTools {
    http: Client,
    url: String,
}

impl DevTools {
    /// That of one session.
    pub fn new(driver_url: &str, session_id: &str) -> Self {
        let url = format!("{driver_url}/session/{session_id}/goog/cdp/execute");
        Self { http: Client::builder().no_proxy().build().unwrap(), url }
    }

    /// The result of a command.
    pub async fn run(&self, command: &str, params: Value) -> Value {
        let request = self.http.post(&self.url).json(&json!({ "cmd": command, "params": params }));
        let mut answer: Value = request.send().await.unwrap().json().await.unwrap();
        let result = answer["value"].take();
        assert!(result.get("error").is_none(), "{command}: {result}");
        result
    }
}

/// How a customer's device and settings differ from a plain desktop.
#[derive(Clone, Copy, Default)]
pub struct Customer {
    /// Prefers dark pages.
    pub dark: bool,
    /// Uses a high-contrast theme: "forced colours".
    pub forced_colors: bool,
    /// Wants nothing to move.
    pub reduced_motion: bool,
    /// Touches the screen.
    pub touch: bool,
    /// Size of the window in CSS pixels, when it is not the usual one.
    pub window: Option<(u32, u32)>,
    /// Device pixels to a CSS pixel: how far the customer has zoomed in; 0 is the usual 1.
    pub zoom: u32,
}

impl Customer {
    /// Makes the browser this customer's, for pages opened from now on.
    pub(super) async fn sit_down_at(&self, devtools: &DevTools) {
        let either = |condition: bool, yes: &str, no: &str| if condition { yes.to_owned() } else { no.to_owned() };
        let features = json!([
            { "name": "prefers-color-scheme", "value": either(self.dark, "dark", "light") },
            { "name": "forced-colors", "value": either(self.forced_colors, "active", "none") },
            { "name": "prefers-reduced-motion", "value": either(self.reduced_motion, "reduce", "no-preference") },
        ]);
        devtools.run("Emulation.setEmulatedMedia", json!({ "features": features })).await;
        devtools.run("Emulation.setTouchEmulationEnabled", json!({ "enabled": self.touch })).await;
        if self.touch || self.zoom > 0 || self.window.is_some() {
            let (width, height) = self.window.unwrap_or((1024, 768));
            // Only a mobile browser says that its pointer is coarse.
            let metrics = json!({
                "width": width, "height": height, "deviceScaleFactor": self.zoom.max(1), "mobile": self.touch,
            });
            devtools.run("Emulation.setDeviceMetricsOverride", metrics).await;
        } else {
            devtools.run("Emulation.clearDeviceMetricsOverride", json!({})).await;
        }
    }
}
