//! The keys that links are signed with, when the settings name none.

use diesel::prelude::*;

use super::connection::AnyConnection;
use super::journal::{self, By, Event, NO_SITE};
use super::schema::{link_keys, sites};

/// A key as it is stored.
#[derive(Clone, Queryable)]
pub struct StoredKey {
    /// Made of the secret.
    pub key_id: i64,
    /// 32 bytes.
    pub secret: Vec<u8>,
    /// Unix ms.
    pub created_at: i64,
    /// Until when the links count that it signed, in Unix ms; `None` while it signs.
    pub expires_at: Option<i64>,
}

/// Those that count at `now` (Unix ms), the one that signs first.
///
/// # Errors
/// What the database says.
pub fn in_force(conn: &mut AnyConnection, now: i64) -> QueryResult<Vec<StoredKey>> {
    let counts = link_keys::expires_at.is_null().or(link_keys::expires_at.gt(now));
    let keys = link_keys::table.filter(counts);
    keys.order((link_keys::expires_at.is_not_null(), link_keys::created_at.desc(), link_keys::key_id)).load(conn)
}

/// Stores a key if there is a site, and no key that signs: a database without a site is empty, and stays so. Call in a
/// transaction that writes.
///
/// # Errors
/// What the database says.
pub fn make_first(conn: &mut AnyConnection, key_id: i64, secret: &[u8], now: i64) -> QueryResult<()> {
    let signs = |conn: &mut AnyConnection| {
        link_keys::table.filter(link_keys::expires_at.is_null()).count().get_result::<i64>(conn)
    };
    if signs(conn)? > 0 || sites::table.count().get_result::<i64>(conn)? == 0 {
        return Ok(());
    }
    // Two servers may start at the same time.
    let mut site = journal::lock(conn, NO_SITE)?;
    if signs(conn)? > 0 {
        return Ok(());
    }
    insert(conn, key_id, secret, now)?;
    site.append(conn, &By::server(), now, &[Event::LinkKeyMade { key_id }])
}

/// Has a new key sign from `now` (Unix ms) on. The links of those before count until `until` (Unix ms). Call in a transaction
/// that writes.
///
/// # Errors
/// What the database says.
pub fn rotate(conn: &mut AnyConnection, key_id: i64, secret: &[u8], until: i64, by: &By, now: i64) -> QueryResult<()> {
    let mut site = journal::lock(conn, NO_SITE)?;
    let lasts_longer = link_keys::expires_at.is_null().or(link_keys::expires_at.gt(until));
    diesel::update(link_keys::table.filter(lasts_longer)).set(link_keys::expires_at.eq(until)).execute(conn)?;
    diesel::delete(link_keys::table.filter(link_keys::expires_at.le(now))).execute(conn)?;
    insert(conn, key_id, secret, now)?;
    site.append(conn, by, now, &[Event::LinkKeyMade { key_id }])
}

fn insert(conn: &mut AnyConnection, key_id: i64, secret: &[u8], now: i64) -> QueryResult<usize> {
    let key = (link_keys::key_id.eq(key_id), link_keys::secret.eq(secret), link_keys::created_at.eq(now));
    diesel::insert_into(link_keys::table).values(key).execute(conn)
}
