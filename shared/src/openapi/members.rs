//! Objects that are described member by member.

use utoipa::ToSchema;
use utoipa::openapi::schema::{AdditionalProperties, SchemaType};
use utoipa::openapi::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Ref, RefOr, Schema, Type};

/// An object under description, and the schemas that its members refer to.
#[derive(Default)]
pub struct Members {
    object: ObjectBuilder,
    schemas: Vec<(String, RefOr<Schema>)>,
}

impl Members {
    /// None so far; other members are refused.
    pub fn closed(description: &str) -> Self {
        let closed = AdditionalProperties::<Schema>::FreeForm(false);
        let described = Self::open(description);
        Self { object: described.object.additional_properties(Some(closed)), ..described }
    }

    /// None so far; other members are left out.
    pub fn open(description: &str) -> Self {
        let object = ObjectBuilder::new().schema_type(Type::Object).description(Some(description));
        Self { object, schemas: Vec::new() }
    }

    /// A member that must be there.
    #[must_use]
    pub fn needed<T: ToSchema>(self, name: &str) -> Self {
        self.optional::<T>(name).require(name)
    }

    /// This member must be there.
    #[must_use]
    pub fn require(self, name: &str) -> Self {
        Self { object: self.object.required(name), ..self }
    }

    /// A member that may be left out.
    #[must_use]
    pub fn optional<T: ToSchema>(mut self, name: &str) -> Self {
        let schema = self.refer::<T>();
        self.with(name, schema)
    }

    /// One that may be left out, or null.
    #[must_use]
    pub fn nullable<T: ToSchema>(mut self, name: &str) -> Self {
        let schema = self.refer::<T>();
        let null = ObjectBuilder::new().schema_type(Type::Null);
        self.with(name, OneOfBuilder::new().item(schema).item(null))
    }

    /// A list that may be left out, or null.
    #[must_use]
    pub fn nullable_list<T: ToSchema>(mut self, name: &str, max: usize) -> Self {
        let items = self.refer::<T>();
        let list = ArrayBuilder::new().items(items).max_items(Some(max));
        self.with(name, list.schema_type(SchemaType::from_iter([Type::Array, Type::Null])))
    }

    /// One that may be left out, and is described here.
    #[must_use]
    pub fn with(self, name: &str, schema: impl Into<RefOr<Schema>>) -> Self {
        Self { object: self.object.property(name, schema), ..self }
    }

    /// A list, which may be left out when it may be empty.
    #[must_use]
    pub fn list<T: ToSchema>(mut self, name: &str, min: usize, max: usize) -> Self {
        let items = self.refer::<T>();
        let list = ArrayBuilder::new().items(items).min_items((min > 0).then_some(min)).max_items(Some(max));
        let described = self.with(name, list);
        if min == 0 { described } else { described.require(name) }
    }

    fn refer<T: ToSchema>(&mut self) -> RefOr<Schema> {
        add::<T>(&mut self.schemas);
        Ref::from_schema_name(T::name()).into()
    }

    /// The object.
    pub fn into_schema(self) -> RefOr<Schema> {
        self.object.into()
    }

    /// What its members refer to.
    pub fn into_schemas(self) -> Vec<(String, RefOr<Schema>)> {
        self.schemas
    }
}

/// The schema of a type, and those it refers to.
pub(super) fn add<T: ToSchema>(schemas: &mut Vec<(String, RefOr<Schema>)>) {
    schemas.push((T::name().into_owned(), T::schema()));
    T::schemas(schemas);
}

/// Describes a type by its members.
#[macro_export]
macro_rules! schema_of_members {
    ($type:ty, $members:expr) => {
        impl utoipa::PartialSchema for $type {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                let members: $crate::openapi::Members = $members;
                members.into_schema()
            }
        }

        impl utoipa::ToSchema for $type {
            fn schemas(schemas: &mut Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::Schema>)>) {
                let members: $crate::openapi::Members = $members;
                schemas.extend(members.into_schemas());
            }
        }
    };
}
