//! What parameters hold.

use std::fmt::Display;

use counterbell_shared::limits::{
    PAGE_DEFAULT_ITEMS, PAGE_MAX_ITEMS, REFERENCE_MAX_CHARS, SLUG_MAX_CHARS, TOUCHPOINT_MAX_CHARS,
};
use counterbell_shared::metric::{Band, Metric};
use counterbell_shared::openapi::{one_of, words};
use counterbell_shared::survey::is_slug;
use counterbell_shared::time::UnixMillis;
use counterbell_shared::{Reference, Touchpoint};
use serde::de::{Deserialize, Deserializer, Error as _};
use strum::VariantArray as _;
use utoipa::openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::cases::{DueTime, Priority, State};
use crate::casework;
use crate::db::case_lists::{Due, Order, Owned};
use crate::db::outbox::OutboxState;

/// Reads a text, or says why it is none that is taken.
fn text<'de, D: Deserializer<'de>, T, E: Display>(
    deserializer: D,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, D::Error> {
    let text = <std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
    parse(&text).map_err(D::Error::custom)
}

macro_rules! parameter {
    ($(#[$doc:meta])* $name:ident($inner:ty), $parse:expr, $schema:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name(pub $inner);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                text(deserializer, $parse).map(Self)
            }
        }

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                RefOr::T(Schema::Object($schema.build()))
            }
        }

        impl ToSchema for $name {}
    };
}

parameter!(
    /// How many items to a page, 1 to [`PAGE_MAX_ITEMS`].
    Limit(u32),
    |text| match text.parse() {
        Ok(limit) if (1..=PAGE_MAX_ITEMS).contains(&limit) => Ok(limit),
        _ => Err(format!("must be a number from 1 to {PAGE_MAX_ITEMS}")),
    },
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(1))
        .maximum(Some(PAGE_MAX_ITEMS))
        .default(Some(PAGE_DEFAULT_ITEMS.into()))
);

impl Default for Limit {
    fn default() -> Self {
        Self(PAGE_DEFAULT_ITEMS)
    }
}

parameter!(
    /// A point in time.
    Time(UnixMillis),
    |text: &str| text.parse().map_err(|_| {
        // In a query "+" stands for a space.
        let meant = text.rsplit_once(' ').map(|(time, offset)| format!("{time}+{offset}"));
        if meant.is_some_and(|meant| meant.parse::<UnixMillis>().is_ok()) {
            "has a space where an offset begins: write its \"+\" as %2B, as in 2026-11-21T14:05:00%2B03:00"
        } else {
            "must be an RFC 3339 time such as 2026-11-21T14:05:00Z, or a date such as 2026-11-21"
        }
    }),
    ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
);

parameter!(
    /// The name of a touchpoint.
    TouchpointName(String),
    |name| Touchpoint::new(name).map(|touchpoint| touchpoint.as_str().to_owned()),
    words(TOUCHPOINT_MAX_CHARS)
);

parameter!(
    /// The retailer's own name of something.
    ReferenceName(String),
    |text| Reference::new(text).map(String::from),
    words(REFERENCE_MAX_CHARS)
);

parameter!(
    /// The name of a team or a root cause.
    SlugName(String),
    |name| is_slug(name)
        .then(|| name.to_owned())
        .ok_or("must be lowercase letters and digits, with hyphens between words"),
    words(SLUG_MAX_CHARS).min_length(Some(1))
);

parameter!(
    /// Whose something is: the number of a person, or `none`.
    OwnerName(Owned),
    |text| match text.parse() {
        Ok(person_id) if person_id > 0 => Ok(Owned::By(person_id)),
        _ if text == "none" => Ok(Owned::ByNobody),
        _ => Err("must be the number of a person, or \"none\""),
    },
    ObjectBuilder::new().schema_type(Type::String).pattern(Some("^([1-9][0-9]{0,17}|none)$"))
);

parameter!(
    /// States of a case, with commas between them.
    StateNames(Vec<&'static str>),
    |text: &str| {
        let states = text.split(',').map(|name| name.parse::<State>().map(State::as_str));
        states.collect::<Result<_, _>>().map_err(|_| {
            let names: Vec<_> = State::VARIANTS.iter().map(|state| state.as_str()).collect();
            format!("must be some of {}, with commas between them", names.join(", "))
        })
    },
    {
        let names: Vec<_> = State::VARIANTS.iter().map(|state| state.as_str()).collect();
        let one = names.join("|");
        ObjectBuilder::new().schema_type(Type::String).pattern(Some(format!("^({one})(,({one}))*$")))
    }
);

parameter!(
    /// The number of a version, from 1.
    Version(i32),
    |text| text.parse().ok().filter(|version| *version > 0).ok_or("must be the number of a version"),
    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1))
);

/// A parameter that is one of a few names.
macro_rules! names {
    ($(#[$doc:meta])* $name:ident($inner:ty), $names:expr) => {
        parameter!(
            $(#[$doc])*
            $name($inner),
            |text| text.parse().map_err(|_| format!("must be one of {}", $names.join(", "))),
            one_of(&$names)
        );
    };
}

names!(
    /// A metric.
    MetricName(Metric),
    Metric::ALL.map(Metric::as_str)
);
names!(
    /// A band.
    BandName(Band),
    Band::ALL.map(Band::as_str)
);
names!(
    /// Yes or no.
    YesOrNo(bool),
    ["true", "false"]
);
names!(
    /// Where a message stands.
    StateName(OutboxState),
    ["pending", "delivered", "parked"]
);
names!(
    /// How much a case matters.
    PriorityName(Priority),
    Priority::VARIANTS.iter().map(|priority| priority.as_str()).collect::<Vec<_>>()
);
names!(
    /// What figures of cases are split by.
    ByName(casework::By),
    casework::By::VARIANTS.iter().map(Into::into).collect::<Vec<&'static str>>()
);
parameter!(
    /// Which due time.
    DueName(Due),
    |text| match text {
        "acknowledge" => Ok(Due::Acknowledge),
        "answer" => Ok(Due::Answer),
        _ => Err("must be one of acknowledge, answer"),
    },
    one_of(&[DueTime::Acknowledge.as_str(), DueTime::Answer.as_str()])
);
parameter!(
    /// The order of cases.
    OrderName(Order),
    |text| match text {
        "newest" => Ok(Order::Newest),
        "due" => Ok(Order::Due),
        _ => Err("must be one of newest, due"),
    },
    one_of(&["newest", "due"])
);
