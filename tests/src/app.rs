//! The server under test, with a site and a key, ready to be asked.

use std::future::{Future, IntoFuture};
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{Answer, Backend, CliOutput, Database, Mail, Program, Smtp, cli, sample};

/// A running server of one test's own: its process, its database, one site, and an API key for that site.
pub struct TestApp {
    // Dropped in this order: the server lets go of its database before that is dropped.
    program: Program,
    /// Its database.
    pub database: Database,
    /// Key of its site.
    pub site_key: String,
    /// A key for that site.
    pub api_key: String,
    http: reqwest::Client,
    settings: Vec<(String, String)>,
    address: String,
    dir: TempDir,
}

/// What a [`TestApp`] is to be; `.await` starts it.
#[must_use]
pub struct Setup {
    backend: Backend,
    origins: Vec<String>,
    recipients: Vec<String>,
    settings: Vec<(String, String)>,
}

impl Setup {
    /// Pages that may send to the site, instead of [`sample::ORIGIN`].
    pub fn origins(mut self, origins: &[&str]) -> Self {
        self.origins = origins.iter().map(|&origin| origin.to_owned()).collect();
        self
    }

    /// Who is told, instead of [`sample::RECIPIENT`].
    pub fn recipients(mut self, recipients: &[&str]) -> Self {
        self.recipients = recipients.iter().map(|&recipient| recipient.to_owned()).collect();
        self
    }

    /// One `COUNTERBELL_*` variable.
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Mail goes to this server instead of into files.
    pub fn smtp(self, smtp: &Smtp) -> Self {
        self.setting("COUNTERBELL_SMTP_URL", &smtp.url())
            .setting("COUNTERBELL_SMTP_CA_FILE", &smtp.ca_file().display().to_string())
    }

    async fn start(self) -> TestApp {
        let dir = TempDir::new().unwrap();
        let database = Database::create(self.backend, dir.path());
        let mut settings = self.settings;
        settings.push(("COUNTERBELL_DATABASE_URL".to_owned(), database.url().to_owned()));
        settings.push(("COUNTERBELL_MAIL_DIR".to_owned(), dir.path().join("mail").display().to_string()));

        let site = create_site(dir.path(), &settings, &self.origins, &self.recipients);
        let key = run(dir.path(), &settings, &["key", "create", "--site", &site, "--json"]).json();
        let (program, address) = serve(dir.path(), &settings, "127.0.0.1:0").await;
        TestApp {
            program,
            database,
            site_key: site,
            api_key: key["api_key"].as_str().unwrap().to_owned(),
            http: client(),
            settings,
            address,
            dir,
        }
    }
}

impl IntoFuture for Setup {
    type Output = TestApp;
    type IntoFuture = Pin<Box<dyn Future<Output = TestApp>>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.start())
    }
}

impl TestApp {
    /// One on this backend: `TestApp::on(Backend::Sqlite).await`.
    pub fn on(backend: Backend) -> Setup {
        Setup {
            backend,
            origins: vec![sample::ORIGIN.to_owned()],
            recipients: vec![sample::RECIPIENT.to_owned()],
            settings: Vec::new(),
        }
    }

    /// Absolute URL of a path on the server.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
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

    /// Mails written to files, where no mail server is configured.
    pub fn mail_files(&self) -> Vec<Mail> {
        Mail::read_all(&self.dir.path().join("mail"))
    }

    /// Where the server runs, for files of the test's own.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// What the server logged so far.
    pub fn log(&self) -> String {
        self.program.printed()
    }

    /// Runs a command on the app's database.
    pub fn cli(&self, args: &[&str]) -> CliOutput {
        run(self.dir.path(), &self.settings, args)
    }

    /// A further site; its key.
    pub fn create_site(&self, origin: &str, recipient: &str) -> String {
        create_site(self.dir.path(), &self.settings, &[origin.to_owned()], &[recipient.to_owned()])
    }

    /// The running server, to be ended one way or another.
    pub fn program(&mut self) -> &mut Program {
        &mut self.program
    }

    /// Changes a setting for the next start.
    pub fn set(&mut self, name: &str, value: &str) {
        self.settings.retain(|(known, _)| known != name);
        self.settings.push((name.to_owned(), value.to_owned()));
    }

    /// Starts the server again at the same address, after it ended.
    pub async fn start_again(&mut self) {
        (self.program, self.address) = serve(self.dir.path(), &self.settings, &self.address).await;
        // Connections of the one before are dead.
        self.http = client();
    }
}

/// Talks to no proxy, whatever the environment says.
pub fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60)).build().unwrap()
}

fn run(dir: &Path, settings: &[(String, String)], args: &[&str]) -> CliOutput {
    cli::run_command(cli::command(dir).envs(settings.iter().cloned()).args(args))
}

fn create_site(dir: &Path, settings: &[(String, String)], origins: &[String], recipients: &[String]) -> String {
    let mut args = vec!["site", "create", "--json", "--name", "Shop"];
    args.extend(origins.iter().flat_map(|origin| ["--origin", origin]));
    args.extend(recipients.iter().flat_map(|recipient| ["--recipient", recipient]));
    run(dir, settings, &args).json()["site_key"].as_str().unwrap().to_owned()
}

async fn serve(dir: &Path, settings: &[(String, String)], listen: &str) -> (Program, String) {
    let mut command = cli::command(dir);
    command.envs(settings.iter().cloned()).args(["serve", "--listen", listen]);
    let mut program = Program::start(&mut command);
    let address = program.wait_for_output("address", listening_address).await;
    (program, address)
}

/// `127.0.0.1:PORT` out of the line that says where the server listens.
fn listening_address(log: &str) -> Option<String> {
    let (_, rest) = log.split_once("http://127.0.0.1:")?;
    let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
    // The line must be complete, or the port may be too short.
    (rest.len() > port.len() && port != "0").then(|| format!("127.0.0.1:{port}"))
}
