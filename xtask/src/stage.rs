//! Where the widget is shown to whoever measures it or takes its picture: a server with a site, and a shop on another
//! origin.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;
use tempfile::TempDir;

use crate::bench::database::{Backend, Database};
use crate::bench::server::{Program, Server, Storage};
use crate::host_page::{self, HostPage};
use crate::process;

/// Who is told of unhappy customers.
const RECIPIENT: &str = "staff@bramble-and-oak.example";

/// A running server, and a shop that it lets in. Dropping it ends the server and removes its database.
pub struct Stage {
    /// The shop.
    pub host: HostPage,
    /// Where the server is: `http://127.0.0.1:PORT`.
    pub server: String,
    /// Where staff's mails go.
    pub mail_dir: PathBuf,
    site_key: String,
    _server: Server,
    _database: Database,
    _dir: TempDir,
}

impl Stage {
    /// Starts the server on an SQLite file of its own, with one site for the shop.
    ///
    /// # Errors
    /// The server does not start.
    pub fn set(binary: &Path) -> Result<Self> {
        let target = process::workspace_root().join("target");
        let database = Backend::Sqlite(target.clone()).create()?;
        let dir = tempfile::Builder::new().prefix("bench-").tempdir_in(target)?;
        let program = Program { path: binary, database_url: &database.url, dir: dir.path() };
        let host = HostPage::start()?;
        let origin = host.origin();
        let site: Value = program.run(&[
            "site",
            "create",
            "--name",
            "Bramble & Oak",
            "--origin",
            &origin,
            "--recipient",
            RECIPIENT,
            "--json",
        ])?;
        let site_key = site["site_key"].as_str().context("the new site has no key")?.to_owned();
        let running = program.serve(Storage::Group)?;
        let server = format!("http://{}", running.address);
        let mail_dir = program.mail_dir();
        Ok(Self { host, server, mail_dir, site_key, _server: running, _database: database, _dir: dir })
    }

    /// The widget's tag, as a shop's order page carries it, with further attributes: empty, or with a space before.
    pub fn tag(&self, attributes: &str) -> String {
        host_page::tag(&self.server, &self.site_key, attributes)
    }
}
