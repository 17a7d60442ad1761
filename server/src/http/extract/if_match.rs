//! `If-Match`: a change is made only to what somebody has seen.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{Header as _, IF_MATCH, IfMatch as Sent};
use actix_web::{FromRequest, HttpRequest};
use counterbell_shared::problem::ProblemCode;
use utoipa::openapi::path::{ParameterBuilder, ParameterIn};
use utoipa::openapi::{ObjectBuilder, Required, Type};

use crate::http::ApiError;
use crate::http::operations::{Describe, Notes};

/// The versions one of which somebody has seen (RFC 9110 section 13.1.1); `None` when any will do. A tag that is weak, or no
/// version, is the version of nothing.
pub struct IfMatch(pub Option<Vec<i64>>);

impl FromRequest for IfMatch {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        if !request.headers().contains_key(IF_MATCH) {
            return ready(Ok(Self(None)));
        }
        ready(match Sent::parse(request) {
            Ok(Sent::Any) => Ok(Self(None)),
            Ok(Sent::Items(tags)) => {
                let versions = tags.iter().filter(|tag| !tag.weak).filter_map(|tag| tag.tag().parse().ok());
                Ok(Self(Some(versions.collect())))
            }
            Err(_) => {
                let detail = "If-Match must be the ETag of an earlier answer, with its quotation marks, or *.";
                Err(ApiError::new(ProblemCode::InvalidParameter, detail))
            }
        })
    }
}

impl Describe for IfMatch {
    fn describe(notes: &mut Notes) {
        let parameter = ParameterBuilder::new()
            .name("If-Match")
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some(
                "The `ETag` of what was seen: when that has changed since, nothing is done, and 412 is answered",
            ))
            .schema(Some(ObjectBuilder::new().schema_type(Type::String)));
        notes.parameters.push(parameter.build());
        notes.error(ProblemCode::InvalidParameter);
        notes.error(ProblemCode::CaseChanged);
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    async fn seen(value: &str) -> Result<Option<Vec<i64>>, ProblemCode> {
        let request = TestRequest::default().insert_header((IF_MATCH, value)).to_http_request();
        let read = IfMatch::from_request(&request, &mut Payload::None).await;
        read.map(|found| found.0).map_err(|error| error.code())
    }

    #[actix_web::test]
    async fn any_tag_of_a_list_counts() {
        assert_eq!(seen("\"4\"").await, Ok(Some(vec![4])));
        assert_eq!(seen("\"4\", \"9999\"").await, Ok(Some(vec![4, 9999])));
        assert_eq!(seen("\"9999\",\"4\"").await, Ok(Some(vec![9999, 4])));
        assert_eq!(seen("*").await, Ok(None));
        assert_eq!(seen("W/\"4\"").await, Ok(Some(vec![])));
    }
}
