//! Which rows of a file came before in it.

use std::collections::HashMap;

/// Lists by the first bits of a digest: short enough that a place in the middle is quickly made.
const LISTS: usize = 1 << 12;

/// How often each content came before, in 8 bytes a row and what the allocator adds (10 to 15 in all): the only thing an
/// import keeps of a row. Not every bit of a digest is kept: among ten million rows two are taken for the same once in a
/// billion files, and one of them may then be stored again by the next import.
pub struct Seen {
    /// Each content once, in ascending order. Lists grow one after the other, so that hardly more is ever held than is
    /// needed; a hash table doubles.
    contents: Vec<Vec<u64>>,
    /// Contents that came again, with how often. Few in most files.
    again: HashMap<(usize, u64), u32>,
}

impl Seen {
    /// Nothing yet.
    pub fn new() -> Self {
        Self { contents: vec![Vec::new(); LISTS], again: HashMap::new() }
    }

    /// Counts a content by its digest; how often it came before.
    pub fn count(&mut self, digest: &[u8; 32]) -> u32 {
        let list = usize::from(u16::from_be_bytes([digest[0], digest[1]])) % LISTS;
        let content = u64::from_be_bytes(std::array::from_fn(|i| digest[i + 2]));
        let contents = &mut self.contents[list];
        let Err(place) = contents.binary_search(&content) else {
            let again = self.again.entry((list, content)).or_default();
            *again = again.saturating_add(1);
            return *again;
        };
        if contents.len() == contents.capacity() {
            // By an eighth, not to twice as many.
            contents.reserve_exact(8 + contents.len() / 8);
        }
        contents.insert(place, content);
        0
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn each_content_is_counted_by_itself() {
        let digest = |content: u32| -> [u8; 32] { Sha256::digest(content.to_be_bytes()).into() };
        let mut seen = Seen::new();
        for before in 0..3 {
            for content in 0..20_000 {
                assert_eq!(seen.count(&digest(content)), before, "{content}");
            }
        }
        assert_eq!([seen.count(&digest(7)), seen.count(&digest(7)), seen.count(&digest(20_000))], [3, 4, 0]);
    }
}
