//! Statements whose text never changes.

use std::marker::PhantomData;

use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sqlite::Sqlite;

/// A statement `Q` known by the type `Of`, one text for each. Of what ends in `ON CONFLICT`, Diesel writes out the text
/// each time to find the prepared statement, which costs more than to run it.
pub struct Fixed<Q, Of>(pub Q, pub PhantomData<Of>);

impl<Q, Of: 'static> QueryId for Fixed<Q, Of> {
    type QueryId = Fixed<(), Of>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<Q: QueryFragment<Sqlite>, Of> QueryFragment<Sqlite> for Fixed<Q, Of> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }
}

impl<Q, Of> RunQueryDsl<SqliteConnection> for Fixed<Q, Of> {}
