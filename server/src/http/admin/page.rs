//! A list, page by page.

use serde::Serialize;
use utoipa::openapi::{ArrayBuilder, ObjectBuilder, Ref, RefOr, Schema, Type, schema::SchemaType};
use utoipa::{PartialSchema, ToSchema};

use crate::http::ApiError;

/// A page of a list.
#[derive(Serialize)]
pub struct Page<T> {
    /// Newest first.
    items: Vec<T>,
    /// For the next page; `null` on the last.
    next_cursor: Option<String>,
}

/// How many rows to read for a page of `limit`: one more tells whether there is a next page.
pub fn take(limit: u32) -> i64 {
    i64::from(limit) + 1
}

impl<T: ToSchema> PartialSchema for Page<T> {
    fn schema() -> RefOr<Schema> {
        let items = ArrayBuilder::new().items(RefOr::Ref(Ref::from_schema_name(T::name())));
        let cursor = ObjectBuilder::new()
            .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
            .description(Some("For the next page, as the parameter `cursor`; null on the last"));
        let page = ObjectBuilder::new().property("items", items).property("next_cursor", cursor);
        RefOr::T(Schema::Object(page.required("items").required("next_cursor").build()))
    }
}

impl<T: ToSchema> ToSchema for Page<T> {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((T::name().into_owned(), T::schema()));
        T::schemas(schemas);
    }
}

impl<T> Page<T> {
    /// Of rows read with [`take`]; `cursor` makes the next page's cursor from the last row shown.
    pub fn new(mut rows: Vec<T>, limit: u32, cursor: impl FnOnce(&T) -> String) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = if more { rows.last().map(cursor) } else { None };
        Self { items: rows, next_cursor }
    }

    /// Of items and the next page's cursor, where those do not follow from the rows read.
    pub fn ending_at(items: Vec<T>, next_cursor: Option<String>) -> Self {
        Self { items, next_cursor }
    }

    /// What is on it.
    pub fn items(&self) -> &[T] {
        &self.items
    }

    /// What is on it, and the next page's cursor.
    pub fn into_parts(self) -> (Vec<T>, Option<String>) {
        (self.items, self.next_cursor)
    }

    /// The same page of something else.
    ///
    /// # Errors
    /// The first that `view` returns.
    pub fn try_map<U>(self, view: impl FnMut(T) -> Result<U, ApiError>) -> Result<Page<U>, ApiError> {
        let items = self.items.into_iter().map(view).collect::<Result<_, _>>()?;
        Ok(Page { items, next_cursor: self.next_cursor })
    }
}
