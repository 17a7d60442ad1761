//! The page of a case: on a phone and a laptop, without scripts, by keyboard, to axe-core.

use counterbell_shared::time::UnixMillis;
use counterbell_tests::{Backend, Browser, CaseLink, Customer, LINK_KEY, TestApp, sample, wait};
use fantoccini::key::Key;
use serde_json::json;

/// A case of a customer who has said something before, and the way to its page for Ann and Ben.
struct Desk {
    app: TestApp,
    case_id: [u8; 16],
}

const ANN: i64 = 1;
const BEN: i64 = 2;

impl Desk {
    async fn new() -> Self {
        let setup = TestApp::on(Backend::Sqlite).recipients(&["ann@shop.example", "ben@shop.example"]).grouped();
        let app = setup.setting("COUNTERBELL_LINK_KEYS", LINK_KEY).await;
        for (name, email) in [("Ann Meyer", "ann@shop.example"), ("Ben Okoro", "ben@shop.example")] {
            let named = ["staff", "set", "--site", &app.site_key, "--email", email, "--name", name, "--json"];
            app.cli(&named).json();
        }
        let unhappy = async |comment: &str, order: &str| {
            let response = json!({ "score": 1, "comment": comment, "order_ref": order, "complete": true,
                "touchpoint": "checkout", "page_url": "https://shop.example/orders/A-1001",
                "answers": { "reasons": { "choices": ["late"], "other": "no bell" } },
                "contact": { "email": "cleo@mail.example", "consent": true } });
            app.respond(&sample::with(sample::response(1), response)).await.expect(201);
            app.triaged().await;
        };
        unhappy("Two hours late, and nobody told me. I had to be at work.", "A-1001").await;
        unhappy("Now the box came open, and one cup is broken.", &"W".repeat(120)).await;
        let ids = app.texts(&["hex(case_id)"], "cases");
        assert_eq!(ids.len(), 1, "{ids:?}");
        let case_id = u128::from_str_radix(&ids[0], 16).unwrap().to_be_bytes();
        Self { app, case_id }
    }

    fn link(&self, person_id: i64) -> CaseLink {
        CaseLink {
            purpose: 1,
            site_id: 1,
            subject_id: self.case_id,
            person_id,
            expires_s: UnixMillis::now().0 / 1_000 + 86_400,
            generations: [0, 0],
        }
    }

    fn address(&self, person_id: i64, query: &str) -> String {
        self.app.url(&format!("{}?{query}", self.link(person_id).path()))
    }

    async fn set_language(&self, language: &str) {
        let of = ["--site", &self.app.site_key, "--email", "ann@shop.example", "--language", language, "--json"];
        self.app.cli(&[&["staff", "set"], &of[..]].concat()).json();
    }
}

/// Waits until the page says this somewhere.
async fn says(browser: &Browser, words: &str) {
    let script = "return document.readyState == 'complete' && document.body.textContent";
    wait::until_true(&format!("{words:?}"), async || {
        browser.run(script).await.as_str().is_some_and(|text| text.contains(words))
    })
    .await;
}

/// What has the focus: its name, else its text.
async fn focused(browser: &Browser) -> String {
    let script = "const e = document.activeElement; return e.name || e.textContent.trim()";
    browser.run(script).await.as_str().unwrap_or_default().to_owned()
}

/// Goes on by Tab until this has the focus.
async fn tab_to(browser: &Browser, wanted: &str) {
    for _ in 0..60 {
        browser.press(&(Key::Tab + "")).await;
        if focused(browser).await == wanted {
            return;
        }
    }
    panic!("{wanted:?} is not reached by Tab");
}

/// Nothing is wider than the window.
const TOO_WIDE: &str = "return [...document.querySelectorAll('*')].filter((element) => element.checkVisibility()
        && !element.closest('.unseen') && element.getBoundingClientRect().right > innerWidth + 0.5)
    .map((element) => element.outerHTML.slice(0, 200))";

/// What is pressed with a finger: 44 px, or more.
const TOO_SMALL: &str = "return [...document.querySelectorAll('main input:not([type=hidden]), main button, main a, summary, select, textarea')]
    .filter((element) => element.checkVisibility())
    .map((element) => [element.outerHTML.slice(0, 200), (element.closest('label') ?? element).getBoundingClientRect()])
    .filter(([, { width, height }]) => Math.min(width, height) < 43.99)
    .map(([html, { width, height }]) => `${width} x ${height}: ${html}`)";

const OPEN_ALL: &str = "document.querySelectorAll('details').forEach((details) => details.open = true)";

#[tokio::test]
async fn keyboard_alone_takes_and_resolves_a_case_where_no_script_runs() {
    let desk = Desk::new().await;
    Browser::check("case-keyboard", async |browser| {
        browser.switch_scripts_off().await;
        let enter = Key::Enter + "";
        browser.open(&desk.address(ANN, "do=take")).await;
        says(browser, "Nobody has this yet.").await;
        browser.press(&(Key::Tab + "")).await;
        assert_eq!(focused(browser).await, "I have this", "the button that the mail was about comes first");
        browser.press(&enter).await;
        says(browser, "Done: you have this.").await;

        tab_to(browser, "Resolve").await;
        browser.press(&enter).await;
        tab_to(browser, "root_cause").await;
        browser.press("D").await;
        tab_to(browser, "action_taken").await;
        browser.press("Sent it again, with flowers").await;
        tab_to(browser, "Resolve").await;
        browser.press(&enter).await;
        says(browser, "Done: the case is resolved.").await;
        says(browser, "Sent it again, with flowers").await;
    })
    .await;
    let stored = desk.app.texts(&["state", "root_cause", "owner_id"], "cases");
    assert_eq!(stored, ["resolved|delivery|1"]);
}

#[tokio::test]
async fn page_that_is_only_looked_at_by_a_browser_with_scripts_does_nothing() {
    let desk = Desk::new().await;
    let before = desk.app.count("journal WHERE kind LIKE 'case.%'");
    Browser::check("case-scanner", async |browser| {
        for query in ["do=take", "do=not_for_me", "do=open", "do=remind"] {
            browser.open(&desk.address(BEN, query)).await;
            says(browser, "Nobody has this yet.").await;
            assert_eq!(browser.run("return document.scripts.length").await, 0);
            let loaded = "return performance.getEntriesByType('resource').map((one) => new URL(one.name).origin)
                .filter((origin) => origin != location.origin)";
            assert_eq!(browser.run(loaded).await, json!([]));
        }
    })
    .await;
    assert_eq!(desk.app.count("journal WHERE kind LIKE 'case.%'"), before);
    assert_eq!(desk.app.texts(&["state"], "cases"), ["open"]);
}

#[tokio::test]
async fn page_fits_a_phone_and_a_laptop_and_has_no_accessibility_fault() {
    let phone = Customer { touch: true, window: Some((320, 640)), ..Customer::default() };
    let dark_phone = Customer { dark: true, ..phone };
    for (name, customer) in [
        ("case-laptop", Customer { window: Some((1280, 800)), ..Customer::default() }),
        ("case-laptop-dark", Customer { dark: true, window: Some((1280, 800)), ..Customer::default() }),
        ("case-phone", phone),
        ("case-phone-dark", dark_phone),
    ] {
        let desk = Desk::new().await;
        Browser::check(name, async |browser| {
            browser.belongs_to(customer).await;
            let looks = async |screen: &str| {
                assert_eq!(browser.run(TOO_WIDE).await, json!([]), "{name}, {screen}: wider than there is room");
                assert_eq!(browser.run(TOO_SMALL).await, json!([]), "{name}, {screen}: too small");
                browser.must_be_accessible(&format!("{name}, {screen}")).await;
                browser.screenshot(&format!("{name}-{screen}")).await;
            };
            browser.open(&desk.address(ANN, "do=take")).await;
            says(browser, "Nobody has this yet.").await;
            looks("take").await;
            browser.open(&desk.address(BEN, "do=take")).await;
            browser.click(".card .button").await;
            says(browser, "Done: you have this.").await;
            looks("taken").await;
            browser.run(OPEN_ALL).await;
            looks("forms").await;
            browser.open(&desk.address(ANN, "do=not_for_me")).await;
            says(browser, "Ben Okoro has had this since").await;
            looks("of-another").await;
            for (language, button) in [("ar", "أتولاها بدلًا منه"), ("de", "Übernehmen")] {
                desk.set_language(language).await;
                browser.open(&desk.address(ANN, "do=take")).await;
                says(browser, button).await;
                browser.run(OPEN_ALL).await;
                looks(language).await;
            }
            browser.expect_console_error("404");
            browser.open(&desk.app.url("/case/none")).await;
            looks("unknown").await;
        })
        .await;
    }
}

#[tokio::test]
async fn list_of_a_group_is_taken_by_keyboard_on_a_phone_and_has_no_accessibility_fault() {
    let desk = Desk::new().await;
    for number in 0..8 {
        let more = json!({ "comment": format!("Card refused, twice. {}", "W".repeat(60)), "order_ref": format!("B-{number}") });
        desk.app.respond(&sample::with(sample::response(1), more)).await.expect(201);
        desk.app.triaged().await;
    }
    let id = &desk.app.texts(&["hex(group_id)"], "alert_groups WHERE person_id = 1")[0];
    let subject_id = u128::from_str_radix(id, 16).unwrap().to_be_bytes();
    let link = CaseLink { purpose: 2, subject_id, ..desk.link(ANN) };
    let phone = Customer { touch: true, window: Some((320, 640)), ..Customer::default() };
    for (name, customer) in [
        ("group-phone", phone),
        ("group-laptop-dark", Customer { dark: true, window: Some((1280, 800)), ..Customer::default() }),
    ] {
        Browser::check(name, async |browser| {
            browser.belongs_to(customer).await;
            browser.open(&desk.app.url(&link.path())).await;
            says(browser, "Nobody has this yet.").await;
            let looks = async |screen: &str| {
                assert_eq!(browser.run(TOO_WIDE).await, json!([]), "{name}, {screen}: wider than there is room");
                assert_eq!(browser.run(TOO_SMALL).await, json!([]), "{name}, {screen}: too small");
                browser.must_be_accessible(&format!("{name}, {screen}")).await;
                browser.screenshot(&format!("{name}-{screen}")).await;
            };
            looks("list").await;
            tab_to(browser, "case").await;
            browser.press(" ").await;
            tab_to(browser, "I have these").await;
            browser.press(&(Key::Enter + "")).await;
            says(browser, "Done: you have 1 of these now.").await;
            looks("taken").await;
        })
        .await;
    }
    assert_eq!(desk.app.count("cases WHERE state = 'in_progress'"), 2);
}
