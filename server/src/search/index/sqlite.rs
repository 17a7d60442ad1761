//! The index of an SQLite database: an FTS5 table in a file of its own, so that writing it never keeps ingest waiting.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Binary, Text};
use diesel::sqlite::Sqlite;

use super::{Hit, Queued, last_of_each};
use crate::db::{AnyConnection, dialect};
use crate::search::query::{Query, index_words};

/// `docs` says which response a row of `words` is of. `words` keeps no text and no places of words in it, only which
/// row holds which word: all that is asked for, in the fewest bytes.
const SCHEMA: &str = "
    CREATE TABLE docs (
        seq INTEGER PRIMARY KEY,
        site_id INTEGER NOT NULL,
        response_id BLOB NOT NULL,
        created_at INTEGER NOT NULL
    ) STRICT;
    CREATE VIRTUAL TABLE words USING fts5 (
        text, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii'
    );
";

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

fn number(conn: &mut SqliteConnection, query: &str) -> QueryResult<i64> {
    Ok(diesel::sql_query(query).get_result::<Number>(conn)?.n)
}

fn number_of_main(conn: &mut AnyConnection, query: &str) -> QueryResult<i64> {
    match conn {
        AnyConnection::Sqlite(conn) => number(conn, query),
        AnyConnection::Postgres(_) => Ok(0),
    }
}

/// Makes the file's tables, unless they are there and belong to the database that `main` leads to. Both carry the same
/// number in their headers; a database that was restored has queued less than the file holds.
pub fn prepare(index: &mut AnyConnection, main: &mut AnyConnection) -> QueryResult<()> {
    let AnyConnection::Sqlite(index) = index else { return Ok(()) };
    let version = "SELECT user_version AS n FROM pragma_user_version";
    let id = number_of_main(main, version)?;
    let queued =
        number_of_main(main, "SELECT COALESCE(MAX(seq), 0) AS n FROM sqlite_sequence WHERE name = 'search_queue'")?;
    let known = id != 0 && number(index, version)? == id;
    if known && number(index, "SELECT COALESCE(MAX(seq), 0) AS n FROM docs")? <= queued {
        return Ok(());
    }
    if number(index, version)? != 0 {
        tracing::warn!("The search index belongs to another database, or to a later state of it: it is made again");
    }
    // The new number comes in one commit with what it promises: that all comments are queued again. Until the file has
    // it, too, the next start does the same.
    let id = fastrand::i32(1..);
    dialect::write_transaction(main, |main| {
        main.batch_execute("DELETE FROM search_queue")?;
        let rebuild = Rebuild::start(main)?;
        Rebuild::set(main, Some(&rebuild))?;
        main.batch_execute(&format!("PRAGMA user_version = {id}"))
    })?;
    index.immediate_transaction(|index| {
        index.batch_execute("DROP TABLE IF EXISTS docs; DROP TABLE IF EXISTS words; DROP TABLE IF EXISTS rebuild;")?;
        index.batch_execute(SCHEMA)?;
        index.batch_execute(&format!("PRAGMA user_version = {id}"))
    })
}

/// Adds the comments' words; what was added before is left as it is.
pub fn add(conn: &mut SqliteConnection, queued: &[Queued]) -> QueryResult<()> {
    conn.immediate_transaction(|conn| {
        for row in last_of_each(queued) {
            let (Some(comment), Some(created_at)) = (&row.comment, row.created_at) else { continue };
            if (AddDoc { row, created_at }).execute(conn)? == 1 {
                AddWords { seq: row.seq, text: document(row.site_id, comment) }.execute(conn)?;
            }
        }
        Ok(())
    })
}

/// No letter of any comment: what begins with it stands for a site.
const SITE_MARK: char = '\u{e000}';

fn document(site_id: i64, comment: &str) -> String {
    let mut text = format!("{SITE_MARK}{site_id}");
    index_words(comment, |word| {
        text.push(' ');
        text.push_str(word);
    });
    text
}

pub fn search(
    conn: &mut SqliteConnection,
    query: &Query,
    site_id: i64,
    before: i64,
    limit: i64,
) -> QueryResult<Vec<Hit>> {
    // Words hold letters and digits alone, so quotes need no escape.
    let mut all = format!("\"{SITE_MARK}{site_id}\"");
    for term in &query.terms {
        all.push_str(&format!(" AND \"{}\"{}", term.word, if term.prefix { " *" } else { "" }));
    }
    diesel::sql_query(
        "SELECT docs.seq, docs.site_id, docs.response_id FROM words JOIN docs ON docs.seq = words.rowid \
         WHERE words MATCH $1 AND words.rowid < $2 ORDER BY words.rowid DESC LIMIT $3",
    )
    .bind::<Text, _>(all)
    .bind::<BigInt, _>(before)
    .bind::<BigInt, _>(limit)
    .load(conn)
}

/// How far the queue has been filled again after the index was lost. Kept in the database, beside the queue.
#[derive(Clone, Debug, QueryableByName)]
pub struct Rebuild {
    #[diesel(sql_type = BigInt)]
    pub site_id: i64,
    #[diesel(sql_type = Binary)]
    pub response_id: Vec<u8>,
    /// Unix ms: what was received later was queued when it was stored.
    #[diesel(sql_type = BigInt)]
    pub newest: i64,
}

impl Rebuild {
    /// Before the first response. Reads all of them, some seconds for ten million: the clock cannot tell what was stored
    /// until now, it may have been ahead.
    fn start(main: &mut AnyConnection) -> QueryResult<Self> {
        let newest = number_of_main(main, "SELECT COALESCE(MAX(received_at), 0) AS n FROM responses")?;
        Ok(Self { site_id: i64::MIN, response_id: Vec::new(), newest })
    }

    /// Where to go on; `None` when all has been queued.
    pub fn find(main: &mut AnyConnection) -> QueryResult<Option<Self>> {
        diesel::sql_query("SELECT site_id, response_id, newest FROM search_rebuild").get_result(main).optional()
    }

    /// Writes down where to go on. Call in the transaction that fills the queue.
    pub fn set(main: &mut AnyConnection, rebuild: Option<&Self>) -> QueryResult<()> {
        main.batch_execute("DELETE FROM search_rebuild")?;
        if let Some(rebuild) = rebuild {
            diesel::sql_query("INSERT INTO search_rebuild (site_id, response_id, newest) VALUES ($1, $2, $3)")
                .bind::<BigInt, _>(rebuild.site_id)
                .bind::<Binary, _>(&rebuild.response_id)
                .bind::<BigInt, _>(rebuild.newest)
                .execute(main)?;
        }
        Ok(())
    }
}

/// Deletes the words of a site's responses created before `horizon` (Unix ms), among the `span` rows after `after`; the
/// last row looked at, `None` at the end.
pub fn purge(
    conn: &mut SqliteConnection,
    site_id: i64,
    horizon: i64,
    after: i64,
    span: i64,
) -> QueryResult<Option<i64>> {
    conn.immediate_transaction(|conn| {
        let last = number(
            conn,
            &format!("SELECT COALESCE(MAX(seq), -1) AS n FROM (SELECT seq FROM docs WHERE seq > {after} ORDER BY seq LIMIT {span})"),
        )?;
        if last < 0 {
            return Ok(None);
        }
        let old = format!("seq > {after} AND seq <= {last} AND site_id = {site_id} AND created_at < {horizon}");
        conn.batch_execute(&format!(
            "DELETE FROM words WHERE rowid IN (SELECT seq FROM docs WHERE {old}); DELETE FROM docs WHERE {old};"
        ))?;
        Ok(Some(last))
    })
}

/// Deletes the words of a response, however often it was indexed. Looks through the whole list of responses, which no index
/// helps with.
pub fn remove(conn: &mut SqliteConnection, site_id: i64, response_id: &[u8]) -> QueryResult<()> {
    conn.immediate_transaction(|conn| {
        let of_response = "site_id = $1 AND response_id = $2";
        diesel::sql_query(format!("DELETE FROM words WHERE rowid IN (SELECT seq FROM docs WHERE {of_response})"))
            .bind::<BigInt, _>(site_id)
            .bind::<Binary, _>(response_id)
            .execute(conn)?;
        diesel::sql_query(format!("DELETE FROM docs WHERE {of_response}"))
            .bind::<BigInt, _>(site_id)
            .bind::<Binary, _>(response_id)
            .execute(conn)
            .map(drop)
    })
}

/// Has deleted words leave the file: FTS5 only marks their rows, and writes the words' lists anew when it merges them.
pub fn forget(conn: &mut SqliteConnection) -> QueryResult<()> {
    conn.batch_execute("INSERT INTO words (words) VALUES ('optimize')")
}

struct AddDoc<'a> {
    row: &'a Queued,
    created_at: i64,
}

struct AddWords {
    seq: i64,
    text: String,
}

impl QueryId for AddDoc<'_> {
    type QueryId = AddDoc<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl QueryId for AddWords {
    type QueryId = Self;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl RunQueryDsl<SqliteConnection> for AddDoc<'_> {}
impl RunQueryDsl<SqliteConnection> for AddWords {}

impl QueryFragment<Sqlite> for AddDoc<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("INSERT OR IGNORE INTO docs (seq, site_id, response_id, created_at) VALUES (");
        out.push_bind_param::<BigInt, _>(&self.row.seq)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&self.row.site_id)?;
        out.push_sql(", ");
        out.push_bind_param::<Binary, _>(&self.row.response_id)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&self.created_at)?;
        out.push_sql(")");
        Ok(())
    }
}

impl QueryFragment<Sqlite> for AddWords {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("INSERT INTO words (rowid, text) VALUES (");
        out.push_bind_param::<BigInt, _>(&self.seq)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(&self.text)?;
        out.push_sql(")");
        Ok(())
    }
}
