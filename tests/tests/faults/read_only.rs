//! A database nothing can be written to, at the start and later.

use std::path::PathBuf;
use std::process::Command;

use counterbell_shared::problem::ProblemCode;
use counterbell_tests::{Backend, Customers, Smtp, TestApp, Volume, audit, environment, sample, wait};

#[tokio::test]
async fn read_only_disk_is_refused_at_the_start() {
    let volume = match Volume::new(16).await {
        Ok(volume) => volume,
        Err(why) => return environment::skipped("read_only_disk_is_refused_at_the_start", &why),
    };
    let mut app = TestApp::on(Backend::Sqlite).volume(volume).await;
    app.respond(&sample::response(4)).await.expect(201);
    // With and without what SQLite keeps beside an open file.
    for gentle in [false, true] {
        if gentle {
            app.program().terminate();
        } else {
            app.program().kill();
        }
        app.program().wait_for_exit().await;
        app.volume().set_read_only(true);

        let line = app.refused_start().await;

        assert!(line.contains("read-only") && line.contains("counterbell.db"), "{line}");
        app.volume().set_read_only(false);
        app.start_again().await;
    }
    assert_eq!(app.count("responses"), 1);
}

#[tokio::test]
async fn file_that_turns_read_only_is_said_so_and_loses_nothing() {
    let smtp = Smtp::start().await;
    let app = TestApp::on(Backend::Sqlite).smtp(&smtp).await;
    let files = ["", "-wal"].map(|suffix| app.dir().join(format!("counterbell.db{suffix}")));
    if let Err(why) = Immutable::make(files.clone()) {
        return environment::skipped("file_that_turns_read_only_is_said_so_and_loses_nothing", &why);
    }
    let mut customers = Customers::come(&app, 16, 20);
    for _ in 0..environment::scaled(3, 20) {
        customers.wait_for_more(100).await;
        let refused = customers.refused();

        let immutable = Immutable::make(files.clone()).unwrap();
        wait::until_true("answers 503", async || customers.refused() > refused + 100).await;
        app.respond(&sample::response(4)).await.expect_problem(ProblemCode::StorageUnavailable);
        app.get("/readyz").await.expect_problem(ProblemCode::StorageUnavailable);
        app.admin("/v1/admin/responses").await.expect(200);
        drop(immutable);

        customers.wait_for_more(100).await;
    }
    let met = customers.leave().await;

    met.expect_only_503();
    assert_eq!(met.cut_off, 0, "the server itself was there all the time");
    audit::expect_all_kept(&app, &smtp, &met, 0).await;
}

#[tokio::test]
async fn server_whose_file_was_read_only_is_ready_again_by_itself() {
    let app = TestApp::on(Backend::Sqlite).await;
    let files = ["", "-wal"].map(|suffix| app.dir().join(format!("counterbell.db{suffix}")));
    for _ in 0..2 {
        let immutable = match Immutable::make(files.clone()) {
            Ok(immutable) => immutable,
            Err(why) => {
                return environment::skipped("server_whose_file_was_read_only_is_ready_again_by_itself", &why);
            }
        };
        app.respond(&sample::response(4)).await.expect_problem(ProblemCode::StorageUnavailable);
        app.get("/readyz").await.expect_problem(ProblemCode::StorageUnavailable);

        drop(immutable);
        wait::until_true("ready", async || app.get("/readyz").await.status == 200).await;
    }
    app.respond(&sample::response(4)).await.expect(201);
}

#[tokio::test]
async fn readiness_follows_a_postgres_that_turns_read_only_while_nobody_writes() {
    let app = TestApp::on(Backend::Postgres).await;
    app.get("/readyz").await.expect(200);
    for _ in 0..2 {
        set_postgres_read_only(&app, true);
        wait::until_true("not ready", async || app.get("/readyz").await.status == 503).await;
        let told = app.get("/readyz").await.expect_problem(ProblemCode::StorageUnavailable);
        assert!(told.detail.contains("read-only"), "{told:?}");

        set_postgres_read_only(&app, false);
        wait::until_true("ready", async || app.get("/readyz").await.status == 200).await;
    }
    app.respond(&sample::response(4)).await.expect(201);
}

#[tokio::test]
async fn postgres_that_turns_read_only_is_said_so_and_loses_nothing() {
    let smtp = Smtp::start().await;
    let mut app = TestApp::on(Backend::Postgres).smtp(&smtp).await;
    let mut customers = Customers::come(&app, 16, 20);
    for _ in 0..environment::scaled(3, 20) {
        customers.wait_for_more(100).await;
        let refused = customers.refused();

        set_postgres_read_only(&app, true);
        wait::until_true("answers 503", async || customers.refused() > refused + 20).await;
        app.get("/readyz").await.expect_problem(ProblemCode::StorageUnavailable);
        set_postgres_read_only(&app, false);

        customers.wait_for_more(100).await;
    }
    let met = customers.leave().await;

    met.expect_only_503();
    assert_eq!(met.cut_off, 0, "the server itself was there all the time");
    audit::end_lost_leases(&app).await;
    audit::expect_all_kept(&app, &smtp, &met, 0).await;

    app.program().kill();
    set_postgres_read_only(&app, true);
    let line = app.refused_start().await;
    assert!(line.contains("read-only") && line.contains("primary"), "{line}");
    set_postgres_read_only(&app, false);
    app.start_again().await;
}

/// As when the primary becomes a standby: connections are cut, and new ones can only read.
fn set_postgres_read_only(app: &TestApp, read_only: bool) {
    let value = if read_only { "on" } else { "off" };
    app.execute(&format!(
        "BEGIN READ WRITE; \
         DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = {value}', \
         current_database()); END $$; \
         COMMIT"
    ));
    // Only at the start of it: whoever still has a connection then is to notice by itself that it can write again.
    if read_only {
        app.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        );
    }
}

/// Files nobody can write to, not even root, and not even through a file that is open: as on a disk that the system
/// made read-only after an error. Until dropped.
struct Immutable([PathBuf; 2]);

impl Immutable {
    /// # Errors
    /// This file system or this user cannot do that: why.
    fn make(files: [PathBuf; 2]) -> Result<Self, String> {
        let output = Command::new("chattr").arg("+i").args(&files).output().map_err(|error| error.to_string())?;
        // Also after half of it.
        let made = Self(files);
        if output.status.success() { Ok(made) } else { Err(String::from_utf8_lossy(&output.stderr).replace('\n', " ")) }
    }
}

impl Drop for Immutable {
    fn drop(&mut self) {
        let _ = Command::new("chattr").arg("-i").args(&self.0).status();
    }
}
