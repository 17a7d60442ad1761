//! Ends a process that was told to stop and does not.

use std::thread;
use std::time::Duration;

/// From SIGTERM to the end, whatever hangs: a mail server, a database, a disk. Below the time after which supervisors kill
/// (Kubernetes: 30 s; systemd: 90 s), above the 10 s that requests and mails are given to end by themselves.
const STOP_TIMEOUT: Duration = Duration::from_secs(14);
/// For the log's last line: whoever reads the log may hang, too.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// From now on the process ends in time, with status 1 when it has to be ended.
pub fn start() {
    let guard = thread::Builder::new().name("deadline".to_owned()).spawn(|| {
        thread::sleep(STOP_TIMEOUT);
        let seconds = STOP_TIMEOUT.as_secs();
        let told = thread::Builder::new().spawn(move || {
            tracing::error!(
                "Not stopped after {seconds} s: ended. No acknowledged response is lost; mails may come twice"
            );
        });
        // Without a thread for it the line is missed, and the end is not.
        drop(told);
        thread::sleep(LAST_WORDS);
        std::process::exit(1);
    });
    if let Err(error) = guard {
        tracing::warn!("Stopping may take long: {error}");
    }
}
