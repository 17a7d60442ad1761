//! By which it is known that something was done before: whoever asks gives it an id, and may ask again.

use data_encoding::HEXLOWER;
use diesel::QueryResult;
use sha2::{Digest as _, Sha256};

use super::{Action, By, EntryId};
use crate::db::AnyConnection;
use crate::db::cases::NoteRow;

/// The kind of rows that hold no words.
pub const KEY: &str = "key";

/// What was asked for by an id, as its row keeps it: a digest, and no words.
pub(super) struct Entry {
    note_id: [u8; 16],
    digest: String,
}

impl Entry {
    /// Of what somebody wants of a case.
    pub fn of(id: EntryId, action: &Action) -> Self {
        let digest = Sha256::digest(format!("{action:?}"));
        Self { note_id: key_of(id), digest: HEXLOWER.encode(&digest) }
    }

    /// Whether a row was written by the same.
    pub fn is(&self, row: &NoteRow) -> bool {
        row.text == self.digest
    }

    /// Writes down that it was done on a case at `at` (Unix ms).
    ///
    /// # Errors
    /// What the database says.
    pub fn insert(
        self,
        conn: &mut AnyConnection,
        (site_id, case_id): (i64, [u8; 16]),
        by: &By,
        at: i64,
    ) -> QueryResult<()> {
        let row = NoteRow {
            site_id,
            note_id: self.note_id.to_vec(),
            case_id: case_id.to_vec(),
            at,
            person_id: by.person_id(),
            kind: KEY.to_owned(),
            text: self.digest,
        };
        row.insert(conn).map(|_| ())
    }
}

/// What was done before by this id, or written by an id that is the same. Its case is that of the row.
///
/// # Errors
/// What the database says.
pub fn done_before(conn: &mut AnyConnection, site_id: i64, id: EntryId) -> QueryResult<Option<NoteRow>> {
    match NoteRow::find(conn, site_id, &key_of(id))? {
        Some(row) => Ok(Some(row)),
        None => NoteRow::find(conn, site_id, id.as_bytes()),
    }
}

/// The words that were written have the id itself.
fn key_of(id: EntryId) -> [u8; 16] {
    let digest = Sha256::new().chain_update(KEY).chain_update(id.as_bytes()).finalize();
    std::array::from_fn(|place| digest[place])
}
