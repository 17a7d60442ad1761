//! A text that many rows share.

use std::sync::Arc;

use diesel::backend::Backend;
use diesel::expression::AsExpression;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::Text;

/// Written as text; cloned without copying it.
#[derive(Clone, Debug, AsExpression)]
#[diesel(sql_type = Text)]
pub struct SharedText(pub Arc<str>);

impl<DB: Backend> ToSql<Text, DB> for SharedText
where
    str: ToSql<Text, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        ToSql::<Text, DB>::to_sql(&*self.0, out)
    }
}
