//! Many rows in one prepared PostgreSQL statement.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Binary, Bool, Integer, Nullable, Text};

/// The values of one column, one per row.
#[expect(missing_docs, reason = "named after what they hold")]
pub enum Column<'a> {
    BigInts(Vec<i64>),
    Bools(Vec<bool>),
    Integers(Vec<i32>),
    Texts(Vec<&'a str>),
    OptionalTexts(Vec<Option<&'a str>>),
    Bytes(Vec<&'a [u8]>),
}

/// A statement that reads rows from `SELECT unnest($1), unnest($2) ..`: its text is the same for any number of rows, so
/// it is prepared once. In `FROM`, PostgreSQL would first write out each array as a table of its own.
///
/// One that returns rows returns `(site_id, some id)`.
pub struct Unnest<'a> {
    /// Text up to a `SELECT`, and the columns that follow it: all of the same length.
    pub parts: Vec<(&'static str, Vec<Column<'a>>)>,
    /// What follows the last column.
    pub after: &'static str,
}

impl QueryId for Unnest<'_> {
    type QueryId = ();
    // The text decides.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Unnest<'_> {
    type SqlType = (BigInt, Binary);
}

impl RunQueryDsl<PgConnection> for Unnest<'_> {}

impl QueryFragment<Pg> for Unnest<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        for (before, columns) in &self.parts {
            out.push_sql(before);
            for (place, column) in columns.iter().enumerate() {
                if place > 0 {
                    out.push_sql(", ");
                }
                out.push_sql("unnest(");
                match column {
                    Column::BigInts(values) => out.push_bind_param::<Array<BigInt>, _>(values)?,
                    Column::Bools(values) => out.push_bind_param::<Array<Bool>, _>(values)?,
                    Column::Integers(values) => out.push_bind_param::<Array<Integer>, _>(values)?,
                    Column::Texts(values) => out.push_bind_param::<Array<Text>, _>(values)?,
                    Column::OptionalTexts(values) => out.push_bind_param::<Array<Nullable<Text>>, _>(values)?,
                    Column::Bytes(values) => out.push_bind_param::<Array<Binary>, _>(values)?,
                }
                out.push_sql(")");
            }
        }
        out.push_sql(self.after);
        Ok(())
    }
}
