//! In which time zone a site's mails show times.

use counterbell_tests::{Backend, Smtp, TestApp, run_command, sample};
use serde_json::{Value, json};

/// Sends a response given at this time, and reads it in the mail about it, in text and in HTML.
async fn expect_in_mail(app: &TestApp, smtp: &Smtp, created_at: &str, shown: &str) {
    let before = smtp.deliveries().len();
    app.respond(&sample::with(sample::response(1), json!({ "created_at": created_at }))).await.expect(201);
    let mail = &smtp.wait_for(before + 1).await[before].mail;
    for part in [mail.text(), mail.html_words()] {
        assert!(part.contains(shown), "{created_at}: no {shown:?} in {part}");
    }
}

fn set_zone(app: &TestApp, zone: &str) -> Value {
    app.cli(&["site", "set", &app.site_key, "--zone", zone, "--json"]).json()["zone"].clone()
}

#[tokio::test]
async fn mail_shows_times_in_the_zone_of_the_site() {
    for backend in Backend::ALL {
        let smtp = Smtp::start().await;
        let app = TestApp::on(backend).smtp(&smtp).any_age().await;
        expect_in_mail(&app, &smtp, "2025-10-26T00:30:00Z", "2025-10-26 00:30 UTC").await;

        assert_eq!(set_zone(&app, "europe/berlin"), "Europe/Berlin", "{backend:?}");

        // The night in which this hour comes twice.
        for (created_at, shown) in [
            ("2025-10-26T00:30:00Z", "2025-10-26 02:30 CEST (UTC+02:00)"),
            ("2025-10-26T01:30:00Z", "2025-10-26 02:30 CET (UTC+01:00)"),
        ] {
            expect_in_mail(&app, &smtp, created_at, shown).await;
        }
        let list = app.cli(&["site", "list"]).stdout;
        assert!(list.lines().any(|line| line.trim() == "time zone   Europe/Berlin"), "{list}");
    }
}

#[tokio::test]
async fn zone_is_chosen_when_a_site_is_made() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        let made = |zone: &[&str]| app.cli(&[&["site", "create", "--json", "--name", "Shop"], zone].concat()).json();
        assert_eq!(made(&[])["zone"], "UTC", "{backend:?}");
        assert_eq!(made(&["--zone", "America/New_York"])["zone"], "America/New_York", "{backend:?}");
    }
}

#[tokio::test]
async fn unknown_zone_is_refused_on_one_line_and_changes_nothing() {
    let app = TestApp::on(Backend::Sqlite).await;
    let list = || app.cli(&["site", "list", "--json"]).json();
    let before = list();
    for (zone, told) in
        [("Europe/Berln", "did you mean Europe/Berlin?"), ("CEST", "such as Europe/Berlin"), ("", "UTC")]
    {
        for command in [&["site", "set", &app.site_key, "--name", "Other"][..], &["site", "create", "--name", "Other"]]
        {
            let output = app.cli(&[command, &["--zone", zone]].concat());
            assert!(!output.status.success() && output.stderr.contains(told), "{output:?}");
            assert!(output.stderr.lines().count() == 1 && output.stderr.contains("--zone"), "{output:?}");
            assert_eq!(list(), before, "{command:?}");
        }
    }
}

/// As in a database that a newer version wrote.
#[tokio::test]
async fn zone_that_this_program_does_not_know_is_told_and_mails_use_utc() {
    for backend in Backend::ALL {
        let smtp = Smtp::start().await;
        let app = TestApp::on(backend).smtp(&smtp).any_age().await;
        let check = || {
            let checks = app.cli(&["doctor", "--json"]).json()["checks"].clone();
            checks.as_array().unwrap().iter().find(|check| check["name"] == "time zones").unwrap().clone()
        };
        assert_eq!(check()["verdict"], "ok", "{backend:?}");

        app.execute("UPDATE sites SET zone = 'Mars/Olympus'");

        let told = check();
        assert_eq!(told["verdict"], "warning", "{backend:?}: {told}");
        for named in [app.site_key.as_str(), "Mars/Olympus"] {
            assert!(told["found"].as_str().unwrap().contains(named), "{told}");
        }
        assert!(told["advice"].as_str().unwrap().contains("--zone"), "{told}");
        expect_in_mail(&app, &smtp, "2025-10-26T00:30:00Z", "2025-10-26 00:30 UTC").await;
        let named = app.cli(&["site", "set", &app.site_key, "--name", "Other", "--json"]).json();
        assert_eq!(named["zone"], "Mars/Olympus", "what it does not know, it leaves alone");
    }
}

/// They may be old, and there may be none.
#[tokio::test]
async fn zone_files_of_the_machine_are_not_read() {
    let smtp = Smtp::start().await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("Europe")).unwrap();
    std::fs::create_dir(folder.path().join("Mars")).unwrap();
    for name in ["Europe/Berlin", "Mars/Olympus"] {
        std::fs::write(folder.path().join(name), zone_file()).unwrap();
    }
    let there = folder.path().display().to_string();
    let app = TestApp::on(Backend::Sqlite).smtp(&smtp).any_age().setting("TZDIR", &there).setting("TZ", "Mars/Olympus");
    let app = app.await;

    let refused = run_command(app.command().args(["site", "set", &app.site_key, "--zone", "Mars/Olympus"]));
    assert!(!refused.status.success(), "{refused:?}");
    set_zone(&app, "Europe/Berlin");

    expect_in_mail(&app, &smtp, "2025-10-26T00:30:00Z", "2025-10-26 02:30 CEST (UTC+02:00)").await;
}

/// Nine hours ahead of UTC the whole year (RFC 9636).
fn zone_file() -> Vec<u8> {
    let counts = [0, 0, 0, 0, 1, 4].map(u32::to_be_bytes).concat();
    let block = [&b"TZif2"[..], &[0; 15], &counts, &32_400_i32.to_be_bytes(), &[0, 0], b"XST\0"].concat();
    [&block[..], &block, b"\nXST-9\n"].concat()
}
