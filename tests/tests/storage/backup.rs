//! Backups, taken while the server writes, and put back.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use counterbell_tests::{Backend, CliOutput, Database, Load, Place, TestApp, sample, wait};
use serde_json::json;

fn text(path: &Path) -> String {
    path.display().to_string()
}

fn backup(app: &TestApp, name: &str) -> PathBuf {
    let file = app.dir().join(name);
    let report = app.cli(&["backup", &text(&file), "--json"]).json();
    assert_eq!(report["bytes"], fs::metadata(&file).unwrap().len());
    file
}

fn restore(app: &TestApp, file: &Path, into: &Database, more: &[&str]) -> CliOutput {
    let file = text(file);
    let mut args = vec!["restore", &file, "--database-url", into.url(), "--json"];
    args.extend(more);
    app.cli(&args)
}

fn refused(output: &CliOutput, because: &str) {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(output.stderr.lines().count(), 1, "{output:?}");
    assert!(output.stderr.contains(because), "not about {because:?}: {output:?}");
}

/// Names in the app's directory that a command should have cleared away.
fn left_over(app: &TestApp) -> Vec<String> {
    let names = fs::read_dir(app.dir()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with('.')).collect()
}

#[tokio::test]
async fn backup_taken_under_load_holds_all_that_was_acknowledged_before_it_began() {
    for backend in Backend::ALL {
        let mut app = TestApp::on(backend).await;
        let load = Load::start(&app, 8, 1);
        wait::until_true("300 acknowledged responses", async || load.acknowledged() >= 300).await;

        let before = load.acknowledged();
        let file = backup(&app, "backup.db");
        let during = load.acknowledged();
        wait::until_true("more responses", async || load.acknowledged() > during).await;
        app.program().kill();
        let outcome = load.finish().await;
        assert!(outcome.refused.is_empty(), "the server went on: {:?}", outcome.refused.first());

        for target in Backend::ALL {
            let dir = tempfile::TempDir::new().unwrap();
            let database = Database::create(Place::Backend(target), dir.path());
            let report = restore(&app, &file, &database, &[]).json();
            app.set("COUNTERBELL_DATABASE_URL", database.url());
            app.start_again().await;

            let items = app.admin_items("/v1/admin/responses").await;
            let stored: HashSet<_> = items.iter().map(|item| item["response_id"].as_str().unwrap()).collect();
            let lost = outcome.acknowledged[..before].iter().filter(|id| !stored.contains(id.as_str())).count();
            assert_eq!(lost, 0, "{backend:?} to {target:?}, {before} before");
            // One moment: each response with its alert and its message, or in the queue for them, and counted.
            let summary = app.admin("/v1/admin/summary").await.expect(200);
            assert_eq!(summary["count"], json!(items.len()), "{backend:?} to {target:?}");
            let [alerts, messages, queued] =
                ["alerts", "outbox", "triage_queue"].map(|table| report["rows"][table].as_u64().unwrap());
            assert_eq!((alerts + queued, messages), (items.len() as u64, alerts), "{backend:?} to {target:?}");
            // The sites' numbers go on behind those that were restored.
            app.create_site("https://other.example", "b@shop.example");
            app.respond(&sample::response(5)).await.expect(201);
            app.program().kill();
        }
        assert_eq!(left_over(&app), [""; 0]);
    }
}

#[tokio::test]
async fn comments_of_a_restored_database_are_found() {
    for target in Backend::ALL {
        let mut app = TestApp::on(Backend::Sqlite).await;
        let members = json!({ "comment": "the quokka was late" });
        app.respond(&sample::with(sample::response(4), members)).await.expect(201);
        app.publish_survey(&sample::survey("fitting-room"));
        app.store_theme(&json!({ "accent": "#2f4a3c" }));
        let file = backup(&app, "backup.db");
        app.program().kill();
        let dir = tempfile::TempDir::new().unwrap();
        let database = Database::create(Place::Backend(target), dir.path());

        assert!(restore(&app, &file, &database, &[]).status.success());
        app.set("COUNTERBELL_DATABASE_URL", database.url());
        app.start_again().await;

        let config = app.get(&format!("/v1/widget/{}?survey=fitting-room", app.site_key)).await.expect(200);
        assert_eq!(config["survey"]["version"], 1, "{target:?}");
        assert_eq!(config["theme"]["accent"], "#2f4a3c", "{target:?}");
        wait::until_true("found comment", async || {
            app.admin("/v1/admin/responses?q=quokka").await.expect(200)["items"].as_array().unwrap().len() == 1
        })
        .await;
    }
}

#[tokio::test]
async fn backup_replaces_no_file_unless_told_to() {
    let app = TestApp::on(Backend::Sqlite).await;
    let file = app.dir().join("precious");
    fs::write(&file, "precious").unwrap();

    refused(&app.cli(&["backup", &text(&file)]), "--force");
    assert_eq!(fs::read(&file).unwrap(), b"precious");

    assert!(app.cli(&["backup", "--force", &text(&file)]).status.success());
    assert!(fs::read(&file).unwrap().starts_with(b"SQLite format 3"));
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o077, 0, "others can read it: {mode:o}");
    assert_eq!(left_over(&app), [""; 0]);
}

#[tokio::test]
async fn restore_replaces_responses_only_when_told_to_and_never_under_a_server() {
    for backend in Backend::ALL {
        let mut app = TestApp::on(backend).await;
        app.respond(&sample::response(4)).await.expect(201);
        let file = backup(&app, "backup.db");
        app.respond(&sample::response(4)).await.expect(201);
        let (name, file) = (text(&file), file);

        refused(&app.cli(&["restore", &name, "--force"]), "stop the server");
        app.respond(&sample::response(4)).await.expect(201);
        assert_eq!(app.count("responses"), 3, "{backend:?}");

        app.program().kill();
        refused(&app.cli(&["restore", &name]), "--force");
        assert_eq!(app.count("responses"), 3, "{backend:?}");

        let report = app.cli(&["restore", &name, "--force", "--json"]).json();
        assert_eq!((app.count("responses"), &report["rows"]["responses"]), (1, &json!(1)), "{backend:?}");
        assert!(file.exists(), "the backup is still there");
        app.start_again().await;
        assert_eq!(app.admin("/v1/admin/summary").await.expect(200)["count"], 1, "{backend:?}");
        assert_eq!(left_over(&app), [""; 0]);
    }
}

#[tokio::test]
async fn what_is_no_whole_backup_is_refused_and_nothing_touched() {
    for backend in Backend::ALL {
        let mut app = TestApp::on(backend).await;
        for _ in 0..200 {
            let comment = json!({ "comment": "long ".repeat(100) });
            app.respond(&sample::with(sample::response(4), comment)).await.expect(201);
        }
        let file = backup(&app, "backup.db");
        app.program().kill();
        let whole = fs::read(&file).unwrap();
        let mut damaged = whole.clone();
        // Pages of responses, far behind the schema.
        let middle = damaged.len() / 2;
        damaged[middle..middle + 8_192].fill(0x5a);
        let cases: [(&str, &[u8]); 4] = [
            ("damaged", &damaged),
            ("cut off", &whole[..whole.len() / 2]),
            ("text", b"this is no database, however long it may be; this is no database, not at all"),
            ("empty", b""),
        ];
        for (what, bytes) in cases {
            fs::write(&file, bytes).unwrap();
            let output = app.cli(&["restore", &text(&file), "--force"]);
            refused(&output, "backup.db");
            assert_eq!(app.count("responses"), 200, "{what} on {backend:?}");
        }
        refused(&app.cli(&["restore", "nowhere.db", "--force"]), "nowhere.db");
        assert_eq!(left_over(&app), [""; 0]);
    }
}

#[tokio::test]
async fn any_byte_that_is_another_is_noticed() {
    for backend in Backend::ALL {
        let mut app = TestApp::on(backend).await;
        for _ in 0..50 {
            let comment = json!({ "comment": "the soup was cold and the waiter was kind" });
            app.respond(&sample::with(sample::response(4), comment)).await.expect(201);
        }
        let file = backup(&app, "backup.db");
        app.program().kill();
        let whole = fs::read(&file).unwrap();
        let comment = whole.windows(4).position(|window| window == b"soup").unwrap();
        let last = whole.len() - 1;
        // A customer's words, the header, the end of the last page, the checksum itself; and anywhere.
        let chosen =
            [comment, 0, 18, 24, 31, 68, 99, 100, last - 200, last - 131, last - 130, last - 64, last - 1, last];
        let anywhere = std::iter::repeat_with(|| fastrand::usize(..whole.len())).take(30);
        for at in chosen.into_iter().chain(anywhere) {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << fastrand::u8(..8);
            fs::write(&file, bytes).unwrap();

            for args in [&["--force"][..], &["--dry-run"]] {
                let output = app.cli(&[&["restore", &text(&file)], args].concat());
                refused(&output, "checksum");
                assert!(output.stderr.contains("backup.db"), "{output:?}");
            }
        }
        assert_eq!(app.count("responses"), 50, "{backend:?}");
        assert_eq!(left_over(&app), [""; 0]);

        fs::write(&file, &whole).unwrap();
        let checked = app.cli(&["restore", &text(&file), "--dry-run", "--json"]);
        assert_eq!((&checked.json()["checksum"], &checked.json()["rows"]["responses"]), (&json!("right"), &json!(50)));
        assert_eq!(checked.stderr, "");
        let restored = app.cli(&["restore", &text(&file), "--force", "--json"]);
        assert_eq!((&restored.json()["checksum"], restored.stderr.as_str()), (&json!("right"), ""));
        assert!(app.cli(&["verify"]).status.success());
    }
}

#[tokio::test]
async fn backup_without_a_checksum_is_taken_with_a_warning() {
    let app = TestApp::on(Backend::Sqlite).await;
    app.respond(&sample::response(4)).await.expect(201);
    let file = backup(&app, "backup.db");
    let bytes = fs::read(&file).unwrap();
    fs::write(&file, &bytes[..bytes.len() / 512 * 512]).unwrap();
    let dir = tempfile::TempDir::new().unwrap();
    for target in Backend::ALL {
        let database = Database::create(Place::Backend(target), dir.path());
        let output = restore(&app, &file, &database, &[]);
        assert_eq!((&output.json()["checksum"], &output.json()["rows"]["responses"]), (&json!("missing"), &json!(1)));
        assert!(output.stderr.starts_with("warning: ") && output.stderr.contains("no checksum"), "{output:?}");
    }
}

#[tokio::test]
async fn backup_is_a_database_like_any_other() {
    let mut app = TestApp::on(Backend::Sqlite).await;
    app.respond(&sample::response(4)).await.expect(201);
    let file = backup(&app, "backup.db");
    app.set("COUNTERBELL_DATABASE_URL", &format!("sqlite://{}", text(&file)));
    app.restart().await;

    // Over what stands behind its last page, and far beyond.
    for _ in 0..200 {
        let comment = json!({ "comment": "long ".repeat(100) });
        app.respond(&sample::with(sample::response(4), comment)).await.expect(201);
    }
    app.restart().await;

    let verified = app.cli(&["verify"]);
    assert!(verified.status.success(), "{verified:?}");
    assert_eq!(app.admin("/v1/admin/summary").await.expect(200)["count"], 201);
    let again = backup(&app, "again.db");
    assert_eq!(app.cli(&["restore", &text(&again), "--dry-run", "--json"]).json()["rows"]["responses"], 201);
}

#[tokio::test]
async fn damaged_database_is_replaced_by_its_backup() {
    for (what, from) in [("all of it", 0), ("what is behind the first pages", 16_384)] {
        let mut app = TestApp::on(Backend::Sqlite).await;
        for _ in 0..200 {
            let comment = json!({ "comment": "long ".repeat(100) });
            app.respond(&sample::with(sample::response(4), comment)).await.expect(201);
        }
        let file = text(&backup(&app, "backup.db"));
        app.program().kill();
        let path = app.dir().join("counterbell.db");
        let mut bytes = fs::read(&path).unwrap();
        bytes[from..].fill(0x5a);
        fs::write(&path, bytes).unwrap();

        let unforced = app.cli(&["restore", &file]);
        assert_eq!(unforced.status.code(), Some(1), "{what}: {unforced:?}");
        let report = app.cli(&["restore", &file, "--force", "--json"]).json();

        assert_eq!(report["rows"]["responses"], 200, "{what}");
        assert!(app.cli(&["verify"]).status.success(), "{what}");
        app.start_again().await;
        assert_eq!(app.admin("/v1/admin/summary").await.expect(200)["count"], 200, "{what}");
    }
}

#[tokio::test]
async fn backup_of_an_older_version_is_brought_up_to_date_and_of_a_newer_one_refused() {
    for target in Backend::ALL {
        let mut app = TestApp::on(Backend::Sqlite).await;
        app.respond(&sample::response(4)).await.expect(201);
        app.program().kill();
        let dir = tempfile::TempDir::new().unwrap();
        let database = Database::create(Place::Backend(target), dir.path());

        app.execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('9999')");
        let newer = backup(&app, "newer.db");
        refused(&restore(&app, &newer, &database, &[]), "newer version");

        app.execute("DELETE FROM __diesel_schema_migrations WHERE version = '9999'");
        assert!(app.cli(&["migrate", "--revert-last", "--yes"]).status.success());
        let older = app.dir().join("older.db");
        fs::copy(app.dir().join("counterbell.db"), &older).unwrap();
        let report = restore(&app, &older, &database, &[]).json();
        assert_eq!(report["rows"]["responses"], 1, "{target:?}");
        app.set("COUNTERBELL_DATABASE_URL", database.url());
        app.start_again().await;
        assert_eq!(app.admin("/v1/admin/summary").await.expect(200)["count"], 1, "{target:?}");
    }
}

#[tokio::test]
async fn backup_and_restore_leave_the_files_of_the_database_alone_under_any_name() {
    let mut app = TestApp::on(Backend::Sqlite).await;
    app.respond(&sample::response(4)).await.expect(201);
    let database = app.dir().join("counterbell.db");
    let (symlink, hard_link) = (app.dir().join("symlink.db"), app.dir().join("hard-link.db"));
    std::os::unix::fs::symlink(&database, &symlink).unwrap();
    fs::hard_link(&database, &hard_link).unwrap();
    let roundabout = database.parent().unwrap().join(".").join(database.file_name().unwrap());
    let beside = |suffix| PathBuf::from(format!("{}{suffix}", database.display()));
    let names = [database.clone(), roundabout, symlink, hard_link, beside("-wal"), beside("-shm"), beside("-journal")];
    let pipe = app.dir().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    refused(&app.cli(&["backup", "--force", &text(&pipe)]), "is not a regular file");
    assert!(!pipe.is_file());
    for name in &names {
        let output = app.cli(&["backup", "--force", &text(name)]);
        refused(&output, "belongs to the database itself");
    }
    app.program().kill();
    for name in &names[..4] {
        refused(&app.cli(&["restore", "--force", &text(name)]), "belongs to the database itself");
    }

    app.start_again().await;

    assert_eq!(app.count("responses"), 1);
    assert_eq!(app.admin_items("/v1/admin/responses").await.len(), 1);
    assert_eq!(left_over(&app), [""; 0]);
}
