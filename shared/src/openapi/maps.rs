//! Objects whose members are named by those who write them.

use utoipa::openapi::schema::SchemaType;
use utoipa::openapi::{ArrayBuilder, ObjectBuilder, Ref, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::leaves::{Slug, text, words};
use super::members::{Members, add};
use crate::Locale;
use crate::answers::{NewAnswer, NewAnswers};
use crate::limits::{ANSWERS_MAX, ANSWERS_MAX_BYTES, CHOICES_MAX, LOCALES_MAX, OTHER_MAX_CHARS, SURVEY_TEXT_MAX_CHARS};
use crate::schema_of_members;
use crate::survey::LocalText;
use crate::widget_config::WORDS;

/// The wording for some of [`WORDS`].
#[derive(Debug)]
pub struct Words;

schema_of_members!(
    Words,
    WORDS.iter().fold(Members::closed("Wording for some of the widget's words"), |words, name| {
        words.optional::<LocalText>(name)
    })
);

fn map<N: PartialSchema>(max: usize, values: impl Into<RefOr<Schema>>) -> ObjectBuilder {
    let names = if let RefOr::T(names) = N::schema() { Some(names) } else { None };
    let map = ObjectBuilder::new().schema_type(Type::Object).max_properties(Some(max)).property_names(names);
    map.additional_properties(Some(values.into()))
}

impl PartialSchema for LocalText {
    fn schema() -> RefOr<Schema> {
        let map = map::<Locale>(LOCALES_MAX, text(SURVEY_TEXT_MAX_CHARS)).min_properties(Some(1));
        map.description(Some("One line in each language, also in the document's `default_locale`")).into()
    }
}

impl ToSchema for LocalText {}

impl PartialSchema for NewAnswers {
    fn schema() -> RefOr<Schema> {
        let bytes = format!("By the ids of their questions; ids and words together at most {ANSWERS_MAX_BYTES} bytes");
        map::<Slug>(ANSWERS_MAX, Ref::from_schema_name(NewAnswer::name())).description(Some(bytes)).into()
    }
}

impl ToSchema for NewAnswers {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        add::<NewAnswer>(schemas);
    }
}

fn or_null(schema_type: Type) -> SchemaType {
    SchemaType::from_iter([schema_type, Type::Null])
}

schema_of_members!(
    NewAnswer,
    Members::closed("What was answered to one question")
        .with(
            "choices",
            ArrayBuilder::new().items(Slug::schema()).max_items(Some(CHOICES_MAX)).schema_type(or_null(Type::Array))
        )
        .with("other", words(OTHER_MAX_CHARS).schema_type(or_null(Type::String)))
);
