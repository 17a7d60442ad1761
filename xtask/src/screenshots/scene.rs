//! Whose screen is shown.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::browser::Browser;

/// A customer's device and settings, and what of the window is shown.
#[derive(Clone, Copy)]
pub struct Scene {
    /// In the files' names.
    pub name: &'static str,
    /// In the table's head.
    pub title: &'static str,
    /// Of the page's `html` element.
    pub html_attributes: &'static str,
    /// Of the widget's tag, with a space before.
    pub tag_attributes: &'static str,
    /// What the customer writes.
    pub comment: &'static str,
    /// The window, in CSS pixels.
    window: (u32, u32),
    dark: bool,
    touch: bool,
    shown: Shown,
}

/// What of the window is shown.
#[derive(Clone, Copy)]
enum Shown {
    /// All of it, so much smaller.
    All(f64),
    /// This much around the corner that the widget is in.
    Corner { width: u32, height: u32, left: bool },
}

const COMMENT: &str = "The parcel came two days late, and the box was open.";

/// On a laptop.
const LAPTOP: Scene = Scene {
    name: "light",
    title: "light",
    html_attributes: "lang=\"en-GB\"",
    tag_attributes: "",
    comment: COMMENT,
    window: (1024, 768),
    dark: false,
    touch: false,
    shown: Shown::Corner { width: 480, height: 768, left: false },
};

/// On a phone.
pub const PHONE: Scene = Scene {
    name: "mobile",
    title: "phone, 390 x 844",
    window: (390, 844),
    touch: true,
    shown: Shown::All(1.0),
    ..LAPTOP
};

/// The window around everything in the README's picture.
pub const STORY: Scene = Scene { name: "story", window: (1332, 940), touch: false, ..PHONE };

/// Every scene, in the order of the table.
pub const SCENES: [Scene; 5] = [
    LAPTOP,
    Scene { name: "dark", title: "dark", dark: true, ..LAPTOP },
    Scene {
        name: "rtl",
        title: "right to left",
        html_attributes: "lang=\"ar\" dir=\"rtl\"",
        tag_attributes: " data-label=\"رأيك\"",
        comment: "وصل الطرد متأخرًا يومين، وكانت العلبة مفتوحة.",
        shown: Shown::Corner { width: 480, height: 768, left: true },
        ..LAPTOP
    },
    PHONE,
    Scene {
        name: "kiosk",
        title: "kiosk, 1080 x 1920",
        window: (1080, 1920),
        touch: true,
        shown: Shown::All(0.4),
        ..LAPTOP
    },
];

impl Scene {
    /// Makes the browser this customer's, for pages opened from now on.
    ///
    /// # Errors
    /// Chromium cannot.
    pub fn emulate(&self, browser: &Browser) -> Result<()> {
        emulate(browser, self.window, self.dark, self.touch)
    }

    /// A PNG of what the window shows now.
    ///
    /// # Errors
    /// Chromium cannot.
    pub fn picture(&self, browser: &Browser) -> Result<Vec<u8>> {
        let (width, height) = self.window;
        let clip = match self.shown {
            Shown::All(scale) => json!({ "x": 0, "y": 0, "width": width, "height": height, "scale": scale }),
            Shown::Corner { width: shown, height: tall, left } => {
                let x = if left { 0 } else { width - shown };
                json!({ "x": x, "y": height - tall, "width": shown, "height": tall, "scale": 1 })
            }
        };
        capture(browser, &clip)
    }

    /// What the names of its files begin with.
    pub fn file_prefix(&self) -> String {
        format!("widget-{}-", self.name)
    }

    /// The file that shows this step.
    pub fn file(&self, step: &str) -> String {
        format!("{}{step}.png", self.file_prefix())
    }
}

/// Makes the browser that of a device with this window, in CSS pixels, for pages opened from now on.
///
/// # Errors
/// Chromium cannot.
pub fn emulate(browser: &Browser, (width, height): (u32, u32), dark: bool, touch: bool) -> Result<()> {
    let features = json!([
        { "name": "prefers-color-scheme", "value": if dark { "dark" } else { "light" } },
        // Nothing is half faded in.
        { "name": "prefers-reduced-motion", "value": "reduce" },
    ]);
    browser.devtools("Emulation.setEmulatedMedia", json!({ "features": features }))?;
    browser.devtools("Emulation.setTouchEmulationEnabled", json!({ "enabled": touch }))?;
    browser.devtools("Emulation.setScrollbarsHidden", json!({ "hidden": true }))?;
    // Only a mobile browser says that its pointer is coarse.
    let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": touch });
    browser.devtools("Emulation.setDeviceMetricsOverride", metrics)?;
    Ok(())
}

/// A PNG of this part of the window.
///
/// # Errors
/// Chromium cannot.
pub fn capture(browser: &Browser, clip: &Value) -> Result<Vec<u8>> {
    let picture = browser.devtools("Page.captureScreenshot", json!({ "format": "png", "clip": clip }))?;
    let base64 = picture["data"].as_str().context("Chromium took no picture")?;
    data_encoding::BASE64.decode(base64.as_bytes()).context("Chromium's picture is no base64")
}
