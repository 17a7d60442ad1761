//! Teams of a site, by the admin API.

use counterbell_shared::problem::ProblemCode;
use counterbell_tests::{Answer, Backend, TestApp};
use reqwest::Method;
use serde_json::{Value, json};

async fn send(app: &TestApp, method: Method, path: &str, body: &Value) -> Answer {
    let path = format!("/v1/admin/sites/{}/{path}", app.site_key);
    app.send(app.request(method, &path).bearer_auth(&app.api_key).json(body)).await
}

async fn add(app: &TestApp, email: &str) -> Value {
    send(app, Method::POST, "staff", &json!({ "email": email })).await.expect(201)["person_id"].clone()
}

#[tokio::test]
async fn team_keeps_its_order_until_it_is_taken_away() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        let (ann, bob) = (add(&app, "ann@shop.example").await, add(&app, "bob@shop.example").await);
        let first = json!({ "label": "At the counter", "members": [bob, ann] });

        let made = send(&app, Method::PUT, "teams/counter", &first).await.expect(201);

        assert_eq!((&made["name"], &made["members"]), (&json!("counter"), &first["members"]), "{backend:?}");
        let second = json!({ "label": "Counter", "members": [ann, bob] });
        let changed = send(&app, Method::PUT, "teams/counter", &second).await.expect(200);
        assert_eq!((&changed["label"], &changed["members"]), (&second["label"], &second["members"]), "{backend:?}");
        assert_eq!(changed["created_at"], made["created_at"]);
        let all = send(&app, Method::GET, "teams", &json!({})).await.expect(200);
        let names: Vec<_> = all["items"].as_array().unwrap().iter().map(|team| team["name"].clone()).collect();
        assert_eq!(names, ["alerts", "counter"], "{backend:?}");
        let of_ann = send(&app, Method::GET, &format!("staff/{ann}"), &json!({})).await.expect(200);
        assert_eq!(of_ann["teams"], json!(["counter"]), "{backend:?}");

        // Twice: what was taken away before is gone.
        for _ in 0..2 {
            assert_eq!(send(&app, Method::DELETE, "teams/counter", &json!({})).await.status, 204, "{backend:?}");
        }

        send(&app, Method::GET, "teams/counter", &json!({})).await.expect_problem(ProblemCode::NotFound);
        let of_ann = send(&app, Method::GET, &format!("staff/{ann}"), &json!({})).await.expect(200);
        assert_eq!(of_ann["teams"], json!([]), "{backend:?}");
        let again = send(&app, Method::PUT, "teams/counter", &json!({ "label": "New", "members": [] })).await;
        assert_eq!(again.expect(201)["members"], json!([]), "{backend:?}");
    }
}

#[tokio::test]
async fn all_members_that_are_wrong_are_told_at_once() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        let ann = add(&app, "ann@shop.example").await;
        app.create_site("https://other.example", "other@shop.example");
        let other = app.texts(&["person_id"], "person_addresses WHERE email = 'other@shop.example'").remove(0);
        let other: i64 = other.parse().unwrap();

        let members = json!({ "label": "Counter", "members": [other, ann, 999, ann] });
        let refused = send(&app, Method::PUT, "teams/counter", &members).await;

        let errors = refused.expect_problem(ProblemCode::InvalidTeam).errors;
        let told: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(told, ["/members/0", "/members/2", "/members/3"], "{backend:?}: {errors:?}");
        assert_eq!(app.count("teams WHERE name = 'counter'"), 0, "{backend:?}");
    }
}

#[tokio::test]
async fn recipients_of_a_site_are_the_team_alerts_which_stays() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).recipients(&["ann@shop.example"]).await;
        let recipients = || app.cli(&["site", "list", "--json"]).json()[0]["recipients"].clone();
        let bob = add(&app, "bob@shop.example").await;
        assert_eq!(recipients(), json!(["ann@shop.example"]), "{backend:?}");

        let only_bob = json!({ "label": "Alerts", "members": [bob] });
        send(&app, Method::PUT, "teams/alerts", &only_bob).await.expect(200);
        assert_eq!(recipients(), json!(["bob@shop.example"]), "{backend:?}");

        let add = ["site", "set", &app.site_key, "--add-recipient", "ann@shop.example"];
        assert!(app.cli(&add).status.success());
        let team = send(&app, Method::GET, "teams/alerts", &json!({})).await.expect(200);
        assert_eq!(team["members"], json!([bob, 1]), "{backend:?}: {team}");

        let refused = send(&app, Method::DELETE, "teams/alerts", &json!({})).await;
        refused.expect_problem(ProblemCode::TeamNeeded);
        assert_eq!(recipients(), json!(["ann@shop.example", "bob@shop.example"]), "{backend:?}");
        let path = format!("staff/{bob}");
        assert_eq!(send(&app, Method::DELETE, &path, &json!({})).await.status, 200);
        assert_eq!(recipients(), json!(["ann@shop.example"]), "{backend:?}");
    }
}

#[tokio::test]
async fn site_has_so_many_people_and_teams_and_no_more() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        let teams = (0..99).map(|number| format!("((SELECT id FROM sites), 'team-{number}', 'Team', 0)"));
        let teams = teams.collect::<Vec<_>>().join(", ");
        app.execute(&format!("INSERT INTO teams (site_id, name, label, created_at) VALUES {teams}"));
        let empty = json!({ "label": "Team", "members": [] });
        let refused = send(&app, Method::PUT, "teams/team-99", &empty).await;
        refused.expect_problem(ProblemCode::InvalidTeam);
        send(&app, Method::PUT, "teams/team-98", &json!({ "label": "Other", "members": [] })).await.expect(200);
        assert_eq!(send(&app, Method::DELETE, "teams/team-0", &json!({})).await.status, 204, "{backend:?}");
        send(&app, Method::PUT, "teams/team-99", &empty).await.expect(201);

        let people =
            |row: &str| (1000..1999).map(|id| row.replace("ID", &id.to_string())).collect::<Vec<_>>().join(", ");
        app.execute(&format!("INSERT INTO people (id, name, created_at) VALUES {}", people("(ID, '', 0)")));
        let rows = people("((SELECT id FROM sites), ID, 0)");
        app.execute(&format!("INSERT INTO members (site_id, person_id, joined_at) VALUES {rows}"));
        let new = json!({ "email": "new@shop.example" });
        send(&app, Method::POST, "staff", &new).await.expect_problem(ProblemCode::InvalidStaff);
        assert_eq!(send(&app, Method::DELETE, "staff/1", &json!({})).await.status, 200, "{backend:?}");
        send(&app, Method::POST, "staff", &new).await.expect(201);
    }
}
