//! `GET /openapi.json`.

use actix_web::HttpRequest;
use actix_web::http::header::ContentType;
use actix_web::web::{Bytes, Data};
use sha2::{Digest, Sha256};

use crate::config::PublicUrl;
use crate::http::operations::{Kept, OpenApiDocument, Operation, Written, document};
use crate::http::{ApiError, etag};

/// The document, written once.
pub struct Document {
    body: Bytes,
    tag: String,
}

impl Document {
    /// Of these operations, of the server that is `reached` there.
    ///
    /// # Errors
    /// It cannot be written as JSON, a fault of ours.
    pub fn new(operations: &[Operation], reached: Option<&PublicUrl>) -> Result<Self, serde_json::Error> {
        let body = Bytes::from(document(operations, reached).to_pretty_json()?);
        let digest = Sha256::digest(&body);
        let tag = format!("\"{:016x}\"", u64::from_be_bytes(std::array::from_fn(|i| digest[i])));
        Ok(Self { body, tag })
    }
}

/// Every operation, in OpenAPI 3.1.
///
/// # Errors
/// 429.
pub async fn get_document(
    request: HttpRequest,
    document: Data<Document>,
) -> Result<Written<Kept<OpenApiDocument>>, ApiError> {
    let (mut answer, fresh) = etag::cached(&request, &document.tag, "public, max-age=300");
    Ok(if fresh { answer.finish() } else { answer.content_type(ContentType::json()).body(document.body.clone()) }
        .into())
}
