//! Keeps a fault that repeats itself from filling the disk.
//!
//! A warning or an error is about one thing, which it names by an id, or about a state: the database is away, a disk is
//! full, somebody sends bytes that are no HTTP. Of a state the log tells as much by one line in ten seconds as by one for
//! each request. How many lines were left out is told as well.

use crate::counted::counted;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tracing::callsite::Identifier;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

/// A place in the code writes a line in this time.
const EVERY: Duration = Duration::from_secs(10);
/// How often it is looked for what was left out, while anything is.
const LOOK: Duration = Duration::from_secs(1);
/// Longest beginning of a line that is told again, in characters.
const BEGINNING_CHARS: usize = 200;
/// Lines with one of these fields are all written: they name what they are about, or tell what was left out.
const ONE_EACH: [&str; 5] = ["request.id", "message.id", "known.about", "left_out", "refused"];

/// Lines of one place in the code that differ in this field are told apart: it names the task or thread that warns.
const APART: &str = "place";

/// Where a line comes from: the place in the code, and the value of [`APART`].
type Source = (Identifier, Option<String>);

/// Lets through one line of each source that warns; cheap to clone.
#[derive(Clone, Default)]
pub struct LogLimit(Arc<Shared>);

#[derive(Default)]
struct Shared {
    places: Mutex<HashMap<Source, Place>>,
    any_left_out: Condvar,
}

/// What is known of a source that warned.
struct Place {
    /// When it last wrote a line.
    written: Instant,
    left_out: u64,
    /// How that line, or one left out, begins.
    beginning: String,
}

impl LogLimit {
    /// One whose thread tells what is left out.
    ///
    /// # Errors
    /// The system cannot start a thread.
    pub fn start() -> std::io::Result<Self> {
        let limit = Self::default();
        let told = limit.clone();
        std::thread::Builder::new().name("log".to_owned()).spawn(move || told.tell_forever())?;
        Ok(limit)
    }

    fn tell_forever(&self) {
        loop {
            let none = |places: &mut HashMap<_, Place>| places.values().all(|place| place.left_out == 0);
            drop(self.0.any_left_out.wait_while(self.places(), none));
            std::thread::sleep(LOOK);
            // Not while the lock is held: the line is looked at, too.
            for (left_out, beginning) in self.take_left_out(Instant::now()) {
                let lines = counted(left_out, "more line like this was", "more lines like this were");
                tracing::warn!(left_out, "{lines} left out of the log: {beginning}");
            }
        }
    }

    /// How many lines were left out, and how such begin, of each place that may write one again.
    fn take_left_out(&self, now: Instant) -> Vec<(u64, String)> {
        let mut places = self.places();
        let due = places.values_mut().filter(|place| place.left_out > 0 && now.duration_since(place.written) >= EVERY);
        due.map(|place| {
            place.written = now;
            (std::mem::take(&mut place.left_out), place.beginning.clone())
        })
        .collect()
    }

    /// Whether a line of this source is to be written.
    fn takes(&self, source: Source, beginning: impl FnOnce() -> String, now: Instant) -> bool {
        let mut places = self.places();
        if let Some(known) = places.get_mut(&source)
            && (known.left_out > 0 || now.duration_since(known.written) < EVERY)
        {
            known.left_out += 1;
            self.0.any_left_out.notify_one();
            return false;
        }
        places.insert(source, Place { written: now, left_out: 0, beginning: beginning() });
        true
    }

    fn places(&self) -> MutexGuard<'_, HashMap<Source, Place>> {
        self.0.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Subscriber> Layer<S> for LogLimit {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        let metadata = event.metadata();
        if *metadata.level() > Level::WARN || ONE_EACH.iter().any(|name| metadata.fields().field(name).is_some()) {
            return true;
        }
        let beginning =
            || text_of(event, "message").map(|text| text.chars().take(BEGINNING_CHARS).collect()).unwrap_or_default();
        let apart = metadata.fields().field(APART).and_then(|_| text_of(event, APART));
        self.takes((metadata.callsite(), apart), beginning, Instant::now())
    }
}

/// What a field of an event says.
fn text_of(event: &Event<'_>, field: &'static str) -> Option<String> {
    struct Wanted(&'static str, Option<String>);

    impl Visit for Wanted {
        fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
            if field.name() == self.0 {
                self.1 = Some(format!("{value:?}"));
            }
        }
    }

    let mut wanted = Wanted(field, None);
    event.record(&mut wanted);
    wanted.1
}

#[cfg(test)]
mod tests {
    use tracing::callsite::{Callsite as _, DefaultCallsite};
    use tracing::metadata::{Kind, Metadata};
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    macro_rules! place {
        () => {{
            static CALLSITE: DefaultCallsite = DefaultCallsite::new(&METADATA);
            static METADATA: Metadata<'static> =
                tracing::metadata! { name: "x", target: "x", level: Level::ERROR, fields: &[], callsite: &CALLSITE, kind: Kind::EVENT };
            CALLSITE.metadata().callsite()
        }};
    }

    #[test]
    fn first_line_is_written_at_once_and_the_rest_counted() {
        let limit = LogLimit::default();
        let (full, away) = (place!(), place!());
        let start = Instant::now();
        let takes = |place: &Identifier, ms: u64| {
            limit.takes((place.clone(), None), || format!("from {ms}"), start + Duration::from_millis(ms))
        };
        let left_out = |ms: u64| limit.take_left_out(start + Duration::from_millis(ms));

        assert!(takes(&full, 0));
        assert!((1..=100).all(|ms| !takes(&full, ms)));
        assert!(takes(&away, 50), "each place by itself");
        assert_eq!(left_out(9_999), []);
        assert_eq!(left_out(10_000), [(100, "from 0".to_owned())]);
        // That was a line, too.
        assert!(!takes(&full, 10_001));
        assert_eq!(left_out(19_999), []);
        // Not before those left out are told of.
        assert!(!takes(&full, 21_000));
        assert_eq!(left_out(21_000), [(2, "from 0".to_owned())]);
        assert!(takes(&full, 31_000));
        assert_eq!(left_out(60_000), []);
    }

    /// Counts the lines that come through.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<String>>>);

    impl<S: Subscriber> Layer<S> for Lines {
        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            self.0.lock().unwrap().extend(text_of(event, "message"));
        }
    }

    #[test]
    fn tasks_that_warn_at_one_place_in_the_code_are_told_apart() {
        let lines = Lines::default();
        let subscriber = tracing_subscriber::registry().with(LogLimit::default()).with(lines.clone());
        tracing::subscriber::with_default(subscriber, || {
            for place in ["outbox", "search", "outbox"] {
                tracing::error!(place, "{place} waits");
            }
        });

        assert_eq!(*lines.0.lock().unwrap(), ["outbox waits", "search waits"]);
    }
}
