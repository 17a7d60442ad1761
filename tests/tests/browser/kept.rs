//! What the customer said is not lost, whatever happens to network, server and page.

use counterbell_tests::{Browser, Engine, wait};
use serde_json::json;

use crate::shop::{COMMENT, SEND, Shop, THANKS, finish, score};

/// What the browser still keeps for later.
const KEPT: &str = "return new Promise((done) => {
    const opening = indexedDB.open('counterbell', 1);
    opening.onsuccess = () => {
        const all = opening.result.transaction('counterbell').objectStore('counterbell').getAll();
        all.onsuccess = () => { opening.result.close(); done(all.result.map((item) => item.body.score)); };
    };
})";

/// Before the widget's script: a proxy that takes no POST and says when to come back as HTTP lets it, by a date.
const PROXY_WITH_A_DATE: &str =
    "<script>window.tries = []; const send = window.fetch; window.fetch = async (...args) => {
    if (new Request(...args).method != 'POST') return send(...args);
    tries.push(performance.now());
    const headers = { 'retry-after': 'Fri, 31 Dec 1999 23:59:59 GMT' };
    return Object.defineProperty(new Response('', { status: 503, headers }), 'url', { value: args[0] });
};</script>";

#[tokio::test]
async fn answer_for_a_server_that_is_away_is_sent_from_another_page() {
    for &engine in Engine::of_main_flows() {
        sent_from_another_page(engine).await;
    }
}

async fn sent_from_another_page(engine: Engine) {
    let mut shop = Shop::open().await;
    Browser::check_in(engine, "kept", async |browser| {
        shop.visit(browser).await;
        browser.expect_console_error("ERR_CONNECTION_REFUSED");
        shop.app.program().kill();
        let widget = browser.widget();
        widget.click(&score(2)).await;
        widget.type_into(COMMENT, "typed with care").await;
        finish(&widget).await;
        assert!(widget.text(".thanks p").await.contains("as soon as possible"), "not said to be sent");
        browser.screenshot("kept").await;
        assert_eq!(browser.run(KEPT).await, json!([2]), "the last revision alone");

        shop.app.start_again().await;
        browser.open(&format!("{}/another", shop.page.origin())).await;

        shop.wait_for_score(2).await;
        wait::until_true("nothing kept", async || {
            browser.run("return localStorage.counterbell ?? null").await.is_null()
        })
        .await;
        assert_eq!(browser.run(KEPT).await, json!([]));
    })
    .await;
    let stored = shop.responses().await;
    assert_eq!((stored.len(), &stored[0]["comment"]), (1, &"typed with care".into()), "{stored:?}");
}

#[tokio::test]
async fn answer_kept_is_sent_when_the_network_is_back() {
    let mut shop = Shop::open().await;
    Browser::check("back-online", async |browser| {
        shop.visit(browser).await;
        browser.expect_console_error("ERR_CONNECTION_REFUSED");
        shop.app.program().kill();
        browser.widget().click(&score(5)).await;
        finish(&browser.widget()).await;

        shop.app.start_again().await;
        browser.run("dispatchEvent(new Event('online'))").await;

        shop.wait_for_score(5).await;
    })
    .await;
    assert_eq!(shop.responses().await.len(), 1);
}

#[tokio::test]
async fn server_that_is_back_gets_the_answer_without_anybody_doing_anything() {
    let mut shop = Shop::open().await;
    Browser::check("back-by-itself", async |browser| {
        shop.visit(browser).await;
        browser.expect_console_error("ERR_CONNECTION_REFUSED");
        shop.app.program().kill();
        browser.widget().click(&score(4)).await;
        finish(&browser.widget()).await;
        shop.app.start_again().await;
        shop.wait_for_score(4).await;
    })
    .await;
}

/// A shop's service worker, as many have one: what cannot be fetched becomes a page of its own.
const OFFLINE_WORKER: &str = "addEventListener('install', (event) => {
    skipWaiting();
    event.waitUntil(caches.open('shop').then((cache) => cache.add('/offline.html')));
});
addEventListener('activate', (event) => event.waitUntil(clients.claim()));
addEventListener('fetch', (event) => event.respondWith(
    fetch(event.request).catch(() => caches.match('/offline.html'))
));";

const TAKE_THE_PAGE_OVER: &str = "return navigator.serviceWorker.register('/offline-worker.js').then(async () => {
    while (!navigator.serviceWorker.controller) await new Promise((done) => setTimeout(done, 10));
    return true;
})";

#[tokio::test]
async fn page_that_a_service_worker_makes_up_is_no_receipt() {
    let mut shop = Shop::open().await;
    shop.page.put("/offline-worker.js", OFFLINE_WORKER);
    shop.page.put("/offline.html", "<h1>You are offline</h1>");
    Browser::check("service-worker", async |browser| {
        shop.visit(browser).await;
        assert_eq!(browser.run(TAKE_THE_PAGE_OVER).await, true);
        shop.visit(browser).await;
        let widget = browser.widget();
        widget.click(&score(2)).await;
        shop.wait_for_score(2).await;
        shop.app.program().kill();
        let made_up = "return fetch('/nowhere').then((answer) => answer.status)";
        assert_eq!(browser.run(made_up).await, 200);

        widget.type_into(COMMENT, "typed with care").await;
        finish(&widget).await;

        assert!(widget.text(".thanks p").await.contains("as soon as possible"), "not said to be sent");
        assert_eq!(browser.run(KEPT).await, json!([2]));
        // What is kept is not believed gone by such an answer, either.
        browser.run("dispatchEvent(new Event('online'))").await;
        browser.open(&format!("{}/another", shop.page.origin())).await;
        assert_eq!(browser.run(KEPT).await, json!([2]));

        shop.app.start_again().await;
        wait::until_true("the comment", async || shop.responses().await[0]["comment"] == "typed with care").await;
        wait::until_true("nothing kept", async || browser.run(KEPT).await == json!([])).await;
    })
    .await;
    assert_eq!(shop.responses().await.len(), 1);
}

/// Before the widget's script: answers to POST that did not come from the server.
const OTHER_ANSWERS: &str = "<script>const send = window.fetch; let answers = [
    [200, '{\"ok\":true}'],
    [201, '{\"response_id\":\"01900000-0000-7000-8000-000000000000\",\"outcome\":\"accepted\"}'],
    [403, '<h1>Forbidden</h1>'],
    [204, null],
    [200, 'null'],
];
window.fetch = async (...args) => {
    if (new Request(...args).method != 'POST' || !answers.length) return send(...args);
    const [status, text] = answers.shift();
    return Object.defineProperty(new Response(text, { status }), 'url', { value: args[0] });
};</script>";

#[tokio::test]
async fn answers_of_firewalls_and_of_other_programs_are_tried_again() {
    let shop = Shop::open().await;
    shop.page.show(&format!("{OTHER_ANSWERS}{}", shop.tag()));
    Browser::check("other-answers", async |browser| {
        shop.visit(browser).await;
        let widget = browser.widget();
        widget.click(&score(5)).await;
        finish(&widget).await;
        assert!(widget.text(".thanks p").await.contains("as soon as possible"), "not said to be sent");
        for _ in 0..4 {
            browser.run("dispatchEvent(new Event('online'))").await;
        }

        shop.wait_for_score(5).await;
        wait::until_true("nothing kept", async || browser.run(KEPT).await == json!([])).await;
    })
    .await;
    assert_eq!(shop.responses().await.len(), 1);
}

#[tokio::test]
async fn page_left_with_half_an_answer_sends_that_half() {
    let shop = Shop::open().await;
    Browser::check("left", async |browser| {
        shop.visit(browser).await;
        let widget = browser.widget();
        widget.click(&score(2)).await;
        shop.wait_for_score(2).await;
        widget.type_into(COMMENT, "half a sen").await;

        browser.open(&format!("{}/another", shop.page.origin())).await;

        wait::until_true("what was typed", async || shop.responses().await[0]["comment"] == "half a sen").await;
    })
    .await;
    assert_eq!(shop.responses().await.len(), 1);
}

/// Before the widget's script: the score that is sent is one the server does not take.
const OFF_THE_SCALE: &str = r#"<script>const send = window.fetch; window.fetch = (url, init) =>
    send(url, init?.body ? { ...init, body: init.body.replace('"score":5', '"score":55') } : init);</script>"#;

#[tokio::test]
async fn answer_the_server_refuses_for_good_is_not_kept() {
    let shop = Shop::open().await;
    shop.page.show(&format!("{OFF_THE_SCALE}{}", shop.tag()));
    Browser::check("refused", async |browser| {
        shop.visit(browser).await;
        browser.expect_console_error("422");
        let widget = browser.widget();
        widget.click(&score(5)).await;
        widget.click(SEND).await;
        assert!(widget.text(crate::shop::ALERT).await.contains("cannot take"));
        assert_eq!(widget.count(THANKS).await, 0);
        assert_eq!(browser.run(KEPT).await, json!([]));
    })
    .await;
    assert!(shop.responses().await.is_empty());
}

#[tokio::test]
async fn proxy_that_names_a_date_is_not_asked_without_a_pause() {
    let shop = Shop::open().await;
    shop.page.show(&format!("{PROXY_WITH_A_DATE}{}", shop.tag()));
    Browser::check("retry-date", async |browser| {
        shop.visit(browser).await;
        browser.widget().click(&score(5)).await;
        finish(&browser.widget()).await;
        wait::until_true("two more tries", async || browser.run("return tries.length > 3").await == true).await;
        // The last two are of the queue: at least half of a second, then half of two.
        let pause = browser.run("return tries.at(-1) - tries.at(-2)").await.as_f64().unwrap();
        assert!(pause >= 500.0, "{pause} ms");
        assert_eq!(browser.run(KEPT).await, json!([5]));
    })
    .await;
    assert!(shop.responses().await.is_empty());
}
