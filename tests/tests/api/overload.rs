//! More than can be stored.

use counterbell_shared::problem::ProblemCode;
use counterbell_tests::{Backend, TestApp, sample, wait};
use futures_util::future::join_all;

#[tokio::test]
async fn full_queue_is_said_so_and_drops_nothing() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).setting("COUNTERBELL_QUEUE_CAPACITY", "1").await;
        let mut accepted = 0;
        wait::until_true("answer 503", async || {
            let responses: Vec<_> = (0..64).map(|_| sample::response(4)).collect();
            let answers = join_all(responses.iter().map(|response| app.respond(response))).await;
            let mut refused = 0;
            for answer in &answers {
                if answer.status == 201 {
                    accepted += 1;
                } else {
                    answer.expect_problem(ProblemCode::Overloaded);
                    let seconds: u32 = answer.header("retry-after").expect("says when to try again").parse().unwrap();
                    assert!((1..=60).contains(&seconds), "{seconds}");
                    refused += 1;
                }
            }
            refused > 0
        })
        .await;
        assert_eq!(app.count("responses"), accepted, "{backend:?}");
    }
}

#[tokio::test]
async fn sender_over_the_rate_is_told_when_to_come_back() {
    let app = TestApp::on(Backend::Sqlite).setting("COUNTERBELL_RATE_LIMIT", "3").await;
    for _ in 0..3 {
        app.respond(&sample::response(4)).await.expect(201);
    }

    let refused = app.respond(&sample::response(4)).await;

    refused.expect_problem(ProblemCode::RateLimited);
    let seconds: u32 = refused.header("retry-after").expect("says when to try again").parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    assert_eq!(app.count("responses"), 3);
}
