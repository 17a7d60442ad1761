//! The keys that links are signed with.

use std::fmt;
use std::sync::Arc;

use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretBox, SecretString};
use sha2::{Digest as _, Sha256};

/// Bytes of a secret: as many as the digest has, which is what HMAC asks for (RFC 2104, section 3).
pub const SECRET_BYTES: usize = 32;
/// Bytes of a signature: half of the digest, the least that RFC 2104 (section 5) allows.
pub const SIGNATURE_BYTES: usize = 16;

/// A secret, and the id by which a link says that it was signed with it.
#[derive(Clone)]
pub struct LinkKey {
    id: u32,
    secret: Arc<SecretBox<[u8; SECRET_BYTES]>>,
}

impl fmt::Debug for LinkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LinkKey({})", self.id)
    }
}

impl LinkKey {
    /// The key with this secret. Its id follows from the secret, and tells nothing of it.
    pub fn new(secret: [u8; SECRET_BYTES]) -> Self {
        let digest = Sha256::new().chain_update(b"counterbell link key id").chain_update(secret).finalize();
        let id = digest.iter().take(4).fold(0, |id, byte| id << 8 | u32::from(*byte));
        Self { id, secret: Arc::new(SecretBox::new(Box::new(secret))) }
    }

    /// The id.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// The secret, to be stored.
    pub fn secret(&self) -> &[u8; SECRET_BYTES] {
        self.secret.expose_secret()
    }

    fn mac(&self, bytes: &[u8]) -> Hmac<Sha256> {
        // Of a length that any hash takes.
        let mac = Hmac::<Sha256>::new_from_slice(self.secret()).unwrap_or_else(|_| unreachable!("HMAC takes any key"));
        mac.chain_update(bytes)
    }

    fn sign(&self, bytes: &[u8]) -> [u8; SIGNATURE_BYTES] {
        let whole = self.mac(bytes).finalize().into_bytes();
        std::array::from_fn(|place| whole[place])
    }

    fn verifies(&self, bytes: &[u8], signature: &[u8; SIGNATURE_BYTES]) -> bool {
        self.mac(bytes).verify_truncated_left(signature).is_ok()
    }
}

/// Keys that count. The first one signs.
#[derive(Clone, Debug, Default)]
pub struct KeyRing {
    keys: Vec<LinkKey>,
}

impl KeyRing {
    /// Of these keys.
    pub fn new(keys: Vec<LinkKey>) -> Self {
        Self { keys }
    }

    /// Of texts that somebody set.
    pub fn of_texts(texts: &[SecretString]) -> Self {
        let key = |text: &SecretString| LinkKey::new(Sha256::digest(text.expose_secret().as_bytes()).into());
        Self { keys: texts.iter().map(key).collect() }
    }

    /// The id of the key that signs, and the signature of `bytes`, which the id goes before. `None` without a key.
    pub(super) fn sign(&self, bytes: impl FnOnce(u32) -> Vec<u8>) -> Option<(Vec<u8>, [u8; SIGNATURE_BYTES])> {
        let key = self.keys.first()?;
        let bytes = bytes(key.id);
        let signature = key.sign(&bytes);
        Some((bytes, signature))
    }

    /// Whether the key of this id signed these bytes. `None` when no such key counts.
    pub(super) fn verifies(&self, id: u32, bytes: &[u8], signature: &[u8; SIGNATURE_BYTES]) -> Option<bool> {
        let key = self.keys.iter().find(|key| key.id == id)?;
        Some(key.verifies(bytes, signature))
    }
}
