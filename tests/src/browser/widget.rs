//! The widget on a page, through its open shadow root.

use fantoccini::elements::Element;
use serde_json::{Value, json};

use crate::{Browser, wait};

/// Finds things in the widget; every find waits until the thing is there.
#[derive(Clone, Copy)]
pub struct Widget<'a> {
    browser: &'a Browser,
}

/// How a script's result names an element (WebDriver, "web element identifier").
const WEB_ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Before a script that uses `root`, the widget's shadow root.
const IN_SHADOW_ROOT: &str =
    "const root = document.querySelector('counterbell-widget')?.shadowRoot; if (!root) return null;";

impl<'a> Widget<'a> {
    pub(super) fn new(browser: &'a Browser) -> Self {
        Self { browser }
    }

    /// The result of a script that sees the widget's shadow root as `root`; null while there is none.
    pub async fn run_with(&self, script: &str, arguments: Value) -> Value {
        self.browser.run_with(&format!("{IN_SHADOW_ROOT} {script}"), arguments).await
    }

    /// Waits for an element that is shown.
    pub async fn find(&self, css: &str) -> Element {
        wait::until(&format!("{css} in the widget"), async || {
            let shown =
                "const found = root.querySelector(arguments[0]); return found?.checkVisibility() ? found : null;";
            let found = self.run_with(shown, json!([css])).await;
            let reference = found[WEB_ELEMENT].as_str()?.to_owned();
            Some(Element::from_element_id(self.browser.window().clone(), reference.into()))
        })
        .await
    }

    /// Waits until nothing in it moves or fades any more.
    pub async fn come_to_rest(&self) {
        wait::until_true("widget at rest", async || {
            self.run_with("return root.getAnimations().length", json!([])).await == 0
        })
        .await;
    }

    /// Waits until all that a card needs has been fetched and started, shown or not.
    pub async fn be_ready(&self) {
        wait::until_true("card's style sheet beside the launcher's", async || {
            self.run_with("return root.adoptedStyleSheets.length", json!([])).await == 2
        })
        .await;
    }

    /// Clicks an element as soon as it is shown.
    pub async fn click(&self, css: &str) {
        self.find(css).await.click().await.unwrap();
    }

    /// Types into a field, and waits until it has all of it.
    pub async fn type_into(&self, css: &str, text: &str) {
        self.find(css).await.send_keys(text).await.unwrap();
        wait::until_true(&format!("{text:?} in {css}"), async || {
            self.property(css, "value").await.as_str().is_some_and(|value| value.ends_with(text))
        })
        .await;
    }

    /// The value of a property of the first match, shown or not; null without a match.
    pub async fn property(&self, css: &str, name: &str) -> Value {
        let script = "return root.querySelector(arguments[0])?.[arguments[1]] ?? null";
        self.run_with(script, json!([css, name])).await
    }

    /// What has the focus inside the widget, as its tag name and type or class; empty when nothing has.
    pub async fn focused(&self) -> String {
        let script = "const e = root.activeElement; return e ? e.tagName + ' ' + (e.type || e.className) : ''";
        self.run_with(script, json!([])).await.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until an element shows text, and returns it.
    pub async fn text(&self, css: &str) -> String {
        let element = self.find(css).await;
        wait::until(&format!("text of {css}"), async || {
            Some(element.text().await.unwrap()).filter(|text| !text.trim().is_empty())
        })
        .await
    }

    /// Elements that match, shown or not.
    pub async fn count(&self, css: &str) -> u64 {
        let count = self.run_with("return root.querySelectorAll(arguments[0]).length", json!([css])).await;
        count.as_u64().unwrap_or_default()
    }
}
