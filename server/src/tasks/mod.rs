//! Work beside answering: tasks that are supervised and metered. What can wait runs on a thread of its own, behind those
//! that answer customers.

mod lasting;
mod meter;
mod pace;
mod supervisor;
mod task;

use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, LocalSet};

pub use lasting::Lasting;
pub use meter::{Meter, TaskMetrics};
pub use pace::{Foreground, Pace};
pub use supervisor::Supervisor;
pub use task::{Running, Task};

/// Starts the tasks that `spawn` spawns with [`tokio::task::spawn_local`], on a thread whose blocking work is done by
/// threads of its own, too. Returned is what completes when all of them have ended.
///
/// # Errors
/// The system cannot start a thread.
pub fn start(
    spawn: impl FnOnce() -> Vec<JoinHandle<()>> + Send + 'static,
) -> std::io::Result<impl Future<Output = ()>> {
    let runtime = Builder::new_current_thread().enable_all().thread_name("background").build()?;
    let (ended, all_ended) = oneshot::channel();
    std::thread::Builder::new().name("background".to_owned()).spawn(move || {
        yield_to_others();
        LocalSet::new().block_on(&runtime, async {
            for task in spawn() {
                // One that ended by a panic has ended, too.
                let _ = task.await;
            }
        });
        // Nobody asks when the server itself has failed.
        let _ = ended.send(());
    })?;
    Ok(async move {
        // Closed without a word by a thread that panicked: then it has ended, too.
        let _ = all_ended.await;
    })
}

/// How much later than others this thread and those it starts get a processor that is short: a tenth of an equal share
/// (`nice`, 0 to 19).
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// With as many processors busy as there are, the scheduler gives each thread some ms at a time. What a customer waits
/// for would come after that.
fn yield_to_others() {
    // On Linux a thread's own; elsewhere the whole process would be meant.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        tracing::debug!("Background work has the priority of all other work: {error}");
    }
}
