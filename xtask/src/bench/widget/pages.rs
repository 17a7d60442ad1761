//! The pages that are measured: the shop's with the widget, without it, and with its floor.

use std::path::Path;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::host_page;
use crate::stage::Stage;

/// Pages of a shop, and the server whose widget one of them carries.
pub struct Pages {
    stage: Stage,
    /// The shop's page with the widget's tag.
    pub with: String,
    /// The same page without it.
    pub without: String,
}

/// The page that does no more than it must.
pub struct Floor {
    /// Its address.
    pub url: String,
    /// How many files it fetches when its button is pressed.
    pub files: usize,
}

impl Pages {
    /// Starts what serves them.
    ///
    /// # Errors
    /// The server does not start.
    pub fn serve(binary: &Path) -> Result<Self> {
        let stage = Stage::set(binary)?;
        let with = stage.host.show("/", host_page::shop(&stage.tag(""))?);
        let without = stage.host.show("/without", host_page::shop("")?);
        Ok(Self { stage, with, without })
    }

    /// Looks at what the open card consists of and what it fetched, and makes a page of it that does no more than
    /// fetch as many bytes, and draw the same.
    ///
    /// # Errors
    /// The widget does not open.
    pub fn make_floor(&self, browser: &Browser) -> Result<Floor> {
        browser.open(&self.with)?;
        let launcher = browser.run("return widgetBench.launcher()", json!([]))?;
        let closed = browser.run("return widgetBench.looks()", json!([]))?;
        browser.tap(&launcher)?;
        browser.run("return widgetBench.rating()", json!([]))?;
        let open = browser.run("return widgetBench.looks()", json!([]))?;
        let fetched = browser.run("return widgetBench.fetched()", json!([]))?;
        let ours = |url: &&Value| url.as_str().is_some_and(|url| url.starts_with(&self.stage.server));
        let urls: Vec<&Value> = fetched.as_array().into_iter().flatten().filter(ours).collect();
        ensure!(!urls.is_empty(), "the widget fetched nothing when it was opened");
        let looks = json!({ "closed": closed, "open": open, "urls": urls }).to_string();
        // No text of the card may end the script.
        let script = include_str!("floor.js").replace("%LOOKS%", &looks.replace('<', "\\u003c"));
        // The loader is fetched too: both pages have a connection to the server when they are pressed.
        let loader = format!("<link rel=preload as=script href=\"{}/widget.js\">", self.stage.server);
        let page = host_page::shop(&format!("{loader}<script>{script}</script>"))?;
        Ok(Floor { url: self.stage.host.show("/floor", page), files: urls.len() })
    }
}
