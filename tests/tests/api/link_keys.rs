//! The keys that links in mails are signed with.

use counterbell_tests::{Backend, TestApp, command, run_command};
use serde_json::Value;
use tempfile::TempDir;

fn keys(app: &TestApp) -> Vec<Value> {
    let listed = app.cli(&["links", "list", "--json"]);
    assert!(listed.status.success(), "{listed:?}");
    serde_json::from_str(&listed.stdout).unwrap()
}

#[tokio::test]
async fn server_makes_a_key_once_and_a_newer_one_takes_its_place() {
    for backend in Backend::ALL {
        let mut app = TestApp::on(backend).await;
        let first = keys(&app);
        assert_eq!((first.len(), &first[0]["expires_at"]), (1, &Value::Null), "{backend:?}");
        app.restart().await;
        assert_eq!(keys(&app), first, "{backend:?}");

        let rotated = app.cli(&["links", "rotate", "--json"]);
        assert!(rotated.status.success(), "{rotated:?}");
        let both = keys(&app);
        assert_eq!(both.len(), 2, "{backend:?}");
        assert_eq!(both[0]["expires_at"], Value::Null);
        assert_eq!(both[1]["key_id"], first[0]["key_id"]);
        assert!(both[1]["expires_at"].is_string());

        let rotated = app.cli(&["links", "rotate", "--stop-old"]);
        assert!(rotated.status.success() && rotated.stdout.contains("count no more"), "{rotated:?}");
        assert_eq!(keys(&app).len(), 1, "{backend:?}");
        assert_eq!(app.count("journal WHERE kind = 'link_key.made' AND site_id = 0"), 3, "{backend:?}");
    }
}

#[tokio::test]
async fn keys_of_the_settings_are_taken_in_place_of_the_databases() {
    let secret = "kZ0Wb6u8oYf3rT5qGm1nXc7vLd2sHj9aPe4iQyUwBtE=";
    let app = TestApp::on(Backend::Sqlite).setting("COUNTERBELL_LINK_KEYS", &format!("{secret},{secret}x")).await;
    assert_eq!(app.count("link_keys"), 0);
    // In the database there is nothing to change.
    for command in ["list", "rotate"] {
        let refused = app.cli(&["links", command, "--link-key", secret]);
        assert!(!refused.status.success() && refused.stderr.contains("COUNTERBELL_LINK_KEYS"), "{refused:?}");
    }
}

#[tokio::test]
async fn secret_that_could_be_guessed_is_refused_and_not_told() {
    let dir = TempDir::new().unwrap();
    let good = "k".repeat(43);
    let mut serve = command(dir.path());
    serve.args(["serve", "--listen", "127.0.0.1:0"]).env("COUNTERBELL_LINK_KEYS", format!("{good},hunter2"));
    let refused = run_command(&mut serve);
    assert!(!refused.status.success(), "{refused:?}");
    let says = ["COUNTERBELL_LINK_KEYS", "secret 2", "openssl rand -base64 32"];
    assert!(says.iter().all(|says| refused.stderr.contains(says)), "{refused:?}");
    assert!(!refused.stderr.contains("hunter2") && !refused.stderr.contains(&good), "{refused:?}");
    assert_eq!(refused.stderr.lines().count(), 1, "{refused:?}");
}
