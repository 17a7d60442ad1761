//! What becomes of a response that is understood.

use counterbell_shared::ResponseId;
use counterbell_shared::time::{DAY_MS, UnixMillis};
use counterbell_tests::{Backend, Smtp, TestApp, sample};
use futures_util::future::join_all;
use serde_json::json;

#[tokio::test]
async fn site_key_and_score_are_enough() {
    let app = TestApp::on(Backend::Sqlite).await;

    let receipt = app.respond(&json!({ "score": 4 })).await.expect(201);

    assert_eq!(receipt["outcome"], "accepted");
    let id = receipt["response_id"].as_str().unwrap();
    assert!(id.parse::<ResponseId>().is_ok(), "{id}");
    let stored = app.admin(&format!("/v1/admin/responses/{id}")).await.expect(200);
    for (member, value) in [
        ("response_id", json!(id)),
        ("touchpoint", json!("default")),
        ("survey", json!("csat")),
        ("metric", json!("csat")),
        ("score", json!(4)),
        ("band", json!("satisfied")),
        ("channel", json!("api")),
    ] {
        assert_eq!(stored[member], value, "{member} of {stored}");
    }
}

#[tokio::test]
async fn every_field_is_stored() {
    let app = TestApp::on(Backend::Sqlite).any_age().await;
    let response = sample::with(
        sample::response(6),
        json!({
            "touchpoint": "store 12",
            "survey": "nps",
            "comment": " Two\r\nlines \u{1f514} \0",
            "order_ref": "A-1001",
            "customer_ref": "C-7",
            "contact": { "email": "ann@mail.example", "consent": true },
            "locale": "pt-BR",
            "page_url": "https://shop.example/thanks?name=Ann#top",
            "channel": "kiosk",
            "created_at": "2026-01-02T04:04:05+01:00",
        }),
    );

    app.respond(&response).await.expect(201);

    let id = response["response_id"].as_str().unwrap();
    let stored = app.admin(&format!("/v1/admin/responses/{id}")).await.expect(200);
    for (member, value) in [
        ("site_key", json!(app.site_key)),
        ("touchpoint", json!("store 12")),
        ("survey", json!("nps")),
        ("metric", json!("nps")),
        ("score", json!(6)),
        ("band", json!("detractor")),
        ("comment", json!("Two\nlines \u{1f514}")),
        ("order_ref", json!("A-1001")),
        ("customer_ref", json!("C-7")),
        ("contact", json!({ "email": "ann@mail.example" })),
        ("locale", json!("pt-BR")),
        // What follows may hold personal data.
        ("page_url", json!("https://shop.example/thanks")),
        ("channel", json!("kiosk")),
        ("created_at", json!("2026-01-02T03:04:05.000Z")),
    ] {
        assert_eq!(stored[member], value, "{member} of {stored}");
    }
}

#[tokio::test]
async fn time_long_past_becomes_the_time_of_receipt() {
    for backend in Backend::ALL {
        for (setting, days) in [(None, 30), (Some("3"), 3), (Some("0"), 0)] {
            let setup = TestApp::on(backend);
            let app = match setting {
                Some(days) => setup.setting("COUNTERBELL_BACKDATE_DAYS", days).await,
                None => setup.await,
            };
            let ago = |ms: i64| UnixMillis(UnixMillis::now().0 - ms).to_string();
            let respond = async |created_at: String| {
                let response = sample::with(sample::response(4), json!({ "created_at": created_at }));
                let receipt = app.respond(&response).await.expect(201);
                let id = response["response_id"].as_str().unwrap();
                (receipt, app.admin(&format!("/v1/admin/responses/{id}")).await.expect(200))
            };
            for past in [ago(days * DAY_MS + 60_000), ago(days * DAY_MS + 400 * DAY_MS), "1975-01-01".to_owned()] {
                let (receipt, row) = respond(past.clone()).await;
                assert_eq!(row["created_at"], row["received_at"], "{backend:?} {setting:?} {past}");
                assert_eq!(receipt["ignored"], json!(["/created_at"]), "{past}");
            }
            // As long as a browser may have been without a network.
            if days > 0 {
                let recent = ago(days * DAY_MS - 60_000);
                let (receipt, row) = respond(recent.clone()).await;
                assert_eq!((&row["created_at"], receipt.get("ignored")), (&json!(recent), None), "{backend:?}");
            }
        }
    }
}

#[tokio::test]
async fn import_keeps_its_dates() {
    let app = TestApp::on(Backend::Sqlite).await;
    let file = app.dir().join("rows.csv");
    std::fs::write(&file, "score,date\n4,1999-12-31\n").unwrap();
    let map = "score=score,created_at=date";
    app.cli(&["import", "--json", "--site", &app.site_key, "--map", map, &file.display().to_string()]).json();
    assert_eq!(app.admin_items("/v1/admin/responses").await[0]["created_at"], "1999-12-31T00:00:00.000Z");
}

#[tokio::test]
async fn address_without_consent_is_not_kept() {
    let app = TestApp::on(Backend::Sqlite).await;
    let contact = json!({ "contact": { "email": "ann@mail.example", "consent": false } });
    let response = sample::with(sample::response(4), contact);

    app.respond(&response).await.expect(201);

    let stored = app.admin("/v1/admin/responses").await;
    assert_eq!(stored.expect(200)["items"].as_array().unwrap().len(), 1);
    assert!(!stored.text().contains("ann@mail.example"), "{}", stored.text());
}

#[tokio::test]
async fn repeated_response_is_a_duplicate_and_changes_nothing() {
    let app = TestApp::on(Backend::Sqlite).await;
    let first = sample::with(sample::response(4), json!({ "comment": "first" }));
    let id = &first["response_id"];
    app.respond(&first).await.expect(201);

    let again = app.respond(&json!({ "response_id": id, "score": 1, "comment": "second" })).await.expect(200);

    assert_eq!(again, json!({ "response_id": id, "outcome": "duplicate" }));
    let stored = app.admin("/v1/admin/responses").await.expect(200);
    assert_eq!(stored["items"].as_array().unwrap().len(), 1);
    assert_eq!((&stored["items"][0]["score"], &stored["items"][0]["comment"]), (&json!(4), &json!("first")));
    app.triaged().await;
    assert_eq!(app.count("outbox"), 0, "the repeat's score fired no alert");
}

#[tokio::test]
async fn hundred_parallel_repeats_make_one_row_and_one_mail() {
    let smtp = Smtp::start().await;
    let app = TestApp::on(Backend::Sqlite).smtp(&smtp).await;
    let response = sample::with(sample::response(1), json!({ "touchpoint": "repeated" }));

    let answers = join_all((0..100).map(|_| app.respond(&response))).await;

    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [vec![200; 99], vec![201]].concat());
    assert_eq!(app.count("responses"), 1);
    app.triaged().await;
    assert_eq!((app.count("alerts"), app.count("outbox")), (1, 1));
    // Mail of a later response comes after every mail of this one.
    smtp.wait_for(1).await;
    app.respond(&sample::with(sample::response(1), json!({ "touchpoint": "later" }))).await.expect(201);
    let deliveries = smtp.wait_for(2).await;
    let subjects: Vec<_> = deliveries.iter().map(|delivery| delivery.mail.subject()).collect();
    assert_eq!(subjects.len(), 2, "{subjects:?}");
    assert!(subjects[0].contains("repeated") && subjects[1].contains("later"), "{subjects:?}");
}

#[tokio::test]
async fn one_id_at_two_sites_is_two_responses() {
    let app = TestApp::on(Backend::Sqlite).await;
    let other = app.create_site("https://other.example", "staff@other.example");
    let response = sample::response(4);

    app.respond(&response).await.expect(201);
    let elsewhere = app.respond(&sample::with(response, json!({ "site_key": other }))).await.expect(201);

    assert_eq!(elsewhere["outcome"], "accepted");
    assert_eq!(app.count("responses"), 2);
}
