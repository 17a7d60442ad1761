//! What a customer sends, and what ingest does with it.

mod parse;

use std::borrow::Cow;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::answers::{Answers, NewAnswers};
use crate::contact::ContactEmail;
use crate::ids::{ResponseId, SiteKey};
use crate::metric::{Score, UnknownName};
#[cfg(feature = "openapi")]
use crate::openapi::{AnyScore, ElapsedMs, Revision, Slug, Url, VersionNumber};
use crate::problem::FieldError;
use crate::survey::SurveyVersion;
use crate::text::{Comment, Locale, Reference, Touchpoint};
use crate::time::UnixMillis;

/// How a response reached us.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// The widget on a retailer's page.
    Web,
    /// A tablet at the counter.
    Kiosk,
    /// A link or a QR code.
    Link,
    /// A score picked in an e-mail.
    Email,
    /// `counterbell import`.
    Import,
    /// A till or a server.
    #[default]
    Api,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Self; 6] = [Self::Web, Self::Kiosk, Self::Link, Self::Email, Self::Import, Self::Api];

    /// The name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Kiosk => "kiosk",
            Self::Link => "link",
            Self::Email => "email",
            Self::Import => "import",
            Self::Api => "api",
        }
    }
}

impl FromStr for Channel {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        Self::ALL.into_iter().find(|channel| channel.as_str() == name).ok_or(UnknownName)
    }
}

/// What ingest did with a response. What it did not take is told by a problem's code instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Stored.
    Accepted,
    /// Stored before under the same `response_id`, and replaced by this later revision.
    Updated,
    /// Stored before under the same `response_id`, in this revision or a later one; nothing was written.
    Duplicate,
}

#[cfg(feature = "openapi")]
const NEW_RESPONSE: &str = "A response. Of `touchpoint`, `order_ref`, `customer_ref`, `locale`, `page_url` and `channel`, what \
                            does not fit is left out and named in the receipt's `ignored`; all else that does not fit is \
                            refused";

/// Body of `POST /v1/responses`, as sent: anything may be wrong with it.
///
/// Texts borrow from the body where they hold no escape, so that reading a request allocates next to nothing.
#[derive(Debug, Default, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(description = NEW_RESPONSE))]
#[serde(deny_unknown_fields)]
pub struct NewResponse<'a> {
    /// Public identifier of the site.
    #[serde(borrow)]
    #[cfg_attr(feature = "openapi", schema(value_type = SiteKey))]
    pub site_key: Cow<'a, str>,
    /// Client-made UUIDv7; the server makes one when it is left out.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<ResponseId>))]
    pub response_id: Option<Cow<'a, str>>,
    /// Where in the customer's journey; `default` when left out.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Touchpoint>))]
    pub touchpoint: Option<Cow<'a, str>>,
    /// Name of the survey answered; `csat` when left out.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Slug>))]
    pub survey: Option<Cow<'a, str>>,
    /// The survey's version; the one in force when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<VersionNumber>))]
    pub survey_version: Option<i64>,
    /// On the survey's scale.
    #[cfg_attr(feature = "openapi", schema(value_type = AnyScore))]
    pub score: i64,
    /// The customer's own words.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Comment>))]
    pub comment: Option<Cow<'a, str>>,
    /// Answers to the survey's further questions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<NewAnswers>,
    /// The retailer's name for the order.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Reference>))]
    pub order_ref: Option<Cow<'a, str>>,
    /// The retailer's name for the customer.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Reference>))]
    pub customer_ref: Option<Cow<'a, str>>,
    /// How to write to the customer; kept only with consent.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<NewContact<'a>>,
    /// BCP 47 tag of the language it was asked in.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Locale>))]
    pub locale: Option<Cow<'a, str>>,
    /// Page it was asked on; kept without query and fragment, which may hold personal data.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Url>))]
    pub page_url: Option<Cow<'a, str>>,
    /// How it reached us; `api` when left out.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Channel>))]
    pub channel: Option<Cow<'a, str>>,
    /// When the customer answered (RFC 3339); now when left out or in the future.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<UnixMillis>))]
    pub created_at: Option<Cow<'a, str>>,
    /// Milliseconds from showing the question to sending the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<ElapsedMs>))]
    pub elapsed_ms: Option<i64>,
    /// A field that no customer sees: who fills it in is a program.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub website: Option<Cow<'a, str>>,
    /// The customer has finished; `true` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complete: Option<bool>,
    /// Grows with every change of what is sent under one `response_id`; 0 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Revision>))]
    pub revision: Option<i64>,
}

/// How to write to the customer, as sent.
#[derive(Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewContact<'a> {
    /// E-mail address.
    #[serde(borrow)]
    #[cfg_attr(feature = "openapi", schema(value_type = ContactEmail))]
    pub email: Cow<'a, str>,
    /// The customer agreed to be written to. Without it the address is not kept.
    pub consent: bool,
}

/// What the customer sent, every field valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// `None`: the server is to make one.
    pub response_id: Option<ResponseId>,
    /// Where in the customer's journey.
    pub touchpoint: Touchpoint,
    /// The survey answered, in the version the sender named.
    pub survey: SurveyVersion,
    /// The score, on the survey's scale.
    pub score: Score,
    /// The customer's own words.
    pub comment: Option<Comment>,
    /// Answers to the survey's further questions.
    pub answers: Option<Answers>,
    /// The retailer's name for the order.
    pub order_ref: Option<Reference>,
    /// The retailer's name for the customer.
    pub customer_ref: Option<Reference>,
    /// Only ever present with consent; mail can be sent to most.
    pub contact_email: Option<ContactEmail>,
    /// Language it was asked in.
    pub locale: Option<Locale>,
    /// Page it was asked on, without query and fragment.
    pub page_url: Option<String>,
    /// How it reached us.
    pub channel: Channel,
    /// When the customer says it was answered.
    pub created_at: Option<UnixMillis>,
    /// Milliseconds from showing the question to sending the answer.
    pub elapsed_ms: Option<i64>,
    /// The field that no customer sees was filled in.
    pub honeypot: bool,
    /// The customer has finished; until then more may come under the same id.
    pub complete: bool,
    /// Of all that comes under one id the highest counts. 0 to [`REVISION_MAX`](crate::limits::REVISION_MAX).
    pub revision: u16,
}

/// Answer to a stored response.
#[derive(Debug, Deserialize, Serialize, PartialEq, Eq)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Receipt {
    /// The id it is stored under.
    #[cfg_attr(feature = "openapi", schema(value_type = ResponseId))]
    pub response_id: String,
    /// What became of it.
    pub outcome: Outcome,
    /// JSON pointers of what was left out because it does not fit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignored: Vec<String>,
}

/// A response as it was understood.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// The site it is for.
    pub site_key: SiteKey,
    /// What the customer sent.
    pub response: Response,
    /// Extras that do not fit and are left out, in the order the fields are documented.
    pub ignored: Vec<FieldError>,
}
