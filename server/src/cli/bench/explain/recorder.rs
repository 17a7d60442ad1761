//! Remembers the statements that Diesel sends.

use std::sync::{Mutex, PoisonError};

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};

static STATEMENTS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// From now on every connection that is opened is listened to.
pub fn start() {
    // Fails only when another thread panicked while it set one.
    let _ = set_default_instrumentation(|| Some(Box::new(record) as Box<dyn Instrumentation>));
}

/// The statements that read tables, sent since the last call: text, then `-- binds: [..]`.
pub fn take() -> Vec<String> {
    let mut statements = STATEMENTS.lock().unwrap_or_else(PoisonError::into_inner);
    statements.drain(..).filter(|statement| statement.starts_with("SELECT") && statement.contains("FROM")).collect()
}

fn record(event: InstrumentationEvent<'_>) {
    if let InstrumentationEvent::StartQuery { query, .. } = event {
        STATEMENTS.lock().unwrap_or_else(PoisonError::into_inner).push(query.to_string());
    }
}
