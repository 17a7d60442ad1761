//! A database that is damaged, of another program, or of a later version is refused, and left as it is.

use std::fs;
use std::path::{Path, PathBuf};

use counterbell_tests::{Backend, TestApp, sample, wait};
use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use serde_json::json;

fn file(app: &TestApp) -> PathBuf {
    app.dir().join("counterbell.db")
}

/// The database's file, with all that was in its log, after the server was stopped.
async fn stopped_file(app: &mut TestApp) -> Vec<u8> {
    app.program().terminate();
    app.program().wait_for_exit().await;
    app.execute("PRAGMA wal_checkpoint(TRUNCATE)");
    fs::read(file(app)).unwrap()
}

fn expect_words(line: &str, words: &[&str]) {
    for word in words {
        assert!(line.contains(word), "no {word:?} in {line}");
    }
}

#[tokio::test]
async fn damaged_file_is_refused_and_left_as_it_is() {
    let mut app = TestApp::on(Backend::Sqlite).await;
    for _ in 0..200 {
        app.respond(&sample::with(sample::response(4), json!({ "comment": "x".repeat(500) }))).await.expect(201);
    }
    let whole = stopped_file(&mut app).await;
    type Damage = fn(&mut Vec<u8>);
    let damage: [(&str, Damage); 4] = [
        ("another format", |bytes| bytes[..16].copy_from_slice(b"PK\x03\x04 a zip file ")),
        ("only text", |bytes| *bytes = b"Dear diary, nothing here is a database.\n".repeat(1000)),
        ("cut off", |bytes| bytes.truncate(bytes.len() / 2)),
        ("pages overwritten", |bytes| bytes[3 * 4096..20 * 4096].fill(0x5a)),
    ];
    for (what, damage) in damage {
        let mut bytes = whole.clone();
        damage(&mut bytes);
        fs::write(file(&app), &bytes).unwrap();

        let line = app.refused_start().await;

        expect_words(&line, &["counterbell.db", "damaged", "restore a backup"]);
        assert!(fs::read(file(&app)).unwrap() == bytes, "{what}: the file was changed");
    }

    fs::write(file(&app), &whole).unwrap();
    app.start_again().await;
    assert_eq!(app.admin_items("/v1/admin/responses").await.len(), 200);
}

#[tokio::test]
async fn database_of_another_program_is_refused_and_left_as_it_is() {
    let mut app = TestApp::on(Backend::Sqlite).await;
    app.program().kill();
    for (sql, word) in [
        ("CREATE TABLE recipes (name TEXT); INSERT INTO recipes VALUES ('soup')", "recipes"),
        // The name of one of our tables alone does not make it ours.
        ("CREATE TABLE responses (id INTEGER PRIMARY KEY)", "responses"),
        ("PRAGMA application_id = 252006675; CREATE TABLE tiles (x INTEGER)", "0xf055113"),
    ] {
        for entry in fs::read_dir(app.dir()).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                fs::remove_file(path).unwrap();
            }
        }
        SqliteConnection::establish(&file(&app).display().to_string()).unwrap().batch_execute(sql).unwrap();
        let before = fs::read(file(&app)).unwrap();

        for line in [app.refused_start().await, refused_command(&app, &["migrate"])] {
            expect_words(&line, &["counterbell.db", "another program", word, "--database-url"]);
        }

        assert!(fs::read(file(&app)).unwrap() == before, "{sql}: the file was changed");
        assert!(!Path::new(&format!("{}-wal", file(&app).display())).exists(), "{sql}");
    }
}

#[tokio::test]
async fn file_made_before_files_were_marked_is_ours() {
    let mut app = TestApp::on(Backend::Sqlite).await;
    app.respond(&sample::response(4)).await.expect(201);
    let marked = stopped_file(&mut app).await;
    // Bytes 68 to 71 of the header: https://sqlite.org/fileformat2.html
    assert_eq!(marked[68..72], *b"CBel");
    app.execute("PRAGMA application_id = 0");

    app.start_again().await;

    assert_eq!(app.count("responses"), 1);
    assert_eq!(stopped_file(&mut app).await[68..72], *b"CBel");
}

#[tokio::test]
async fn schema_of_a_later_version_is_refused() {
    for backend in Backend::ALL {
        let mut app = TestApp::on(backend).await;
        app.program().kill();
        app.execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('9999')");

        let revert = refused_command(&app, &["migrate", "--revert-last"]);
        for line in [app.refused_start().await, refused_command(&app, &["migrate"]), revert] {
            expect_words(&line, &["9999", "newer version"]);
        }
        app.execute("DELETE FROM __diesel_schema_migrations WHERE version = '9999'");
        app.start_again().await;
    }
}

#[tokio::test]
async fn postgres_that_cannot_store_every_character_is_refused() {
    let mut app = TestApp::on(Backend::Postgres).await;
    app.program().kill();
    let url = app.database_url().to_owned();
    for encoding in ["LATIN1", "EUC_JP", "SQL_ASCII"] {
        let name = format!("counterbell_test_{}_{:016x}", encoding.to_lowercase(), fastrand::u64(..));
        app.execute(&format!("CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0"));
        app.set("COUNTERBELL_DATABASE_URL", &url.replace(url.rsplit('/').next().unwrap(), &name));

        let mut told = vec![app.refused_start().await];
        for args in [&["migrate"][..], &["site", "list"], &["verify"], &["backup", "backup.db"]] {
            told.push(refused_command(&app, args));
        }
        told.push(app.cli(&["doctor"]).stdout);
        app.execute(&format!("DROP DATABASE {name} WITH (FORCE)"));

        for line in told {
            expect_words(&line, &[encoding, "CREATE DATABASE", "ENCODING 'UTF8' TEMPLATE template0"]);
        }
    }
}

#[tokio::test]
async fn damaged_search_index_is_made_again() {
    let mut app = TestApp::on(Backend::Sqlite).await;
    app.respond(&sample::with(sample::response(4), json!({ "comment": "delicious soup" }))).await.expect(201);
    app.program().kill();
    let index = app.dir().join("counterbell.db-search");
    assert!(index.exists());
    fs::write(&index, "nothing of use".repeat(1000)).unwrap();

    app.start_again().await;

    wait::until_true("search result", async || app.admin_items("/v1/admin/responses?q=soup").await.len() == 1).await;
}

/// The one line a command printed that was to fail.
fn refused_command(app: &TestApp, args: &[&str]) -> String {
    let output = app.cli(args);
    assert!(!output.status.success(), "{output:?}");
    assert_eq!(output.stderr.lines().count(), 1, "{output:?}");
    output.stderr
}
