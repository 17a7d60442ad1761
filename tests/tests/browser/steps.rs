//! What is asked after the score, and what is said at the end.

use counterbell_tests::{Browser, Customer};
use serde_json::json;

use crate::shop::{ALERT, BACK, SEND, Shop, THANKS, finish, score};

#[tokio::test]
async fn unhappy_customer_says_what_went_wrong_and_may_be_written_to() {
    let shop = Shop::open().await;
    Browser::check("unhappy", async |browser| {
        shop.visit(browser).await;
        let widget = browser.widget();
        widget.click(&score(1)).await;
        assert_eq!(widget.text(".progress").await, "Step 2 of 3");
        assert_eq!(widget.text(SEND).await, "Skip", "no answer is forced");
        widget.click("[value=late]").await;
        widget.click("[value=quality]").await;
        widget.type_into("[name='other:reasons']", "The box was wet").await;
        assert_eq!(widget.text(SEND).await, "Next");
        widget.come_to_rest().await;
        browser.screenshot("step-reasons").await;
        widget.click(SEND).await;

        widget.type_into("[name=email]", "ada").await;
        widget.click(SEND).await;
        assert!(widget.text(ALERT).await.contains("e-mail address"));
        widget.type_into("[name=email]", "@shop.example").await;
        browser.screenshot("step-contact").await;
        widget.click(SEND).await;
        assert!(widget.text(ALERT).await.contains("tick the box"), "no address without consent");

        widget.click(BACK).await;
        assert_eq!(widget.property("[value=late]", "checked").await, true, "what was answered is still there");
        widget.click(SEND).await;
        widget.click("[name=consent]").await;
        widget.click(SEND).await;
        assert_eq!(widget.text(THANKS).await, "We are sorry.");
        browser.screenshot("step-thanks").await;
    })
    .await;
    let stored = shop.responses().await;
    assert_eq!(stored.len(), 1, "{stored:?}");
    let reasons = json!({ "choices": ["late", "quality"], "other": "The box was wet" });
    assert_eq!(stored[0]["answers"]["reasons"], reasons, "{stored:?}");
    assert_eq!(stored[0]["contact"]["email"], "ada@shop.example", "{stored:?}");
}

#[tokio::test]
async fn customer_who_thinks_again_is_asked_what_is_for_the_new_score() {
    let shop = Shop::open().await;
    Browser::check("thinks-again", async |browser| {
        shop.visit(browser).await;
        let widget = browser.widget();
        widget.click(&score(1)).await;
        widget.click("[value=late]").await;
        widget.click(BACK).await;
        widget.click(&score(5)).await;
        assert!(widget.text(".step:not([hidden])").await.contains("do well"));
        finish(&widget).await;
    })
    .await;
    let stored = shop.responses().await;
    assert_eq!((stored.len(), &stored[0]["score"]), (1, &5.into()), "{stored:?}");
    assert!(stored[0]["answers"].get("reasons").is_none(), "answers to questions not asked: {stored:?}");
}

#[tokio::test]
async fn each_display_gives_its_scores() {
    for (metric, display, place, value) in [
        ("csat", "stars", 4, 4),
        ("csat", "faces", 2, 2),
        ("csat", "numbers", 3, 3),
        ("csat", "thumbs", 2, 5),
        ("expectation", "faces", 1, 1),
    ] {
        let name = format!("{display}-{metric}");
        let shop = Shop::open().await;
        shop.app.publish_survey(&json!({
            "name": name, "metric": metric, "display": display, "default_locale": "en",
            "question": { "en": "How was it?" }, "low_label": { "en": "Bad" }, "high_label": { "en": "Good" },
        }));
        shop.page.show(&shop.tag_with(&format!("data-survey={name}")));
        Browser::check(&name, async |browser| {
            shop.visit(browser).await;
            let widget = browser.widget();
            widget.click(&score(place)).await;
            widget.come_to_rest().await;
            browser.screenshot(&format!("display-{name}")).await;
            browser.must_be_accessible(&name).await;
            finish(&widget).await;
        })
        .await;
        assert_eq!(shop.responses().await[0]["score"], value, "{name}");
    }
}

#[tokio::test]
async fn thanks_and_link_are_those_for_the_score() {
    let shop = Shop::open().await;
    shop.app.publish_survey(&json!({
        "name": "referral", "metric": "nps", "default_locale": "en",
        "question": { "en": "Would you recommend us, {name}?" }, "low_label": { "en": "No" }, "high_label": { "en": "Yes" },
        "thanks": [{
            "scores": { "min": 9, "max": 10 }, "title": { "en": "Thank you, {name}!" }, "text": { "en": "Tell a friend." },
            "link": { "label": { "en": "Write a review" }, "url": "https://reviews.example/" },
        }],
    }));
    shop.page.show(&shop.tag_with("data-survey=referral data-name=Ada"));
    Browser::check("referral", async |browser| {
        shop.visit(browser).await;
        let widget = browser.widget();
        assert_eq!(widget.text("legend").await, "Would you recommend us, Ada?");
        widget.click(&score(11)).await;
        finish(&widget).await;
        assert_eq!(widget.text(THANKS).await, "Thank you, Ada!");
        let link = widget.find(".thanks a").await;
        assert_eq!(link.attr("href").await.unwrap().as_deref(), Some("https://reviews.example/"));
        browser.must_be_accessible("thanks with a link").await;
    })
    .await;
    assert!(!shop.responses().await[0].to_string().contains("Ada"), "the name stays on the page");
}

#[tokio::test]
async fn theme_is_drawn_in_both_schemes() {
    let shop = Shop::open().await;
    let theme = json!({ "accent": "#0a6b3d", "radius": 4, "density": "compact" });
    let file = shop.app.dir().join("theme.json");
    std::fs::write(&file, theme.to_string()).unwrap();
    shop.app.cli(&["site", "theme", &shop.app.site_key, &file.display().to_string(), "--json"]).json();
    let dark = Customer { dark: true, ..Customer::default() };
    for (name, customer) in [("theme", Customer::default()), ("theme-dark", dark)] {
        Browser::check(name, async |browser| {
            browser.belongs_to(customer).await;
            shop.visit(browser).await;
            let widget = browser.widget();
            let button = "const style = getComputedStyle(root.querySelector('.send')); return style.backgroundColor";
            let color = widget.run_with(button, json!([])).await;
            assert_eq!(color == "rgb(10, 107, 61)", !customer.dark, "{color}");
            widget.come_to_rest().await;
            browser.screenshot(name).await;
            browser.must_be_accessible(name).await;
        })
        .await;
    }
}
