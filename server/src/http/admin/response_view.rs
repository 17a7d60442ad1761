//! A response as integrators see it.

use std::collections::HashMap;

use counterbell_shared::answers::NewAnswers;
use counterbell_shared::metric::{Band, Metric, Scale};
use counterbell_shared::time::UnixMillis;
use serde::Serialize;
use utoipa::ToSchema;

use crate::db::additions::AdditionRow;
use crate::db::responses::ResponseRow;
use crate::http::ApiError;

/// A response as integrators see it.
#[derive(Serialize, ToSchema)]
pub struct ResponseView {
    response_id: String,
    site_key: String,
    touchpoint: String,
    survey: String,
    survey_version: i32,
    metric: Metric,
    score: u8,
    scale: Scale,
    band: Option<Band>,
    comment: Option<String>,
    #[schema(value_type = Option<NewAnswers>)]
    answers: Option<serde_json::Value>,
    order_ref: Option<String>,
    customer_ref: Option<String>,
    contact: Option<ContactView>,
    locale: Option<String>,
    page_url: Option<String>,
    channel: String,
    created_at: UnixMillis,
    received_at: UnixMillis,
    held: Option<String>,
    complete: bool,
    /// The number of the case that it belongs to.
    case: Option<i64>,
    /// Left out when there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    additions: Vec<AdditionView>,
}

/// Present only when the customer agreed.
#[derive(Serialize, ToSchema)]
struct ContactView {
    email: String,
}

impl ResponseView {
    /// A response with what was added to it, and the number of its case.
    ///
    /// # Errors
    /// 500 when the row holds what we never write.
    pub fn new(
        row: ResponseRow,
        additions: Vec<AdditionRow>,
        case: Option<i64>,
        site_keys: &HashMap<i64, &str>,
    ) -> Result<Self, ApiError> {
        let (Some(id), Some(score)) = (row.id(), row.score()) else {
            return Err(ApiError::fault(format!("a stored response of site {} is corrupt", row.site_id)));
        };
        Ok(Self {
            response_id: id.to_string(),
            site_key: site_keys.get(&row.site_id).map(ToString::to_string).unwrap_or_default(),
            touchpoint: row.touchpoint,
            survey: row.survey,
            survey_version: row.survey_version,
            metric: score.metric(),
            score: score.value(),
            scale: score.metric().scale(),
            band: score.band(),
            comment: row.comment,
            answers: row.answers.map(|json| serde_json::from_str(&json)).transpose().map_err(ApiError::fault)?,
            order_ref: row.order_ref,
            customer_ref: row.customer_ref,
            contact: row.contact_email.map(|email| ContactView { email }),
            locale: row.locale,
            page_url: row.page_url,
            channel: row.channel,
            created_at: UnixMillis(row.created_at),
            received_at: UnixMillis(row.received_at),
            held: row.held,
            complete: row.complete,
            case,
            additions: additions.into_iter().map(AdditionView::new).collect::<Result<_, _>>()?,
        })
    }
}

/// What was sent after the response was closed.
#[derive(Serialize, ToSchema)]
struct AdditionView {
    received_at: UnixMillis,
    score: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<NewAnswers>)]
    answers: Option<serde_json::Value>,
}

impl AdditionView {
    fn new(row: AdditionRow) -> Result<Self, ApiError> {
        let answers = row.answers.map(|json| serde_json::from_str(&json)).transpose().map_err(ApiError::fault)?;
        Ok(Self { received_at: UnixMillis(row.received_at), score: row.score, comment: row.comment, answers })
    }
}
