//! What went wrong, for people and programs: RFC 9457 problem details and the one table of error codes.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Media type of a [`Problem`] (RFC 9457 section 3).
pub const PROBLEM_JSON: &str = "application/problem+json";

macro_rules! problem_codes {
    ($($(#[$doc:meta])* $variant:ident $code:literal $status:literal $title:literal;)*) => {
        /// Every error the HTTP API answers with.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ProblemCode { $($(#[$doc])* $variant,)* }

        impl ProblemCode {
            /// Every code, by status.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The code on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// HTTP status.
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)* }
            }

            /// The same for every occurrence.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }
        }
    };
}

problem_codes! {
    /// The body is not JSON.
    MalformedJson "malformed_json" 400 "The body is not valid JSON";
    /// The connection ended, or its other side was done, before the body was there.
    IncompleteBody "incomplete_body" 400 "The body is not all there";
    /// A query parameter is not understood.
    InvalidParameter "invalid_parameter" 400 "A query parameter is not valid";
    /// No API key, or none that is known.
    Unauthorized "unauthorized" 401 "An API key is needed";
    /// The page's origin is not one of the site's.
    OriginNotAllowed "origin_not_allowed" 403 "This origin may not use this site key";
    /// The API key does not cover what was asked for.
    Forbidden "forbidden" 403 "The API key does not cover this";
    /// No site has this key.
    UnknownSite "unknown_site" 404 "Unknown site key";
    /// Nothing lives at this address.
    NotFound "not_found" 404 "Not found";
    /// Something lives here, but not for this method.
    MethodNotAllowed "method_not_allowed" 405 "Method not allowed";
    /// The response takes no later revisions any more.
    ResponseClosed "response_closed" 409 "The response takes nothing more";
    /// An address of one person cannot be another's.
    AddressTaken "address_taken" 409 "The address is somebody else's";
    /// Every site keeps the team that is told when no rule says otherwise.
    TeamNeeded "team_needed" 409 "Every site keeps this team";
    /// Somebody else has the case.
    CaseTaken "case_taken" 409 "Somebody else has this case";
    /// By the id of an entry something else was done before.
    EntryIdUsed "entry_id_used" 409 "Something else was done by this id";
    /// In its state the case does not allow it.
    CaseRefused "case_refused" 409 "The case does not allow this now";
    /// The case is not in the version that was seen.
    CaseChanged "case_changed" 412 "The case has changed";
    /// The body came too slowly.
    RequestTimeout "request_timeout" 408 "The request took too long";
    /// The body is larger than the limit.
    BodyTooLarge "body_too_large" 413 "The body is too large";
    /// The body is not declared as what is taken here, or is compressed.
    UnsupportedMediaType "unsupported_media_type" 415 "The body is of another type, or compressed";
    /// The JSON is not a valid response.
    InvalidResponse "invalid_response" 422 "The response is not valid";
    /// The JSON is not a valid survey.
    InvalidSurvey "invalid_survey" 422 "The survey is not valid";
    /// The JSON is not a valid theme.
    InvalidTheme "invalid_theme" 422 "The theme is not valid";
    /// The JSON is not a valid alert rule.
    InvalidRule "invalid_rule" 422 "The alert rule is not valid";
    /// The JSON is not a valid touchpoint.
    InvalidTouchpoint "invalid_touchpoint" 422 "The touchpoint is not valid";
    /// The JSON is not a valid calendar.
    InvalidCalendar "invalid_calendar" 422 "The calendar is not valid";
    /// The JSON is not what can be stored of a person.
    InvalidStaff "invalid_staff" 422 "The person is not valid";
    /// The JSON is not a valid team.
    InvalidTeam "invalid_team" 422 "The team is not valid";
    /// The JSON is not what can be done of a case.
    InvalidAction "invalid_action" 422 "The action is not valid";
    /// The JSON is not a valid root cause.
    InvalidRootCause "invalid_root_cause" 422 "The root cause is not valid";
    /// Too many requests from one sender.
    RateLimited "rate_limited" 429 "Too many requests";
    /// The site has taken as many responses as it allows a day.
    DailyCapReached "daily_cap_reached" 429 "The site's daily limit is reached";
    /// A fault of ours.
    Internal "internal" 500 "Something went wrong on our side";
    /// The queue to storage is full.
    Overloaded "overloaded" 503 "The server is busy";
    /// Storage did not answer.
    StorageUnavailable "storage_unavailable" 503 "Storage is not available";
    /// The server is about to stop.
    ShuttingDown "shutting_down" 503 "The server is stopping";
    /// The binary was built without the widget's files.
    WidgetMissing "widget_missing" 503 "This server was built without the widget";
}

impl fmt::Display for ProblemCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One bad field of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldError {
    /// Where in the body: a JSON pointer (RFC 6901).
    pub pointer: String,
    /// What to do about it.
    pub detail: String,
}

impl FieldError {
    /// An error at `pointer`.
    pub fn new(pointer: impl Into<String>, detail: impl fmt::Display) -> Self {
        Self { pointer: pointer.into(), detail: detail.to_string() }
    }
}

/// Appends a member's name to a JSON pointer.
pub fn pointer_to(parent: &str, name: &str) -> String {
    // RFC 6901 section 3.
    format!("{parent}/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// An error's body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// `urn:counterbell:problem:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// Short and the same for every occurrence.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// What the reader can do about this occurrence.
    pub detail: String,
    /// Stable, for programs.
    pub code: String,
    /// This occurrence: `urn:counterbell:request:` and the answer's `X-Request-Id`, by which the log knows more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// Every bad field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// Of `case_taken`: who has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken: Option<Taken>,
}

/// Who has something that another wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Taken {
    /// Their number.
    pub person_id: i64,
    /// What people call them by.
    pub name: String,
    /// Since when, RFC 3339 in UTC.
    pub since: String,
}

impl Problem {
    /// A problem of this code.
    pub fn new(code: ProblemCode, detail: impl Into<String>, errors: Vec<FieldError>) -> Self {
        Self {
            kind: format!("urn:counterbell:problem:{code}"),
            title: code.title().to_owned(),
            status: code.status(),
            detail: detail.into(),
            code: code.as_str().to_owned(),
            instance: None,
            errors,
            taken: None,
        }
    }

    /// The same, of the request of this id.
    pub fn of_request(mut self, id: &str) -> Self {
        self.detail.push_str(&format!(" Request id: {id}."));
        Self { instance: Some(format!("urn:counterbell:request:{id}")), ..self }
    }
}
