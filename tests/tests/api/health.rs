//! What a load balancer asks.

use counterbell_tests::{Backend, TestApp};

#[tokio::test]
async fn running_server_is_healthy_and_ready() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        for path in ["/healthz", "/readyz"] {
            let answer = app.get(path).await;
            assert_eq!(answer.status, 200, "{path}: {answer:?}");
        }
    }
}
