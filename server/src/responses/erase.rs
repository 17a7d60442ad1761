//! Deletes responses with all that belongs to them: rows, words in the search index, mails that are files.

use std::path::PathBuf;

use counterbell_shared::ResponseId;
use counterbell_shared::time::UnixMillis;

use crate::db::journal::By;
use crate::db::{erase, purge};
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
        let erased =
            self.store.writes.decisions.run(move |conn| erase::erase_response(conn, site_id, id, &by, now)).await?;
        let Some(messages) = erased else { return Ok(false) };
        mail::delete_files(self.mail_folder.as_deref(), &messages);
        self.store.signals.erased.notify_one();
        Ok(true)
    }

    /// Deletes up to `limit` responses of a site that are older than `horizon` (Unix ms), but not yet their words. Returns how
    /// many rows it deleted, 0 when none was left.
    ///
    /// # Errors
    /// [`StorageError`].
    pub(super) async fn purge_chunk(&self, site_id: i64, horizon: i64, limit: i64) -> Result<usize, StorageError> {
        let chunk = self.store.writes.long.run(move |conn| purge::delete_chunk(conn, site_id, horizon, limit)).await?;
        mail::delete_files(self.mail_folder.as_deref(), &chunk.messages);
        Ok(chunk.responses + chunk.messages.len())
    }
}
