//! Answers of every operation against the document.

use counterbell_tests::{Answer, Backend, CaseForm, CaseLink, Contract, TestApp, sample};
use reqwest::Method;
use serde_json::json;

use super::samples;
use crate::case_page::Shop;
use crate::group_page::storm;

/// Asks, and holds the answers against the document.
struct Asking {
    app: TestApp,
    contract: Contract,
}

impl Asking {
    /// `operation` at `address`, as anybody.
    async fn as_anybody(&mut self, operation: &str, address: &str, status: u16) -> Answer {
        let request = self.app.request(method(operation), address);
        self.send(operation, request, status).await
    }

    /// The same with the site's API key, after a look at what is answered without one.
    async fn as_staff(&mut self, operation: &str, address: &str, status: u16) -> Answer {
        self.as_anybody(operation, address, 401).await;
        let request = self.app.request(method(operation), address).bearer_auth(&self.app.api_key);
        self.send(operation, request, status).await
    }

    async fn send(&mut self, operation: &str, request: reqwest::RequestBuilder, status: u16) -> Answer {
        let answer = self.app.send(request).await;
        assert_eq!(answer.status, status, "{operation}: {answer:?}");
        self.contract.check(operation, &answer);
        answer
    }
}

fn method(operation: &str) -> Method {
    operation.split(' ').next().unwrap().parse().unwrap()
}

/// What follows `before`, up to a quotation mark.
fn quoted<'a>(text: &'a str, before: &str) -> &'a str {
    text.split(before).nth(1).and_then(|rest| rest.split(['"', '\'', '`']).next()).unwrap()
}

#[tokio::test]
async fn every_operation_answers_as_the_document_says() {
    let app = TestApp::on(Backend::Sqlite).await;
    app.store_theme(&samples::theme());
    samples::surveys().iter().for_each(|survey| app.publish_survey(survey));
    let contract = Contract::of(&app).await;
    let mut asking = Asking { app, contract };

    ask_for_files(&mut asking).await;
    respond(&mut asking).await;
    fill_in_form(&mut asking).await;
    open_cases(&mut asking).await;
    open_group(&mut asking).await;
    ask_as_staff(&mut asking).await;
    ask_for_documents(&mut asking).await;
    ask_for_cases(&mut asking).await;
    ask_for_staff(&mut asking).await;

    assert_eq!(asking.contract.unmet(), Vec::<String>::new());
}

async fn ask_for_files(asking: &mut Asking) {
    const ASSET: &str = "GET /assets/{file}";
    let loader = asking.as_anybody("GET /widget.js", "/widget.js", 200).await;
    let again = asking.app.request(Method::GET, "/widget.js").header("if-none-match", loader.header("etag").unwrap());
    asking.send("GET /widget.js", again, 304).await;
    let asset = format!("/assets/{}", quoted(loader.text(), "assets/"));
    asking.as_anybody(ASSET, &asset, 200).await;
    asking.as_anybody(ASSET, "/assets/none", 404).await;
    for path in ["/healthz", "/readyz", "/metrics", "/openapi.json"] {
        asking.as_anybody(&format!("GET {path}"), path, 200).await;
    }
}

async fn respond(asking: &mut Asking) {
    const RESPOND: &str = "POST /v1/responses";
    const WIDGET: &str = "GET /v1/widget/{site_key}";
    let body = samples::response(&asking.app, "csat");
    for (more, status) in [
        (json!({}), 201),
        (json!({}), 200),
        (json!({ "response_id": sample::response_id(), "website": "x" }), 201),
        (json!({ "response_id": sample::response_id(), "touchpoint": 7 }), 201),
        (json!({ "comment": 7, "rating": 5 }), 422),
        (json!({ "site_key": "site_0000000000000000" }), 404),
    ] {
        let request = asking.app.request(Method::POST, "/v1/responses").json(&sample::with(body.clone(), more));
        asking.send(RESPOND, request, status).await;
    }
    let no_json =
        asking.app.request(Method::POST, "/v1/responses").header("content-type", "application/json").body("{");
    asking.send(RESPOND, no_json, 400).await;
    let page = asking.app.request(Method::POST, "/v1/responses").header("origin", "https://x.example").json(&body);
    asking.send(RESPOND, page, 403).await;
    asking.as_anybody("OPTIONS /v1/responses", "/v1/responses", 204).await;

    let widget = format!("/v1/widget/{}", asking.app.site_key);
    asking.as_anybody("OPTIONS /v1/widget/{site_key}", &widget, 204).await;
    for survey in ["csat", "nps", "own-nps", "own-csat"] {
        let answer = asking.as_anybody(WIDGET, &format!("{widget}?survey={survey}&locale=de"), 200).await;
        let etag = answer.header("etag").unwrap().to_owned();
        let request = asking.app.request(Method::GET, &format!("{widget}?survey={survey}&locale=de"));
        asking.send(WIDGET, request.header("if-none-match", etag), 304).await;
    }
    asking.as_anybody(WIDGET, "/v1/widget/none", 404).await;
    asking.as_anybody(WIDGET, &format!("{widget}?survey=none"), 400).await;
}

async fn fill_in_form(asking: &mut Asking) {
    const PAGE: &str = "/f/{site_key}/{touchpoint}";
    let address = format!("/f/{}/till", asking.app.site_key);
    let page = asking.as_anybody(&format!("GET {PAGE}"), &address, 200).await;
    asking.as_anybody(&format!("GET {PAGE}"), "/f/none/till", 404).await;
    let id = sample::response_id();
    for (fields, status) in [
        (vec![("response_id", &*id), ("score", "2")], 200),
        (vec![("response_id", &*id)], 422),
        (vec![("response_id", "none"), ("score", "2")], 422),
    ] {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = asking.app.request(Method::POST, &address).body(body);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        asking.send(&format!("POST {PAGE}"), request, status).await;
    }
    asking.as_anybody(&format!("POST {PAGE}"), &address, 415).await;

    let style = format!("/hosted/{}", quoted(page.text(), "/hosted/"));
    asking.as_anybody("GET /hosted/{file}", &style, 200).await;
    asking.as_anybody("GET /hosted/{file}", "/hosted/none.css", 404).await;
    let theme = format!("/hosted/{}/any.css", asking.app.site_key);
    asking.as_anybody("GET /hosted/{site_key}/{file}", &theme, 200).await;
    asking.as_anybody("GET /hosted/{site_key}/{file}", "/hosted/none/any.css", 404).await;
}

/// The page of a case, as far as a link leads that nobody signed, and one that was signed for a case that is gone.
async fn open_cases(asking: &mut Asking) {
    const PAGE: &str = "/case/{token}";
    let post = |asking: &Asking, path: &str| {
        let request = asking.app.request(Method::POST, path).body("action=wait");
        request.header("content-type", "application/x-www-form-urlencoded")
    };
    asking.as_anybody(&format!("GET {PAGE}"), "/case/none", 404).await;
    let request = post(asking, "/case/none");
    asking.send(&format!("POST {PAGE}"), request, 404).await;
    asking.as_anybody(&format!("POST {PAGE}"), "/case/none", 415).await;
    let shop = Shop::on(Backend::Sqlite).await;
    let link = shop.link(shop.ann);
    let gone = CaseLink { generations: [0, 9], ..link };
    for (path, status) in [(link.path(), 200), (gone.path(), 410)] {
        let answer = shop.app.get(&path).await;
        assert_eq!(answer.status, status);
        asking.contract.check(&format!("GET {PAGE}"), &answer);
    }
    let page = shop.open(shop.ann, "").await;
    for (action, status) in [("acknowledge", 303), ("note", 200)] {
        let answer = page.press(action, &[]).await;
        assert_eq!(answer.status, status);
        asking.contract.check(&format!("POST {PAGE}"), &answer);
    }
}

/// The page of a group, as far as a link leads that nobody signed, and one of a group that is there.
async fn open_group(asking: &mut Asking) {
    const PAGE: &str = "/group/{token}";
    asking.as_anybody(&format!("GET {PAGE}"), "/group/none", 404).await;
    asking.as_anybody(&format!("POST {PAGE}"), "/group/none", 415).await;
    let (shop, link) = storm(Backend::Sqlite).await;
    let page = CaseForm::open(&shop.app, &link.path()).await;
    assert_eq!(page.answer.status, 200);
    asking.contract.check(&format!("GET {PAGE}"), &page.answer);
    for (body, status) in [("", 200), ("all=yes", 303)] {
        let answer = page.send(body.to_owned()).await;
        assert_eq!(answer.status, status);
        asking.contract.check(&format!("POST {PAGE}"), &answer);
    }
}

async fn ask_as_staff(asking: &mut Asking) {
    asking.app.triaged().await;
    for list in ["responses", "outbox", "surveys", "summary"] {
        let (operation, address) = (format!("GET /v1/admin/{list}"), format!("/v1/admin/{list}"));
        let page = asking.as_staff(&operation, &address, 200).await.json();
        assert!(page["items"].as_array().is_none_or(|items| !items.is_empty()), "{page}");
        asking.as_staff(&operation, &format!("{address}?unknown=1"), 400).await;
        asking.as_staff(&operation, &format!("{address}?site=site_0000000000000000"), 403).await;
    }
    let id = |page: serde_json::Value, name: &str| page["items"][0][name].as_str().unwrap().to_owned();
    let held = id(asking.app.admin("/v1/admin/responses?held=true").await.json(), "response_id");
    let message = id(asking.app.admin("/v1/admin/outbox").await.json(), "message_id");
    asking.app.execute("UPDATE outbox SET state = 'parked'");
    for (operation, address, status) in [
        ("POST /v1/admin/responses/{response_id}/release", format!("/v1/admin/responses/{held}/release"), 200),
        ("GET /v1/admin/responses/{response_id}", format!("/v1/admin/responses/{held}"), 200),
        ("DELETE /v1/admin/responses/{response_id}", format!("/v1/admin/responses/{held}"), 204),
        ("DELETE /v1/admin/responses/{response_id}", format!("/v1/admin/responses/{held}"), 404),
        ("GET /v1/admin/responses/{response_id}", format!("/v1/admin/responses/{held}"), 404),
        ("GET /v1/admin/outbox/{message_id}", format!("/v1/admin/outbox/{message}"), 200),
        ("POST /v1/admin/outbox/{message_id}/resend", format!("/v1/admin/outbox/{message}/resend"), 202),
        ("POST /v1/admin/outbox/{message_id}/resend", "/v1/admin/outbox/none/resend".to_owned(), 404),
    ] {
        asking.as_staff(operation, &address, status).await;
    }
}

async fn ask_for_documents(asking: &mut Asking) {
    const SURVEY: &str = "/v1/admin/surveys/{name}";
    const THEME: &str = "/v1/admin/sites/{site_key}/theme";
    let theme = format!("/v1/admin/sites/{}/theme", asking.app.site_key);
    let own = "/v1/admin/surveys/other";
    let survey = sample::survey("other");
    for (operation, address, body, status) in [
        (format!("PUT {SURVEY}"), own, &survey, 201),
        (format!("PUT {SURVEY}"), own, &survey, 200),
        (format!("PUT {SURVEY}"), own, &json!({ "name": 7 }), 422),
        (format!("PUT {THEME}"), &theme, &samples::theme(), 200),
        (format!("PUT {THEME}"), &theme, &json!({ "radius": 99 }), 422),
    ] {
        let request = asking.app.request(method(&operation), address).bearer_auth(&asking.app.api_key).json(body);
        asking.send(&operation, request, status).await;
        let request = asking.app.request(method(&operation), address).bearer_auth(&asking.app.api_key);
        asking.send(&operation, request.header("content-type", "application/json").body("{"), 422).await;
    }
    ask_for_rules(asking).await;
    ask_for_places(asking).await;
    for name in ["other", "own-nps", "csat"] {
        asking.as_staff(&format!("GET {SURVEY}"), &format!("/v1/admin/surveys/{name}"), 200).await;
    }
    for (operation, address, status) in [
        (format!("GET {SURVEY}"), "/v1/admin/surveys/none", 404),
        (format!("POST {SURVEY}/publish"), "/v1/admin/surveys/other/publish", 200),
        (format!("GET {THEME}"), &theme, 200),
        (format!("DELETE {THEME}"), &theme, 204),
        (format!("GET {THEME}"), &theme, 404),
    ] {
        asking.as_staff(&operation, address, status).await;
    }
}

async fn ask_for_rules(asking: &mut Asking) {
    const RULE: &str = "/v1/admin/rules/{name}";
    let (own, tried) = ("/v1/admin/rules/low", "/v1/admin/rules/test");
    let low = sample::rule("low", json!({ "score": { "max": 3 } }));
    for (operation, address, body, status) in [
        (format!("PUT {RULE}"), own, &low, 201),
        (format!("PUT {RULE}"), own, &low, 200),
        (format!("PUT {RULE}"), own, &json!({ "name": 7 }), 422),
        (format!("POST {tried}"), tried, &json!({ "days": 7, "rule": low }), 200),
        (format!("POST {tried}"), tried, &json!({ "days": 30 }), 200),
        (format!("POST {tried}"), tried, &json!({ "days": 0 }), 422),
    ] {
        let request = asking.app.request(method(&operation), address).bearer_auth(&asking.app.api_key).json(body);
        asking.send(&operation, request, status).await;
    }
    for (operation, address, status) in [
        ("GET /v1/admin/rules".to_owned(), "/v1/admin/rules", 200),
        (format!("GET {RULE}"), own, 200),
        (format!("GET {RULE}"), "/v1/admin/rules/none", 404),
        (format!("DELETE {RULE}"), own, 204),
    ] {
        asking.as_staff(&operation, address, status).await;
    }
}

async fn ask_for_places(asking: &mut Asking) {
    const TOUCHPOINTS: &str = "/v1/admin/sites/{site_key}/touchpoints";
    const TOUCHPOINT: &str = "/v1/admin/sites/{site_key}/touchpoints/{touchpoint}";
    const CALENDAR: &str = "/v1/admin/sites/{site_key}/calendar";
    let site = format!("/v1/admin/sites/{}", asking.app.site_key);
    let (list, calendar) = (format!("{site}/touchpoints"), format!("{site}/calendar"));
    let till = format!("{list}/till");
    for (operation, address, body, statuses) in [
        (format!("PUT {TOUCHPOINT}"), &till, &samples::touchpoints(&asking.app)[0], [201, 200]),
        (format!("PUT {TOUCHPOINT}"), &till, &json!({ "team": "none" }), [422, 422]),
        (format!("PUT {CALENDAR}"), &calendar, &samples::calendar(), [201, 200]),
        (format!("PUT {CALENDAR}"), &calendar, &json!({ "hours": {} }), [422, 422]),
    ] {
        for status in statuses {
            let request = asking.app.request(method(&operation), address).bearer_auth(&asking.app.api_key).json(body);
            asking.send(&operation, request, status).await;
        }
    }
    let listed = asking.as_staff(&format!("GET {TOUCHPOINTS}"), &list, 200).await.json();
    assert!(
        !listed["items"].as_array().unwrap().is_empty() && !listed["new"].as_array().unwrap().is_empty(),
        "{listed}"
    );
    asking.as_staff(&format!("GET {TOUCHPOINTS}"), &format!("{list}?limit=0"), 400).await;
    for (path, address) in [(TOUCHPOINT, &till), (CALENDAR, &calendar)] {
        asking.as_staff(&format!("GET {path}"), address, 200).await;
        asking.as_staff(&format!("DELETE {path}"), address, 204).await;
        asking.as_staff(&format!("GET {path}"), address, 404).await;
    }
}

async fn ask_for_staff(asking: &mut Asking) {
    const PERSON: &str = "/v1/admin/sites/{site_key}/staff/{person_id}";
    const TEAM: &str = "/v1/admin/sites/{site_key}/teams/{name}";
    let site = format!("/v1/admin/sites/{}", asking.app.site_key);
    let [people, teams] = ["staff", "teams"].map(|list| format!("{site}/{list}"));
    let (person, team, alerts) = (format!("{people}/1"), format!("{teams}/counter"), format!("{teams}/alerts"));
    let other = json!({ "email": "other@shop.example" });
    let post = "POST /v1/admin/sites/{site_key}/staff".to_owned();
    for (operation, address, body, status) in [
        (post.clone(), &people, other.clone(), 201),
        (post.clone(), &people, samples::person(2), 200),
        (post.clone(), &people, json!({ "email": "new@shop.example", "aliases": ["other@shop.example"] }), 409),
        (post, &people, json!({}), 422),
        (format!("PATCH {PERSON}"), &person, json!({ "manager_id": 2 }), 200),
        (format!("PATCH {PERSON}"), &person, other, 409),
        (format!("PATCH {PERSON}"), &person, json!({ "manager_id": 1 }), 422),
        (format!("PATCH {PERSON}"), &format!("{people}/99"), json!({}), 404),
        (format!("PUT {TEAM}"), &team, samples::team(), 201),
        (format!("PUT {TEAM}"), &team, samples::team(), 200),
        (format!("PUT {TEAM}"), &team, json!({ "label": "Counter", "members": [99] }), 422),
    ] {
        let request = asking.app.request(method(&operation), address).bearer_auth(&asking.app.api_key).json(&body);
        asking.send(&operation, request, status).await;
    }
    for (operation, address, status) in [
        ("GET /v1/admin/sites/{site_key}/staff".to_owned(), people.clone(), 200),
        ("GET /v1/admin/sites/{site_key}/staff".to_owned(), format!("{people}?all=perhaps"), 400),
        ("GET /v1/admin/sites/{site_key}/teams".to_owned(), teams.clone(), 200),
        (format!("GET {PERSON}"), person.clone(), 200),
        (format!("GET {PERSON}"), format!("{people}/99"), 404),
        (format!("DELETE {PERSON}"), person.clone(), 200),
        (format!("DELETE {PERSON}"), format!("{people}/99"), 404),
        (format!("GET {TEAM}"), team.clone(), 200),
        (format!("DELETE {TEAM}"), team.clone(), 204),
        (format!("GET {TEAM}"), team, 404),
        (format!("DELETE {TEAM}"), alerts, 409),
    ] {
        asking.as_staff(&operation, &address, status).await;
    }
}

async fn ask_for_cases(asking: &mut Asking) {
    const CASE: &str = "/v1/admin/cases/{number}";
    const CAUSE: &str = "/v1/admin/root-causes/{name}";
    let case = "/v1/admin/cases/1";
    let listed = asking.as_staff("GET /v1/admin/cases", "/v1/admin/cases", 200).await.json();
    assert!(!listed["items"].as_array().unwrap().is_empty(), "{listed}");
    let one = |action: &str| json!({ "action": action, "person_id": 1 });
    let note = json!({ "action": "note", "text": "x", "person_id": 1 });
    let many = json!({ "action": "acknowledge", "numbers": [1, 99], "person_id": 1 });
    let (on_one, on_many) = (format!("POST {CASE}/actions"), "POST /v1/admin/cases/actions".to_owned());
    let (actions, all) = (format!("{case}/actions"), "/v1/admin/cases/actions".to_owned());
    let own = "/v1/admin/root-causes/own".to_owned();
    for (operation, address, body, status) in [
        (&on_one, &actions, one("acknowledge"), 200),
        (&on_one, &actions, note, 200),
        (&on_one, &actions, one("shout"), 422),
        (&on_one, &actions, one("close"), 409),
        (&on_one, &"/v1/admin/cases/99/actions".to_owned(), one("close"), 404),
        (&on_many, &all, many, 200),
        (&on_many, &all, one("acknowledge"), 422),
        (&format!("PUT {CAUSE}"), &own, json!({ "label": "Own" }), 201),
        (&format!("PUT {CAUSE}"), &own, json!({ "label": "Owned" }), 200),
        (&format!("PUT {CAUSE}"), &own, json!({}), 422),
    ] {
        let request = asking.app.request(method(operation), address).bearer_auth(&asking.app.api_key).json(&body);
        asking.send(operation, request, status).await;
    }
    let open_cases = "/v1/admin/rules/unhappy/open-cases";
    let level = "POST /v1/admin/rules/{name}/open-cases".to_owned();
    for (body, status) in [(json!({ "person_id": 1 }), 200), (json!({}), 422)] {
        let request = asking.app.request(Method::POST, open_cases).bearer_auth(&asking.app.api_key).json(&body);
        asking.send(&level, request, status).await;
    }
    asking.as_staff("GET /v1/admin/rules/{name}/open-cases", open_cases, 200).await;
    asking.as_staff("GET /v1/admin/rules/{name}/open-cases", "/v1/admin/rules/none/open-cases", 404).await;
    let stale = asking.app.request(Method::POST, &actions).bearer_auth(&asking.app.api_key).json(&one("wait"));
    asking.send(&on_one, stale.header("if-match", "\"99\""), 412).await;
    for (operation, address, status) in [
        ("GET /v1/admin/cases".to_owned(), "/v1/admin/cases?state=none", 400),
        (format!("GET {CASE}"), case, 200),
        (format!("GET {CASE}"), "/v1/admin/cases/99", 404),
        (format!("GET {CASE}/timeline"), "/v1/admin/cases/1/timeline", 200),
        (format!("GET {CASE}/timeline"), "/v1/admin/cases/99/timeline", 404),
        ("GET /v1/admin/root-causes".to_owned(), "/v1/admin/root-causes", 200),
        ("GET /v1/admin/root-causes".to_owned(), "/v1/admin/root-causes?unknown=1", 400),
        (format!("DELETE {CAUSE}"), &own, 204),
        (format!("DELETE {CAUSE}"), "/v1/admin/root-causes/No", 400),
        ("GET /v1/admin/loop".to_owned(), "/v1/admin/loop?by=owner", 200),
        ("GET /v1/admin/loop".to_owned(), "/v1/admin/loop?by=all", 400),
    ] {
        asking.as_staff(&operation, address, status).await;
    }
}
