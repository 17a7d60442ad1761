//! What the server counts about itself, for Prometheus. No site, touchpoint or address is ever a label.

mod http_errors;
mod outcome;
mod process;

use std::fmt;
use std::sync::{Arc, OnceLock};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use strum::{IntoStaticStr, VariantArray};

pub use http_errors::CountHttpErrors;
pub use outcome::IngestOutcome;
use outcome::OutcomeLabel;

use crate::connections::Connections;
use crate::db::backlog::Backlog;
use crate::panics;
use crate::store::{PoolUse, Purpose, WriterMetrics};
use crate::tasks::TaskMetrics;

/// Media type of the answer: OpenMetrics 1.0, which Prometheus reads since 2.5.
pub const OPENMETRICS_TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

const PREFIX: &str = "counterbell";

/// All counters; those on the hot path are looked up once, here, and then are plain atomics.
pub struct Metrics {
    registry: Registry,
    ingest: Vec<Counter>,
    mail: Vec<Counter>,
    /// What the writer counts.
    pub writer: WriterMetrics,
    /// What tasks in the background count.
    pub tasks: TaskMetrics,
    /// Connections of clients, once they are taken.
    pub connections: OnceLock<Arc<Connections>>,
}

/// A request to store a response that is being worked on.
#[must_use]
pub struct IngestRequest<'a> {
    counters: &'a [Counter],
    outcome: IngestOutcome,
}

impl IngestRequest<'_> {
    /// It is answered with this.
    pub fn ends_as(&mut self, outcome: IngestOutcome) {
        self.outcome = outcome;
    }
}

/// The HTTP layer drops the work on a request whose connection broke, and that counts too.
impl Drop for IngestRequest<'_> {
    fn drop(&mut self) {
        if let Some(counter) = self.counters.get(self.outcome as usize) {
            counter.inc();
        }
    }
}

/// What became of one attempt to deliver a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum MailResult {
    /// The mail server took it.
    Delivered,
    /// It is tried again later.
    Retry,
    /// That was the last attempt.
    Parked,
    /// It was not made: nobody wants the mail any more.
    Withdrawn,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResultLabel {
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DueLabel {
    due: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PurposeLabel {
    purpose: &'static str,
}

/// What is gathered only when somebody asks.
pub struct Gathered<'a> {
    /// Most work the queue takes.
    pub queue_capacity: usize,
    /// Connections for reading, by what they are for.
    pub pools: [(Purpose, PoolUse); 3],
    /// What may be a little older.
    pub looked_up: &'a LookedUp,
}

/// Figures that cost something to look up.
pub struct LookedUp {
    /// What waits in the database; `None` when it does not answer.
    backlog: Option<Backlog>,
    process: Registry,
}

impl LookedUp {
    /// What the database said, and what the system says of this process now.
    pub fn new(backlog: Option<Backlog>) -> Self {
        Self { backlog, process: process::registry() }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All at zero.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix(PREFIX);
        let requests = Family::<OutcomeLabel, Counter>::default();
        registry.register("ingest_requests", "Requests to store a response, by what became of them", requests.clone());
        let counter = |outcome: &IngestOutcome| requests.get_or_create_owned(&OutcomeLabel { outcome: outcome.into() });
        let ingest = IngestOutcome::VARIANTS.iter().map(counter).collect();

        let attempts = Family::<ResultLabel, Counter>::default();
        registry.register("mail_attempts", "Attempts to deliver a mail, by what became of them", attempts.clone());
        let counter = |result: &MailResult| attempts.get_or_create_owned(&ResultLabel { result: result.into() });
        let mail = MailResult::VARIANTS.iter().map(counter).collect();

        let writer = WriterMetrics::new();
        let help = "Requests waiting for the writer";
        registry.register("ingest_queue_depth", help, writer.queued.clone());
        let help = "Responses stored by one commit";
        registry.register("ingest_batch_responses", help, writer.batch_entries.clone());
        let help = "Time one commit of responses took, with all its statements";
        registry.register("ingest_commit_seconds", help, writer.commit_seconds.clone());

        let help = "Panics, each of which ended one piece of work, by where: a fault, please report it";
        registry.register("panics", help, panics::counters());

        let tasks = TaskMetrics::default();
        let help = "Turns of tasks in the background, by what became of them";
        registry.register("task_turns", help, tasks.turns.clone());
        let help = "How long these turns took, those that wait for the database or a mail server included";
        registry.register("task_busy_seconds", help, tasks.busy_seconds.clone());

        let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        // The encoder adds `_info`.
        registry.register("build", "The program that answers", build);
        Self { registry, ingest, mail, writer, tasks, connections: OnceLock::new() }
    }

    /// A request to store a response has begun; it is counted when the guard is dropped.
    pub fn ingest_request(&self) -> IngestRequest<'_> {
        IngestRequest { counters: &self.ingest, outcome: IngestOutcome::Disconnected }
    }

    /// Counts an attempt to deliver a mail.
    pub fn count_mail(&self, result: MailResult) {
        self.mail[result as usize].inc();
    }

    /// Everything, as [`OPENMETRICS_TEXT`].
    ///
    /// # Errors
    /// None: writing to a text does not fail.
    pub fn encode(&self, gathered: &Gathered<'_>) -> Result<String, fmt::Error> {
        let mut text = String::with_capacity(8 * 1024);
        encode_registry(&mut text, &self.registry)?;
        let mut now = gathered.registry();
        if let Some(connections) = self.connections.get() {
            now.register("http_connections", "Open connections of clients", gauge(connections.open()));
            let help = "Most connections of clients; above half of it each is closed after its answer";
            now.register("http_connections_max", help, gauge(connections.max()));
        }
        let help =
            "Connections that ended before there was a request: bytes that are no HTTP, a head too large, a break";
        now.register("http_errors", help, http_errors::counter());
        encode_registry(&mut text, &now)?;
        encode_registry(&mut text, &gathered.looked_up.process)?;
        encode_eof(&mut text)?;
        Ok(text)
    }
}

impl WriterMetrics {
    fn new() -> Self {
        Self {
            queued: Gauge::default(),
            // The writer takes up to a few hundred; doublings tell a lone request from a full batch.
            batch_entries: Histogram::new((0..=10).map(|power| f64::from(1 << power))),
            // From a fast disk's 0.25 ms to the seconds of one that is failing.
            commit_seconds: Histogram::new((0..=15).map(|power| 0.000_25 * f64::from(1 << power))),
        }
    }
}

fn gauge(value: usize) -> ConstGauge {
    ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX))
}

type PoolFigure = fn(&PoolUse) -> u32;

const POOL_FIGURES: [(&str, &str, PoolFigure); 3] = [
    ("read_pool_connections", "Open connections for reading, by what they are for", |pool| pool.open),
    ("read_pool_in_use", "Connections for reading that are in use", |pool| pool.in_use),
    ("read_pool_max", "Most connections for reading", |pool| pool.max),
];

impl Gathered<'_> {
    fn registry(&self) -> Registry {
        let mut registry = Registry::with_prefix(PREFIX);
        let help = "Most requests that may wait for the writer; one more is answered 503";
        registry.register("ingest_queue_capacity", help, gauge(self.queue_capacity));
        for (name, help, figure) in POOL_FIGURES {
            let gauges = Family::<PurposeLabel, Gauge>::default();
            for (purpose, pool) in &self.pools {
                gauges.get_or_create(&PurposeLabel { purpose: purpose.into() }).set(figure(pool).into());
            }
            registry.register(name, help, gauges);
        }
        let backlog = self.looked_up.backlog;
        let help = "Whether the database answered in the last second";
        registry.register("storage_up", help, ConstGauge::new(i64::from(backlog.is_some())));
        // No figure is better than an old one.
        if let Some(backlog) = backlog {
            let help = "Responses that triage is still to look at";
            registry.register("triage_pending", help, ConstGauge::new(backlog.triage.open));
            let help = "Responses that triage failed at, and is to look at again";
            registry.register("triage_failing", help, ConstGauge::new(backlog.triage.failing));
            let help = "How long the response that is due longest for triage has been due, 0 when none is";
            registry.register("triage_oldest_due_age_seconds", help, ConstGauge::new(backlog.triage.overdue_seconds));
            let help = "Responses that triage was given up for, and nobody was told of";
            registry.register("triage_parked", help, ConstGauge::new(backlog.triage_parked));
            let help = "Timers that failed, and are tried again";
            registry.register("timers_failing", help, ConstGauge::new(backlog.timers.failing));
            let help = "How long the timer that is due longest has been due, 0 when none is";
            registry.register("timers_oldest_due_age_seconds", help, ConstGauge::new(backlog.timers.overdue_seconds));
            let help = "Timers that were given up";
            registry.register("timers_parked", help, ConstGauge::new(backlog.timers_parked));
            let help = "Messages still to be delivered";
            registry.register("outbox_pending", help, ConstGauge::new(backlog.outbox.open));
            let help = "How long the message that is due longest has been due, 0 when none is";
            let seconds = ConstGauge::new(backlog.outbox.overdue_seconds);
            registry.register("outbox_oldest_due_age_seconds", help, seconds);
            let help = "How long the oldest message has waited that is due or was tried in vain, 0 when none has";
            let seconds = ConstGauge::new(backlog.outbox_undelivered_seconds);
            registry.register("outbox_undelivered_age_seconds", help, seconds);
            let help = "Messages that were given up, and wait for somebody to send them again";
            registry.register("outbox_parked", help, ConstGauge::new(backlog.outbox_parked));
            let help = "Responses whose comment cannot be found by its words yet";
            registry.register("search_index_lag_rows", help, ConstGauge::new(backlog.to_index));
            registry.register("cases_open", "Cases that are not ended", ConstGauge::new(backlog.cases.open));
            let overdue = Family::<DueLabel, Gauge>::default();
            for (due, cases) in
                [("acknowledge", backlog.cases.acknowledge_overdue), ("answer", backlog.cases.answer_overdue)]
            {
                overdue.get_or_create(&DueLabel { due }).set(cases);
            }
            registry.register("cases_overdue", "Cases of which a due time has passed, by which", overdue);
        }
        registry
    }
}
