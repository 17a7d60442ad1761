//! A program started for one test, which must not outlive it.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::process::{Child, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::wait;

/// A child process, with everything it printed. Dropping it kills it; in a failing test its output is shown first.
pub struct Program {
    name: String,
    child: Child,
    // No pipe: what it printed before it answered can be read as soon as the answer is here.
    output: File,
}

impl Program {
    /// Starts the program. Its standard input stays open as long as the program may run.
    pub fn start(command: &mut Command) -> Self {
        let name = command.get_program().to_string_lossy().into_owned();
        let output = tempfile::tempfile().unwrap();
        let [stdout, stderr] = [output.try_clone().unwrap(), output.try_clone().unwrap()];
        let spawned = command.stdin(Stdio::piped()).stdout(stdout).stderr(stderr).spawn();
        let child = spawned.unwrap_or_else(|error| panic!("cannot start {name}: {error}; run `cargo xtask test`"));
        Self { name, child, output }
    }

    /// The whole lines it printed so far, standard output and standard error together.
    pub fn printed(&self) -> String {
        let mut bytes = vec![0; usize::try_from(self.output.metadata().unwrap().len()).unwrap()];
        // Where the file ends is no matter of where the program writes next.
        self.output.read_exact_at(&mut bytes, 0).unwrap();
        let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        String::from_utf8_lossy(&bytes[..whole]).into_owned()
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has in memory, in bytes; Linux only.
    pub fn resident_bytes(&self) -> u64 {
        self.memory("VmRSS:")
    }

    /// The most it ever had in memory, in bytes; Linux only.
    pub fn peak_bytes(&self) -> u64 {
        self.memory("VmHWM:")
    }

    fn memory(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap() * 1024
    }

    /// The first line it printed; `None` when it ended without one.
    pub async fn first_line(&mut self) -> Option<String> {
        self.output_or_end("a line", |printed| printed.lines().next().map(str::to_owned)).await
    }

    /// Waits until `pick` finds what it looks for in what was printed.
    ///
    /// # Panics
    /// When the program ends first.
    pub async fn wait_for_output<T>(&mut self, what: &str, pick: impl Fn(&str) -> Option<T>) -> T {
        let found = self.output_or_end(what, pick).await;
        found.unwrap_or_else(|| panic!("{} ended before {what}:\n{}", self.name, self.printed()))
    }

    /// As [`Self::wait_for_output`]; `None` when the program ended first.
    pub async fn output_or_end<T>(&mut self, what: &str, pick: impl Fn(&str) -> Option<T>) -> Option<T> {
        wait::until(&format!("{what} from {}", self.name), async || {
            let ended = self.child.try_wait().unwrap().is_some();
            let found = pick(&self.printed());
            (found.is_some() || ended).then_some(found)
        })
        .await
    }

    /// Ends it at once, as a power cut would (SIGKILL).
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop (SIGTERM).
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Does what closing its terminal does (SIGHUP).
    pub fn hang_up(&self) {
        self.signal(Signal::HUP);
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits until it has ended by itself.
    pub async fn wait_for_exit(&mut self) -> ExitStatus {
        wait::until(&format!("end of {}", self.name), async || self.child.try_wait().unwrap()).await
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("---- {} printed:\n{}----", self.name, self.printed());
        }
    }
}
