//! A PostgreSQL server of our own, for tests and measurements: durable as by default, gone when dropped, and gone when
//! whoever started it is killed.

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

/// Where Debian puts each version's programs.
const DEBIAN_VERSIONS: &str = "/usr/lib/postgresql";
/// Superuser of the server; no password, and only this machine can connect.
const USER: &str = "counterbell";
/// How long the server may take to start.
const START_TIMEOUT: Duration = Duration::from_secs(30);
/// How often we look whether it has.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A server; it runs unless it was stopped.
pub struct Postgres {
    server: Option<Child>,
    programs: PathBuf,
    owner: Owner,
    port: u16,
    dir: PathBuf,
    // After the server in the struct: files are deleted once it has let go of them.
    _temporary: Option<TempDir>,
}

/// How a server ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// As an operator stops it: connections are closed, nothing is left behind.
    Fast,
    /// As a crash does: the next start has to recover from the log.
    Immediate,
}

impl Postgres {
    /// Whether there are programs to start.
    pub fn is_installed() -> bool {
        find_programs().is_some()
    }

    /// Starts one on a free port, with its data in a directory of its own below `parent`.
    ///
    /// # Errors
    /// A step failed; the error holds what PostgreSQL said.
    pub fn start(parent: &Path) -> Result<Self> {
        let owner = Owner::find()?;
        let dir = owner.new_directory(parent)?;
        let mut postgres = Self::start_as(owner, dir.path())?;
        postgres._temporary = Some(dir);
        Ok(postgres)
    }

    /// Starts one on a free port, with its data in `dir`, where it stays; what an earlier one left there is used.
    ///
    /// # Errors
    /// A step failed; the error holds what PostgreSQL said.
    pub fn start_in(dir: &Path) -> Result<Self> {
        let owner = Owner::find()?;
        fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
        owner.take(dir)?;
        ensure!(owner.can_write(dir), "PostgreSQL cannot write in {}: name a directory it can reach", dir.display());
        Self::start_as(owner, dir)
    }

    fn start_as(owner: Owner, dir: &Path) -> Result<Self> {
        let programs = find_programs()
            .with_context(|| format!("no initdb under {DEBIAN_VERSIONS}: install Debian's postgresql"))?;
        let data = dir.join("data");
        if !data.join("PG_VERSION").exists() {
            let mut initdb = owner.command(&programs.join("initdb"));
            initdb.arg("--pgdata").arg(&data).args(["--username", USER, "--auth", "trust"]);
            // The C locale exists everywhere; nothing we store is sorted for people by the database.
            initdb.args(["--encoding", "UTF8", "--locale", "C", "--no-sync"]);
            let output = initdb.output().context("cannot start initdb")?;
            ensure!(output.status.success(), "initdb failed: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        let (port, dir) = (free_port()?, dir.to_owned());
        let mut postgres = Self { server: None, programs, owner, port, dir, _temporary: None };
        postgres.start_again()?;
        Ok(postgres)
    }

    /// Starts it at the same address with the same data, after [`Self::stop`]; returns when it answers.
    ///
    /// # Errors
    /// It does not start; the error holds what PostgreSQL said.
    pub fn start_again(&mut self) -> Result<()> {
        let log = self.dir.join("postgres.log");
        let mut server = self.owner.command_that_dies_with_us(&self.programs.join("postgres"));
        server.arg("-D").arg(self.dir.join("data")).args(["-p", &self.port.to_string()]);
        // A pool for each server under test, many of which run at the same time.
        for setting in ["listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=500"] {
            server.args(["-c", setting]);
        }
        server.stdin(Stdio::null()).stdout(File::create(&log)?).stderr(File::options().append(true).open(&log)?);
        self.server = Some(server.spawn().context("cannot start postgres")?);
        self.wait_until_it_answers(&log)
    }

    /// Ends it; what was committed is still there at the next start.
    pub fn stop(&mut self, how: Stop) {
        let Some(mut server) = self.server.take() else { return };
        let signal = match how {
            Stop::Fast => Signal::INT,
            Stop::Immediate => Signal::QUIT,
        };
        // Never killed: its children would outlive it.
        let _ = kill_process(Pid::from_child(&server), signal);
        let _ = server.wait();
    }

    /// Lets none of its processes run until [`Self::thaw`]: connections stay open, and nothing is answered.
    pub fn freeze(&self) {
        self.signal_all(Signal::STOP);
    }

    /// Lets its processes run again.
    pub fn thaw(&self) {
        self.signal_all(Signal::CONT);
    }

    fn signal_all(&self, signal: Signal) {
        let Some(server) = &self.server else { return };
        // One process for each connection, and some for itself.
        let children = Command::new("ps").args(["-o", "pid=", "--ppid", &server.id().to_string()]).output();
        let children = children.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
        let children = children.split_whitespace().filter_map(|pid| Pid::from_raw(pid.parse().ok()?));
        for process in std::iter::once(Pid::from_child(server)).chain(children) {
            // One that has ended needs no signal.
            let _ = kill_process(process, signal);
        }
    }

    /// Its URL; databases may be made and dropped on it.
    pub fn url(&self) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/postgres", self.port)
    }

    /// Where its files are.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    fn wait_until_it_answers(&mut self, log: &Path) -> Result<()> {
        let started = Instant::now();
        let log = || fs::read_to_string(log).unwrap_or_default();
        let pg_isready = self.programs.join("pg_isready");
        let url = self.url();
        while output(Command::new(&pg_isready).args(["--dbname", &url])).is_none() {
            if let Some(status) = self.server.as_mut().map(Child::try_wait).transpose()?.flatten() {
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
        self.thaw();
        self.stop(Stop::Fast);
    }
}

/// The directory of the newest version's programs.
fn find_programs() -> Option<PathBuf> {
    let version = |dir: &PathBuf| dir.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    let versions = fs::read_dir(DEBIAN_VERSIONS).into_iter().flatten().flatten().map(|entry| entry.path());
    let newest = versions.filter(|dir| dir.join("bin/initdb").exists()).max_by_key(version).map(|dir| dir.join("bin"));
    // Elsewhere than on Debian its own tool knows.
    newest.or_else(|| output(Command::new("pg_config").arg("--bindir")).map(PathBuf::from))
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
        let id = |which| output(Command::new("id").args([which, "postgres"]))?.parse::<u32>().ok();
        let ids = id("-u").zip(id("-g"));
        Ok(Self { ids: Some(ids.context("PostgreSQL does not run as root, and there is no user `postgres`")?) })
    }

    /// A directory the server can use: below `parent`, on the disk somebody works on, if it can be reached there.
    fn new_directory(&self, parent: &Path) -> Result<TempDir> {
        fs::create_dir_all(parent)?;
        for parent in [parent, &std::env::temp_dir()] {
            let dir = tempfile::Builder::new().prefix("postgres-").tempdir_in(parent)?;
            self.take(dir.path())?;
            // A workspace below /root, say, is closed to the user `postgres`.
            if self.can_write(dir.path()) {
                return Ok(dir);
            }
        }
        bail!("PostgreSQL can write neither below {} nor in the system's temporary directory", parent.display())
    }

    fn take(&self, dir: &Path) -> Result<()> {
        let Some((uid, gid)) = self.ids else { return Ok(()) };
        chown(dir, Some(uid), Some(gid)).with_context(|| format!("cannot give {} to its user", dir.display()))
    }

    fn can_write(&self, dir: &Path) -> bool {
        output(self.command(Path::new("test")).arg("-w").arg(dir)).is_some()
    }

    /// A program that gets SIGINT, a PostgreSQL's "fast shutdown", when the thread that started it is gone, even if
    /// by SIGKILL. Debian's util-linux has the tool; elsewhere the program may outlive us.
    fn command_that_dies_with_us(&self, program: &Path) -> Command {
        if output(Command::new("setpriv").args(["--pdeathsig", "INT", "true"])).is_none() {
            return self.command(program);
        }
        // Our user is changed before `setpriv` runs: a change after it would clear what it sets.
        let mut command = self.command(Path::new("setpriv"));
        command.args(["--pdeathsig", "INT", "--"]).arg(program);
        command
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

/// What a quick command printed, trimmed; `None` when it cannot be started or fails.
fn output(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
