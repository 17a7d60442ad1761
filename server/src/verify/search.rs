//! Whether every comment can be found, or will be.

use std::path::Path;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::checks::number;
use super::{Check, Counted, corrupt};
use crate::db::{AnyConnection, DatabaseUrl, dialect};
use crate::search::index_path;

/// How often it is looked again for comments that seem to be missing, and how long after.
const LOOKS: u32 = 3;
const PAUSE: Duration = Duration::from_millis(300);

const COUNTED: Counted = Counted {
    name: "search index",
    good: "every comment is in the search index or in its queue",
    bad: [
        "comment is neither in the search index nor in its queue",
        "comments are neither in the search index nor in its queue",
    ],
    advice: "--repair puts them in the queue",
};

/// Comments that are in no index, as a query of (site_id, response_id).
const MISSING_IN_SQLITE: &str = "SELECT site_id, response_id FROM main.responses WHERE comment IS NOT NULL \
    EXCEPT SELECT site_id, response_id FROM main.search_queue EXCEPT SELECT site_id, response_id FROM idx.docs";
const MISSING_IN_POSTGRES: &str = "SELECT site_id, response_id FROM responses WHERE comment IS NOT NULL \
    EXCEPT SELECT site_id, response_id FROM search_queue EXCEPT SELECT site_id, response_id FROM comment_words";

pub(super) fn check(conn: &mut AnyConnection, url: &DatabaseUrl, repair: bool) -> QueryResult<Check> {
    let missing = match url {
        DatabaseUrl::Postgres(_) => MISSING_IN_POSTGRES,
        DatabaseUrl::Sqlite(path) => {
            if let Some(check) = attach(conn, &index_path(path.clone()))? {
                return Ok(check);
            }
            MISSING_IN_SQLITE
        }
    };
    let query = format!("SELECT count(*) AS n FROM ({missing}) AS missing");
    let differences = missing_for_good(conn, &query)?;
    let check = COUNTED.check(differences);
    if differences == 0 || !repair {
        return Ok(check);
    }
    match conn {
        // Into the queue, which a running server works on and a starting one begins with.
        AnyConnection::Sqlite(_) => {
            conn.batch_execute(&format!("INSERT INTO main.search_queue (site_id, response_id) {missing}"))?;
        }
        AnyConnection::Postgres(_) => dialect::index_what_is_missing(conn)?,
    }
    Ok(Check { repaired: number(conn, &query)? == 0, ..check })
}

/// On SQLite the index and its queue are two files, which are not read at quite the same moment: what was between them
/// then is in its place a little later.
fn missing_for_good(conn: &mut AnyConnection, query: &str) -> QueryResult<i64> {
    let mut missing = number(conn, query)?;
    for _ in 0..LOOKS {
        if missing == 0 {
            break;
        }
        std::thread::sleep(PAUSE);
        missing = missing.min(number(conn, query)?);
    }
    Ok(missing)
}

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = BigInt)]
    user_version: i64,
}

/// What SQLite found; "ok" when it is nothing. A `schema` column to filter by is there, but holds nothing.
#[derive(QueryableByName)]
struct Finding {
    #[diesel(sql_type = Text)]
    integrity_check: String,
}

fn first_fault(findings: Vec<Finding>) -> Option<String> {
    findings.into_iter().map(|finding| finding.integrity_check).find(|fault| fault != "ok")
}

/// The number by which a database and its index know each other.
fn version(conn: &mut AnyConnection, pragma: &str) -> QueryResult<i64> {
    Ok(diesel::sql_query(pragma).get_result::<Version>(conn)?.user_version)
}

/// Opens the index's file beside the database; the check's end, when there is nothing to compare with.
fn attach(conn: &mut AnyConnection, index: &Path) -> QueryResult<Option<Check>> {
    let made_anew =
        |why: &str| Check { found: format!("{why}: the server makes it when it starts"), ..COUNTED.check(0) };
    if !index.exists() {
        return Ok(Some(made_anew("there is none yet")));
    }
    let path = index.to_str().ok_or_else(|| corrupt("the index's path is no text"))?;
    let damaged = |found: String| Check {
        found,
        advice: Some("stop the server, delete the file, start the server: it is rebuilt"),
        ..COUNTED.check(1)
    };
    if let Err(error) = diesel::sql_query("ATTACH $1 AS idx").bind::<Text, _>(path).execute(conn) {
        return Ok(Some(damaged(format!("{path}: {error}"))));
    }
    // Words and all, since SQLite 3.44.
    match diesel::sql_query("PRAGMA idx.integrity_check").load::<Finding>(conn).map(first_fault) {
        Ok(None) => {}
        Ok(Some(fault)) => return Ok(Some(damaged(format!("{path} is damaged: {fault}")))),
        Err(error) => return Ok(Some(damaged(format!("{path}: {error}")))),
    }
    let (ours, theirs) = (version(conn, "PRAGMA main.user_version")?, version(conn, "PRAGMA idx.user_version")?);
    if ours == 0 || ours != theirs {
        return Ok(Some(made_anew("it belongs to another database")));
    }
    if number(conn, "SELECT count(*) AS n FROM main.search_rebuild")? > 0 {
        return Ok(Some(Check { found: "it is being rebuilt".to_owned(), ..COUNTED.check(0) }));
    }
    Ok(None)
}
