//! The server under test, with a site and a key, ready to be asked.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use counterbell_shared::time::UnixMillis;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::installation::Installation;
use crate::{Answer, Backend, CliOutput, Mail, Program, Setup, Volume, sample, wait};

/// A running server of one test's own: its process, its database, one site, and an API key for that site.
pub struct TestApp {
    // Dropped in this order: the server lets go of its database before that is dropped.
    program: Program,
    installation: Installation,
    /// Key of its site.
    pub site_key: String,
    /// A key for that site.
    pub api_key: String,
    http: reqwest::Client,
    address: String,
}

/// Another server on the database of a [`TestApp`].
pub struct Node {
    /// Its process.
    pub program: Program,
    address: String,
}

impl Node {
    /// Absolute URL of a path on it.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl TestApp {
    /// One on this backend: `TestApp::on(Backend::Sqlite).await`.
    pub fn on(backend: Backend) -> Setup {
        Setup::new(backend)
    }

    pub(crate) async fn start(installation: Installation, site_key: String) -> Self {
        let key = installation.cli(&["key", "create", "--site", &site_key, "--json"]).json();
        let api_key = key["api_key"].as_str().unwrap().to_owned();
        let (program, address) = installation.serve("127.0.0.1:0").await;
        Self { program, installation, site_key, api_key, http: client(), address }
    }

    /// Absolute URL of a path on the server.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Starts another server on the same database, which must be PostgreSQL.
    pub async fn another_server(&self) -> Node {
        let (program, address) = self.installation.serve("127.0.0.1:0").await;
        Node { program, address }
    }

    /// Host and port it listens on.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// A request, to be completed and handed to [`Self::send`].
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, self.url(path))
    }

    /// Sends a request and reads the answer.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        Answer::read(request.send().await.unwrap()).await.unwrap()
    }

    /// `GET` as anybody.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// `GET` with the site's API key.
    pub async fn admin(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path).bearer_auth(&self.api_key)).await
    }

    /// Sends a response to the app's site, as a till would (no Origin).
    pub async fn respond(&self, response: &Value) -> Answer {
        self.try_respond(response).await.unwrap()
    }

    /// As [`Self::respond`], where the server may be gone.
    ///
    /// # Errors
    /// There was no complete answer.
    pub async fn try_respond(&self, response: &Value) -> reqwest::Result<Answer> {
        let body = sample::with(json!({ "site_key": self.site_key }), response.clone());
        Answer::read(self.request(Method::POST, "/v1/responses").json(&body).send().await?).await
    }

    /// Every item of a list of the admin API, page by page.
    pub async fn admin_items(&self, path: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut cursor = String::new();
        loop {
            let separator = if path.contains('?') { '&' } else { '?' };
            let page = self.admin(&format!("{path}{separator}limit=200{cursor}")).await.expect(200);
            items.extend(page["items"].as_array().unwrap().iter().cloned());
            match &page["next_cursor"] {
                Value::String(next) => cursor = format!("&cursor={next}"),
                _ => return items,
            }
        }
    }

    /// Rows of a table, counted past the server.
    pub fn count(&self, table: &str) -> i64 {
        self.installation.database().count(table)
    }

    /// What `columns` are in each of `rows`, as [`crate::Database::texts`] reads them.
    pub fn texts(&self, columns: &[&str], rows: &str) -> Vec<String> {
        self.installation.database().texts(columns, rows)
    }

    /// Waits until triage has decided about every response that is due: by then all alerts and messages of it are stored.
    pub async fn triaged(&self) {
        let due = || format!("triage_queue WHERE parked_at IS NULL AND due_at <= {}", UnixMillis::now().0);
        wait::until_true("end of triage", async || self.count(&due()) == 0).await;
    }

    /// Has the silence of every customer who has not finished be over, and waits until triage has decided.
    pub async fn end_silence(&self) {
        self.execute("UPDATE triage_queue SET due_at = 0");
        self.triaged().await;
    }

    /// The database, as in `--database-url`.
    pub fn database_url(&self) -> &str {
        self.installation.database().url()
    }

    /// Changes rows past the server.
    pub fn execute(&self, statement: &str) {
        self.installation.database().execute(statement);
    }

    /// Has the server take its PostgreSQL for one that Citus has spread, and write table by table.
    pub async fn pretend_to_be_spread(&mut self) {
        // All that is looked at. The oid is above those of PostgreSQL itself, and below those it gives out.
        self.execute(
            "INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion) \
             SELECT 16000, 'citus', oid, 'public'::regnamespace, false, 'none' FROM pg_roles \
             WHERE rolname = current_user",
        );
        self.restart().await;
    }

    /// Mails written to files, where no mail server is configured.
    pub fn mail_files(&self) -> Vec<Mail> {
        Mail::read_all(&self.dir().join("mail"))
    }

    /// The volume its database is on.
    pub fn volume(&self) -> &Volume {
        self.installation.database().volume().expect("the test put it on a volume")
    }

    /// Where the server runs, for files of the test's own.
    pub fn dir(&self) -> &Path {
        self.installation.dir()
    }

    /// What the server logged so far: all it did before the last answer.
    pub fn log(&self) -> String {
        self.program.printed()
    }

    /// Runs a command on the app's database.
    pub fn cli(&self, args: &[&str]) -> CliOutput {
        self.installation.cli(args)
    }

    /// The program with the app's settings, to be run beside others.
    pub fn command(&self) -> Command {
        self.installation.command()
    }

    /// Stores a survey for the app's site and publishes it.
    pub fn publish_survey(&self, document: &Value) {
        let (file, name) = (self.dir().join("survey.json"), document["name"].as_str().unwrap());
        std::fs::write(&file, document.to_string()).unwrap();
        let stored = self.cli(&["survey", "put", &file.display().to_string(), "--site", &self.site_key]);
        assert!(stored.status.success(), "{stored:?}");
        let published = self.cli(&["survey", "publish", name, "--site", &self.site_key]);
        assert!(published.status.success(), "{published:?}");
    }

    /// Puts an alert rule of the app's site in force; a running server reads it within seconds.
    pub fn store_rule(&self, document: &Value) {
        let file = self.dir().join("rule.json");
        std::fs::write(&file, document.to_string()).unwrap();
        let stored = self.cli(&["rules", "put", &file.display().to_string(), "--site", &self.site_key]);
        assert!(stored.status.success(), "{stored:?}");
    }

    /// Stores a theme for the app's site.
    pub fn store_theme(&self, document: &Value) {
        let file = self.dir().join("theme.json");
        std::fs::write(&file, document.to_string()).unwrap();
        let stored = self.cli(&["site", "theme", &self.site_key, &file.display().to_string()]);
        assert!(stored.status.success(), "{stored:?}");
    }

    /// As [`Self::cli`], with a file for standard input.
    pub fn cli_reading(&self, args: &[&str], input: &Path) -> CliOutput {
        self.installation.cli_reading(args, input)
    }

    /// A further site; its key.
    pub fn create_site(&self, origin: &str, recipient: &str) -> String {
        self.installation.create_site(&[origin.to_owned()], &[recipient.to_owned()])
    }

    /// The running server, to be ended one way or another.
    pub fn program(&mut self) -> &mut Program {
        &mut self.program
    }

    /// Changes a setting for the next start.
    pub fn set(&mut self, name: &str, value: &str) {
        self.installation.set(name, value);
    }

    /// Stops the server as an operator would and starts it again.
    pub async fn restart(&mut self) {
        self.program.terminate();
        self.program.wait_for_exit().await;
        self.start_again().await;
    }

    /// Starts a server that is to refuse to start, after this one ended; the one line it printed.
    pub async fn refused_start(&self) -> String {
        let printed = self.installation.refused().await;
        assert_eq!(printed.lines().count(), 1, "{printed}");
        printed
    }

    /// Starts the server again at the same address, after it ended.
    pub async fn start_again(&mut self) {
        (self.program, self.address) = self.installation.serve(&self.address).await;
        // Connections of the one before are dead.
        self.http = client();
    }
}

/// Talks to no proxy, whatever the environment says.
pub fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60)).build().unwrap()
}
