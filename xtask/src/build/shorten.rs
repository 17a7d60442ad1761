//! Short names for what glue and module call each other.
//!
//! wasm-bindgen names each import after its JavaScript and a hash: 16 hexadecimal digits that no compression shrinks,
//! twice for each of some ninety functions. Only the two files know the names, so both are given short ones.

use std::collections::{HashMap, HashSet};

/// Old names and the short ones that replace them.
#[derive(Debug, Default)]
pub struct ShortNames {
    new: HashMap<String, String>,
}

impl ShortNames {
    /// Name of the one module everything is imported from.
    pub const MODULE: &str = "a";

    /// The short name for `old`; the same every time.
    pub fn shorten(&mut self, old: &str) -> String {
        let next = self.new.len();
        self.new.entry(old.to_owned()).or_insert_with(|| name(next)).clone()
    }

    /// `script` with every identifier that has a short name replaced.
    pub fn apply(&self, script: &str) -> String {
        let mut replaced = String::with_capacity(script.len());
        for word in words(script) {
            replaced.push_str(self.new.get(word).map_or(word, String::as_str));
        }
        replaced
    }
}

/// Whether wasm-bindgen made up this name; ours (`mount`) and `memory` stay as they are.
pub fn is_made_up(name: &str) -> bool {
    name.starts_with("__") || name.starts_with("wasm_bindgen_")
}

/// Every identifier in a script.
pub fn identifiers(script: &str) -> HashSet<&str> {
    words(script).filter(|word| word.starts_with(is_identifier)).collect()
}

/// `script` cut into identifiers and what lies between them.
fn words(script: &str) -> impl Iterator<Item = &str> {
    let mut rest = script;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let inside = is_identifier(first);
        let end = rest.find(|c| is_identifier(c) != inside).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        rest = after;
        Some(word)
    })
}

fn is_identifier(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '$'
}

/// `a` to `z`, `a1` to `z1`, and so on: letters first, as identifiers demand.
fn name(index: usize) -> String {
    let letter = char::from(b'a' + u8::try_from(index % 26).unwrap_or_default());
    match index / 26 {
        0 => letter.to_string(),
        round => format!("{letter}{round}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_identifiers_are_replaced_everywhere() {
        let mut names = ShortNames::default();
        assert_eq!(names.shorten("__wbg_a_1"), "a");
        assert_eq!(names.shorten("__wbg_a_12"), "b");
        assert_eq!(names.shorten("__wbg_a_1"), "a");
        assert_eq!(names.apply("x={__wbg_a_1:f,__wbg_a_12};wasm.__wbg_a_1()"), "x={a:f,b};wasm.a()");
        assert_eq!(names.apply("__wbg_a_123"), "__wbg_a_123");
    }

    #[test]
    fn names_do_not_repeat() {
        let all: HashSet<String> = (0..200).map(name).collect();
        assert_eq!(all.len(), 200);
        assert_eq!(name(27), "b1");
    }
}
