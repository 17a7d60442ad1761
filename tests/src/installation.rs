//! One test's own directory, database and settings: what outlives a server that is killed.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::database::Place;
use crate::{CliOutput, Database, Program, cli};

/// What an operator has before `serve`.
pub struct Installation {
    // Dropped before the directory its file is in.
    database: Database,
    settings: Vec<(String, String)>,
    /// Command that becomes the program it is given.
    runner: Vec<String>,
    dir: TempDir,
}

impl Installation {
    /// With a database nothing is stored in; mails become files unless `settings` name a mail server.
    pub fn new(place: Place, mut settings: Vec<(String, String)>, runner: Vec<String>) -> Self {
        let dir = TempDir::new().unwrap();
        let database = Database::create_quickly(place, dir.path());
        settings.push(("COUNTERBELL_DATABASE_URL".to_owned(), database.url().to_owned()));
        // Every request of the tests comes from one address.
        if !settings.iter().any(|(name, _)| name == "COUNTERBELL_RATE_LIMIT") {
            settings.push(("COUNTERBELL_RATE_LIMIT".to_owned(), "0".to_owned()));
        }
        settings.push(("COUNTERBELL_MAIL_DIR".to_owned(), dir.path().join("mail").display().to_string()));
        Self { database, settings, runner, dir }
    }

    /// Its database.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Where the program runs.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Changes a setting for whatever is started next.
    pub fn set(&mut self, name: &str, value: &str) {
        self.settings.retain(|(known, _)| known != name);
        self.settings.push((name.to_owned(), value.to_owned()));
    }

    /// Runs a command to its end.
    pub fn cli(&self, args: &[&str]) -> CliOutput {
        cli::run_command(self.command().args(args))
    }

    /// The binary with these settings, where its database can be reached.
    pub fn command(&self) -> Command {
        let mut command = cli::command(self.dir());
        if let [name, args @ ..] = self.runner.as_slice() {
            let mut run = Command::new(name);
            run.args(args).arg(command.get_program());
            command = cli::same_surroundings(&command, run);
        }
        if let Some(volume) = self.database.volume() {
            command = volume.inside(&command);
        }
        command.envs(self.settings.iter().cloned());
        command
    }

    /// As [`Self::cli`], with a file for standard input.
    pub fn cli_reading(&self, args: &[&str], input: &Path) -> CliOutput {
        cli::run_command_reading(cli::command(self.dir()).envs(self.settings.iter().cloned()).args(args), input)
    }

    /// A new site's key.
    pub fn create_site(&self, origins: &[String], recipients: &[String]) -> String {
        let mut args = vec!["site", "create", "--json", "--name", "Shop"];
        args.extend(origins.iter().flat_map(|origin| ["--origin", origin]));
        args.extend(recipients.iter().flat_map(|recipient| ["--recipient", recipient]));
        self.cli(&args).json()["site_key"].as_str().unwrap().to_owned()
    }

    /// Starts a server that is to refuse to start; what it printed.
    pub async fn refused(&self) -> String {
        let mut program = Program::start(self.command().args(["serve", "--listen", "127.0.0.1:0"]));
        let status = program.wait_for_exit().await;
        assert!(!status.success(), "{status}");
        program.printed()
    }

    /// Starts the server; returns it with the address it listens on.
    pub async fn serve(&self, listen: &str) -> (Program, String) {
        let mut program = Program::start(self.command().args(["serve", "--listen", listen]));
        let address = program.wait_for_output("address", listening_address).await;
        (program, address)
    }
}

/// `127.0.0.1:PORT` out of the line that says where the server listens.
fn listening_address(log: &str) -> Option<String> {
    let (_, rest) = log.split_once("http://127.0.0.1:")?;
    let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
    // The line must be complete, or the port may be too short.
    (rest.len() > port.len() && port != "0").then(|| format!("127.0.0.1:{port}"))
}
