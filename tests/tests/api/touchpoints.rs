//! Touchpoints: who answers for each and when it is open, and new ones that responses name.

use std::path::PathBuf;

use counterbell_shared::problem::ProblemCode;
use counterbell_shared::time::{UnixMillis, day_to_date};
use counterbell_tests::{Answer, Backend, CliOutput, Database, Place, TestApp, sample};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Any name that responses may have.
const ODD: &str = "Käse/12 %2F a+b?#";

fn touchpoints(app: &TestApp) -> String {
    format!("/v1/admin/sites/{}/touchpoints", app.site_key)
}

fn touchpoint(app: &TestApp, name: &str) -> String {
    format!("{}/{}", touchpoints(app), utf8_percent_encode(name, NON_ALPHANUMERIC))
}

async fn ask(app: &TestApp, method: Method, path: &str, body: Option<Value>) -> Answer {
    let request = app.request(method, path).bearer_auth(&app.api_key);
    app.send(if let Some(body) = body { request.json(&body) } else { request }).await
}

async fn put(app: &TestApp, path: &str, body: Value) -> Answer {
    ask(app, Method::PUT, path, Some(body)).await
}

/// Runs `touchpoint` with these words, and `--site`.
fn cli(app: &TestApp, args: &[&str]) -> CliOutput {
    app.cli(&[&["touchpoint"], args, &["--site", &app.site_key, "--json"]].concat())
}

fn file(app: &TestApp, document: &Value) -> PathBuf {
    let file = app.dir().join("document.json");
    std::fs::write(&file, document.to_string()).unwrap();
    file
}

fn opening_hours() -> Value {
    json!({ "hours": { "mon": ["09:00-17:00"], "fri": ["21:00-02:00"] }, "closed": ["2026-12-25"] })
}

/// The staff of the app's site: one person, whose number is 1, and the team "counter".
fn make_team(app: &TestApp) {
    app.execute("INSERT INTO teams (site_id, name, label, created_at) VALUES (1, 'counter', 'Counter', 1)");
}

fn owner(app: &TestApp) -> String {
    app.texts(&["email"], "person_addresses WHERE person_id = 1").remove(0)
}

/// What is seen changes with the time of day.
fn without_hours(mut view: Value) -> Value {
    view["hours"].as_object_mut().unwrap().retain(|name, _| name == "source" || name == "zone");
    view
}

#[tokio::test]
async fn cli_and_api_register_see_and_refuse_the_same() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        make_team(&app);
        let (path, hours) = (touchpoint(&app, ODD), opening_hours());
        app.admin(&path).await.expect_problem(ProblemCode::NotFound);
        let whole = json!({
            "label": "Cheese", "owner": owner(&app), "team": "counter", "zone": "europe/berlin", "calendar": hours,
        });
        let by_api = put(&app, &path, whole.clone()).await.expect(201);
        let expected = json!({
            "name": ODD, "label": "Cheese", "owner": { "person_id": 1, "email": owner(&app), "name": "" },
            "team": "counter", "zone": "Europe/Berlin", "calendar": hours, "created_at": by_api["created_at"],
            "hours": { "source": "touchpoint", "zone": "Europe/Berlin" },
        });
        assert_eq!(without_hours(by_api.clone()), expected, "{backend:?}");
        assert_eq!(put(&app, &path, whole).await.expect(200)["created_at"], by_api["created_at"], "{backend:?}");

        let calendar = file(&app, &hours).display().to_string();
        let set = ["set", "till", "--owner", &owner(&app), "--team", "counter", "--zone", "Europe/Berlin"];
        let by_cli = cli(&app, &[&set[..], &["--label", "Cheese", "--calendar", &calendar]].concat()).json();
        let as_expected = |name: &str, from: &Value| {
            let mut expected = expected.clone();
            (expected["name"], expected["created_at"]) = (json!(name), from["created_at"].clone());
            expected
        };
        assert_eq!(without_hours(by_cli.clone()), as_expected("till", &by_cli), "{backend:?}");
        assert_eq!(without_hours(app.admin(&touchpoint(&app, "till")).await.expect(200)), as_expected("till", &by_cli));

        // What is not given stays for the command, and is taken away by PUT.
        let changed = cli(&app, &["set", "till", "--always", "--no-owner", "--site-zone"]).json();
        assert_eq!(
            (&changed["owner"], &changed["zone"], &changed["team"]),
            (&json!(null), &json!(null), &json!("counter"))
        );
        assert_eq!((&changed["calendar"], &changed["hours"]["is_open"]), (&json!("always"), &json!(true)));
        assert_eq!(put(&app, &touchpoint(&app, "till"), json!({})).await.expect(200)["label"], "till");
        let listed = app.admin_items(&touchpoints(&app)).await;
        assert_eq!(listed, cli(&app, &["list"]).json()["items"].as_array().unwrap().clone(), "{backend:?}");
        assert_eq!(listed.iter().map(|item| &item["name"]).collect::<Vec<_>>(), [ODD, "till"], "{backend:?}");

        for (body, args, pointers) in [
            (json!({ "owner": "eve@shop.example" }), &["--owner", "eve@shop.example"][..], vec!["/owner"]),
            (json!({ "team": "nobody" }), &["--team", "nobody"], vec!["/team"]),
            (json!({ "zone": "Mars" , "label": " " }), &["--zone", "Mars", "--label", " "], vec!["/label", "/zone"]),
        ] {
            let problem = put(&app, &path, body).await.expect_problem(ProblemCode::InvalidTouchpoint);
            assert_eq!(problem.errors.iter().map(|error| &error.pointer).collect::<Vec<_>>(), pointers, "{backend:?}");
            let refused = cli(&app, &[&["set", "new one"], args].concat());
            assert!(!refused.status.success() && refused.stderr.lines().count() == 1, "{refused:?}");
            for error in &problem.errors {
                let told = format!("--{} {}", &error.pointer[1..], error.detail);
                assert!(refused.stderr.contains(&told), "{told}: {refused:?}");
            }
        }
        assert_eq!(app.count("touchpoints"), 2, "{backend:?}");

        assert_eq!(ask(&app, Method::DELETE, &path, None).await.status, 204, "{backend:?}");
        assert_eq!(ask(&app, Method::DELETE, &path, None).await.status, 204, "{backend:?}");
        assert!(cli(&app, &["remove", "till"]).status.success());
        let gone = cli(&app, &["remove", "till"]);
        assert!(!gone.status.success() && gone.stderr.contains("touchpoint list"), "{gone:?}");
        assert_eq!(app.count("touchpoints"), 0, "{backend:?}");
    }
}

#[tokio::test]
async fn calendar_of_a_site_is_checked_shown_and_cleared() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        let path = format!("/v1/admin/sites/{}/calendar", app.site_key);
        let site_calendar = |more: &[&str]| app.cli(&[&["site", "calendar", &app.site_key], more].concat());
        app.admin(&path).await.expect_problem(ProblemCode::NotFound);
        let wrong = json!({ "hours": { "mon": ["9-17"], "someday": [] }, "closed": ["25.12.2026"] });
        let problem = put(&app, &path, wrong.clone()).await.expect_problem(ProblemCode::InvalidCalendar);
        let pointers: Vec<_> = problem.errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(pointers, ["/hours/someday", "/hours/mon/0", "/closed/0"], "{backend:?}");
        let refused = site_calendar(&[&file(&app, &wrong).display().to_string()]);
        assert!(!refused.status.success(), "{refused:?}");
        for error in &problem.errors {
            assert!(refused.stderr.contains(&format!("{} {}", error.pointer, error.detail)), "{refused:?}");
        }
        let of_touchpoint = put(&app, &touchpoint(&app, "till"), json!({ "calendar": wrong })).await;
        let problem = of_touchpoint.expect_problem(ProblemCode::InvalidTouchpoint);
        let prefixed: Vec<_> = pointers.iter().map(|pointer| format!("/calendar{pointer}")).collect();
        assert_eq!(
            problem.errors.iter().map(|error| &error.pointer).collect::<Vec<_>>(),
            prefixed.iter().collect::<Vec<_>>()
        );

        let hours = opening_hours();
        let stored = put(&app, &path, hours.clone()).await.expect(201);
        assert_eq!((&stored["calendar"], &stored["hours"]["source"]), (&hours, &json!("site")), "{backend:?}");
        let shown = site_calendar(&[]);
        assert_eq!(serde_json::from_str::<Value>(&shown.stdout).unwrap(), hours, "{shown:?}");
        assert!(shown.stderr.contains("open now") || shown.stderr.contains("opens 20"), "{shown:?}");
        let again = file(&app, &serde_json::from_str(&shown.stdout).unwrap()).display().to_string();
        assert_eq!(without_hours(site_calendar(&[&again, "--json"]).json()), without_hours(stored));

        // So that it is not open, whatever the time is.
        let today = UnixMillis::now().day();
        let [today, tomorrow] = [today, today + 1].map(day_to_date);
        let whole_day = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].map(|day| (day, json!(["00:00-24:00"])));
        let week: serde_json::Map<_, _> = whole_day.into_iter().map(|(day, spans)| (day.to_owned(), spans)).collect();
        let closed = json!({ "hours": week, "closed": [today] });
        let stored = put(&app, &path, closed).await.expect(200)["hours"].clone();
        let opens = json!(format!("{tomorrow}T00:00:00.000Z"));
        assert_eq!((&stored["is_open"], &stored["next_open"]), (&json!(false), &opens), "{backend:?}");
        let at_till = put(&app, &touchpoint(&app, "till"), json!({})).await.expect(201)["hours"].clone();
        assert_eq!((&at_till["source"], &at_till["next_open"]), (&json!("site"), &opens), "{backend:?}");
        assert!(site_calendar(&[]).stderr.contains(&format!("opens {tomorrow} 00:00 UTC")), "{backend:?}");

        assert_eq!(ask(&app, Method::DELETE, &path, None).await.status, 204, "{backend:?}");
        let none = site_calendar(&["--clear", "--json"]).json();
        assert_eq!((&none["calendar"], &none["hours"]["source"]), (&Value::Null, &json!("none")), "{backend:?}");
        assert!(!site_calendar(&["-", "--clear"]).status.success());
    }
}

#[tokio::test]
async fn names_of_responses_that_nobody_registered_are_listed_as_new() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).any_age().await;
        for (name, day, score) in [(ODD, "2026-01-05", 5), (ODD, "2026-01-07", 1), ("till", "2026-01-06", 5)] {
            let members = json!({ "touchpoint": name, "created_at": format!("{day}T12:00:00Z") });
            app.respond(&sample::with(sample::response(score), members)).await.expect(201);
        }
        put(&app, &touchpoint(&app, "till"), json!({})).await.expect(201);

        let list = app.admin(&touchpoints(&app)).await.expect(200);

        let new = json!([{ "name": ODD, "first_day": "2026-01-05", "last_day": "2026-01-07", "responses": 2 }]);
        assert_eq!((&list["new"], &list["others"], &list["counted_from"]), (&new, &Value::Null, &Value::Null));
        let till = &list["items"][0];
        let seen = json!(["till", "2026-01-06", "2026-01-06", 1]);
        assert_eq!(json!([till["name"], till["first_day"], till["last_day"], till["responses"]]), seen, "{backend:?}");
        put(&app, &touchpoint(&app, ODD), json!({})).await.expect(201);
        let list = app.admin(&touchpoints(&app)).await.expect(200);
        assert_eq!((&list["new"], list["items"].as_array().unwrap().len()), (&json!([]), 2), "{backend:?}");
        assert_eq!(list["items"][0]["responses"], 2, "{backend:?}: {list}");
    }
}

#[tokio::test]
async fn somebody_who_makes_names_up_hides_no_touchpoint() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        let made_up = |first: u32, last: u32| {
            app.execute(&format!(
                "INSERT INTO score_days (site_id, metric, day, touchpoint, n0, n1, n2, n3, n4, n5, n6, n7, n8, n9, n10) \
                 WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {last}) \
                 SELECT 1, 'csat', 20000 + i % 2, 'made up ' || i, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0 FROM n"
            ));
        };
        let listed = async || app.admin(&touchpoints(&app)).await.expect(200);
        made_up(1001, 1200);
        let list = listed().await;
        assert_eq!((list["new"].as_array().unwrap().len(), &list["others"]), (200, &Value::Null), "{backend:?}");

        made_up(1201, 1500);
        for _ in 0..2 {
            app.respond(&sample::with(sample::response(1), json!({ "touchpoint": "zoo" }))).await.expect(201);
        }
        let list = listed().await;
        let others =
            json!({ "touchpoints": 301, "first_day": "2024-10-04", "last_day": "2024-10-05", "responses": 301 });
        assert_eq!((&list["others"], list["new"].as_array().unwrap().len()), (&others, 200), "{backend:?}");
        assert_eq!(list["new"][0]["name"], "zoo", "{backend:?}: those with most responses come first");
        let text = app.cli(&["touchpoint", "list", "--site", &app.site_key]).stdout;
        assert!(text.contains("and 301 others  301, from 2024-10-04 to 2024-10-05"), "{text}");
        assert_eq!(app.count("touchpoints"), 0, "{backend:?}: nothing is written for them");
    }
}

#[tokio::test]
async fn registered_touchpoints_come_in_pages() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        for place in 0..5 {
            put(&app, &touchpoint(&app, &format!("store {place}")), json!({})).await.expect(201);
        }
        let (mut names, mut cursor) = (Vec::new(), String::new());
        for expected in [2, 2, 1] {
            let page = app.admin(&format!("{}?limit=2{cursor}", touchpoints(&app))).await.expect(200);
            let items = page["items"].as_array().unwrap();
            assert_eq!(items.len(), expected, "{backend:?}");
            names.extend(items.iter().map(|item| item["name"].as_str().unwrap().to_owned()));
            cursor = page["next_cursor"].as_str().map(|next| format!("&cursor={next}")).unwrap_or_default();
        }
        assert_eq!((names, cursor.as_str()), ((0..5).map(|place| format!("store {place}")).collect(), ""));
        for bad in ["limit=0", "cursor=00", "cursor=x"] {
            let answer = app.admin(&format!("{}?{bad}", touchpoints(&app))).await;
            answer.expect_problem(ProblemCode::InvalidParameter);
        }
    }
}

#[tokio::test]
async fn name_that_responses_cannot_have_is_refused() {
    let app = TestApp::on(Backend::Sqlite).await;
    for part in ["%ff", "%20", "%00", "%E2%80%AE", &"x".repeat(65)] {
        let path = format!("{}/{part}", touchpoints(&app));
        put(&app, &path, json!({})).await.expect_problem(ProblemCode::InvalidParameter);
    }
    let refused = cli(&app, &["set", " "]);
    assert!(!refused.status.success() && refused.stderr.contains("must not be empty"), "{refused:?}");
    assert_eq!(app.count("touchpoints"), 0);
}

#[tokio::test]
async fn journal_names_who_registered_and_changed_what() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        let calendar = format!("/v1/admin/sites/{}/calendar", app.site_key);
        let hours = opening_hours();
        put(&app, &touchpoint(&app, ODD), json!({ "label": "Cheese" })).await.expect(201);
        put(&app, &touchpoint(&app, ODD), json!({ "label": "Cheese" })).await.expect(200);
        put(&app, &calendar, hours.clone()).await.expect(201);
        put(&app, &calendar, hours).await.expect(200);
        assert!(cli(&app, &["set", ODD, "--label", "Milk"]).status.success());
        assert!(cli(&app, &["set", ODD, "--label", "Milk"]).status.success());
        assert!(cli(&app, &["remove", ODD]).status.success());
        assert!(app.cli(&["site", "calendar", &app.site_key, "--clear"]).status.success());

        let rows = "journal WHERE kind LIKE 'touchpoint.%' OR kind LIKE 'calendar.%' ORDER BY seq";
        let entries = app.texts(&["means", "kind", "subject", "data"], rows);

        let expected = [
            format!("api|touchpoint.stored|touchpoint/{ODD}|{{}}"),
            r#"api|calendar.changed|calendar|{"cleared":false}"#.to_owned(),
            format!("cli|touchpoint.stored|touchpoint/{ODD}|{{}}"),
            format!("cli|touchpoint.removed|touchpoint/{ODD}|{{}}"),
            r#"cli|calendar.changed|calendar|{"cleared":true}"#.to_owned(),
        ];
        assert_eq!(entries, expected, "{backend:?}");
    }
}

/// As in a database that a newer version, or somebody else, wrote.
#[tokio::test]
async fn calendar_that_cannot_be_read_counts_as_always_and_doctor_tells() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        let check = |name: &str| {
            let checks = app.cli(&["doctor", "--json"]).json()["checks"].clone();
            checks.as_array().unwrap().iter().find(|check| check["name"] == name).unwrap().clone()
        };
        put(&app, &touchpoint(&app, "till"), json!({ "calendar": opening_hours() })).await.expect(201);
        assert_eq!((&check("opening hours")["verdict"], &check("time zones")["verdict"]), (&json!("ok"), &json!("ok")));

        app.execute("UPDATE touchpoints SET calendar = '{\"hours\": 7}', zone = 'Mars/Olympus'");
        app.execute("UPDATE sites SET calendar = 'x'");

        let hours = app.admin(&touchpoint(&app, "till")).await.expect(200)["hours"].clone();
        let always = json!({ "source": "unreadable", "zone": "UTC", "is_open": true, "next_open": null });
        assert_eq!(hours, always, "{backend:?}");
        let of_site = app.admin(&format!("/v1/admin/sites/{}/calendar", app.site_key)).await.expect(200);
        assert_eq!((&of_site["calendar"], &of_site["hours"]), (&Value::Null, &always), "{backend:?}");
        for (name, told) in [("opening hours", "2 calendars"), ("time zones", "Mars/Olympus")] {
            let check = check(name);
            assert_eq!(check["verdict"], "warning", "{backend:?}: {check}");
            let found = check["found"].as_str().unwrap();
            assert!([told, "\"till\"", &app.site_key].iter().all(|part| found.contains(part)), "{check}");
            assert!(check["advice"].as_str().unwrap().contains("touchpoint set"), "{check}");
        }
        // What cannot be read is left alone until somebody puts another in its place.
        let labelled = cli(&app, &["set", "till", "--label", "Till"]).json();
        assert_eq!((&labelled["label"], &labelled["zone"]), (&json!("Till"), &json!("Mars/Olympus")), "{backend:?}");
        assert_eq!(app.count("touchpoints WHERE calendar = '{\"hours\": 7}'"), 1, "{backend:?}");
    }
}

#[tokio::test]
async fn all_of_it_is_copied_and_goes_with_the_site() {
    for backend in Backend::ALL {
        let mut app = TestApp::on(backend).await;
        make_team(&app);
        let hours = opening_hours();
        put(&app, &format!("/v1/admin/sites/{}/calendar", app.site_key), hours.clone()).await.expect(201);
        let whole =
            json!({ "owner_id": 1, "team": "counter", "zone": "Asia/Tokyo", "calendar": hours, "label": "Milk" });
        put(&app, &touchpoint(&app, ODD), whole).await.expect(201);
        let before = app.admin(&touchpoint(&app, ODD)).await.expect(200);
        let other = if backend == Backend::Sqlite { Backend::Postgres } else { Backend::Sqlite };
        let dir = TempDir::new().unwrap();
        let there = Database::create(Place::Backend(other), dir.path());
        app.program().kill();

        assert!(app.cli(&["copy", "--from", app.database_url(), "--to", there.url()]).status.success());

        app.set("COUNTERBELL_DATABASE_URL", there.url());
        app.start_again().await;
        assert_eq!(without_hours(app.admin(&touchpoint(&app, ODD)).await.expect(200)), without_hours(before));
        assert_eq!(there.count("sites WHERE calendar LIKE '{\"hours\"%'"), 1, "{backend:?}");

        assert!(app.cli(&["site", "delete", &app.site_key, "--yes"]).status.success());
        assert_eq!((there.count("touchpoints"), there.count("sites")), (0, 0), "{backend:?}");
    }
}
