//! Figures on a known input.

use counterbell_shared::problem::ProblemCode;
use counterbell_tests::{Backend, TestApp, sample};
use serde_json::{Value, json};

async fn store(app: &TestApp, survey: &str, touchpoint: &str, day: &str, scores: &[i64]) {
    for score in scores {
        let members = json!({ "survey": survey, "touchpoint": touchpoint, "created_at": format!("{day}T23:59:59Z") });
        app.respond(&sample::with(sample::response(*score), members)).await.expect(201);
    }
}

async fn store_known_input(app: &TestApp) {
    store(app, "csat", "checkout", "2026-03-01", &[1, 2, 4]).await;
    store(app, "csat", "checkout", "2026-03-02", &[5, 5]).await;
    store(app, "csat", "delivery", "2026-03-02", &[3]).await;
    store(app, "nps", "delivery", "2026-03-03", &[0, 6, 7, 8, 9, 10, 10]).await;
}

/// Equal to a tenth: how far figures are shown.
fn assert_close(actual: &Value, expected: f64) {
    let actual = actual.as_f64().unwrap_or_else(|| panic!("{actual} is no number"));
    assert!((actual - expected).abs() < 0.051, "{actual} is not {expected}");
}

fn counts(distribution: &Value) -> Vec<(i64, i64)> {
    let rows = distribution.as_array().unwrap_or_else(|| panic!("no list: {distribution}"));
    rows.iter().map(|row| (row["score"].as_i64().unwrap_or(-1), row["count"].as_i64().unwrap_or(-1))).collect()
}

#[tokio::test]
async fn satisfaction_is_summed_up() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).any_age().await;
        store_known_input(&app).await;

        let summary = app.admin("/v1/admin/summary?metric=csat").await.expect(200);

        assert_eq!((&summary["metric"], &summary["count"]), (&json!("csat"), &json!(6)), "{backend:?}");
        assert_close(&summary["mean"], 20.0 / 6.0);
        // Satisfied (4 and 5) out of all.
        assert_close(&summary["csat_percent"], 50.0);
        assert_eq!(summary["nps"], Value::Null, "loyalty is not made out of satisfaction");
        assert_eq!(counts(&summary["distribution"]), [(1, 1), (2, 1), (3, 1), (4, 1), (5, 2)]);

        let touchpoints = summary["touchpoints"].as_array().unwrap();
        let by_name = |name: &str| touchpoints.iter().find(|row| row["touchpoint"] == name).unwrap();
        assert_eq!(touchpoints.len(), 2, "{summary}");
        assert_eq!(by_name("checkout")["count"], 5);
        assert_close(&by_name("checkout")["mean"], 17.0 / 5.0);
        assert_close(&by_name("checkout")["csat_percent"], 60.0);
        assert_eq!(by_name("delivery")["count"], 1);
        assert_close(&by_name("delivery")["csat_percent"], 0.0);

        let days: Vec<_> = summary["days"].as_array().unwrap().iter().map(|row| (&row["day"], &row["count"])).collect();
        assert_eq!(days, [(&json!("2026-03-01"), &json!(3)), (&json!("2026-03-02"), &json!(3))]);
    }
}

#[tokio::test]
async fn loyalty_is_promoters_less_detractors() {
    let app = TestApp::on(Backend::Sqlite).any_age().await;
    store_known_input(&app).await;

    let summary = app.admin("/v1/admin/summary?metric=nps").await.expect(200);

    assert_eq!(summary["count"], 7);
    assert_close(&summary["mean"], 50.0 / 7.0);
    assert_close(&summary["nps"], 100.0 * (3.0 - 2.0) / 7.0);
    assert_eq!(summary["csat_percent"], Value::Null);
    let distribution = counts(&summary["distribution"]);
    let given: Vec<_> = distribution.into_iter().filter(|(_, count)| *count > 0).collect();
    assert_eq!(given, [(0, 1), (6, 1), (7, 1), (8, 1), (9, 1), (10, 2)]);
}

#[tokio::test]
async fn summary_is_narrowed_like_a_list() {
    let app = TestApp::on(Backend::Sqlite).any_age().await;
    store_known_input(&app).await;
    for (query, count) in [
        ("metric=csat&touchpoint=checkout", 5),
        ("metric=csat&from=2026-03-02", 3),
        ("metric=csat&to=2026-03-02", 3),
        ("metric=csat&from=2026-03-02&touchpoint=delivery", 1),
        ("metric=ces", 0),
    ] {
        let summary = app.admin(&format!("/v1/admin/summary?{query}")).await.expect(200);
        assert_eq!(summary["count"], count, "{query}");
    }
}

#[tokio::test]
async fn nothing_has_no_mean() {
    let app = TestApp::on(Backend::Sqlite).await;
    let summary = app.admin("/v1/admin/summary?metric=csat").await.expect(200);
    assert_eq!(
        (&summary["count"], &summary["mean"], &summary["csat_percent"]),
        (&json!(0), &Value::Null, &Value::Null)
    );
    assert_eq!(summary["touchpoints"], json!([]));
    assert_eq!(summary["days"], json!([]));
}

#[tokio::test]
async fn span_need_not_begin_or_end_at_midnight() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).any_age().await;
        for day in 1..=4 {
            for hour in [0, 6, 12, 18] {
                let time = json!({ "created_at": format!("2026-03-0{day}T{hour:02}:00:00Z") });
                app.respond(&sample::with(sample::response(4), time)).await.expect(201);
            }
        }
        for (from, to, expected) in [
            ("2026-03-01", "2026-03-05", 16),
            ("2026-03-01T00:00:00.001Z", "2026-03-05", 15),
            ("2026-03-01T12:00:00Z", "2026-03-03T12:00:00Z", 8),
            ("2026-03-01T07:00:00Z", "2026-03-01T18:00:00Z", 1),
            ("2026-03-01T07:00:00Z", "2026-03-02T00:00:00.001Z", 3),
            ("2026-03-02T12:00:00Z", "2026-03-02T12:00:00Z", 0),
            // Up to the newest response, with it, and beyond.
            ("2026-03-02T12:00:00Z", "2026-03-04T18:00:00Z", 9),
            ("2026-03-02T12:00:00Z", "2026-03-04T18:00:00.001Z", 10),
            ("2026-03-04", "2026-03-04T23:00:00Z", 4),
            ("2026-03-04T06:00:00Z", "2026-03-04T23:00:00Z", 3),
            ("2026-03-05", "2026-03-05T01:00:00Z", 0),
            ("2026-03-03", "2026-03-02", 0),
        ] {
            let span = format!("from={from}&to={to}");
            let summary = app.admin(&format!("/v1/admin/summary?{span}")).await.expect(200);
            let listed = app.admin_items(&format!("/v1/admin/responses?{span}")).await;
            assert_eq!(summary["count"], expected, "{span} {backend:?}");
            assert_eq!(listed.len(), expected, "{span} {backend:?}");
            let days: i64 = summary["days"].as_array().unwrap().iter().map(|day| day["count"].as_i64().unwrap()).sum();
            assert_eq!(days, i64::try_from(expected).unwrap(), "{span} {backend:?}");
        }
    }
}

#[tokio::test]
async fn touchpoints_come_in_pages_those_with_most_responses_first() {
    const INVENTED: usize = 300;
    for backend in Backend::ALL {
        let app = TestApp::on(backend).setting("COUNTERBELL_RATE_LIMIT", "0").await;
        let respond = async |touchpoint: String| {
            app.respond(&sample::with(sample::response(4), json!({ "touchpoint": touchpoint }))).await.expect(201);
        };
        // Names that sort before those of the shop.
        for number in 0..INVENTED {
            respond(format!("a{number:03}")).await;
        }
        for (touchpoint, times) in [("store", 2), ("checkout", 3), ("till", 2)] {
            for _ in 0..times {
                respond(touchpoint.to_owned()).await;
            }
        }
        let names = |summary: &Value| -> Vec<String> {
            let touchpoints = summary["touchpoints"].as_array().unwrap();
            touchpoints.iter().map(|row| row["touchpoint"].as_str().unwrap().to_owned()).collect()
        };
        let first = app.admin("/v1/admin/summary").await.expect(200);
        assert_eq!((names(&first).len(), &first["count"]), (50, &json!(INVENTED + 7)), "{backend:?}");
        assert_eq!(names(&first)[..4], ["checkout", "store", "till", "a000"], "{backend:?}");

        let (mut all, mut path) = (Vec::new(), "/v1/admin/summary?metric=csat&limit=101".to_owned());
        loop {
            let page = app.admin(&path).await.expect(200);
            assert_eq!((&page["count"], &page["days"]), (&first["count"], &first["days"]), "{backend:?}");
            assert!(names(&page).len() <= 101);
            all.extend(names(&page));
            let Some(next) = page["next_cursor"].as_str() else { break };
            path = format!("/v1/admin/summary?metric=csat&limit=101&cursor={next}");
        }
        let expected = ["checkout", "store", "till"].map(str::to_owned).into_iter();
        let expected: Vec<_> = expected.chain((0..INVENTED).map(|number| format!("a{number:03}"))).collect();
        assert_eq!(all, expected, "{backend:?}");

        let whole = app.admin("/v1/admin/summary?touchpoint=store").await.expect(200);
        assert_eq!((names(&whole), &whole["next_cursor"]), (vec!["store".to_owned()], &Value::Null));
        for wrong in
            ["limit=0", "limit=201", "cursor=x", "cursor=00", "cursor=00000000000000ff", "cursor=0000000000000001ff"]
        {
            app.admin(&format!("/v1/admin/summary?{wrong}")).await.expect_problem(ProblemCode::InvalidParameter);
        }
    }
}
