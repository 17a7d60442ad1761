//! Stored responses.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::str::FromStr;

use counterbell_shared::metric::{Band, Metric};
use counterbell_shared::time::{DAY_MS, UnixMillis};
use counterbell_shared::{ResponseId, Score};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer};

use super::SharedText;
use super::connection::AnyConnection;
use super::schema::responses;
use super::score_days::{self, ScoreRange};

/// What a response that staff took for spam is held back for.
pub const HELD_BY_STAFF: &str = "staff";

/// A response about to be stored.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = responses, treat_none_as_default_value = false)]
#[expect(missing_docs, reason = "the columns of migrations/")]
pub struct NewResponseRow {
    pub site_id: i64,
    pub response_id: [u8; 16],
    pub touchpoint: String,
    pub survey: SharedText,
    pub survey_version: i32,
    pub metric: &'static str,
    pub score: i32,
    pub comment: Option<String>,
    pub order_ref: Option<String>,
    pub customer_ref: Option<String>,
    pub contact_email: Option<String>,
    pub locale: Option<String>,
    pub page_url: Option<String>,
    pub channel: &'static str,
    pub created_at: i64,
    pub received_at: i64,
    pub held: Option<&'static str>,
    pub answers: Option<String>,
    pub complete: bool,
    pub revision: i32,
}

/// What a later revision replaces: what the customer says, not where and when they were asked. An empty field replaces a
/// full one. The survey's version is what the answers belong to.
#[derive(AsChangeset)]
#[diesel(table_name = responses, treat_none_as_null = true)]
struct Replacement<'a> {
    survey_version: i32,
    score: i32,
    comment: Option<&'a str>,
    order_ref: Option<&'a str>,
    customer_ref: Option<&'a str>,
    contact_email: Option<&'a str>,
    locale: Option<&'a str>,
    page_url: Option<&'a str>,
    held: Option<&'a str>,
    answers: Option<&'a str>,
    complete: bool,
    revision: i32,
}

impl NewResponseRow {
    /// Replaces what is stored under this id by this later revision; whether what is stored was of a lower one.
    ///
    /// # Errors
    /// What the database says.
    pub fn replace(&self, conn: &mut AnyConnection) -> QueryResult<bool> {
        let lower = responses::table
            .find((self.site_id, self.response_id.as_slice()))
            .filter(responses::revision.lt(self.revision));
        let replacement = Replacement {
            survey_version: self.survey_version,
            score: self.score,
            comment: self.comment.as_deref(),
            order_ref: self.order_ref.as_deref(),
            customer_ref: self.customer_ref.as_deref(),
            contact_email: self.contact_email.as_deref(),
            locale: self.locale.as_deref(),
            page_url: self.page_url.as_deref(),
            held: self.held,
            answers: self.answers.as_deref(),
            complete: self.complete,
            revision: self.revision,
        };
        Ok(diesel::update(lower).set(replacement).execute(conn)? == 1)
    }
}

/// A stored response.
#[derive(Clone, Debug, Queryable)]
#[expect(missing_docs, reason = "the columns of migrations/")]
pub struct ResponseRow {
    pub site_id: i64,
    pub response_id: Vec<u8>,
    pub touchpoint: String,
    pub survey: String,
    pub survey_version: i32,
    pub metric: String,
    pub score: i32,
    pub comment: Option<String>,
    pub order_ref: Option<String>,
    pub customer_ref: Option<String>,
    pub contact_email: Option<String>,
    pub locale: Option<String>,
    pub page_url: Option<String>,
    pub channel: String,
    pub created_at: i64,
    pub received_at: i64,
    pub held: Option<String>,
    pub answers: Option<String>,
    pub complete: bool,
    pub revision: i32,
}

impl ResponseRow {
    /// The response of this id, of any site in `site_ids`.
    ///
    /// # Errors
    /// What the database says.
    pub fn find(conn: &mut AnyConnection, site_ids: &[i64], id: ResponseId) -> QueryResult<Option<Self>> {
        for site_id in site_ids {
            let found = responses::table.find((*site_id, id.as_bytes().as_slice())).first(conn).optional()?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// Marks it as held back for a reason; whether it was not.
    ///
    /// # Errors
    /// What the database says.
    pub fn set_held(conn: &mut AnyConnection, site_id: i64, id: ResponseId, reason: &str) -> QueryResult<bool> {
        let free = responses::table.find((site_id, id.as_bytes().as_slice())).filter(responses::held.is_null());
        Ok(diesel::update(free).set(responses::held.eq(reason)).execute(conn)? == 1)
    }

    /// Marks it as held back no longer; whether it was.
    ///
    /// # Errors
    /// What the database says.
    pub fn clear_held(conn: &mut AnyConnection, site_id: i64, id: ResponseId) -> QueryResult<bool> {
        let held = responses::table.find((site_id, id.as_bytes().as_slice())).filter(responses::held.is_not_null());
        Ok(diesel::update(held).set(responses::held.eq(None::<String>)).execute(conn)? == 1)
    }

    /// The score, checked again: what is stored was valid when it was stored.
    pub fn score(&self) -> Option<Score> {
        let metric = Metric::from_str(&self.metric).ok()?;
        Score::new(i64::from(self.score), metric).ok()
    }

    /// The id. `None` only if the column holds something else than 16 bytes.
    pub fn id(&self) -> Option<ResponseId> {
        id_from_column(&self.response_id)
    }
}

/// The 16 bytes of an id column.
pub fn id_from_column(bytes: &[u8]) -> Option<ResponseId> {
    bytes.try_into().ok().map(ResponseId::from_bytes)
}

/// Which responses to list; every condition must hold.
#[derive(Clone, Debug, Default)]
pub struct ResponseFilter {
    /// Exactly this touchpoint.
    pub touchpoint: Option<String>,
    /// Of exactly this order.
    pub order_ref: Option<String>,
    /// On this metric.
    pub metric: Option<Metric>,
    /// In this band (implies its metric).
    pub band: Option<Band>,
    /// Created at or after.
    pub from: Option<UnixMillis>,
    /// Created before.
    pub to: Option<UnixMillis>,
    /// With a comment, or without one.
    pub has_comment: Option<bool>,
    /// Those held back as suspected spam, and no others; else none of them.
    pub held: bool,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// How many responses of a site that were created in a span of Unix milliseconds are held back; counted up to `most`.
///
/// # Errors
/// What the database says.
pub fn count_held(conn: &mut AnyConnection, site_id: i64, span: Range<i64>, most: i32) -> QueryResult<i64> {
    let counted: Count = diesel::sql_query(
        "SELECT count(*) AS n FROM (SELECT 1 AS one FROM responses WHERE site_id = $1 AND created_at >= $2 \
         AND created_at < $3 AND held IS NOT NULL LIMIT $4) AS held",
    )
    .bind::<BigInt, _>(site_id)
    .bind::<BigInt, _>(span.start)
    .bind::<BigInt, _>(span.end)
    .bind::<Integer, _>(most)
    .get_result(conn)?;
    Ok(counted.n)
}

/// When the newest response of a site was created, Unix ms.
///
/// # Errors
/// What the database says.
pub fn newest(conn: &mut AnyConnection, site_id: i64) -> QueryResult<Option<i64>> {
    responses::table.filter(responses::site_id.eq(site_id)).select(diesel::dsl::max(responses::created_at)).first(conn)
}

impl ResponseFilter {
    /// Which scores of which metrics the rollup is to be asked for; `None` when it narrows nothing down.
    fn scores(&self) -> Option<Vec<ScoreRange>> {
        let any_of = |metric: Metric| ScoreRange { metric, scores: metric.scale().scores() };
        match (self.metric, self.band) {
            (None, None) => self.touchpoint.as_ref().map(|_| Metric::ALL.map(any_of).to_vec()),
            (Some(metric), None) => Some(vec![any_of(metric)]),
            (_, Some(band)) => Some(vec![ScoreRange { metric: band.metric(), scores: band.scores() }]),
        }
    }
}

/// Where a page ended: the next one begins with the first older response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponsePosition {
    /// Creation time of the last response shown, Unix ms.
    pub created_at: i64,
    /// Its id.
    pub response_id: Vec<u8>,
    /// Its site.
    pub site_id: i64,
}

impl From<&ResponseRow> for ResponsePosition {
    fn from(row: &ResponseRow) -> Self {
        Self { created_at: row.created_at, response_id: row.response_id.clone(), site_id: row.site_id }
    }
}

/// Those of `keys` (site, id) that are stored, in any order.
///
/// # Errors
/// What the database says.
pub fn find_all(conn: &mut AnyConnection, keys: &[(i64, Vec<u8>)]) -> QueryResult<Vec<ResponseRow>> {
    find(conn, keys, |site_id| responses::table.filter(responses::site_id.eq(site_id)).into_boxed())
}

/// Those of `keys` (site, id) that are stored and pass the filter, in the order of `keys`.
///
/// # Errors
/// What the database says.
pub fn find_filtered(
    conn: &mut AnyConnection,
    keys: &[(i64, Vec<u8>)],
    filter: &ResponseFilter,
) -> QueryResult<Vec<ResponseRow>> {
    let rows = find(conn, keys, |site_id| filtered(site_id, filter))?;
    let mut found: HashMap<_, _> = rows.into_iter().map(|row| ((row.site_id, row.response_id.clone()), row)).collect();
    // `remove`: a comment may be in the index twice.
    Ok(keys.iter().filter_map(|key| found.remove(key)).collect())
}

/// The ids of `keys` (site, id), a site at a time.
pub(super) fn by_site(keys: &[(i64, Vec<u8>)]) -> BTreeMap<i64, Vec<&[u8]>> {
    let mut by_site: BTreeMap<i64, Vec<&[u8]>> = BTreeMap::new();
    for (site_id, response_id) in keys {
        by_site.entry(*site_id).or_default().push(response_id);
    }
    by_site
}

/// A site at a time, so that no query spans sites.
fn find<'a>(
    conn: &mut AnyConnection,
    keys: &'a [(i64, Vec<u8>)],
    of_site: impl Fn(i64) -> Filtered<'a>,
) -> QueryResult<Vec<ResponseRow>> {
    let mut rows = Vec::with_capacity(keys.len());
    for (site_id, ids) in by_site(keys) {
        rows.extend(of_site(site_id).filter(responses::response_id.eq_any(ids)).load::<ResponseRow>(conn)?);
    }
    Ok(rows)
}

/// The newest `limit` responses of `site_ids` that come after `after`, newest first.
///
/// Each site is asked by itself, along its own index, and the few rows are merged: no query spans sites.
///
/// # Errors
/// What the database says.
pub fn list(
    conn: &mut AnyConnection,
    site_ids: &[i64],
    filter: &ResponseFilter,
    after: Option<&ResponsePosition>,
    limit: i64,
) -> QueryResult<Vec<ResponseRow>> {
    let mut rows = Vec::new();
    for site_id in site_ids {
        rows.extend(list_site(conn, *site_id, filter, after, limit)?);
    }
    if site_ids.len() > 1 {
        rows.sort_by(|a, b| {
            let key = |row: &ResponseRow| (row.created_at, row.response_id.clone(), row.site_id);
            key(b).cmp(&key(a))
        });
        rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    }
    Ok(rows)
}

fn list_site(
    conn: &mut AnyConnection,
    site_id: i64,
    filter: &ResponseFilter,
    after: Option<&ResponsePosition>,
    limit: i64,
) -> QueryResult<Vec<ResponseRow>> {
    use responses::dsl;

    let mut query = filtered(site_id, filter);
    if let (Some(scores), false) = (filter.scores(), filter.held) {
        // What nobody gave, or not for long, is not looked for among everything else: a mistyped touchpoint, or a shop that
        // closed a year ago.
        let Some(days) = score_days::days_of(conn, site_id, &scores, filter.touchpoint.as_deref())? else {
            return Ok(Vec::new());
        };
        let (first, last) = (i64::from(*days.start()), i64::from(*days.end()));
        query = query.filter(dsl::created_at.ge(first * DAY_MS)).filter(dsl::created_at.lt((last + 1) * DAY_MS));
    }
    if let Some(after) = after {
        // The redundant `le` lets the index start at the right place; the rest decides among equals.
        let older = dsl::created_at.lt(after.created_at);
        let position = after.response_id.clone();
        query = query.filter(dsl::created_at.le(after.created_at));
        query = if site_id < after.site_id {
            query.filter(older.or(dsl::response_id.le(position)))
        } else {
            query.filter(older.or(dsl::response_id.lt(position)))
        };
    }
    // First the keys, which the index alone can tell, then the few rows: a page of a quiet touchpoint passes by
    // thousands of others.
    let ids = query.order((dsl::created_at.desc(), dsl::response_id.desc())).limit(limit).select(dsl::response_id);
    let keys: Vec<_> = ids.load::<Vec<u8>>(conn)?.into_iter().map(|id| (site_id, id)).collect();
    let mut rows = find_all(conn, &keys)?;
    rows.sort_unstable_by(|a, b| (b.created_at, &b.response_id).cmp(&(a.created_at, &a.response_id)));
    Ok(rows)
}

type Filtered<'a> = responses::BoxedQuery<'a, <AnyConnection as Connection>::Backend>;

fn filtered<'a>(site_id: i64, filter: &ResponseFilter) -> Filtered<'a> {
    use responses::dsl;

    let mut query = responses::table.filter(dsl::site_id.eq(site_id)).into_boxed();
    if let Some(touchpoint) = &filter.touchpoint {
        query = query.filter(dsl::touchpoint.eq(touchpoint.clone()));
    }
    if let Some(order_ref) = &filter.order_ref {
        query = query.filter(dsl::order_ref.eq(order_ref.clone()));
    }
    if let Some(metric) = filter.metric {
        query = query.filter(dsl::metric.eq(metric.as_str()));
    }
    if let Some(band) = filter.band {
        let scores = band.scores();
        query = query
            .filter(dsl::metric.eq(band.metric().as_str()))
            .filter(dsl::score.between(i32::from(*scores.start()), i32::from(*scores.end())));
    }
    if let Some(from) = filter.from {
        query = query.filter(dsl::created_at.ge(from.0));
    }
    if let Some(to) = filter.to {
        query = query.filter(dsl::created_at.lt(to.0));
    }
    query = match filter.has_comment {
        Some(true) => query.filter(dsl::comment.is_not_null()),
        Some(false) => query.filter(dsl::comment.is_null()),
        None => query,
    };
    query = if filter.held { query.filter(dsl::held.is_not_null()) } else { query.filter(dsl::held.is_null()) };
    query
}
