//! What is taken of a body, and what is refused, against the schema in the document.

use std::collections::BTreeSet;

use counterbell_tests::{Answer, Backend, Contract, TestApp, sample};
use reqwest::Method;
use serde_json::{Value, json};

use super::cases::{BESIDE, Case, Cases};
use super::samples;

/// JSON pointers of what was refused or left out.
fn named(answer: &Answer) -> Vec<String> {
    let json = answer.json();
    let errors = json["errors"].as_array().into_iter().flatten().map(|error| &error["pointer"]);
    let ignored = json["ignored"].as_array().into_iter().flatten();
    errors.chain(ignored).map(|pointer| pointer.as_str().unwrap().to_owned()).collect()
}

/// Whether a pointer names the place, something in it, or the list that it is an item of.
fn tells_of(pointer: &str, place: &str) -> bool {
    let (list, item) = place.rsplit_once('/').unwrap();
    pointer == place || pointer.starts_with(&format!("{place}/")) || (pointer == list && item.parse::<u8>().is_ok())
}

/// The members that an answer says there are beside one that is not known, in the order of their names.
fn known_members(answer: &Answer) -> Option<String> {
    let json = answer.json();
    let (_, known) = json["errors"][0]["detail"].as_str()?.split_once("is not known here: use ")?;
    let mut known: Vec<_> = known.split(", ").collect();
    known.sort_unstable();
    Some(known.join(", "))
}

/// Sends every case of these bodies: what fits is taken, of what does not the place is named. What fits may still be
/// refused for what else is in the body, if another of the bodies shows that it is taken; `never` does in none.
async fn check(
    contract: &Contract,
    operation: &str,
    bodies: &[Value],
    never: &[&str],
    send: impl AsyncFn(Case) -> Answer,
) {
    let (_, described) = contract.operations().find(|(name, _)| name == operation).unwrap();
    let schema = &described["requestBody"]["content"]["application/json"]["schema"];
    let faults = contract.validator(schema);
    let (mut tried, mut taken) = (BTreeSet::new(), BTreeSet::new());
    for body in bodies {
        assert_eq!(faults(body), Vec::<String>::new(), "{body}");
        for case in Cases::of(contract, schema, body) {
            let Case { at, rule, fits, .. } = &case;
            let place = format!("{operation}: {rule} at {at}");
            let wrong = faults(&case.body);
            assert_eq!(wrong.is_empty(), *fits, "{place}: {wrong:?}");
            let (at, rule, fits) = (at.clone(), rule.clone(), *fits);
            let answer = send(case).await;
            let named = named(&answer);
            if !fits {
                let is_named = named.iter().any(|pointer| tells_of(pointer, &at));
                assert!(is_named, "{place}, beyond it: {}", answer.text());
                if let (Some(described), Some(known)) = (rule.strip_prefix(BESIDE), known_members(&answer)) {
                    assert_eq!(described, known, "{place}");
                }
                continue;
            }
            // Each item of a list is like the others.
            let place = at.split('/').map(|part| if part.parse::<u8>().is_ok() { "*" } else { part });
            let place = format!("{} {rule}", place.collect::<Vec<_>>().join("/"));
            if answer.status < 300 && named.is_empty() {
                taken.insert(place.clone());
            }
            tried.insert(place);
        }
    }
    let refused: Vec<_> = tried.difference(&taken).collect();
    assert_eq!(refused, never, "{operation}");
    every_member_was_there(contract, schema, bodies);
}

/// A member that no body has would not be tried.
fn every_member_was_there(contract: &Contract, schema: &Value, bodies: &[Value]) {
    let mut names = BTreeSet::new();
    bodies.iter().for_each(|body| member_names(body, &mut names));
    let mut described = BTreeSet::new();
    described_names(contract, schema, &mut described);
    assert_eq!(described.difference(&names).collect::<Vec<_>>(), Vec::<&String>::new());
}

fn member_names(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            names.extend(members.keys().cloned());
            members.values().for_each(|member| member_names(member, names));
        }
        Value::Array(items) => items.iter().for_each(|item| member_names(item, names)),
        _ => {}
    }
}

fn described_names(contract: &Contract, schema: &Value, names: &mut BTreeSet<String>) {
    match contract.resolve(schema) {
        Value::Object(members) => {
            if let Some(Value::Object(properties)) = members.get("properties") {
                names.extend(properties.keys().cloned());
                properties.values().for_each(|property| described_names(contract, property, names));
            }
            for part in ["items", "additionalProperties", "oneOf"] {
                members.get(part).into_iter().for_each(|part| described_names(contract, part, names));
            }
        }
        Value::Array(several) => several.iter().for_each(|one| described_names(contract, one, names)),
        _ => {}
    }
}

#[tokio::test]
async fn limits_of_a_response_are_those_of_the_document() {
    let app = TestApp::on(Backend::Sqlite).await;
    app.publish_survey(&sample::survey(&"x".repeat(40)));
    let contract = Contract::of(&app).await;
    let bodies = ["nps", "csat"].map(|survey| samples::response(&app, survey));
    check(&contract, "POST /v1/responses", &bodies, &[], async |mut case| {
        if case.at != "/response_id" {
            case.body["response_id"] = sample::response_id().into();
        }
        app.send(app.request(Method::POST, "/v1/responses").json(&case.body)).await
    })
    .await;
}

#[tokio::test]
async fn limits_of_a_survey_are_those_of_the_document() {
    let app = TestApp::on(Backend::Sqlite).await;
    let contract = Contract::of(&app).await;
    // The first is a language that no text of the body has; the second must hold the name.
    let never = ["/default_locale maxLength", "/texts/greeting/en maxLength"];
    check(&contract, "PUT /v1/admin/surveys/{name}", &samples::surveys(), &never, async |mut case| {
        let metrics = ["csat", "nps", "ces", "expectation"];
        let metric = metrics.into_iter().find(|metric| case.body["metric"] == **metric).unwrap_or("none");
        if case.at != "/name" {
            case.body["name"] = format!("own-{metric}").into();
        }
        let name = case.body["name"].as_str().filter(|name| name.len() > 3).unwrap_or("own");
        let request = app.request(Method::PUT, &format!("/v1/admin/surveys/{name}")).bearer_auth(&app.api_key);
        app.send(request.json(&case.body)).await
    })
    .await;
}

#[tokio::test]
async fn limits_of_touchpoints_and_calendars_are_those_of_the_document() {
    let app = TestApp::on(Backend::Sqlite).await;
    let contract = Contract::of(&app).await;
    let put = async |part: &str, body: &Value| {
        let address = format!("/v1/admin/sites/{}/{part}", app.site_key);
        app.send(app.request(Method::PUT, &address).bearer_auth(&app.api_key).json(body)).await
    };
    // Nobody and nothing has a name as long as that.
    let never = ["/owner maxLength", "/team maxLength", "/zone maxLength"];
    let operation = "PUT /v1/admin/sites/{site_key}/touchpoints/{touchpoint}";
    let bodies = samples::touchpoints(&app);
    check(&contract, operation, &bodies, &never, async |case| put("touchpoints/till", &case.body).await).await;
    let operation = "PUT /v1/admin/sites/{site_key}/calendar";
    check(&contract, operation, &[samples::calendar()], &[], async |case| put("calendar", &case.body).await).await;
}

#[tokio::test]
async fn limits_of_a_theme_are_those_of_the_document() {
    let app = TestApp::on(Backend::Sqlite).await;
    let contract = Contract::of(&app).await;
    let address = format!("/v1/admin/sites/{}/theme", app.site_key);
    let put =
        async |body: &Value| app.send(app.request(Method::PUT, &address).bearer_auth(&app.api_key).json(body)).await;
    let operation = "PUT /v1/admin/sites/{site_key}/theme";
    check(&contract, operation, &[samples::theme()], &[], async |case| put(&case.body).await).await;

    // What a pattern counts.
    let faults = contract.validator(&json!({ "$ref": "#/components/schemas/ThemeDocument" }));
    for (fonts, fits) in
        [("x".repeat(64), true), ("x".repeat(65), false), (["x"; 10].join(","), true), (["x"; 11].join(","), false)]
    {
        let body = json!({ "font": fonts });
        assert_eq!(faults(&body).is_empty(), fits, "{body}");
        assert_eq!(named(&put(&body).await).is_empty(), fits, "{body}");
    }
}

#[tokio::test]
async fn limits_of_a_person_are_those_of_the_document() {
    let app = TestApp::on(Backend::Sqlite).await;
    let contract = Contract::of(&app).await;
    let people = format!("/v1/admin/sites/{}/staff", app.site_key);
    let boss = json!({ "email": "boss@shop.example" });
    let boss = app.send(app.request(Method::POST, &people).bearer_auth(&app.api_key).json(&boss)).await.expect(201);
    let whole = samples::person(boss["person_id"].as_i64().unwrap());
    // Whoever comes back without having been away has no last day.
    let mut without_end = whole.clone();
    without_end.as_object_mut().unwrap().remove("absent_to");
    let bodies = [whole, without_end];
    // No mail server's name is as long, and number 1 is the person's own.
    let never = ["/aliases/* maxLength", "/email maxLength", "/manager_id minimum"];
    let person = format!("{people}/1");
    for (operation, method, address) in [
        ("POST /v1/admin/sites/{site_key}/staff", Method::POST, &people),
        ("PATCH /v1/admin/sites/{site_key}/staff/{person_id}", Method::PATCH, &person),
    ] {
        check(&contract, operation, &bodies, &never, async |case| {
            let request = app.request(method.clone(), address).bearer_auth(&app.api_key);
            app.send(request.json(&case.body)).await
        })
        .await;
    }
}

#[tokio::test]
async fn limits_of_a_team_are_those_of_the_document() {
    let app = TestApp::on(Backend::Sqlite).await;
    let contract = Contract::of(&app).await;
    let address = format!("/v1/admin/sites/{}/teams/counter", app.site_key);
    // Of one person many times.
    let never = ["/members maxItems"];
    let operation = "PUT /v1/admin/sites/{site_key}/teams/{name}";
    check(&contract, operation, &[samples::team()], &never, async |case| {
        app.send(app.request(Method::PUT, &address).bearer_auth(&app.api_key).json(&case.body)).await
    })
    .await;
}

#[tokio::test]
async fn limits_of_a_root_cause_are_those_of_the_document() {
    let app = TestApp::on(Backend::Sqlite).await;
    let contract = Contract::of(&app).await;
    let body = json!({ "label": "Delivery" });
    check(&contract, "PUT /v1/admin/root-causes/{name}", &[body], &[], async |case| {
        let request = app.request(Method::PUT, "/v1/admin/root-causes/delivery").bearer_auth(&app.api_key);
        app.send(request.json(&case.body)).await
    })
    .await;
}

#[tokio::test]
async fn limits_of_who_changes_open_cases_are_those_of_the_document() {
    let app = TestApp::on(Backend::Sqlite).await;
    let contract = Contract::of(&app).await;
    let operation = "POST /v1/admin/rules/{name}/open-cases";
    let bodies = [json!({ "person": sample::RECIPIENT }), json!({ "person_id": 1 })];
    // Nobody has an address as long as that.
    check(&contract, operation, &bodies, &["/person maxLength"], async |case| {
        let request = app.request(Method::POST, "/v1/admin/rules/unhappy/open-cases").bearer_auth(&app.api_key);
        app.send(request.json(&case.body)).await
    })
    .await;
}

/// The second case of a site as it was when it was opened, but for a second response; the id of that.
async fn two_cases(app: &TestApp) -> String {
    for _ in 0..3 {
        app.respond(&sample::response(1)).await.expect(201);
    }
    app.triaged().await;
    app.admin("/v1/admin/cases/3").await.expect(200);
    let merge = json!({ "action": "merge", "into": 2, "person_id": 1 });
    let request = app.request(Method::POST, "/v1/admin/cases/3/actions").bearer_auth(&app.api_key);
    app.send(request.json(&merge)).await.expect(200);
    let case = app.admin("/v1/admin/cases/2").await.expect(200);
    case["responses"][1]["response_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn limits_of_actions_on_cases_are_those_of_the_document() {
    let app = TestApp::on(Backend::Sqlite).await;
    let contract = Contract::of(&app).await;
    let response_id = two_cases(&app).await;
    let whole = app.texts(&["details"], "cases WHERE number = 2").remove(0);
    // Nobody and nothing has a name as long as that.
    let never = ["/person maxLength", "/root_cause maxLength", "/team maxLength", "/to maxLength"];
    check(&contract, "POST /v1/admin/cases/{number}/actions", &samples::actions(&response_id), &never, async |case| {
        // As it was before the one that came before.
        app.execute(&format!(
            "UPDATE cases SET state = 'open', closed_at = NULL, resolved_at = NULL, nothing_to_do = NULL, \
             merged_into = NULL, owner_id = NULL, response_count = 2, details = '{whole}' WHERE number = 2"
        ));
        app.execute("DELETE FROM case_notes");
        app.execute(
            "UPDATE case_responses SET case_id = (SELECT case_id FROM cases WHERE number = 2) \
             WHERE case_id <> (SELECT case_id FROM cases WHERE number = 1) OR joined_at > \
             (SELECT min(joined_at) FROM case_responses)",
        );
        if case.body["action"] == "close" {
            app.execute("UPDATE cases SET state = 'resolved', resolved_at = 1 WHERE number = 2");
        }
        let request = app.request(Method::POST, "/v1/admin/cases/2/actions").bearer_auth(&app.api_key);
        app.send(request.json(&case.body)).await
    })
    .await;
    check(&contract, "POST /v1/admin/cases/actions", &samples::actions_on_many(), &never, async |case| {
        let request = app.request(Method::POST, "/v1/admin/cases/actions").bearer_auth(&app.api_key);
        app.send(request.json(&case.body)).await
    })
    .await;
}
