//! Other eyes, hands and screens than a developer's.

use counterbell_tests::{Browser, Customer, Widget, wait};
use fantoccini::key::Key;
use serde_json::{Value, json};

use crate::shop::{ALERT, BACK, CARD, CLOSE, LAUNCHER, SEND, Shop, answer, finish, score};

/// Before a script about colours: `contrast(a, b)` by WCAG 2.2, `under(element)` is what lies behind it. `paint` makes
/// bytes of whatever CSS calls a colour.
pub const COLORS: &str = "const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
    const paint = (...layers) => {
        for (const layer of ['#fff', ...layers]) { canvas.fillStyle = layer; canvas.fillRect(0, 0, 1, 1); }
        return canvas.getImageData(0, 0, 1, 1).data;
    };
    const luminance = ([red, green, blue]) => {
        const [r, g, b] = [red, green, blue].map((byte) => byte / 255)
            .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const contrast = (a, b) => {
        const [high, low] = [luminance(a), luminance(b)].sort((one, other) => other - one);
        return (high + 0.05) / (low + 0.05);
    };
    document.body.style.backgroundColor = 'Canvas';
    const layers = (element) => element == document.body ? [getComputedStyle(element).backgroundColor]
        : [...layers(element.parentElement ?? document.body), getComputedStyle(element).backgroundColor];
    const under = (element) => layers(element.parentElement ?? document.body);
    const name = (element) => element.localName + (element.className && '.' + element.className);";

/// Every text that is shown, with its contrast.
pub const TEXTS: &str = "return [...root.querySelectorAll('*')]
    .filter((element) => element.checkVisibility() && parseFloat(getComputedStyle(element).fontSize) > 0
        && [...element.childNodes].some((node) => node.nodeType == 3 && node.data.trim()))
    .map((element) => {
        const all = layers(element);
        return [name(element), contrast(paint(...all, getComputedStyle(element).color), paint(...all))];
    })";

/// What of each control says where it is, with its contrast: its own color or its border's, whichever is stronger.
const CONTROLS: &str = "return [['textarea'], ['.choice'], ['.field input'], ['.send'], ['.launcher'], ['.close', '::before'],
        ['.scores span']]
    .flatMap(([css, pseudo]) => [...root.querySelectorAll(css)].filter((element) => element.checkVisibility()).map((element) => {
        const behind = pseudo ? layers(element) : under(element);
        const { backgroundColor, borderTopColor, borderTopWidth } = getComputedStyle(element, pseudo);
        const drawn = parseFloat(borderTopWidth) > 0 ? [backgroundColor, borderTopColor] : [backgroundColor];
        return [css, Math.max(...drawn.map((color) => contrast(paint(...behind, color), paint(...behind))))];
    }))";

/// The ring round what has the focus, with its contrast; none when there is no ring.
const RINGS: &str = "const around = [root.activeElement, root.activeElement?.nextElementSibling,
        root.activeElement?.closest('label')].filter(Boolean);
    return around.filter((element) => getComputedStyle(element).outlineStyle != 'none'
            && parseFloat(getComputedStyle(element).outlineWidth) >= 2)
        .map((element) => [name(root.activeElement),
            contrast(paint(getComputedStyle(element).outlineColor), paint(...under(element)))])";

/// What can be pressed or typed into.
const TARGETS: &str = "const targets = [...root.querySelectorAll('button, input, textarea, a[href]')]
    .filter((element) => element.checkVisibility({ visibilityProperty: true }));";

#[tokio::test]
async fn every_color_stands_out() {
    for (name, dark) in [("contrast", false), ("contrast-dark", true)] {
        everything_stands_out(name, Customer { dark, ..Customer::default() }).await;
    }
}

#[tokio::test]
async fn forced_colors_leave_stars_texts_and_focus_to_be_seen() {
    for (name, dark) in [("forced-colors", false), ("forced-colors-dark", true)] {
        everything_stands_out(name, Customer { dark, forced_colors: true, ..Customer::default() }).await;
    }
}

#[tokio::test]
async fn nothing_moves_for_who_wants_that() {
    let shop = Shop::open().await;
    Browser::check("reduced-motion", async |browser| {
        browser.belongs_to(Customer { reduced_motion: true, ..Customer::default() }).await;
        shop.visit(browser).await;
        let moving = "return [...root.querySelectorAll('*')].filter((element) => {
                const { animationName, transitionDuration } = getComputedStyle(element);
                return animationName != 'none' || parseFloat(transitionDuration) > 0;
            }).map((element) => element.className)";
        let widget = browser.widget();
        assert_eq!(widget.run_with(moving, json!([])).await, json!([]));
        widget.click(&score(3)).await;
        assert_eq!(widget.run_with("return root.getAnimations().length", json!([])).await, 0);
        widget.click(BACK).await;
        answer(&widget).await;
        assert_eq!(widget.run_with(moving, json!([])).await, json!([]));
    })
    .await;
}

#[tokio::test]
async fn small_or_zoomed_window_shows_everything_without_scrolling_sideways() {
    let narrow = Customer { window: Some((320, 640)), ..Customer::default() };
    // 1280 by 1024, seen four times as large (WCAG 2.2, 1.4.10).
    let zoomed = Customer { window: Some((320, 256)), zoom: 4, ..Customer::default() };
    for (name, customer) in [("narrow", narrow), ("zoomed", zoomed)] {
        for survey in ["csat", "nps"] {
            let shop = Shop::open().await;
            shop.page.show(&shop.tag_with(&format!("data-survey={survey}")));
            Browser::check(&format!("{name}-{survey}"), async |browser| {
                browser.belongs_to(customer).await;
                shop.visit(browser).await;
                let widget = browser.widget();
                all_is_in_reach(&widget).await;
                answer(&widget).await;
                all_is_in_reach(&widget).await;
            })
            .await;
        }
    }
}

#[tokio::test]
async fn targets_are_large_enough_for_fingers_and_mice() {
    let phone = Customer { touch: true, window: Some((360, 640)), ..Customer::default() };
    let small_phone = Customer { window: Some((320, 568)), ..phone };
    let tablet = Customer { touch: true, window: Some((820, 1180)), ..Customer::default() };
    for (name, customer, least_px) in [
        ("mouse", Customer::default(), 24.0),
        ("phone", phone, 44.0),
        ("small-phone", small_phone, 44.0),
        ("tablet", tablet, 44.0),
    ] {
        for survey in ["csat", "nps", "ces", "expectation"] {
            let shop = Shop::open().await;
            shop.page.show(&shop.tag_with(&format!("data-survey={survey}")));
            Browser::check(&format!("targets-{name}-{survey}"), async |browser| {
                browser.belongs_to(customer).await;
                browser.open(&shop.page.origin()).await;
                let widget = browser.widget();
                widget.find(LAUNCHER).await;
                all_are_large(&widget, least_px).await;
                widget.click(LAUNCHER).await;
                widget.find(CARD).await;
                all_are_large(&widget, least_px).await;
            })
            .await;
        }
    }
}

#[tokio::test]
async fn focus_comes_back_to_the_launcher() {
    let shop = Shop::open().await;
    Browser::check("focus-back", async |browser| {
        let widget = browser.widget();
        shop.visit(browser).await;
        wait::until_true("focus on the question", async || widget.focused().await == "INPUT radio").await;
        widget.click(CLOSE).await;
        focus_is_on_the_launcher(&widget).await;

        widget.click(LAUNCHER).await;
        widget.find(CARD).await;
        assert_eq!(widget.focused().await, "INPUT radio", "and again");
        browser.press(&(Key::Escape + "")).await;
        focus_is_on_the_launcher(&widget).await;

        widget.click(LAUNCHER).await;
        answer(&widget).await;
        widget.click(CLOSE).await;
        focus_is_on_the_launcher(&widget).await;
    })
    .await;
}

#[tokio::test]
async fn card_that_opened_by_itself_takes_no_focus_when_it_goes() {
    let shop = Shop::open().await;
    shop.page.show(&format!("<input id=search autofocus>{}", shop.tag_with("data-open=auto")));
    Browser::check("focus-kept", async |browser| {
        browser.open(&shop.page.origin()).await;
        browser.widget().find(CARD).await;
        browser.run("counterbell('close')").await;
        assert_eq!(browser.widget().property(".box", "hidden").await, true);
        assert_eq!(browser.run("return document.activeElement.id").await, "search");
    })
    .await;
}

/// Goes through what is shown, and measures each text, control and focus ring.
async fn everything_stands_out(name: &str, customer: Customer) {
    for survey in ["csat", "nps"] {
        let shop = Shop::open().await;
        shop.page.show(&shop.tag_with(&format!("data-survey={survey}")));
        Browser::check(&format!("{name}-{survey}"), async |browser| {
            browser.belongs_to(customer).await;
            let widget = browser.widget();
            shop.visit(browser).await;
            colors_stand_out(&widget, "open card").await;

            widget.click(SEND).await;
            widget.text(ALERT).await;
            colors_stand_out(&widget, "choose first").await;

            for stop in 1..6 {
                browser.press(&(Key::Tab + "")).await;
                focus_stands_out(&widget, &format!("Tab, {stop} times")).await;
            }

            widget.click(&score(3)).await;
            colors_stand_out(&widget, "score chosen").await;
            browser.screenshot(&format!("{name}-{survey}-chosen")).await;

            finish(&widget).await;
            colors_stand_out(&widget, "thanks").await;
            browser.screenshot(&format!("{name}-{survey}-thanks")).await;
        })
        .await;
    }
}

/// Texts have 4.5:1 and what says where a control is has 3:1 (WCAG 2.2, 1.4.3 and 1.4.11).
async fn colors_stand_out(widget: &Widget<'_>, state: &str) {
    widget.come_to_rest().await;
    must_have(&measured(widget, TEXTS).await, 4.5, state);
    must_have(&measured(widget, CONTROLS).await, 3.0, state);
}

/// There is a ring round what has the focus, and it has 3:1.
async fn focus_stands_out(widget: &Widget<'_>, state: &str) {
    // The page's end is in the Tab order too.
    if widget.focused().await.is_empty() {
        return;
    }
    let rings = measured(widget, RINGS).await;
    assert!(!rings.is_empty(), "{state}: no ring round {}", widget.focused().await);
    must_have(&rings, 3.0, state);
}

async fn measured(widget: &Widget<'_>, script: &str) -> Vec<(String, f64)> {
    let found = widget.run_with(&format!("{COLORS} {script}"), json!([])).await;
    serde_json::from_value(found).unwrap()
}

fn must_have(measured: &[(String, f64)], least: f64, state: &str) {
    let faint: Vec<_> = measured.iter().filter(|(_, ratio)| *ratio < least).collect();
    assert!(faint.is_empty(), "{state}: less than {least}:1: {faint:?}");
}

/// Nothing is wider than its window, and whatever can be pressed can be brought where it is pressed.
async fn all_is_in_reach(widget: &Widget<'_>) {
    let wide = "return [document.documentElement, root.querySelector('.card')]
        .filter((element) => element.scrollWidth > element.clientWidth).map((element) => element.localName)";
    assert_eq!(widget.run_with(wide, json!([])).await, json!([]), "wider than there is room");
    let hidden = format!(
        "{TARGETS} return targets.filter((element) => {{
            element.scrollIntoView({{ block: 'nearest', behavior: 'instant' }});
            const {{ left, top, width, height }} = element.getBoundingClientRect();
            const hit = root.elementFromPoint(left + width / 2, top + height / 2);
            // What stands for a radio button lies over it.
            const pressed = (hit?.closest('label') ?? hit)?.contains(element);
            return left < 0 || left + width > innerWidth || !pressed;
        }}).map((element) => element.outerHTML)"
    );
    assert_eq!(widget.run_with(&hidden, json!([])).await, json!([]), "out of reach");
}

async fn all_are_large(widget: &Widget<'_>, least_px: f64) {
    let small = format!(
        "{TARGETS} return targets.map((element) => [element.outerHTML, element.getBoundingClientRect()])
            .filter(([, {{ width, height }}]) => Math.min(width, height) < arguments[0] - 0.01)
            .map(([html, {{ width, height }}]) => `${{width}} x ${{height}}: ${{html}}`)"
    );
    let small: Value = widget.run_with(&small, json!([least_px])).await;
    assert_eq!(small, json!([]), "smaller than {least_px} px");
}

async fn focus_is_on_the_launcher(widget: &Widget<'_>) {
    wait::until_true("closed card", async || widget.property(".box", "hidden").await == true).await;
    let class = widget.run_with("return root.activeElement?.className", json!([])).await;
    assert_eq!(class, "launcher");
}
