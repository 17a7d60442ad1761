//! What can be counted by one statement, and so at one moment.

use counterbell_shared::limits::REVISION_MAX;
use counterbell_shared::metric::Metric;
use counterbell_shared::time::UnixMillis;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::{Check, Counted};
use crate::db::outbox::SUBJECT_RESPONSE;
use crate::db::sites::Site;
use crate::db::tables::count_of_no_site;
use crate::db::{AnyConnection, dialect, purge, score_days};

#[derive(QueryableByName)]
pub(super) struct Number {
    #[diesel(sql_type = BigInt)]
    pub n: i64,
}

#[derive(QueryableByName)]
struct Word {
    #[diesel(sql_type = Text)]
    word: String,
}

pub(super) fn number(conn: &mut AnyConnection, query: &str) -> QueryResult<i64> {
    Ok(diesel::sql_query(query).get_result::<Number>(conn)?.n)
}

/// Every page, and every index against its table.
pub(super) fn integrity(conn: &mut AnyConnection) -> QueryResult<Check> {
    let name = "integrity";
    let (differences, found, advice) = match conn {
        AnyConnection::Sqlite(_) => {
            // Of the main database: nothing else is attached yet.
            let query = "SELECT integrity_check AS word FROM pragma_integrity_check";
            let advice = "the file is damaged: stop the server, keep the file, restore a backup, look at the disk";
            let lines = match diesel::sql_query(query).load::<Word>(conn) {
                Ok(lines) => lines.into_iter().map(|line| line.word).filter(|line| line != "ok").collect(),
                Err(error) => vec![error.to_string()],
            };
            match lines.first() {
                None => (0, "every page and index is whole".to_owned(), None),
                Some(first) => (i64::try_from(lines.len()).unwrap_or(i64::MAX), first.clone(), Some(advice)),
            }
        }
        // It checks each page when it is read, if it was set up to; reading all of them is `pg_amcheck`'s work.
        AnyConnection::Postgres(_) => {
            let query = "SELECT current_setting('data_checksums') AS word";
            let checksums = diesel::sql_query(query).get_result::<Word>(conn)?.word;
            (0, format!("left to PostgreSQL: data_checksums={checksums}"), None)
        }
    };
    Ok(Check { name, differences, found, advice, repaired: false })
}

/// Where something belongs to what is not there.
const DELETED: &str = "rows were deleted past this program: restore them from a backup";

/// Each with the query that counts it as `n`.
pub(super) fn all() -> [(Counted, String); 8] {
    let references = Counted {
        name: "references",
        good: "every row belongs to a site",
        bad: ["row belongs to a site that is not there", "rows belong to a site that is not there"],
        advice: "find out who deleted the site, and restore it from a backup",
    };
    let responses = Counted {
        name: "responses",
        good: "every id, metric, score, time and revision can be read",
        bad: [
            "response has an id, a metric, a score, a time or a revision this program does not write",
            "responses have an id, a metric, a score, a time or a revision this program does not write",
        ],
        advice: "find out what else writes to the database, and correct those rows",
    };
    let additions = Counted {
        name: "additions",
        good: "every addition is to a stored response",
        bad: ["addition is to a response that is not there", "additions are to responses that are not there"],
        advice: DELETED,
    };
    let alerts = Counted {
        name: "alerts",
        good: "every alert is of a stored response",
        bad: ["alert is of a response that is not there", "alerts are of responses that are not there"],
        advice: DELETED,
    };
    let outbox = Counted {
        name: "outbox",
        good: "every message is of a stored response",
        bad: [
            "message is of a response that is not there, and cannot be written",
            "messages are of responses that are not there, and cannot be written",
        ],
        advice: DELETED,
    };
    let tries = Counted {
        name: "tries",
        good: "every try is of a stored message",
        bad: ["try is of a message that is not there", "tries are of messages that are not there"],
        advice: DELETED,
    };
    let triage = Counted {
        name: "triage",
        good: "every response that waits for triage is stored",
        bad: ["response waits for triage that is not there", "responses wait for triage that are not there"],
        advice: DELETED,
    };
    let journal = Counted {
        name: "journal",
        good: "no entry is missing from a journal",
        bad: ["entry is missing from a journal, or is too many", "entries are missing from journals, or are too many"],
        advice: "find out what else writes to the database, and restore the journal from a backup",
    };
    let of_no_response =
        |table: &str, unless: &str| format!("SELECT count(*) AS n FROM {table} AS t WHERE NOT {STORED} AND ({unless})");
    let of_no_message = "SELECT count(*) AS n FROM attempts AS t WHERE NOT EXISTS (SELECT 1 FROM outbox AS m \
                         WHERE m.site_id = t.site_id AND m.message_id = t.message_id)";
    [
        (references, count_of_no_site()),
        (responses, unreadable()),
        (additions, of_no_response("response_additions", NEVER_PURGED)),
        (alerts, of_no_response("alerts", NEVER_PURGED)),
        (outbox, about_no_response()),
        (tries, of_no_message.to_owned()),
        (triage, of_no_response("triage_queue", "1 = 1")),
        (journal, missing_entries()),
    ]
}

/// What staff wrote before such characters were refused: PostgreSQL has no NUL in a text, so a copy to it would fail.
pub(super) fn staff_words(conn: &mut AnyConnection) -> QueryResult<Check> {
    let what = Counted {
        name: "staff words",
        good: "nothing that staff wrote holds control characters",
        bad: ["text that staff wrote holds control characters", "texts that staff wrote hold control characters"],
        advice: "write them anew without: \
                 case_notes.text, cases.action_taken and root_causes.label; PostgreSQL takes no NUL in a copy",
    };
    let texts = [("case_notes", "text"), ("cases", "action_taken"), ("root_causes", "label")];
    let count =
        |(table, column)| format!("(SELECT count(*) FROM {table} WHERE {})", dialect::holds_controls(conn, column));
    let query = format!("SELECT {} AS n", texts.map(count).join(" + "));
    let found = number(conn, &query)?;
    Ok(what.check(found))
}

/// Messages about a response that is not there.
fn about_no_response() -> String {
    format!(
        "SELECT count(*) AS n FROM outbox AS t WHERE subject_kind = '{SUBJECT_RESPONSE}' AND (state = 'pending' OR {NEVER_PURGED}) \
         AND NOT EXISTS (SELECT 1 FROM responses AS r WHERE r.site_id = t.site_id AND r.response_id = t.subject_id)"
    )
}

/// By how many the entries of each site differ from what its counter says. Of a site without a counter nothing was written.
fn missing_entries() -> String {
    "SELECT CAST(COALESCE(sum(abs(expected - there)), 0) AS BIGINT) AS n FROM (\
     SELECT c.journal_seq - c.journal_oldest + 1 AS expected, (SELECT count(*) FROM journal AS j \
     WHERE j.site_id = c.site_id AND j.seq BETWEEN c.journal_oldest AND c.journal_seq) AS there FROM site_counters AS c \
     UNION ALL SELECT 0, count(*) FROM journal AS j WHERE NOT EXISTS (SELECT 1 FROM site_counters AS c \
     WHERE c.site_id = j.site_id AND j.seq BETWEEN c.journal_oldest AND c.journal_seq)) AS counted"
        .to_owned()
}

/// Values this program would not have stored.
fn unreadable() -> String {
    let good = Metric::ALL.map(|metric| {
        let (scale, name) = (metric.scale(), metric.as_str());
        format!("(metric = '{name}' AND score BETWEEN {} AND {})", scale.min, scale.max)
    });
    let good = good.join(" OR ");
    let last = UnixMillis::LAST.0;
    format!(
        "SELECT count(*) AS n FROM responses WHERE length(response_id) <> 16 \
         OR created_at NOT BETWEEN 0 AND {last} OR received_at NOT BETWEEN 0 AND {last} \
         OR revision NOT BETWEEN 0 AND {REVISION_MAX} OR NOT ({good})"
    )
}

/// A response may be gone that was older than its site keeps them; then what is left of it is no fault.
const STORED: &str =
    "EXISTS (SELECT 1 FROM responses AS r WHERE r.site_id = t.site_id AND r.response_id = t.response_id)";
const NEVER_PURGED: &str = "t.site_id IN (SELECT id FROM sites WHERE purged_before = 0)";

/// One statement, so that a server may go on.
pub(super) fn rollup_differences(conn: &mut AnyConnection, site: &Site) -> QueryResult<i64> {
    let purged_before = purge::purged_before(conn, site.id)?;
    score_days::count_differences(conn, site.id, purged_before)
}

pub(super) fn rebuild_rollup(conn: &mut AnyConnection, site: &Site) -> QueryResult<()> {
    dialect::write_transaction(conn, |conn| {
        dialect::lock_rollup(conn)?;
        let purged_before = purge::purged_before(conn, site.id)?;
        score_days::rebuild(conn, site.id, purged_before)
    })
}
