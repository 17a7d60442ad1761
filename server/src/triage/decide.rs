//! Which rules fire anew for a response.

use crate::rules::VersionedRule;

/// What follows.
#[derive(Debug, PartialEq, Eq)]
pub enum Decision<'r> {
    /// Rules fire that had not fired before, or did when there was nobody to tell.
    Fire {
        /// Rules that had not fired before.
        new: Vec<&'r VersionedRule>,
        /// Rules that say who is told now.
        telling: Vec<&'r VersionedRule>,
    },
    /// Nothing fires any more: what nobody was told of yet is taken back.
    Withdraw,
    /// Nothing new.
    Nothing,
}

/// A rule fires once for a response, ever. `firing` are those whose conditions hold, `fired` names those that fired before.
pub fn decide<'r>(firing: Vec<&'r VersionedRule>, fired: &[String], somebody_was_told: bool) -> Decision<'r> {
    if firing.is_empty() {
        return if fired.is_empty() { Decision::Nothing } else { Decision::Withdraw };
    }
    let new: Vec<_> = firing.iter().copied().filter(|one| !fired.contains(&one.rule.name)).collect();
    let telling = if somebody_was_told { new.clone() } else { firing };
    if telling.is_empty() { Decision::Nothing } else { Decision::Fire { new, telling } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Rule;

    #[test]
    fn rule_fires_once_and_is_withdrawn_when_nothing_fires() {
        let named = |name: &str| VersionedRule { version: 1, rule: Rule { name: name.to_owned(), ..Rule::unhappy() } };
        let (lukewarm, unhappy) = (&named("lukewarm"), &named("unhappy"));
        let fire = |new: &[&'static str], telling: &[&'static str]| Some((new.to_vec(), telling.to_vec()));
        for (firing, fired, told, expected) in [
            (vec![lukewarm, unhappy], vec![], false, fire(&["lukewarm", "unhappy"], &["lukewarm", "unhappy"])),
            (vec![lukewarm, unhappy], vec!["lukewarm"], true, fire(&["unhappy"], &["unhappy"])),
            (vec![unhappy], vec!["lukewarm"], true, fire(&["unhappy"], &["unhappy"])),
            (vec![lukewarm, unhappy], vec!["unhappy", "lukewarm"], true, None),
            // There was nobody when they fired.
            (vec![lukewarm, unhappy], vec!["lukewarm"], false, fire(&["unhappy"], &["lukewarm", "unhappy"])),
            (vec![unhappy], vec!["unhappy"], false, fire(&[], &["unhappy"])),
        ] {
            let fired: Vec<_> = fired.into_iter().map(str::to_owned).collect();
            let names = |rules: Vec<&VersionedRule>| rules.iter().map(|one| one.rule.name.clone()).collect::<Vec<_>>();
            let decided = match decide(firing, &fired, told) {
                Decision::Fire { new, telling } => Some((names(new), names(telling))),
                Decision::Nothing => None,
                Decision::Withdraw => panic!("something fires"),
            };
            let expected = expected.map(|(new, telling)| (owned(&new), owned(&telling)));
            assert_eq!(decided, expected, "{fired:?}, {told}");
        }
        assert_eq!(decide(vec![], &[], false), Decision::Nothing);
        assert_eq!(decide(vec![], &["unhappy".to_owned()], true), Decision::Withdraw);
    }

    fn owned(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }
}
