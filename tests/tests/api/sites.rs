//! Sites that are changed while their pages are open.

use counterbell_shared::problem::ProblemCode;
use counterbell_shared::time::{DAY_MS, UnixMillis};
use counterbell_tests::{Answer, Backend, Smtp, TestApp, sample, wait};
use reqwest::Method;
use serde_json::json;

async fn respond_from(app: &TestApp, origin: &str) -> Answer {
    let body = sample::with(sample::response(4), json!({ "site_key": app.site_key }));
    app.send(app.request(Method::POST, "/v1/responses").header("origin", origin).json(&body)).await
}

async fn preflight(app: &TestApp, origin: &str) -> Answer {
    let request = app.request(Method::OPTIONS, "/v1/responses").header("origin", origin);
    app.send(request.header("access-control-request-method", "POST")).await
}

#[tokio::test]
async fn site_is_changed_under_a_running_server() {
    for backend in Backend::ALL {
        let smtp = Smtp::start().await;
        let app = TestApp::on(backend).smtp(&smtp).recipients(&["ann@shop.example"]).await;
        let refused = respond_from(&app, "https://new.example").await.expect_problem(ProblemCode::OriginNotAllowed);
        let advice = format!("counterbell site set {} --add-origin", app.site_key);
        assert!(refused.detail.contains(&advice), "{refused:?}");

        let args = [
            ["--name", "New name"],
            ["--add-origin", "https://New.example/"],
            ["--remove-origin", sample::ORIGIN],
            ["--add-recipient", "bob@shop.example"],
            ["--remove-recipient", "ann@shop.example"],
        ];
        let args: Vec<_> =
            ["site", "set", &app.site_key, "--json"].into_iter().chain(args.into_iter().flatten()).collect();
        let site = app.cli(&args).json();

        assert_eq!(site["name"], "New name", "{site}");
        assert_eq!(site["origins"], json!(["https://new.example"]), "{site}");
        assert_eq!(site["recipients"], json!(["bob@shop.example"]), "{site}");
        assert!(site["limits"]["min_answer_ms"].is_number(), "limits stay: {site}");
        wait::until_true("new origin", async || respond_from(&app, "https://new.example").await.status == 201).await;
        wait::until_true("old origin", async || respond_from(&app, sample::ORIGIN).await.status == 403).await;
        app.respond(&sample::response(1)).await.expect(201);
        assert_eq!(smtp.wait_for(1).await[0].to, ["bob@shop.example"], "{backend:?}");
    }
}

#[tokio::test]
async fn change_that_makes_no_sense_changes_nothing() {
    let app = TestApp::on(Backend::Sqlite).await;
    let list = || app.cli(&["site", "list", "--json"]).json();
    let before = list();
    for (args, told) in [
        (["--remove-origin", "https://unknown.example"], "does not have"),
        (["--remove-recipient", "nobody@shop.example"], "does not have"),
        (["--add-origin", "https://*"], "https://*.shop.example"),
        (["--add-origin", "https://*.example"], "https://*.shop.example"),
        (["--add-recipient", "staff@shop.example/"], "staff@shop.example/"),
        (["--name", ""], "--name"),
    ] {
        let all: Vec<_> = ["site", "set", &app.site_key, "--name", "Other"].into_iter().chain(args).collect();
        let all: Vec<_> =
            if args[0] == "--name" { ["site", "set", &app.site_key].into_iter().chain(args).collect() } else { all };
        let output = app.cli(&all);
        assert!(!output.status.success() && output.stderr.contains(told), "{args:?}: {output:?}");
        assert_eq!(list(), before, "{args:?}");
    }
    let unknown = app.cli(&["site", "set", "site_0000000000000000", "--name", "X"]);
    assert!(!unknown.status.success() && unknown.stderr.contains("site list"), "{unknown:?}");
}

#[tokio::test]
async fn subdomains_of_one_level_are_let_in() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).origins(&["https://*.shop.example"]).await;
        for (origin, allowed) in [
            ("https://de.shop.example", true),
            ("https://fr.shop.example", true),
            ("https://shop.example", false),
            ("https://a.b.shop.example", false),
            ("http://de.shop.example", false),
            ("https://de.shop.example:8443", false),
            ("https://evilshop.example", false),
            ("https://*.shop.example", false),
        ] {
            let answer = preflight(&app, origin).await;
            let header = answer.header("access-control-allow-origin");
            assert_eq!(header, allowed.then_some(origin), "{backend:?}: {origin}");
            assert_eq!(
                respond_from(&app, origin).await.status,
                if allowed { 201 } else { 403 },
                "{backend:?}: {origin}"
            );
        }
    }
}

#[tokio::test]
async fn script_tag_names_the_server_when_somebody_said_where_it_is() {
    let told = TestApp::on(Backend::Sqlite).setting("COUNTERBELL_PUBLIC_URL", "https://bell.example/below/").await;
    let document = told.send(told.request(Method::GET, "/openapi.json")).await.expect(200);
    assert_eq!(document["servers"][0]["url"], "https://bell.example/below", "{document}");

    let app = TestApp::on(Backend::Sqlite).await;
    let create = ["site", "create", "--name", "Shop", "--origin", "https://shop.example"];
    let unknown = app.cli(&create);
    assert!(
        unknown.stdout.contains("https://HOST/widget.js") && unknown.stdout.contains("--public-url"),
        "{unknown:?}"
    );

    let config = app.dir().join("reached.toml");
    std::fs::write(&config, "[http]\npublic_url = \"https://bell.example\"\n").unwrap();
    for given in [["--public-url", "https://bell.example/"], ["--config", config.to_str().unwrap()]] {
        let known = app.cli(&[&create[..], &given[..]].concat());
        assert!(known.stdout.contains("src=\"https://bell.example/widget.js\""), "{known:?}");
        assert!(known.stdout.contains("https://bell.example/f/site_") && !known.stdout.contains("HOST"), "{known:?}");
    }
    let refused = app.cli(&[&create[..], &["--public-url", "bell.example"][..]].concat());
    assert!(!refused.status.success() && refused.stderr.contains("--public-url"), "{refused:?}");
    assert_eq!(refused.stderr.lines().count(), 1, "{refused:?}");
}

#[tokio::test]
async fn changes_of_a_site_at_the_same_moment_are_all_made() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        std::thread::scope(|scope| {
            for number in 0..8 {
                let app = &app;
                scope.spawn(move || {
                    let (origin, email) = (format!("https://s{number}.example"), format!("s{number}@shop.example"));
                    let set = ["site", "set", &app.site_key, "--add-origin", &origin, "--add-recipient", &email];
                    let output = app.cli(&set);
                    assert!(output.status.success(), "{backend:?}: {output:?}");
                });
            }
        });
        let site = &app.cli(&["site", "list", "--json"]).json()[0];
        assert_eq!(site["origins"].as_array().unwrap().len(), 9, "{backend:?}: {site}");
        assert_eq!(site["recipients"].as_array().unwrap().len(), 9, "{backend:?}: {site}");
    }
}

#[tokio::test]
async fn number_of_a_site_or_person_that_is_gone_never_comes_again() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        let ids = || (app.texts(&["id"], "sites ORDER BY id"), app.texts(&["id"], "people ORDER BY id"));
        let other = app.create_site("https://other.example", "other@shop.example");
        let before = ids();
        assert!(app.cli(&["site", "delete", &other, "--yes"]).status.success(), "{backend:?}");
        assert_eq!((ids().0.len(), ids().1.len()), (1, 1), "{backend:?}");

        app.create_site("https://next.example", "next@shop.example");

        let after = ids();
        assert_eq!((after.0[0].clone(), after.1[0].clone()), (before.0[0].clone(), before.1[0].clone()), "{backend:?}");
        assert!(after.0[1] != before.0[1] && after.1[1] != before.1[1], "{backend:?}: {before:?} {after:?}");
    }
}

#[tokio::test]
async fn response_that_the_site_would_not_keep_gets_the_time_of_receipt() {
    let mut app = TestApp::on(Backend::Sqlite).await;
    assert!(app.cli(&["site", "set", &app.site_key, "--retention-days", "2"]).status.success());
    app.restart().await;
    let given = UnixMillis(UnixMillis::now().0 - 4 * DAY_MS).to_string();
    app.respond(&sample::with(sample::response(4), json!({ "created_at": given }))).await.expect(201);
    assert_eq!(app.count("responses WHERE created_at = received_at"), 1);
}

#[tokio::test]
async fn recipient_is_removed_in_any_letter_case() {
    let app = TestApp::on(Backend::Sqlite).recipients(&["Ann@Shop.example"]).await;
    let set = |args: [&str; 2]| app.cli(&["site", "set", &app.site_key, args[0], args[1], "--json"]).json();
    assert_eq!(set(["--add-recipient", "ANN@shop.example"])["recipients"].as_array().unwrap().len(), 1);
    assert_eq!(set(["--remove-recipient", "ann@shop.EXAMPLE"])["recipients"], json!([]));
}
