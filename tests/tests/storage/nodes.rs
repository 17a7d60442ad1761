//! Several servers on one PostgreSQL, and what lets it be spread over machines.

use std::collections::HashSet;

use counterbell_tests::{Backend, Customers, Smtp, TestApp, audit, sample, wait};
use futures_util::future::join_all;
use serde_json::{Value, json};

#[tokio::test]
async fn three_servers_share_a_database_and_one_may_die() {
    let smtp = Smtp::start().await;
    let app = TestApp::on(Backend::Postgres).smtp(&smtp).await;
    let mut nodes = vec![app.another_server().await, app.another_server().await];
    // All three take the same responses: a repeat is led to any of them.
    let mut customers = Customers::come_to(&nodes, &app, 24, 10);
    customers.wait_for_more(300).await;
    nodes[0].program.kill();
    customers.wait_for_more(300).await;
    let met = customers.leave().await;

    met.expect_only_503();
    assert!(met.cut_off > 0, "nobody noticed that a server died");
    // What the dead server held is sent when its leases end.
    audit::end_lost_leases(&app).await;
    audit::expect_all_kept(&app, &smtp, &met, audit::SENDING_MAX).await;
}

#[tokio::test]
async fn responses_that_come_in_steps_to_any_of_three_servers_are_kept() {
    let smtp = Smtp::start().await;
    let app = TestApp::on(Backend::Postgres).smtp(&smtp).setting("COUNTERBELL_ALERT_SILENCE_MS", "120000").await;
    let mut nodes = vec![app.another_server().await, app.another_server().await];
    let mut customers = Customers::come_in_steps_to(&nodes, &app, 24, 5);
    customers.wait_for_more(200).await;
    nodes[0].program.kill();
    customers.wait_for_more(200).await;
    let met = customers.leave().await;

    met.expect_only_503();
    audit::end_lost_leases(&app).await;
    audit::expect_all_kept(&app, &smtp, &met, audit::SENDING_MAX).await;
    assert_eq!(app.count("responses WHERE NOT complete"), 0);
    assert!(app.cli(&["verify", "--json"]).status.success());
}

#[tokio::test]
async fn servers_that_update_the_same_responses_neither_block_each_other_nor_count_twice() {
    let app = TestApp::on(Backend::Postgres).await;
    let nodes = [app.another_server().await, app.another_server().await];
    let ids: Vec<_> = (0..10).map(|_| sample::response_id()).collect();
    let mut sends: Vec<_> = ids.iter().flat_map(|id| (0..40).map(move |revision| (id, revision))).collect();
    fastrand::shuffle(&mut sends);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let answers = join_all(sends.into_iter().enumerate().map(async |(place, (id, revision))| {
        let body = json!({
            "site_key": app.site_key, "response_id": id, "revision": revision, "score": 1 + revision % 5,
            "complete": false, "touchpoint": format!("store-{}", revision % 3), "comment": format!("{revision}"),
        });
        let answer = http.post(nodes[place % 2].url("/v1/responses")).json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap()["outcome"].clone())
    }))
    .await;

    let accepted = answers.iter().filter(|answer| **answer == (201, json!("accepted"))).count();
    assert_eq!((accepted, answers.iter().filter(|(status, _)| *status == 200).count()), (10, 390), "{answers:?}");
    assert_eq!(app.count("responses WHERE revision = 39 AND score = 5 AND comment = '39'"), 10);
    let figures = app.admin("/v1/admin/summary").await.expect(200);
    assert_eq!((&figures["count"], &figures["mean"]), (&json!(10), &json!(5.0)), "{figures}");
    app.end_silence().await;
    assert_eq!((app.count("alerts"), app.count("outbox")), (0, 0));
    assert!(app.cli(&["verify", "--json"]).status.success());
    for node in nodes {
        assert!(!node.program.printed().contains("deadlock"), "{}", node.program.printed());
    }
}

#[tokio::test]
async fn two_servers_triage_side_by_side_and_each_response_is_told_once() {
    const RESPONSES: usize = 200;
    let smtp = Smtp::start().await;
    let app = TestApp::on(Backend::Postgres).smtp(&smtp).await;
    let node = app.another_server().await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let urls = [app.url("/v1/responses"), node.url("/v1/responses")];
    let statuses = join_all((0..RESPONSES).map(async |place| {
        let body = json!({ "site_key": app.site_key, "response_id": sample::response_id(), "score": 1 });
        http.post(&urls[place % 2]).json(&body).send().await.unwrap().status().as_u16()
    }))
    .await;
    assert_eq!(statuses, [201; RESPONSES]);

    app.triaged().await;

    assert_eq!(app.count("alerts"), 200);
    assert_eq!(app.count("(SELECT DISTINCT subject_id FROM outbox) AS told"), 200);
    wait::until_true("end of every delivery", async || app.count("outbox WHERE state = 'delivered'") == 200).await;
    let mails: HashSet<_> = smtp.deliveries().iter().map(|delivery| delivery.mail.message_id().to_owned()).collect();
    assert_eq!((smtp.deliveries().len(), mails.len(), app.count("outbox")), (RESPONSES, RESPONSES, 200));
    let fired = "journal WHERE kind = 'alert.fired' AND site_id > 0";
    assert_eq!((app.count(fired), app.count(&format!("(SELECT DISTINCT subject FROM {fired}) AS f"))), (200, 200));
    assert!(app.cli(&["verify", "--json"]).status.success(), "no number of the journal is missing");
    for log in [app.log(), node.program.printed()] {
        assert!(!log.contains("deadlock") && !log.contains("Triage of"), "{log}");
    }
}

#[tokio::test]
async fn servers_that_start_together_migrate_once() {
    let mut app = TestApp::on(Backend::Postgres).await;
    app.program().kill();
    while app.cli(&["migrate", "--revert-last", "--yes"]).status.success() {}

    let nodes = tokio::join!(app.another_server(), app.another_server(), app.another_server());

    for node in [nodes.0, nodes.1, nodes.2] {
        let ready = reqwest::get(node.url("/readyz")).await.unwrap();
        assert_eq!(ready.status(), 200, "{}", node.program.printed());
    }
    assert_eq!(app.cli(&["migrate", "--json"]).json(), json!({ "applied": [] }));
}

#[tokio::test]
async fn every_key_of_a_table_that_is_spread_begins_with_the_site() {
    let app = TestApp::on(Backend::Postgres).await;
    let printed = app.cli(&["migrate", "--distributed", "--print", "--json"]).json();
    let statements: Vec<&str> = printed["statements"].as_array().unwrap().iter().map(|s| s.as_str().unwrap()).collect();
    let named = |function: &str| -> Vec<String> {
        let of = statements.iter().filter(|statement| statement.contains(function));
        of.map(|statement| format!("'{}'", statement.split('\'').nth(1).unwrap())).collect()
    };
    let (reference, distributed) = (named("create_reference_table("), named("create_distributed_table("));
    assert_eq!(reference.len() + distributed.len(), statements.len());
    let (reference, count, distributed) = (reference.join(","), distributed.len(), distributed.join(","));
    let rows = |query: &str| app.count(&format!("({query}) AS found"));

    // No table is forgotten.
    let tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE '\\_\\_diesel%'";
    assert_eq!(rows(&format!("{tables} AND tablename NOT IN ({reference},{distributed})")), 0);
    assert_eq!(rows(tables), i64::try_from(statements.len()).unwrap());

    let unique = format!(
        "SELECT a.attname FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indrelid \
         JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = i.indkey[0] \
         WHERE i.indisunique AND c.relname IN ({distributed})"
    );
    let primary = format!("{unique} AND i.indisprimary");
    assert_eq!(rows(&primary), i64::try_from(count).unwrap(), "every table has one primary key");
    assert_eq!(rows(&format!("{unique} AND a.attname <> 'site_id'")), 0);
    let foreign = "SELECT a.attname FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid \
         JOIN pg_class AS other ON other.oid = k.confrelid \
         JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = k.conkey[1] WHERE k.contype = 'f'";
    assert!(rows(foreign) > 0, "the query finds foreign keys");
    let reaches_elsewhere = format!("c.relname IN ({distributed}) AND a.attname <> 'site_id'");
    assert_eq!(rows(&format!("{foreign} AND {reaches_elsewhere}")), 0);
    // A table that is on every machine may only point at such tables.
    assert_eq!(rows(&format!("{foreign} AND c.relname IN ({reference}) AND other.relname NOT IN ({reference})")), 0);
}

#[tokio::test]
async fn database_without_citus_says_what_to_do() {
    for (backend, word) in [(Backend::Postgres, "CREATE EXTENSION citus"), (Backend::Sqlite, "SQLite")] {
        let app = TestApp::on(backend).await;
        let refused = app.cli(&["migrate", "--distributed"]);
        assert!(!refused.status.success() && refused.stderr.contains(word), "{refused:?}");
        assert_eq!(refused.stderr.trim().lines().count(), 1, "{refused:?}");
    }
}
