//! What Prometheus reads.

use counterbell_shared::limits::BODY_MAX_BYTES;
use counterbell_shared::time::UnixMillis;
use std::collections::BTreeMap;

use counterbell_tests::{Backend, Program, Smtp, TestApp, command, sample, wait};
use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, PgConnection};
use reqwest::Method;
use serde_json::json;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

/// Every sample by its name with labels.
async fn scrape(app: &TestApp) -> BTreeMap<String, f64> {
    let answer = app.get("/metrics").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let media_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!(answer.header("content-type"), Some(media_type));
    let text = answer.text();
    assert!(text.ends_with("# EOF\n"), "{text}");
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    samples
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap();
            (name.to_owned(), value.parse().unwrap())
        })
        .collect()
}

fn requests(outcome: &str) -> String {
    format!("counterbell_ingest_requests_total{{outcome=\"{outcome}\"}}")
}

#[tokio::test]
async fn every_request_is_counted_once_by_its_outcome() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        let response = sample::response(4);
        let with = |members| sample::with(sample::response(4), members);
        app.respond(&response).await.expect(201);
        app.respond(&sample::response(5)).await.expect(201);
        app.respond(&response).await.expect(200);
        app.respond(&sample::response(9)).await;
        app.respond(&with(json!({ "site_key": "site_0000000000000000" }))).await;
        app.respond(&with(json!({ "comment": "x".repeat(BODY_MAX_BYTES) }))).await;
        for (content_type, body) in [("application/json", "{"), ("text/plain", "{}")] {
            let request = app.request(Method::POST, "/v1/responses").header("Content-Type", content_type).body(body);
            app.send(request).await;
        }
        let foreign = sample::with(json!({ "site_key": app.site_key }), sample::response(4));
        app.send(app.request(Method::POST, "/v1/responses").header("Origin", "https://evil.example").json(&foreign))
            .await;

        let figures = scrape(&app).await;

        let counted: BTreeMap<&str, f64> = figures
            .iter()
            .filter_map(|(name, value)| Some((name.strip_prefix("counterbell_ingest_requests_total")?, *value)))
            .filter(|(_, value)| *value > 0.0)
            .collect();
        let expected = BTreeMap::from([
            ("{outcome=\"accepted\"}", 2.0),
            ("{outcome=\"duplicate\"}", 1.0),
            ("{outcome=\"invalid\"}", 3.0),
            ("{outcome=\"origin_not_allowed\"}", 1.0),
            ("{outcome=\"too_large\"}", 1.0),
            ("{outcome=\"unknown_site\"}", 1.0),
        ]);
        assert_eq!(counted, expected, "{backend:?}");
        // Three reached the writer, each in a commit of its own.
        assert_eq!(figures["counterbell_ingest_batch_responses_sum"], 3.0, "{backend:?}");
        assert_eq!(figures["counterbell_ingest_commit_seconds_count"], 3.0, "{backend:?}");
        assert!(figures["counterbell_ingest_commit_seconds_sum"] > 0.0);
        assert_eq!(figures["counterbell_ingest_queue_depth"], 0.0);
        assert_eq!(figures["counterbell_storage_up"], 1.0);
        let places = [
            "writer",
            "leases",
            "decisions",
            "long",
            "triage",
            "outbox",
            "search",
            "retention",
            "checkpoint",
            "disk",
            "housekeeping",
            "read",
        ];
        for place in places {
            assert_eq!(figures[&format!("counterbell_panics_total{{place=\"{place}\"}}")], 0.0, "{backend:?}");
        }
    }
}

#[tokio::test]
async fn cases_that_are_open_and_late_are_counted() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        for _ in 0..3 {
            app.respond(&sample::response(1)).await.expect(201);
        }
        app.triaged().await;
        app.execute("UPDATE cases SET acknowledge_by = NULL, answer_by = NULL");
        app.execute("UPDATE cases SET acknowledge_by = 1000 WHERE number <= 2");
        app.execute("UPDATE cases SET answer_by = 1000 WHERE number = 2");
        app.execute("UPDATE cases SET state = 'closed', closed_at = 1000 WHERE number = 3");

        let figures = wait_for_figure(&app, "counterbell_cases_open", 2.0).await;

        for (due, late) in [("acknowledge", 2.0), ("answer", 1.0)] {
            assert_eq!(figures[&format!("counterbell_cases_overdue{{due=\"{due}\"}}")], late, "{backend:?}");
        }
        // What a site is deleted with.
        let extent = app.cli(&["site", "delete", &app.site_key]);
        assert!(extent.stderr.contains("3 responses, 3 cases, "), "{extent:?}");
    }
}

/// Figures are those of the last second.
async fn wait_for_figure(app: &TestApp, name: &str, value: f64) -> BTreeMap<String, f64> {
    wait::until_true(name, async || scrape(app).await.get(name) == Some(&value)).await;
    scrape(app).await
}

#[tokio::test]
async fn sender_over_the_rate_is_counted() {
    let app = TestApp::on(Backend::Sqlite).setting("COUNTERBELL_RATE_LIMIT", "1").await;
    for _ in 0..3 {
        app.respond(&sample::response(4)).await;
    }

    let figures = scrape(&app).await;

    assert_eq!((figures[&requests("accepted")], figures[&requests("rate_limited")]), (1.0, 2.0));
}

#[tokio::test]
async fn what_storage_did_not_take_is_counted() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        app.execute("ALTER TABLE responses RENAME TO gone");
        app.respond(&sample::response(4)).await;
        app.respond(&sample::response(4)).await;

        let figures = scrape(&app).await;

        assert_eq!(figures[&requests("storage_unavailable")], 2.0, "{backend:?}");
        assert_eq!(figures["counterbell_ingest_batch_responses_count"], 0.0, "only what was stored is a batch");
    }
}

#[tokio::test]
async fn storage_that_does_not_answer_is_seen_and_its_figures_are_left_out() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        assert!(scrape(&app).await.contains_key("counterbell_search_index_lag_rows"), "{backend:?}");
        app.execute("ALTER TABLE search_queue RENAME TO gone");

        // What the database said is given out for a second.
        let figures = wait::until("figures without the database", async || {
            Some(scrape(&app).await).filter(|figures| figures["counterbell_storage_up"] == 0.0)
        })
        .await;

        for name in ["outbox_pending", "outbox_oldest_due_age_seconds", "search_index_lag_rows"] {
            assert!(!figures.contains_key(&format!("counterbell_{name}")), "{backend:?}: {name}");
        }
        assert_eq!(figures[&requests("accepted")], 0.0, "{backend:?}");
    }
}

#[tokio::test]
async fn task_that_cannot_do_its_work_is_counted_and_told() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        let turns = |figures: &BTreeMap<String, f64>, task: &str, result: &str| {
            figures[&format!("counterbell_task_turns_total{{task=\"{task}\",result=\"{result}\"}}")]
        };
        let well = wait::until("a turn of each", async || {
            let figures = scrape(&app).await;
            let begun =
                ["triage", "outbox", "search", "retention"].iter().all(|task| turns(&figures, task, "done") > 0.0);
            Some(figures).filter(|_| begun)
        })
        .await;
        for task in ["triage", "outbox", "search", "retention", "disk", "checkpoint", "housekeeping"] {
            assert_eq!(turns(&well, task, "failed"), 0.0, "{backend:?}: {task}");
        }
        assert!(well["counterbell_task_busy_seconds_total{task=\"search\"}"] > 0.0);

        app.execute("ALTER TABLE search_queue RENAME TO gone");
        app.execute("ALTER TABLE outbox RENAME TO also_gone");
        app.execute("ALTER TABLE triage_queue RENAME TO gone_too");
        for task in ["triage", "outbox", "search"] {
            wait::until_true("two failures", async || turns(&scrape(&app).await, task, "failed") >= 2.0).await;
        }
        app.execute("ALTER TABLE gone RENAME TO search_queue");
        app.execute("ALTER TABLE also_gone RENAME TO outbox");
        app.execute("ALTER TABLE gone_too RENAME TO triage_queue");

        for task in ["triage", "outbox", "search"] {
            let on = format!("Task \"{task}\" goes on");
            wait::until_true("line in the log", async || app.log().contains(&on)).await;
            let waits = format!("Task \"{task}\" cannot do its work, and waits: ");
            assert!(app.log().contains(&waits), "{backend:?}: {}", app.log());
        }
        assert!(!app.log().contains("Task \"retention\""), "{}", app.log());
    }
}

#[tokio::test]
async fn full_queue_and_connections_that_break_are_counted() {
    // PostgreSQL tells who waits for a lock.
    let app = TestApp::on(Backend::Postgres).setting("COUNTERBELL_QUEUE_CAPACITY", "2").await;
    app.respond(&sample::response(4)).await.expect(201);
    let mut lock = PgConnection::establish(app.database_url()).unwrap();
    lock.batch_execute("BEGIN; LOCK TABLE responses IN SHARE MODE").unwrap();

    let body = json!({ "site_key": app.site_key, "score": 4 }).to_string();
    let send = async || {
        let mut stream = TcpStream::connect(app.url("").trim_start_matches("http://")).await.unwrap();
        let head = "POST /v1/responses HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length:";
        stream.write_all(format!("{head} {}\r\n\r\n{body}", body.len()).as_bytes()).await.unwrap();
        stream
    };
    let mut clients = vec![send().await];
    let waits = "pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    wait::until_true("a writer that waits", async || app.count(waits) == 1).await;
    clients.extend([send().await, send().await]);
    wait::until_true("full queue", async || scrape(&app).await["counterbell_ingest_queue_depth"] == 2.0).await;

    app.respond(&sample::response(4)).await.expect(503);
    let full = scrape(&app).await;
    assert_eq!((full[&requests("overloaded")], full[&requests("disconnected")]), (1.0, 0.0));
    assert!(app.log().contains("queue to storage is full: 1 request was"), "{}", app.log());
    assert_eq!((full["counterbell_ingest_queue_depth"], full["counterbell_ingest_queue_capacity"]), (2.0, 2.0));

    for client in clients {
        // Broken off: one that is only closed may still be waiting for its answer.
        client.set_zero_linger().unwrap();
    }
    wait::until_true("clients gone", async || scrape(&app).await[&requests("disconnected")] == 3.0).await;
    lock.batch_execute("COMMIT").unwrap();

    wait::until_true("rows of those who are gone", async || app.count("responses") == 4).await;
    wait::until_true("empty queue", async || scrape(&app).await["counterbell_ingest_queue_depth"] == 0.0).await;
}

#[tokio::test]
async fn what_keeps_failing_behind_the_commit_is_late_since_it_was_first_due() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        app.respond(&sample::response(4)).await.expect(201);
        let none = scrape(&app).await;
        for figure in ["triage_failing", "timers_failing", "triage_oldest_due_age_seconds"] {
            assert_eq!(none[&format!("counterbell_{figure}")], 0.0, "{backend:?}: {figure}");
        }

        // To be tried for the tenth time in 200 s: the pauses before were 648 s in all.
        let due_at = UnixMillis::now().0 + 200_000;
        app.execute(&format!(
            "INSERT INTO triage_queue (site_id, response_id, revision, due_at, attempts) \
             SELECT site_id, response_id, revision, {due_at}, 9 FROM responses"
        ));
        app.execute(&format!("UPDATE timers SET attempts = 9, due_at = {due_at}"));

        let figures = wait::until("failing rows", async || {
            Some(scrape(&app).await).filter(|figures| figures["counterbell_triage_failing"] == 1.0)
        });
        let figures = figures.await;
        assert_eq!(figures["counterbell_timers_failing"], app.count("timers") as f64, "{backend:?}");
        for queue in ["triage", "timers"] {
            let late = figures[&format!("counterbell_{queue}_oldest_due_age_seconds")];
            assert!((448.0..540.0).contains(&late), "{backend:?}: {queue} {late}");
        }
    }
}

#[tokio::test]
async fn mail_that_waits_is_seen_to_wait() {
    for backend in Backend::ALL {
        let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut app = TestApp::on(backend).setting("COUNTERBELL_SMTP_URL", &format!("smtp://{gone}")).await;
        app.respond(&sample::response(1)).await.expect(201);

        wait::until_true("failed attempt", async || {
            // To be tried again later is not overdue.
            let waits = |figures: &BTreeMap<String, f64>| {
                figures["counterbell_mail_attempts_total{result=\"retry\"}"] > 0.0
                    && figures["counterbell_outbox_oldest_due_age_seconds"] == 0.0
                    && figures["counterbell_outbox_pending"] == 1.0
            };
            waits(&scrape(&app).await)
        })
        .await;

        app.program().kill();
        // Should it have died with the message in its hands: two minutes later.
        app.execute("UPDATE outbox SET due_at = 0");
        let smtp = Smtp::start().await;
        app.set("COUNTERBELL_SMTP_URL", &smtp.url());
        app.start_again().await;
        let delivered = wait::until("delivered mail", async || {
            let figures = scrape(&app).await;
            Some(figures).filter(|figures| figures["counterbell_outbox_pending"] == 0.0)
        })
        .await;
        assert_eq!(delivered["counterbell_mail_attempts_total{result=\"delivered\"}"], 1.0, "{backend:?}");
        assert_eq!(delivered["counterbell_outbox_oldest_due_age_seconds"], 0.0, "{backend:?}");
    }
}

#[tokio::test]
async fn open_connections_are_counted_until_they_are_closed() {
    let app = TestApp::on(Backend::Sqlite).await;
    let mut streams = Vec::new();
    for _ in 0..5 {
        streams.push(TcpStream::connect(app.url("").trim_start_matches("http://")).await.unwrap());
    }
    let count = async || scrape(&app).await["counterbell_http_connections"];
    // And the one that asks.
    wait::until_true("six connections", async || count().await == 6.0).await;

    drop(streams);

    wait::until_true("one connection", async || count().await == 1.0).await;
    assert!(scrape(&app).await["counterbell_http_connections_max"] > 100.0);
}

#[tokio::test]
async fn server_takes_as_many_open_files_as_it_may_have() {
    let dir = TempDir::new().unwrap();
    let program = command(dir.path()).get_program().to_owned();
    let mut shell = std::process::Command::new("sh");
    shell.current_dir(dir.path()).env_clear().arg("-c").arg("ulimit -n 3000; ulimit -Sn 256; exec \"$@\"").arg("sh");
    shell.arg(program).args(["serve", "--listen", "127.0.0.1:0"]);
    let mut server = Program::start(&mut shell);
    let address = server.wait_for_output("address", |log| {
        log.lines().find_map(|line| line.split_once("Listening on ").map(|(_, address)| address.to_owned()))
    });
    let address = address.await;

    let metrics = reqwest::Client::builder().no_proxy().build().unwrap().get(format!("{address}/metrics"));
    let metrics = metrics.send().await.unwrap().text().await.unwrap();

    assert!(metrics.contains("process_max_fds 3000\n"), "{metrics}");
}

#[tokio::test]
async fn process_and_build_are_described_and_nobody_is_named() {
    let app = TestApp::on(Backend::Sqlite).await;
    let with = json!({ "touchpoint": "store-12", "comment": "words of a customer" });
    app.respond(&sample::with(sample::response(1), with)).await.expect(201);

    let figures = scrape(&app).await;

    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
    let started = figures["process_start_time_seconds"];
    assert!((now - 120.0..now + 2.0).contains(&started), "{started} at {now}");
    assert!(figures["process_resident_memory_bytes"] > 1e6);
    assert!(figures["process_open_fds"] > 3.0 && figures["process_open_fds"] < figures["process_max_fds"]);
    assert_eq!(figures[&format!("counterbell_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"))], 1.0);
    for purpose in ["look_ups", "lists", "background"] {
        let of = |figure| figures[&format!("counterbell_read_pool_{figure}{{purpose=\"{purpose}\"}}")];
        assert!(of("max") >= of("connections") && of("connections") >= of("in_use"), "{purpose}: {figures:?}");
    }
    let text = app.get("/metrics").await;
    for name in [&app.site_key, "store-12", "words of", sample::RECIPIENT, "shop.example", "127.0.0.1"] {
        assert!(!text.text().contains(name), "{name} is in {}", text.text());
    }
}
