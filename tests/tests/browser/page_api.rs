//! What a page may ask of the widget, and where it may put it.

use counterbell_tests::{Browser, wait};
use serde_json::json;

use crate::shop::{CARD, CLOSE, CONTENT, LAUNCHER, Shop, answer, finish, score};

/// As docs/EMBEDDING.md has it.
const STUB: &str = "<script>window.counterbell = window.counterbell || function () {
    (counterbell.q = counterbell.q || []).push(arguments);
};</script>";

#[tokio::test]
async fn commands_of_before_the_script_are_obeyed() {
    let shop = Shop::open().await;
    shop.page.show(&format!(
        "{STUB}<script>
        window.heard = [];
        for (const event of ['answered', 'closed', 'error']) counterbell('on', event, (detail) => heard.push([event, detail]));
        counterbell('identify', {{ customer: 'C-7', name: 'Ada' }});
        counterbell('open', {{ touchpoint: 'store-12', order: 'A-9' }});
        </script>{}",
        shop.tag()
    ));
    Browser::check("commands", async |browser| {
        browser.open(&shop.page.origin()).await;
        let widget = browser.widget();
        widget.find(CARD).await;
        assert_eq!(widget.text(".greeting").await, "Hello Ada,");
        browser.screenshot("greeting").await;
        widget.click(&score(5)).await;
        finish(&widget).await;
        widget.click(CLOSE).await;
        wait::until_true("both events", async || browser.run("return heard.length").await == 2).await;
        let heard = browser.run("return heard").await;
        assert_eq!((&heard[0][0], &heard[0][1]["score"]), (&json!("answered"), &json!(5)), "{heard}");
        assert_eq!(heard[1][0], "closed", "{heard}");
    })
    .await;
    let stored = shop.responses().await;
    for (member, value) in [("touchpoint", "store-12"), ("order_ref", "A-9"), ("customer_ref", "C-7")] {
        assert_eq!(stored[0][member], value, "{stored:?}");
    }
}

#[tokio::test]
async fn page_data_that_does_not_fit_costs_no_words_and_is_told_once() {
    let shop = Shop::open().await;
    let recorder = "<script>window.warned = []; console.warn = (...words) => warned.push(words.join(' '))</script>";
    let tag = shop.tag_with("data-order=' ' data-customer='C&#10;7' data-locale=de_DE");
    let tag = tag.replace("data-touchpoint=\"checkout\"", &format!("data-touchpoint={}", "x".repeat(65)));
    shop.page.show(&format!("{CONTENT}{recorder}{tag}"));
    Browser::check("misfits", async |browser| {
        shop.visit(browser).await;
        assert_eq!(browser.widget().property(CARD, "lang").await, "de");
        answer(&browser.widget()).await;
        wait::until_true("warning", async || browser.run("return warned.length").await != 0).await;
        let warned = browser.run("return warned").await;
        let expected = "Counterbell left out /touchpoint,/order_ref,/customer_ref: see docs/EMBEDDING.md";
        assert_eq!(warned, json!([expected]), "once, though it was sent in several steps");
    })
    .await;
    shop.must_have_one_answer().await;
    let stored = &shop.responses().await[0];
    assert_eq!((&stored["touchpoint"], &stored["order_ref"]), (&json!("default"), &json!(null)), "{stored}");
}

#[tokio::test]
async fn language_is_changed_while_the_card_is_open() {
    let shop = Shop::open().await;
    Browser::check("languages", async |browser| {
        shop.visit(browser).await;
        let widget = browser.widget();
        for (locale, dir) in [("de", "ltr"), ("ar", "rtl"), ("en", "ltr")] {
            browser.run(&format!("counterbell('setLocale', '{locale}')")).await;
            wait::until_true(locale, async || widget.property(CARD, "lang").await == locale).await;
            assert_eq!(widget.property(CARD, "dir").await, dir);
            browser.screenshot(&format!("language-{locale}")).await;
        }
    })
    .await;
}

#[tokio::test]
async fn button_and_card_stand_in_the_corner_the_page_wants() {
    for (position, dir, on_the_left) in [("start", "ltr", true), ("end", "ltr", false), ("start", "rtl", false)] {
        let shop = Shop::open().await;
        let tag = shop.tag_with(&format!("data-position={position}"));
        shop.page.show(&format!("{CONTENT}{tag}<script>document.documentElement.dir = '{dir}'</script>"));
        let name = format!("position-{position}-{dir}");
        Browser::check(&name, async |browser| {
            shop.visit(browser).await;
            let widget = browser.widget();
            widget.come_to_rest().await;
            browser.screenshot(&name).await;
            let distances = "return ['.launcher', '.card'].map((css) => {
                const { left, right } = root.querySelector(css).getBoundingClientRect();
                return [left, document.documentElement.clientWidth - right].map(Math.round);
            })";
            let distances = widget.run_with(distances, json!([])).await;
            let side = usize::from(!on_the_left);
            assert_eq!((&distances[0][side], &distances[1][side]), (&json!(16), &json!(16)), "{distances}");
        })
        .await;
    }
}

#[tokio::test]
async fn card_stands_in_the_page_where_the_page_wants_it() {
    for (name, place, attribute) in [
        ("inline-target", "<div id=place></div>", "data-target=#place"),
        ("inline-element", "<div id=place><counterbell-widget></counterbell-widget></div>", ""),
    ] {
        let shop = Shop::open().await;
        shop.page.show(&format!("{CONTENT}{}{place}", shop.tag_with(attribute)));
        Browser::check(name, async |browser| {
            browser.open(&shop.page.origin()).await;
            let widget = browser.widget();
            widget.find(".card[role=region]").await;
            widget.come_to_rest().await;
            browser.screenshot(name).await;
            assert_eq!(widget.count(LAUNCHER).await, 0);
            assert_eq!(browser.run("return document.querySelectorAll('#place > counterbell-widget').length").await, 1);
            let below = "return document.querySelector('#place').getBoundingClientRect().height";
            assert!(browser.run(below).await.as_f64().unwrap() > 100.0, "the page makes room for it");
            assert_eq!(browser.run("return document.activeElement.localName").await, "body", "the focus stays");
            browser.must_be_accessible(name).await;
            widget.click(&score(4)).await;
            finish(&widget).await;
        })
        .await;
        assert_eq!(shop.responses().await.len(), 1);
    }
}

#[tokio::test]
async fn customer_who_went_on_is_not_asked_about_what_they_left() {
    let shop = Shop::open().await;
    Browser::check("went-on", async |browser| {
        browser.open(&shop.page.origin()).await;
        browser.widget().find(LAUNCHER).await;
        browser.run("counterbell('open'); history.pushState({}, '', '/elsewhere')").await;
        browser.widget().be_ready().await;
        assert_eq!(browser.widget().property(".box", "hidden").await, true);

        browser.run("counterbell('open')").await;
        browser.widget().find(CARD).await;
    })
    .await;
}
