//! Query parameters, each understood or refused by name.

use std::fmt;
use std::str::FromStr;

use actix_web::HttpRequest;
use counterbell_shared::Touchpoint;
use counterbell_shared::limits::{PAGE_DEFAULT_ITEMS, PAGE_MAX_ITEMS};
use counterbell_shared::time::UnixMillis;
use percent_encoding::percent_decode_str;

use crate::http::ApiError;

/// What stands behind the `?`. Take each known parameter, then [`Params::finish`] refuses what is left: a misspelt
/// filter must not quietly show everything.
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Reads the query string.
    ///
    /// # Errors
    /// 400 when a parameter is given twice, or is no text that could be stored.
    pub fn parse(request: &HttpRequest) -> Result<Self, ApiError> {
        let mut params: Vec<(String, String)> = Vec::new();
        for pair in request.query_string().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode(name).map_err(|reason| ApiError::invalid_parameter(name, reason))?;
            let value = decode(value).map_err(|reason| ApiError::invalid_parameter(&name, reason))?;
            if params.iter().any(|(known, _)| *known == name) {
                return Err(ApiError::invalid_parameter(&name, "is given twice"));
            }
            params.push((name, value));
        }
        Ok(Self(params))
    }

    /// The parameter `name`, understood by `parse`.
    ///
    /// # Errors
    /// 400 with the reason `parse` gives.
    pub fn take<T, E: fmt::Display>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, ApiError> {
        let Some(at) = self.0.iter().position(|(known, _)| known == name) else { return Ok(None) };
        let (name, value) = self.0.swap_remove(at);
        parse(&value).map(Some).map_err(|reason| ApiError::invalid_parameter(&name, reason))
    }

    /// The name of a touchpoint.
    ///
    /// # Errors
    /// 400 for a name that no touchpoint can have.
    pub fn take_touchpoint(&mut self) -> Result<Option<String>, ApiError> {
        self.take("touchpoint", |name| Touchpoint::new(name).map(|touchpoint| touchpoint.as_str().to_owned()))
    }

    /// A parameter with a fixed set of names.
    ///
    /// # Errors
    /// 400 naming what is accepted.
    pub fn take_name<T: FromStr>(&mut self, name: &str, accepted: &str) -> Result<Option<T>, ApiError> {
        self.take(name, |text| text.parse().map_err(|_| format!("must be one of {accepted}")))
    }

    /// A point in time.
    ///
    /// # Errors
    /// 400.
    pub fn take_time(&mut self, name: &str) -> Result<Option<UnixMillis>, ApiError> {
        self.take(name, |text| {
            text.parse().map_err(|_| {
                // In a query "+" stands for a space.
                let meant = text.rsplit_once(' ').map(|(time, offset)| format!("{time}+{offset}"));
                if meant.is_some_and(|meant| meant.parse::<UnixMillis>().is_ok()) {
                    "has a space where an offset begins: write its \"+\" as %2B, as in 2026-11-21T14:05:00%2B03:00"
                } else {
                    "must be an RFC 3339 time such as 2026-11-21T14:05:00Z, or a date such as 2026-11-21"
                }
            })
        })
    }

    /// How many items to a page.
    ///
    /// # Errors
    /// 400 outside 1 to [`PAGE_MAX_ITEMS`].
    pub fn take_limit(&mut self) -> Result<u32, ApiError> {
        let limit = self.take("limit", |text| match text.parse() {
            Ok(limit) if (1..=PAGE_MAX_ITEMS).contains(&limit) => Ok(limit),
            _ => Err(format!("must be a number from 1 to {PAGE_MAX_ITEMS}")),
        })?;
        Ok(limit.unwrap_or(PAGE_DEFAULT_ITEMS))
    }

    /// Refuses what was not taken.
    ///
    /// # Errors
    /// 400 naming the first unknown parameter.
    pub fn finish(self) -> Result<(), ApiError> {
        match self.0.first() {
            Some((name, _)) => Err(ApiError::invalid_parameter(name, "is not a known parameter")),
            None => Ok(()),
        }
    }
}

/// As forms write it (`+` is a space), but without putting something else in the place of what is no text: what was meant
/// cannot be found. PostgreSQL has no NUL in a text, so no row of either database has.
fn decode(text: &str) -> Result<String, &'static str> {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8().map_err(|_| "must be UTF-8, percent-encoded")?;
    if decoded.contains('\0') { Err("must not contain NUL") } else { Ok(decoded.into_owned()) }
}
