//! For Prometheus.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{HttpResponse, web};
use counterbell_shared::time::UnixMillis;
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::db::backlog::Backlog;
use crate::http::ApiError;
use crate::http::operations::{OpenMetrics, Written};
use crate::metrics::{Gathered, LookedUp, Metrics, OPENMETRICS_TEXT};
use crate::store::Store;

/// How long figures that cost something are given to whoever asks.
const FRESH: Duration = Duration::from_secs(1);
/// How long the database may take for its figures.
const PATIENCE: Duration = Duration::from_secs(2);

/// Figures of the database and the process, as they were looked up last. Whoever asks while that is done waits for it.
#[derive(Default)]
pub struct LatestFigures(Mutex<Option<(Instant, Arc<LookedUp>)>>);

impl LatestFigures {
    /// Those of the last second, or those `look_up` finds.
    async fn get(&self, look_up: impl Future<Output = LookedUp>) -> Arc<LookedUp> {
        let mut latest = self.0.lock().await;
        match &*latest {
            Some((seen, figures)) if seen.elapsed() < FRESH => Arc::clone(figures),
            _ => {
                let figures = Arc::new(look_up.await);
                *latest = Some((Instant::now(), Arc::clone(&figures)));
                figures
            }
        }
    }
}

/// Every figure. Answered also when the database is away: that is when somebody looks.
///
/// # Errors
/// 500, should a figure not be writable.
pub async fn get_metrics(
    metrics: web::Data<Metrics>,
    latest: web::Data<LatestFigures>,
    store: web::Data<Store>,
) -> Result<Written<OpenMetrics>, ApiError> {
    let looked_up = latest.get(async {
        let backlog = store.reads.background.read(|conn| Backlog::load(conn, UnixMillis::now().0));
        LookedUp::new(timeout(PATIENCE, backlog).await.ok().and_then(Result::ok))
    });
    let looked_up = looked_up.await;
    let gathered =
        Gathered { queue_capacity: store.writes.capacity(), pools: store.reads.usage(), looked_up: &looked_up };
    let text = metrics.encode(&gathered).map_err(ApiError::fault)?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, OPENMETRICS_TEXT))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(text)
        .into())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::join_all;

    use super::*;

    #[tokio::test]
    async fn database_is_asked_once_whoever_asks_for_figures() {
        let (latest, asked) = (LatestFigures::default(), AtomicUsize::new(0));
        let ask = || {
            latest.get(async {
                asked.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                LookedUp::new(None)
            })
        };
        join_all((0..100).map(|_| ask())).await;
        assert_eq!(asked.load(Ordering::Relaxed), 1);

        if let Some((seen, _)) = latest.0.lock().await.as_mut() {
            *seen = seen.checked_sub(FRESH).unwrap_or(*seen);
        }
        ask().await;
        assert_eq!(asked.load(Ordering::Relaxed), 2);
    }
}
