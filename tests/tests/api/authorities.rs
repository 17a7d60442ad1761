//! Whose certificates the program takes: those that the machine trusts, though it brings its own OpenSSL.

use std::path::Path;
use std::process::{Command, Stdio};

use counterbell_tests::{
    Backend, Certificates, Postgres, Setup, Smtp, SmtpOptions, TestApp, Tls, encrypt_postgres, environment, sample,
    wait,
};

use crate::doctor::{check, checks};

/// Where Debian and its like keep the certificates they trust.
const STORE: &str = "/etc/ssl/certs/ca-certificates.crt";

/// How somebody lets a machine trust an authority.
#[derive(Clone, Copy, Debug)]
enum Trust {
    /// `SSL_CERT_FILE` names its certificate.
    Variable,
    /// Its certificate is in [`STORE`], which the program must find by itself.
    Store,
}

impl Trust {
    /// Both, or the first alone where a test may not put its own store in the place of the machine's.
    fn each() -> Vec<Self> {
        let tried = mounting(&format!("mount --bind {STORE} {STORE}"));
        let tried = Command::new("unshare").args(&tried[1..]).arg("true").stderr(Stdio::null()).status();
        if tried.is_ok_and(|status| status.success()) {
            return vec![Self::Variable, Self::Store];
        }
        environment::skipped("the machine's own certificates", "nothing can be mounted over them here");
        vec![Self::Variable]
    }

    fn apply(self, setup: Setup, ca: &Path) -> Setup {
        let ca = ca.display().to_string();
        match self {
            Self::Variable => setup.setting("SSL_CERT_FILE", &ca),
            Self::Store => {
                let command = mounting(&format!("mount --bind '{ca}' {STORE}"));
                setup.started_by(&command.iter().map(String::as_str).collect::<Vec<_>>())
            }
        }
    }
}

/// A command that runs what stands behind it where `mount` was done, which nobody else sees.
fn mounting(mount: &str) -> Vec<String> {
    let user: &[&str] = if rustix::process::geteuid().is_root() { &[] } else { &["--user", "--map-root-user"] };
    let rest = ["--mount", "--propagation", "private", "sh", "-c"];
    let script = format!("{mount} && exec \"$@\"");
    ["unshare"].iter().chain(user).chain(&rest).map(|&word| word.to_owned()).chain([script, "sh".to_owned()]).collect()
}

#[tokio::test]
async fn mail_server_is_believed_when_the_machine_trusts_its_authority() {
    for trust in Trust::each() {
        for tls in [Tls::StartTls, Tls::Implicit] {
            let smtp = Smtp::with(SmtpOptions { tls, ..SmtpOptions::default() }).await;
            let setup = TestApp::on(Backend::Sqlite).setting("COUNTERBELL_SMTP_URL", &smtp.url());
            let app = trust.apply(setup, smtp.ca_file()).await;

            app.respond(&sample::response(1)).await.expect(201);

            assert!(smtp.wait_for(1).await[0].tls, "{trust:?} {tls:?}");
        }
    }
}

#[tokio::test]
async fn postgres_is_believed_when_the_machine_trusts_its_authority() {
    for trust in Trust::each() {
        let server = Postgres::start(&environment::workspace().join("target")).unwrap();
        let ca = Certificates::write(&server.dir().join("data")).ca;
        let mut app = trust.apply(TestApp::on(Backend::Postgres).postgres(&server), &ca).await;
        let host = app.database_url().replace("127.0.0.1", "localhost");
        encrypt_postgres(&app, &server);

        app.set("COUNTERBELL_DATABASE_URL", &format!("{host}?sslmode=verify-full&sslrootcert=system"));

        // PostgreSQL reads its settings anew in its own time.
        wait::until_true("encryption", async || app.cli(&["doctor"]).status.success()).await;
        let checks = checks(&app.cli(&["doctor", "--json"]));
        let found = check(&checks, "encryption")["found"].as_str().unwrap();
        assert!(found.contains("TLSv1") && found.contains("and that it is of this host"), "{trust:?}: {found}");
    }
}

#[tokio::test]
async fn postgres_is_not_believed_when_the_machine_does_not_trust_its_authority() {
    let server = Postgres::start(&environment::workspace().join("target")).unwrap();
    let mut app = TestApp::on(Backend::Postgres).postgres(&server).await;
    let host = app.database_url().replace("127.0.0.1", "localhost");
    let ca = encrypt_postgres(&app, &server);
    app.set("COUNTERBELL_DATABASE_URL", &format!("{host}?sslmode=verify-full&sslrootcert={}", ca.display()));
    wait::until_true("encryption", async || app.cli(&["doctor"]).status.success()).await;

    app.set("COUNTERBELL_DATABASE_URL", &format!("{host}?sslmode=verify-full&sslrootcert=system"));

    let checks = checks(&app.cli(&["doctor", "--json"]));
    let database = check(&checks, "database");
    assert_eq!(database["verdict"], "failed", "{database}");
    assert!(database["found"].as_str().unwrap().contains("certificate verify failed"), "{database}");
}
