//! Panics: faults of ours, each of which ends one piece of work and nothing else.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::LazyLock;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use strum::{Display, IntoStaticStr, VariantArray};

#[cfg(not(panic = "unwind"))]
compile_error!("the server outlives a panic only where panics unwind: leave `panic` out of the Cargo profile");

/// What a panic ended; its name stands in metrics and log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Place {
    /// Work of the thread that stores responses.
    Writer,
    /// Work of the thread that leases and marks messages, on PostgreSQL.
    Leases,
    /// Work of the thread that writes what staff and API decide, on PostgreSQL.
    Decisions,
    /// Work of the thread that writes what may take long, on PostgreSQL.
    Long,
    /// Deciding who is told of a response.
    Triage,
    /// Doing what falls due.
    Timers,
    /// Delivering messages.
    Outbox,
    /// Keeping the search index up.
    Search,
    /// Deleting old responses.
    Retention,
    /// Moving SQLite's log into the database.
    Checkpoint,
    /// Looking at the database's disk.
    Disk,
    /// Forgetting idle addresses.
    Housekeeping,
    /// Reading from the database.
    Read,
}

/// Work ended by a panic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the work ended by a panic, a fault of Counterbell's")]
pub struct Panicked;

/// `{place="..."}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct PlaceLabel {
    place: &'static str,
}

/// One for the process, as the hook that reports panics is.
static COUNTERS: LazyLock<Family<PlaceLabel, Counter>> = LazyLock::new(|| {
    let counters = Family::default();
    for place in Place::VARIANTS {
        // So that all are there, at zero.
        drop(counters.get_or_create(&PlaceLabel { place: place.into() }));
    }
    counters
});

/// How many panics there were since the start, by place.
pub fn counters() -> Family<PlaceLabel, Counter> {
    COUNTERS.clone()
}

/// How many panics there were at `place` since the start.
#[cfg(test)]
pub fn count(place: Place) -> u64 {
    COUNTERS.get_or_create(&PlaceLabel { place: place.into() }).get()
}

/// Counts and logs that a panic ended work at `place`. Where in the code it was is logged by the hook.
pub fn note(place: Place) -> Panicked {
    COUNTERS.get_or_create(&PlaceLabel { place: place.into() }).inc();
    let place: &str = place.into();
    tracing::error!(place, "Work of \"{place}\" ended by a panic; all else goes on. Please report it");
    Panicked
}

/// Does `work`. What it was changing may be left half changed: the caller puts that right.
///
/// # Errors
/// [`Panicked`]; it is counted and logged.
pub fn catch<T>(place: Place, work: impl FnOnce() -> T) -> Result<T, Panicked> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| note(place))
}

/// From now on a panic is logged like all else, as the place in the code. What it says is left out unless it is the same
/// for whoever meets it: it may quote a customer.
pub fn log_panics() {
    std::panic::set_hook(Box::new(log_panic));
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("unnamed");
    let location = panic.location().map(ToString::to_string).unwrap_or_default();
    let message = constant_message(panic.payload()).map(|message| format!(": {message}")).unwrap_or_default();
    let backtrace = Backtrace::capture();
    let backtrace = match backtrace.status() {
        BacktraceStatus::Captured => format!("\n{backtrace}"),
        _ => String::new(),
    };
    tracing::error!(thread, location, "A panic at {location}, thread \"{thread}\"{message}{backtrace}");
}

/// The message, when it stands in the code as it is: one that was put together is a `String`.
fn constant_message(payload: &dyn Any) -> Option<&'static str> {
    payload.downcast_ref::<&'static str>().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panic_is_counted_where_it_was_caught() {
        let before = count(Place::Housekeeping);

        assert_eq!(catch(Place::Housekeeping, || panic!("for the test")), Err::<(), _>(Panicked));
        assert_eq!(catch(Place::Housekeeping, || 7), Ok(7));

        assert_eq!(count(Place::Housekeeping), before + 1);
    }

    #[test]
    fn what_a_panic_quotes_is_not_told() {
        let message = |panic: fn()| constant_message(&*catch_unwind(panic).unwrap_err());

        assert_eq!(message(|| panic!("for the test")), Some("for the test"));
        assert_eq!(message(|| panic!("for the test: {}", std::process::id())), None);
        assert_eq!(message(|| assert!("Grüße".split_at(3).0.is_empty())), None);
    }
}
