//! Identifiers that cross the wire.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// Identifies one response. Made by the client so that a retry is recognised: a UUIDv7 (RFC 9562 section 5.7).
///
/// Other UUID versions are taken too (a till's library may have no v7); only time-ordered ones keep storage compact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResponseId([u8; 16]);

impl ResponseId {
    /// A UUIDv7 from Unix milliseconds and ten random bytes.
    pub fn v7(unix_ms: u64, random: [u8; 10]) -> Self {
        Self(uuid::Builder::from_unix_timestamp_millis(unix_ms, &random).into_uuid().into_bytes())
    }

    /// A UUIDv8 (RFC 9562 section 5.8) that depends on its inputs alone: Unix milliseconds, then a digest.
    ///
    /// An import gives a row the same id every time, so repeating the import changes nothing.
    pub fn v8(unix_ms: u64, digest: [u8; 10]) -> Self {
        let mut bytes = [0; 16];
        bytes[..6].copy_from_slice(&unix_ms.to_be_bytes()[2..]);
        bytes[6..].copy_from_slice(&digest);
        Self(uuid::Builder::from_custom_bytes(bytes).into_uuid().into_bytes())
    }

    /// When it was made, in Unix milliseconds, if it is a UUIDv7.
    pub fn unix_ms(&self) -> Option<u64> {
        let of_v7 = self.0[6] >> 4 == 7;
        let bytes = std::array::from_fn(|place| if place < 2 { 0 } else { self.0[place - 2] });
        of_v7.then(|| u64::from_be_bytes(bytes))
    }

    /// From the 16 bytes kept in the database.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes kept in the database; byte order is time order.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for ResponseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Uuid::from_bytes(self.0).hyphenated().encode_lower(&mut Uuid::encode_buffer()))
    }
}

impl FromStr for ResponseId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let uuid = Uuid::try_parse(text).map_err(|_| InvalidId)?;
        if uuid.is_nil() || uuid.is_max() || uuid.get_variant() != uuid::Variant::RFC4122 {
            return Err(InvalidId);
        }
        Ok(Self(uuid.into_bytes()))
    }
}

/// Public identifier of a site, written in the script tag: `site_` and 16 lower-case base32 characters. Not a secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SiteKey(String);

/// Crockford's base32 alphabet in lower case: no `i`, `l`, `o`, `u` to misread.
pub(crate) const BASE32: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Characters of lower-case Crockford base32, five bits of each random byte: safe in URLs, easy to read out.
pub fn base32(random: &[u8]) -> String {
    random.iter().map(|byte| char::from(BASE32[usize::from(byte & 31)])).collect()
}

/// What every site key begins with.
pub(crate) const SITE_KEY_PREFIX: &str = "site_";
/// Characters that follow it.
pub(crate) const SITE_KEY_DIGITS: usize = 16;

impl SiteKey {
    /// A new key from 16 random bytes (80 bits are used).
    pub fn from_random(random: [u8; 16]) -> Self {
        Self(format!("{}{}", SITE_KEY_PREFIX, base32(&random)))
    }

    /// The key as written in the script tag.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SiteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for SiteKey {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let digits = text.strip_prefix(SITE_KEY_PREFIX).ok_or(InvalidId)?;
        if digits.len() == SITE_KEY_DIGITS && digits.bytes().all(|byte| BASE32.contains(&byte)) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidId)
        }
    }
}

/// The text is not an identifier of the kind asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidId;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v7_carries_version_variant_and_time() {
        let id = ResponseId::v7(1_700_000_000_000, [0xff; 10]).to_string();
        assert_eq!(id, "018bcfe5-6800-7fff-bfff-ffffffffffff");
        assert_eq!(id.parse::<ResponseId>().unwrap().to_string(), id);
    }

    #[test]
    fn time_is_read_from_v7_alone() {
        assert_eq!(ResponseId::v7(1_700_000_000_000, [0xff; 10]).unix_ms(), Some(1_700_000_000_000));
        assert_eq!(ResponseId::v8(1_700_000_000_000, [0xff; 10]).unix_ms(), None);
    }

    #[test]
    fn v7_sorts_by_time() {
        assert!(ResponseId::v7(1, [0xff; 10]).as_bytes() < ResponseId::v7(2, [0; 10]).as_bytes());
    }

    #[test]
    fn v8_depends_on_its_inputs_alone() {
        let id = ResponseId::v8(1_700_000_000_000, [7; 10]);
        assert_eq!(id, ResponseId::v8(1_700_000_000_000, [7; 10]));
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn nil_max_and_rubbish_are_no_response_ids() {
        for text in ["", "x", "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"] {
            assert_eq!(text.parse::<ResponseId>(), Err(InvalidId), "{text}");
        }
    }

    #[test]
    fn site_key_reads_back() {
        let key = SiteKey::from_random([255; 16]);
        assert_eq!(key.as_str(), "site_zzzzzzzzzzzzzzzz");
        assert_eq!(key.as_str().parse(), Ok(key.clone()));
        for text in ["", "site_", "site_ZZZZZZZZZZZZZZZZ", "zzzzzzzzzzzzzzzz", "site_zzzzzzzzzzzzzzzi"] {
            assert_eq!(text.parse::<SiteKey>(), Err(InvalidId), "{text}");
        }
    }
}
