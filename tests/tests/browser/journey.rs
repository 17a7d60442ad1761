//! From the customer's tap to the staff's mail.

use counterbell_tests::{Browser, Engine, Smtp, wait};

use crate::shop::{COMMENT, SEND, Shop, THANKS, finish, score};

#[tokio::test]
async fn dissatisfied_customer_reaches_staff_and_the_admin_api() {
    for &engine in Engine::of_main_flows() {
        journey(engine).await;
    }
}

async fn journey(engine: Engine) {
    // WebKitGTK's driver loses characters outside the basic plane when the machine is busy.
    let words = if engine == Engine::WebKit { "The parcel was open" } else { "The parcel was open \u{1f4e6}" };
    let smtp = Smtp::start().await;
    let shop = Shop::open_with(|setup| setup.smtp(&smtp)).await;
    Browser::check_in(engine, "journey", async |browser| {
        shop.visit(browser).await;
        let widget = browser.widget();
        widget.click(&score(1)).await;
        widget.type_into(COMMENT, words).await;
        browser.screenshot("journey-asked").await;
        wait::until_true("the score alone", async || {
            let stored = shop.responses().await;
            stored.len() == 1 && stored[0]["score"] == 1 && stored[0]["comment"].is_null()
        })
        .await;

        finish(&widget).await;

        assert_eq!(widget.text(THANKS).await, "We are sorry.");
        browser.screenshot("journey-thanked").await;
    })
    .await;

    let stored = shop.responses().await;
    assert_eq!(stored.len(), 1, "{stored:?}");
    for (member, value) in [
        ("comment", words),
        ("band", "dissatisfied"),
        ("touchpoint", "checkout"),
        ("order_ref", "A-1001"),
        ("channel", "web"),
        ("page_url", &format!("{}/", shop.page.origin())),
    ] {
        assert_eq!(stored[0][member], value, "{member}");
    }
    let deliveries = smtp.wait_for(1).await;
    assert_eq!(deliveries.len(), 1);
    assert!(deliveries[0].mail.subject().contains("checkout"), "{}", deliveries[0].mail.subject());
    assert!(deliveries[0].mail.text().contains(words), "{}", deliveries[0].mail.text());
}

#[tokio::test]
async fn page_with_a_strict_policy_loses_nothing() {
    for &engine in Engine::of_main_flows() {
        strict_policy(engine).await;
    }
}

async fn strict_policy(engine: Engine) {
    let shop = Shop::open().await;
    let server = shop.app.url("");
    shop.page.restrict(&format!(
        "default-src 'none'; base-uri 'none'; script-src {server} 'wasm-unsafe-eval'; connect-src {server}"
    ));
    Browser::check_in(engine, "strict-policy", async |browser| {
        shop.visit(browser).await;
        let widget = browser.widget();
        let sheets = widget.run_with("return root.adoptedStyleSheets.length", serde_json::json!([])).await;
        assert!(sheets.as_u64().unwrap() > 0, "styled without <style>");
        widget.click(&score(5)).await;
        widget.click(SEND).await;
        assert_eq!(widget.text(THANKS).await, "Thank you!");
        browser.screenshot("strict-policy-thanked").await;
    })
    .await;
    assert_eq!(shop.responses().await.len(), 1);
}

#[tokio::test]
async fn loyalty_is_asked_on_its_own_scale() {
    let shop = Shop::open().await;
    shop.page.show(&shop.tag_with("data-survey=nps"));
    Browser::check("loyalty", async |browser| {
        shop.visit(browser).await;
        let widget = browser.widget();
        assert_eq!(widget.count("input[type=radio]").await, 11);
        widget.click(&score(1)).await;
        browser.screenshot("loyalty-asked").await;
        finish(&widget).await;
    })
    .await;
    let stored = shop.responses().await;
    assert_eq!((&stored[0]["survey"], &stored[0]["score"]), (&"nps".into(), &0.into()), "{stored:?}");
}

#[tokio::test]
async fn comment_field_takes_what_the_server_takes() {
    let shop = Shop::open().await;
    Browser::check("comment", async |browser| {
        shop.visit(browser).await;
        let widget = browser.widget();
        let limit = counterbell_shared::limits::COMMENT_MAX_CHARS;
        assert_eq!(widget.property("textarea", "maxLength").await, limit, "more would be refused when it is too late");
    })
    .await;
}
