//! The demo: its shop, and the page with staff's mail.

use std::collections::BTreeSet;
use std::path::PathBuf;

use counterbell_tests::{Browser, Customer, Program, client, command, sample, wait};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::shop::LAUNCHER;

struct Demo {
    // First: it writes to the folder.
    _program: Program,
    folder: TempDir,
    told: Value,
}

impl Demo {
    async fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let mut program =
            Program::start(command(folder.path()).args(["demo", "--port", "0", "--shop-port", "0", "--json"]));
        let told = program.wait_for_output("addresses", |printed| {
            printed.lines().find_map(|line| serde_json::from_str::<Value>(line).ok())
        });
        let told = told.await;
        Self { _program: program, folder, told }
    }

    fn told(&self, name: &str) -> &str {
        self.told[name].as_str().unwrap()
    }

    /// A customer of the shop is unhappy, and says why.
    async fn rate_badly(&self, comment: &str) {
        let response = json!({ "site_key": self.told("site_key"), "comment": comment, "complete": true });
        let request = client().post(format!("{}/v1/responses", self.told("server_url")));
        let answer = request.json(&sample::with(sample::response(1), response)).send().await.unwrap();
        assert_eq!(answer.status(), 201, "{}", answer.text().await.unwrap());
    }

    /// A mail that is newer than all that the demo sends.
    fn put_mail(&self, html: &str) {
        let mail = format!(
            "From: bell@shop.example\r\nTo: staff@shop.example\r\nSubject: Take it?\r\n\
             Content-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n"
        );
        let folder: PathBuf = self.folder.path().join(self.told("mail_dir"));
        std::fs::write(folder.join("x.part"), mail).unwrap();
        std::fs::rename(folder.join("x.part"), folder.join("ffffffff.eml")).unwrap();
    }
}

/// Waits until the inbox shows so many mails, and the last line of the newest.
async fn see_mails(browser: &Browser, count: usize) {
    let last = "const frames = [...document.querySelectorAll('article iframe')];
        const last = frames[0]?.contentDocument.querySelector('table table > tbody > tr:last-child');
        return last && frames[0].clientHeight >= Math.floor(last.getBoundingClientRect().bottom) ? frames.length : 0";
    wait::until_true("the newest mail to its end", async || browser.run(last).await == count).await;
}

/// A comment of many lines.
fn long_comment() -> String {
    (1..=60).map(|line| format!("Line {line} of what went wrong with my parcel.\n")).collect()
}

#[tokio::test]
async fn mails_appear_by_themselves_and_are_shown_to_their_end() {
    let demo = Demo::start().await;
    Browser::check("demo-inbox", async |browser| {
        browser.open(demo.told("inbox_url")).await;
        browser.must_be_accessible("empty inbox").await;
        browser.run("window.opened = 'once'").await;
        demo.rate_badly(&long_comment()).await;
        see_mails(browser, 1).await;
        let height = browser.run("return document.querySelector('iframe').clientHeight").await;
        assert!(height.as_u64().unwrap() > 60 * 26, "as high as the comment at least: {height}");

        browser.click("input[value=text]").await;
        let shown = "return [...document.querySelectorAll('article')].map((mail) =>
            ['iframe', 'pre'].filter((css) => mail.querySelector(css).checkVisibility()).join())";
        assert_eq!(browser.run(shown).await, json!(["pre"]));
        let text = browser.run("return document.querySelector('pre').textContent").await;
        assert!(text.as_str().unwrap().contains("Line 60 of what went wrong"), "{text}");

        demo.rate_badly("Too late").await;
        see_mails(browser, 2).await;
        assert_eq!(browser.run(shown).await, json!(["iframe", "pre"]), "the newest first, and the other as it was");
        assert_eq!(browser.run("return window.opened").await, "once", "without loading the page again");
        let heads = browser.run("return [...document.querySelectorAll('dt')].slice(0, 3).map((dt) => dt.textContent)");
        assert_eq!(heads.await, json!(["From", "To", "Sent"]));
        browser.click("input[value=html]").await;
        browser.must_be_accessible("inbox with mails").await;
        browser.screenshot("demo-inbox").await;

        browser.belongs_to(Customer { window: Some((390, 844)), touch: true, ..Customer::default() }).await;
        browser.open(demo.told("inbox_url")).await;
        see_mails(browser, 2).await;
        let wider = "const { scrollWidth, clientWidth } = document.documentElement; return scrollWidth - clientWidth";
        assert_eq!(browser.run(wider).await, 0, "nothing sticks out on a phone");
        browser.screenshot("demo-inbox-phone").await;
    })
    .await;
}

#[tokio::test]
async fn mails_are_read_without_scripts() {
    let demo = Demo::start().await;
    Browser::check("demo-inbox-no-scripts", async |browser| {
        browser.switch_scripts_off().await;
        browser.open(demo.told("inbox_url")).await;
        demo.rate_badly(&long_comment()).await;
        let mails = "return document.querySelectorAll('article').length";
        wait::until_true("a mail", async || browser.run(mails).await == 1).await;
        // It scrolls where nothing makes it as high as the mail.
        let height = browser.run("return document.querySelector('iframe').clientHeight").await;
        assert!(height.as_u64().unwrap() > 400, "{height}");
        browser.screenshot("demo-inbox-no-scripts").await;
    })
    .await;
}

#[tokio::test]
async fn links_in_a_mail_open_a_tab_and_its_scripts_never_run() {
    let demo = Demo::start().await;
    let shop = demo.told("shop_url");
    Browser::check("demo-inbox-links", async |browser| {
        browser.expect_console_error("Blocked script execution");
        demo.put_mail(&format!("<a href='{shop}'>Take it</a><script>parent.document.title = 'taken'</script>"));
        browser.open(demo.told("inbox_url")).await;
        browser.enter_frame().await;
        browser.click("a").await;
        browser.leave_frame().await;
        assert_eq!(browser.run("return document.title").await, "Mail for staff (1)");
        browser.enter_new_window().await;
        wait::until_true("the shop, whose scripts run as ever", async || {
            browser.run("return document.querySelector('counterbell-widget') != null").await == true
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn nothing_that_a_page_of_the_demo_asks_for_is_missing() {
    let demo = Demo::start().await;
    demo.rate_badly("Too late").await;
    // Failed loads stand on the console, too.
    Browser::check("demo-requests", async |browser| {
        for (page, files) in [("shop_url", 6), ("inbox_url", 3)] {
            browser.open(demo.told(page)).await;
            if page == "shop_url" {
                browser.widget().click(LAUNCHER).await;
                browser.widget().be_ready().await;
            }
            let asked = "const there = [...document.querySelectorAll('link[href], script[src], img[src]')];
                const loaded = performance.getEntriesByType('resource').map((entry) => entry.name);
                return [...there.map((one) => one.href ?? one.src), ...loaded, new URL('/favicon.ico', location).href]";
            let asked = browser.run(asked).await;
            let asked: BTreeSet<_> = asked.as_array().unwrap().iter().filter_map(Value::as_str).collect();
            assert!(asked.len() >= files, "{asked:?}");
            for url in asked {
                let answer = client().get(url).send().await.unwrap();
                assert_eq!(answer.status(), 200, "{url}");
                if url.contains("icon") || url.ends_with(".svg") {
                    assert_eq!(answer.headers()["Content-Type"], "image/svg+xml", "{url}");
                }
            }
        }
    })
    .await;
}
