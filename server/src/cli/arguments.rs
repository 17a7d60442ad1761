//! The arguments of the program.

use clap::Parser;
use clap::error::ContextValue;

/// This process's arguments; ends the process when they are not understood.
pub fn parse<C: Parser>() -> C {
    C::try_parse().unwrap_or_else(|error| without_secrets(error).exit())
}

/// What clap says of an argument quotes it, and that goes to a terminal, a script's log or a service manager's.
fn without_secrets(mut error: clap::Error) -> clap::Error {
    let quoted: Vec<_> = error.context().map(|(kind, value)| (kind, value.clone())).collect();
    for (kind, value) in quoted {
        let hidden = match value {
            ContextValue::String(text) if may_hold_secret(&text) => ContextValue::String(HIDDEN.to_owned()),
            ContextValue::Strings(texts) if texts.iter().any(|text| may_hold_secret(text)) => {
                ContextValue::Strings(vec![HIDDEN.to_owned()])
            }
            // Advice, which may quote the argument again.
            ContextValue::StyledStrs(texts) if texts.iter().any(|text| may_hold_secret(&text.to_string())) => {
                ContextValue::None
            }
            _ => continue,
        };
        error.insert(kind, hidden);
    }
    error
}

const HIDDEN: &str = "(not shown: it may hold a password)";

/// The address of a database or a mail server with what comes before its `@`, or libpq's `password=...`.
fn may_hold_secret(text: &str) -> bool {
    let named = ["password", "postgres", "smtp"].iter().any(|word| text.to_ascii_lowercase().contains(word));
    let credentials = text.split_once(':').is_some_and(|(_, after)| after.contains('@'));
    credentials || named && text.contains([':', '='])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;

    fn told(args: &[&str]) -> String {
        let error = Cli::try_parse_from([&["counterbell"], args].concat()).err().unwrap();
        without_secrets(error).to_string()
    }

    #[test]
    fn argument_that_may_hold_a_password_is_not_quoted() {
        for secret in [
            "postgres://ann:s3cret@db/shop",
            "postgres:/ann:s3cret",
            "host=db password=s3cret",
            "ann:s3cret@db",
            "--database=postgres://ann:s3cret@db/shop",
            "--smtp=smtps://ann:s3cret@mail.example",
            "-p=ann:s3cret@db",
        ] {
            for args in [
                &[secret][..],
                &["serve", secret],
                &["migrate", "--log-format", secret],
                &["serve", "--workers", secret],
            ] {
                let told = told(args);
                assert!(!told.contains("s3cret") && !told.is_empty(), "{args:?}: {told}");
            }
        }
    }

    #[test]
    fn any_other_is_quoted() {
        for text in ["--retention", "shop.example", "https://shop.example:8443"] {
            assert!(told(&["serve", text]).contains(text), "{text}");
        }
    }
}
