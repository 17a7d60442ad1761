//! Who of the staff is told of unhappy customers.

use counterbell_tests::{Backend, Smtp, TestApp, sample};

/// To whom the mails of one unhappy response go.
async fn told(app: &TestApp, smtp: &Smtp, count: usize) -> Vec<String> {
    let before = smtp.deliveries().len();
    app.respond(&sample::response(1)).await.expect(201);
    app.triaged().await;
    let deliveries = smtp.wait_for(before + count).await;
    assert_eq!(app.count("outbox"), (before + count) as i64, "no other message waits");
    let mut to: Vec<_> = deliveries[before..].iter().flat_map(|delivery| delivery.to.clone()).collect();
    to.sort_unstable();
    to
}

fn set(app: &TestApp, email: &str, args: &[&str]) {
    let output = app.cli(&[&["staff", "set", "--site", &app.site_key, "--email", email], args].concat());
    assert!(output.status.success(), "{output:?}");
}

#[tokio::test]
async fn who_is_absent_is_not_told_while_another_is_there() {
    for backend in Backend::ALL {
        let (ann, bob) = ("ann@shop.example", "bob@shop.example");
        let smtp = Smtp::start().await;
        let app = TestApp::on(backend).smtp(&smtp).recipients(&[ann, bob]).await;
        // Over, and not begun.
        set(&app, ann, &["--absent-from", "2020-12-24", "--absent-to", "2020-12-31"]);
        set(&app, bob, &["--absent-from", "2999-12-24"]);
        assert_eq!(told(&app, &smtp, 2).await, [ann, bob], "{backend:?}");

        set(&app, ann, &["--absent-to", "2999-12-31"]);
        assert_eq!(told(&app, &smtp, 1).await, [bob], "{backend:?}");
        let recipients = app.cli(&["site", "list", "--json"]).json()[0]["recipients"].clone();
        assert_eq!(recipients, serde_json::json!([ann, bob]), "they stay recipients");

        set(&app, bob, &["--absent-from", "2020-12-24"]);
        assert_eq!(told(&app, &smtp, 2).await, [ann, bob], "{backend:?}: nobody is there");

        set(&app, ann, &["--not-absent"]);
        assert_eq!(told(&app, &smtp, 1).await, [ann], "{backend:?}");
    }
}

#[tokio::test]
async fn who_left_is_told_no_more_and_who_has_a_new_main_address_gets_mail_there() {
    for backend in Backend::ALL {
        let (ann, bob) = ("ann@shop.example", "bob@shop.example");
        let smtp = Smtp::start().await;
        let app = TestApp::on(backend).smtp(&smtp).recipients(&[ann, bob]).await;
        let left =
            app.cli(&["staff", "remove", "--site", &app.site_key, "--email", "ANN@shop.example", "--json"]).json();
        assert!(left["left_at"].is_string(), "{left}");
        set(&app, bob, &["--main", "robert@shop.example"]);

        assert_eq!(told(&app, &smtp, 1).await, ["robert@shop.example"], "{backend:?}");

        // Staff again, and in no team.
        let back = app.cli(&["staff", "add", "--site", &app.site_key, "--email", ann, "--json"]).json();
        assert_eq!(back["person_id"], left["person_id"], "{backend:?}");
        assert_eq!(told(&app, &smtp, 1).await, ["robert@shop.example"], "{backend:?}");
    }
}
