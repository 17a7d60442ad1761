//! Takes back a migration, unless work would be lost by it that is still to be done.

use crate::counted::counted;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_migrations::MigrationHarness;

use super::connection::AnyConnection;
use super::dialect;
use super::migrations::{embedded, newest};

/// Work that waits in a table, and would be gone with it.
///
/// What a migration makes anew from other rows is none: the timers that every site has, the queue of the search index. A timer
/// that is set for a subject will be.
struct WaitingWork {
    /// Version of the migration whose `down.sql` drops the table.
    version: &'static str,
    table: &'static str,
    /// Which rows wait, as an SQL condition.
    waits: &'static str,
    /// What one of those rows is, what they are, and what comes of their loss.
    rows: [&'static str; 2],
    /// What to do before.
    advice: &'static str,
}

const WAITING: [WaitingWork; 5] = [
    WaitingWork {
        version: "0001",
        table: "outbox",
        waits: "state = 'pending'",
        rows: ["message that is still to be delivered", "messages that are still to be delivered"],
        advice: "run `counterbell serve` until `counterbell doctor` and counterbell_outbox_pending say that none waits",
    },
    WaitingWork {
        version: "0017",
        table: "triage_queue",
        waits: "1 = 1",
        rows: [
            "response that waits for triage, and nobody would be told of that customer",
            "responses that wait for triage, and nobody would be told of those customers",
        ],
        advice: "run `counterbell serve` until counterbell_triage_pending and counterbell_triage_parked are 0; \
                 `counterbell doctor` says what keeps it from them",
    },
    WaitingWork {
        version: "0026",
        table: "cases",
        waits: "state IN ('open', 'in_progress', 'waiting')",
        rows: ["case that somebody still works on", "cases that somebody still works on"],
        advice: "end them: `counterbell case list --site SITE_KEY` shows those of a site, and `counterbell case --help` how",
    },
    WaitingWork {
        version: "0029",
        table: "alert_groups",
        waits: "closed_at IS NULL AND group_id IN (SELECT group_id FROM alert_group_responses)",
        rows: [
            "group of alerts that wait for the end of a rule's window, and nobody would be told of them",
            "groups of alerts that wait for the end of a rule's window, and nobody would be told of them",
        ],
        advice: LONGEST_WINDOW,
    },
    WaitingWork {
        version: "0031",
        table: "alert_groups",
        waits: "kind <> 'alert' AND closed_at IS NULL AND group_id IN (SELECT group_id FROM alert_group_responses)",
        rows: [
            "group of escalations that wait for the end of a rule's window, and nobody would be told of them",
            "groups of escalations that wait for the end of a rule's window, and nobody would be told of them",
        ],
        advice: LONGEST_WINDOW,
    },
];

const LONGEST_WINDOW: &str = "run `counterbell serve` until the longest window of the rules is over";

/// The newest migration was not taken back; `Display` is one readable line.
#[derive(Debug, thiserror::Error)]
pub enum RevertError {
    /// Work would be lost.
    #[error("migration {version} is not taken back: it would drop {rows}. First {advice}")]
    WorkWaits {
        /// Version of the migration.
        version: String,
        /// How many rows wait, and what they are.
        rows: String,
        /// What to do before.
        advice: &'static str,
    },
    /// It would be changed under the feet of whoever has it open.
    #[error("the database is in use: stop every server, and let other commands end, before a migration is taken back")]
    InUse,
    /// Somebody else took back what was asked for, or made a new one.
    #[error("{asked} is not the newest migration, which is {newest}: nothing is taken back")]
    NotNewest {
        /// Version that was to be taken back.
        asked: String,
        /// Version that could be.
        newest: String,
    },
    /// The database refused, or no migration is applied.
    #[error("the newest migration cannot be taken back: {0}")]
    Failed(#[from] Box<dyn std::error::Error + Send + Sync>),
}

impl From<diesel::result::Error> for RevertError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// Takes back the newest migration, which must be of the version `asked`; its version.
///
/// # Errors
/// [`RevertError`]; then nothing is changed.
pub fn revert_last(conn: &mut AnyConnection, asked: &str) -> Result<String, RevertError> {
    dialect::with_migration_lock(conn, |conn| {
        if !dialect::is_alone(conn)? {
            return Err(RevertError::InUse);
        }
        // In one transaction: nothing must be added to what was counted. A migration that fails takes itself back.
        dialect::write_transaction(conn, |conn| Ok(revert_unless_work_waits(conn, asked)))?
    })
}

fn revert_unless_work_waits(conn: &mut AnyConnection, asked: &str) -> Result<String, RevertError> {
    #[derive(QueryableByName)]
    struct Counted {
        #[diesel(sql_type = BigInt)]
        n: i64,
    }

    let version = newest(conn)?;
    if version != asked {
        return Err(RevertError::NotNewest { asked: asked.to_owned(), newest: version });
    }
    for WaitingWork { table, waits, rows: [one, many], advice, .. } in
        WAITING.iter().filter(|work| work.version == version)
    {
        dialect::lock_table(conn, table)?;
        let query = format!("SELECT count(*) AS n FROM {table} WHERE {waits}");
        let Counted { n: count } = diesel::sql_query(query).get_result(conn)?;
        if count > 0 {
            return Err(RevertError::WorkWaits { version, rows: counted(count, one, many), advice });
        }
    }
    Ok(conn.revert_last_migration(embedded(conn))?.to_string())
}
