//! The server binary as a command.

use std::fs::File;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use serde_json::Value;

use crate::environment;

/// What a command that ran to its end left.
#[derive(Debug)]
pub struct CliOutput {
    /// How it ended.
    pub status: ExitStatus,
    /// What it printed as its result.
    pub stdout: String,
    /// What it told the person at the terminal.
    pub stderr: String,
}

impl CliOutput {
    /// Its result as JSON (`--json`).
    pub fn json(&self) -> Value {
        assert!(self.status.success(), "command failed: {self:?}");
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("result is not JSON: {error}: {self:?}"))
    }
}

/// The binary, run in `dir`, knowing nothing of the settings of whoever runs the tests.
pub fn command(dir: &Path) -> Command {
    let mut command = Command::new(environment::binary());
    command.current_dir(dir).env("NO_COLOR", "1").env_remove("RUST_LOG");
    let is_setting = |name: &str| name.starts_with("COUNTERBELL_") || name.starts_with("SSL_CERT_");
    for (name, _) in std::env::vars().filter(|(name, _)| is_setting(name)) {
        command.env_remove(name);
    }
    command
}

/// `other`, run where and with the environment that `command` would be run in.
pub fn same_surroundings(command: &Command, mut other: Command) -> Command {
    if let Some(dir) = command.get_current_dir() {
        other.current_dir(dir);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => other.env(name, value),
            None => other.env_remove(name),
        };
    }
    other
}

/// Runs it to its end.
pub fn run_command(command: &mut Command) -> CliOutput {
    finish(command.stdin(Stdio::null()))
}

/// As [`run_command`], with a file for standard input.
pub fn run_command_reading(command: &mut Command, input: &Path) -> CliOutput {
    finish(command.stdin(File::open(input).unwrap()))
}

fn finish(command: &mut Command) -> CliOutput {
    let output = command.output().unwrap();
    CliOutput {
        status: output.status,
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}
