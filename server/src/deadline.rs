//! Ends a process that was told to stop and does not.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

/// From SIGTERM to the end, whatever hangs: a mail server, a database, a disk. Below the time after which supervisors kill
/// (Kubernetes: 30 s; systemd: 90 s), above the 10 s that requests and mails are given to end by themselves.
const STOP_TIMEOUT: Duration = Duration::from_secs(14);
/// For the log's last line: whoever reads the log may hang, too.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Where [`crate::startup::Server::run`] puts the deadline for stopping. Whoever holds this holds the deadline: the runtime,
/// too, may hang after the server has ended.
pub type DeadlineSlot = Rc<Cell<Option<Deadline>>>;

/// Until it is dropped, the process ends in time, with status 1 when it has to be ended.
#[must_use]
pub struct Deadline {
    /// Dropped with it, which is all that is told.
    _kept: Option<Sender<()>>,
}

impl Deadline {
    /// From now on.
    pub fn start() -> Self {
        let (kept, dropped) = channel::<()>();
        let guard = thread::Builder::new().name("deadline".to_owned()).spawn(move || {
            if dropped.recv_timeout(STOP_TIMEOUT) == Err(RecvTimeoutError::Timeout) {
                end();
            }
        });
        if let Err(error) = guard {
            tracing::warn!("Stopping may take long: {error}");
            return Self { _kept: None };
        }
        Self { _kept: Some(kept) }
    }
}

fn end() {
    let seconds = STOP_TIMEOUT.as_secs();
    let told = thread::Builder::new().spawn(move || {
        tracing::error!("Not stopped after {seconds} s: ended. No acknowledged response is lost; mails may come twice");
    });
    // Without a thread for it the line is missed, and the end is not.
    drop(told);
    thread::sleep(LAST_WORDS);
    std::process::exit(1);
}
