//! The page is left as it was found.

use counterbell_tests::Browser;
use serde_json::json;

use crate::shop::{CARD, COMMENT, LAUNCHER, Shop, score};

/// The document as text, without the widget's element.
const PAGE_WITHOUT_WIDGET: &str = "const copy = document.documentElement.cloneNode(true);
    copy.querySelectorAll('counterbell-widget').forEach((element) => element.remove());
    return copy.outerHTML";

#[tokio::test]
async fn script_twice_makes_one_widget() {
    let shop = Shop::open().await;
    shop.page.show(&format!("{0}<p>Order</p>{0}", shop.tag()));
    Browser::check("twice", async |browser| {
        shop.visit(browser).await;
        // And once more, as a tag manager does.
        let again =
            "const old = document.querySelector('script[data-site]'); const tag = document.createElement('script');
            for (const { name, value } of old.attributes) tag.setAttribute(name, value);
            const loaded = new Promise((done) => (tag.onload = done)); document.body.append(tag); return loaded";
        browser.run(again).await;
        assert_eq!(browser.run("return document.querySelectorAll('counterbell-widget').length").await, 1);
        assert_eq!(browser.widget().count("button.launcher").await, 1);
        assert_eq!(browser.widget().count(CARD).await, 1);
    })
    .await;
}

#[tokio::test]
async fn destroy_leaves_the_page_as_it_was_found() {
    let shop = Shop::open().await;
    Browser::check("destroy", async |browser| {
        shop.page.show("<h1>Order</h1>");
        browser.open(&shop.page.origin()).await;
        let names = browser.run("return Object.getOwnPropertyNames(window)").await;
        shop.page.show(&format!("<h1>Order</h1>{}", shop.tag()));
        browser.open(&shop.page.origin()).await;
        browser.widget().find(LAUNCHER).await;
        let found = browser.run(PAGE_WITHOUT_WIDGET).await;
        // The last two are the browser driver's.
        let added = "return Object.getOwnPropertyNames(window).filter((name) => !arguments[0].includes(name)
            && name != 'ret_nodes' && name != 'se_exportedFunctionSymbol')";
        shop.visit(browser).await;
        assert_eq!(browser.run_with(added, json!([names])).await, json!(["counterbell"]), "one global name");
        assert_eq!(browser.run(PAGE_WITHOUT_WIDGET).await, found, "all we draw is in our element");

        browser.run("counterbell('destroy')").await;

        assert_eq!(browser.run("return document.querySelectorAll('counterbell-widget').length").await, 0);
        assert_eq!(browser.run("return document.documentElement.outerHTML").await, found);
        assert_eq!(browser.run_with(added, json!([names])).await, json!([]), "no global name");
        assert_eq!(browser.run("return document.adoptedStyleSheets.length").await, 0);
    })
    .await;
}

#[tokio::test]
async fn widget_lives_in_an_open_shadow_root_the_page_cannot_style() {
    let shop = Shop::open().await;
    let hostile = "<style>button, textarea, label, input { display: none !important } * { font-size: 50px }</style>";
    shop.page.show(&format!("{hostile}{}", shop.tag()));
    Browser::check("hostile-styles", async |browser| {
        shop.visit(browser).await;
        let widget = browser.widget();
        widget.click(&score(2)).await;
        widget.find(COMMENT).await;
        let mode = browser.run("return document.querySelector('counterbell-widget').shadowRoot.mode").await;
        assert_eq!(mode, "open");
        let size = "return getComputedStyle(root.querySelector(arguments[0])).fontSize";
        assert_ne!(widget.run_with(size, json!([COMMENT])).await, "50px");
        browser.screenshot("hostile-styles").await;
    })
    .await;
}

#[tokio::test]
async fn widget_that_opens_by_itself_leaves_the_focus_alone() {
    let shop = Shop::open().await;
    shop.page.show(&format!("<input id=search autofocus>{}", shop.tag_with("data-open=auto")));
    Browser::check("opens-by-itself", async |browser| {
        browser.open(&shop.page.origin()).await;
        browser.widget().find(CARD).await;
        assert_eq!(browser.run("return document.activeElement.id").await, "search");
    })
    .await;
}

#[tokio::test]
async fn nothing_heavy_is_fetched_before_the_customer_opens_it() {
    let shop = Shop::open().await;
    Browser::check("fetched-late", async |browser| {
        let fetched = "return performance.getEntriesByType('resource').map((entry) => new URL(entry.name))
            .filter((url) => url.origin != location.origin).map((url) => url.pathname)";
        browser.open(&shop.page.origin()).await;
        browser.widget().find(LAUNCHER).await;
        assert_eq!(browser.run(fetched).await, json!(["/widget.js"]));

        // A finger that is not yet lifted: everything is fetched, and nothing shown.
        let widget = browser.widget();
        let press = "root.querySelector('.launcher').dispatchEvent(new PointerEvent('pointerdown'))";
        widget.run_with(press, json!([])).await;
        widget.be_ready().await;
        let pressed = browser.run(fetched).await;
        assert_eq!(pressed.as_array().unwrap().len(), 5, "{pressed}");
        assert!(pressed.to_string().contains(".wasm"), "{pressed}");
        assert_eq!(widget.property(".box", "hidden").await, true);

        widget.click(LAUNCHER).await;
        widget.find(CARD).await;
        assert_eq!(browser.run(fetched).await, pressed, "each file is fetched once");
    })
    .await;
}
