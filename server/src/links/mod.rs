//! Links that act without a sign-in: what they say, and the signature that nobody else can make.
//!
//! A link names one person, one thing, and what it is for. The page it opens changes nothing; a form on it does.

mod ring;
mod token;

use counterbell_shared::time::DAY_MS;
use diesel::result::{Error as DieselError, QueryResult};

pub use ring::{KeyRing, LinkKey, SECRET_BYTES};
pub use token::{Claim, LinkError, Purpose};

use crate::config::LinksConfig;
use crate::db::AnyConnection;
use crate::db::dialect::write_transaction;
use crate::db::link_keys;

/// How long a link may count at most, in ms: 30 days.
pub const LONGEST_MS: i64 = 30 * DAY_MS;

/// Where the keys are that links are signed with.
#[derive(Clone, Debug, Default)]
pub struct Links {
    configured: Option<KeyRing>,
}

impl Links {
    /// With the keys of the settings; without any there, with those of the database.
    pub fn new(config: &LinksConfig) -> Self {
        Self { configured: (!config.keys.is_empty()).then(|| KeyRing::of_texts(&config.keys)) }
    }

    /// Makes the first key of the database, if it is to have one and has none, at `now` (Unix ms).
    ///
    /// # Errors
    /// What the database says, or that the system has no randomness.
    pub fn make_first_key(&self, conn: &mut AnyConnection, now: i64) -> QueryResult<()> {
        write_transaction(conn, |conn| self.make_first_key_within(conn, now))
    }

    /// As [`Self::make_first_key`], in a transaction of the caller's that writes.
    ///
    /// # Errors
    /// What the database says, or that the system has no randomness.
    pub fn make_first_key_within(&self, conn: &mut AnyConnection, now: i64) -> QueryResult<()> {
        if self.configured.is_some() {
            return Ok(());
        }
        let mut secret = [0; SECRET_BYTES];
        getrandom::fill(&mut secret).map_err(|error| DieselError::QueryBuilderError(error.into()))?;
        let key = LinkKey::new(secret);
        link_keys::make_first(conn, i64::from(key.id()), key.secret(), now)
    }

    /// The keys that count at `now` (Unix ms). Read each time: they are few, and one that was taken away counts no more.
    ///
    /// # Errors
    /// What the database says.
    pub fn ring(&self, conn: &mut AnyConnection, now: i64) -> QueryResult<KeyRing> {
        match &self.configured {
            Some(ring) => Ok(ring.clone()),
            None => {
                let secrets = link_keys::in_force(conn, now)?.into_iter().map(|key| key.secret.try_into());
                // Of another length nobody of ours stored one; what it signed counts no more.
                Ok(KeyRing::new(secrets.filter_map(Result::ok).map(LinkKey::new).collect()))
            }
        }
    }
}
