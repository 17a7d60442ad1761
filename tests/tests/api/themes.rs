//! What the card is drawn with: stored only when it can be read, and told to the widget.

use counterbell_shared::problem::ProblemCode;
use counterbell_tests::{Answer, Backend, CliOutput, TestApp, sample, wait};
use reqwest::Method;
use reqwest::header::{ETAG, IF_NONE_MATCH};
use serde_json::{Value, json};

/// Runs `site theme` with a document in a file.
fn store(app: &TestApp, document: &str) -> CliOutput {
    let file = app.dir().join("theme.json");
    std::fs::write(&file, document).unwrap();
    app.cli(&["site", "theme", &app.site_key, &file.display().to_string(), "--json"])
}

fn site_theme(app: &TestApp, more: &[&str]) -> CliOutput {
    app.cli(&[&["site", "theme", &app.site_key], more].concat())
}

/// What the widget is told.
async fn served(app: &TestApp) -> Option<Value> {
    let config = app.get(&format!("/v1/widget/{}", app.site_key)).await.expect(200);
    config.get("theme").cloned()
}

async fn wait_for_accent(app: &TestApp, accent: &str) {
    wait::until_true("theme in force", async || served(app).await.is_some_and(|theme| theme["accent"] == accent)).await;
}

#[tokio::test]
async fn widget_is_told_the_theme_with_every_default_filled_in() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        let path = format!("/v1/widget/{}", app.site_key);
        let before = app.get(&path).await;
        assert_eq!(before.expect(200).get("theme"), None, "{backend:?}");
        let tag = before.headers[ETAG].clone();

        let stored = store(&app, r##"{"accent": "#2F4A3C", "font": "Inter", "scheme": "light"}"##).json();
        assert_eq!(stored["theme"], json!({ "accent": "#2F4A3C", "font": "Inter", "scheme": "light" }), "{backend:?}");
        wait_for_accent(&app, "#2f4a3c").await;

        let expected = json!({
            "accent": "#2f4a3c", "on_accent": "#fff", "accent_dark": "#49735d", "on_accent_dark": "#fff", "radius": 20,
            "font": "\"Inter\", sans-serif", "density": "comfortable", "scheme": "light",
        });
        assert_eq!(served(&app).await.unwrap(), expected, "{backend:?}");
        assert_eq!(stored["resolved"], expected, "{backend:?}");
        assert_eq!(stored["page_css"], ":root { --counterbell-accent: #2f4a3c; --counterbell-on-accent: #fff; }");
        let again = app.send(app.request(Method::GET, &path).header(IF_NONE_MATCH, tag.clone())).await;
        again.expect(200);
        assert_ne!(again.headers[ETAG], tag, "{backend:?}");

        let cleared = site_theme(&app, &["--clear", "--json"]).json();
        assert_eq!(cleared["theme"], Value::Null, "{backend:?}");
        wait::until_true("no theme", async || served(&app).await.is_none()).await;
        let as_before = app.send(app.request(Method::GET, &path).header(IF_NONE_MATCH, tag)).await;
        assert_eq!(as_before.status, 304, "{backend:?}");
    }
}

#[tokio::test]
async fn theme_that_cannot_be_read_is_refused_with_one_that_can() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        for (document, told) in [
            (r##"{"accent": "#ffd400"}"##, vec!["/accent", "1.43:1", "3:1 is needed", "1.4.11", "#af9200 would do"]),
            (r##"{"accent": "#27346b", "on_accent": "#333"}"##, vec!["/on_accent", "4.5:1 is needed", "#fff would do"]),
            (r##"{"accent_dark": "#000"}"##, vec!["/accent_dark", "#1c202b", "3:1 is needed"]),
            (r#"{"font": "Inter; color: red", "radius": 99, "logo": 1}"#, vec!["/font", "/radius", "/logo"]),
            ("{", vec!["is not JSON"]),
        ] {
            let output = store(&app, document);
            assert_eq!(output.status.code(), Some(1), "{output:?}");
            assert_eq!(output.stderr.lines().count(), 1, "{output:?}");
            assert!(told.iter().all(|word| output.stderr.contains(word)), "{told:?}: {output:?}");
        }
        let nowhere = site_theme(&app, &["nowhere.json"]);
        assert!(!nowhere.status.success() && nowhere.stderr.contains("nowhere.json"), "{nowhere:?}");
        assert_eq!(app.count("sites WHERE theme IS NOT NULL"), 0, "{backend:?}");

        let known = app.cli(&["site", "theme", "site_0000000000000000"]);
        assert!(!known.status.success() && known.stderr.contains("site list"), "{known:?}");
    }
}

#[tokio::test]
async fn shown_theme_can_be_stored_again() {
    let app = TestApp::on(Backend::Sqlite).await;
    let defaults = site_theme(&app, &[]);
    assert!(defaults.stderr.contains("has no theme") && defaults.stderr.contains("11.73:1"), "{defaults:?}");
    let resolved = store(&app, &defaults.stdout).json()["resolved"].clone();
    assert_eq!(resolved, serde_json::from_str::<Value>(&defaults.stdout).unwrap());

    let document = "{\n  \"accent\": \"#b5179e\"\n}";
    store(&app, document).json();
    let shown = site_theme(&app, &[]);
    assert_eq!(shown.stdout.trim_end(), document);
    assert!(shown.stderr.contains("accent #b5179e") && shown.stderr.contains("5.86:1, needed 3:1"), "{shown:?}");
    let file = app.dir().join("shown.json");
    std::fs::write(&file, &shown.stdout).unwrap();
    let from_stdin = app.cli_reading(&["site", "theme", &app.site_key, "-"], &file);
    assert!(from_stdin.status.success() && from_stdin.stdout.contains("within 5 seconds"), "{from_stdin:?}");
    assert!(!site_theme(&app, &["-", "--clear"]).status.success());
}

#[tokio::test]
async fn theme_is_kept_through_the_admin_api() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        let path = format!("/v1/admin/sites/{}/theme", app.site_key);
        let send = async |method: Method, path: &str, key: &str, body: Option<Value>| -> Answer {
            let request = app.request(method, path).bearer_auth(key);
            app.send(if let Some(body) = body { request.json(&body) } else { request }).await
        };
        let own = app.api_key.as_str();
        let put = async |body: Value| send(Method::PUT, &path, own, Some(body)).await;

        app.admin(&path).await.expect_problem(ProblemCode::NotFound);
        let problem = put(json!({ "accent": "#ffd400", "radius": -1 })).await.expect_problem(ProblemCode::InvalidTheme);
        let pointers: Vec<_> = problem.errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(pointers, ["/accent", "/radius"], "{backend:?}");
        assert!(problem.errors[0].detail.ends_with("#af9200 would do"), "{problem:?}");
        assert_eq!(app.count("sites WHERE theme IS NOT NULL"), 0, "{backend:?}");

        let view = put(json!({ "accent": "#af9200" })).await.expect(201);
        assert_eq!((&view["theme"], &view["site_key"]), (&json!({ "accent": "#af9200" }), &json!(app.site_key)));
        assert_eq!(view["resolved"]["on_accent"], "#050505", "{view}");
        assert_eq!(view["contrasts"][0]["ratio"], 3.02, "{view}");
        put(json!({ "accent": "#2f4a3c" })).await.expect(200);
        assert_eq!(app.admin(&path).await.expect(200)["theme"], json!({ "accent": "#2f4a3c" }), "{backend:?}");
        wait_for_accent(&app, "#2f4a3c").await;

        // A key of one site does not reach another, a key of all does.
        let other = app.create_site("https://other.example", "staff@other.example");
        let foreign = format!("/v1/admin/sites/{other}/theme");
        let theme = || Some(json!({ "radius": 0 }));
        send(Method::PUT, &foreign, own, theme()).await.expect_problem(ProblemCode::Forbidden);
        send(Method::DELETE, &foreign, own, None).await.expect_problem(ProblemCode::Forbidden);
        app.get(&path).await.expect_problem(ProblemCode::Unauthorized);
        app.admin("/v1/admin/sites/nonsense/theme").await.expect_problem(ProblemCode::UnknownSite);
        app.admin(&format!("{path}?version=1")).await.expect_problem(ProblemCode::InvalidParameter);
        let all = app.cli(&["key", "create", "--all-sites", "--json"]).json();
        send(Method::PUT, &foreign, all["api_key"].as_str().unwrap(), theme()).await.expect(201);
        assert_eq!(app.count("sites WHERE theme IS NOT NULL"), 2, "{backend:?}");

        assert_eq!(send(Method::DELETE, &path, own, None).await.status, 204, "{backend:?}");
        assert_eq!(send(Method::DELETE, &path, own, None).await.status, 204, "{backend:?}");
        app.admin(&path).await.expect_problem(ProblemCode::NotFound);
        assert_eq!(app.count("sites WHERE theme IS NOT NULL"), 1, "{backend:?}: the other site's stays");
    }
}

#[tokio::test]
async fn theme_somebody_else_broke_keeps_no_customer_from_answering() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        app.execute(r##"UPDATE sites SET theme = '{"accent": "#fff"}'"##);
        assert_eq!(served(&app).await, None, "{backend:?}");
        app.respond(&sample::response(4)).await.expect(201);
        assert!(app.log().contains("is not valid, and left out"), "{}", app.log());
        app.admin(&format!("/v1/admin/sites/{}/theme", app.site_key)).await.expect_problem(ProblemCode::Internal);
        let shown = site_theme(&app, &[]);
        assert!(!shown.status.success() && shown.stderr.contains("--clear"), "{shown:?}");
        assert!(site_theme(&app, &["--clear"]).status.success());
    }
}
