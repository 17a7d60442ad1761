//! Which errors mean that storage cannot be used just now, rather than that a query was wrong.

use diesel::result::{DatabaseErrorKind, Error as QueryError};

/// What SQLite says when its disk is full, read-only or failing, or the file is gone or held by another program; and
/// PostgreSQL when its disk is full. Diesel keeps only the texts of these.
const TEXTS: [&str; 6] = [
    "disk is full",
    "readonly database",
    "disk I/O error",
    "database is locked",
    "unable to open database file",
    "No space left on device",
];

/// Whether trying again later may help.
pub fn is_unavailable(error: &QueryError) -> bool {
    match error {
        QueryError::DatabaseError(DatabaseErrorKind::Unknown, about) => {
            TEXTS.iter().any(|text| about.message().contains(text))
        }
        QueryError::DatabaseError(kind, _) => matches!(
            kind,
            DatabaseErrorKind::ClosedConnection
                | DatabaseErrorKind::UnableToSendCommand
                | DatabaseErrorKind::ReadOnlyTransaction
                | DatabaseErrorKind::SerializationFailure
        ),
        QueryError::BrokenTransactionManager => true,
        QueryError::RollbackErrorOnCommit { commit_error, .. } => is_unavailable(commit_error),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unknown(text: &str) -> QueryError {
        QueryError::DatabaseError(DatabaseErrorKind::Unknown, Box::new(text.to_owned()))
    }

    #[test]
    fn full_disk_is_told_from_a_wrong_query() {
        assert!(is_unavailable(&unknown("database or disk is full")));
        assert!(is_unavailable(&unknown("attempt to write a readonly database")));
        assert!(!is_unavailable(&unknown("near \"SELEKT\": syntax error")));
        assert!(!is_unavailable(&QueryError::NotFound));
    }
}
