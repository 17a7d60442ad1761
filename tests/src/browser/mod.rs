//! A real browser, which no error escapes.

mod audit;
mod console;
mod devtools;
mod driver;
mod picture;
mod widget;

use std::panic::AssertUnwindSafe;

use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::{Client, ClientBuilder, Locator};
use futures_util::FutureExt;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use crate::{environment, wait};
use console::{Console, Source};
use devtools::DevTools;
use driver::Driver;

pub(crate) use console::WATCH;
pub use devtools::Customer;
pub use driver::Engine;
pub use picture::Picture;
pub use widget::Widget;

/// One browser window of one test's own.
pub struct Browser {
    window: Client,
    console: Console,
    devtools: DevTools,
    driver: Driver,
}

impl Browser {
    /// Runs `scenario` in a new browser. Whatever the page complains about fails the test: a page error, an error on
    /// the console, a violation of its Content-Security-Policy. A failure leaves `{name}-failed.png`.
    pub async fn check(name: &str, scenario: impl AsyncFnOnce(&Self)) {
        Self::check_in(Engine::Chromium, name, scenario).await;
    }

    /// As [`Self::check`], in a browser of this engine.
    pub async fn check_in(engine: Engine, name: &str, scenario: impl AsyncFnOnce(&Self)) {
        let name =
            &if engine == Engine::Chromium { name.to_owned() } else { format!("{name}-{engine:?}").to_lowercase() };
        // One of an earlier run would mislead; mostly there is none.
        let _ = std::fs::remove_file(environment::screenshots().join(format!("{name}-failed.png")));
        let driver = Driver::start(engine).await;
        let capabilities = driver.capabilities();
        let connected = ClientBuilder::new(HttpConnector::new()).capabilities(capabilities).connect(driver.url()).await;
        let window = connected.unwrap_or_else(|error| panic!("no browser: {error}"));
        let session_id = window.session_id().await.unwrap().unwrap();
        let console = Console::new(match engine {
            Engine::Chromium => {
                let http = reqwest::Client::builder().no_proxy().build().unwrap();
                Source::Log(http, format!("{}/session/{session_id}/se/log", driver.url()))
            }
            Engine::Firefox | Engine::WebKit => Source::Page(window.clone()),
        });
        let devtools = DevTools::new(driver.url(), &session_id);
        let browser = Self { window, console, devtools, driver };

        let whole = AssertUnwindSafe(async {
            scenario(&browser).await;
            browser.console.check().await;
        });
        let result = whole.catch_unwind().await;
        if result.is_err() {
            browser.screenshot(&format!("{name}-failed")).await;
            eprintln!("---- console:\n{}----", browser.console.text().await);
        }
        // Before the panic goes on: a browser that is not told to end outlives its driver.
        let closed = browser.window.clone().close().await;
        drop(browser.driver);
        if let Err(panic) = result {
            std::panic::resume_unwind(panic);
        }
        closed.unwrap();
    }

    /// Opens a page and waits for its `load`.
    pub async fn open(&self, url: &str) {
        self.console.fetch().await;
        self.window.goto(url).await.unwrap();
    }

    /// Presses the browser's own button to go back.
    pub async fn go_back(&self) {
        self.window.back().await.unwrap();
    }

    /// The result of a script, in the page.
    pub async fn run(&self, script: &str) -> Value {
        self.run_with(script, json!([])).await
    }

    /// The result of a script with `arguments`.
    pub async fn run_with(&self, script: &str, arguments: Value) -> Value {
        let Value::Array(arguments) = arguments else { panic!("not a list: {arguments}") };
        self.window.execute(script, arguments).await.unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// Presses keys one after the other, whatever has the focus; see [`Key`](fantoccini::key::Key) for special ones.
    pub async fn press(&self, keys: &str) {
        let strokes = keys.chars().fold(KeyActions::new("keyboard".to_owned()), |strokes, value| {
            strokes.then(KeyAction::Down { value }).then(KeyAction::Up { value })
        });
        self.window.perform_actions(strokes).await.unwrap();
    }

    /// The page's widget.
    pub fn widget(&self) -> Widget<'_> {
        Widget::new(self)
    }

    /// Makes the browser this customer's, for pages opened from now on.
    pub async fn belongs_to(&self, customer: Customer) {
        assert_eq!(self.driver.engine(), Engine::Chromium, "the only one with DevTools");
        customer.sit_down_at(&self.devtools).await;
    }

    /// Pages opened from now on run no scripts of theirs; ours are run all the same.
    pub async fn switch_scripts_off(&self) {
        assert_eq!(self.driver.engine(), Engine::Chromium, "the only one with DevTools");
        self.devtools.run("Emulation.setScriptExecutionDisabled", json!({ "value": true })).await;
    }

    /// Leaves the pages of this origin this many bytes of storage, kept or not yet kept.
    pub async fn limit_storage(&self, origin: &str, bytes: u64) {
        assert_eq!(self.driver.engine(), Engine::Chromium, "the only one with DevTools");
        let limit = json!({ "origin": origin, "quotaSize": bytes });
        self.devtools.run("Storage.overrideQuotaForOrigin", limit).await;
    }

    /// Fails when axe-core finds a fault in what the page shows now, which the failure calls `state`.
    pub async fn must_be_accessible(&self, state: &str) {
        audit::must_be_clean(self, state).await;
    }

    /// The open card, to be compared with another; nothing more can be done on this page.
    pub async fn picture_of_card(&self, name: &str) -> Picture {
        Picture::take(self, name).await
    }

    /// Goes into the page's first frame; what is asked of the page from now on is asked of the page in it.
    pub async fn enter_frame(&self) {
        self.window.enter_frame(0).await.unwrap();
    }

    /// Goes back to the page with the frames.
    pub async fn leave_frame(&self) {
        self.window.clone().enter_parent_frame().await.unwrap();
    }

    /// Goes to the window, or tab, that this one opens. As soon as it is there.
    pub async fn enter_new_window(&self) {
        let first = self.window.window().await.unwrap();
        let new = wait::until("a new window", async || {
            let windows = self.window.windows().await.unwrap();
            windows.into_iter().find(|window| *window != first)
        })
        .await;
        self.window.switch_to_window(new).await.unwrap();
    }

    /// Clicks the first match, as soon as it is there.
    pub async fn click(&self, css: &str) {
        self.window.wait().for_element(Locator::Css(css)).await.unwrap().click().await.unwrap();
    }

    /// Keeps a picture as `{name}.png`.
    pub async fn screenshot(&self, name: &str) {
        // A browser that crashed has none; the failure that is being reported matters more.
        if let Ok(png) = self.window.screenshot().await {
            std::fs::write(environment::screenshots().join(format!("{name}.png")), png).unwrap();
        }
    }

    /// From now on, errors with these words are what the test wants to see, and one must come.
    pub fn expect_console_error(&self, words: &str) {
        self.console.expect(words);
    }

    pub(crate) fn window(&self) -> &Client {
        &self.window
    }

    pub(crate) fn devtools(&self) -> &DevTools {
        &self.devtools
    }
}
