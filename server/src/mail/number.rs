//! What a mail is called among people.

use counterbell_shared::ResponseId;
use counterbell_shared::ids::base32;

/// Bytes of a UUIDv7 that are random but for two bits, of which five bits each are used.
const RANDOM: usize = 8;

/// `k7qd-02mx`, of the outbox message of this id: short enough to be read out, and no key to anything. Whoever knows the id
/// of a *response* may add to it, so no mail names that.
pub fn message_number(message_id: ResponseId) -> String {
    let random = base32(&message_id.as_bytes()[RANDOM..]);
    let (first, last) = random.split_at(random.len() / 2);
    format!("{first}-{last}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_is_of_the_random_part() {
        let id = |text: &str| text.parse::<ResponseId>().unwrap();
        assert_eq!(message_number(id("018bcfe5-6800-7fff-bfff-ffffffffffff")), "zzzz-zzzz");
        assert_eq!(message_number(id("018bcfe5-6800-7fff-8102-030405060708")), "1234-5678");
    }
}
