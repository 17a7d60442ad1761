//! Texts and numbers with their limits. A text is counted without the white space at its ends.

use std::borrow::Cow;

use utoipa::openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::ids::{BASE32, SITE_KEY_DIGITS, SITE_KEY_PREFIX};
use crate::limits::{
    COMMENT_MAX_CHARS, EMAIL_MAX_BYTES, FONT_MAX_CHARS, FONTS_MAX, LOCALE_MAX_BYTES, PAGE_URL_MAX_BYTES, RADIUS_MAX_PX,
    REFERENCE_MAX_CHARS, REVISION_MAX, SLUG_MAX_CHARS, STEPS_MAX, TOUCHPOINT_MAX_CHARS,
};
use crate::theme::{Color, Ratio};
use crate::time::UnixMillis;
use crate::{Comment, ContactEmail, EmailAddress, Locale, Metric, Reference, ResponseId, SiteKey, Touchpoint};

macro_rules! only_schemas {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $($(#[$doc])* #[derive(Debug)] pub struct $name;)*
    };
}

only_schemas! {
    /// A name for programs ([`is_slug`](crate::survey::is_slug)).
    Slug;
    /// An http or https address.
    Url;
    /// A score on some metric's scale.
    AnyScore;
    /// The version of a survey.
    VersionNumber;
    /// The revision of a response.
    Revision;
    /// A time that has passed.
    ElapsedMs;
    /// Of the card's corners.
    Radius;
    /// The screen of a survey.
    StepNumber;
    /// Somebody of the staff.
    PersonId;
    /// A day of the calendar.
    Day;
    /// A time zone.
    ZoneName;
}

macro_rules! leaves {
    ($($type:ty => $describe:expr, $description:literal;)*) => {
        $(
            impl PartialSchema for $type {
                fn schema() -> RefOr<Schema> {
                    let describe: fn() -> ObjectBuilder = $describe;
                    describe().description(Some($description)).into()
                }
            }

            impl ToSchema for $type {}
        )*
    };
}

leaves! {
    SiteKey => site_key, "Public identifier of a site";
    ResponseId => || string().format(Some(SchemaFormat::Custom("uuid".to_owned()))).pattern(Some(UUID)),
        "A UUID, preferably version 7 (RFC 9562)";
    Touchpoint => || text(TOUCHPOINT_MAX_CHARS), "Where in the customer's journey; one line";
    Reference => || text(REFERENCE_MAX_CHARS), "The retailer's own name of something; one line";
    Comment => || words(COMMENT_MAX_CHARS), "The customer's own words";
    Locale => || text(LOCALE_MAX_BYTES).pattern(Some("^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")), "BCP 47 language tag";
    ContactEmail => || text(EMAIL_MAX_BYTES).pattern(Some(r"^[^@\s]+@[^@\s]+$")),
        "An e-mail address; a slip, such as `ann@gmail.com/`, is kept as typed. The limit is one of bytes";
    EmailAddress => || text(EMAIL_MAX_BYTES).pattern(Some(r"^[^@\s]+@[^@\s]+$")),
        "An e-mail address that mail can be sent to. The limit is one of bytes";
    PersonId => || ObjectBuilder::new().schema_type(Type::Integer).format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
        .minimum(Some(1)), "The number of a person";
    Day => || string().format(Some(SchemaFormat::KnownFormat(KnownFormat::Date))).pattern(Some("^2[0-9]{3}-[0-9]{2}-[0-9]{2}$")),
        "A whole day, from the year 2000 to 2999";
    ZoneName => || string().min_length(Some(1)), "A time zone by its name in the IANA list, such as Europe/Berlin";
    Color => || string().pattern(Some("^#([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})$")), "An opaque colour of sRGB";
    Ratio => || ObjectBuilder::new().schema_type(Type::Number).minimum(Some(1)).maximum(Some(21)),
        "How many times as much light (WCAG 2.2)";
    Slug => || text(SLUG_MAX_CHARS).pattern(Some("^[a-z0-9]+(-[a-z0-9]+)*$")), "A name for programs";
    Url => || text(PAGE_URL_MAX_BYTES).pattern(Some(r"^https?://[^/?#@\s]\S*$")),
        "An http or https address. The limit is one of bytes";
    AnyScore => any_score, "On the survey's scale: CSAT 1 to 5, NPS 0 to 10, CES 1 to 7, expectation 1 to 3";
    VersionNumber => || whole(1, i32::MAX), "The version of a survey";
    Revision => || whole(0, REVISION_MAX), "Of all that comes under one id the highest counts";
    ElapsedMs => || ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)), "Milliseconds";
    StepNumber => || whole(0, STEPS_MAX as i32), "The screen a form is of; 0 is the score";
    Radius => || whole(0, RADIUS_MAX_PX), "Of the card's corners, in CSS pixels";
}

/// Named after what is written, not after what is kept.
impl ToSchema for UnixMillis {
    fn name() -> Cow<'static, str> {
        "Time".into()
    }
}

impl PartialSchema for UnixMillis {
    fn schema() -> RefOr<Schema> {
        let time = string().format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)));
        time.description(Some("RFC 3339; answers have it in UTC")).into()
    }
}

/// Neither nil nor max, and of the variant that RFC 9562 describes.
const UUID: &str = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}$";

fn string() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

/// A text that may be empty.
pub fn words(max_chars: usize) -> ObjectBuilder {
    string().max_length(Some(max_chars))
}

/// At least one character.
pub(super) fn text(max_chars: usize) -> ObjectBuilder {
    words(max_chars).min_length(Some(1))
}

/// One of these words.
pub fn one_of(words: &[&str]) -> ObjectBuilder {
    string().enum_values(Some(words.iter().copied()))
}

/// As [`Theme::parse`](crate::Theme::parse) takes a list of fonts.
pub(super) fn fonts() -> ObjectBuilder {
    let name = format!(r"[^,;:(){{}}<>/*\\]{{1,{FONT_MAX_CHARS}}}");
    let list = string().pattern(Some(format!("^{name}(,{name}){{0,{}}}$", FONTS_MAX - 1)));
    list.description(Some("Names of fonts as `font-family` of CSS has them, or `inherit`"))
}

fn whole(min: i32, max: impl Into<i32>) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(min)).maximum(Some(max.into()))
}

fn site_key() -> ObjectBuilder {
    let alphabet: String = BASE32.iter().map(|byte| char::from(*byte)).collect();
    string().pattern(Some(format!("^{SITE_KEY_PREFIX}[{alphabet}]{{{SITE_KEY_DIGITS}}}$")))
}

fn any_score() -> ObjectBuilder {
    let scales = Metric::ALL.map(Metric::scale);
    let (min, max) = scales.iter().fold((u8::MAX, 0), |(min, max), scale| (min.min(scale.min), max.max(scale.max)));
    whole(min.into(), max)
}
