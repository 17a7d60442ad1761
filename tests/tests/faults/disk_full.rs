//! The disk the database is on is full, and then is not.

use std::time::Instant;

use counterbell_shared::problem::ProblemCode;
use counterbell_tests::{Backend, Customers, Smtp, TestApp, Volume, audit, environment, sample, wait};

const MIB: usize = 48;

#[tokio::test]
async fn full_disk_is_said_so_and_loses_nothing() {
    let volume = match Volume::new(MIB).await {
        Ok(volume) => volume,
        Err(why) => return environment::skipped("full_disk_is_said_so_and_loses_nothing", &why),
    };
    let smtp = Smtp::start().await;
    let since = Instant::now();
    let app = TestApp::on(Backend::Sqlite).volume(volume).smtp(&smtp).await;
    let mut customers = Customers::come(&app, 16, 20);
    for _ in 0..environment::scaled(3, 20) {
        customers.wait_for_more(100).await;
        let refused = customers.refused();

        app.volume().fill();
        wait::until_true("answers 503", async || customers.refused() > refused + 100).await;
        // What is stored can be read all the same.
        app.admin("/v1/admin/responses").await.expect(200);
        app.volume().free();

        customers.wait_for_more(100).await;
    }
    let met = customers.leave().await;

    met.expect_only_503();
    // Of each kind one line in ten seconds, and one that tells how many were left out.
    let errors = app.log().lines().filter(|line| line.contains(" ERROR ")).count() as u64;
    let kinds = 8;
    assert!(errors <= kinds * (1 + since.elapsed().as_secs() / 10), "{errors} lines: {}", app.log());
    assert_eq!(met.cut_off, 0, "the server itself was there all the time");
    audit::expect_all_kept(&app, &smtp, &met, 0).await;
}

#[tokio::test]
async fn readiness_follows_the_disk_while_nobody_writes() {
    // Room for what must be free.
    let volume = match Volume::new(160).await {
        Ok(volume) => volume,
        Err(why) => return environment::skipped("readiness_follows_the_disk_while_nobody_writes", &why),
    };
    let app = TestApp::on(Backend::Sqlite).volume(volume).await;
    app.get("/readyz").await.expect(200);
    for _ in 0..2 {
        app.volume().fill();
        wait::until_true("not ready", async || app.get("/readyz").await.status == 503).await;
        let told = app.get("/readyz").await.expect_problem(ProblemCode::StorageUnavailable);
        assert!(told.detail.contains("64 MiB"), "{told:?}");

        app.volume().free();
        wait::until_true("ready", async || app.get("/readyz").await.status == 200).await;
    }
    app.respond(&sample::response(4)).await.expect(201);
}
