//! Without a mouse.

use counterbell_tests::{Browser, Engine, wait};
use fantoccini::key::Key;

use crate::shop::{ALERT, CARD, COMMENT, LAUNCHER, SEND, Shop, THANKS, score};

#[tokio::test]
async fn keyboard_alone_is_enough_and_moving_sends_nothing() {
    for &engine in Engine::of_main_flows() {
        keyboard_alone(engine).await;
    }
}

async fn keyboard_alone(engine: Engine) {
    let shop = Shop::open().await;
    Browser::check_in(engine, "keyboard", async |browser| {
        browser.open(&shop.page.origin()).await;
        let widget = browser.widget();
        widget.find(LAUNCHER).await;

        browser.press(&(Key::Tab + "")).await;
        browser.press(&(Key::Enter + "")).await;
        widget.find(CARD).await;
        // Once the card has been painted.
        wait::until_true("focus on the question", async || widget.focused().await == "INPUT radio").await;

        for (keys, place) in [
            (Key::Right + "", "2"),
            (Key::Right + "", "3"),
            (Key::Down + "", "4"),
            (Key::Left + "", "3"),
            (Key::Up + "", "2"),
            (Key::Left + "", "1"),
            // Round, as native radio buttons do; WebKitGTK's stop at the end.
            (if engine == Engine::WebKit { Key::Right.to_string().repeat(4) } else { Key::Left + "" }, "5"),
        ] {
            browser.press(&keys).await;
            let name = widget.property("input:checked", "ariaLabel").await;
            assert!(name.as_str().unwrap_or_default().starts_with(place), "{place}: {name}");
        }
        assert!(shop.responses().await.is_empty(), "moving sends nothing");
        assert_eq!(widget.count(THANKS).await, 0);

        browser.press(&(Key::Tab + "")).await;
        browser.press(&(Key::Enter + "")).await;
        wait::until_true("focus on the step", async || widget.focused().await == "FIELDSET fieldset").await;
        browser.press(&(Key::Tab + "fast delivery")).await;
        assert_eq!(widget.property(COMMENT, "value").await, "fast delivery");
        browser.press(&(Key::Tab + &Key::Tab)).await;
        browser.press(&(Key::Enter + "")).await;
        widget.text(THANKS).await;
        assert!(widget.focused().await.starts_with("H2"), "the thanks are read out: {}", widget.focused().await);
    })
    .await;
    let stored = shop.responses().await;
    assert_eq!((stored.len(), &stored[0]["score"], &stored[0]["comment"]), (1, &5.into(), &"fast delivery".into()));
}

#[tokio::test]
async fn send_without_a_score_asks_for_one() {
    let shop = Shop::open().await;
    Browser::check("no-score", async |browser| {
        shop.visit(browser).await;
        let widget = browser.widget();
        widget.click(SEND).await;

        assert!(widget.text(ALERT).await.contains("choose a score"));
        assert_eq!(widget.focused().await, "INPUT radio", "where the answer is missing");
    })
    .await;
    assert!(shop.responses().await.is_empty());
}

#[tokio::test]
async fn escape_closes_and_what_was_typed_stays() {
    let shop = Shop::open().await;
    Browser::check("escape", async |browser| {
        shop.visit(browser).await;
        let widget = browser.widget();
        widget.click(&score(2)).await;
        widget.type_into(COMMENT, "half a sen").await;

        browser.press(&(Key::Escape + "")).await;

        wait::until_true("closed card", async || {
            widget.focused().await == "BUTTON button" && widget.property(".box", "hidden").await == true
        })
        .await;
        widget.click(LAUNCHER).await;
        widget.find(CARD).await;
        assert_eq!(widget.property(COMMENT, "value").await, "half a sen");
    })
    .await;
}
