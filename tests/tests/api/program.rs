//! The program as a file.

use std::process::{ExitStatus, Stdio};

use counterbell_tests::{Backend, TestApp, command, environment};
use goblin::elf::Elf;

/// How a command ends, and what it tells, when nobody reads its result, or nobody anything it says.
fn unread(app: &TestApp, args: &[&str]) -> [(ExitStatus, String); 2] {
    [false, true].map(|nothing| {
        // Whoever reads is gone before the command begins.
        let closed = || std::io::pipe().unwrap().1;
        let mut command = command(app.dir());
        command.args(args).env("COUNTERBELL_DATABASE_URL", app.database_url()).stdout(closed());
        command.stderr(if nothing { Stdio::from(closed()) } else { Stdio::piped() });
        let output = command.spawn().unwrap().wait_with_output().unwrap();
        (output.status, String::from_utf8(output.stderr).unwrap())
    })
}

#[tokio::test]
async fn result_that_nobody_reads_to_its_end_is_no_error() {
    let app = TestApp::on(Backend::Sqlite).await;
    for args in [&["site", "list"][..], &["site", "list", "--json"], &["survey", "show", "csat"], &["--help"]] {
        for (status, told) in unread(&app, args) {
            assert_eq!((status.code(), told.as_str()), (Some(0), ""), "{args:?}");
        }
    }
    // What it found still counts.
    app.execute("UPDATE alert_rules SET document = 'sad'");
    for (status, told) in unread(&app, &["doctor"]) {
        assert_eq!(status.code(), Some(1), "{told}");
        assert!(told.is_empty() || told.contains("alert rules"), "{told}");
    }
}

#[test]
fn program_needs_nothing_but_the_c_library() {
    let bytes = std::fs::read(environment::binary()).unwrap();

    let needed = Elf::parse(&bytes).unwrap().libraries;

    // With what a compiler adds to it.
    let library = ["libc.", "libm.", "libgcc_s.", "libpthread.", "libdl.", "librt.", "ld-linux"];
    let (known, others): (Vec<&str>, Vec<&str>) =
        needed.into_iter().partition(|name| library.iter().any(|part| name.starts_with(part)));
    assert!(known.contains(&"libc.so.6") && others.is_empty(), "{known:?}, and beside it {others:?}");
}
