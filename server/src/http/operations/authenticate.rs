//! Who asks, and whether they ask for what there is: looked at before anything else of a request.

use std::sync::Arc;

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::AUTHORIZATION;
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};
use counterbell_shared::problem::ProblemCode;

use crate::db::journal::By;
use crate::db::keys::ApiKey;
use crate::db::sites::Site;
use crate::http::ApiError;
use crate::http::extract::{Principal, query};
use crate::store::Store;

/// The parameters an operation knows.
#[derive(Clone)]
pub struct Known(Arc<[String]>);

impl Known {
    /// By their names.
    pub fn new(names: impl Iterator<Item = String>) -> Self {
        Self(names.collect())
    }
}

/// Answers 400 for a parameter that the operation does not know: a misspelt filter must not quietly show everything.
pub async fn refuse_unknown(
    known: Known,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    match query::check(request.request(), &known.0) {
        Ok(()) => next.call(request).await,
        Err(error) => Ok(refuse(request, error)),
    }
}

/// The same, after 401 without a key.
pub async fn take_key(
    known: Known,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let principal = match authenticate(request.request()).await {
        Ok(principal) => principal,
        Err(error) => return Ok(refuse(request, error)),
    };
    request.extensions_mut().insert(principal);
    refuse_unknown(known, request, next).await
}

/// As an answer, which those around it see: an error would pass them by.
fn refuse(request: ServiceRequest, error: ApiError) -> ServiceResponse<BoxBody> {
    request.into_response(HttpResponse::from_error(error))
}

async fn authenticate(request: &HttpRequest) -> Result<Principal, ApiError> {
    let unauthorized = |detail| ApiError::new(ProblemCode::Unauthorized, detail);
    let key = bearer(request).map(str::to_owned).ok_or_else(|| {
        unauthorized("Send an API key as `Authorization: Bearer <key>`; `counterbell key create` makes one.")
    })?;
    let store = request.app_data::<web::Data<Store>>();
    let store =
        store.ok_or_else(|| ApiError::new(ProblemCode::Internal, "Internal error: the server is not set up."))?;
    let principal = store.reads.lists.read(move |conn| {
        let Some(key) = ApiKey::authenticate(conn, &key)? else { return Ok(None) };
        let sites = match key.site_id {
            Some(id) => Site::find_by_id(conn, id)?.map(|site| vec![(id, site.site_key.to_string())]),
            None => Some(Site::all_keys(conn)?),
        };
        Ok(sites.map(|sites| Principal::new(By::api_key(&key.key_id), sites)))
    });
    principal.await?.ok_or_else(|| unauthorized("This API key is wrong or revoked."))
}

/// RFC 6750 section 2.1; the scheme's case does not matter (RFC 9110 section 11.1).
fn bearer(request: &HttpRequest) -> Option<&str> {
    let value = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
