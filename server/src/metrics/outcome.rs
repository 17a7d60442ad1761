//! What ingest did with a request.

use counterbell_shared::Outcome;
use counterbell_shared::problem::ProblemCode;
use prometheus_client::encoding::EncodeLabelSet;
use strum::{IntoStaticStr, VariantArray};

/// What became of one request to store a response: `POST /v1/responses`, or a step of the hosted page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum IngestOutcome {
    /// Stored.
    Accepted,
    /// Stored, but held back as suspected spam.
    Held,
    /// Stored before, and replaced by this later revision.
    Updated,
    /// Stored before; nothing was written.
    Duplicate,
    /// What is stored takes nothing more; nothing was written.
    Closed,
    /// The body is not a response.
    Invalid,
    /// The body is too large.
    TooLarge,
    /// The body came too slowly.
    TooSlow,
    /// No site has the key.
    UnknownSite,
    /// A page of a foreign origin.
    OriginNotAllowed,
    /// Too many requests from one sender.
    RateLimited,
    /// The site has taken as many as it allows a day.
    DailyCapReached,
    /// The queue to storage is full.
    Overloaded,
    /// Storage did not take it.
    StorageUnavailable,
    /// The server is stopping.
    ShuttingDown,
    /// A fault of ours.
    Internal,
    /// The connection broke before it was answered; what it brought may be stored all the same.
    Disconnected,
}

impl From<Outcome> for IngestOutcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Accepted => Self::Accepted,
            Outcome::Updated => Self::Updated,
            Outcome::Duplicate => Self::Duplicate,
        }
    }
}

/// Written out code by code, so that a new refusal is not compiled before it has a named outcome.
impl From<ProblemCode> for IngestOutcome {
    fn from(code: ProblemCode) -> Self {
        match code {
            ProblemCode::MalformedJson
            | ProblemCode::IncompleteBody
            | ProblemCode::InvalidParameter
            | ProblemCode::InvalidResponse
            | ProblemCode::UnsupportedMediaType => Self::Invalid,
            ProblemCode::ResponseClosed => Self::Closed,
            ProblemCode::BodyTooLarge => Self::TooLarge,
            ProblemCode::RequestTimeout => Self::TooSlow,
            ProblemCode::UnknownSite => Self::UnknownSite,
            ProblemCode::OriginNotAllowed => Self::OriginNotAllowed,
            ProblemCode::RateLimited => Self::RateLimited,
            ProblemCode::DailyCapReached => Self::DailyCapReached,
            ProblemCode::Overloaded => Self::Overloaded,
            ProblemCode::StorageUnavailable => Self::StorageUnavailable,
            ProblemCode::ShuttingDown => Self::ShuttingDown,
            // Ingest answers none of the others.
            ProblemCode::Unauthorized
            | ProblemCode::Forbidden
            | ProblemCode::NotFound
            | ProblemCode::MethodNotAllowed
            | ProblemCode::InvalidSurvey
            | ProblemCode::InvalidRule
            | ProblemCode::InvalidTheme
            | ProblemCode::InvalidTouchpoint
            | ProblemCode::InvalidCalendar
            | ProblemCode::AddressTaken
            | ProblemCode::TeamNeeded
            | ProblemCode::InvalidStaff
            | ProblemCode::InvalidTeam
            | ProblemCode::CaseTaken
            | ProblemCode::CaseRefused
            | ProblemCode::EntryIdUsed
            | ProblemCode::CaseChanged
            | ProblemCode::InvalidAction
            | ProblemCode::InvalidRootCause
            | ProblemCode::Internal
            | ProblemCode::WidgetMissing => Self::Internal,
        }
    }
}

/// `{outcome="..."}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct OutcomeLabel {
    pub outcome: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_in_the_place_they_are_counted_at() {
        for (place, outcome) in IngestOutcome::VARIANTS.iter().enumerate() {
            assert_eq!(*outcome as usize, place);
        }
    }
}
