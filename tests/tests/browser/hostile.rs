//! Pages that do their worst: the widget looks and works on each as it does on an empty one.

use counterbell_tests::{Browser, HostPage, environment};

use crate::shop::{CONTENT, Shop, answer};

/// Every property a page might force on everything.
const FORCES_EVERYTHING: &str = "
    * { color: lime !important; background: black !important; font: italic 9px/3 monospace !important;
        display: inline !important; position: static !important; transform: rotate(3deg) !important;
        z-index: -1 !important; opacity: 0.3 !important; filter: blur(2px) !important; visibility: hidden !important;
        float: left !important; width: 50px !important; height: 7px !important; margin: 9px !important;
        padding: 5px !important; border: 3px dashed red !important; overflow: hidden !important;
        letter-spacing: 3px !important; text-transform: uppercase !important; text-indent: 40px !important;
        writing-mode: vertical-rl !important; clip-path: circle(3px) !important; pointer-events: none !important;
        user-select: none !important; contain: strict !important; animation: none !important;
        transition: all 9s !important; scale: 0.5 !important; columns: 3 !important; cursor: none !important;
        mix-blend-mode: difference !important; perspective: 5px !important; will-change: transform !important; }
    button { display: none !important } div { display: none !important } input, textarea { appearance: none !important }
    counterbell-widget, :host, :host(*), ::slotted(*) { display: none !important; position: relative !important }
    counterbell-widget::before { content: 'page' !important; display: block !important }
    counterbell-widget::part(launcher) { display: none !important }";

/// Names that pages give their own custom properties.
const CUSTOM_PROPERTIES: &str = ":root { --accent: red; --on-accent: red; --radius: 0; --paper: red; --ink: red;
    --soft: red; --line: red; --tint: red; --star: red; --wrong: red; --focus: red }
    * { --accent: red !important; --focus: red !important }";

/// Before the widget's script: enumerable names on everything, as old libraries make them.
const PATCHED_PROTOTYPES: &str = "<script>
    for (const prototype of [Object.prototype, Array.prototype, Function.prototype, String.prototype])
        for (const name of ['each', 'extend', 'inject', 'clone', 'pluck'])
            prototype[name] = function () { return 'patched'; };
    Array.prototype.toJSON = Object.prototype.toJSON = undefined;
</script>";

#[tokio::test]
async fn page_that_unsets_everything() {
    looks_as_ever("unset", |shop| styled(shop, "* { all: unset !important }")).await;
}

#[tokio::test]
async fn page_that_forces_everything() {
    looks_as_ever("forced", |shop| styled(shop, FORCES_EVERYTHING)).await;
}

#[tokio::test]
async fn page_whose_custom_properties_have_our_names() {
    looks_as_ever("custom-properties", |shop| styled(shop, CUSTOM_PROPERTIES)).await;
}

#[tokio::test]
async fn page_with_a_small_root_font() {
    looks_as_ever("small-root-font", |shop| styled(shop, "html { font-size: 62.5% } body { font-size: 1.6rem }")).await;
}

#[tokio::test]
async fn page_that_moves_its_body() {
    let css = "body { transform: translateX(-40px) scale(0.9); filter: grayscale(1); opacity: 0.5; overflow: hidden;
        contain: paint; height: 90px; position: relative; z-index: 0 }";
    looks_as_ever("moved-body", |shop| styled(shop, css)).await;
}

#[tokio::test]
async fn page_under_an_overlay_of_the_highest_layer() {
    let css = "main { position: fixed; inset: 0; z-index: 2147483647; background: #000c }";
    looks_as_ever("overlay", |shop| {
        // After the widget, where of equals the later is on top.
        let overlay = "<script>onload = () => document.body.append(document.querySelector('main'))";
        shop.page.show(&format!("<style>{css}</style>{CONTENT}{}{overlay}</script>", shop.tag()));
    })
    .await;
}

#[tokio::test]
async fn page_with_bootstrap() {
    looks_as_ever("bootstrap", |shop| with_sheet(shop, "bootstrap@5.3.9/dist/css/bootstrap.min.css")).await;
}

#[tokio::test]
async fn page_with_tailwind() {
    looks_as_ever("tailwind", |shop| with_sheet(shop, "tailwindcss@4.3.5/preflight.css")).await;
}

#[tokio::test]
async fn page_in_quirks_mode() {
    looks_as_ever("quirks", |shop| {
        let document = HostPage::document(&format!("{CONTENT}{}", shop.tag()));
        shop.page.show_document(document.trim_start_matches("<!doctype html>"));
    })
    .await;
}

#[tokio::test]
async fn page_with_a_base() {
    looks_as_ever("base", |shop| {
        shop.page.show(&format!("<base href='https://elsewhere.example/shop/'>{CONTENT}{}", shop.tag()));
    })
    .await;
}

#[tokio::test]
async fn page_with_patched_prototypes() {
    looks_as_ever("prototypes", |shop| shop.page.show(&format!("{PATCHED_PROTOTYPES}{CONTENT}{}", shop.tag()))).await;
}

#[tokio::test]
async fn page_whose_fetch_throws() {
    looks_as_ever("fetch-that-throws", |shop| patched(shop, "() => { throw new Error('not here') }")).await;
}

#[tokio::test]
async fn page_whose_fetch_rejects() {
    looks_as_ever("fetch-that-rejects", |shop| patched(shop, "async () => { throw new TypeError('offline') }")).await;
}

#[tokio::test]
async fn page_whose_fetch_returns_junk() {
    for (name, junk) in [
        ("fetch-of-nothing", "() => undefined"),
        ("fetch-of-an-object", "async () => ({ ok: true, status: 200 })"),
        ("fetch-of-a-response", "async () => new Response('<h1>Not found</h1>')"),
    ] {
        looks_as_ever(name, |shop| patched(shop, junk)).await;
    }
}

#[tokio::test]
async fn page_whose_fetch_counts() {
    looks_as_ever("fetch-that-counts", |shop| {
        patched(shop, "(() => { const real = fetch; let calls = 0; return (...all) => (calls++, real(...all)) })()");
    })
    .await;
}

#[tokio::test]
async fn page_with_the_strictest_policy() {
    looks_as_ever("strictest-policy", |shop| {
        let server = shop.app.url("");
        shop.page.put("/shop.css", "h1 { color: #27346b }");
        let tag = shop.tag_with("nonce=r4nd0m");
        shop.page.show(&format!("<link rel=stylesheet href=/shop.css>{CONTENT}{tag}"));
        shop.page.restrict(&format!(
            "default-src 'none'; script-src 'nonce-r4nd0m' 'strict-dynamic' 'wasm-unsafe-eval'; style-src 'self'; \
             connect-src {server}; base-uri 'none'; require-trusted-types-for 'script'"
        ));
    })
    .await;
}

/// Shows `prepare`'s page, compares the open card with that on an empty page, and goes the whole way.
async fn looks_as_ever(name: &str, prepare: impl FnOnce(&Shop)) {
    let shop = Shop::open().await;
    // On a page of its own, so that what `prepare` sets up is not in the way of comparing.
    let plain = Shop::open().await;
    Browser::check(name, async |browser| {
        plain.visit(browser).await;
        let wanted = browser.picture_of_card(&format!("{name}-wanted")).await;

        prepare(&shop);
        shop.visit(browser).await;
        let found = browser.picture_of_card(name).await;
        browser.open(&plain.page.origin()).await;
        found.must_equal(&wanted, browser).await;

        shop.visit(browser).await;
        answer(&browser.widget()).await;
    })
    .await;
    shop.must_have_one_answer().await;
}

fn styled(shop: &Shop, css: &str) {
    shop.page.show(&format!("<style>{css}</style>{CONTENT}{}", shop.tag()));
}

fn with_sheet(shop: &Shop, npm_path: &str) {
    shop.page.put("/sheet.css", &environment::npm(npm_path));
    shop.page.show(&format!("<link rel=stylesheet href=/sheet.css>{CONTENT}{}", shop.tag()));
}

fn patched(shop: &Shop, fetch: &str) {
    shop.page.show(&format!("<script>window.fetch = {fetch}</script>{CONTENT}{}", shop.tag()));
}
