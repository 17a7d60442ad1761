//! The server under load, and its command line.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::http::Client;
use super::metrics::Metrics;
use super::requests::ORIGIN;

/// How long the server may take until it listens.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often we look whether it listens.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How often we look whether it has settled. Counting what waits costs it something.
const SETTLE_LOOK_EVERY: Duration = Duration::from_millis(500);
/// How often we say what we wait for.
const SHOW_EVERY: Duration = Duration::from_secs(10);
/// What stands before the port in the line that says where it listens.
const LISTENING: &str = "http://127.0.0.1:";

/// Responses an address may send a minute: the limiter counts, and never refuses.
const RATE_LIMIT: &str = "1000000000";

/// How the server stores: its `--bench-storage`, which it has with the feature `bench` alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// Not at all: it answers without writing.
    Null,
    /// As in production: one transaction for all that is queued.
    Group,
    /// One transaction per response.
    Single,
}

impl Storage {
    const fn flag(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Group => "group",
            Self::Single => "single",
        }
    }
}

/// The server binary on one database.
pub struct Program<'a> {
    /// The binary.
    pub path: &'a Path,
    /// As in `--database-url`.
    pub database_url: &'a str,
    /// Where its mails and its log go.
    pub dir: &'a Path,
}

impl Program<'_> {
    /// A new site that tells this recipient about unhappy customers, and a key to read its responses.
    ///
    /// # Errors
    /// A command failed; the error holds what it said.
    pub fn create_site(&self, recipient: Option<&str>) -> Result<(String, String)> {
        let mut create = vec!["site", "create", "--name", "bench", "--origin", ORIGIN, "--json"];
        create.extend(recipient.map(|recipient| ["--recipient", recipient]).iter().flatten());
        let site_key = string(&self.run(&create)?, "site_key")?;
        self.tell_each_alone(&site_key)?;
        let api_key = self.create_key(&site_key)?;
        Ok((site_key, api_key))
    }

    /// Has a mail made of each unhappy response, however many come: that is what is measured. An older program does so by
    /// itself, and knows no such command.
    fn tell_each_alone(&self, site_key: &str) -> Result<()> {
        let rule = r#"{"name": "unhappy", "when": {"unhappy": true}, "who": [{"team": "alerts"}], "soon": "now",
            "acknowledge_within": "30m",
            "steps": [{"after": "30m", "who": [{"team": "alerts"}]}, {"after": "2h", "who": [{"manager": true}]}]}"#;
        let file = self.dir.join("rule.json");
        fs::write(&file, rule)?;
        let file = file.to_str().context("a path outside UTF-8")?;
        let put = self.command().args(["rules", "put", file, "--site", site_key, "--json"]).output()?;
        let told = String::from_utf8_lossy(&put.stderr);
        ensure!(put.status.success() || told.contains("unrecognized subcommand"), "`counterbell rules put`: {told}");
        Ok(())
    }

    /// The oldest site there is, and a new key to read its responses.
    ///
    /// # Errors
    /// There is no site, or a command failed.
    pub fn adopt_site(&self) -> Result<(String, String)> {
        let sites: Value = self.run(&["site", "list", "--json"])?;
        let site = sites.get(0).context("the database has no site: `cargo xtask bench growth --keep DIR` fills one")?;
        let site_key = string(site, "site_key")?;
        let api_key = self.create_key(&site_key)?;
        Ok((site_key, api_key))
    }

    fn create_key(&self, site_key: &str) -> Result<String> {
        string(&self.run(&["key", "create", "--site", site_key, "--json"])?, "api_key")
    }

    /// Starts the server; returns when it listens.
    ///
    /// # Errors
    /// It ended, or says nowhere where it listens; the error holds its log.
    pub fn serve(&self, storage: Storage) -> Result<Server> {
        self.serve_with_mails(storage, ("--mail-dir".as_ref(), self.mail_dir().as_ref()))
    }

    /// As [`Self::serve`], with the option that says where mails go.
    ///
    /// # Errors
    /// As there.
    pub fn serve_with_mails(&self, storage: Storage, (option, to): (&OsStr, &OsStr)) -> Result<Server> {
        let log = self.dir.join("server.log");
        let mut command = self.command();
        command.args(["serve", "--listen", "127.0.0.1:0", "--rate-limit", RATE_LIMIT]);
        // As in production is what every build does; the product itself knows no such flag.
        if storage != Storage::Group {
            command.args(["--bench-storage", storage.flag()]);
        }
        command.arg(option).arg(to);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&log)?);
        let child = command.spawn().with_context(|| format!("cannot start {}", self.path.display()))?;
        let mut server = Server { child, address: SocketAddr::from(([127, 0, 0, 1], 0)), log };
        server.wait_until_it_listens()?;
        Ok(server)
    }

    /// The folder its mails go to.
    pub fn mail_dir(&self) -> PathBuf {
        self.dir.join("mail")
    }

    /// Runs a command that prints JSON.
    ///
    /// # Errors
    /// It failed; the error holds what it said.
    pub fn run<T: DeserializeOwned>(&self, args: &[&str]) -> Result<T> {
        let output = self.command().args(args).output().context("cannot start the server binary")?;
        let command = args.join(" ");
        ensure!(output.status.success(), "`counterbell {command}`: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).with_context(|| format!("`counterbell {command}` printed no JSON"))
    }

    /// The binary, knowing nothing of the settings of whoever runs the benchmark.
    pub fn command(&self) -> Command {
        let mut command = Command::new(self.path);
        command.current_dir(self.dir).env("NO_COLOR", "1").env_remove("RUST_LOG");
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("COUNTERBELL_")) {
            command.env_remove(name);
        }
        command.env("COUNTERBELL_DATABASE_URL", self.database_url);
        command
    }
}

fn string(value: &Value, name: &str) -> Result<String> {
    Ok(value[name].as_str().with_context(|| format!("no {name} in {value}"))?.to_owned())
}

/// A running server; dropping it kills it.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    log: PathBuf,
}

impl Server {
    fn wait_until_it_listens(&mut self) -> Result<()> {
        let started = Instant::now();
        loop {
            let log = self.log();
            if let Some((_, rest)) = log.split_once(LISTENING) {
                let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
                // Without what follows the number its last digit may not be written yet.
                if digits.len() < rest.len() {
                    self.address.set_port(digits.parse().context("the server listens on no port")?);
                    return Ok(());
                }
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended ({status}):\n{log}");
            }
            ensure!(started.elapsed() < PATIENCE, "the server does not listen:\n{log}");
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A connection to it.
    ///
    /// # Errors
    /// It does not listen any more.
    pub fn client(&self, api_key: &str) -> Result<Client> {
        Client::connect(self.address, api_key)
    }

    /// Responses the admin API counts for the site of this key.
    ///
    /// # Errors
    /// The API cannot be asked, or its answer holds no count.
    pub fn count_responses(&self, api_key: &str) -> Result<u64> {
        let summary = self.client(api_key)?.get_json("/v1/admin/summary")?;
        summary["count"].as_u64().with_context(|| format!("no count in {summary}"))
    }

    /// Transactions that stored responses since it started, by its own metrics.
    ///
    /// # Errors
    /// It does not answer.
    pub fn commits(&self) -> Result<f64> {
        self.metric("counterbell_ingest_batch_responses_count")
    }

    /// A metric without labels.
    ///
    /// # Errors
    /// It does not answer, or has no such metric.
    pub fn metric(&self, name: &str) -> Result<f64> {
        self.metrics()?.get(name)
    }

    /// All its metrics at one moment. What it counts in the database may be a second old.
    ///
    /// # Errors
    /// It does not answer.
    pub fn metrics(&self) -> Result<Metrics> {
        Ok(Metrics(String::from_utf8(self.client("")?.get_ok("/metrics")?.to_vec())?))
    }

    /// Waits until nothing is left to be done in the background: comments indexed, responses looked at by triage, messages
    /// delivered.
    ///
    /// # Errors
    /// It does not answer.
    pub fn settle(&self) -> Result<()> {
        let mut shown = Instant::now();
        loop {
            let metrics = self.metrics()?;
            let to_index = metrics.get("counterbell_search_index_lag_rows")?;
            let to_triage = metrics.get("counterbell_triage_pending")?;
            let to_send = metrics.get("counterbell_outbox_pending")?;
            if to_index + to_triage + to_send == 0.0 {
                return Ok(());
            }
            if shown.elapsed() > SHOW_EVERY {
                shown = Instant::now();
                eprintln!(
                    "Waiting until {to_index} comments, {to_triage} responses and {to_send} mails are dealt with"
                );
            }
            std::thread::sleep(SETTLE_LOOK_EVERY);
        }
    }
}

impl Drop for Server {
    /// As a power cut would: what it acknowledged must survive that.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
