//! Headers of answers, each described once.

use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::{ObjectBuilder, Ref, RefOr, Type};

pub const X_REQUEST_ID: &str = "X-Request-Id";
pub const ETAG: &str = "ETag";
pub const CACHE_CONTROL: &str = "Cache-Control";
pub const RETRY_AFTER: &str = "Retry-After";
pub const WWW_AUTHENTICATE: &str = "WWW-Authenticate";
/// As in draft-ietf-httpapi-ratelimit-headers-10.
pub const LIMITS: [&str; 2] = ["RateLimit", "RateLimit-Policy"];

/// Every header of the document: its name and its description.
pub fn headers() -> impl Iterator<Item = (String, RefOr<Header>)> {
    let described = [
        (X_REQUEST_ID, Type::String, "The id of the request, by which the log knows more"),
        (
            ETAG,
            Type::String,
            "Names what is answered. Sent back as `If-None-Match`, where 304 is told of, it is answered that until it changes; as \
             `If-Match`, where 412 is told of, it lets only that be changed",
        ),
        (CACHE_CONTROL, Type::String, "Whether, and for how long, the answer may be kept"),
        (RETRY_AFTER, Type::Integer, "Seconds to wait before the same is sent again"),
        (WWW_AUTHENTICATE, Type::String, "How to say who asks"),
        (LIMITS[0], Type::String, "While a limit is on: what is left of it, as in `\"address\";r=117;t=2`"),
        (LIMITS[1], Type::String, "While a limit is on: how high it is, as in `\"address\";q=120;w=60`"),
    ];
    described.into_iter().map(|(name, schema_type, description)| {
        let schema = ObjectBuilder::new().schema_type(schema_type);
        let header = HeaderBuilder::new().schema(Some(schema)).description(Some(description)).build();
        (name.to_owned(), header.into())
    })
}

/// One of them, of an answer.
pub fn header(name: &str) -> (String, RefOr<Header>) {
    (name.to_owned(), RefOr::Ref(Ref::new(format!("#/components/headers/{name}"))))
}
