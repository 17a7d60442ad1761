//! What takes a response in, whichever way it comes.

use std::sync::Arc;

use counterbell_shared::Outcome;
use counterbell_shared::response::{Receipt, Response};
use counterbell_shared::time::UnixMillis;

use crate::db::responses::ResponseRow;
use crate::http::ApiError;
use crate::http::limits::{Bucket, ClientLimits};
use crate::ingest::{self, Cap, Ingest, Record};
use crate::metrics::{IngestOutcome, Metrics};
use crate::sites::{Directory, KnownSite};
use crate::store::ReadPool;

/// What becomes of a response between its request and its commit.
pub struct Intake {
    /// Which sites there are, and what they ask.
    pub directory: Arc<Directory>,
    /// How much clients and sites may send.
    pub limits: Arc<ClientLimits>,
    /// Stores it.
    pub ingest: Arc<Ingest>,
    /// For what is stored already.
    pub look_ups: ReadPool,
    /// Counts what became of it.
    pub metrics: Arc<Metrics>,
}

/// What became of a response that was let in.
pub struct Accepted {
    /// What the sender is told.
    pub receipt: Receipt,
    /// As it is counted: a sender is not told that a response is held back.
    pub counted: IngestOutcome,
    /// What is left of the site's limit.
    pub(super) of_site: Option<Bucket>,
}

impl Intake {
    /// Stores a response to `site`, as far as the site's limits let it in; returns after the commit.
    ///
    /// # Errors
    /// 429, 503.
    pub async fn accept(&self, known: &KnownSite, response: Response) -> Result<Accepted, ApiError> {
        let KnownSite { site, rules, .. } = known;
        let of_site = self.limits.check_site(site)?;
        let now = UnixMillis::now();
        let settings = &self.ingest.settings;
        let mut record = Record::new(site, rules, response, now, settings.silence_ms);
        record.revisable_since = now.0 - settings.revisable_ms;
        let held = record.response.held.is_some();
        let cap = if held { Cap::Held } else { Cap::Customers };
        let counted = self.ingest.daily_caps.take(site, cap, now);
        // Also of what is held: a program learns no more than that the day is full, and a customer who was taken for one
        // can send it again tomorrow.
        if let Err(full) = counted
            && !self.is_stored(&record).await?
        {
            return Err(full.into());
        }
        let stored = self.ingest.store(record).await;
        if let Ok(counted) = counted
            && !stored.as_ref().is_ok_and(|stored| stored.outcome == Outcome::Accepted)
        {
            self.ingest.daily_caps.give_back(site, counted);
        }
        let ingest::Stored { response_id, outcome } = stored?;
        Ok(Accepted {
            receipt: Receipt { response_id: response_id.to_string(), outcome, ignored: Vec::new() },
            counted: if held && outcome == Outcome::Accepted { IngestOutcome::Held } else { outcome.into() },
            of_site,
        })
    }

    /// Whether this is a later revision of a response that is stored: it takes nothing of the day's cap, also of a full one.
    async fn is_stored(&self, record: &Record) -> Result<bool, ApiError> {
        if record.response.revision == 0 {
            return Ok(false);
        }
        let (site_ids, id) = ([record.response.site_id], record.response_id());
        let found = self.look_ups.read(move |conn| ResponseRow::find(conn, &site_ids, id)).await?;
        Ok(found.is_some())
    }
}
