//! What a survey's and a theme's document may hold, as their readers take it.

use utoipa::openapi::{ObjectBuilder, OneOfBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::leaves::{AnyScore, Radius, Slug, Url, fonts, one_of};
use super::maps::Words;
use super::members::Members;
use crate::limits::{ASKS_MAX, CHOICES_MAX, STEPS_MAX, THANKS_MAX};
use crate::schema_of_members;
use crate::survey::{Ask, Labelled, Link, LocalText, ScoreDisplay, Step, Survey, Thanks};
use crate::theme::{Color, Density, Scheme};
use crate::{Locale, Metric};

/// What [`Theme::parse`](crate::Theme::parse) reads.
#[derive(Debug)]
pub struct ThemeDocument;

/// Scores for which a step or a thanks is.
struct ScoreRange;

schema_of_members!(
    Survey,
    Members::closed("A survey, as docs/SURVEYS.md explains it")
        .needed::<Slug>("name")
        .needed::<Metric>("metric")
        .optional::<ScoreDisplay>("display")
        .optional::<Locale>("default_locale")
        .needed::<LocalText>("question")
        .needed::<LocalText>("low_label")
        .needed::<LocalText>("high_label")
        .list::<Step>("steps", 0, STEPS_MAX)
        .list::<Thanks>("thanks", 0, THANKS_MAX)
        .optional::<Words>("texts")
);

schema_of_members!(
    Step,
    Members::closed("One screen").optional::<ScoreRange>("scores").list::<Ask>("ask", 1, ASKS_MAX)
);

schema_of_members!(
    ScoreRange,
    Members::closed("Both ends included; all scores of the metric when left out")
        .needed::<AnyScore>("min")
        .needed::<AnyScore>("max")
);

schema_of_members!(Labelled, Members::closed("One of the choices").needed::<Slug>("id").needed::<LocalText>("label"));

schema_of_members!(
    Thanks,
    Members::closed("What is said at the end")
        .optional::<ScoreRange>("scores")
        .needed::<LocalText>("title")
        .optional::<LocalText>("text")
        .optional::<Link>("link")
);

schema_of_members!(Link, Members::closed("Somewhere to go").needed::<LocalText>("label").needed::<Url>("url"));

schema_of_members!(
    ThemeDocument,
    Members::closed("A theme, as docs/THEMES.md explains it: what is left out has a default")
        .optional::<Color>("accent")
        .optional::<Color>("on_accent")
        .optional::<Color>("accent_dark")
        .optional::<Color>("on_accent_dark")
        .optional::<Radius>("radius")
        .with("font", fonts())
        .optional::<Density>("density")
        .optional::<Scheme>("scheme")
);

/// Each kind has its members.
fn kinds() -> [Members; 3] {
    let kind = |kinds: &[&str], description| {
        Members::closed(description).with("kind", one_of(kinds)).require("kind").needed::<LocalText>("question")
    };
    [
        kind(&["comment"], "The customer's own words"),
        kind(&["one", "many"], "Choices, of which one or any number is chosen")
            .needed::<Slug>("id")
            .list::<Labelled>("choices", 1, CHOICES_MAX)
            .with("other", ObjectBuilder::new().schema_type(Type::Boolean)),
        kind(&["contact"], "An e-mail address, taken only with consent").optional::<LocalText>("consent"),
    ]
}

impl PartialSchema for Ask {
    fn schema() -> RefOr<Schema> {
        let kinds = kinds().into_iter().map(Members::into_schema);
        kinds.fold(OneOfBuilder::new().description(Some("A question that needs no answer")), OneOfBuilder::item).into()
    }
}

impl ToSchema for Ask {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.extend(kinds().into_iter().flat_map(Members::into_schemas));
    }
}
