//! `counterbell staff` and `counterbell team`.

use counterbell_tests::{Backend, CliOutput, TestApp, sample};
use serde_json::{Value, json};

/// `counterbell staff add --site ... --email ...` and the like.
fn run(app: &TestApp, command: &[&str], args: &[&str]) -> CliOutput {
    app.cli(&[command, &["--site", &app.site_key], args].concat())
}

fn refused(output: &CliOutput) -> &str {
    assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
    assert_eq!(output.stderr.lines().count(), 1, "{output:?}");
    &output.stderr
}

async fn shown(app: &TestApp, list: &str) -> Value {
    let page = app.admin(&format!("/v1/admin/sites/{}/{list}", app.site_key)).await.expect(200);
    page["items"].clone()
}

#[tokio::test]
async fn command_line_and_api_see_the_same() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        let boss =
            run(&app, &["staff", "add", "--json"], &["--email", "boss@shop.example", "--name", "The Boss"]).json();
        let person =
            ["--email", "ann@shop.example", "--name", "Ann Lee", "--language", "de", "--zone", "europe/berlin"];
        let more = ["--manager", "BOSS@shop.example", "--absent-from", "2026-01-01", "--alias", "a@home.example"];
        let ann = run(&app, &["staff", "add", "--json"], &[&person[..], &more].concat()).json();

        let expected = json!({ "email": "ann@shop.example", "aliases": ["a@home.example"], "name": "Ann Lee",
            "language": "de", "zone": "Europe/Berlin", "manager_id": boss["person_id"], "absent_from": "2026-01-01",
            "absent_to": null, "absent": true, "teams": [], "left_at": null });
        for (member, value) in expected.as_object().unwrap() {
            assert_eq!(ann[member], *value, "{backend:?}: {member}");
        }
        assert_eq!(run(&app, &["staff", "list", "--json"], &[]).json(), shown(&app, "staff").await, "{backend:?}");

        let members = ["--label", "Counter", "--member", "a@home.example", "--member", "boss@shop.example"];
        let team = run(&app, &["team", "set", "counter", "--json"], &members).json();
        assert_eq!(team["members"], json!([ann["person_id"], boss["person_id"]]), "{backend:?}");
        assert_eq!(run(&app, &["team", "list", "--json"], &[]).json(), shown(&app, "teams").await, "{backend:?}");
        // What is left out stays.
        let label = run(&app, &["team", "set", "counter", "--json"], &["--label", "At the counter"]).json();
        assert_eq!((&label["label"], &label["members"]), (&json!("At the counter"), &team["members"]), "{backend:?}");

        let text = run(&app, &["staff", "list"], &[]).stdout;
        for told in ["ann@shop.example  Ann Lee", "manager     boss@shop.example", "from 2026-01-01 on", "counter"] {
            assert!(text.contains(told), "{backend:?}: no {told} in {text}");
        }
        let text = run(&app, &["team", "list"], &[]).stdout;
        assert!(text.contains("members     ann@shop.example, boss@shop.example"), "{backend:?}: {text}");

        let email = ["--email", "a@home.example"];
        let bare = ["--name", "", "--language", "", "--zone", "", "--manager", "", "--not-absent", "--alias", ""];
        let bare = run(&app, &["staff", "set", "--json"], &[&email[..], &bare].concat()).json();
        for member in ["name", "language", "zone", "manager_id", "absent_from", "absent_to"] {
            assert_eq!(bare[member], Value::Null, "{backend:?}: {bare}");
        }
        assert_eq!(bare["aliases"], json!([]), "{backend:?}");

        run(&app, &["staff", "remove", "--json"], &["--email", "ann@shop.example"]).json();
        assert_eq!(run(&app, &["staff", "list", "--json"], &[]).json(), shown(&app, "staff").await, "{backend:?}");
        let all = run(&app, &["staff", "list", "--all", "--json"], &[]).json();
        assert_eq!(all, shown(&app, "staff?all=true").await, "{backend:?}");
        assert_eq!(all.as_array().unwrap().len(), 3, "{backend:?}: {all}");
        assert!(run(&app, &["team", "remove", "counter"], &[]).status.success());
        assert_eq!(run(&app, &["team", "list", "--json"], &[]).json(), shown(&app, "teams").await, "{backend:?}");
    }
}

#[tokio::test]
async fn what_is_refused_is_told_on_one_line_and_changes_nothing() {
    let app = TestApp::on(Backend::Sqlite).await;
    run(&app, &["staff", "add", "--json"], &["--email", "ann@shop.example", "--alias", "a@home.example"]).json();
    let list =
        || (run(&app, &["staff", "list", "--json"], &[]).json(), run(&app, &["team", "list", "--json"], &[]).json());
    let before = list();
    let ann = ["--email", "ann@shop.example"];
    for (args, told) in [
        (&["--zone", "Europe/Berln"][..], "--zone: \"Europe/Berln\" is no time zone"),
        (&["--language", "german language"], "--language: must be a language tag"),
        (&["--language", "nl"], "--language: must be a language that there are mails in (ar, de, en, es, fr, ja, pt)"),
        (&["--absent-from", "24.12.2026", "--absent-to", "soon"], "--absent-to: must be a day such as 2026-12-24"),
        (&["--absent-to", "2026-12-24"], "--absent-to: needs --absent-from"),
        (&["--absent-from", "2026-12-24", "--absent-to", "2026-12-23"], "must not be before --absent-from"),
        (&["--manager", "ann@shop.example"], "--manager: must be somebody else"),
        (&["--manager", "nobody@shop.example"], "counterbell staff list --site"),
        (&["--main", "staff@shop.example"], "staff@shop.example is another person's"),
        (&["--alias", "staff@shop.example"], "staff@shop.example is another person's"),
    ] {
        let output = run(&app, &["staff", "set"], &[&ann[..], &["--name", "Other"], args].concat());
        assert!(refused(&output).contains(told), "{args:?}: {output:?}");
        assert_eq!(list(), before, "{args:?}");
    }
    for (command, args, told) in [
        (&["staff", "set"][..], &["--email", "nobody@shop.example"][..], "nobody who belongs to the site"),
        (&["staff", "remove"], &["--email", "nobody@shop.example"], "nobody who belongs to the site"),
        (&["team", "set", "counter"], &["--member", "nobody@shop.example"], "nobody who belongs to the site"),
        (
            &["team", "set", "counter"],
            &["--member", "ann@shop.example", "--member", "a@home.example"],
            "--member: is in the team already",
        ),
        (&["team", "remove", "counter"], &[], "counterbell team list"),
        (&["team", "remove", "alerts"], &[], "every site keeps the team"),
    ] {
        let output = run(&app, command, args);
        assert!(refused(&output).contains(told), "{command:?}: {output:?}");
        assert_eq!(list(), before, "{command:?}");
    }
    let unknown = app.cli(&["staff", "list", "--site", "site_0000000000000000"]);
    assert!(refused(&unknown).contains("counterbell site list"), "{unknown:?}");
    let name = run(&app, &["team", "set", "At the counter"], &[]);
    assert!(!name.status.success() && name.stderr.contains("lowercase letters"), "{name:?}");
}

#[tokio::test]
async fn changes_of_a_team_at_the_same_moment_are_all_made() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        for round in 0..4 {
            let (label, team) = (format!("Counter {round}"), format!("counter-{round}"));
            let set =
                |more: [&str; 2]| app.cli(&["team", "set", &team, "--site", &app.site_key, more[0], more[1], "--json"]);
            set(["--label", "Before"]).json();
            std::thread::scope(|scope| {
                scope.spawn(|| set(["--label", &label]).json());
                scope.spawn(|| set(["--member", sample::RECIPIENT]).json());
            });
            let teams = app.cli(&["team", "list", "--site", &app.site_key, "--json"]).json();
            let stored = teams.as_array().unwrap().iter().find(|one| one["name"] == json!(team)).unwrap();
            assert_eq!((&stored["label"], &stored["members"]), (&json!(label), &json!([1])), "{backend:?}");
        }
    }
}
