//! Pictures of the mails that staff get, from the files that tests compare them with.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::json;

use super::scene::{capture, emulate};
use super::{compress, write};
use crate::browser::Browser;
use crate::process;

/// The most bytes of a picture: a whole mail is longer than a screen.
const BYTES_MAX: usize = 90_000;

/// A mail, on somebody's screen.
pub struct MailScene {
    /// In the file's name, and in the table's head.
    pub name: &'static str,
    /// Its file below server/tests/mails.
    mail: &'static str,
    /// Of the window, in CSS pixels.
    width: u32,
    dark: bool,
}

/// Every one, in the order of the table.
pub const MAILS: [MailScene; 5] = [
    MailScene { name: "light", mail: "en/alert.html", width: 480, dark: false },
    MailScene { name: "dark", mail: "en/alert.html", width: 480, dark: true },
    MailScene { name: "right-to-left", mail: "ar/alert.html", width: 480, dark: false },
    MailScene { name: "320-px-wide", mail: "en/alert.html", width: 320, dark: false },
    MailScene { name: "escalated", mail: "en/case-escalated.html", width: 320, dark: true },
];

impl MailScene {
    /// The picture in docs/images.
    pub fn file(&self) -> String {
        format!("mail-{}.png", self.name)
    }
}

/// Takes each, from its top to its end. The mails have no pictures, so they look the same with pictures off.
///
/// # Errors
/// Chromium cannot, or a picture is too large.
pub fn take(images: &Path) -> Result<()> {
    let mails = process::workspace_root().join("server/tests/mails");
    let browser = Browser::start()?;
    for scene in MAILS {
        emulate(&browser, (scene.width, 600), scene.dark, false)?;
        browser.open(&format!("file://{}", mails.join(scene.mail).display()))?;
        let height = browser.run("return document.body.scrollHeight", json!([]))?;
        let height = height.as_u64().context("the mail has no height")?;
        emulate(&browser, (scene.width, u32::try_from(height)?), scene.dark, false)?;
        let clip = json!({ "x": 0, "y": 0, "width": scene.width, "height": height, "scale": 1 });
        write(&images.join(scene.file()), &compress(&capture(&browser, &clip)?)?, BYTES_MAX)?;
    }
    Ok(())
}
