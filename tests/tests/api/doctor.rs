//! `counterbell doctor`.

use counterbell_tests::{
    Backend, CliOutput, Postgres, Program, Smtp, SmtpOptions, TestApp, Tls, client, command, encrypt_postgres,
    environment, run_command, sample, wait,
};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The checks, after a look at how the command ended.
pub fn checks(output: &CliOutput) -> Vec<Value> {
    let result: Value = serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    let checks = result["checks"].as_array().unwrap().clone();
    let failed = checks.iter().any(|check| check["verdict"] == "failed");
    assert_eq!((output.status.code(), &result["ok"]), (Some(i32::from(failed)), &json!(!failed)), "{output:?}");
    for check in &checks {
        assert_eq!(check["verdict"] == "ok", check["advice"].is_null(), "what is not well comes with advice: {check}");
    }
    checks
}

pub fn check<'a>(checks: &'a [Value], name: &str) -> &'a Value {
    checks.iter().find(|check| check["name"] == name).unwrap_or_else(|| panic!("no {name} in {checks:?}"))
}

#[tokio::test]
async fn healthy_installation_passes_while_its_server_runs() {
    for backend in Backend::ALL {
        let smtp = Smtp::with(SmtpOptions { tls: Tls::StartTls, ..SmtpOptions::default() }).await;
        let app = TestApp::on(backend).smtp(&smtp).await;
        app.respond(&sample::response(4)).await.expect(201);

        let output = app.cli(&["doctor", "--json"]);

        let checks = checks(&output);
        for name in ["settings", "database", "schema", "durability", "writing", "clock", "mail", "address"] {
            assert_eq!(check(&checks, name)["verdict"], "ok", "{backend:?}: {}", check(&checks, name));
        }
        assert!(smtp.deliveries().is_empty(), "no mail is sent");
        let lines = app.cli(&["doctor"]).stdout;
        assert_eq!(lines.lines().count(), checks.len(), "a line a check: {lines}");
        // Nothing was left behind, and the server goes on.
        app.respond(&sample::response(4)).await.expect(201);
        assert_eq!(app.cli(&["migrate", "--json"]).json(), json!({ "applied": [] }));
    }
}

#[tokio::test]
async fn mail_server_that_would_take_no_mail_fails_and_the_password_stays_hidden() {
    let smtp = Smtp::with(SmtpOptions { tls: Tls::StartTls, ..SmtpOptions::default() }).await;
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let ca_file = smtp.ca_file().display().to_string();
    let wrong_password = smtp.url().replace("let%20me%20in", "guessed");
    for (url, ca_file, advice) in [
        (wrong_password, Some(&ca_file), "password"),
        (smtp.url(), None, "--smtp-ca-file"),
        (format!("smtp://{gone}"), None, "mail server runs"),
    ] {
        let dir = TempDir::new().unwrap();
        let mut doctor = command(dir.path());
        doctor.args(["doctor", "--json", "--smtp-url", &url]);
        if let Some(ca_file) = ca_file {
            doctor.args(["--smtp-ca-file", ca_file]);
        }

        let output = run_command(&mut doctor);

        let checks = checks(&output);
        let mail = check(&checks, "mail");
        assert_eq!(mail["verdict"], "failed", "{mail}");
        assert!(mail["advice"].as_str().unwrap().contains(advice), "{mail}");
        assert!(output.stderr.lines().count() == 1 && output.stderr.contains("mail"), "{output:?}");
        for secret in ["guessed", "let%20me%20in", "let me in"] {
            assert!(!output.stdout.contains(secret) && !output.stderr.contains(secret), "{output:?}");
        }
    }
}

#[tokio::test]
async fn database_that_does_not_work_fails() {
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("text.db"), "no database ".repeat(1_000)).unwrap();
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for url in ["sqlite:text.db".to_owned(), format!("postgres://ann:secret@{gone}/shop")] {
        let output = run_command(command(dir.path()).args(["doctor", "--json", "--database-url", &url]));
        let checks = checks(&output);
        assert_eq!(check(&checks, "database")["verdict"], "failed", "{output:?}");
        assert!(!output.stdout.contains("secret"), "{output:?}");
    }
}

#[tokio::test]
async fn nothing_is_made() {
    let dir = TempDir::new().unwrap();
    let output = run_command(command(dir.path()).args(["doctor", "--json"]));
    let checks = checks(&output);
    assert_eq!(check(&checks, "database")["verdict"], "warning", "{output:?}");
    assert_eq!(check(&checks, "database folder")["verdict"], "ok", "{output:?}");
    assert_eq!(check(&checks, "mail")["verdict"], "warning", "{output:?}");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn bad_setting_is_the_only_thing_said() {
    let dir = TempDir::new().unwrap();
    let output = run_command(command(dir.path()).args(["doctor", "--json", "--database-url", "mysql://x"]));
    let checks = checks(&output);
    assert_eq!(checks.len(), 1, "{checks:?}");
    assert_eq!(checks[0]["verdict"], "failed");
}

#[tokio::test]
async fn schema_that_does_not_fit_is_told_and_left_alone() {
    for backend in Backend::ALL {
        let mut app = TestApp::on(backend).await;
        app.program().kill();
        app.execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('9999')");
        let newer = checks(&app.cli(&["doctor", "--json"]));
        assert_eq!(check(&newer, "schema")["verdict"], "failed", "{backend:?}: {newer:?}");
        assert!(check(&newer, "schema")["found"].as_str().unwrap().contains("9999"), "{newer:?}");

        app.execute("DELETE FROM __diesel_schema_migrations WHERE version = '9999'");
        let reverted = app.cli(&["migrate", "--revert-last", "--yes", "--json"]).json()["reverted"].clone();
        let older = checks(&app.cli(&["doctor", "--json"]));
        assert_eq!(check(&older, "schema")["verdict"], "warning", "{backend:?}: {older:?}");
        assert!(check(&older, "schema")["found"].as_str().unwrap().contains(reverted.as_str().unwrap()), "{older:?}");
        let applied = app.cli(&["migrate", "--json"]).json();
        assert_eq!(applied, json!({ "applied": [reverted] }), "{backend:?}: the doctor had migrated");
    }
}

#[tokio::test]
async fn response_from_the_future_says_that_the_clock_went_back() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        app.respond(&sample::response(4)).await.expect(201);
        for (ahead_ms, verdict) in [(10_000, "warning"), (3_600_000, "failed")] {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
            app.execute(&format!("UPDATE responses SET created_at = {}", now + ahead_ms));
            let checks = checks(&app.cli(&["doctor", "--json"]));
            assert_eq!(check(&checks, "clock")["verdict"], verdict, "{backend:?}: {checks:?}");
        }
    }
}

#[tokio::test]
async fn postgres_that_is_read_only_fails() {
    let app = TestApp::on(Backend::Postgres).await;
    // As a server in recovery or an operator who protects it would.
    app.execute(
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', \
                 current_database()); END $$",
    );
    let checks = checks(&app.cli(&["doctor", "--json"]));
    assert_eq!(check(&checks, "writing")["verdict"], "failed", "{checks:?}");
}

#[tokio::test]
async fn few_open_files_and_a_pointless_rate_limit_are_warned_of() {
    let dir = TempDir::new().unwrap();
    let program = command(dir.path()).get_program().to_owned();
    let mut shell = std::process::Command::new("sh");
    shell.current_dir(dir.path()).env_clear().arg("-c").arg("ulimit -n 256; exec \"$@\"").arg("sh");
    shell.arg(program).args(["doctor", "--json", "--trusted-proxy", "10.0.0.0/8"]);

    let checks = checks(&run_command(&mut shell));

    assert_eq!(check(&checks, "open files")["verdict"], "warning", "{checks:?}");
    assert_eq!(check(&checks, "proxy")["verdict"], "warning", "{checks:?}");

    // A proxy on the same machine needs no name.
    let named = run_command(command(dir.path()).args(["doctor", "--json"]));
    assert_eq!(check(&self::checks(&named), "proxy")["verdict"], "ok", "{named:?}");
    let open = run_command(command(dir.path()).args(["doctor", "--json", "--listen", "0.0.0.0:0"]));
    assert_eq!(check(&self::checks(&open), "proxy")["verdict"], "warning", "{open:?}");
}

#[tokio::test]
async fn public_address_is_asked_for_by_doctor_and_at_the_start() {
    let told = "No public address is configured (--public-url)";
    for address in [None, Some("https://feedback.shop.example")] {
        let mut setup = TestApp::on(Backend::Sqlite);
        if let Some(address) = address {
            setup = setup.setting("COUNTERBELL_PUBLIC_URL", address);
        }
        let app = setup.await;

        let checks = checks(&app.cli(&["doctor", "--json"]));

        let check = check(&checks, "public address");
        let found = check["found"].as_str().unwrap();
        // It starts all the same.
        app.respond(&sample::response(4)).await.expect(201);
        if let Some(address) = address {
            assert_eq!((&check["verdict"], found.contains(address)), (&json!("ok"), true), "{check}");
            assert!(!app.log().contains(told), "{}", app.log());
        } else {
            assert_eq!(check["verdict"], "warning", "{check}");
            for missing in ["script tag", "hosted page", "/openapi.json", "mail"] {
                assert!(found.contains(missing), "{missing}: {check}");
            }
            assert!(check["advice"].as_str().unwrap().contains("COUNTERBELL_PUBLIC_URL"), "{check}");
            assert_eq!(app.log().matches(told).count(), 1, "{}", app.log());
            let warned = app.log().lines().find(|line| line.contains(told)).unwrap().to_owned();
            assert!(warned.contains("WARN"), "{warned}");
        }
    }
}

#[tokio::test]
async fn demo_says_where_it_is_reached() {
    let dir = TempDir::new().unwrap();
    let mut demo = Program::start(command(dir.path()).args(["demo", "--port", "0", "--shop-port", "0"]));
    let printed = demo.wait_for_output("address", |text| text.contains("Ctrl-C").then(|| text.to_owned())).await;
    assert!(!printed.contains("WARN"), "{printed}");
    let server = printed.lines().find_map(|line| line.trim().strip_prefix("Server ")).unwrap().trim();
    let document = client().get(format!("{server}/openapi.json")).send().await.unwrap().json::<Value>().await.unwrap();
    assert_eq!(document["servers"][0]["url"], server, "{document}");
}

#[tokio::test]
async fn way_to_postgres_is_told() {
    let server = Postgres::start(&environment::workspace().join("target")).unwrap();
    let mut app = TestApp::on(Backend::Postgres).postgres(&server).await;
    let found = |app: &TestApp| {
        let checks = checks(&app.cli(&["doctor", "--json"]));
        let check = check(&checks, "encryption").clone();
        assert_eq!(check["verdict"], "ok", "on this machine: {check}");
        check["found"].as_str().unwrap().to_owned()
    };
    assert!(found(&app).contains("without encryption"), "{}", found(&app));

    let ca = encrypt_postgres(&app, &server);
    let url = app.database_url().replace("127.0.0.1", "localhost");
    for (mode, told) in [("require", "not checked"), ("verify-ca", "not that it"), ("verify-full", "and that it is")] {
        // `require` checks, too, where it is told by what.
        let root = if mode == "require" { String::new() } else { format!("&sslrootcert={}", ca.display()) };
        app.set("COUNTERBELL_DATABASE_URL", &format!("{url}?sslmode={mode}{root}"));
        // PostgreSQL reads its settings anew in its own time.
        wait::until_true("encryption", async || app.cli(&["doctor"]).status.success()).await;
        let found = found(&app);
        assert!(found.contains("TLSv1") && found.contains(told), "{mode}: {found}");
    }
}

#[tokio::test]
async fn work_behind_the_commit_that_waits_or_was_given_up_is_told() {
    for backend in Backend::ALL {
        let mut app = TestApp::on(backend).await;
        app.respond(&sample::response(4)).await.expect(201);
        app.program().kill();
        let verdicts = |app: &TestApp| {
            let checks = checks(&app.cli(&["doctor", "--json"]));
            ["triage", "timers"].map(|name| check(&checks, name).clone())
        };
        assert!(verdicts(&app).iter().all(|check| check["verdict"] == "ok"), "{backend:?}");

        app.execute(
            "INSERT INTO triage_queue (site_id, response_id, revision, due_at, attempts) \
             SELECT site_id, response_id, revision, received_at, 0 FROM responses",
        );
        // Just now is no cause for concern.
        assert_eq!(verdicts(&app)[0]["verdict"], "ok", "{backend:?}");
        // What fails is due anew each time, and late only once it was due long ago for the first time.
        app.execute("UPDATE triage_queue SET attempts = 3, last_error = 'no luck'");
        let failing = verdicts(&app)[0].clone();
        assert_eq!(failing["verdict"], "warning", "{backend:?}: {failing}");
        assert!(failing["found"].as_str().unwrap().contains("ten minutes; the latest error: no luck"), "{failing}");
        app.execute("UPDATE triage_queue SET attempts = 9, due_at = due_at + 240000");
        let failing = verdicts(&app)[0].clone();
        assert_eq!(failing["verdict"], "failed", "{backend:?}: {failing}");
        assert!(failing["found"].as_str().unwrap().contains("due for 6 minutes. 1 response of a"), "{failing}");
        app.execute("UPDATE triage_queue SET attempts = 0, due_at = due_at - 840000");
        app.execute("UPDATE timers SET attempts = 10, last_error = 'no room', parked_at = 1795269900000");

        let [triage, timers] = verdicts(&app);
        assert_eq!((&triage["verdict"], &timers["verdict"]), (&json!("failed"), &json!("warning")), "{backend:?}");
        assert!(triage["found"].as_str().unwrap().contains("for 10 minutes"), "{triage}");
        // Of the site, and of what belongs to none.
        assert!(timers["found"].as_str().unwrap().contains("5 timers were given up"), "{timers}");
        assert!(timers["found"].as_str().unwrap().contains("no room"), "{timers}");
    }
}
