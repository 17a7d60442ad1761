//! Settings, and what is refused at the start.

use std::net::{SocketAddr, TcpListener, TcpStream};

use counterbell_tests::{Backend, CliOutput, Program, TestApp, command, run_command, sample};
use serde_json::json;
use tempfile::TempDir;

#[tokio::test]
async fn unknown_database_scheme_refuses_to_start_and_makes_no_file() {
    for url in ["mysql://localhost/shop", "sqlit:///shop.db", "postgress://localhost/shop", "shop.db", ""] {
        let dir = TempDir::new().unwrap();
        for args in [&["serve", "--listen", "127.0.0.1:0"][..], &["migrate"]] {
            let output = run_command(command(dir.path()).args(args).args(["--database-url", url]));

            assert!(!output.status.success(), "{url}: {output:?}");
            let lines: Vec<_> = output.stderr.lines().collect();
            assert_eq!(lines.len(), 1, "{url}: {output:?}");
            for accepted in ["sqlite:", "postgres:"] {
                assert!(lines[0].contains(accepted), "{url}: {output:?}");
            }
            assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "{url} left files");
        }
    }
}

#[tokio::test]
async fn sqlite_url_that_names_no_file_is_refused_with_what_to_write_instead() {
    for (url, instead) in [
        ("sqlite:~/shop.db", "$HOME"),
        ("sqlite:$HOME/shop.db", "whole path"),
        ("sqlite::memory:", "sqlite:data/counterbell.db"),
        ("sqlite://:memory:", "sqlite:data/counterbell.db"),
        ("sqlite:shop.db?mode=rwc", "leave out ?"),
        ("sqlite:file:shop.db", "sqlite:relative/path.db"),
        ("sqlite://shop/shop.db", "three slashes"),
    ] {
        let dir = TempDir::new().unwrap();
        for args in [&["migrate"][..], &["doctor"], &["serve", "--listen", "127.0.0.1:0"]] {
            let output = run_command(command(dir.path()).args(args).args(["--database-url", url]));

            assert!(!output.status.success(), "{url}: {output:?}");
            let told = if args == ["doctor"] { &output.stdout } else { &output.stderr };
            assert!(told.lines().count() == 1 && told.contains(instead), "{url}: {output:?}");
            assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "{url} left files");
        }
    }
}

#[tokio::test]
async fn password_of_a_wrong_url_is_told_nowhere() {
    let hidden = |what: &str, output: &CliOutput| {
        let told = [output.stdout.as_str(), &output.stderr].concat();
        assert!(!told.is_empty() && !told.contains("s3cret"), "{what}: {output:?}");
    };
    for url in [
        "postgres://ann:s3cret@127.0.0.1:1/shop",
        "postgres://ann:1@s3cret@127.0.0.1:1/shop",
        "postgres://ann:1/s3cret@127.0.0.1:1/shop",
        "postgres://ann:1?s3cret=@127.0.0.1:1/shop",
        "postgres://ann:1%s3cret@127.0.0.1:1/shop",
        "postgres://ann:[s3cret@127.0.0.1:1/shop",
        "postgres:ann:s3cret@127.0.0.1:1/shop",
        "postgres://ann@127.0.0.1:1/shop?password=1&s3cret=2",
        "postgres://ann@127.0.0.1:1/shop?pasword=s3cret",
        "host=127.0.0.1 port=1 user=ann password=s3cret options='-c a:b'",
        "mysql:ann:s3cret@127.0.0.1",
        "sqlite://ann:s3cret@127.0.0.1/shop",
        "sqlite:ann:s3cret@127.0.0.1/shop",
    ] {
        let dir = TempDir::new().unwrap();
        let database = format!("[database]\nurl = {}\n", serde_json::Value::from(url));
        for (name, text) in
            [("section.toml", database.clone()), ("value.toml", database.replace("[database]\nurl", "database"))]
        {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        for args in [
            &["migrate", "--database-url", url][..],
            &["doctor", "--database-url", url],
            &["doctor", "--json", "--database-url", url],
            &["doctor", "--config", "section.toml"],
            &["doctor", "--config", "value.toml"],
            &["copy", "--from", url, "--to", "sqlite:to.db"],
            &["copy", "--from", "sqlite:no.db", "--to", url],
            &["migrate", url],
            &[url],
        ] {
            hidden(&format!("{args:?}"), &run_command(command(dir.path()).args(args)));
        }
        let variable = |args: &[&str]| run_command(command(dir.path()).args(args).env("COUNTERBELL_DATABASE_URL", url));
        hidden("verify, by variable", &variable(&["verify"]));
        hidden("help", &variable(&["serve", "--help"]));
        hidden("a flag nobody knows", &variable(&["serve", "--lisen"]));
    }
}

#[tokio::test]
async fn name_to_listen_on_takes_all_its_addresses() {
    let dir = TempDir::new().unwrap();
    let mut server = Program::start(command(dir.path()).args(["serve", "--listen", "localhost:0"]));
    let line = server
        .wait_for_output("address", |log| log.lines().find(|line| line.contains("Listening on")).map(str::to_owned));
    let line = line.await;

    let addresses: Vec<SocketAddr> =
        line.split_whitespace().filter_map(|word| word.strip_prefix("http://")?.parse().ok()).collect();
    assert!(addresses.iter().any(SocketAddr::is_ipv4), "{line}");
    for address in &addresses {
        assert!(address.ip().is_loopback() && address.port() == addresses[0].port(), "{line}");
        TcpStream::connect(address).unwrap_or_else(|error| panic!("{address}: {error}"));
    }
    let unused = TcpListener::bind(("::1", addresses[0].port())).is_ok();
    assert!(!unused || addresses.iter().all(SocketAddr::is_ipv4), "{line}");
}

#[tokio::test]
async fn address_that_cannot_be_had_is_said_with_the_setting() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for address in [&taken, "192.0.2.1:8080", "shop.invalid:8080", "8080"] {
        let dir = TempDir::new().unwrap();
        let output = run_command(command(dir.path()).args(["serve", "--listen", address]));
        assert!(!output.status.success(), "{output:?}");
        assert_eq!(output.stderr.lines().count(), 1, "{output:?}");
        assert!(output.stderr.contains("--listen (COUNTERBELL_LISTEN): "), "{output:?}");
    }
}

#[tokio::test]
async fn flag_overrules_variable_overrules_file() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("counterbell.toml");
    let free = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let (in_file, in_variable, in_flag) = (free(), free(), free());
    let toml =
        format!("[database]\nurl = \"sqlite:///{}/file.db\"\n[http]\nlisten = \"{in_file}\"\n", dir.path().display());
    std::fs::write(&file, toml.replace("////", "///")).unwrap();

    for (variable, flag, expected) in [
        (None, None, &in_file),
        (Some(&in_variable), None, &in_variable),
        (None, Some(&in_flag), &in_flag),
        (Some(&in_variable), Some(&in_flag), &in_flag),
    ] {
        let mut serve = command(dir.path());
        serve.arg("serve").arg("--config").arg(&file);
        if let Some(variable) = variable {
            serve.env("COUNTERBELL_LISTEN", variable);
        }
        if let Some(flag) = flag {
            serve.args(["--listen", flag]);
        }
        let mut server = Program::start(&mut serve);
        server.wait_for_output("address", |log| log.contains(&format!("http://{expected}")).then_some(())).await;
    }
    assert!(dir.path().join("file.db").exists(), "what only the file names is taken from there");
}

#[test]
fn variable_with_a_wrong_value_is_named() {
    let dir = TempDir::new().unwrap();
    for variable in ["COUNTERBELL_RATE_LIMIT", "COUNTERBELL_CLIENT_ADDRESS_HEADER", "COUNTERBELL_ALERT_SILENCE_MS"] {
        let output = run_command(command(dir.path()).arg("serve").env(variable, "abc"));
        assert!(!output.status.success(), "{output:?}");
        let told = output.stderr.lines().next().unwrap();
        assert!(told.contains(variable) && told.contains("'abc'"), "{output:?}");
    }
}

#[tokio::test]
async fn setting_nobody_knows_is_refused() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("counterbell.toml");
    std::fs::write(&file, "[http]\nlisten_on = \"127.0.0.1:0\"\n").unwrap();
    let output = run_command(command(dir.path()).args(["serve", "--config"]).arg(&file));
    assert!(!output.status.success(), "{output:?}");
    assert!(output.stderr.contains("listen_on") && output.stderr.contains("counterbell.toml"), "{output:?}");
}

#[tokio::test]
async fn api_key_is_stored_hashed() {
    let app = TestApp::on(Backend::Sqlite).await;
    for entry in std::fs::read_dir(app.dir()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            let secret = app.api_key.rsplit('_').next().unwrap().as_bytes();
            assert!(!bytes.windows(secret.len()).any(|window| window == secret), "{}", path.display());
        }
    }
}

#[tokio::test]
async fn nothing_makes_the_server_answer_without_storing() {
    let dir = TempDir::new().unwrap();
    for (args, word) in [(&["serve", "--bench-storage", "null"][..], "--bench-storage"), (&["bench", "size"], "bench")]
    {
        // Would be refused later, were that known.
        let output = run_command(command(dir.path()).args(args).args(["--database-url", "none:"]));
        assert!(!output.status.success() && output.stderr.contains(&format!("'{word}'")), "{output:?}");
    }
    let app = TestApp::on(Backend::Sqlite).setting("COUNTERBELL_BENCH_STORAGE", "null").await;
    app.respond(&sample::response(4)).await.expect(201);
    assert_eq!(app.count("responses"), 1);
}

#[tokio::test]
async fn silence_before_an_alert_can_be_set() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("counterbell.toml");
    std::fs::write(&file, "[alerts]\nsilence_ms = 90000\n").unwrap();
    let config = file.display().to_string();
    for (variable, expected) in [(None, 90_000), (Some("70000"), 70_000)] {
        let mut setup = TestApp::on(Backend::Sqlite).setting("COUNTERBELL_CONFIG", &config);
        if let Some(variable) = variable {
            setup = setup.setting("COUNTERBELL_ALERT_SILENCE_MS", variable);
        }
        let app = setup.await;
        app.respond(&sample::with(sample::response(1), json!({ "complete": false }))).await.expect(201);
        let waiting = format!("triage_queue, responses WHERE due_at = received_at + {expected}");
        assert_eq!(app.count(&waiting), 1, "{variable:?}");
    }

    std::fs::write(&file, "[alerts]\nsilence_ms = 120001\n").unwrap();
    let refused = run_command(command(dir.path()).args(["serve", "--listen", "127.0.0.1:0", "--config", &config]));
    assert!(
        refused.stderr.contains("COUNTERBELL_ALERT_SILENCE_MS") && refused.stderr.contains("120000"),
        "{refused:?}"
    );
    let help = run_command(command(dir.path()).args(["serve", "--help"]));
    assert!(help.stdout.contains("--alert-silence-ms"), "{help:?}");
}
