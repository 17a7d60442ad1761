//! The hosted page: without scripts, by keyboard, on small screens, in a frame, to axe-core.

use counterbell_tests::{Backend, Browser, Customer, Engine, HostPage, TestApp, sample, wait};
use fantoccini::key::Key;
use serde_json::{Value, json};

use crate::everyone::{COLORS, TEXTS};
use crate::shop::{LAUNCHER, Shop};

const ON: &str = "[name=go][value=on]";

/// A site whose survey is asked on the hosted page.
async fn open() -> TestApp {
    let app = TestApp::on(Backend::Sqlite).await;
    // A program answers faster than people.
    app.cli(&["site", "set", &app.site_key, "--min-answer-ms", "0", "--json"]).json();
    app
}

fn address(app: &TestApp, query: &str) -> String {
    app.url(&format!("/f/{}/checkout?{query}", app.site_key))
}

/// Waits until the page's heading begins so.
async fn heading(browser: &Browser, begins: &str) {
    let h1 = "return document.readyState == 'complete' && document.querySelector('h1')?.textContent.trim()";
    wait::until_true(&format!("heading {begins:?}"), async || {
        browser.run(h1).await.as_str().is_some_and(|words| words.starts_with(begins))
    })
    .await;
}

/// What has the focus: its name and value, else its text.
async fn focused(browser: &Browser) -> String {
    let script = "const e = document.activeElement;
        return e.name ? `${e.name} ${e.type == 'textarea' || e.type == 'email' ? '' : e.value}`.trim() : e.textContent.trim()";
    browser.run(script).await.as_str().unwrap_or_default().to_owned()
}

/// Takes the first way through the csat survey, and calls `look` on each screen.
async fn go_through(browser: &Browser, app: &TestApp, query: &str, look: impl AsyncFn(&str)) {
    browser.open(&address(app, query)).await;
    look("score").await;
    browser.click("#score-2").await;
    look("score picked").await;
    browser.click(ON).await;
    heading(browser, "Step 2 of 3").await;
    browser.click("[id='choice.reasons']").await;
    look("choices").await;
    browser.click(ON).await;
    heading(browser, "Step 3 of 3").await;
    look("address").await;
    browser.click("[name=consent]").await;
    browser.click("#email").await;
    browser.press("nobody").await;
    browser.expect_console_error("422");
    browser.click(ON).await;
    wait::until_true("fault", async || browser.run("return document.querySelector('#fault') != null").await == true)
        .await;
    look("no address").await;
    browser.click("[value=skip]").await;
    heading(browser, "We are sorry").await;
    look("thanks").await;
}

#[tokio::test]
async fn keyboard_alone_answers_where_no_script_runs() {
    let app = open().await;
    Browser::check("hosted-keyboard", async |browser| {
        browser.switch_scripts_off().await;
        browser.expect_console_error("422");
        browser.open(&address(&app, "order=A-1001")).await;
        heading(browser, "How satisfied").await;
        let tab = Key::Tab + "";
        let enter = Key::Enter + "";

        browser.press(&tab).await;
        assert_eq!(focused(browser).await, "score 1");
        browser.press(&tab).await;
        assert_eq!(focused(browser).await, "go on", "past all of the scores, and past the field nobody sees");
        browser.press(&enter).await;
        heading(browser, "How satisfied").await;
        wait::until_true("fault", async || {
            browser.run("return document.querySelector('#fault') != null").await == true
        })
        .await;
        browser.press(&tab).await;
        assert_eq!(focused(browser).await, "Please choose a score first.");
        browser.press(&enter).await;
        browser.press(&(Key::Right + "")).await;
        assert_eq!(focused(browser).await, "score 2", "the link leads to the field");
        // Enter sends, as in every form.
        browser.press(&enter).await;

        heading(browser, "Step 2 of 3").await;
        assert_eq!(browser.run("return document.querySelector('.words').checkVisibility()").await, false);
        browser.press(&tab).await;
        assert_eq!(focused(browser).await, "choice:reasons late");
        browser.press(" ").await;
        // What else is asked for only once it is wanted.
        for _ in 0..20 {
            browser.press(&tab).await;
            if focused(browser).await == "choice:reasons" {
                break;
            }
        }
        browser.press(" ").await;
        assert_eq!(browser.run("return document.querySelector('.words').checkVisibility()").await, true);
        browser.press(&format!("{tab}No bell{tab}Wet box{tab}")).await;
        assert_eq!(focused(browser).await, "go on");
        browser.press(&enter).await;

        heading(browser, "Step 3 of 3").await;
        browser.press(&format!("{tab}ann@mail.example{tab} ")).await;
        // Enter in a field goes on, and not back.
        browser.press(&enter).await;
        heading(browser, "We are sorry").await;
    })
    .await;
    let stored = app.admin_items("/v1/admin/responses").await;
    assert_eq!(stored.len(), 1, "{stored:?}");
    let row = &stored[0];
    assert_eq!((&row["score"], &row["comment"], &row["order_ref"]), (&json!(2), &json!("Wet box"), &json!("A-1001")));
    assert_eq!(row["answers"]["reasons"], json!({ "choices": ["late"], "other": "No bell" }));
    assert_eq!(app.count("responses WHERE contact_email = 'ann@mail.example' AND complete"), 1);
}

#[tokio::test]
async fn every_engine_asks_and_fills_the_stars() {
    for &engine in Engine::of_main_flows() {
        let app = open().await;
        Browser::check_in(engine, "hosted-engine", async |browser| {
            browser.open(&address(&app, "")).await;
            heading(browser, "How satisfied").await;
            browser.click("#score-2").await;
            browser.click("h1").await;
            let stars = pictures(browser).await;
            let like_first: Vec<_> = stars.iter().map(|star| star == &stars[0]).collect();
            assert_eq!(like_first, [true, true, false, false, false], "{engine:?}: {stars:?}");
            browser.click(ON).await;
            heading(browser, "Step 2 of 3").await;
            browser.click("[id='choice.reasons']").await;
            browser.click("[id='other.reasons']").await;
            browser.press("No bell").await;
            browser.click(ON).await;
            heading(browser, "Step 3 of 3").await;
            browser.click("[value=back]").await;
            heading(browser, "Step 2 of 3").await;
            browser.screenshot(&format!("hosted-{engine:?}").to_lowercase()).await;
            browser.click(ON).await;
            heading(browser, "Step 3 of 3").await;
            browser.click(ON).await;
            heading(browser, "We are sorry").await;
        })
        .await;
        let stored = app.admin_items("/v1/admin/responses").await;
        assert_eq!((stored.len(), &stored[0]["score"]), (1, &json!(2)), "{engine:?}");
        assert_eq!(stored[0]["answers"]["reasons"]["other"], "No bell", "{engine:?}");
    }
}

#[tokio::test]
async fn browsers_own_back_button_makes_no_second_response() {
    let app = open().await;
    Browser::check("hosted-back", async |browser| {
        browser.switch_scripts_off().await;
        browser.open(&address(&app, "")).await;
        browser.click("#score-2").await;
        browser.click(ON).await;
        heading(browser, "Step 2 of 3").await;
        browser.go_back().await;
        heading(browser, "How satisfied").await;
        browser.click("#score-5").await;
        browser.click(ON).await;
        heading(browser, "Step 2 of 2").await;
        browser.click("#comment").await;
        browser.press("Slipped").await;
        browser.click(ON).await;
        heading(browser, "Thank you!").await;
    })
    .await;
    let stored = app.admin_items("/v1/admin/responses").await;
    assert_eq!((stored.len(), &stored[0]["score"], &stored[0]["comment"]), (1, &json!(5), &json!("Slipped")));
}

#[tokio::test]
async fn no_screen_has_an_accessibility_fault() {
    let phone = Customer { touch: true, window: Some((360, 640)), ..Customer::default() };
    for (name, customer) in [
        ("hosted", Customer::default()),
        ("hosted-dark", Customer { dark: true, ..Customer::default() }),
        ("hosted-phone", phone),
    ] {
        let app = open().await;
        Browser::check(name, async |browser| {
            browser.belongs_to(customer).await;
            go_through(browser, &app, "", async |screen| {
                browser.must_be_accessible(&format!("{name}, {screen}")).await;
                browser.screenshot(&format!("{name}-{}", screen.replace(' ', "-"))).await;
            })
            .await;
            browser.expect_console_error("404");
            browser.open(&app.url("/f/site_0000000000000000/till")).await;
            browser.must_be_accessible("unknown site").await;
            browser.screenshot(&format!("{name}-unknown")).await;
        })
        .await;
    }
}

/// Surveys of every display, and the numbers of scores that are hard to place.
fn displays(app: &TestApp) -> Vec<String> {
    for (display, metric) in [("faces", "csat"), ("thumbs", "csat"), ("faces", "expectation")] {
        let label = |text: &str| json!({ "en": text });
        let own = json!({
            "metric": metric, "display": display, "question": label("How was it, all in all?"),
            "low_label": label("Far below what I expected"), "high_label": label("Far above what I expected"),
        });
        app.publish_survey(&sample::with(sample::survey(&format!("{display}-{metric}")), own));
    }
    ["csat", "nps", "ces", "faces-csat", "thumbs-csat", "faces-expectation"].map(str::to_owned).into()
}

/// Nothing is wider than the window.
const TOO_WIDE: &str = "return [...document.querySelectorAll('*')].filter((element) => element.checkVisibility()
        && !element.closest('.unseen, .away') && element.getBoundingClientRect().right > innerWidth + 0.5)
    .map((element) => element.outerHTML.slice(0, 200))";

/// What is pressed with a finger: 44 px, or more.
const TOO_SMALL: &str = "return [...document.querySelectorAll('main input:not([type=hidden]), main button, main a, main textarea')]
    .filter((element) => element.checkVisibility() && !element.closest('.away'))
    .map((element) => [element.outerHTML.slice(0, 200), (element.closest('label, .other') ?? element).getBoundingClientRect()])
    .filter(([, { width, height }]) => Math.min(width, height) < 43.99)
    .map(([html, { width, height }]) => `${width} x ${height}: ${html}`)";

#[tokio::test]
async fn small_or_zoomed_window_shows_everything_within_reach_of_a_finger() {
    let narrow = Customer { touch: true, window: Some((320, 640)), ..Customer::default() };
    // 1280 by 1024, seen four times as large (WCAG 2.2, 1.4.10).
    let zoomed = Customer { window: Some((320, 256)), zoom: 4, ..Customer::default() };
    let tablet = Customer { touch: true, window: Some((820, 1180)), ..Customer::default() };
    for (name, customer) in [("narrow", narrow), ("zoomed", zoomed), ("tablet", tablet)] {
        let app = open().await;
        let surveys = displays(&app);
        Browser::check(&format!("hosted-{name}"), async |browser| {
            browser.belongs_to(customer).await;
            let fits = async |screen: &str| {
                assert_eq!(browser.run(TOO_WIDE).await, json!([]), "{name}, {screen}: wider than there is room");
                assert_eq!(browser.run(TOO_SMALL).await, json!([]), "{name}, {screen}: too small");
                browser.screenshot(&format!("hosted-{name}-{}", screen.replace(' ', "-"))).await;
            };
            for survey in surveys {
                browser.open(&address(&app, &format!("survey={survey}&locale=en"))).await;
                fits(&survey).await;
            }
            browser.open(&address(&app, "locale=ar")).await;
            fits("arabic").await;
            go_through(browser, &app, "", fits).await;
        })
        .await;
    }
}

#[tokio::test]
async fn every_color_stands_out_and_picked_scores_are_told_from_others() {
    for (name, customer) in [
        ("light", Customer::default()),
        ("dark", Customer { dark: true, ..Customer::default() }),
        ("forced", Customer { forced_colors: true, ..Customer::default() }),
        ("forced-dark", Customer { dark: true, forced_colors: true, ..Customer::default() }),
        ("theme", Customer::default()),
        ("theme-forced", Customer { forced_colors: true, ..Customer::default() }),
    ] {
        let app = open().await;
        if name.starts_with("theme") {
            app.store_theme(&json!({ "accent": "#2f4a3c", "accent_dark": "#8fc7a8", "scheme": "dark", "radius": 4 }));
        }
        let surveys = displays(&app);
        Browser::check(&format!("hosted-colors-{name}"), async |browser| {
            browser.belongs_to(customer).await;
            browser.switch_scripts_off().await;
            for survey in surveys {
                browser.open(&address(&app, &format!("survey={survey}"))).await;
                texts_stand_out(browser, &format!("{name}, {survey}")).await;
                let before = pictures(browser).await;
                assert!(before.iter().all(|picture| picture == &before[0]), "{name}, {survey}: {before:?}");
                browser.click(".scores input:nth-of-type(2)").await;
                // Away from it: what is left is what was picked, not where the pointer is.
                browser.click("h1").await;
                let after = pictures(browser).await;
                let picked: Vec<_> = after.iter().map(|picture| *picture != before[0]).collect();
                let expected: Vec<_> =
                    (0..before.len()).map(|place| if survey == "csat" { place < 2 } else { place == 1 }).collect();
                assert_eq!(picked, expected, "{name}, {survey}: {before:?} {after:?}");
                texts_stand_out(browser, &format!("{name}, {survey}, picked")).await;
                browser.screenshot(&format!("hosted-{name}-{survey}")).await;
            }
        })
        .await;
    }
}

/// How each score looks.
async fn pictures(browser: &Browser) -> Vec<String> {
    let script = "return [...document.querySelectorAll('.scores label')].map((label) => {
        const { backgroundColor, borderColor, color } = getComputedStyle(label);
        const svg = label.querySelector('svg');
        return [backgroundColor, borderColor, color, svg && getComputedStyle(svg).fill].join(' ');
    })";
    serde_json::from_value(browser.run(script).await).unwrap()
}

/// Texts have 4.5:1, and what is drawn for scores has 3:1 (WCAG 2.2, 1.4.3 and 1.4.11).
async fn texts_stand_out(browser: &Browser, state: &str) {
    let drawn = "const texts = (() => { TEXTS })().filter(([what]) => what != 'span.unseen').map(([what, ratio]) => [what, ratio, 4.5]);
        const svgs = [...document.querySelectorAll('.scores svg')].map((svg) => {
            const all = layers(svg.parentElement);
            return ['picture', contrast(paint(...all, getComputedStyle(svg).stroke), paint(...all)), 3];
        });
        return [...texts, ...svgs].filter(([, ratio, least]) => ratio < least);";
    let script = format!("const root = document.querySelector('main'); {COLORS} {}", drawn.replace("TEXTS", TEXTS));
    assert_eq!(browser.run(&script).await, json!([]), "{state}: faint");
}

#[tokio::test]
async fn page_around_is_told_and_tells() {
    let app = open().await;
    let page = HostPage::start().await;
    let known = json!({ "counterbell": {
        "order": "B-2", "customer": "C-7", "name": "Ann", "page": "https://shop.example/done",
    } });
    let frame = |sandbox: &str| {
        let source = address(&app, "order=A-1");
        format!(
            "<iframe {sandbox} title=Feedback width=400 height=600 src='{source}' name='{known}'></iframe>
             <script nonce=watch>addEventListener('message', ({{ data }}) => (window.heard ??= []).push(data))</script>"
        )
    };
    for (name, sandbox) in [("frame", ""), ("sandbox", "sandbox='allow-scripts allow-forms'")] {
        page.show(&frame(sandbox));
        Browser::check(&format!("hosted-{name}"), async |browser| {
            browser.open(&page.origin()).await;
            let heard = async |what: &str| -> Vec<Value> {
                let heard = browser.run("return window.heard ?? []").await;
                let heard = heard.as_array().unwrap().iter();
                heard.filter(|message| message["counterbell"] == what).cloned().collect()
            };
            wait::until_true("height", async || heard("height").await.last().is_some_and(|told| told["height"] != 0))
                .await;
            assert!(heard("height").await[0]["height"].as_u64().unwrap() > 200);
            assert!(heard("sent").await.is_empty() && heard("close").await.is_empty());

            browser.enter_frame().await;
            browser.click("#score-5").await;
            browser.click(ON).await;
            heading(browser, "Step 2 of 2").await;
            browser.press(&(Key::Escape + "")).await;
            browser.click(ON).await;
            heading(browser, "Thank you!").await;
            browser.screenshot(&format!("hosted-{name}-thanks")).await;
            browser.leave_frame().await;
            wait::until_true("sent", async || heard("sent").await.len() == 1).await;
            assert_eq!(heard("close").await.len(), 1);
        })
        .await;
        let stored = app.admin_items("/v1/admin/responses").await;
        let row = &stored[0];
        assert_eq!((&row["order_ref"], &row["customer_ref"]), (&json!("B-2"), &json!("C-7")), "{name}");
        assert_eq!((&row["page_url"], &row["complete"]), (&json!("https://shop.example/done"), &json!(true)), "{name}");
    }
    assert_eq!(app.count("responses"), 2);
}

#[tokio::test]
async fn widget_that_may_not_compile_asks_on_the_page() {
    let shop = Shop::open().await;
    let server = shop.app.url("");
    let server = server.trim_end_matches('/');
    shop.page.restrict(&format!(
        "default-src 'none'; script-src {server}; connect-src {server}; frame-src {server}; style-src 'self'"
    ));
    shop.page.show(&shop.tag_with("data-customer=C-7"));
    Browser::check("hosted-fallback", async |browser| {
        browser.open(&shop.page.origin()).await;
        let widget = browser.widget();
        widget.click(LAUNCHER).await;
        let frame = widget.find(".hosted").await;
        wait::until_true("height", async || {
            let height = "return root.querySelector('.hosted').style.height";
            widget.run_with(height, json!([])).await.as_str().is_some_and(|height| height.ends_with("px"))
        })
        .await;
        browser.screenshot("hosted-fallback").await;
        frame.enter_frame().await.unwrap();
        browser.click("#score-2").await;
        browser.click(ON).await;
        heading(browser, "Step 2 of 3").await;
        browser.click("[value=skip]").await;
        heading(browser, "Step 3 of 3").await;
        browser.click("[value=skip]").await;
        heading(browser, "We are sorry").await;
    })
    .await;
    let stored = shop.responses().await;
    assert_eq!((stored.len(), &stored[0]["score"], &stored[0]["customer_ref"]), (1, &json!(2), &json!("C-7")));
    assert_eq!((&stored[0]["touchpoint"], &stored[0]["order_ref"]), (&json!("checkout"), &json!("A-1001")));
}

#[tokio::test]
async fn where_frames_are_barred_too_a_link_leads_to_the_page() {
    let shop = Shop::open().await;
    let server = shop.app.url("");
    let server = server.trim_end_matches('/');
    shop.page.restrict(&format!("default-src 'none'; script-src {server}; connect-src {server}; frame-src 'none'"));
    shop.page.show(&shop.tag());
    Browser::check("hosted-link", async |browser| {
        browser.open(&shop.page.origin()).await;
        browser.expect_console_error("frame-src");
        let widget = browser.widget();
        widget.click(LAUNCHER).await;
        let link = widget.find("a.send").await;
        browser.screenshot("hosted-link").await;
        let address = link.attr("href").await.unwrap().unwrap();
        browser.open(&address).await;
        heading(browser, "How satisfied").await;
    })
    .await;
}
