//! A program started for one test, which must not outlive it.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use rustix::process::{Pid, Signal, kill_process};

use crate::wait;

/// A child process, with everything it printed. Dropping it kills it; in a failing test its output is shown first.
pub struct Program {
    name: String,
    child: Child,
    printed: Arc<Mutex<String>>,
    readers: [JoinHandle<()>; 2],
    unheard: Arc<AtomicBool>,
}

impl Program {
    /// Starts the program. Its standard input stays open as long as the program may run.
    pub fn start(command: &mut Command) -> Self {
        let name = command.get_program().to_string_lossy().into_owned();
        let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = spawned.unwrap_or_else(|error| panic!("cannot start {name}: {error}; run `cargo xtask test`"));
        let (printed, unheard) = (Arc::default(), Arc::default());
        let readers = [
            collect(child.stdout.take().unwrap(), Arc::clone(&printed), Arc::clone(&unheard)),
            collect(child.stderr.take().unwrap(), Arc::clone(&printed), Arc::clone(&unheard)),
        ];
        Self { name, child, printed, readers, unheard }
    }

    /// What it printed so far, standard output and standard error together.
    pub fn printed(&self) -> String {
        self.printed.lock().unwrap().clone()
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Reads each of its outputs one line further and no more: then writing to them fails.
    pub fn stop_reading(&self) {
        self.unheard.store(true, Ordering::Relaxed);
    }

    /// The first line it printed; `None` when it ended without one.
    pub async fn first_line(&mut self) -> Option<String> {
        wait::until(&format!("a line from {}", self.name), async || {
            let ended = self.child.try_wait().unwrap().is_some() && self.readers.iter().all(JoinHandle::is_finished);
            let line = self.printed().lines().next().map(str::to_owned);
            (line.is_some() || ended).then_some(line)
        })
        .await
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
            let ended = self.child.try_wait().unwrap().is_some() && self.readers.iter().all(JoinHandle::is_finished);
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
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::TERM).unwrap();
    }

    /// Waits until it has ended by itself, and all it printed is read.
    pub async fn wait_for_exit(&mut self) -> ExitStatus {
        wait::until(&format!("end of {}", self.name), async || {
            let ended = self.child.try_wait().unwrap();
            ended.filter(|_| self.readers.iter().all(JoinHandle::is_finished))
        })
        .await
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

/// Keeps what comes out of `pipe`, so that the program never blocks on a full one, until it is `unheard`.
fn collect(pipe: impl Read + Send + 'static, printed: Arc<Mutex<String>>, unheard: Arc<AtomicBool>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
            let mut printed = printed.lock().unwrap();
            printed.push_str(&String::from_utf8_lossy(&line));
            printed.push('\n');
            if unheard.load(Ordering::Relaxed) {
                return;
            }
        }
    })
}
