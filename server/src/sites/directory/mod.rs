//! Sites in memory, so that ingest asks the database for them only now and then.

mod remembered;
#[cfg(test)]
mod tests;
mod unknown;

use std::sync::Arc;

use counterbell_shared::SiteKey;
use counterbell_shared::document::quoted;
use tokio::sync::Semaphore;

use crate::db::sites::Site;
use crate::rules::RuleSet;
use crate::sites::{load_rules, origins};
use crate::store::{ReadPool, StorageError};
use crate::surveys::{KnownWords, SiteSurveys, TEMPLATES_ONLY};
use crate::themes::SiteTheme;
use remembered::Remembered;

/// Longest origin that is looked up, in bytes: a scheme, a host name (253, RFC 1035) and a port fit in.
const ORIGIN_MAX_BYTES: usize = 300;

/// A site, with what it asks.
#[derive(Debug)]
pub struct KnownSite {
    /// The site.
    pub site: Site,
    /// When somebody is told.
    pub rules: Arc<RuleSet>,
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
    sites: Remembered<SiteKey, Arc<KnownSite>>,
    origins: Remembered<String, ()>,
}

impl Directory {
    /// Reads from `pool`.
    pub fn new(pool: ReadPool) -> Self {
        let newcomers = Arc::new(Semaphore::new(1));
        let sites = Remembered::new("sites", Arc::clone(&newcomers));
        Self { pool, sites, origins: Remembered::new("origins", newcomers) }
    }

    /// The site of this key; `None` when there is none.
    ///
    /// # Errors
    /// [`StorageError`], unless the site was seen before: then an old answer is better than none.
    pub async fn site(&self, key: &SiteKey) -> Result<Option<Arc<KnownSite>>, StorageError> {
        let load = |before: Option<Arc<KnownSite>>| {
            let (pool, wanted) = (self.pool.clone(), key.clone());
            async move {
                let found = pool.read(move |conn| {
                    let Some(site) = Site::find(conn, &wanted)? else { return Ok(None) };
                    let surveys_before = before.as_ref().map_or(&TEMPLATES_ONLY, |before| &before.surveys);
                    let surveys = SiteSurveys::load(conn, site.id, surveys_before)?;
                    let theme = before.as_ref().and_then(|before| before.theme.as_ref());
                    let theme = SiteTheme::load(conn, site.id, theme)?;
                    let words = before.as_ref().and_then(|before| before.words.as_ref());
                    let words = KnownWords::load(conn, site.id, words)?;
                    let rules = load_rules(conn, site.id, before.as_ref().map(|before| &before.rules))?;
                    tell_what_cannot_be_read(&site, &rules, &surveys);
                    Ok(Some(Arc::new(KnownSite { site, rules, surveys, theme, words })))
                });
                found.await
            }
        };
        self.sites.find(key, load).await
    }

    /// Whether any site allows pages of this origin.
    ///
    /// # Errors
    /// [`StorageError`], unless the origin was seen before.
    pub async fn origin_is_known(&self, origin: &str) -> Result<bool, StorageError> {
        // Nobody's page is at a host with a star in it.
        if origin.len() > ORIGIN_MAX_BYTES || origin.contains('*') {
            return Ok(false);
        }
        let load = |_| {
            let (pool, wanted) = (self.pool.clone(), origin.to_owned());
            async move {
                let star = origins::star_for(&wanted).unwrap_or_default();
                let known = pool.read(move |conn| Site::origin_is_known(conn, &wanted, &star)).await?;
                Ok(known.then_some(()))
            }
        };
        Ok(self.origins.find(origin, load).await?.is_some())
    }
}

/// What cannot be read costs no customer's answer, and must be put right. A theme and words tell of themselves.
fn tell_what_cannot_be_read(site: &Site, rules: &RuleSet, surveys: &SiteSurveys) {
    let key = &site.site_key;
    if !rules.unreadable().is_empty() {
        let rules = quoted(rules.unreadable().iter().map(String::as_str));
        tracing::error!(
            site.id = site.id,
            "Alert rules of site {key} cannot be read: {rules}. Its responses are stored, and nobody is told of any until the \
             rules are put right: `counterbell rules put` stores them again"
        );
    }
    if !surveys.unreadable().is_empty() {
        let names = quoted(surveys.unreadable().iter().map(String::as_str));
        tracing::error!(
            site.id = site.id,
            "Surveys of site {key} cannot be read: {names}. What was published before is asked in their place, or the template: \
             `counterbell survey put` stores a version that can be read"
        );
    }
}
