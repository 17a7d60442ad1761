//! Pages whose own program hydrates, replaces or keeps taking away what is on them.

use counterbell_tests::{Browser, HostPage, environment, wait};
use serde_json::json;

use crate::shop::{BACK, CARD, COMMENT, CONTENT, LAUNCHER, Shop, answer, score};

/// A version of React, and where its modules lie.
struct React {
    version: &'static str,
    /// How the file names of this build end.
    build: &'static str,
    /// The module `react-dom/client`, in its package.
    client: &'static str,
    scheduler: &'static str,
}

/// Says every fault on the console.
const REACT_18: React = React { version: "18.3.1", build: "development.js", client: "client.js", scheduler: "0.23.2" };
const REACT_19: React = React {
    version: "19.3.1",
    build: "development.js",
    client: "cjs/react-dom-client.development.js",
    scheduler: "0.28.0",
};
/// Says nothing on the console, as in a shop; what is wrong is kept in `complaints`.
const REACT_18_QUIET: React = React { build: "production.min.js", ..REACT_18 };
const REACT_19_QUIET: React =
    React { build: "production.js", client: "cjs/react-dom-client.production.js", ..REACT_19 };

impl React {
    /// A script that makes `React` and `ReactClient` of the CommonJS modules, as a bundler would.
    fn script(&self) -> String {
        let Self { version, build, client, scheduler } = self;
        let module = |name: &str, file: String| {
            let text = environment::npm(&file);
            format!("modules['{name}'] = (module, exports, require, process) => {{ {text}\n}};\n")
        };
        let modules = [
            module("react", format!("react@{version}/cjs/react.{build}")),
            module("scheduler", format!("scheduler@{scheduler}/cjs/scheduler.{build}")),
            module("react-dom", format!("react-dom@{version}/cjs/react-dom.{build}")),
            module("react-dom/client", format!("react-dom@{version}/{client}")),
        ];
        let modules = modules.concat();
        let mode = if build.starts_with("production") { "production" } else { "development" };
        format!(
            "(() => {{
                const modules = {{}}, made = {{}};
                const require = (name) => {{
                    if (made[name]) return made[name].exports;
                    const module = made[name] = {{ exports: {{}} }};
                    modules[name](module, module.exports, require, {{ env: {{ NODE_ENV: '{mode}' }} }});
                    return module.exports;
                }};
                {modules}
                window.React = require('react');
                window.ReactClient = require('react-dom/client');
            }})();"
        )
    }
}

/// Hydrates `arguments[0]`, `document` or `document.body`, with the shop's content; `arguments[1]` is its heading.
/// `arguments[2]` has the attributes of the widget's tag.
const HYDRATE: &str = "const [where, heading, tag] = arguments;
    const { createElement: make } = React;
    window.complaints = [];
    const onRecoverableError = (error) => complaints.push(String(error.message));
    const Content = () => {
        React.useEffect(() => { window.hydrated = true; });
        return make('main', null, make('h1', null, heading), make('p', null, 'It leaves our store tomorrow.'));
    };
    const head = make('head', null, make('meta', { charSet: 'utf-8' }), make('title', null, 'Order A-1001'));
    if (where == 'body') return void ReactClient.hydrateRoot(document.body, make(Content), { onRecoverableError });
    const body = make('body', null, make(Content), make('script', tag));
    ReactClient.hydrateRoot(document, make('html', { lang: 'en' }, head, body), { onRecoverableError });";

#[tokio::test]
async fn react_that_hydrates_the_body_leaves_the_widget_in_it() {
    for (name, react) in [("react-18-body", REACT_18_QUIET), ("react-19-body", REACT_19)] {
        let shop = Shop::open().await;
        Browser::check(name, async |browser| {
            hydrate(browser, &shop, &react, "body", "Thank you for your order").await;
            assert_eq!(browser.run("return complaints").await, json!([]));
            open_and_answer(browser).await;
        })
        .await;
        shop.must_have_one_answer().await;
    }
}

#[tokio::test]
async fn react_that_hydrates_the_document_leaves_the_widget_in_it() {
    for (name, react) in [("react-18-document", REACT_18), ("react-19-document", REACT_19)] {
        let shop = Shop::open().await;
        Browser::check(name, async |browser| {
            hydrate(browser, &shop, &react, "document", "Thank you for your order").await;
            assert_eq!(browser.run("return complaints").await, json!([]));
            open_and_answer(browser).await;
        })
        .await;
        shop.must_have_one_answer().await;
    }
}

#[tokio::test]
async fn widget_comes_back_after_react_drew_everything_anew() {
    for (name, react) in [("react-18-anew", REACT_18_QUIET), ("react-19-anew", REACT_19_QUIET)] {
        for place in ["body", "document"] {
            let shop = Shop::open().await;
            Browser::check(name, async |browser| {
                // Not what the server sent: the shop's own fault, which has React throw the server's page away.
                hydrate(browser, &shop, &react, place, "Thanks").await;
                wait::until_true("React's own page", async || {
                    browser.run("return document.querySelector('h1')?.textContent").await == "Thanks"
                })
                .await;
                assert_ne!(browser.run("return complaints").await, json!([]));
                open_and_answer(browser).await;
            })
            .await;
            shop.must_have_one_answer().await;
        }
    }
}

#[tokio::test]
async fn widget_stays_when_turbo_replaces_the_body() {
    let shop = turbo_shop().await;
    let tag = shop.tag();
    shop.page.show_document(&with_head(&format!("{TURBO}{tag}"), &format!("{CONTENT}{NEXT}")));
    shop.page.put("/next", &with_head(&format!("{TURBO}{tag}"), "<h1>Next</h1>"));
    Browser::check("turbo-head", async |browser| {
        shop.visit(browser).await;
        browser.widget().click(&score(3)).await;
        browser.widget().type_into(COMMENT, "half a sen").await;

        turbo_to_next(browser).await;

        browser.widget().find(CARD).await;
        assert_eq!(browser.widget().property(COMMENT, "value").await, "half a sen");
        browser.widget().click(BACK).await;
        answer(&browser.widget()).await;
    })
    .await;
    shop.must_have_one_answer().await;
}

#[tokio::test]
async fn tag_on_the_page_turbo_shows_next_takes_over() {
    let shop = turbo_shop().await;
    let next = shop.tag().replace("A-1001", "A-1002");
    shop.page.put("/next", &with_head(TURBO, &format!("<h1>Next</h1>{next}")));
    Browser::check("turbo-body", async |browser| {
        shop.visit(browser).await;

        turbo_to_next(browser).await;

        wait::until_true("next page's widget", async || {
            browser.run("return counterbell.tag.dataset.order").await == "A-1002"
        })
        .await;
        assert_eq!(browser.run("return document.querySelectorAll('counterbell-widget').length").await, 1);
        open_and_answer(browser).await;
    })
    .await;
    shop.must_have_one_answer().await;
    assert_eq!(shop.responses().await[0]["order_ref"], "A-1002");
}

#[tokio::test]
async fn page_without_a_tag_that_turbo_shows_next_has_no_widget() {
    let shop = turbo_shop().await;
    shop.page.put("/next", &with_head(TURBO, "<h1>Next</h1>"));
    Browser::check("turbo-without", async |browser| {
        shop.visit(browser).await;
        turbo_to_next(browser).await;
        assert_eq!(browser.run("return document.querySelector('counterbell-widget')").await, json!(null));
    })
    .await;
}

#[tokio::test]
async fn page_that_keeps_taking_the_widget_away_goes_on_working() {
    let shop = Shop::open().await;
    let removes = "<script>let taken = 0; new MutationObserver(() => {
        for (const found of document.querySelectorAll('counterbell-widget')) { found.remove(); taken++; }
    }).observe(document.documentElement, { childList: true, subtree: true });</script>";
    shop.page.show(&format!("{removes}{CONTENT}{}", shop.tag()));
    Browser::check("removes", async |browser| {
        browser.open(&shop.page.origin()).await;
        let taken = async || browser.run("return taken").await.as_u64().unwrap();
        wait::until_true("a few rounds", async || taken().await > 3).await;
        let (before, started) = (taken().await, browser.run("return performance.now()").await.as_f64().unwrap());
        wait::until_true("more rounds", async || taken().await > before + 5).await;
        let passed_ms = browser.run("return performance.now()").await.as_f64().unwrap() - started;
        assert!(passed_ms > 400.0, "five rounds in {passed_ms} ms");
    })
    .await;
}

#[tokio::test]
async fn sandboxed_frame_works_when_the_site_lets_it_in() {
    let shop = Shop::open_to(&["null"], |setup| setup).await;
    let inner = HostPage::document(&format!("{CONTENT}{}", shop.tag()));
    shop.page.put("/inner", &inner);
    shop.page.show("<iframe src=/inner sandbox='allow-scripts allow-forms' width=800 height=700></iframe>");
    Browser::check("sandbox", async |browser| {
        browser.open(&shop.page.origin()).await;
        browser.enter_frame().await;
        open_and_answer(browser).await;
    })
    .await;
    shop.must_have_one_answer().await;
}

/// As Turbo's handbook has it.
const TURBO: &str = "<script src=/turbo.js></script>";

/// A link that Turbo follows.
const NEXT: &str = "<a id=next href=/next>Next</a>";

/// A shop that serves Turbo, whose page has the widget's tag in its body.
async fn turbo_shop() -> Shop {
    let shop = Shop::open().await;
    shop.page.put("/turbo.js", &environment::npm("@hotwired-turbo@8.0.23/dist/turbo.es2017-umd.js"));
    let body = format!("{CONTENT}{NEXT}{}", shop.tag());
    shop.page.show_document(&with_head(TURBO, &body));
    shop
}

/// A document with more in its head.
fn with_head(more: &str, body: &str) -> String {
    HostPage::document(body).replacen("</head>", &format!("{more}</head>"), 1)
}

/// Follows the link, and waits until the next page's body is there without a load.
async fn turbo_to_next(browser: &Browser) {
    browser.run("window.same = true; document.querySelector('#next').click()").await;
    wait::until_true("next page", async || {
        browser.run("return document.querySelector('h1')?.textContent").await == "Next"
    })
    .await;
    assert_eq!(browser.run("return same").await, true, "no page was loaded");
}

/// Shows the server's page with the widget on it, and only then has React take it over.
async fn hydrate(browser: &Browser, shop: &Shop, react: &React, place: &str, heading: &str) {
    // As React would have written it, to the letter.
    let head = "<meta charSet=\"utf-8\"/><title>Order A-1001</title>";
    let tag = shop.tag();
    shop.page.show_document(&format!(
        "<!DOCTYPE html><html lang=\"en\"><head>{head}</head><body>{CONTENT}{tag}</body></html>"
    ));
    browser.open(&shop.page.origin()).await;
    browser.widget().find(LAUNCHER).await;
    browser.run(&react.script()).await;
    let attributes = "const tag = document.querySelector('script[data-site]'); const found = { async: true };
        for (const { name, value } of tag.attributes) if (name != 'async') found[name] = value;
        return found";
    let tag = browser.run(attributes).await;
    browser.run_with(HYDRATE, json!([place, heading, tag])).await;
    wait::until_true("hydrated page", async || browser.run("return window.hydrated").await == true).await;
}

async fn open_and_answer(browser: &Browser) {
    browser.widget().click(LAUNCHER).await;
    browser.widget().find(CARD).await;
    answer(&browser.widget()).await;
}
