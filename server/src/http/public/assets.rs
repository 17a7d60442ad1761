//! The widget's files, embedded and compressed at build time.

use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, AcceptEncoding, CONTENT_ENCODING, CONTENT_TYPE, Encoding, Header as _, VARY,
};
use actix_web::{HttpRequest, HttpResponse, web};
use counterbell_shared::problem::ProblemCode;

use crate::http::operations::{Kept, Script, WidgetFile, Written};
use crate::http::{ApiError, etag};

struct Asset {
    path: &'static str,
    content_type: &'static str,
    etag: &'static str,
    raw: &'static [u8],
    gzip: &'static [u8],
    brotli: &'static [u8],
}

static ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// Five minutes, then ask; a stale one will do meanwhile, so that a page never waits for it.
const LOADER_CACHE: &str = "public, max-age=300, stale-while-revalidate=86400";
/// The name changes with the content.
const ASSET_CACHE: &str = "public, max-age=31536000, immutable";

/// The loader, at an address that never changes.
///
/// # Errors
/// 503 from a binary built without the widget.
pub async fn get_loader(request: HttpRequest) -> Result<Written<Kept<Script>>, ApiError> {
    let loader = ASSETS.iter().find(|asset| asset.path == "widget.js").ok_or_else(|| {
        ApiError::new(ProblemCode::WidgetMissing, "Build the server with `cargo xtask build`, which makes the widget.")
    })?;
    Ok(serve(&request, loader, LOADER_CACHE).into())
}

/// What the loader fetches, at addresses made from the content.
///
/// # Errors
/// 404.
pub async fn get_asset(request: HttpRequest, file: web::Path<String>) -> Result<Written<Kept<WidgetFile>>, ApiError> {
    let wanted = ASSETS.iter().find(|asset| asset.path.strip_prefix("assets/") == Some(file.as_str()));
    let asset = wanted.ok_or_else(|| {
        ApiError::new(ProblemCode::NotFound, "No such file: the loader of another version may be asking for it.")
    })?;
    Ok(serve(&request, asset, ASSET_CACHE).into())
}

fn serve(request: &HttpRequest, asset: &Asset, cache_control: &str) -> HttpResponse {
    let (mut answer, fresh) = etag::cached(request, asset.etag, cache_control);
    answer
        .insert_header((VARY, "Accept-Encoding"))
        .insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .insert_header(("Cross-Origin-Resource-Policy", "cross-origin"))
        .insert_header(("Timing-Allow-Origin", "*"))
        .insert_header(("X-Content-Type-Options", "nosniff"));
    if fresh {
        return answer.finish();
    }
    answer.insert_header((CONTENT_TYPE, asset.content_type));
    let offered = [Encoding::brotli(), Encoding::gzip(), Encoding::identity()];
    let accepted = AcceptEncoding::parse(request).ok().and_then(|accept| accept.negotiate(offered.iter()));
    if accepted == Some(Encoding::brotli()) {
        answer.insert_header((CONTENT_ENCODING, "br")).body(asset.brotli)
    } else if accepted == Some(Encoding::gzip()) {
        answer.insert_header((CONTENT_ENCODING, "gzip")).body(asset.gzip)
    } else {
        answer.body(asset.raw)
    }
}
