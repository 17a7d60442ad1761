//! Counts per touchpoint, day and score.

use counterbell_shared::metric::Metric;
use counterbell_shared::time::{DAY_MS, UnixMillis};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Text};

use super::connection::AnyConnection;
use super::schema::responses;

/// How many responses of one touchpoint, day (UTC) and score there are.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct ScoreCount {
    /// The touchpoint.
    pub touchpoint: String,
    /// Days since 1970-01-01.
    pub day: i64,
    /// The score.
    pub score: i32,
    /// How many.
    pub count: i64,
}

/// Which responses to count.
#[derive(Clone, Debug)]
pub struct SummaryFilter {
    /// Scores of different metrics are never added up.
    pub metric: Metric,
    /// Exactly this touchpoint.
    pub touchpoint: Option<String>,
    /// Created at or after.
    pub from: Option<UnixMillis>,
    /// Created before.
    pub to: Option<UnixMillis>,
}

impl ScoreCount {
    /// Counts of every touchpoint, day and score of `site_ids`; a site at a time, so no query spans sites.
    ///
    /// # Errors
    /// What the database says.
    pub fn load(conn: &mut AnyConnection, site_ids: &[i64], filter: &SummaryFilter) -> QueryResult<Vec<Self>> {
        let mut counts = Vec::new();
        for site_id in site_ids {
            counts.extend(Self::load_site(conn, *site_id, filter)?);
        }
        Ok(counts)
    }

    fn load_site(conn: &mut AnyConnection, site_id: i64, filter: &SummaryFilter) -> QueryResult<Vec<Self>> {
        use responses::dsl;

        // Both databases truncate towards zero, and no response is older than 1970.
        let day = sql::<BigInt>(&format!("created_at / {DAY_MS}"));
        let columns = (sql::<Text>("touchpoint"), day, sql::<Integer>("score"), sql::<BigInt>("count(*)"));
        let mut query = responses::table
            .filter(dsl::site_id.eq(site_id))
            .filter(dsl::metric.eq(filter.metric.as_str()))
            .select(columns)
            .group_by(sql::<Text>("1, 2, 3"))
            .into_boxed();
        if let Some(touchpoint) = &filter.touchpoint {
            query = query.filter(dsl::touchpoint.eq(touchpoint.clone()));
        }
        if let Some(from) = filter.from {
            query = query.filter(dsl::created_at.ge(from.0));
        }
        if let Some(to) = filter.to {
            query = query.filter(dsl::created_at.lt(to.0));
        }
        query.load(conn)
    }
}
