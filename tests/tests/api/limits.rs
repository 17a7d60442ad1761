//! Who may send how much, and what is held back.

use std::sync::atomic::{AtomicBool, Ordering};

use counterbell_shared::problem::ProblemCode;
use counterbell_tests::{Answer, Backend, TestApp, sample};
use reqwest::Method;
use serde_json::{Value, json};

/// Sends a response as a customer whose request came through these proxies.
async fn respond_through(app: &TestApp, forwarded_for: &str) -> Answer {
    let body = sample::with(sample::response(4), json!({ "site_key": app.site_key }));
    app.send(app.request(Method::POST, "/v1/responses").header("x-forwarded-for", forwarded_for).json(&body)).await
}

/// Changes what the app's site allows, and waits until the running server must know.
async fn set_limits(app: &mut TestApp, limits: &[&str]) {
    let site_key = app.site_key.clone();
    let mut args = vec!["site", "set", &site_key, "--json"];
    args.extend(limits);
    app.cli(&args).json();
    app.restart().await;
}

async fn metric(app: &TestApp, outcome: &str) -> u64 {
    let metrics = app.get("/metrics").await;
    let line = metrics.text().lines().find(|line| line.contains(&format!("outcome=\"{outcome}\""))).map(str::to_owned);
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok())
        .unwrap_or_else(|| panic!("no {outcome}: {}", metrics.text()))
}

#[tokio::test]
async fn each_customer_behind_a_trusted_proxy_has_a_limit_of_their_own() {
    let app = TestApp::on(Backend::Sqlite)
        .setting("COUNTERBELL_RATE_LIMIT", "2")
        .setting("COUNTERBELL_TRUSTED_PROXIES", "127.0.0.0/8,10.0.0.0/8")
        .await;
    for customer in ["198.51.100.1", "198.51.100.2, 10.1.1.1", "2001:db8::1"] {
        for left in ["1", "0"] {
            let taken = respond_through(&app, customer).await;
            taken.expect(201);
            assert_eq!(taken.header("ratelimit-policy"), Some("\"address\";q=2;w=60"));
            let limit = taken.header("ratelimit").unwrap();
            assert!(limit.starts_with(&format!("\"address\";r={left};t=")), "{limit}");
        }
        let refused = respond_through(&app, customer).await;
        refused.expect_problem(ProblemCode::RateLimited);
        assert!(refused.header("retry-after").is_some());
        assert!(refused.header("ratelimit").unwrap().starts_with("\"address\";r=0;t="), "{refused:?}");
    }
    // What the customer adds on the left is not believed.
    respond_through(&app, "203.0.113.5, 198.51.100.1").await.expect_problem(ProblemCode::RateLimited);
    assert_eq!((metric(&app, "accepted").await, metric(&app, "rate_limited").await), (6, 4));
}

#[tokio::test]
async fn proxy_on_the_same_machine_is_believed_by_default() {
    let app = TestApp::on(Backend::Sqlite).setting("COUNTERBELL_RATE_LIMIT", "2").await;
    for customer in ["198.51.100.1", "198.51.100.2"] {
        for _ in 0..2 {
            respond_through(&app, customer).await.expect(201);
        }
        respond_through(&app, customer).await.expect_problem(ProblemCode::RateLimited);
    }
    assert!(!app.log().contains("--trusted-proxy"), "{}", app.log());
}

#[tokio::test]
async fn customer_is_known_however_the_proxy_writes_the_address() {
    let app = TestApp::on(Backend::Sqlite)
        .setting("COUNTERBELL_RATE_LIMIT", "2")
        .setting("COUNTERBELL_TRUSTED_PROXIES", "127.0.0.0/8,10.0.0.0/8,fd00::/8")
        .await;
    let respond = async |lines: &[(&str, &str)]| {
        let body = sample::with(sample::response(4), json!({ "site_key": app.site_key }));
        let mut request = app.request(Method::POST, "/v1/responses").json(&body);
        for (name, value) in lines {
            request = request.header(*name, *value);
        }
        app.send(request).await
    };
    let own = "x-forwarded-for";
    let ways: [&[&[(&str, &str)]]; 3] = [
        &[
            &[(own, "203.0.113.1:50123")],
            &[(own, "203.0.113.1")],
            &[(own, "\"203.0.113.1:9\"")],
            &[(own, "1.1.1.1, 203.0.113.1:4 , 10.0.0.9:443,")],
            &[(own, "1.1.1.1"), (own, "203.0.113.1"), (own, "[fd00::7%eth0]:80")],
            &[("forwarded", "for=1.1.1.1, For=\"203.0.113.1:9\";proto=https;by=10.0.0.9")],
            &[("forwarded", "for=203.0.113.1"), (own, "9.9.9.9, 203.0.113.1")],
        ],
        &[
            &[(own, "[2001:db8::1]:443")],
            &[(own, "2001:db8::1")],
            &[(own, "[2001:db8:0:0::2]")],
            &[(own, "\"[2001:db8::1]:1\"")],
            &[(own, "2001:db8::1%25en0")],
            &[("forwarded", "for=\"[2001:db8::1]:4711\", for=10.0.0.9")],
        ],
        &[&[(own, "::ffff:198.51.100.7")], &[(own, "198.51.100.7")], &[(own, "[::ffff:198.51.100.7]:8")]],
    ];
    for customer in ways {
        for (number, way) in customer.iter().enumerate() {
            let answer = respond(way).await;
            if number < 2 {
                answer.expect(201);
            } else {
                answer.expect_problem(ProblemCode::RateLimited);
            }
            assert_eq!(answer.header("ratelimit-policy"), Some("\"address\";q=2;w=60"), "{way:?}");
        }
    }
}

#[tokio::test]
async fn customer_cannot_choose_an_address_in_the_other_header() {
    for (header, policy, told) in [
        // Nobody said which one the proxy writes.
        (None, "\"proxy\";q=20;w=60", 1),
        (Some("forwarded"), "\"address\";q=1;w=60", 0),
    ] {
        let mut setup = TestApp::on(Backend::Sqlite).setting("COUNTERBELL_RATE_LIMIT", "1");
        if let Some(header) = header {
            setup = setup.setting("COUNTERBELL_CLIENT_ADDRESS_HEADER", header);
        }
        let app = setup.await;
        for number in 0..3 {
            let body = sample::with(sample::response(4), json!({ "site_key": app.site_key }));
            let request = app.request(Method::POST, "/v1/responses").json(&body);
            let made_up = format!("198.51.100.{number}");
            let request = request.header("forwarded", "for=203.0.113.1").header("x-forwarded-for", made_up);

            let answer = app.send(request).await;

            assert_eq!(answer.header("ratelimit-policy"), Some(policy), "{header:?}");
            assert_eq!(answer.status == 201, number == 0 || header.is_none(), "{header:?}");
        }
        let log = app.log();
        assert_eq!(log.matches("--client-address-header").count(), told, "{header:?}: {log}");
        assert!(!log.contains("198.51.100.") && !log.contains("203.0.113."), "an address is in the log");
    }
}

#[tokio::test]
async fn customers_nobody_can_tell_apart_share_a_larger_limit() {
    let unreadable = ["unknown", "_hidden", "203.0.113.300", "198.51.100.1, unknown", "", ","];
    for (trusted, header, values, told) in [
        ("127.0.0.0/8", "x-forwarded-for", &unreadable[..], "X-Forwarded-For"),
        ("127.0.0.0/8", "forwarded", &["for=unknown", "proto=https"], "X-Forwarded-For"),
        // It is a proxy, and says nothing of its customers.
        ("127.0.0.0/8", "x-real-ip", &["198.51.100.1"], "X-Forwarded-For"),
        ("127.0.0.0/8", "via", &["1.1 proxy"], "X-Forwarded-For"),
        // Nobody named it.
        ("10.0.0.0/8", "x-forwarded-for", &["198.51.100.1", "198.51.100.2", "unknown"], "--trusted-proxy"),
        ("10.0.0.0/8", "forwarded", &["for=198.51.100.1"], "--trusted-proxy"),
    ] {
        let app = TestApp::on(Backend::Sqlite)
            .setting("COUNTERBELL_RATE_LIMIT", "2")
            .setting("COUNTERBELL_TRUSTED_PROXIES", trusted)
            .await;
        let body = || sample::with(sample::response(4), json!({ "site_key": app.site_key }));
        // A limit all the same: on a slow machine it has taken some more by then.
        let mut taken = 0;
        for value in values.iter().cycle().take(400) {
            let request = app.request(Method::POST, "/v1/responses").header(header, *value);
            let answer = app.send(request.json(&body())).await;
            assert_eq!(answer.header("ratelimit-policy"), Some("\"proxy\";q=40;w=60"), "{header} {values:?}");
            if answer.status != 201 {
                answer.expect_problem(ProblemCode::RateLimited);
                break;
            }
            taken += 1;
        }
        assert!((40..400).contains(&taken), "{header}: {taken}");
        // Who comes without a proxy has a limit of their own.
        app.respond(&sample::response(4)).await.expect(201);
        let log = app.log();
        // Two are said at the start: no mail server, no public address.
        assert_eq!((log.matches("WARN").count(), log.matches(told).count()), (3, 1), "{header}: {log}");
        assert!(!log.contains("198.51.100."), "an address is in the log");
    }
}

#[tokio::test]
async fn site_has_a_limit_whoever_sends() {
    let mut app = TestApp::on(Backend::Sqlite).await;
    set_limits(&mut app, &["--rate-limit", "3"]).await;
    for _ in 0..3 {
        app.respond(&sample::response(4)).await.expect(201);
    }
    let refused = app.respond(&sample::response(4)).await;
    refused.expect_problem(ProblemCode::RateLimited);
    assert_eq!(refused.header("ratelimit-policy"), Some("\"site\";q=3;w=60"));
    assert_eq!(app.count("responses"), 3);
}

#[tokio::test]
async fn daily_cap_holds_over_a_restart_and_leaves_repeats_alone() {
    for backend in Backend::ALL {
        let mut app = TestApp::on(backend).await;
        set_limits(&mut app, &["--daily-cap", "3"]).await;
        let first = sample::response(4);
        app.respond(&first).await.expect(201);
        app.respond(&first).await.expect(200);
        app.respond(&sample::response(4)).await.expect(201);
        app.restart().await;
        app.respond(&sample::response(4)).await.expect(201);

        let refused = app.respond(&sample::response(4)).await;

        refused.expect_problem(ProblemCode::DailyCapReached);
        let seconds: u32 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=86_401).contains(&seconds), "{seconds}");
        assert_eq!(app.count("responses"), 3, "{backend:?}");
        assert_eq!(metric(&app, "daily_cap_reached").await, 1);
    }
}

#[tokio::test]
async fn suspected_spam_is_held_listed_and_released() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        let spam =
            |members: Value| sample::with(sample::with(sample::response(1), json!({"comment": "buy pills"})), members);
        for (members, reason) in
            [(json!({ "website": "https://pills.example" }), "honeypot"), (json!({ "elapsed_ms": 12 }), "too_fast")]
        {
            // A program is not told.
            assert_eq!(app.respond(&spam(members)).await.expect(201)["outcome"], "accepted");
            let held = app.admin("/v1/admin/responses?held=true&limit=1").await.expect(200);
            assert_eq!(held["items"][0]["held"], reason, "{backend:?}");
        }
        app.respond(&spam(json!({ "elapsed_ms": 4_000, "website": "" }))).await.expect(201);

        assert_eq!(app.admin_items("/v1/admin/responses").await.len(), 1, "{backend:?}");
        assert_eq!(app.admin("/v1/admin/summary").await.expect(200)["count"], 1);
        app.triaged().await;
        assert_eq!(app.count("alerts"), 1);
        assert_eq!(metric(&app, "held").await, 2);

        let held = app.admin_items("/v1/admin/responses?held=true").await;
        let path = format!("/v1/admin/responses/{}/release", held[0]["response_id"].as_str().unwrap());
        for _ in 0..2 {
            let released = app.send(app.request(Method::POST, &path).bearer_auth(&app.api_key)).await.expect(200);
            assert_eq!(released["held"], Value::Null, "{backend:?}");
        }

        assert_eq!(app.admin_items("/v1/admin/responses?held=true").await.len(), 1, "{backend:?}");
        assert_eq!(app.admin_items("/v1/admin/responses").await.len(), 2);
        assert_eq!(app.admin("/v1/admin/summary").await.expect(200)["count"], 2);
        app.triaged().await;
        assert_eq!((app.count("alerts"), app.count("outbox")), (2, 2));
        app.send(app.request(Method::POST, &path)).await.expect_problem(ProblemCode::Unauthorized);
        let unknown = format!("/v1/admin/responses/{}/release", sample::response_id());
        app.send(app.request(Method::POST, &unknown).bearer_auth(&app.api_key))
            .await
            .expect_problem(ProblemCode::NotFound);
    }
}

#[tokio::test]
async fn suspected_spam_takes_no_customers_place() {
    let mut app = TestApp::on(Backend::Sqlite).await;
    set_limits(&mut app, &["--daily-cap", "3"]).await;
    for _ in 0..3 {
        app.respond(&sample::with(sample::response(1), json!({ "website": "x" }))).await.expect(201);
    }
    app.respond(&sample::response(1)).await.expect(201);
    assert_eq!(app.admin_items("/v1/admin/responses").await.len(), 1);
}

#[tokio::test]
async fn suspected_spam_has_a_daily_cap_of_its_own() {
    for backend in Backend::ALL {
        let mut app = TestApp::on(backend).await;
        set_limits(&mut app, &["--daily-cap", "3"]).await;
        let spam = || sample::with(sample::response(1), json!({ "website": "https://pills.example" }));
        let first = sample::with(spam(), json!({ "complete": false }));
        app.respond(&first).await.expect(201);
        app.respond(&first).await.expect(200);
        app.respond(&spam()).await.expect(201);
        app.restart().await;
        app.respond(&spam()).await.expect(201);

        // Told as anybody is told of a full day.
        let spam_refused = app.respond(&spam()).await;
        let spam_problem = spam_refused.expect_problem(ProblemCode::DailyCapReached);
        let later = sample::with(first, json!({ "revision": 1, "complete": true }));
        assert_eq!(app.respond(&later).await.expect(200)["outcome"], "updated", "{backend:?}");
        for _ in 0..3 {
            app.respond(&sample::response(4)).await.expect(201);
        }
        let refused = app.respond(&sample::response(4)).await;
        assert_eq!(refused.expect_problem(ProblemCode::DailyCapReached), spam_problem, "{backend:?}");
        assert!(spam_refused.header("retry-after").is_some());
        assert_eq!(app.count("responses WHERE held IS NULL"), 3, "{backend:?}");
        assert_eq!(app.count("responses WHERE held IS NOT NULL"), 3, "{backend:?}");

        // Both are full for whoever comes later.
        app.restart().await;
        for response in [spam(), sample::response(4)] {
            app.respond(&response).await.expect_problem(ProblemCode::DailyCapReached);
        }
    }
}

#[tokio::test]
async fn limits_are_set_one_by_one_and_taken_away_by_zero() {
    let app = TestApp::on(Backend::Sqlite).await;
    let set = |args: &[&str]| {
        let mut all = vec!["site", "set", &app.site_key, "--json"];
        all.extend(args);
        app.cli(&all).json()["limits"].clone()
    };
    set(&["--daily-cap", "500", "--retention-days", "365"]);
    assert_eq!(
        set(&["--daily-cap", "0", "--rate-limit", "60"]),
        json!({ "retention_days": 365, "rate_limit": 60, "daily_cap": null, "min_answer_ms": 300 })
    );
    let unknown = app.cli(&["site", "set", "site_0000000000000000", "--daily-cap", "1"]);
    assert!(!unknown.status.success() && unknown.stderr.contains("site list"), "{unknown:?}");
    assert!(!app.cli(&["site", "set", &app.site_key, "--daily-cap", "-1"]).status.success());
}

#[tokio::test]
async fn limits_are_set_beside_others_that_write() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        let done = AtomicBool::new(false);
        let refused = std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    app.execute("UPDATE sites SET name = name");
                }
            });
            let set = |_| app.cli(&["site", "set", &app.site_key, "--retention-days", "30", "--yes"]);
            let refused = (0..100).map(set).find(|set| !set.status.success());
            done.store(true, Ordering::Relaxed);
            refused
        });
        assert!(refused.is_none(), "{backend:?}: {refused:?}");
    }
}

#[tokio::test]
async fn address_that_asks_too_often_is_refused_and_keeps_its_responses() {
    let app = TestApp::on(Backend::Sqlite).setting("COUNTERBELL_RATE_LIMIT", "2").await;
    let paths = [format!("/v1/widget/{}", app.site_key), "/readyz".to_owned(), "/metrics".to_owned()];
    // Ten a second come back: on a busy machine the next one may be taken again.
    let refused = async |paths: &[String]| {
        for taken in 0.. {
            let request = app.request(Method::GET, &paths[taken % paths.len()]).header("origin", sample::ORIGIN);
            let answer = app.send(request).await;
            if answer.status != 200 {
                return (taken, answer);
            }
        }
        unreachable!("no limit");
    };
    let (taken, answer) = refused(&paths).await;
    answer.expect_problem(ProblemCode::RateLimited);
    assert!(answer.header("retry-after").is_some());
    assert!((600..2_000).contains(&taken), "{taken} were taken");

    let (_, of_page) = refused(&paths[..1]).await;
    of_page.expect_problem(ProblemCode::RateLimited);
    assert_eq!(of_page.header("access-control-allow-origin"), Some(sample::ORIGIN), "a page can read why");
    // Responses have a limit of their own, preflights none, and the process runs all the same.
    app.respond(&sample::response(4)).await.expect(201);
    let preflight = app.request(Method::OPTIONS, &paths[0]).header("origin", sample::ORIGIN);
    let preflight = preflight.header("access-control-request-method", "GET");
    assert_eq!(app.send(preflight).await.header("access-control-allow-origin"), Some(sample::ORIGIN));
    app.get("/healthz").await.expect(200);
}
