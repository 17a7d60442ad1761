//! One error for the whole HTTP API, answered as `application/problem+json` (RFC 9457).

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{
    ALLOW, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, RETRY_AFTER, TryIntoHeaderValue as _, WWW_AUTHENTICATE,
};
use actix_web::{HttpResponse, ResponseError};
use counterbell_shared::problem::{FieldError, PROBLEM_JSON, Problem, ProblemCode, Taken};
use counterbell_shared::time::UnixMillis;

use super::operations::{Failure, etag};
use crate::casework::NotDone;
use crate::ingest::{CapReached, IngestError};
use crate::staff::Refused;
use crate::store::StorageError;

/// What the caller is told.
#[derive(Debug)]
pub struct ApiError {
    code: ProblemCode,
    detail: String,
    errors: Vec<FieldError>,
    retry_after_s: Option<u64>,
    headers: Vec<(HeaderName, HeaderValue)>,
    taken: Option<Box<Taken>>,
    cause: Option<Box<str>>,
}

impl ApiError {
    /// An error whose `detail` tells the reader what to do.
    pub fn new(code: ProblemCode, detail: impl Into<String>) -> Self {
        let (detail, errors, headers) = (detail.into(), Vec::new(), Vec::new());
        Self { code, detail, errors, retry_after_s: None, headers, taken: None, cause: None }
    }

    /// Bad fields of a response's body.
    pub fn invalid_response(errors: Vec<FieldError>) -> Self {
        let detail = "Correct the fields named in \"errors\" and send the response again.";
        Self { errors, ..Self::new(ProblemCode::InvalidResponse, detail) }
    }

    /// What is wrong with a survey's document.
    pub fn invalid_survey(errors: Vec<FieldError>) -> Self {
        let detail = "Correct what is named in \"errors\" and send the survey again; see docs/SURVEYS.md.";
        Self { errors, ..Self::new(ProblemCode::InvalidSurvey, detail) }
    }

    /// What is wrong with an alert rule.
    pub fn invalid_rule(errors: Vec<FieldError>) -> Self {
        let detail = "Correct what is named in \"errors\" and send the rule again; see docs/ALERTS.md.";
        Self { errors, ..Self::new(ProblemCode::InvalidRule, detail) }
    }

    /// What is wrong with a theme.
    pub fn invalid_theme(errors: Vec<FieldError>) -> Self {
        let detail = "Correct what is named in \"errors\" and send the theme again; see docs/THEMES.md.";
        Self { errors, ..Self::new(ProblemCode::InvalidTheme, detail) }
    }

    /// What is wrong with a touchpoint.
    pub fn invalid_touchpoint(errors: Vec<FieldError>) -> Self {
        let detail = "Correct what is named in \"errors\" and send the touchpoint again; see docs/STAFF.md.";
        Self { errors, ..Self::new(ProblemCode::InvalidTouchpoint, detail) }
    }

    /// What is wrong with opening hours.
    pub fn invalid_calendar(errors: Vec<FieldError>) -> Self {
        let detail = "Correct what is named in \"errors\" and send the calendar again; see docs/STAFF.md.";
        Self { errors, ..Self::new(ProblemCode::InvalidCalendar, detail) }
    }

    /// What is wrong with what was sent of a person.
    pub fn invalid_staff(errors: Vec<FieldError>) -> Self {
        let detail = "Correct what is named in \"errors\" and send it again; see docs/STAFF.md.";
        Self { errors, ..Self::new(ProblemCode::InvalidStaff, detail) }
    }

    /// What is wrong with a team.
    pub fn invalid_team(errors: Vec<FieldError>) -> Self {
        let detail = "Correct what is named in \"errors\" and send the team again; see docs/STAFF.md.";
        Self { errors, ..Self::new(ProblemCode::InvalidTeam, detail) }
    }

    /// What is wrong with an action on a case.
    pub fn invalid_action(errors: Vec<FieldError>) -> Self {
        let detail = "Correct what is named in \"errors\" and send the action again; see docs/CASES.md.";
        Self { errors, ..Self::new(ProblemCode::InvalidAction, detail) }
    }

    /// What is wrong with a root cause.
    pub fn invalid_root_cause(errors: Vec<FieldError>) -> Self {
        let detail = "Correct what is named in \"errors\" and send the root cause again; see docs/CASES.md.";
        Self { errors, ..Self::new(ProblemCode::InvalidRootCause, detail) }
    }

    /// A query parameter that is not understood.
    pub fn invalid_parameter(name: &str, reason: impl fmt::Display) -> Self {
        Self::new(ProblemCode::InvalidParameter, format!("Query parameter \"{name}\" {reason}."))
    }

    /// No site has the key that was given.
    pub fn unknown_site() -> Self {
        Self::new(ProblemCode::UnknownSite, "Check the site key: `counterbell site list` shows every site's.")
    }

    /// The address takes only the methods in `allow`.
    pub fn method_not_allowed(allow: &str) -> Self {
        let detail = format!("This address takes {allow}; see docs/API.md.");
        let allow = HeaderValue::from_str(allow).ok().map(|allow| (ALLOW, allow));
        Self::new(ProblemCode::MethodNotAllowed, detail).with_headers(allow.into_iter())
    }

    /// A fault of ours; `cause` goes to the log only.
    pub fn fault(cause: impl fmt::Display) -> Self {
        Self::new(ProblemCode::Internal, "The fault is logged. Try again later.").caused_by(cause)
    }

    /// Why, for the log only: where the answer leaves it is logged with the request's id.
    pub fn caused_by(self, cause: impl fmt::Display) -> Self {
        Self { cause: Some(cause.to_string().into()), ..self }
    }

    /// Which error it is.
    pub fn code(&self) -> ProblemCode {
        self.code
    }

    /// What the reader is to do.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// Why, for the log.
    pub fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// The body; a fault of ours tells the id under which the log knows more.
    pub fn problem(&self, request_id: Option<&str>) -> Problem {
        let taken = self.taken.as_deref().cloned();
        let problem = Problem { taken, ..Problem::new(self.code, self.detail.clone(), self.errors.clone()) };
        match request_id {
            Some(id) => problem.of_request(id),
            None => problem,
        }
    }

    /// The caller should wait this long, in seconds.
    pub fn retry_after(self, seconds: u64) -> Self {
        Self { retry_after_s: Some(seconds), ..self }
    }

    /// The answer carries these too.
    pub fn with_headers(mut self, headers: impl Iterator<Item = (HeaderName, HeaderValue)>) -> Self {
        self.headers.extend(headers);
        self
    }
}

impl From<StorageError> for ApiError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Unavailable(_) => Self::new(ProblemCode::StorageUnavailable, "Try again in a few seconds.")
                .retry_after(2)
                .caused_by(error),
            StorageError::Busy => {
                Self::new(ProblemCode::Overloaded, "Too many ask at the same time. Try again.").retry_after(1)
            }
            StorageError::Query(error) => Self::fault(format!("a query failed: {error}")),
            StorageError::Panicked(_) => Self::fault(error),
        }
    }
}

impl From<Refused> for ApiError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::NoSuchPerson => Self::new(
                ProblemCode::NotFound,
                "Nobody of this number belongs to the site, or did; GET its staff to see who does.",
            ),
            // The address is what was sent, and is in no URL.
            Refused::AddressTaken(email) => Self::new(
                ProblemCode::AddressTaken,
                format!("{email} is another person's. Change that person, or take the address away from them first."),
            ),
            Refused::SharedPerson => Self::new(
                ProblemCode::Forbidden,
                "This person belongs to a site that this API key does not cover, too. Name, addresses, language and zone are \
                 the same on every site: change them with a key that covers all of them, and leave them out here.",
            ),
            Refused::InvalidPerson(errors) => Self::invalid_staff(errors),
            Refused::InvalidTeam(errors) => Self::invalid_team(errors),
            Refused::TeamNeeded => Self::new(
                ProblemCode::TeamNeeded,
                "It is told of unhappy customers when no rule says otherwise. PUT it without members to tell nobody.",
            ),
        }
    }
}

impl From<NotDone> for ApiError {
    fn from(not_done: NotDone) -> Self {
        let told = not_done.to_string();
        match not_done {
            NotDone::Invalid(errors) => Self::invalid_action(errors),
            NotDone::NoCase => Self::new(ProblemCode::NotFound, "The site has no case of this number."),
            NotDone::Taken { person_id, name, since } => {
                let taken = Some(Box::new(Taken { person_id, name, since: UnixMillis(since).to_string() }));
                let detail = format!("{told}. The action \"take_over\" takes it all the same.");
                Self { taken, ..Self::new(ProblemCode::CaseTaken, detail) }
            }
            NotDone::Changed { version } => {
                let detail = "Look at it again, and send the action with the ETag that it has now.";
                let etag = etag(version).try_into_value().ok().map(|value| (ETAG, value));
                Self::new(ProblemCode::CaseChanged, detail).with_headers(etag.into_iter())
            }
            NotDone::OtherWords => Self::new(ProblemCode::EntryIdUsed, format!("Nothing was done: {told}.")),
            NotDone::Refused(why) => Self::new(ProblemCode::CaseRefused, format!("Nothing was done: {why}.")),
        }
    }
}

impl From<CapReached> for ApiError {
    fn from(CapReached { seconds }: CapReached) -> Self {
        let detail = "The site takes no more responses today. Keep this one, and send it after Retry-After.";
        Self::new(ProblemCode::DailyCapReached, detail).retry_after(seconds)
    }
}

impl From<IngestError> for ApiError {
    fn from(error: IngestError) -> Self {
        match error {
            IngestError::QueueFull => {
                Self::new(ProblemCode::Overloaded, "Nothing was stored. Send the same response again.").retry_after(1)
            }
            IngestError::Closed => Self::new(
                ProblemCode::ResponseClosed,
                "It was imported, or has as many additions as it may have. Send a new response under another response_id.",
            ),
            IngestError::NoSite => Self::unknown_site(),
            IngestError::Stopping => {
                Self::new(ProblemCode::ShuttingDown, "Nothing was stored. Send the same response again.").retry_after(2)
            }
            // Whatever failed, the response is not known to be stored: the client is to send it again.
            IngestError::Storage(error) => {
                Self::new(ProblemCode::StorageUnavailable, "Send the same response again in a few seconds.")
                    .retry_after(2)
                    .caused_by(format!("a response was not stored: {error}"))
            }
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)
    }
}

impl Failure for ApiError {
    const MEDIA_TYPE: &'static str = PROBLEM_JSON;
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status_code());
        if let Some(seconds) = self.retry_after_s {
            answer.insert_header((RETRY_AFTER, seconds));
        }
        for header in &self.headers {
            answer.append_header(header.clone());
        }
        match self.code {
            // RFC 9110 section 11.6.1.
            ProblemCode::Unauthorized => {
                answer.insert_header((WWW_AUTHENTICATE, "Bearer"));
            }
            // The next try should reach a server that stays.
            // .. and the rest of a slow body is not waited for.
            ProblemCode::ShuttingDown | ProblemCode::RequestTimeout => {
                answer.force_close();
            }
            _ => {}
        }
        // Last: `json` keeps a content type that is set already.
        answer.insert_header((CONTENT_TYPE, PROBLEM_JSON)).json(self.problem(None))
    }
}
