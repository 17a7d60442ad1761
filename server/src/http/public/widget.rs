//! `GET /v1/widget/{site_key}`.

use actix_web::http::header::ContentType;
use actix_web::{HttpRequest, web};
use counterbell_shared::SiteKey;
use counterbell_shared::survey::DEFAULT_SURVEY;
use counterbell_shared::text::as_tag;
use counterbell_shared::widget_config::WidgetConfig;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use utoipa::IntoParams;

use super::cors::check_origin;
use super::parse::check_readable;
use crate::http::extract::Query;
use crate::http::operations::{Json, Kept, Written};
use crate::http::{ApiError, etag};
use crate::sites::Directory;
use crate::surveys::words_of;

/// What is to be asked.
#[derive(Deserialize, IntoParams)]
pub struct WidgetQuery {
    /// The survey; that of checkout when left out.
    survey: Option<String>,
    /// The page's language, as `lang` names it.
    locale: Option<String>,
}

/// What the widget needs to know before it is shown.
///
/// # Errors
/// 400 for a survey that does not exist, 403 for a foreign origin, 404 for an unknown site.
pub async fn get_widget_config(
    request: HttpRequest,
    directory: web::Data<Directory>,
    site_key: web::Path<String>,
    Query(query): Query<WidgetQuery>,
) -> Result<Written<Kept<Json<WidgetConfig<'static>>>>, ApiError> {
    // A page's `lang` may be anything, and the widget must come up all the same: what is not offered gets the survey's
    // default language.
    let locale = query.locale.map(|locale| as_tag(&locale).into_owned()).unwrap_or_default();
    let site_key: SiteKey = site_key.parse().map_err(|_| ApiError::unknown_site())?;
    let known = directory.site(&site_key).await?.ok_or_else(ApiError::unknown_site)?;
    check_origin(&request, &known.site)?;
    let name = query.survey.as_deref().unwrap_or(DEFAULT_SURVEY);
    check_readable(&known.surveys, name)?;
    let survey = known
        .surveys
        .find(name)
        .ok_or_else(|| ApiError::invalid_parameter("survey", "is not a published survey of this site"))?;

    let theme = known.theme.as_ref().and_then(|theme| theme.theme());
    let words = |wanted: &str| words_of(known.words.as_deref(), wanted);
    let config = WidgetConfig { theme, ..WidgetConfig::new(&survey.survey, &survey.version, &locale, words) };
    let body = serde_json::to_vec(&config).map_err(ApiError::fault)?;
    let digest = Sha256::digest(&body);
    let tag = format!("\"{:016x}\"", u64::from_be_bytes(std::array::from_fn(|i| digest[i])));
    let (mut answer, fresh) = etag::cached(&request, &tag, "public, max-age=60");
    Ok(if fresh { answer.finish() } else { answer.content_type(ContentType::json()).body(body) }.into())
}
