//! A PostgreSQL server of our own, for tests and measurements: durable as by default, gone when dropped.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::{process, setup};

/// Where Debian puts each version's programs.
const DEBIAN_VERSIONS: &str = "/usr/lib/postgresql";
/// Superuser of the server; no password, and only this machine can connect.
const USER: &str = "counterbell";
/// How long the server may take to start.
const START_TIMEOUT: Duration = Duration::from_secs(30);
/// How often we look whether it has.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A running server.
pub struct Postgres {
    server: Child,
    url: String,
    // After the server in the struct: files are deleted once it has let go of them.
    dir: TempDir,
}

impl Postgres {
    /// Starts one on a free port, with its data under target/; installs PostgreSQL when it is missing and we may.
    ///
    /// # Errors
    /// A step failed; the error holds what PostgreSQL said.
    pub fn start() -> Result<Self> {
        let programs = programs()?;
        let owner = Owner::find()?;
        let dir = owner.new_directory()?;
        let data = dir.path().join("data");

        eprintln!("Starting PostgreSQL");
        let mut initdb = owner.command(&programs.join("initdb"));
        initdb.arg("--pgdata").arg(&data).args(["--username", USER, "--auth", "trust", "--encoding", "UTF8"]);
        // The C locale exists everywhere; nothing we store is sorted for people by the database.
        let output = initdb.args(["--locale", "C", "--no-sync"]).output().context("cannot start initdb")?;
        ensure!(output.status.success(), "initdb failed: {}", String::from_utf8_lossy(&output.stderr).trim());

        let port = free_port()?;
        let log = dir.path().join("postgres.log");
        let mut server = owner.command(&programs.join("postgres"));
        server.arg("-D").arg(&data).args(["-p", &port.to_string()]);
        // A pool for each server under test, many of which run at the same time.
        for setting in ["listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=500"] {
            server.args(["-c", setting]);
        }
        server.stdin(Stdio::null()).stdout(File::create(&log)?).stderr(File::options().append(true).open(&log)?);
        let server = server.spawn().context("cannot start postgres")?;

        let mut postgres = Self { server, url: format!("postgres://{USER}@127.0.0.1:{port}/postgres"), dir };
        postgres.wait_until_it_answers(&programs.join("pg_isready"), &log)?;
        Ok(postgres)
    }

    /// Its URL; databases may be made and dropped on it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where its files are.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    fn wait_until_it_answers(&mut self, pg_isready: &Path, log: &Path) -> Result<()> {
        let started = Instant::now();
        let log = || fs::read_to_string(log).unwrap_or_default();
        while process::output(Command::new(pg_isready).args(["--dbname", &self.url])).is_none() {
            if let Some(status) = self.server.try_wait()? {
                bail!("postgres ended ({status}):\n{}", log());
            }
            ensure!(started.elapsed() < START_TIMEOUT, "postgres does not answer:\n{}", log());
            std::thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // SIGINT is PostgreSQL's "fast shutdown": connections are closed, nothing is left behind. Its children
        // would outlive a killed server.
        let _ = kill_process(Pid::from_child(&self.server), Signal::INT);
        let _ = self.server.wait();
    }
}

/// The directory of the newest version's programs.
fn programs() -> Result<PathBuf> {
    if let Some(found) = find_programs() {
        return Ok(found);
    }
    setup::ensure_debian_packages("start a PostgreSQL server", &["postgresql"])?;
    find_programs().with_context(|| format!("no initdb under {DEBIAN_VERSIONS}, though it is installed"))
}

fn find_programs() -> Option<PathBuf> {
    let version = |dir: &PathBuf| dir.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    let versions = fs::read_dir(DEBIAN_VERSIONS).into_iter().flatten().flatten().map(|entry| entry.path());
    let newest = versions.filter(|dir| dir.join("bin/initdb").exists()).max_by_key(version).map(|dir| dir.join("bin"));
    // Elsewhere than on Debian its own tool knows.
    newest.or_else(|| process::output(Command::new("pg_config").arg("--bindir")).map(PathBuf::from))
}

/// Who runs the server: us, or the user `postgres` when we are root, as whom PostgreSQL refuses to run.
struct Owner {
    ids: Option<(u32, u32)>,
}

impl Owner {
    fn find() -> Result<Self> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self { ids: None });
        }
        let id = |which| process::output(Command::new("id").args([which, "postgres"]))?.parse::<u32>().ok();
        let ids = id("-u").zip(id("-g"));
        Ok(Self { ids: Some(ids.context("PostgreSQL does not run as root, and there is no user `postgres`")?) })
    }

    /// A directory the server can use: under target/, on the disk somebody works on, if it can be reached there.
    fn new_directory(&self) -> Result<TempDir> {
        let target = process::workspace_root().join("target");
        fs::create_dir_all(&target)?;
        for parent in [target, std::env::temp_dir()] {
            let dir = tempfile::Builder::new().prefix("postgres-").tempdir_in(&parent)?;
            if let Some((uid, gid)) = self.ids {
                chown(dir.path(), Some(uid), Some(gid))?;
            }
            // A workspace below /root, say, is closed to the user `postgres`.
            if process::output(self.command(Path::new("test")).arg("-w").arg(dir.path())).is_some() {
                return Ok(dir);
            }
        }
        bail!("PostgreSQL can write neither below target/ nor in the system's temporary directory")
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        // Our own working directory may be closed to the user `postgres`.
        command.current_dir("/").env("LC_ALL", "C");
        if let Some((uid, gid)) = self.ids {
            command.uid(uid).gid(gid);
        }
        command
    }
}

/// Free a moment ago: PostgreSQL cannot be asked to pick one.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
