//! API keys: shown once, stored hashed.

use counterbell_shared::ids::base32;
use diesel::prelude::*;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::connection::AnyConnection;
use super::journal::{self, By, Event, NO_SITE};
use super::schema::api_keys;

/// A stored API key.
#[derive(Clone, Debug, Queryable)]
pub struct ApiKey {
    /// The public part, by which it is listed and revoked.
    pub key_id: String,
    /// The one site it covers; `None` covers all.
    pub site_id: Option<i64>,
    /// For people.
    pub name: String,
    secret_sha256: Vec<u8>,
    /// Unix ms.
    pub created_at: i64,
    /// Unix ms; such a key opens nothing.
    pub revoked_at: Option<i64>,
}

const PREFIX: &str = "cbk_";

impl ApiKey {
    /// Makes a key at `now` (Unix ms); the text to hand out, which cannot be had again: `cbk_<key id>_<secret>`. Call in a
    /// transaction that writes.
    ///
    /// The secret has 160 random bits, so one round of SHA-256 keeps it as well as a slow hash would.
    ///
    /// # Errors
    /// What the database says.
    pub fn create(
        conn: &mut AnyConnection,
        random: &[u8; 44],
        site_id: Option<i64>,
        name: &str,
        by: &By,
        now: i64,
    ) -> QueryResult<(Self, String)> {
        let (key_id, secret) = (base32(&random[..12]), base32(&random[12..]));
        let key = Self {
            key_id,
            site_id,
            name: name.to_owned(),
            secret_sha256: Sha256::digest(secret.as_bytes()).to_vec(),
            created_at: now,
            revoked_at: None,
        };
        let made = [Event::KeyCreated { key_id: key.key_id.clone() }];
        journal::lock(conn, site_id.unwrap_or(NO_SITE))?.append(conn, by, now, &made)?;
        diesel::insert_into(api_keys::table)
            .values((
                api_keys::key_id.eq(&key.key_id),
                api_keys::site_id.eq(key.site_id),
                api_keys::name.eq(&key.name),
                api_keys::secret_sha256.eq(&key.secret_sha256),
                api_keys::created_at.eq(key.created_at),
            ))
            .execute(conn)?;
        let text = format!("{PREFIX}{}_{secret}", key.key_id);
        Ok((key, text))
    }

    /// The key this text opens with; `None` when it is unknown, wrong or revoked.
    ///
    /// # Errors
    /// What the database says.
    pub fn authenticate(conn: &mut AnyConnection, text: &str) -> QueryResult<Option<Self>> {
        let Some((key_id, secret)) = text.strip_prefix(PREFIX).and_then(|rest| rest.split_once('_')) else {
            return Ok(None);
        };
        let key: Option<Self> = api_keys::table.find(key_id).first(conn).optional()?;
        let digest = Sha256::digest(secret.as_bytes());
        Ok(key.filter(|key| key.revoked_at.is_none() && bool::from(key.secret_sha256.ct_eq(&digest))))
    }

    /// Every key, oldest first.
    ///
    /// # Errors
    /// What the database says.
    pub fn all(conn: &mut AnyConnection) -> QueryResult<Vec<Self>> {
        api_keys::table.order((api_keys::created_at, api_keys::key_id)).load(conn)
    }

    /// Makes the key open nothing from `now` (Unix ms) on; whether there was one that did. Call in a transaction that writes.
    ///
    /// # Errors
    /// What the database says.
    pub fn revoke(conn: &mut AnyConnection, key_id: &str, by: &By, now: i64) -> QueryResult<bool> {
        let in_force = || api_keys::table.find(key_id).filter(api_keys::revoked_at.is_null());
        let Some(site_id) = in_force().select(api_keys::site_id).first::<Option<i64>>(conn).optional()? else {
            return Ok(false);
        };
        let mut site = journal::lock(conn, site_id.unwrap_or(NO_SITE))?;
        // Two may revoke it at the same time.
        if diesel::update(in_force()).set(api_keys::revoked_at.eq(now)).execute(conn)? == 0 {
            return Ok(false);
        }
        site.append(conn, by, now, &[Event::KeyRevoked { key_id: key_id.to_owned() }])?;
        Ok(true)
    }
}
