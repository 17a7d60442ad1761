//! People of a site, by the admin API.

use counterbell_shared::problem::ProblemCode;
use counterbell_tests::{Answer, Backend, TestApp, sample};
use reqwest::Method;
use serde_json::{Value, json};

fn staff(site_key: &str) -> String {
    format!("/v1/admin/sites/{site_key}/staff")
}

async fn send(app: &TestApp, key: &str, method: Method, path: &str, body: &Value) -> Answer {
    app.send(app.request(method, path).bearer_auth(key).json(body)).await
}

/// Makes somebody staff of the app's site.
async fn add(app: &TestApp, body: Value) -> Answer {
    send(app, &app.api_key, Method::POST, &staff(&app.site_key), &body).await
}

async fn patch(app: &TestApp, person_id: &Value, body: Value) -> Answer {
    let path = format!("{}/{person_id}", staff(&app.site_key));
    let request = app.request(Method::PATCH, &path).bearer_auth(&app.api_key);
    app.send(request.header("content-type", "application/merge-patch+json").body(body.to_string())).await
}

async fn remove(app: &TestApp, person_id: &Value) -> u16 {
    let path = format!("{}/{person_id}", staff(&app.site_key));
    app.send(app.request(Method::DELETE, &path).bearer_auth(&app.api_key)).await.status
}

async fn list(app: &TestApp, query: &str) -> Vec<Value> {
    let page = app.admin(&format!("{}{query}", staff(&app.site_key))).await.expect(200);
    assert_eq!(page["next_cursor"], Value::Null);
    page["items"].as_array().unwrap().clone()
}

/// A key for every site there is.
fn key_to_all(app: &TestApp) -> String {
    app.cli(&["key", "create", "--all-sites", "--json"]).json()["api_key"].as_str().unwrap().to_owned()
}

fn pointers(answer: &Answer) -> Vec<String> {
    let errors = answer.expect_problem(ProblemCode::InvalidStaff).errors;
    errors.into_iter().map(|error| error.pointer).collect()
}

#[tokio::test]
async fn address_is_one_person_on_every_site_in_any_letter_case() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).recipients(&["Ann@shop.example"]).await;
        let other = app.create_site("https://other.example", "ann@SHOP.example");
        let key = key_to_all(&app);
        let ann = list(&app, "").await.remove(0);
        assert_eq!((&ann["email"], &ann["teams"]), (&json!("Ann@shop.example"), &json!(["alerts"])), "{backend:?}");

        let named = json!({ "email": "ANN@shop.example", "name": "Ann Lee", "zone": "europe/berlin" });
        let there = send(&app, &key, Method::POST, &staff(&other), &named).await.expect(200);

        assert_eq!(there["person_id"], ann["person_id"], "{backend:?}");
        let here = list(&app, "").await;
        assert_eq!(here.len(), 1, "{here:?}");
        assert_eq!((&here[0]["name"], &here[0]["zone"]), (&json!("Ann Lee"), &json!("Europe/Berlin")));
        assert_eq!(app.count("people"), 1, "{backend:?}");
    }
}

#[tokio::test]
async fn who_leaves_stays_known_and_comes_back_as_the_same_person() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        let ann = add(&app, json!({ "email": "ann@shop.example", "name": "Ann" })).await.expect(201);
        let id = &ann["person_id"];
        let bob = json!({ "email": "bob@shop.example", "manager_id": id });
        let bob = add(&app, bob).await.expect(201)["person_id"].clone();
        let team = format!("/v1/admin/sites/{}/teams/counter", app.site_key);
        let members = json!({ "label": "Counter", "members": [id, bob] });
        send(&app, &app.api_key, Method::PUT, &team, &members).await.expect(201);

        // Twice: who left before has left.
        assert_eq!((remove(&app, id).await, remove(&app, id).await), (200, 200), "{backend:?}");

        assert!(list(&app, "").await.iter().all(|person| person["person_id"] != *id), "{backend:?}");
        let all = list(&app, "?all=true").await;
        let left = all.iter().find(|person| person["person_id"] == *id).unwrap();
        assert!(left["left_at"].is_string() && left["teams"] == json!([]) && left["name"] == "Ann", "{left}");
        assert_eq!(app.admin(&team).await.expect(200)["members"], json!([bob]), "{backend:?}");
        let path = staff(&app.site_key);
        assert_eq!(app.admin(&format!("{path}/{bob}")).await.expect(200)["manager_id"], Value::Null);
        let refused = send(&app, &app.api_key, Method::PUT, &team, &members).await;
        assert_eq!(refused.expect_problem(ProblemCode::InvalidTeam).errors[0].pointer, "/members/0");
        assert_eq!(pointers(&patch(&app, &bob, json!({ "manager_id": id })).await), ["/manager_id"]);

        let back = add(&app, json!({ "email": "ANN@shop.example" })).await.expect(201);

        assert_eq!((&back["person_id"], &back["name"], &back["left_at"]), (id, &json!("Ann"), &Value::Null));
        assert_eq!((&back["joined_at"], &back["teams"]), (&ann["joined_at"], &json!([])), "{backend:?}");
    }
}

#[tokio::test]
async fn who_never_belonged_to_the_site_is_not_found() {
    let app = TestApp::on(Backend::Sqlite).await;
    let other = app.create_site("https://other.example", "elsewhere@shop.example");
    let elsewhere = app.texts(&["person_id"], "person_addresses WHERE email = 'elsewhere@shop.example'").remove(0);
    let path = staff(&app.site_key);
    for id in [&*elsewhere, "999", "0", "ann@shop.example"] {
        for (method, path) in
            [Method::GET, Method::PATCH, Method::DELETE].map(|method| (method, format!("{path}/{id}")))
        {
            let answer = send(&app, &app.api_key, method, &path, &json!({})).await;
            answer.expect_problem(ProblemCode::NotFound);
        }
    }
    let answer = app.admin(&staff(&other)).await;
    answer.expect_problem(ProblemCode::Forbidden);
}

#[tokio::test]
async fn addresses_are_changed_and_never_two_peoples() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        let aliases = json!(["a.lee@shop.example", "Ann@home.example"]);
        let ann = add(&app, json!({ "email": "ann@shop.example", "aliases": aliases })).await.expect(201);
        assert_eq!(ann["aliases"], aliases, "{backend:?}");
        let id = &ann["person_id"];
        let same = add(&app, json!({ "email": "ANN@HOME.example" })).await.expect(200);
        assert_eq!((&same["person_id"], &same["email"]), (id, &json!("ann@shop.example")), "{backend:?}");

        for (taken, refused) in [
            (add(&app, json!({ "email": "new@shop.example", "aliases": ["A.LEE@shop.example"] })).await, "A.LEE@shop"),
            (patch(&app, id, json!({ "email": sample::RECIPIENT })).await, sample::RECIPIENT),
            (patch(&app, id, json!({ "aliases": ["STAFF@shop.example"] })).await, "STAFF@shop"),
        ] {
            let problem = taken.expect_problem(ProblemCode::AddressTaken);
            assert!(problem.detail.contains(refused), "{problem:?}");
        }
        assert_eq!(app.count("person_addresses WHERE email_key = 'new@shop.example'"), 0, "{backend:?}: half made");
        assert_eq!(app.count("people"), 2, "{backend:?}");

        let main = patch(&app, id, json!({ "email": "a.lee@shop.example" })).await.expect(200);
        assert_eq!(main["email"], "a.lee@shop.example");
        assert_eq!(main["aliases"], json!(["Ann@home.example", "ann@shop.example"]), "{backend:?}");
        let none = patch(&app, id, json!({ "aliases": null })).await.expect(200);
        assert_eq!((&none["email"], &none["aliases"]), (&json!("a.lee@shop.example"), &json!([])), "{backend:?}");
        // Free again.
        add(&app, json!({ "email": "ann@shop.example" })).await.expect(201);
        let many: Vec<_> = (0..10).map(|number| format!("ann{number}@home.example")).collect();
        patch(&app, id, json!({ "aliases": many })).await.expect(200);
        assert_eq!(pointers(&patch(&app, id, json!({ "email": "eleven@home.example" })).await), ["/email"]);
    }
}

/// RFC 7396.
#[tokio::test]
async fn what_is_left_out_of_a_change_stays_and_null_takes_away() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        let whole = json!({ "email": "ann@shop.example", "name": "Ann", "language": "pt-BR", "zone": "Europe/Lisbon",
            "absent_from": "2026-12-24", "absent_to": "2026-12-26" });
        let ann = add(&app, whole).await.expect(201);
        let id = &ann["person_id"];

        let nothing = patch(&app, id, json!({})).await.expect(200);
        assert_eq!(nothing, ann, "{backend:?}");
        let last_day = patch(&app, id, json!({ "absent_to": "2027-01-01" })).await.expect(200);
        assert_eq!(last_day, sample::with(ann.clone(), json!({ "absent_to": "2027-01-01" })), "{backend:?}");
        let open = patch(&app, id, json!({ "absent_to": null })).await.expect(200);
        assert_eq!((&open["absent_from"], &open["absent_to"]), (&json!("2026-12-24"), &Value::Null), "{backend:?}");
        let all = json!({ "name": null, "language": null, "zone": null, "manager_id": null, "absent_from": null });
        let bare = patch(&app, id, all.clone()).await.expect(200);
        for member in all.as_object().unwrap().keys() {
            assert_eq!(bare[member], Value::Null, "{backend:?}: {bare}");
        }
        assert_eq!(bare["email"], "ann@shop.example");

        // JSON is taken as well, and nothing else.
        let path = format!("{}/{id}", staff(&app.site_key));
        send(&app, &app.api_key, Method::PATCH, &path, &json!({ "name": "Ann" })).await.expect(200);
        let text = app.request(Method::PATCH, &path).bearer_auth(&app.api_key).header("content-type", "text/plain");
        let problem = app.send(text.body("{}")).await.expect_problem(ProblemCode::UnsupportedMediaType);
        assert!(problem.detail.contains("application/merge-patch+json"), "{problem:?}");
    }
}

#[tokio::test]
async fn managers_do_not_lead_in_a_circle() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        let mut ids = Vec::new();
        for name in ["ann", "bob", "cem"] {
            let person = add(&app, json!({ "email": format!("{name}@shop.example") })).await.expect(201);
            ids.push(person["person_id"].clone());
        }
        let [ann, bob, cem] = &ids[..] else { unreachable!() };
        let managed = patch(&app, ann, json!({ "manager_id": bob })).await.expect(200);
        assert_eq!(managed["manager_id"], *bob, "{backend:?}");
        patch(&app, bob, json!({ "manager_id": cem })).await.expect(200);

        for (person, manager) in [(cem, ann), (cem, bob), (ann, ann), (cem, &json!(999))] {
            let refused = patch(&app, person, json!({ "manager_id": manager, "name": "Cem" })).await;
            assert_eq!(pointers(&refused), ["/manager_id"], "{backend:?}: {person} by {manager}");
        }
        assert!(list(&app, "").await.iter().all(|person| person["name"] == Value::Null), "{backend:?}: half changed");
    }
}

#[tokio::test]
async fn absence_is_whole_days_in_the_zone_of_the_person_else_of_the_site() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        assert!(app.cli(&["site", "set", &app.site_key, "--zone", "Europe/Berlin"]).status.success());
        let days = json!({ "absent_from": "2026-03-29", "absent_to": "2026-03-29" });
        let moments = |id: &Value| app.texts(&["absent_from", "absent_to"], &format!("members WHERE person_id = {id}"));
        let midnight = |time: &str| time.parse::<counterbell_shared::time::UnixMillis>().unwrap().0;
        let stored = |from: &str, to: &str| vec![format!("{}|{}", midnight(from), midnight(to))];

        let ann = add(&app, sample::with(days.clone(), json!({ "email": "ann@shop.example" }))).await.expect(201);
        // The night in which clocks go forward: a day of 23 hours.
        let expected = stored("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z");
        assert_eq!(moments(&ann["person_id"]), expected, "{backend:?}");
        let tokyo = json!({ "email": "kei@shop.example", "zone": "Asia/Tokyo" });
        let kei = add(&app, sample::with(days.clone(), tokyo)).await.expect(201);
        let expected = stored("2026-03-28T15:00:00Z", "2026-03-29T15:00:00Z");
        assert_eq!(moments(&kei["person_id"]), expected, "{backend:?}");
        for person in [&ann, &kei] {
            assert_eq!((&person["absent_from"], &person["absent_to"]), (&days["absent_from"], &days["absent_to"]));
            assert_eq!(person["absent"], false, "it is over: {person}");
        }
        // Known from another site by the time the day is read.
        let other = app.create_site("https://other.example", "other@shop.example");
        let body = sample::with(days, json!({ "email": "kei@shop.example" }));
        let there = send(&app, &key_to_all(&app), Method::POST, &staff(&other), &body).await.expect(201);
        assert_eq!(there["absent_from"], "2026-03-29", "{backend:?}");
        let both = moments(&kei["person_id"]);
        assert!(both.len() == 2 && both[0] == both[1], "{backend:?}: {both:?}");

        let away = patch(&app, &ann["person_id"], json!({ "absent_from": "2026-01-01", "absent_to": null })).await;
        assert_eq!(away.expect(200)["absent"], true, "{backend:?}");
    }
}

#[tokio::test]
async fn all_that_is_wrong_is_told_at_once_and_nothing_changed() {
    let app = TestApp::on(Backend::Sqlite).await;
    let ann = add(&app, json!({ "email": "ann@shop.example" })).await.expect(201);
    let wrong = json!({ "email": "ann", "aliases": ["a@b.example", "x", 7], "name": "", "language": "german",
        "zone": "Europe/Berln", "manager_id": "bob", "absent_from": "24.12.2026", "absent_to": "2026-02-30", "role": 1 });
    let mut found = pointers(&patch(&app, &ann["person_id"], wrong.clone()).await);
    found.sort_unstable();
    let expected = [
        "/absent_from",
        "/absent_to",
        "/aliases/1",
        "/aliases/2",
        "/email",
        "/language",
        "/manager_id",
        "/name",
        "/role",
        "/zone",
    ];
    assert_eq!(found, expected);
    assert_eq!(pointers(&add(&app, json!({ "name": "Ann" })).await), ["/email"]);
    for (body, pointer) in [
        (json!({ "absent_to": "2026-12-24" }), "/absent_to"),
        (json!({ "absent_from": "2026-12-24", "absent_to": "2026-12-23" }), "/absent_to"),
        (json!({ "email": null }), "/email"),
        (json!({ "language": "nl" }), "/language"),
        (json!([]), ""),
    ] {
        assert_eq!(pointers(&patch(&app, &ann["person_id"], body.clone()).await), [pointer], "{body}");
    }
    assert_eq!(app.admin(&format!("{}/{}", staff(&app.site_key), ann["person_id"])).await.expect(200), ann);
}

/// Or whoever has a key of one site could have the alerts of another sent to themselves.
#[tokio::test]
async fn key_of_one_site_does_not_change_who_belongs_to_another_too() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        app.create_site("https://other.example", "ann@shop.example");
        for wrong in [json!({ "name": "X" }), json!({ "aliases": ["x@evil.example"] })] {
            let body = sample::with(wrong, json!({ "email": "ann@shop.example" }));
            add(&app, body).await.expect_problem(ProblemCode::Forbidden);
        }
        let ann = add(&app, json!({ "email": "ann@shop.example" })).await.expect(201);
        let id = &ann["person_id"];

        let refused = patch(&app, id, json!({ "email": "x@evil.example" })).await;

        refused.expect_problem(ProblemCode::Forbidden);
        let own = patch(&app, id, json!({ "absent_from": "2026-12-24" })).await.expect(200);
        assert_eq!((&own["email"], &own["absent_from"]), (&json!("ann@shop.example"), &json!("2026-12-24")));
        let path = format!("{}/{id}", staff(&app.site_key));
        send(&app, &key_to_all(&app), Method::PATCH, &path, &json!({ "name": "Ann" })).await.expect(200);
    }
}

#[tokio::test]
async fn changes_are_written_down_without_names_and_addresses() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        let key = app.texts(&["key_id"], "api_keys").remove(0);
        let body = json!({ "email": "quokka@shop.example", "name": "Quokka", "language": "de" });
        let id = add(&app, body.clone()).await.expect(201)["person_id"].clone();
        // Nothing new.
        add(&app, body).await.expect(200);
        let change = json!({ "aliases": ["q@quokka.example"], "zone": "UTC", "absent_from": "2026-12-24" });
        patch(&app, &id, change).await.expect(200);
        let team = format!("/v1/admin/sites/{}/teams/counter", app.site_key);
        let members = json!({ "label": "Quokkas", "members": [id] });
        send(&app, &app.api_key, Method::PUT, &team, &members).await.expect(201);
        send(&app, &app.api_key, Method::PUT, &team, &members).await.expect(200);
        assert_eq!(app.send(app.request(Method::DELETE, &team).bearer_auth(&app.api_key)).await.status, 204);
        assert_eq!((remove(&app, &id).await, remove(&app, &id).await), (200, 200));

        let by = format!("key/{key}|api");
        let expected = [
            format!("{by}|staff.added|person/{id}|{{}}"),
            format!("{by}|staff.changed|person/{id}|{{\"fields\":[\"name\",\"language\"]}}"),
            format!("{by}|staff.changed|person/{id}|{{\"fields\":[\"aliases\",\"zone\",\"absent\"]}}"),
            format!("{by}|team.stored|team/counter|{{}}"),
            format!("{by}|team.removed|team/counter|{{}}"),
            format!("{by}|staff.left|person/{id}|{{}}"),
        ];
        let columns = ["actor", "means", "kind", "subject", "data"];
        let rows = "journal WHERE means = 'api' AND site_id > 0 ORDER BY seq";
        assert_eq!(app.texts(&columns, rows), expected, "{backend:?}");
        let all = app.texts(&columns, "journal").concat().to_lowercase() + &app.log().to_lowercase();
        assert!(!all.contains("quokka"), "{backend:?}: {all}");
    }
}
