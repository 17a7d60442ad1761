//! What customers sent for responses that could no longer be changed.

use std::collections::HashMap;

use diesel::prelude::*;

use super::connection::AnyConnection;
use super::responses::{NewResponseRow, ResponseRow, by_site};
use super::schema::response_additions;

/// Most additions to a response: whoever knows a response's id can make them.
pub const ADDITIONS_MAX: usize = 20;

/// What was sent after a response was closed. It changes neither the response nor any figure.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = response_additions, treat_none_as_default_value = false)]
#[expect(missing_docs, reason = "the columns of migrations/")]
pub struct AdditionRow {
    pub site_id: i64,
    pub response_id: Vec<u8>,
    pub revision: i32,
    pub survey_version: i32,
    pub score: i32,
    pub comment: Option<String>,
    pub answers: Option<String>,
    pub received_at: i64,
}

/// The additions to responses, by site and id, in the order of their revisions.
pub type Additions = HashMap<(i64, Vec<u8>), Vec<AdditionRow>>;

impl AdditionRow {
    /// A later revision as an addition. Contact, references and page are left out: who sends them now need not be who sent
    /// the response.
    pub fn of(row: &NewResponseRow) -> Self {
        Self {
            site_id: row.site_id,
            response_id: row.response_id.to_vec(),
            revision: row.revision,
            survey_version: row.survey_version,
            score: row.score,
            comment: row.comment.clone(),
            answers: row.answers.clone(),
            received_at: row.received_at,
        }
    }

    /// Whether it says what the response says already.
    pub fn repeats(&self, response: &ResponseRow) -> bool {
        (self.score, &self.comment, &self.answers) == (response.score, &response.comment, &response.answers)
    }

    /// Whether another addition is the same step, or says the same.
    pub fn is_like(&self, other: &Self) -> bool {
        self.revision == other.revision
            || (self.score, &self.comment, &self.answers) == (other.score, &other.comment, &other.answers)
    }

    /// Stores it.
    ///
    /// # Errors
    /// What the database says.
    pub fn insert(&self, conn: &mut AnyConnection) -> QueryResult<usize> {
        diesel::insert_into(response_additions::table).values(self).execute(conn)
    }

    /// Deletes the additions to the same response of lower revisions.
    ///
    /// # Errors
    /// What the database says.
    pub fn delete_earlier(&self, conn: &mut AnyConnection) -> QueryResult<usize> {
        let earlier = response_additions::table
            .filter(response_additions::site_id.eq(self.site_id))
            .filter(response_additions::response_id.eq(&self.response_id))
            .filter(response_additions::revision.lt(self.revision));
        diesel::delete(earlier).execute(conn)
    }

    /// Those to one response, in the order of their revisions.
    ///
    /// # Errors
    /// What the database says.
    pub fn of_response(conn: &mut AnyConnection, site_id: i64, response_id: &[u8]) -> QueryResult<Vec<Self>> {
        response_additions::table
            .filter(response_additions::site_id.eq(site_id))
            .filter(response_additions::response_id.eq(response_id))
            .order(response_additions::revision)
            .load(conn)
    }

    /// Those to each response of `keys` (site, id). A site at a time, so that no query spans sites.
    ///
    /// # Errors
    /// What the database says.
    pub fn of_responses(conn: &mut AnyConnection, keys: &[(i64, Vec<u8>)]) -> QueryResult<Additions> {
        let mut additions = Additions::new();
        for (site_id, ids) in by_site(keys) {
            let of_site: Vec<Self> = response_additions::table
                .filter(response_additions::site_id.eq(site_id))
                .filter(response_additions::response_id.eq_any(ids))
                .order((response_additions::response_id, response_additions::revision))
                .load(conn)?;
            for row in of_site {
                additions.entry((site_id, row.response_id.clone())).or_default().push(row);
            }
        }
        Ok(additions)
    }
}
