//! A wall clock that a test turns.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::{Setup, environment};

/// The wall clock of one program, `tests/clock.c`. A clock that counts from the start of the machine is never set.
pub struct FakeClock {
    dir: TempDir,
}

impl FakeClock {
    /// Right at first. `None` where it cannot be built, which is said.
    ///
    /// # Panics
    /// When the compiler finds a fault.
    pub fn new(test: &str) -> Option<Self> {
        let clock = Self { dir: TempDir::new().unwrap() };
        clock.set_seconds(0);
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-O2", "-Wall", "-o"]).arg(clock.library());
        let built = compiler.arg(environment::workspace().join("tests/clock.c")).output();
        match built {
            Ok(output) if output.status.success() => Some(clock),
            Ok(output) => panic!("{}", String::from_utf8_lossy(&output.stderr)),
            Err(error) => {
                environment::skipped(test, &format!("no C compiler: {error}"));
                None
            }
        }
    }

    fn library(&self) -> PathBuf {
        self.dir.path().join("clock.so")
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("added_s")
    }

    /// Sets it to so many hours off.
    pub fn set_hours(&self, hours: i64) {
        self.set_seconds(hours * 3600);
    }

    /// Sets it to so many seconds off.
    pub fn set_seconds(&self, seconds: i64) {
        // In place: the program has the file mapped.
        let mut file = File::options().create(true).truncate(false).write(true).open(self.file()).unwrap();
        file.write_all(&seconds.to_ne_bytes()).unwrap();
    }

    /// The server of this goes by it.
    pub fn worn_by(&self, setup: Setup) -> Setup {
        setup
            .setting("LD_PRELOAD", &self.library().display().to_string())
            .setting("FAKE_CLOCK_FILE", &self.file().display().to_string())
    }
}
