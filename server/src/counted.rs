//! Numbers of things, in words.

use std::fmt::Display;

/// `1 message is parked`, `2 messages are parked`: the number, and what fits it.
pub fn counted(number: impl Copy + Display + TryInto<i64>, one: &str, many: &str) -> String {
    let words = if number.try_into().is_ok_and(|number: i64| number == 1) { one } else { many };
    format!("{number} {words}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_is_one() {
        assert_eq!(counted(1_usize, "reply", "replies"), "1 reply");
        for (number, words) in [(0, "0 replies"), (2, "2 replies"), (-1, "-1 replies")] {
            assert_eq!(counted(number, "reply", "replies"), words);
        }
        assert_eq!(counted(u64::MAX, "reply", "replies"), format!("{} replies", u64::MAX));
    }
}
