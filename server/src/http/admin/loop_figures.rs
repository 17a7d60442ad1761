//! `GET /v1/admin/loop`.

use actix_web::web::Data;
use counterbell_shared::time::UnixMillis;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::casework::{LoopView, loop_figures};
use crate::http::ApiError;
use crate::http::extract::values::{ByName, Time};
use crate::http::extract::{Query, Sites, Viewer};
use crate::http::operations::Json;
use crate::store::Store;

/// Of which cases.
#[derive(Deserialize, IntoParams)]
pub struct LoopQuery {
    /// Opened at or after.
    #[param(inline)]
    from: Option<Time>,
    /// Opened before.
    #[param(inline)]
    to: Option<Time>,
    /// What they are split by, beside the total.
    #[param(inline)]
    by: Option<ByName>,
}

/// How many cases there are, and how fast they are taken, answered and resolved.
///
/// # Errors
/// 400 for a parameter, 401, 403.
pub async fn get_loop(
    sites: Sites<Viewer>,
    Query(query): Query<LoopQuery>,
    store: Data<Store>,
) -> Result<Json<LoopView>, ApiError> {
    let span = (query.from.map(|Time(from)| from), query.to.map(|Time(to)| to));
    let (by, now) = (query.by.map(|ByName(by)| by).unwrap_or_default(), UnixMillis::now().0);
    let figures = store.reads.lists.read(move |conn| loop_figures(conn, &sites.ids, span, by, now));
    Ok(Json(figures.await?))
}
