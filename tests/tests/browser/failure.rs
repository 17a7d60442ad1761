//! When sending fails.

use counterbell_tests::Browser;
use serde_json::json;

use crate::shop::{ALERT, COMMENT, LAUNCHER, SEND, Shop, THANKS, score};

/// Before the widget's script: keeps the body of each POST in `window.sent`.
const RECORDER: &str = "<script>window.sent = []; const send = window.fetch; window.fetch = async (...args) => {
    const request = new Request(...args);
    if (request.method == 'POST') sent.push(await request.clone().text());
    return send(request);
};</script>";

/// Before the widget's script: nothing is sent but by `fetch`, whatever has to be fetched.
const FETCH_ALONE: &str = "<script>const other = XMLHttpRequest.prototype.send;
XMLHttpRequest.prototype.send = function (body) {
    if (body) throw new Error('patched');
    other.call(this);
};</script>";

/// Before the widget's script: the server gets the first POST, the page never gets its answer.
const LOSES_FIRST_ANSWER: &str =
    "<script>let first = true; const send = window.fetch; window.fetch = async (...args) => {
    const request = new Request(...args);
    const answer = await send(request);
    if (request.method == 'POST' && first) { first = false; throw new TypeError('connection lost'); }
    return answer;
};</script>";

/// Before the widget's script: the page's own `fetch` and an old browser's lack of time-outs, at their worst.
const THROWS: &str = "<script>const send = window.fetch; window.fetch = (...args) => {
    if (new Request(...args).method == 'POST') throw new Error('patched');
    return send(...args);
};
delete AbortSignal.timeout;</script>";

/// Before the widget's script: nothing can be kept in this browser.
const NO_STORAGE: &str = "<script>IDBFactory.prototype.open = () => { throw new DOMException('no', 'SecurityError') };
Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError') } });</script>";

#[tokio::test]
async fn fetch_that_throws_is_a_failure_like_any_other() {
    let shop = Shop::open().await;
    shop.page.show(&format!("{NO_STORAGE}{FETCH_ALONE}{THROWS}{}", shop.tag()));
    Browser::check("fetch-throws", async |browser| {
        shop.visit(browser).await;
        let widget = browser.widget();
        widget.click(&score(2)).await;
        widget.type_into(COMMENT, "typed with care").await;
        widget.click(SEND).await;

        widget.click(SEND).await;

        assert!(widget.text(ALERT).await.contains("did not go through"));
        assert_eq!(widget.property("textarea", "value").await, "typed with care");
        assert!(shop.responses().await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn where_nothing_can_be_kept_the_customer_is_told_and_may_press_again() {
    let mut shop = Shop::open().await;
    shop.page.show(&format!("{NO_STORAGE}{RECORDER}{}", shop.tag()));
    Browser::check("server-away", async |browser| {
        shop.visit(browser).await;
        let widget = browser.widget();
        browser.expect_console_error("ERR_CONNECTION_REFUSED");
        shop.app.program().kill();
        widget.click(&score(2)).await;
        widget.type_into(COMMENT, "typed with care").await;
        widget.click(SEND).await;

        widget.click(SEND).await;

        assert!(widget.text(ALERT).await.contains("did not go through"));
        assert_eq!(widget.count(THANKS).await, 0, "no thanks for what is not safe");
        assert_eq!(widget.property("textarea", "value").await, "typed with care");
        assert_eq!(widget.property(&format!("{} input", score(2)), "checked").await, true);
        browser.screenshot("server-away-alert").await;

        shop.app.start_again().await;
        widget.click(SEND).await;

        widget.text(THANKS).await;
        let sent = browser.run("return sent.map((body) => JSON.parse(body).response_id)").await;
        let ids = sent.as_array().unwrap();
        assert!(ids.len() > 2 && ids.iter().all(|id| *id == ids[0]), "one id, so that it counts once: {sent}");
        let stored = shop.responses().await;
        assert_eq!((stored.len(), &stored[0]["response_id"]), (1, &ids[0]), "{stored:?}");
        assert_eq!(stored[0]["comment"], "typed with care");
    })
    .await;
}

#[tokio::test]
async fn where_storage_is_full_the_customer_is_told_and_may_press_again() {
    let mut shop = Shop::open().await;
    Browser::check("storage-full", async |browser| {
        browser.open(&shop.page.origin()).await;
        browser.limit_storage(&shop.page.origin(), 1).await;
        shop.visit(browser).await;
        let widget = browser.widget();
        browser.expect_console_error("ERR_CONNECTION_REFUSED");
        shop.app.program().kill();
        widget.click(&score(4)).await;
        widget.type_into(COMMENT, "typed with care").await;

        widget.click(SEND).await;

        assert!(widget.text(ALERT).await.contains("did not go through"));
        assert_eq!(widget.count(THANKS).await, 0, "no thanks for what is not safe");

        shop.app.start_again().await;
        widget.click(SEND).await;
        widget.text(THANKS).await;
    })
    .await;
    let stored = shop.responses().await;
    assert_eq!((stored.len(), &stored[0]["comment"]), (1, &json!("typed with care")), "{stored:?}");
}

#[tokio::test]
async fn card_that_cannot_be_drawn_leaves_a_link() {
    for (name, complaint, patch) in [
        (
            "not-compiled",
            None,
            "WebAssembly.instantiate = async () => { throw new Error('patched') };
            const make = document.createElement; document.createElement = function (name) {
                if (name == 'iframe') throw new Error('patched');
                return make.apply(this, arguments);
            }",
        ),
        (
            "not-drawn",
            Some("unreachable"),
            "const make = document.createElement; document.createElement = function (name) {
                if (name == 'form') throw new Error('patched');
                return make.apply(this, arguments);
            }",
        ),
    ] {
        let shop = Shop::open().await;
        shop.page.show(&format!("<script>{patch}</script>{}", shop.tag()));
        Browser::check(name, async |browser| {
            browser.open(&shop.page.origin()).await;
            if let Some(complaint) = complaint {
                browser.expect_console_error(complaint);
            }
            let widget = browser.widget();
            widget.click(LAUNCHER).await;
            assert!(widget.text(".problem a").await.contains("Feedback"), "the way to the hosted page");
            widget.click(LAUNCHER).await;
            widget.come_to_rest().await;
            assert_eq!(widget.count(".problem a").await, 1, "once, however often it is pressed");
            assert_eq!(widget.property(".box", "hidden").await, true, "no empty card");
            browser.screenshot(name).await;
        })
        .await;
    }
}

#[tokio::test]
async fn browser_that_lacks_what_the_widget_needs_gets_a_link() {
    for lack in
        ["delete Element.prototype.attachShadow", "delete window.MutationObserver", "delete window.CSSStyleSheet"]
    {
        let shop = Shop::open().await;
        shop.page.show(&format!("<script>{lack}</script>{}", shop.tag()));
        Browser::check("old-browser", async |browser| {
            browser.open(&shop.page.origin()).await;
            browser.click("body > a[href*='/f/site_']").await;
            assert_eq!(browser.run("return document.querySelectorAll('counterbell-widget').length").await, 0, "{lack}");
        })
        .await;
    }
}

#[tokio::test]
async fn answer_that_gets_lost_is_not_counted_twice() {
    let shop = Shop::open().await;
    shop.page.show(&format!("{FETCH_ALONE}{LOSES_FIRST_ANSWER}{}", shop.tag()));
    Browser::check("answer-lost", async |browser| {
        shop.visit(browser).await;
        let widget = browser.widget();
        widget.click(&score(5)).await;
        widget.click(SEND).await;
        widget.text(THANKS).await;
    })
    .await;
    assert_eq!(shop.responses().await.len(), 1);
}

#[tokio::test]
async fn double_press_sends_once() {
    let shop = Shop::open().await;
    shop.page.show(&format!("{RECORDER}{}", shop.tag()));
    Browser::check("double-press", async |browser| {
        shop.visit(browser).await;
        let widget = browser.widget();
        widget.click(&score(4)).await;
        let press_twice = "const send = root.querySelector(arguments[0]); send.click(); send.click();";
        widget.run_with(press_twice, json!([SEND])).await;
        widget.text(THANKS).await;
        let complete = "return sent.filter((body) => JSON.parse(body).complete).length";
        assert_eq!(browser.run(complete).await, 1);
    })
    .await;
    assert_eq!(shop.responses().await.len(), 1);
}

#[tokio::test]
async fn widget_of_an_unknown_site_says_so_and_harms_nobody() {
    let shop = Shop::open().await;
    shop.page.show(&shop.tag().replace(&shop.app.site_key, "site_0123456789abcdef"));
    Browser::check("unknown-site", async |browser| {
        browser.open(&shop.page.origin()).await;
        browser.expect_console_error("404");
        let widget = browser.widget();
        widget.click(LAUNCHER).await;
        assert!(widget.text(".problem a").await.contains("Feedback"), "the way to the hosted page");
    })
    .await;
}

#[tokio::test]
async fn answer_faster_than_reading_is_held_back() {
    let shop = Shop::open().await;
    // Longer than the browser takes here.
    shop.app.cli(&["site", "set", &shop.app.site_key, "--min-answer-ms", "60000", "--json"]).json();
    Browser::check("too-fast", async |browser| {
        shop.visit(browser).await;
        browser.widget().click(&score(5)).await;
        browser.widget().click(SEND).await;
        browser.widget().find(THANKS).await;
    })
    .await;

    assert!(shop.responses().await.is_empty());
    let held = shop.app.admin_items("/v1/admin/responses?held=true").await;
    assert_eq!((held.len(), held[0]["held"].as_str()), (1, Some("too_fast")), "{held:?}");
}
