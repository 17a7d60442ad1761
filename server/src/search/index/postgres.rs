//! The index of a PostgreSQL database: a table of `tsvector`s with a GIN index.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};

use super::{Hit, Queued};
use crate::db::dialect::{Column, Unnest};
use crate::search::words::{Query, index_words};

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
        let queued: Vec<Queued> = diesel::sql_query(
            "SELECT q.seq, q.site_id, q.response_id, r.created_at, r.comment FROM search_queue AS q \
             LEFT JOIN responses AS r ON r.site_id = q.site_id AND r.response_id = q.response_id \
             WHERE q.site_id = $1 ORDER BY q.seq LIMIT $2 FOR UPDATE OF q SKIP LOCKED",
        )
        .bind::<BigInt, _>(site_id)
        .bind::<BigInt, _>(limit)
        .load(conn)?;
        let found = || queued.iter().filter_map(|row| Some((row, row.comment.as_deref()?, row.created_at?)));
        let words: Vec<String> = found().map(|(_, comment, _)| vector(comment)).collect();
        Unnest {
            parts: vec![(
                "INSERT INTO comment_words (site_id, seq, response_id, created_at, words) \
                     SELECT site_id, seq, response_id, created_at, CAST(words AS tsvector) FROM (SELECT ",
                vec![
                    Column::BigInts(found().map(|(row, ..)| row.site_id).collect()),
                    Column::BigInts(found().map(|(row, ..)| row.seq).collect()),
                    Column::Bytes(found().map(|(row, ..)| row.response_id.as_slice()).collect()),
                    Column::BigInts(found().map(|(.., created_at)| created_at).collect()),
                    Column::Texts(words.iter().map(String::as_str).collect()),
                ],
            )],
            after: ") AS queued (site_id, seq, response_id, created_at, words) ON CONFLICT DO NOTHING",
        }
        .execute(conn)?;
        diesel::sql_query("DELETE FROM search_queue WHERE site_id = $1 AND seq = ANY ($2)")
            .bind::<BigInt, _>(site_id)
            .bind::<Array<BigInt>, _>(queued.iter().map(|row| row.seq).collect::<Vec<_>>())
            .execute(conn)?;
        Ok(Some((site_id, queued.len())))
    })
}

/// The text form of a `tsvector`. Words hold letters and digits alone, so quotes need no escape.
fn vector(comment: &str) -> String {
    let mut text = String::new();
    index_words(comment, |word| {
        text.push('\'');
        text.push_str(word);
        text.push_str("' ");
    });
    text
}

/// Comments looked through one by one, newest first, before the index is asked: a word of one comment in 300 fills a
/// page from these. PostgreSQL's own choice between the two goes wrong for words that are too rare to be in its
/// statistics: it read eight million comments for one (3 s).
const NEWEST: i64 = 15_000;
/// So many of them with the words say how many comments back a page reaches. With fewer the words are in so few comments
/// that all of them can be sorted.
const SAMPLE: i64 = 3;

pub fn search(conn: &mut PgConnection, query: &Query, site_id: i64, before: i64, limit: i64) -> QueryResult<Vec<Hit>> {
    let terms = query.terms.iter().map(|term| format!("'{}'{}", term.word, if term.prefix { ":*" } else { "" }));
    let all = terms.collect::<Vec<_>>().join(" & ");
    let mut find = |from: &str, rest: &str| -> QueryResult<Vec<Hit>> {
        let text = format!(
            "SELECT seq, site_id, response_id FROM {from} \
             WHERE site_id = $1 AND words @@ CAST($2 AS tsquery) AND seq < $3 {rest} LIMIT $4"
        );
        diesel::sql_query(text)
            .bind::<BigInt, _>(site_id)
            .bind::<Text, _>(&all)
            .bind::<BigInt, _>(before)
            .bind::<BigInt, _>(limit)
            .load(conn)
    };
    let is_page = |hits: &[Hit]| i64::try_from(hits.len()).is_ok_and(|found| found >= limit);
    let newest = format!(
        "(SELECT * FROM comment_words WHERE site_id = $1 AND seq < $3 ORDER BY seq DESC LIMIT {NEWEST}) AS newest"
    );
    let hits = find(&newest, "ORDER BY seq DESC")?;
    if is_page(&hits) {
        return Ok(hits);
    }
    if let Some(found) = i64::try_from(hits.len()).ok().filter(|found| *found >= SAMPLE) {
        // Half as many again as are likely to be needed.
        let window = NEWEST * limit * 3 / (found * 2);
        let newest = "SELECT max(seq) FROM comment_words WHERE site_id = $1 AND seq < $3";
        // Not in the order of any index: so the words' own is used, here and below.
        let hits = find("comment_words", &format!("AND seq > ({newest}) - {window} ORDER BY seq + 0 DESC"))?;
        if is_page(&hits) {
            return Ok(hits);
        }
    }
    find("comment_words", "ORDER BY seq + 0 DESC")
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
