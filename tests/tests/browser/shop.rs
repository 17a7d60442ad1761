//! A shop with the widget on its page.

use counterbell_tests::{Backend, Browser, HostPage, Setup, TestApp, sample};
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
        let page = HostPage::start().await;
        let app = configure(TestApp::on(Backend::Sqlite).origins(&[&page.origin()])).await;
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

    /// Everything stored, newest first.
    pub async fn responses(&self) -> Vec<Value> {
        self.app.admin_items("/v1/admin/responses").await
    }
}

/// Opens and closes the card.
pub const LAUNCHER: &str = "button.launcher";
/// The survey.
pub const CARD: &str = "[role=dialog]";
/// What is wrong.
pub const ALERT: &str = "form [role=alert]";
/// Heading of the thanks, there only once the server has the response.
pub const THANKS: &str = "[role=status] h2";
/// The customer's own words.
pub const COMMENT: &str = "textarea";
/// The button that sends.
pub const SEND: &str = "form button.send";

/// What a customer clicks for a score, counted from the lowest.
pub fn score(place: u32) -> String {
    format!(".scores label:nth-child({place})")
}
