//! What is printed at the end.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::cases::FLOOR;
use crate::bench::database::BackendName;
use crate::bench::machine;
use crate::bench::stats::{Rounds, percentile};

/// Every database.
#[derive(Serialize)]
pub struct Report {
    repetitions: u32,
    rounds: u32,
    databases: Vec<Figures>,
}

/// One database.
#[derive(Serialize)]
pub struct Figures {
    database: BackendName,
    responses: u64,
    others_busy: Option<f64>,
    questions: Vec<Question>,
    plans: Vec<Plan>,
}

/// A query, and how the database goes about it; as `counterbell bench explain --json` prints it.
#[derive(Deserialize, Serialize)]
pub struct Plan {
    name: String,
    sql: String,
    plan: Vec<String>,
}

/// How long the answers to one question took.
pub struct Answers {
    name: &'static str,
    rounds: Vec<Vec<u32>>,
    body_bytes: usize,
}

#[derive(Serialize)]
struct Question {
    name: &'static str,
    /// Of the rounds' medians.
    p50_ms: Option<Rounds>,
    /// Of all answers.
    p99_ms: f64,
    /// The medians' ratio.
    to_floor: Option<f64>,
    /// Of the last answer.
    body_bytes: usize,
}

impl Answers {
    /// None yet.
    pub fn new(name: &'static str) -> Self {
        Self { name, rounds: Vec::new(), body_bytes: 0 }
    }

    /// What follows belongs to a new round.
    pub fn begin_round(&mut self) {
        self.rounds.push(Vec::new());
    }

    /// One more.
    pub fn add(&mut self, took: Duration, body_bytes: usize) {
        self.body_bytes = body_bytes;
        if let Some(round) = self.rounds.last_mut() {
            round.push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
        }
    }

    fn p50_ms(&self) -> Option<Rounds> {
        Rounds::of(self.rounds.iter().map(|round| sorted_percentile_ms(round.clone(), 0.50)))
    }

    fn p99_ms(&self) -> f64 {
        sorted_percentile_ms(self.rounds.concat(), 0.99)
    }
}

fn sorted_percentile_ms(mut latencies_us: Vec<u32>, share: f64) -> f64 {
    latencies_us.sort_unstable();
    f64::from(percentile(&latencies_us, share)) / 1000.0
}

impl Figures {
    /// From all answers, those to the floor among them.
    pub fn new(
        database: BackendName,
        responses: u64,
        others_busy: Option<f64>,
        answers: Vec<Answers>,
        plans: Vec<Plan>,
    ) -> Self {
        let floor = answers.iter().find(|answers| answers.name == FLOOR).and_then(Answers::p50_ms);
        let question = |answers: &Answers| {
            let p50_ms = answers.p50_ms();
            Question {
                name: answers.name,
                p50_ms,
                p99_ms: answers.p99_ms(),
                to_floor: p50_ms.zip(floor).map(|(p50, floor)| p50.median / floor.median),
                body_bytes: answers.body_bytes,
            }
        };
        let questions = answers.iter().map(question).collect();
        Self { database, responses, others_busy, questions, plans }
    }
}

impl Report {
    /// From the figures of each database.
    pub fn new(repetitions: u32, rounds: u32, databases: Vec<Figures>) -> Self {
        Self { repetitions, rounds, databases }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Figures { database, responses, others_busy, questions, .. } in &self.databases {
            let (rounds, repetitions) = (self.rounds, self.repetitions);
            writeln!(
                f,
                "\n{database}, {responses} responses, one connection that stays open, {rounds} rounds of {repetitions} \
                 answers\n\n{:<40} {:>9} {:>7} {:>9} {:>9} {:>11}",
                "question", "p50 ms", "spread", "p99 ms", "to floor", "body bytes"
            )?;
            for Question { name, p50_ms, p99_ms, to_floor, body_bytes } in questions {
                let (median, spread) = p50_ms.map_or((0.0, 0.0), |rounds| (rounds.median, rounds.spread_percent()));
                let to_floor = to_floor.map_or("-".to_owned(), |ratio| format!("{ratio:.1}x"));
                writeln!(f, "{name:<40} {median:>9.3} {spread:>6.0}% {p99_ms:>9.3} {to_floor:>9} {body_bytes:>11}")?;
            }
            if machine::is_busy(*others_busy) {
                writeln!(f, "\nOther programs used the processors too: these figures are too high.")?;
            }
        }
        for Figures { database, plans, .. } in &self.databases {
            writeln!(f, "\nPlans, {database}")?;
            for Plan { name, sql, plan } in plans {
                writeln!(f, "\n{name}\n  {sql}")?;
                for line in plan {
                    writeln!(f, "    {line}")?;
                }
            }
        }
        Ok(())
    }
}
