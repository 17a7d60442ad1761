//! Query parameters, each understood or refused by name.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use counterbell_shared::problem::ProblemCode;
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use serde::de::value::{Error as ValueError, MapDeserializer};
use utoipa::IntoParams;
use utoipa::openapi::path::ParameterIn;

use crate::http::ApiError;
use crate::http::operations::{Describe, Notes};

/// What stands behind the `?`, understood as `T`.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read(request).map(Self))
    }
}

impl<T: IntoParams> Describe for Query<T> {
    fn describe(notes: &mut Notes) {
        notes.parameters.extend(T::into_params(|| Some(ParameterIn::Query)));
        notes.is_strict = true;
        notes.error(ProblemCode::InvalidParameter);
    }
}

fn read<T: DeserializeOwned>(request: &HttpRequest) -> Result<T, ApiError> {
    let pairs = pairs(request)?;
    let pairs = pairs.iter().map(|(name, value)| (name.as_str(), Value(value)));
    serde_path_to_error::deserialize(MapDeserializer::<_, ValueError>::new(pairs)).map_err(|error| {
        let name = error.path().to_string();
        ApiError::invalid_parameter(&name, error.into_inner())
    })
}

/// Refuses a parameter that is given twice, is no text that could be stored, or is not `known`.
///
/// # Errors
/// 400 naming the first.
pub fn check(request: &HttpRequest, known: &[String]) -> Result<(), ApiError> {
    match pairs(request)?.iter().find(|(name, _)| !known.contains(name)) {
        Some((name, _)) => Err(ApiError::invalid_parameter(name, "is not a known parameter")),
        None => Ok(()),
    }
}

/// The value of a parameter.
///
/// # Errors
/// 400 when a parameter is given twice, or is no text that could be stored.
pub fn find(request: &HttpRequest, name: &str) -> Result<Option<String>, ApiError> {
    Ok(pairs(request)?.into_iter().find(|(known, _)| known == name).map(|(_, value)| value))
}

fn pairs(request: &HttpRequest) -> Result<Vec<(String, String)>, ApiError> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for pair in request.query_string().split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decode(name).map_err(|reason| ApiError::invalid_parameter(name, reason))?;
        let value = decode(value).map_err(|reason| ApiError::invalid_parameter(&name, reason))?;
        if pairs.iter().any(|(known, _)| *known == name) {
            return Err(ApiError::invalid_parameter(&name, "is given twice"));
        }
        pairs.push((name, value));
    }
    Ok(pairs)
}

/// As forms write it (`+` is a space), but without putting something else in the place of what is no text: what was meant
/// cannot be found. PostgreSQL has no NUL in a text, so no row of either database has.
fn decode(text: &str) -> Result<String, &'static str> {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8().map_err(|_| "must be UTF-8, percent-encoded")?;
    if decoded.contains('\0') { Err("must not contain NUL") } else { Ok(decoded.into_owned()) }
}

/// A value, which is there: that it may be left out says the type.
struct Value<'a>(&'a str);

impl<'de> serde::de::IntoDeserializer<'de, ValueError> for Value<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> serde::Deserializer<'de> for Value<'de> {
    type Error = ValueError;

    fn deserialize_any<V: serde::de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_borrowed_str(self.0)
    }

    fn deserialize_option<V: serde::de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_some(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct newtype_struct
        seq tuple tuple_struct map struct enum identifier ignored_any
    }
}
