//! The style sheets and the script of pages, under names made from their content.

use std::sync::LazyLock;

use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpRequest, web};
use counterbell_shared::ids::base32;
use counterbell_shared::problem::ProblemCode;
use sha2::{Digest, Sha256};

use crate::http::operations::{Kept, PageFile, Written};
use crate::http::{ApiError, etag};

/// A file of the page.
pub struct File {
    /// Its name, which changes with its content.
    pub name: String,
    content_type: &'static str,
    text: &'static str,
}

/// How long what never changes under its name may be kept.
pub const FOREVER: &str = "public, max-age=31536000, immutable";

/// How the page looks.
pub static STYLE: LazyLock<File> =
    LazyLock::new(|| File::new("page", "css", CSS, include_str!("../../../hosted/page.css")));
/// What the page can do beside, where scripts run.
pub static SCRIPT: LazyLock<File> = LazyLock::new(|| {
    File::new("page", "js", "text/javascript; charset=utf-8", include_str!("../../../hosted/page.js"))
});

/// How the page of a case looks.
pub static CASE_STYLE: LazyLock<File> =
    LazyLock::new(|| File::new("case", "css", CSS, include_str!("../../../hosted/case.css")));

const CSS: &str = "text/css; charset=utf-8";

impl File {
    fn new(kind: &str, extension: &str, content_type: &'static str, text: &'static str) -> Self {
        Self { name: name_of(kind, extension, text), content_type, text }
    }
}

/// A name that changes with the content.
pub fn name_of(kind: &str, extension: &str, text: &str) -> String {
    format!("{kind}-{}.{extension}", base32(&Sha256::digest(text)[..12]))
}

/// One of them.
///
/// # Errors
/// 404.
pub async fn get_file(request: HttpRequest, name: web::Path<String>) -> Result<Written<Kept<PageFile>>, ApiError> {
    let file = [&*STYLE, &*SCRIPT, &*CASE_STYLE].into_iter().find(|file| file.name == *name).ok_or_else(|| {
        ApiError::new(ProblemCode::NotFound, "No such file: the page of another version may be asking for it.")
    })?;
    let tag = format!("\"{}\"", file.name);
    let (mut answer, fresh) = etag::cached(&request, &tag, FOREVER);
    answer.insert_header((CONTENT_TYPE, file.content_type)).insert_header(("X-Content-Type-Options", "nosniff"));
    Ok(if fresh { answer.finish() } else { answer.body(file.text) }.into())
}
