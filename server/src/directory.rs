//! Sites in memory, so that ingest asks the database for them only now and then.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use counterbell_shared::SiteKey;

use crate::db::sites::Site;
use crate::db::{ReadPool, StorageError};
use crate::surveys::{KnownWords, SiteSurveys, TEMPLATES_ONLY};
use crate::themes::SiteTheme;

/// How long a change made by another process may go unseen.
const FRESH: Duration = Duration::from_secs(5);

/// A site, with what it asks.
#[derive(Debug)]
pub struct KnownSite {
    /// The site.
    pub site: Site,
    /// Its surveys.
    pub surveys: SiteSurveys,
    /// What its card is drawn with.
    pub theme: Option<Arc<SiteTheme>>,
    /// Its wording for the widget's own words.
    pub words: Option<Arc<KnownWords>>,
}

/// Sites by key, and the origins of all of them.
pub struct Directory {
    pool: ReadPool,
    sites: RwLock<HashMap<SiteKey, (Arc<KnownSite>, Instant)>>,
    origins: RwLock<HashMap<String, Instant>>,
}

impl Directory {
    /// Reads from `pool`.
    pub fn new(pool: ReadPool) -> Self {
        Self { pool, sites: RwLock::default(), origins: RwLock::default() }
    }

    /// The site of this key; `None` when there is none.
    ///
    /// # Errors
    /// [`StorageError`], unless the site was seen before: then an old answer is better than none.
    pub async fn site(&self, key: &SiteKey) -> Result<Option<Arc<KnownSite>>, StorageError> {
        let known = self.sites.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned();
        if let Some((site, seen)) = &known
            && seen.elapsed() < FRESH
        {
            return Ok(Some(Arc::clone(site)));
        }
        let wanted = key.clone();
        let before = known.as_ref().map(|(site, _)| Arc::clone(site));
        let found = self.pool.read(move |conn| {
            let Some(site) = Site::find(conn, &wanted)? else { return Ok(None) };
            let surveys_before = before.as_ref().map_or(&TEMPLATES_ONLY, |before| &before.surveys);
            let surveys = SiteSurveys::load(conn, site.id, surveys_before)?;
            let theme = SiteTheme::load(conn, site.id, before.as_ref().and_then(|before| before.theme.as_ref()))?;
            let words = KnownWords::load(conn, site.id, before.as_ref().and_then(|before| before.words.as_ref()))?;
            Ok(Some(KnownSite { site, surveys, theme, words }))
        });
        let site = match (found.await, known) {
            (Ok(found), _) => found.map(Arc::new),
            (Err(_), Some((site, _))) => Some(site),
            (Err(error), None) => return Err(error),
        };
        let mut sites = self.sites.write().unwrap_or_else(PoisonError::into_inner);
        match &site {
            Some(site) => {
                sites.insert(key.clone(), (Arc::clone(site), Instant::now()));
            }
            // Only sites that exist are kept: made-up keys must not fill the memory.
            None => {
                sites.remove(key);
            }
        }
        Ok(site)
    }

    /// Whether any site allows pages of this origin.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn origin_is_known(&self, origin: &str) -> Result<bool, StorageError> {
        let seen = self.origins.read().unwrap_or_else(PoisonError::into_inner).get(origin).copied();
        if seen.is_some_and(|seen| seen.elapsed() < FRESH) {
            return Ok(true);
        }
        let wanted = origin.to_owned();
        let known = self.pool.read(move |conn| Site::origin_is_known(conn, &wanted)).await?;
        let mut origins = self.origins.write().unwrap_or_else(PoisonError::into_inner);
        if known {
            origins.insert(origin.to_owned(), Instant::now());
        } else {
            origins.remove(origin);
        }
        Ok(known)
    }
}
