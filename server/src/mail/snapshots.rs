//! Every mail, as files under `server/tests/mails/`: whoever changes what mails say sees it there. `COUNTERBELL_BLESS=1`
//! writes them anew.

use std::path::PathBuf;

use super::samples::all;
use super::texts::Language;

/// Languages whose HTML is kept, too: one from the left, one from the right.
const WITH_HTML: [Language; 2] = [Language::En, Language::Ar];

fn check(name: &str, now: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/mails").join(name);
    if std::env::var_os("COUNTERBELL_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, now).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let different = kept.lines().zip(now.lines()).position(|(kept, now)| kept != now);
    assert!(
        kept == now,
        "{} is another from line {} on; if that is right, run this test with COUNTERBELL_BLESS=1",
        path.display(),
        different.unwrap_or_else(|| kept.lines().count().min(now.lines().count())) + 1
    );
}

#[test]
fn every_mail_says_what_it_said() {
    for language in Language::ALL {
        let texts = all(language)
            .into_iter()
            .map(|(name, letter)| format!("==== {name}\nSubject: {}\n\n{}\n", letter.subject, letter.text()));
        check(&format!("{}.txt", language.tag()), &texts.collect::<String>());
    }
}

#[test]
fn every_mail_looks_as_it_did() {
    for language in WITH_HTML {
        for (name, letter) in all(language) {
            check(&format!("{}/{name}.html", language.tag()), &letter.html().unwrap());
        }
    }
}
