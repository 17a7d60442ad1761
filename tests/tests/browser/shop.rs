//! A shop with the widget on its page.

use counterbell_tests::{Backend, Browser, HostPage, Setup, TestApp, Widget, sample, wait};
use serde_json::Value;

/// What the shop itself says on its page.
pub const CONTENT: &str = "<main><h1>Thank you for your order</h1><p>It leaves our store tomorrow.</p></main>";

/// The retailer's page and our server, which know each other.
pub struct Shop {
    pub page: HostPage,
    pub app: TestApp,
}

impl Shop {
    /// One whose page has the README's script tag and nothing else of ours.
    pub async fn open() -> Self {
        Self::open_with(|setup| setup).await
    }

    /// One with more settings.
    pub async fn open_with(configure: impl FnOnce(Setup) -> Setup) -> Self {
        Self::open_to(&[], configure).await
    }

    /// One whose site lets in more origins than its page's.
    pub async fn open_to(origins: &[&str], configure: impl FnOnce(Setup) -> Setup) -> Self {
        let page = HostPage::start().await;
        let own = page.origin();
        let app = configure(TestApp::on(Backend::Sqlite).origins(&[&[own.as_str()], origins].concat())).await;
        // A program answers faster than people.
        app.cli(&["site", "set", &app.site_key, "--min-answer-ms", "0", "--json"]).json();
        let shop = Self { page, app };
        shop.page.show(&format!("{CONTENT}{}", shop.tag()));
        shop
    }

    /// The README's script tag.
    pub fn tag(&self) -> String {
        sample::script_tag(self.app.url("").trim_end_matches('/'), &self.app.site_key)
    }

    /// The README's script tag with one more attribute.
    pub fn tag_with(&self, attribute: &str) -> String {
        self.tag().replacen("<script ", &format!("<script {attribute} "), 1)
    }

    /// Goes to the page and opens the widget.
    pub async fn visit(&self, browser: &Browser) {
        browser.open(&self.page.origin()).await;
        browser.widget().click(LAUNCHER).await;
        browser.widget().find(CARD).await;
    }

    /// Fails unless what [`answer`] says is stored, and nothing else.
    pub async fn must_have_one_answer(&self) {
        let stored = self.responses().await;
        assert_eq!(stored.len(), 1, "{stored:?}");
        assert_eq!((&stored[0]["score"], &stored[0]["comment"]), (&2.into(), &WORDS.into()), "{stored:?}");
    }

    /// Waits until a response with this score is stored.
    pub async fn wait_for_score(&self, score: i64) {
        wait::until_true(&format!("a response with score {score}"), async || {
            self.responses().await.first().is_some_and(|response| response["score"] == score)
        })
        .await;
    }

    /// Everything stored, newest first.
    pub async fn responses(&self) -> Vec<Value> {
        self.app.admin_items("/v1/admin/responses").await
    }
}

/// What a customer says in [`answer`].
const WORDS: &str = "The parcel was open";

/// Goes through the open card as a customer does, a line a step, until the server has it all.
pub async fn answer(widget: &Widget<'_>) {
    widget.click(&score(2)).await;
    widget.type_into(COMMENT, WORDS).await;
    finish(widget).await;
}

/// Presses Next or Send until the response is safe.
pub async fn finish(widget: &Widget<'_>) {
    wait::until_true("thanks", async || {
        let thanked = widget.count(THANKS).await > 0;
        if !thanked && widget.property("form", "ariaBusy").await == "false" {
            widget.click(SEND).await;
        }
        thanked
    })
    .await;
    widget.text(THANKS).await;
}

/// Opens and closes the card.
pub const LAUNCHER: &str = "button.launcher";
/// Closes the card.
pub const CLOSE: &str = "button.close";
/// The survey.
pub const CARD: &str = "[role=dialog]";
/// What is wrong.
pub const ALERT: &str = "form [role=alert]";
/// Heading of the thanks, there only once the server has the response.
pub const THANKS: &str = "[role=status] h2";
/// The customer's own words.
pub const COMMENT: &str = ".step:not([hidden]) textarea";
/// The button that leads on, and sends at the last step.
pub const SEND: &str = "form button.send";
/// The button that leads back.
pub const BACK: &str = "form button.back";

/// What a customer clicks for a score, counted from the lowest.
pub fn score(place: u32) -> String {
    format!(".scores label:nth-child({place})")
}
