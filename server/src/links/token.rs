//! What a link says, as the text that stands in its address.

use data_encoding::BASE64URL_NOPAD;

use super::LONGEST_MS;
use super::ring::{KeyRing, SIGNATURE_BYTES};

/// The one way of writing it that there is yet.
const VERSION: u8 = 1;

/// What a link is for. The numbers are in links that were sent: they are never given to something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Purpose {
    /// To open a case, and act on it.
    Case = 1,
    /// To open the list of alerts that were told together, and act on them.
    Group = 2,
    /// To see that the button of a test mail works.
    Test = 3,
}

impl Purpose {
    const ALL: [Self; 3] = [Self::Case, Self::Group, Self::Test];
}

/// What a link says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// What it is for.
    pub purpose: Purpose,
    /// Where that is.
    pub site_id: i64,
    /// What it is about, by the id that its kind has.
    pub subject_id: [u8; 16],
    /// Whose link it is.
    pub person_id: i64,
    /// From when on it counts no more, in Unix ms; kept to the second, and at most [`LONGEST_MS`] ahead.
    pub expires_at: i64,
    /// Of the person: raised when all links of that person are to stop.
    pub person_generation: u32,
    /// Of the subject: raised when all links to it are to stop.
    pub subject_generation: u32,
}

/// Why a text is no link that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// Nobody of ours wrote it, or it was changed, cut or signed with a key that counts no more.
    #[error("this is not a link of ours, or it is not whole")]
    Invalid,
    /// It was a link; the claim says whose.
    #[error("this link has expired")]
    Expired,
}

/// Version, id of the key, purpose, site, subject, person, expiry, generations.
const CLAIM_BYTES: usize = 1 + 4 + 1 + 8 + 16 + 8 + 8 + 4 + 4;

impl Claim {
    /// The text of the link at `now` (Unix ms); `None` when no key is there to sign with.
    pub fn sign(&self, ring: &KeyRing, now: i64) -> Option<String> {
        let expires_s = self.expires_at.min(now.saturating_add(LONGEST_MS)).div_euclid(1_000);
        let (mut bytes, signature) = ring.sign(|key_id| {
            let mut bytes = Vec::with_capacity(CLAIM_BYTES + SIGNATURE_BYTES);
            bytes.push(VERSION);
            bytes.extend(key_id.to_be_bytes());
            bytes.push(self.purpose as u8);
            bytes.extend(self.site_id.to_be_bytes());
            bytes.extend(self.subject_id);
            bytes.extend(self.person_id.to_be_bytes());
            bytes.extend(expires_s.to_be_bytes());
            bytes.extend(self.person_generation.to_be_bytes());
            bytes.extend(self.subject_generation.to_be_bytes());
            bytes
        })?;
        bytes.extend(signature);
        Some(BASE64URL_NOPAD.encode(&bytes))
    }

    /// What a text says, if one of these keys signed it. It counts while [`Self::is_current`] and the generations say so.
    ///
    /// # Errors
    /// [`LinkError::Invalid`].
    pub fn read(text: &str, ring: &KeyRing) -> Result<Self, LinkError> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| LinkError::Invalid)?;
        let (signed, signature) = bytes.split_last_chunk::<SIGNATURE_BYTES>().ok_or(LinkError::Invalid)?;
        let claim = Self::parse(signed, |key_id| ring.verifies(key_id, signed, signature) == Some(true));
        claim.ok_or(LinkError::Invalid)
    }

    fn parse(signed: &[u8], verifies: impl FnOnce(u32) -> bool) -> Option<Self> {
        let ([VERSION], rest) = signed.split_first_chunk()? else { return None };
        let (key_id, rest) = rest.split_first_chunk()?;
        if !verifies(u32::from_be_bytes(*key_id)) {
            return None;
        }
        let ([purpose], rest) = rest.split_first_chunk()?;
        let (site_id, rest) = rest.split_first_chunk()?;
        let (subject_id, rest) = rest.split_first_chunk()?;
        let (person_id, rest) = rest.split_first_chunk()?;
        let (expires_s, rest) = rest.split_first_chunk()?;
        let (person_generation, rest) = rest.split_first_chunk()?;
        Some(Self {
            purpose: Purpose::ALL.into_iter().find(|known| *known as u8 == *purpose)?,
            site_id: i64::from_be_bytes(*site_id),
            subject_id: *subject_id,
            person_id: i64::from_be_bytes(*person_id),
            expires_at: i64::from_be_bytes(*expires_s).checked_mul(1_000)?,
            person_generation: u32::from_be_bytes(*person_generation),
            subject_generation: u32::from_be_bytes(rest.try_into().ok()?),
        })
    }

    /// Whether it is still its time, at `now` (Unix ms).
    ///
    /// # Errors
    /// [`LinkError::Expired`].
    pub fn is_current(&self, now: i64) -> Result<(), LinkError> {
        if now < self.expires_at { Ok(()) } else { Err(LinkError::Expired) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::links::LinkKey;

    const NOW: i64 = 1_800_000_000_000;

    fn ring(secrets: &[u8]) -> KeyRing {
        KeyRing::new(secrets.iter().map(|secret| LinkKey::new([*secret; 32])).collect())
    }

    fn claim(site_id: i64, subject_id: [u8; 16], person_id: i64) -> Claim {
        Claim {
            purpose: Purpose::Case,
            site_id,
            subject_id,
            person_id,
            expires_at: NOW + 86_400_000,
            person_generation: 3,
            subject_generation: u32::MAX,
        }
    }

    proptest! {
        #[test]
        fn what_was_signed_is_read_and_nothing_else_is(site: i64, subject: [u8; 16], person: i64, place in 0usize..94) {
            let claim = claim(site, subject, person);
            let text = claim.sign(&ring(&[1]), NOW).unwrap();
            prop_assert_eq!(Claim::read(&text, &ring(&[1])), Ok(claim));

            let mut changed = text.into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            prop_assert_eq!(Claim::read(&changed, &ring(&[1])), Err(LinkError::Invalid));
        }

        #[test]
        fn any_text_is_read_without_a_panic(text: String, bytes: Vec<u8>) {
            prop_assert_eq!(Claim::read(&text, &ring(&[1])), Err(LinkError::Invalid));
            prop_assert_eq!(Claim::read(&BASE64URL_NOPAD.encode(&bytes), &ring(&[1])), Err(LinkError::Invalid));
        }
    }

    #[test]
    fn links_of_an_old_key_count_while_it_is_on_the_ring() {
        let claim = claim(1, [2; 16], 3);
        let text = claim.sign(&ring(&[1]), NOW).unwrap();
        assert_eq!(Claim::read(&text, &ring(&[9, 1])), Ok(claim.clone()));
        assert_eq!(Claim::read(&text, &ring(&[9])), Err(LinkError::Invalid));
        assert_eq!(claim.sign(&ring(&[]), NOW), None);
        let newest = claim.sign(&ring(&[9, 1]), NOW).unwrap();
        assert_eq!(Claim::read(&newest, &ring(&[9])), Ok(claim));
    }

    #[test]
    fn link_counts_until_its_time_and_thirty_days_at_most() {
        let signed = |expires_at| {
            let claim = Claim { expires_at, ..claim(1, [2; 16], 3) };
            Claim::read(&claim.sign(&ring(&[1]), NOW).unwrap(), &ring(&[1])).unwrap()
        };
        let short = signed(NOW + 1_000);
        assert_eq!((short.is_current(NOW + 999), short.is_current(NOW + 1_000)), (Ok(()), Err(LinkError::Expired)));
        assert_eq!(signed(i64::MAX).expires_at, NOW + LONGEST_MS);
    }
}
