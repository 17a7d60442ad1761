//! The schema, forth and back.

use counterbell_tests::{Backend, TestApp, sample};

#[tokio::test]
async fn migrating_again_changes_nothing() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        app.respond(&sample::response(4)).await.expect(201);

        let output = app.cli(&["migrate"]);

        assert!(output.status.success(), "{output:?}");
        assert_eq!(app.database.count("responses"), 1, "{backend:?}");
    }
}
