//! `counterbell import`.

use std::io::{BufWriter, Write};
use std::process::Stdio;

use counterbell_shared::time::{DAY_MS, UnixMillis};
use counterbell_tests::{Backend, CliOutput, TestApp, environment, wait};
use serde_json::{Value, json};

/// A thousand real reviews of a clothing shop, as exported: quotes, commas, line breaks, empty cells.
fn reviews() -> String {
    environment::workspace().join("server/demo/reviews.csv").display().to_string()
}

const MAP: &str = "score=Rating,comment=Review Text,touchpoint=Department Name";

fn import(app: &TestApp, file: &str, more: &[&str]) -> CliOutput {
    let args = ["import", "--json", "--site", &app.site_key, "--format", "csv", "--map", MAP, file];
    app.cli(&[&args, more].concat())
}

fn counts(output: &CliOutput) -> [u64; 3] {
    let json = output.json();
    ["accepted", "duplicate", "rejected"].map(|name| json[name].as_u64().unwrap_or_else(|| panic!("no {name}: {json}")))
}

#[tokio::test]
async fn real_reviews_are_imported_once_and_tell_nobody() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;

        let [accepted, duplicate, rejected] = counts(&import(&app, &reviews(), &[]));

        assert_eq!((accepted + rejected, duplicate), (1000, 0), "{backend:?}");
        assert!(rejected < 10, "{rejected} of the real rows were not understood");
        assert_eq!(app.count("responses"), i64::try_from(accepted).unwrap());
        assert_eq!((app.count("triage_queue"), app.count("outbox")), (0, 0), "told about the past");
        let newest = app.admin("/v1/admin/responses?limit=1").await.expect(200);
        assert_eq!(newest["items"][0]["channel"], "import");
        let summary = app.admin("/v1/admin/summary?metric=csat").await.expect(200);
        assert_eq!(summary["count"], accepted);
        let touchpoints: Vec<_> =
            summary["touchpoints"].as_array().unwrap().iter().map(|row| row["touchpoint"].as_str().unwrap()).collect();
        assert!(touchpoints.contains(&"Dresses"), "{touchpoints:?}");

        assert_eq!(counts(&import(&app, &reviews(), &[])), [0, accepted, rejected], "{backend:?}");
        assert_eq!(app.count("responses"), i64::try_from(accepted).unwrap());
    }
}

#[tokio::test]
async fn standard_input_is_read_in_many_batches_to_its_end() {
    const ROWS: usize = 4_500;
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        let file = app.dir().join("rows.csv");
        let rows: String = (0..ROWS).map(|at| format!("{},row {at}\n", at % 5 + 1)).collect();
        std::fs::write(&file, format!("Rating,Text\n{rows}6,too much\n")).unwrap();
        let args = ["import", "--json", "--site", &app.site_key, "--map", "score=Rating,comment=Text", "-"];

        assert_eq!(counts(&app.cli_reading(&args, &file)), [ROWS as u64, 0, 1], "{backend:?}");
        assert_eq!(app.count("responses"), i64::try_from(ROWS).unwrap());
        let rejected = std::fs::read_to_string(app.dir().join("stdin.rejects.csv")).unwrap();
        assert!(rejected.lines().nth(1).unwrap().starts_with(&format!("{},", ROWS + 2)), "{rejected}");

        assert_eq!(counts(&app.cli_reading(&args, &file)), [0, ROWS as u64, 1], "{backend:?}");
    }
}

#[tokio::test]
async fn dry_run_counts_and_writes_nothing() {
    let app = TestApp::on(Backend::Sqlite).await;
    let report = import(&app, &reviews(), &["--dry-run"]).json();
    assert!(report["valid"].as_u64().unwrap() > 990, "{report}");
    assert_eq!(app.count("responses"), 0);
}

/// Line numbers are those a text editor shows: the header is line 1, and a quoted line break counts.
const WITH_BAD_ROWS: &str = "Rating,Review Text,Department Name\n\
    5,good,Dresses\n\
    9,off the scale,Dresses\n\
    4,\"two\nlines\",Tops\n\
    four,no number,Tops\n\
    ,nothing,Tops\n\
    1,bad,\n";

#[tokio::test]
async fn bad_rows_are_reported_with_line_and_reason_and_good_ones_kept() {
    let app = TestApp::on(Backend::Sqlite).await;
    let file = app.dir().join("rows.csv");
    std::fs::write(&file, WITH_BAD_ROWS).unwrap();
    let rejects = app.dir().join("rejects.csv");

    let output = import(&app, &file.display().to_string(), &["--rejects", &rejects.display().to_string()]);

    assert_eq!(counts(&output), [3, 0, 3], "{output:?}");
    assert_eq!(app.count("responses"), 3);
    let reported = output.json()["first_rejects"].take();
    let rejected = std::fs::read_to_string(&rejects).unwrap();
    let rows: Vec<_> = rejected.lines().collect();
    assert_eq!((rows.len(), rows[0]), (4, "line,reason,Rating,Review Text,Department Name"), "{rejected}");
    for (at, (line, words)) in [(3, "off the scale"), (6, "no number"), (7, "nothing")].into_iter().enumerate() {
        assert!(rows[at + 1].starts_with(&format!("{line},")) && rows[at + 1].contains(words), "{rejected}");
        assert_eq!(reported[at][0], line, "{reported}");
        let reason = reported[at][1].as_str().unwrap();
        assert!(!reason.is_empty() && rows[at + 1].contains(&reason.replace('"', "\"\"")), "{reason}: {rejected}");
    }
}

#[tokio::test]
async fn person_at_the_terminal_is_told_of_bad_rows() {
    let app = TestApp::on(Backend::Sqlite).await;
    let file = app.dir().join("rows.csv");
    std::fs::write(&file, WITH_BAD_ROWS).unwrap();
    let file = file.display().to_string();

    let output = app.cli(&["import", "--site", &app.site_key, "--map", MAP, &file]);

    assert!(output.status.success(), "{output:?}");
    for words in ["line 3", "line 6", "line 7", &format!("{file}.rejects.csv")] {
        assert!(output.stdout.contains(words), "{words}: {}", output.stdout);
    }
}

#[tokio::test]
async fn alerts_are_sent_for_imported_rows_only_when_asked() {
    let app = TestApp::on(Backend::Sqlite).await;
    let file = app.dir().join("rows.csv");
    std::fs::write(&file, "Rating,Review Text,Department Name\n1,bad,Dresses\n5,good,Dresses\n").unwrap();

    import(&app, &file.display().to_string(), &["--alert"]);

    let mails = wait::until("mail", async || Some(app.mail_files()).filter(|mails| !mails.is_empty())).await;
    assert_eq!(mails.len(), 1);
    assert!(mails[0].subject().contains("Dresses"), "{}", mails[0].subject());
}

#[tokio::test]
async fn column_that_is_not_there_stops_the_import() {
    let app = TestApp::on(Backend::Sqlite).await;
    for (map, named) in [("score=Stars", "Stars"), ("score=Rating,mood=Title", "mood"), ("comment=Title", "score")] {
        let output = app.cli(&["import", "--site", &app.site_key, "--format", "csv", "--map", map, &reviews()]);
        assert!(!output.status.success(), "{map}");
        assert!(output.stderr.contains(named), "{map}: {}", output.stderr);
    }
    assert_eq!(app.count("responses"), 0);
}

#[tokio::test]
async fn imported_comment_is_the_customers_own_words() {
    let app = TestApp::on(Backend::Sqlite).await;
    import(&app, &reviews(), &[]);
    let items: Vec<Value> = app.admin_items("/v1/admin/responses?touchpoint=Dresses").await;
    let quoting = items.iter().filter(|item| item["comment"].as_str().is_some_and(|text| text.contains("i'm 5'8\"")));
    assert!(quoting.count() >= 1, "quotes inside quotes are read");
    assert!(items.iter().all(|item| item["comment"] != json!("")), "no comment is null, not empty");
}

#[tokio::test]
async fn what_the_site_would_delete_at_once_is_not_stored() {
    for backend in Backend::ALL {
        let app = TestApp::on(backend).await;
        app.cli(&["site", "set", &app.site_key, "--retention-days", "30", "--yes", "--json"]).json();
        let file = app.dir().join("history.csv");
        let recent = UnixMillis(UnixMillis::now().0 - 5 * DAY_MS);
        std::fs::write(&file, format!("score,when,touchpoint\n2,2020-02-29,shop\n4,{recent},shop\n")).unwrap();

        let map = "score=score,created_at=when,touchpoint=touchpoint";
        let args = ["import", "--json", "--site", &app.site_key, "--format", "csv", "--map", map];
        let output = app.cli(&[&args[..], &[&file.display().to_string()]].concat());

        assert_eq!(counts(&output), [1, 0, 1], "{backend:?}");
        assert_eq!(
            output.json()["first_rejects"],
            json!([[2, "created_at 2020-02-29T00:00:00.000Z is longer ago than the site keeps responses"]])
        );
        assert_eq!(app.count("responses"), 1, "{backend:?}");
    }
}

/// The most memory a dry run of that many rows needed, in bytes.
fn memory_of_dry_run(app: &TestApp, rows: usize) -> usize {
    let mut import = app.command();
    let args = ["import", "--dry-run", "--json", "--site", &app.site_key, "--map", "score=score,order_ref=order", "-"];
    import.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut import = import.spawn().unwrap();
    let mut input = BufWriter::new(import.stdin.take().unwrap());
    input.write_all(b"score,order\n").unwrap();
    for row in 0..rows {
        writeln!(input, "{},{row}", row % 5 + 1).unwrap();
    }
    input.flush().unwrap();
    // All of it was read, but for what a pipe holds; and it has not ended.
    let status = std::fs::read_to_string(format!("/proc/{}/status", import.id())).unwrap();
    drop(input);
    let output = import.wait_with_output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["valid"], rows, "{report}");
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    most.trim().strip_suffix(" kB").unwrap().parse::<usize>().unwrap() * 1024
}

#[tokio::test]
async fn import_keeps_a_few_bytes_of_each_row() {
    const FEW: usize = 30_000;
    const MANY: usize = 10 * FEW;
    let app = TestApp::on(Backend::Sqlite).await;

    let (few, many) = (memory_of_dry_run(&app, FEW), memory_of_dry_run(&app, MANY));

    let each = many.saturating_sub(few) / (MANY - FEW);
    assert!(each < 30, "{each} bytes a row: {few} bytes for {FEW} rows, {many} for {MANY}");
}

#[tokio::test]
async fn quotation_mark_that_is_not_closed_does_not_take_in_the_whole_file() {
    let app = TestApp::on(Backend::Sqlite).await;
    let file = app.dir().join("rows.csv");
    let row = |comment: &str| format!("4,{comment}\n");
    let long = format!("\"{}\"", "x".repeat(1_000_000));
    let open = row("\"never closed") + &row("more").repeat(500_000);
    std::fs::write(&file, format!("Rating,Text\n{}{}{open}", row("good"), row(&long))).unwrap();
    let args = ["import", "--site", &app.site_key, "--map", "score=Rating", &file.display().to_string()];

    let output = app.cli(&args);

    assert_eq!(output.status.code(), Some(1), "{output:?}");
    for words in ["line 4", "quotation mark"] {
        assert!(output.stderr.contains(words), "{words}: {}", output.stderr);
    }
}

/// PostgreSQL plans by what `pg_class.reltuples` says a table holds.
#[tokio::test]
async fn postgres_looks_at_a_table_that_has_outgrown_its_plans_and_at_no_other() {
    const ROWS: u64 = 12_000;
    let app = TestApp::on(Backend::Postgres).await;
    let import_more = |name: &str| {
        let file = app.dir().join(name);
        let rows: String = (0..ROWS).map(|at| format!("{},{name} {at}\n", at % 5 + 1)).collect();
        std::fs::write(&file, format!("Rating,Order\n{rows}")).unwrap();
        let map = "score=Rating,order_ref=Order";
        let args = ["import", "--json", "--site", &app.site_key, "--format", "csv", "--map", map];
        assert_eq!(counts(&app.cli(&[&args[..], &[&file.display().to_string()]].concat())), [ROWS, 0, 0]);
    };
    let planned_for = |rows: u64| app.count(&format!("pg_class WHERE relname = 'responses' AND reltuples = {rows}"));

    import_more("first");
    assert_eq!(planned_for(ROWS), 1, "nobody told the planner of the first {ROWS} responses");
    import_more("second");
    assert_eq!(planned_for(2 * ROWS), 1, "nobody told the planner that the table has doubled");

    // As in a shop that has collected for years. To look at that much would keep its disk busy for seconds.
    app.execute("UPDATE pg_class SET reltuples = 10000000 WHERE relname = 'responses'");
    import_more("third");
    assert_eq!(planned_for(10_000_000), 1, "the whole table was looked at for a thousandth more");
}

#[tokio::test]
async fn rejects_take_the_place_of_no_file_unasked_and_never_of_the_one_that_is_read() {
    let app = TestApp::on(Backend::Sqlite).await;
    let file = app.dir().join("shop.csv");
    let rows = "Rating,Review Text,Department Name\n9,Bad,Dresses\n4,Good,Dresses\n";
    std::fs::write(&file, rows).unwrap();
    let name = file.display().to_string();
    let link = app.dir().join("link.csv");
    std::fs::hard_link(&file, &link).unwrap();
    let notes = app.dir().join("notes.csv");
    std::fs::write(&notes, "mine").unwrap();
    let notes_name = notes.display().to_string();

    let link_name = link.display().to_string();
    let database = app.dir().join("counterbell.db").display().to_string();
    for (more, because) in [
        (&["--rejects", &name, "--force"][..], "is the file that is read"),
        (&["--rejects", &link_name, "--force"][..], "is the file that is read"),
        (&["--rejects", &notes_name][..], "--force"),
        (&["--rejects", &database, "--force"][..], "belongs to the database itself"),
        (&["--rejects", &database, "--force", "--dry-run"][..], "belongs to the database itself"),
    ] {
        let output = import(&app, &name, more);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert_eq!(output.stderr.lines().count(), 1, "{output:?}");
        assert!(output.stderr.contains(because), "not about {because:?}: {output:?}");
    }
    assert_eq!(app.count("responses"), 0);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), rows);
    assert_eq!(std::fs::read_to_string(&notes).unwrap(), "mine");

    assert_eq!(counts(&import(&app, &name, &["--rejects", &notes_name, "--force"])), [1, 0, 1]);
    assert!(std::fs::read_to_string(&notes).unwrap().starts_with("line,reason,"));

    // Without --rejects, what an earlier import wrote is replaced, and nothing else.
    assert_eq!(counts(&import(&app, &name, &[])), [0, 1, 1]);
    assert_eq!(counts(&import(&app, &name, &[])), [0, 1, 1]);
    let usual = app.dir().join("shop.csv.rejects.csv");
    std::fs::write(&usual, "mine").unwrap();
    assert!(!import(&app, &name, &[]).status.success());
    assert_eq!(std::fs::read_to_string(&usual).unwrap(), "mine");
}
