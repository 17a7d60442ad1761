//! Deletes responses with all that belongs to them: rows, words in the search index, mails that are files.

use std::path::PathBuf;

use counterbell_shared::ResponseId;
use counterbell_shared::time::UnixMillis;
use diesel::QueryResult;

use crate::cases;
use crate::db::case_words::Gone;
use crate::db::journal::By;
use crate::db::{AnyConnection, erase, purge};
use crate::mail;
use crate::search::SearchIndex;
use crate::store::{StorageError, Store};

/// Where what belongs to a response is.
#[derive(Clone)]
pub struct Eraser {
    /// Its rows.
    pub store: Store,
    /// Its words.
    pub search: SearchIndex,
    /// Mails about it; `None` with a mail server.
    pub mail_folder: Option<PathBuf>,
}

impl Eraser {
    /// Deletes one response; `false` when it is not stored.
    ///
    /// # Errors
    /// [`StorageError`]; it may be asked for again.
    pub async fn erase_response(&self, site_id: i64, id: ResponseId, by: By) -> Result<bool, StorageError> {
        // The words first: were it the other way round, a crash in between would leave them, and nobody would ask again.
        self.search.remove(site_id, id.as_bytes().to_vec()).await?;
        let now = UnixMillis::now().0;
        let erased = self.store.writes.decisions.run(move |conn| erase_stored(conn, site_id, id, &by, now)).await?;
        let Some(gone) = erased else { return Ok(false) };
        mail::delete_files(self.mail_folder.as_deref(), &gone.mail_files());
        self.store.signals.erased.notify_one();
        Ok(true)
    }

    /// Deletes up to `limit` responses of a site that are older than `horizon` (Unix ms), but not yet their words. Returns how
    /// many rows it deleted, 0 when none was left.
    ///
    /// # Errors
    /// [`StorageError`].
    pub(super) async fn purge_chunk(&self, site_id: i64, horizon: i64, limit: i64) -> Result<usize, StorageError> {
        let now = UnixMillis::now().0;
        let work = move |conn: &mut AnyConnection| {
            let chunk = purge::delete_chunk(conn, site_id, horizon, limit)?;
            cases::end_erased(conn, site_id, &chunk.gone.emptied, now)?;
            Ok(chunk)
        };
        let chunk = self.store.writes.long.run(work).await?;
        mail::delete_files(self.mail_folder.as_deref(), &chunk.gone.mail_files());
        Ok(chunk.rows())
    }
}

/// Deletes a response that is stored with what belongs to it, as [`erase::erase_response`] does, and ends its case if that
/// has no other: the words in the search index and the mails that are files are left. `now` is in Unix ms. Call in a
/// transaction that writes.
///
/// # Errors
/// What the database says.
pub fn erase_stored(
    conn: &mut AnyConnection,
    site_id: i64,
    id: ResponseId,
    by: &By,
    now: i64,
) -> QueryResult<Option<Gone>> {
    let erased = erase::erase_response(conn, site_id, id, by, now)?;
    if let Some(gone) = &erased {
        cases::end_erased(conn, site_id, &gone.emptied, now)?;
    }
    Ok(erased)
}
