//! A small disk of one test's own, which can be full.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::{Program, cli};

/// A file system in memory that only programs started [inside](Self::inside) see: it is mounted in a mount namespace of
/// its own, so nothing is left behind whatever becomes of the test.
pub struct Volume {
    // Keeps the namespace; dropped before the directory it is mounted on.
    holder: Program,
    _dir: TempDir,
    path: PathBuf,
}

impl Volume {
    /// An empty one of this size.
    ///
    /// # Errors
    /// This machine lets nobody mount anything: why.
    pub async fn new(mib: usize) -> Result<Self, String> {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("volume");
        std::fs::create_dir(&path).unwrap();
        let mut unshare = Command::new("unshare");
        if !rustix::process::geteuid().is_root() {
            unshare.args(["--user", "--map-root-user"]);
        }
        unshare.args(["--mount", "--propagation", "private", "sh", "-c"]);
        // It ends when its standard input does, that is with this test.
        unshare.arg("mount -t tmpfs -o size=\"$1\"m tmpfs \"$2\" && echo mounted && exec cat");
        unshare.args(["sh", &mib.to_string()]).arg(&path);
        let mut holder = Program::start(&mut unshare);
        match holder.first_line().await.as_deref() {
            Some("mounted") => Ok(Self { holder, _dir: dir, path }),
            _ => Err(holder.printed().trim().replace('\n', "; ")),
        }
    }

    /// Where it is mounted.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The same command, run where the volume can be seen.
    pub fn inside(&self, command: &Command) -> Command {
        let mut nsenter = Command::new("nsenter");
        nsenter.args(["--target", &self.holder.id().to_string(), "--mount"]);
        if !rustix::process::geteuid().is_root() {
            nsenter.args(["--user", "--preserve-credentials"]);
        }
        // `nsenter` would go to its root directory.
        if let Some(dir) = command.get_current_dir() {
            nsenter.arg(format!("--wdns={}", dir.display()));
        }
        nsenter.arg("--").arg(command.get_program()).args(command.get_args());
        cli::same_surroundings(command, nsenter)
    }

    /// Takes all the space that is left.
    pub fn fill(&self) {
        // It ends because there is no more space; `sync` has nothing to do on a file system in memory.
        self.run("dd", [OsStr::new("if=/dev/zero"), &self.filler("of="), OsStr::new("bs=4096")]);
    }

    /// Gives back what [`Self::fill`] took.
    pub fn free(&self) {
        assert!(self.run("rm", [self.filler("")]).is_some());
    }

    /// Whether nothing can be written any more. No file may be open for writing.
    pub fn set_read_only(&self, read_only: bool) {
        let options = if read_only { "remount,ro" } else { "remount,rw" };
        let args = [OsStr::new("-o"), OsStr::new(options), self.path.as_os_str()];
        assert!(self.run("mount", args).is_some(), "cannot {options} {}", self.path.display());
    }

    /// Runs an SQL statement on a database file; the first value of the first row, as text.
    pub fn sqlite(&self, file: &str, statement: &str) -> String {
        let script = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], 5); \
                      r = c.execute(sys.argv[2]).fetchone(); c.commit(); print(r[0] if r else '')";
        self.run("/usr/bin/python3", ["-c", script, file, statement]).unwrap()
    }

    fn filler(&self, prefix: &str) -> std::ffi::OsString {
        let mut argument = std::ffi::OsString::from(prefix);
        argument.push(self.path.join("filler"));
        argument
    }

    /// What it printed; `None` when it failed.
    fn run(&self, program: &str, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Option<String> {
        let mut command = Command::new(program);
        let output = self.inside(command.args(args)).stdin(Stdio::null()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        output.status.success().then(|| text.trim().to_owned())
    }
}
