//! Names that one JSON object gives twice: serde's maps keep the last, and say nothing.

use std::collections::HashMap;
use std::fmt;

use counterbell_shared::problem::pointer_to;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// JSON pointers (RFC 6901) of members of `json` that are there again; none for text that is no JSON.
pub fn pointers_given_twice(json: &[u8]) -> Vec<String> {
    let mut twice = Vec::new();
    if let Ok(names) = serde_json::from_slice::<Names>(json) {
        names.collect_twice("", &mut twice);
    }
    twice
}

/// The members of an object, and theirs; nothing of any other value.
#[derive(Default)]
struct Names(Vec<(String, Names)>);

impl Names {
    fn collect_twice(&self, parent: &str, twice: &mut Vec<String>) {
        let mut seen: HashMap<&str, u32> = HashMap::with_capacity(self.0.len());
        for (name, inner) in &self.0 {
            let times = seen.entry(name).or_default();
            *times += 1;
            let again = *times == 2;
            if again || !inner.0.is_empty() {
                let pointer = pointer_to(parent, name);
                inner.collect_twice(&pointer, twice);
                twice.extend(again.then_some(pointer));
            }
        }
    }
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NamesVisitor)
    }
}

struct NamesVisitor;

impl<'de> Visitor<'de> for NamesVisitor {
    type Value = Names;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Names, A::Error> {
        let mut names = Vec::new();
        while let Some(member) = map.next_entry()? {
            names.push(member);
        }
        Ok(Names(names))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Names, A::Error> {
        while sequence.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Names::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Names, E> {
        Ok(Names::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Names, E> {
        Ok(Names::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Names, E> {
        Ok(Names::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Names, E> {
        Ok(Names::default())
    }

    fn visit_str<E>(self, _: &str) -> Result<Names, E> {
        Ok(Names::default())
    }

    fn visit_unit<E>(self) -> Result<Names, E> {
        Ok(Names::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_told_once_wherever_it_is() {
        let json = br#"{"a":1,"b":{"c":1,"c":[{}],"c":null},"a":"x","a/b":1.5,"a/b":true,"d":[{"e":1,"e":2}]}"#;
        assert_eq!(pointers_given_twice(json), ["/b/c", "/a", "/a~1b"]);
        assert!(pointers_given_twice(b"[1, 1]").is_empty());
        assert!(pointers_given_twice(b"{\"a\":1,\"a\":").is_empty());
    }
}
