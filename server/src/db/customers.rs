//! From a customer to their responses.
//!
//! A customer is known by an address, an order or a reference that the shop gave them. Of each half its SHA-256 is kept, which
//! leads to responses that triage looked at, and from none of them back. Whoever gave none of them is nobody else.

use diesel::prelude::*;
use sha2::{Digest as _, Sha256};

use super::connection::AnyConnection;
use super::responses::ResponseRow;
use super::schema::customer_keys;

/// Half a SHA-256.
pub type CustomerKey = [u8; 16];

/// By what the customer of a response is known.
pub fn keys_of(response: &ResponseRow) -> Vec<CustomerKey> {
    let known_by = [
        ("email", response.contact_email.as_deref().map(str::to_lowercase)),
        ("order", response.order_ref.clone()),
        ("customer", response.customer_ref.clone()),
    ];
    let key = |(kind, value): (&str, Option<String>)| {
        let value = value?;
        let value = value.trim();
        (!value.is_empty()).then(|| key(kind, value))
    };
    known_by.into_iter().filter_map(key).collect()
}

fn key(kind: &str, value: &str) -> CustomerKey {
    let digest = Sha256::new().chain_update(kind).chain_update([0]).chain_update(value).finalize();
    let mut key = CustomerKey::default();
    key.copy_from_slice(&digest[..16]);
    key
}

/// Writes down whose response this is, unless it is known. The caller has locked the site.
///
/// # Errors
/// What the database says.
pub fn note(conn: &mut AnyConnection, response: &ResponseRow) -> QueryResult<()> {
    let keys = keys_of(response);
    if keys.is_empty() {
        return Ok(());
    }
    let of_response = customer_keys::table
        .filter(customer_keys::site_id.eq(response.site_id))
        .filter(customer_keys::response_id.eq(&response.response_id));
    let known: Vec<Vec<u8>> = of_response.select(customer_keys::customer_key).load(conn)?;
    for key in keys.iter().filter(|key| known.iter().all(|known| known != key)) {
        let row = (
            customer_keys::site_id.eq(response.site_id),
            customer_keys::customer_key.eq(key.as_slice()),
            customer_keys::response_id.eq(&response.response_id),
            customer_keys::at.eq(response.created_at),
        );
        diesel::insert_into(customer_keys::table).values(row).execute(conn)?;
    }
    Ok(())
}

/// Up to `limit` other responses of the same customer that triage looked at, the latest first: id and when (Unix ms).
///
/// # Errors
/// What the database says.
pub fn others(conn: &mut AnyConnection, response: &ResponseRow, limit: usize) -> QueryResult<Vec<(Vec<u8>, i64)>> {
    let mut found = Vec::new();
    for key in keys_of(response) {
        let of_key = customer_keys::table
            .filter(customer_keys::site_id.eq(response.site_id))
            .filter(customer_keys::customer_key.eq(key.as_slice()))
            .filter(customer_keys::response_id.ne(&response.response_id));
        let rows: Vec<(Vec<u8>, i64)> = of_key
            .order((customer_keys::at.desc(), customer_keys::response_id.desc()))
            .limit(i64::try_from(limit).unwrap_or(i64::MAX))
            .select((customer_keys::response_id, customer_keys::at))
            .load(conn)?;
        found.extend(rows);
    }
    found.sort_by(|a, b| (b.1, &b.0).cmp(&(a.1, &a.0)));
    found.dedup();
    found.truncate(limit);
    Ok(found)
}
