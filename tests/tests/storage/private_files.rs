//! What the program makes is its owner's alone; what is there already keeps its mode.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use counterbell_tests::{Backend, Program, TestApp, command, run_command, same_surroundings, sample, wait};
use serde_json::json;
use tempfile::TempDir;

/// As most systems set it: what a program does not keep to itself can be read by everybody.
const COMMON_UMASK: [&str; 4] = ["sh", "-c", "umask 022; exec \"$@\"", "sh"];

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// All that is in a folder, and in the folders in it.
fn all_in(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.extend(found.clone().iter().filter(|path| path.is_dir()).flat_map(|path| all_in(path)));
    found
}

fn expect_private(paths: &[PathBuf]) {
    for path in paths {
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode(path), expected, "{} has mode {:o}", path.display(), mode(path));
    }
}

fn expect_there(paths: &[PathBuf], endings: &[&str]) {
    for ending in endings {
        assert!(paths.iter().any(|path| path.to_string_lossy().ends_with(ending)), "no {ending} in {paths:?}");
    }
}

#[tokio::test]
async fn files_of_a_server_and_its_commands_are_its_owners_alone() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).started_by(&COMMON_UMASK).await;
        app.respond(&sample::with(sample::response(1), json!({ "comment": "cold soup" }))).await.expect(201);
        wait::until_true("mail", async || app.mail_files().len() == 1).await;
        wait::until_true("indexed comment", async || app.count("search_queue") == 0).await;
        assert!(app.cli(&["backup", "backup.db"]).status.success());
        let backup = app.dir().join("backup.db");
        expect_private(std::slice::from_ref(&backup));
        // As somebody keeps it: open to all, and safe from a slip.
        set_mode(&backup, 0o444);
        let restored = ["restore", "backup.db", "--database-url", "sqlite:new/folder/restored.db"];
        assert!(app.cli(&restored).status.success());
        fs::write(app.dir().join("given.csv"), "score\nmany\n").unwrap();
        let import = ["import", "--site", &app.site_key, "--map", "score=score", "given.csv"];
        assert!(app.cli(&import).status.success());

        let mut made = all_in(app.dir());
        made.retain(|path| !path.ends_with("given.csv") && *path != backup);
        expect_private(&made);
        expect_there(&made, &["/mail", ".eml", "/new/folder", "/restored.db", ".rejects.csv"]);
        if backend == Backend::Sqlite {
            let files = ["counterbell.db", "-wal", "-shm", "-search", "-search-wal", "-search-shm"];
            expect_there(&made, &files);
        }
    }
}

#[tokio::test]
async fn files_of_the_demo_are_its_owners_alone() {
    let dir = TempDir::new().unwrap();
    let program = command(dir.path());
    let mut demo = std::process::Command::new(COMMON_UMASK[0]);
    demo.args(&COMMON_UMASK[1..]).arg(program.get_program());
    demo.args(["demo", "--port", "0", "--shop-port", "0", "--data-dir", "data/demo"]);
    let mut demo = Program::start(&mut same_surroundings(&program, demo));
    demo.wait_for_output("address", |printed| printed.contains("Ctrl-C").then_some(())).await;

    let made = all_in(dir.path());
    expect_private(&made);
    expect_there(&made, &["/data", "/data/demo", "demo.db", "demo.db-search", "/mail"]);
}

#[test]
fn demo_empties_no_folder_that_another_program_filled() {
    let dir = TempDir::new().unwrap();
    let mail = dir.path().join("shop/mail");
    fs::create_dir_all(&mail).unwrap();
    fs::write(mail.join("1.eml"), "Subject: Late").unwrap();

    let output =
        run_command(command(dir.path()).args(["demo", "--port", "0", "--shop-port", "0", "--data-dir", "shop"]));

    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stderr.contains("no demo made it"), "{output:?}");
    assert_eq!(fs::read_to_string(mail.join("1.eml")).unwrap(), "Subject: Late");
    assert_eq!(fs::read_dir(dir.path().join("shop")).unwrap().count(), 1);
}

#[tokio::test]
async fn what_is_there_keeps_its_mode() {
    let mut app = TestApp::on(Backend::Sqlite).started_by(&COMMON_UMASK).await;
    let [database, mail] = ["counterbell.db", "mail"].map(|name| app.dir().join(name));
    app.program().terminate();
    app.program().wait_for_exit().await;
    // A group that may read everything, such as one that takes backups.
    set_mode(&database, 0o640);
    set_mode(&mail, 0o750);
    // The last to leave takes away what SQLite keeps beside it, which gets the database's mode when it is made anew.
    app.execute("PRAGMA wal_checkpoint(TRUNCATE)");

    app.start_again().await;
    app.respond(&sample::response(1)).await.expect(201);
    wait::until_true("mail", async || app.mail_files().len() == 1).await;

    let log = app.dir().join("counterbell.db-wal");
    assert_eq!([&database, &log, &mail].map(|path| mode(path)), [0o640, 0o640, 0o750]);
    assert!(app.cli(&["backup", "backup.db"]).status.success());
    app.program().kill();
    assert!(app.cli(&["restore", "backup.db", "--force"]).status.success());
    assert_eq!(mode(&database), 0o640);
}
