//! The hosted page in other languages and displays, at wrong addresses, and in hostile hands.

use counterbell_shared::limits::{ANSWERS_MAX_BYTES, BODY_MAX_BYTES, COMMENT_MAX_CHARS, SURVEY_MAX_BYTES};
use counterbell_tests::{Answer, Backend, FormPage, TestApp, sample, wait};
use reqwest::Method;
use serde_json::{Value, json};

fn path(app: &TestApp, query: &str) -> String {
    format!("/f/{}/till-3?{query}", app.site_key)
}

fn let_fast_answers_in(app: &TestApp) {
    app.cli(&["site", "set", &app.site_key, "--min-answer-ms", "0", "--json"]).json();
}

#[tokio::test]
async fn each_display_offers_its_scores_by_name() {
    let app = TestApp::on(Backend::Sqlite).await;
    let surveys = [
        ("stars", "csat", vec!["1", "2", "3", "4", "5"]),
        ("faces", "csat", vec!["1", "2", "3", "4", "5"]),
        ("faces", "expectation", vec!["1", "2", "3"]),
        ("thumbs", "csat", vec!["1", "5"]),
        ("numbers", "ces", vec!["1", "2", "3", "4", "5", "6", "7"]),
        ("numbers", "nps", vec!["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]),
    ];
    // All of them before the server is asked: it looks for new ones only now and then.
    for (display, metric, _) in &surveys {
        let own = json!({
            "metric": metric, "display": display, "low_label": { "en": "Awful" }, "high_label": { "en": "Great" },
        });
        app.publish_survey(&sample::with(sample::survey(&format!("{display}-{metric}")), own));
    }
    for (display, metric, values) in surveys {
        let name = format!("{display}-{metric}");
        let page = FormPage::open(&app, &path(&app, &format!("survey={name}"))).await;
        assert_eq!(page.all(&format!(".scores.{display}")).count(), 1, "{name}");
        let offered: Vec<_> = page.all("input[name=score]").collect();
        let found: Vec<_> = offered.iter().filter_map(|input| input.attr("value")).collect();
        assert_eq!(found, values, "{name}");
        let named: Vec<_> =
            offered.iter().map(|input| page.text(&format!("[for={}]", input.attr("id").unwrap()))).collect();
        let (first, last) = (values[0], values[values.len() - 1]);
        assert_eq!(named[0], format!("{first}, Awful"), "{name}");
        assert_eq!(named[named.len() - 1], format!("{last}, Great"), "{name}");
        assert!(named.iter().skip(1).rev().skip(1).all(|named| values.contains(&named.as_str())), "{named:?}");
        assert_eq!(page.all(".scores svg").count(), if display == "numbers" { 0 } else { values.len() }, "{name}");
    }
}

#[tokio::test]
async fn address_then_browser_then_survey_say_the_language() {
    let app = TestApp::on(Backend::Sqlite).await;
    let_fast_answers_in(&app);
    for (query, accepted, locale, dir) in [
        ("locale=ar-EG", "de", "ar", "rtl"),
        ("locale=tlh", "fr;q=0.5, de-CH;q=0.9", "de", "ltr"),
        ("", "tlh, ar;q=0.1", "ar", "rtl"),
        ("locale=", "*", "en", "ltr"),
        ("locale=!", "!!;q=x", "en", "ltr"),
    ] {
        let request = app.request(Method::GET, &path(&app, query)).header("accept-language", accepted);
        let answer = app.send(request).await;
        let tag = format!("<html lang=\"{locale}\" dir=\"{dir}\" ");
        assert!(answer.text().contains(&tag), "{query} {accepted}: {}", answer.text());
        assert_eq!(answer.header("vary"), Some("Accept-Language"));
    }

    let page = FormPage::open(&app, &path(&app, "locale=ar")).await.pick("score", "1").press("on").await;
    assert_eq!(page.all("html").next().unwrap().attr("dir"), Some("rtl"));
    assert_eq!(page.text("h1"), "\u{627}\u{644}\u{62e}\u{637}\u{648}\u{629} 2 \u{645}\u{646} 3");
    assert_eq!(app.admin_items("/v1/admin/responses").await[0]["locale"], "ar");
}

const HOSTILE: &str = "\"'><script>alert(1)</script></textarea><img src=x onerror=alert(1)>&amp;";

#[tokio::test]
async fn what_others_wrote_stays_words() {
    let app = TestApp::on(Backend::Sqlite).await;
    let_fast_answers_in(&app);
    let text = json!({ "en": HOSTILE });
    let ask = |kind: &str, more: Value| sample::with(json!({ "kind": kind, "question": text }), more);
    let choices = json!({ "id": "why", "other": true, "choices": [{ "id": "late", "label": text }] });
    app.publish_survey(&json!({
        "name": "hostile", "metric": "csat", "question": text, "low_label": text, "high_label": text,
        "steps": [{ "ask": [ask("many", choices), ask("comment", json!({})), ask("contact", json!({ "consent": text }))] }],
        "thanks": [{ "title": text, "text": text, "link": { "label": text, "url": "https://reviews.example/?a=\"b" } }],
        "texts": { "next": text, "optional": text, "other": text, "send": text, "choose": text },
    }));
    let harmless = |page: &FormPage<'_>| {
        assert_eq!((page.all("script").count(), page.all("img").count()), (1, 0), "{}", page.answer.text());
        assert!(page.all("*").all(|element| element.attr("onerror").is_none()));
    };
    let hostile = HOSTILE;

    let page = FormPage::open(&app, &path(&app, "survey=hostile&order=%22%3E%3Cscript%3E")).await;
    harmless(&page);
    assert_eq!((page.text("h1").as_str(), page.value("order")), (hostile, "\"><script>"));
    let page = page.press("on").await;
    harmless(&page);
    assert_eq!(page.text("[role=alert]"), hostile);
    let page = page.pick("score", "1").press("on").await;
    harmless(&page);
    let page =
        page.pick("choice:why", "").write("other:why", hostile).write("comment", hostile).write("email", hostile);
    let page = page.press("back").await;
    harmless(&page);
    assert_eq!((page.value("comment"), page.value("other:why")), (hostile, hostile));
    let page = page.press("on").await;
    harmless(&page);
    assert_eq!((page.value("comment"), page.value("other:why"), page.value("email")), (hostile, hostile, hostile));

    // Fields that no page of ours has, beside those it has.
    let own = page.body("back");
    let made_up = [("choice:\"><script>", HOSTILE), ("other:x' y", HOSTILE), ("step", "99"), ("revision", "-7")];
    let made_up = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(made_up).finish();
    let stretched = page.send(format!("{own}&{made_up}")).await;
    harmless(&stretched);
    assert_eq!(stretched.all(".thanks").count(), 0, "nothing was stored by that");

    let page = page.press("on").await;
    harmless(&page);
    assert_eq!(page.answer.status, 422, "that is no address");
    let thanks = page.write("email", "").press("on").await;
    harmless(&thanks);
    assert_eq!(thanks.text("h1"), hostile);
    assert_eq!(thanks.all(".thanks a").next().unwrap().attr("href"), Some("https://reviews.example/?a=\"b"));
    let row = &app.admin_items("/v1/admin/responses").await[0];
    assert_eq!((&row["comment"], &row["answers"]["why"]["other"]), (&json!(hostile), &json!(hostile)));
}

/// Where words that turn the direction stand, the text around them keeps its own.
#[tokio::test]
async fn words_of_shop_and_customer_stand_apart() {
    const TURNED: &str = "shop\u{202e}pohs";
    let app = TestApp::on(Backend::Sqlite).await;
    let_fast_answers_in(&app);
    let text = json!({ "en": TURNED });
    let ask = |kind: &str, more: Value| sample::with(json!({ "kind": kind, "question": text }), more);
    let choices = json!({ "id": "why", "other": true, "choices": [{ "id": "late", "label": text }] });
    app.publish_survey(&json!({
        "name": "turned", "metric": "csat", "question": text, "low_label": text, "high_label": text,
        "steps": [{ "ask": [ask("one", choices), ask("comment", json!({})), ask("contact", json!({ "consent": text }))] }],
        "thanks": [{ "title": text, "text": text, "link": { "label": text, "url": "https://reviews.example/" } }],
    }));
    let stand_apart = |page: &FormPage<'_>, words: usize| {
        let own = |element: &scraper::ElementRef<'_>| -> String {
            element.children().filter_map(|node| node.value().as_text().map(|text| text.to_string())).collect()
        };
        // What is only heard has no direction.
        let turned: Vec<_> =
            page.all("body :not(.unseen)").filter(|element| own(element).contains('\u{202e}')).collect();
        assert_eq!(turned.len(), words, "{}", page.answer.text());
        for element in turned {
            assert!(element.value().name() == "bdi" || element.attr("dir") == Some("auto"), "{}", element.html());
        }
    };
    let page = FormPage::open(&app, &path(&app, "survey=turned")).await;
    // The question, and what both ends are called.
    stand_apart(&page, 3);
    let page = page.pick("score", "1").press("on").await;
    stand_apart(&page, 5);
    let page = page.pick("choice:why", "").write("other:why", TURNED).write("comment", TURNED).write("email", "nobody");
    let page = page.pick("consent", "yes").press("on").await;
    // The comment too.
    stand_apart(&page, 6);
    assert_eq!(page.all("input[name='other:why']").next().unwrap().attr("dir"), Some("auto"));
    stand_apart(&page.write("email", "").press("on").await, 3);
}

#[tokio::test]
async fn made_up_form_is_refused_and_shown_again() {
    let app = TestApp::on(Backend::Sqlite).await;
    let page = FormPage::open(&app, &path(&app, "")).await.pick("score", "4");
    let good = page.body("on");
    let id = page.value("response_id").to_owned();
    for (what, body) in [
        ("no id", good.replace(&id, "")),
        ("another id", good.replace(&id, "1")),
        ("score off the scale", good.replace("score=4", "score=9")),
        ("revision", good.replace("revision=0", "revision=1001")),
        ("version", good.replace("survey_version=1", "survey_version=0")),
    ] {
        assert_ne!(body, good, "{what}");
        let refused = page.send(body).await;
        assert_eq!(refused.answer.status, 422, "{what}: {}", refused.answer.text());
        assert_eq!(refused.text("[role=alert]"), "Sorry, we cannot take this answer.", "{what}");
    }
    let empty = page.send(String::new()).await;
    assert_eq!((empty.answer.status, empty.all("input[name=score]").count()), (422, 5));
    assert_eq!(app.count("responses"), 0);
}

/// As many questions as a document can hold, with as many choices as a question can; each may be answered in words.
fn longest_survey() -> (Value, Vec<String>, Vec<String>) {
    let choices: Vec<_> = (0..30_u8).map(|n| format!("{}{}", char::from(b'a' + n % 26), n / 26)).collect();
    let offered: Vec<_> = choices.iter().map(|id| json!({ "id": id, "label": { "en": "x" } })).collect();
    let ids: Vec<_> = (0..60).map(|n| format!("{n:x>40}")).collect();
    let ask =
        |id: &String| json!({ "kind": "many", "id": id, "question": { "en": "x" }, "other": true, "choices": offered });
    let mut steps: Vec<_> =
        ids.chunks(10).map(|ids| json!({ "ask": ids.iter().map(ask).collect::<Vec<_>>() })).collect();
    let text = json!({ "en": "x" });
    let own = [json!({ "kind": "comment", "question": text }), json!({ "kind": "contact", "question": text })];
    steps.push(json!({ "ask": own }));
    (sample::with(sample::survey("longest"), json!({ "steps": steps })), ids, choices)
}

#[tokio::test]
async fn longest_of_every_field_fits_into_one_form_and_a_longer_body_is_refused() {
    let (survey, ids, choices) = longest_survey();
    let bytes = survey.to_string().len();
    assert!((SURVEY_MAX_BYTES * 9 / 10..SURVEY_MAX_BYTES).contains(&bytes), "{bytes}");
    let long = "\u{1f514}".repeat(COMMENT_MAX_CHARS);
    let reference = "\u{1f514}".repeat(128);
    let rest = ANSWERS_MAX_BYTES - ids.len() * (40 + choices.concat().len());
    let others: Vec<_> =
        (0..ids.len()).map(|n| "\u{1f514}".repeat((rest / 4).saturating_sub(1_000 * n).min(1_000))).collect();
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        let_fast_answers_in(&app);
        app.publish_survey(&survey);
        let page = FormPage::open(&app, &path(&app, "survey=longest")).await;
        let email = format!("{}@{}.example", "x".repeat(64), vec!["x".repeat(59); 3].join("."));
        let last = ids.len().div_ceil(10) + 1;
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in [
            ("response_id", page.value("response_id")),
            ("revision", "999"),
            ("step", &last.to_string()),
            ("survey_version", "1"),
            ("score", "5"),
            ("comment", &long),
            ("email", &email),
            ("consent", "yes"),
            ("order", &reference),
            ("customer", &reference),
            ("page_url", &format!("https://shop.example/{}", "/".repeat(2_027))),
            ("website", ""),
            ("go", "on"),
        ] {
            form.append_pair(name, value);
        }
        for (id, other) in ids.iter().zip(&others) {
            for choice in choices.iter().map(String::as_str).chain([""]) {
                form.append_pair(&format!("choice:{id}"), choice);
            }
            form.append_pair(&format!("other:{id}"), other);
        }
        let thanks = page.send(form.finish()).await;
        assert_eq!(thanks.all(".thanks").count(), 1, "{backend:?}: {}", thanks.answer.status);
        let row = &app.admin_items("/v1/admin/responses").await[0];
        assert_eq!((&row["comment"], &row["order_ref"]), (&json!(long), &json!(reference)), "{backend:?}");
        assert_eq!(row["contact"]["email"], email, "{backend:?}");
        for (id, other) in ids.iter().zip(&others) {
            assert_eq!(row["answers"][id]["choices"], json!(choices), "{backend:?}");
            assert_eq!(row["answers"][id]["other"].as_str().unwrap_or_default(), other, "{backend:?}");
        }
    }

    let app = TestApp::on(Backend::Sqlite).await;
    let page = FormPage::open(&app, &path(&app, "")).await;
    let refused = page.send("x".repeat(BODY_MAX_BYTES + 1)).await;
    assert_eq!((refused.answer.status, refused.all("form").count()), (413, 0));
    let request = app.request(Method::POST, &path(&app, "")).json(&json!({ "score": 1 }));
    expect_page(&app.send(request).await, 415);
    let metrics = app.get("/metrics").await;
    for outcome in ["too_large", "invalid"] {
        assert!(metrics.text().contains(&format!("ingest_requests_total{{outcome=\"{outcome}\"}} 1")), "{outcome}");
    }
}

#[tokio::test]
async fn fault_of_ours_keeps_what_was_typed_and_is_logged_once_without_it() {
    let app = TestApp::on(Backend::Sqlite)
        .setting("COUNTERBELL_LOG", "debug,actix_server=warn,actix_http=warn,mio=warn")
        .await;
    let_fast_answers_in(&app);
    let page = FormPage::open(&app, &path(&app, "order=O-1")).await.write("customer", "C-4711").pick("score", "1");
    let page = page.press("on").await;
    // A table that storing needs.
    app.execute("ALTER TABLE score_days RENAME TO gone");
    let page = page.press("back").await.pick("score", "5").press("on").await;
    assert_eq!(page.answer.status, 503, "{}", page.answer.text());
    assert_eq!(page.picked("score"), ["5"]);
    assert!(page.text("[role=alert]").starts_with("That did not go through."));
    assert!(page.answer.header("retry-after").is_some());
    let id = page.answer.header("x-request-id").unwrap().to_owned();
    let line = wait::until("line of the request", async || {
        app.log().lines().find(|line| line.contains("ERROR") && line.contains(&id)).map(str::to_owned)
    })
    .await;
    assert!(line.contains("score_days"), "{line}");
    assert!(!page.answer.text().contains("score_days"), "tells nothing of the inside");

    app.execute("ALTER TABLE gone RENAME TO score_days");
    let page = page.press("on").await.write("comment", "words of a customer").press("on").await;
    assert_eq!(page.all(".thanks").count(), 1, "{}", page.answer.text());
    let told = app.log().lines().filter(|line| line.contains("ERROR") && line.contains(&id)).count();
    assert_eq!(told, 1, "{}", app.log());
    for hidden in ["words of", "C-4711", "O-1", "till-3"] {
        assert!(!app.log().contains(hidden), "{hidden} is in {}", app.log());
    }

    app.execute("ALTER TABLE sites RENAME TO gone");
    expect_page(&app.get("/f/site_0000000000000000/till").await, 500);
}

fn expect_page(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(answer.text().contains("<h1>"), "{}", answer.text());
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn wrong_address_is_told_on_a_page() {
    let app = TestApp::on(Backend::Sqlite).await;
    let key = &app.site_key;
    for (path, status, says) in [
        ("/f/site_0000000000000000/till".to_owned(), 404, "site list"),
        ("/f/%3Cscript%3E/till".to_owned(), 404, "site list"),
        (format!("/f/{key}/till?survey=mood"), 400, "published survey"),
    ] {
        let answer = app.get(&path).await;
        expect_page(&answer, status);
        assert!(answer.text().contains(says), "{path}: {}", answer.text());
        let request = app.request(Method::POST, &path).header("content-type", "application/x-www-form-urlencoded");
        expect_page(&app.send(request).await, status);
    }
    assert_eq!(app.get(&format!("/f/{key}/store%2012?survey=nps&fbclid=x&survey=csat")).await.status, 200);
    assert_eq!(app.send(app.request(Method::PUT, &path(&app, ""))).await.status, 405);
    assert_eq!(app.send(app.request(Method::HEAD, &path(&app, ""))).await.status, 200);
}

#[tokio::test]
async fn page_and_its_files_say_what_may_be_done_with_them() {
    let app = TestApp::on(Backend::Sqlite).await;
    // No origin of the site's, as in a sandboxed frame: the page is for everybody who has its address.
    let request = app.request(Method::GET, &path(&app, "")).header("origin", "null");
    let answer = app.send(request).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-control"), Some("private, no-cache"), "the response keeps its id");
    for (name, value) in [
        (
            "content-security-policy",
            "default-src 'none'; style-src 'self'; script-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors *",
        ),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
        ("x-robots-tag", "noindex"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
    assert_eq!(answer.header("x-frame-options"), None);
    let page = FormPage::open(&app, &path(&app, "")).await;
    let later = page.press("on").await;
    assert_eq!(later.answer.header("cache-control"), Some("no-store"));
    assert!(later.answer.header("content-security-policy").is_some());

    let base = url::Url::parse(&app.url(&path(&app, ""))).unwrap();
    for (css, attribute, content_type) in [
        ("link[rel=stylesheet]", "href", "text/css; charset=utf-8"),
        ("script", "src", "text/javascript; charset=utf-8"),
    ] {
        let address = base.join(page.all(css).next().unwrap().attr(attribute).unwrap()).unwrap();
        let file = app.get(address.path()).await;
        assert_eq!((file.status, file.header("content-type")), (200, Some(content_type)));
        assert_eq!(file.header("cache-control"), Some("public, max-age=31536000, immutable"));
        let tag = file.header("etag").unwrap();
        let again = app.send(app.request(Method::GET, address.path()).header("if-none-match", tag)).await;
        assert_eq!((again.status, again.body.len()), (304, 0));
    }
    assert_eq!(app.get("/hosted/page-0.css").await.status, 404);
}

#[tokio::test]
async fn theme_comes_as_a_style_sheet_and_words_as_the_site_has_them() {
    let app = TestApp::on(Backend::Sqlite).await;
    app.store_theme(&json!({
        "accent": "#2f4a3c", "accent_dark": "#8fc7a8", "radius": 4, "font": "Inter", "scheme": "dark", "density": "compact",
    }));
    let words = app.dir().join("words.json");
    std::fs::write(&words, json!({ "next": { "en": "Onwards" } }).to_string()).unwrap();
    let stored = app.cli(&["site", "words", &app.site_key, &words.display().to_string()]);
    assert!(stored.status.success(), "{stored:?}");

    let page = FormPage::open(&app, &path(&app, "")).await;
    assert_eq!(page.text("form button"), "Onwards");
    let html = page.all("html").next().unwrap();
    assert_eq!((html.attr("data-scheme"), html.attr("data-density")), (Some("dark"), Some("compact")));
    assert_eq!(page.all("meta[name=color-scheme]").next().unwrap().attr("content"), Some("dark"));
    let base = url::Url::parse(&app.url(&path(&app, ""))).unwrap();
    let sheet = base.join(page.all("link[rel=stylesheet]").nth(1).unwrap().attr("href").unwrap()).unwrap();
    let css = app.get(sheet.path()).await;
    assert_eq!((css.status, css.header("content-type")), (200, Some("text/css; charset=utf-8")));
    assert_eq!(css.header("cache-control"), Some("public, max-age=31536000, immutable"));
    for rule in
        ["--accent:#2f4a3c", "--on-accent:#fff", "--radius:4px", "--font:\"Inter\", sans-serif", "--accent:#8fc7a8"]
    {
        assert!(css.text().contains(rule), "{rule}: {}", css.text());
    }
    // A page written before the theme was changed.
    let older = app.get(&format!("/hosted/{}/theme-0.css", app.site_key)).await;
    assert_eq!((older.text(), older.header("cache-control")), (css.text(), Some("public, max-age=60")));

    let other = app.create_site("https://other.example", "staff@other.example");
    assert_eq!(app.get(&format!("/hosted/{other}/theme-0.css")).await.status, 404);
    assert!(!app.get(&format!("/f/{other}/till")).await.text().contains("theme-"));
}
