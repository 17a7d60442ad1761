//! `GET /v1/admin/summary`.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use actix_web::web::Data;
use counterbell_shared::metric::{Band, Metric, Scale};
use counterbell_shared::time::{UnixMillis, day_to_date};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::cursor::{After, Cursor as _, TouchpointPosition};
use super::page::Page;
use crate::db::score_days::SCORES;
use crate::db::summary::{Counts, ScoreCounts, SummaryFilter};
use crate::http::ApiError;
use crate::http::extract::values::{Limit, MetricName, Time, TouchpointName};
use crate::http::extract::{Query, Sites, Viewer};
use crate::http::operations::Json;
use crate::store::Store;

/// The figures of one metric: scores of different metrics are never added up.
#[derive(Debug, Serialize, ToSchema)]
pub struct Summary {
    metric: Metric,
    scale: Scale,
    from: Option<UnixMillis>,
    to: Option<UnixMillis>,
    #[serde(flatten)]
    total: Figures,
    /// A page of them; those with most responses first, then by name.
    touchpoints: Vec<TouchpointSummary>,
    /// For the next page of touchpoints; `null` on the last.
    next_cursor: Option<String>,
    days: Vec<DaySummary>,
}

/// Which touchpoints to tell of.
struct TouchpointPage {
    after: Option<TouchpointPosition>,
    limit: u32,
}

#[derive(Debug, Serialize, ToSchema)]
struct TouchpointSummary {
    touchpoint: String,
    #[serde(flatten)]
    figures: Figures,
}

#[derive(Debug, Serialize, ToSchema)]
struct DaySummary {
    /// UTC.
    day: String,
    #[serde(flatten)]
    figures: Figures,
}

/// What a set of scores says.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
struct Figures {
    count: i64,
    /// `null` without responses.
    mean: Option<f64>,
    /// CSAT alone: satisfied responses (4 and 5) as a share of all, 0 to 100.
    csat_percent: Option<f64>,
    /// NPS alone: promoters' share less detractors', -100 to 100.
    nps: Option<f64>,
    /// Every score of the scale, lowest first.
    distribution: Vec<ScoreShare>,
}

#[derive(Debug, PartialEq, Serialize, ToSchema)]
struct ScoreShare {
    score: u8,
    count: i64,
}

/// How often each score was given.
struct Histogram {
    metric: Metric,
    counts: Counts,
}

impl Histogram {
    fn figures(&self) -> Figures {
        let scores = || self.metric.scale().scores().map(|score| (score, &self.counts[usize::from(score)]));
        let count: i64 = scores().map(|(_, count)| count).sum();
        let in_band = |band: Band| -> i64 {
            scores().filter(|(score, _)| band.scores().contains(score)).map(|(_, count)| count).sum()
        };
        let share = |part: i64| (count > 0).then(|| rounded(100.0 * part as f64 / count as f64));
        let sum: i64 = scores().map(|(score, count)| i64::from(score) * count).sum();
        Figures {
            count,
            mean: (count > 0).then(|| rounded(sum as f64 / count as f64)),
            csat_percent: (self.metric == Metric::Csat).then(|| share(in_band(Band::Satisfied))).flatten(),
            nps: (self.metric == Metric::Nps)
                .then(|| share(in_band(Band::Promoter) - in_band(Band::Detractor)))
                .flatten(),
            distribution: scores().map(|(score, count)| ScoreShare { score, count: *count }).collect(),
        }
    }
}

/// Four decimals: enough for any use, and no noise of binary fractions.
fn rounded(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}

impl TouchpointPage {
    /// Names and counts, and the next page's cursor.
    fn of(self, touchpoints: BTreeMap<String, Counts>) -> (Vec<(String, Counts)>, Option<String>) {
        let mut ranked: Vec<_> = touchpoints
            .into_iter()
            .map(|(touchpoint, counts)| (TouchpointPosition { count: counts.iter().sum(), touchpoint }, counts))
            .collect();
        ranked.sort_by(|(one, _), (other, _)| one.rank().cmp(&other.rank()));
        let first =
            self.after.map_or(0, |after| ranked.partition_point(|(position, _)| position.rank() <= after.rank()));
        let page = Page::new(ranked.split_off(first), self.limit, |(position, _)| position.encode());
        let (shown, next) = page.into_parts();
        (shown.into_iter().map(|(position, counts)| (position.touchpoint, counts)).collect(), next)
    }
}

impl TouchpointPosition {
    fn rank(&self) -> (Reverse<i64>, &str) {
        (Reverse(self.count), &self.touchpoint)
    }
}

fn summarize(counts: ScoreCounts, filter: &SummaryFilter, page: TouchpointPage) -> Summary {
    let figures = |counts: Counts| Histogram { metric: filter.metric, counts }.figures();
    let mut total = [0; SCORES];
    for counts in counts.days.values() {
        total.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
    }
    let (touchpoints, next_cursor) = page.of(counts.touchpoints);
    let touchpoints = touchpoints.into_iter();
    let days = counts.days.into_iter();
    Summary {
        metric: filter.metric,
        scale: filter.metric.scale(),
        from: filter.from,
        to: filter.to,
        total: figures(total),
        touchpoints: touchpoints.map(|(touchpoint, n)| TouchpointSummary { touchpoint, figures: figures(n) }).collect(),
        next_cursor,
        days: days.map(|(day, n)| DaySummary { day: day_to_date(day), figures: figures(n) }).collect(),
    }
}

/// What a summary is of.
#[derive(Deserialize, IntoParams)]
pub struct SummaryQuery {
    /// The metric; csat when left out: scores of different metrics cannot be added up.
    #[param(inline)]
    metric: Option<MetricName>,
    /// Of this touchpoint alone.
    #[param(inline)]
    touchpoint: Option<TouchpointName>,
    /// Created at or after.
    #[param(inline)]
    from: Option<Time>,
    /// Created before.
    #[param(inline)]
    to: Option<Time>,
    /// Touchpoints to a page.
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// The `next_cursor` of an earlier answer.
    #[param(value_type = Option<String>)]
    cursor: Option<After<TouchpointPosition>>,
}

/// The figures of one metric: in total, per touchpoint and per day.
///
/// # Errors
/// 400 for a parameter, 401, 403.
pub async fn get_summary(
    sites: Sites<Viewer>,
    Query(query): Query<SummaryQuery>,
    store: Data<Store>,
) -> Result<Json<Summary>, ApiError> {
    let filter = SummaryFilter {
        metric: query.metric.map_or(Metric::Csat, |MetricName(metric)| metric),
        touchpoint: query.touchpoint.map(|TouchpointName(name)| name),
        from: query.from.map(|Time(from)| from),
        to: query.to.map(|Time(to)| to),
    };
    let page = TouchpointPage { after: query.cursor.map(|After(after)| after), limit: query.limit.0 };
    let asked = filter.clone();
    let counts = store.reads.lists.read(move |conn| ScoreCounts::load(conn, &sites.ids, &asked)).await?;
    Ok(Json(summarize(counts, &filter, page)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(metric: Metric, scores: &[u8]) -> Figures {
        let mut counts = [0; SCORES];
        for score in scores {
            counts[usize::from(*score)] += 1;
        }
        Histogram { metric, counts }.figures()
    }

    #[test]
    fn csat_is_the_share_of_fours_and_fives() {
        let figures = figures(Metric::Csat, &[1, 3, 4, 5, 5, 5]);
        assert_eq!((figures.count, figures.mean, figures.csat_percent), (6, Some(3.8333), Some(66.6667)));
        assert_eq!(figures.nps, None);
        assert_eq!(figures.distribution.iter().map(|share| share.count).collect::<Vec<_>>(), [1, 0, 1, 1, 3]);
    }

    #[test]
    fn nps_is_promoters_less_detractors() {
        let figures = figures(Metric::Nps, &[0, 6, 7, 8, 9, 10, 10, 10]);
        assert_eq!((figures.nps, figures.csat_percent), (Some(25.0), None));
    }

    #[test]
    fn nothing_has_no_mean() {
        let figures = figures(Metric::Csat, &[]);
        assert_eq!((figures.count, figures.mean, figures.csat_percent), (0, None, None));
    }
}
