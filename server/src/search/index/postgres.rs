//! The index of a PostgreSQL database: a table of each comment's words with a GIN index.

use std::collections::BTreeSet;

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};

use super::{Hit, Queued, last_of_each};
use crate::db::dialect::{Column, Unnest};
use crate::search::query::{Query, Term, index_words};

#[derive(QueryableByName)]
struct SiteId {
    #[diesel(sql_type = BigInt)]
    site_id: i64,
}

/// Moves up to `limit` comments of one site from the queue into the index; several servers do different ones.
pub fn add(conn: &mut PgConnection, after_site: i64, limit: i64) -> QueryResult<Option<(i64, usize)>> {
    let next = "SELECT site_id FROM search_queue WHERE site_id > $1 ORDER BY site_id LIMIT 1";
    let Some(SiteId { site_id }) = diesel::sql_query(next).bind::<BigInt, _>(after_site).get_result(conn).optional()?
    else {
        return Ok(None);
    };
    conn.transaction(|conn| {
        let mut queued: Vec<Queued> = diesel::sql_query(
            // `OFFSET 0` has the responses looked up one by one, by their keys.
            "WITH q AS MATERIALIZED (SELECT seq, site_id, response_id FROM search_queue WHERE site_id = $1 \
             ORDER BY seq LIMIT $2 FOR UPDATE SKIP LOCKED) \
             SELECT q.seq, q.site_id, q.response_id, r.created_at, r.comment FROM q LEFT JOIN LATERAL \
             (SELECT created_at, comment FROM responses AS r \
             WHERE r.site_id = q.site_id AND r.response_id = q.response_id OFFSET 0) AS r ON TRUE",
        )
        .bind::<BigInt, _>(site_id)
        .bind::<BigInt, _>(limit)
        .load(conn)?;
        queued.sort_unstable_by_key(|row| row.seq);
        let last = last_of_each(&queued);
        let found = || last.iter().filter_map(|row| Some((row, row.comment.as_deref()?, row.created_at?)));
        let words: Vec<String> = found().map(|(_, comment, _)| spaced_words(comment)).collect();
        Unnest {
            parts: vec![(
                "INSERT INTO comment_words (site_id, seq, response_id, created_at, words) \
                     SELECT ",
                vec![
                    Column::BigInts(found().map(|(row, ..)| row.site_id).collect()),
                    Column::BigInts(found().map(|(row, ..)| row.seq).collect()),
                    Column::Bytes(found().map(|(row, ..)| row.response_id.as_slice()).collect()),
                    Column::BigInts(found().map(|(.., created_at)| created_at).collect()),
                    Column::Texts(words.iter().map(String::as_str).collect()),
                ],
            )],
            after: " ON CONFLICT DO NOTHING",
        }
        .execute(conn)?;
        diesel::sql_query("DELETE FROM search_queue WHERE site_id = $1 AND seq = ANY ($2)")
            .bind::<BigInt, _>(site_id)
            .bind::<Array<BigInt>, _>(queued.iter().map(|row| row.seq).collect::<Vec<_>>())
            .execute(conn)?;
        Ok(Some((site_id, queued.len())))
    })
}

/// A comment's words, each once and between spaces. They hold letters and digits alone, so this is also a `tsvector`'s
/// text form.
fn spaced_words(comment: &str) -> String {
    let mut words = BTreeSet::new();
    index_words(comment, |word| {
        if !words.contains(word) {
            words.insert(word.to_owned());
        }
    });
    words.iter().fold(String::from(" "), |text, word| text + word + " ")
}

/// Comments looked through one by one, newest first, before the index is asked: a word of one comment in 300 fills a
/// page from these. PostgreSQL's own choice between the two goes wrong for words that are too rare to be in its
/// statistics: it read eight million comments for one (3 s).
const NEWEST: i64 = 15_000;
/// So many of them with the words say how many comments back a page reaches. With fewer the words are in so few comments
/// that all of them can be sorted.
const SAMPLE: i64 = 3;

/// How the words are looked for.
#[derive(Clone, Copy)]
enum By {
    /// In each comment.
    Text,
    /// In the index of words.
    Index,
}

pub fn search(conn: &mut PgConnection, query: &Query, site_id: i64, before: i64, limit: i64) -> QueryResult<Vec<Hit>> {
    let mut find = |from: &str, by: By, rest: &str| -> QueryResult<Vec<Hit>> {
        let text = format!("SELECT seq, site_id, response_id FROM {from} WHERE site_id = $1 AND seq < $2 AND ");
        let mut find = diesel::sql_query(text)
            .bind::<BigInt, _>(site_id)
            .bind::<BigInt, _>(before)
            .bind::<BigInt, _>(limit)
            .into_boxed::<Pg>();
        match by {
            By::Text => {
                for (n, term) in query.terms.iter().enumerate() {
                    let and = if n == 0 { "" } else { " AND " };
                    find = find.sql(format!("{and}strpos(words, ${}) > 0", n + 4)).bind::<Text, _>(format!(
                        " {}{}",
                        term.word,
                        if term.prefix { "" } else { " " }
                    ));
                }
            }
            By::Index => {
                let term = |term: &Term| format!("'{}'{}", term.word, if term.prefix { ":*" } else { "" });
                find = find
                    .sql("CAST(words AS tsvector) @@ CAST($4 AS tsquery)")
                    .bind::<Text, _>(query.terms.iter().map(term).collect::<Vec<_>>().join(" & "));
            }
        }
        find.sql(format!(" {rest} LIMIT $3")).load(conn)
    };
    let is_page = |hits: &[Hit]| i64::try_from(hits.len()).is_ok_and(|found| found >= limit);
    let newest = format!(
        "(SELECT * FROM comment_words WHERE site_id = $1 AND seq < $2 ORDER BY seq DESC LIMIT {NEWEST}) AS newest"
    );
    let hits = find(&newest, By::Text, "ORDER BY seq DESC")?;
    if is_page(&hits) {
        return Ok(hits);
    }
    if let Some(found) = i64::try_from(hits.len()).ok().filter(|found| *found >= SAMPLE) {
        // Half as many again as are likely to be needed.
        let window = NEWEST * limit * 3 / (found * 2);
        let newest = "SELECT max(seq) FROM comment_words WHERE site_id = $1 AND seq < $2";
        // Not in the order of any index: so the words' own is used, here and below.
        let hits = find("comment_words", By::Index, &format!("AND seq > ({newest}) - {window} ORDER BY seq + 0 DESC"))?;
        if is_page(&hits) {
            return Ok(hits);
        }
    }
    find("comment_words", By::Index, "ORDER BY seq + 0 DESC")
}

/// As [`super::sqlite::purge`].
pub fn purge(conn: &mut PgConnection, site_id: i64, horizon: i64, after: i64, span: i64) -> QueryResult<Option<i64>> {
    #[derive(QueryableByName)]
    struct Last {
        #[diesel(sql_type = diesel::sql_types::Nullable<BigInt>)]
        seq: Option<i64>,
    }
    let last: Last = diesel::sql_query(
        "SELECT max(seq) AS seq FROM (SELECT seq FROM comment_words WHERE site_id = $1 AND seq > $2 \
         ORDER BY seq LIMIT $3) AS span",
    )
    .bind::<BigInt, _>(site_id)
    .bind::<BigInt, _>(after)
    .bind::<BigInt, _>(span)
    .get_result(conn)?;
    let Some(last) = last.seq else { return Ok(None) };
    diesel::sql_query("DELETE FROM comment_words WHERE site_id = $1 AND seq > $2 AND seq <= $3 AND created_at < $4")
        .bind::<BigInt, _>(site_id)
        .bind::<BigInt, _>(after)
        .bind::<BigInt, _>(last)
        .bind::<BigInt, _>(horizon)
        .execute(conn)?;
    Ok(Some(last))
}
