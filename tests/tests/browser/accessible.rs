//! Nothing for axe-core to find, in whatever state the widget is.

use counterbell_tests::{Browser, Customer};

use crate::shop::{ALERT, CARD, COMMENT, LAUNCHER, SEND, Shop, THANKS, score};

#[tokio::test]
async fn no_state_has_an_accessibility_fault() {
    check("accessible", Customer::default()).await;
}

#[tokio::test]
async fn no_state_has_an_accessibility_fault_in_the_dark() {
    check("accessible-dark", Customer { dark: true, ..Customer::default() }).await;
}

#[tokio::test]
async fn no_state_has_an_accessibility_fault_on_a_phone() {
    check("accessible-phone", Customer { touch: true, window: Some((360, 640)), ..Customer::default() }).await;
}

/// Goes through every state, and looks at each.
async fn check(name: &str, customer: Customer) {
    let shop = Shop::open().await;
    Browser::check(name, async |browser| {
        browser.belongs_to(customer).await;
        browser.open(&shop.page.origin()).await;
        let widget = browser.widget();

        widget.find(LAUNCHER).await;
        browser.must_be_accessible("launcher").await;

        widget.click(LAUNCHER).await;
        widget.find(CARD).await;
        browser.must_be_accessible("open card").await;

        widget.click(SEND).await;
        widget.text(ALERT).await;
        browser.must_be_accessible("choose first").await;

        widget.click(&score(2)).await;
        widget.find(COMMENT).await;
        browser.must_be_accessible("what went wrong").await;

        widget.click(SEND).await;
        widget.type_into("[name=email]", "ada@example").await;
        browser.must_be_accessible("contact").await;

        widget.click(SEND).await;
        assert!(widget.text(ALERT).await.contains("tick the box"));
        browser.must_be_accessible("no consent").await;

        widget.click("[name=consent]").await;
        widget.click(SEND).await;
        widget.text(THANKS).await;
        browser.must_be_accessible("thanks").await;
    })
    .await;
}
