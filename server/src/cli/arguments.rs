//! The arguments of the program.

use clap::error::{ContextKind, ContextValue};
use clap::{Command, Parser};

/// This process's arguments; ends the process when they are not understood.
pub fn parse<C: Parser>() -> C {
    C::try_parse().unwrap_or_else(|error| with_variable(without_secrets(error), &C::command()).exit())
}

/// clap names the flag alone, also where a variable gave the value.
fn with_variable(mut error: clap::Error, command: &Command) -> clap::Error {
    if let Some(ContextValue::String(argument)) = error.get(ContextKind::InvalidArg)
        && let Some(variable) = argument.split([' ', '=']).next().and_then(|flag| variable_of(flag, command))
    {
        let named = format!("{argument} ({variable})");
        error.insert(ContextKind::InvalidArg, ContextValue::String(named));
    }
    error
}

/// The variable that may stand for this flag, in `command` or one of its own.
fn variable_of(flag: &str, command: &Command) -> Option<String> {
    let here = command.get_arguments().find(|argument| argument.get_long() == flag.strip_prefix("--"));
    let variable = here.and_then(|argument| Some(argument.get_env()?.to_string_lossy().into_owned()));
    variable.or_else(|| command.get_subcommands().find_map(|command| variable_of(flag, command)))
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
    use clap::CommandFactory as _;

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
    fn value_of_a_variable_is_told_with_its_name() {
        for (flag, variable) in [
            ("--rate-limit", "COUNTERBELL_RATE_LIMIT"),
            ("--trusted-proxy", "COUNTERBELL_TRUSTED_PROXIES"),
            ("--client-address-header", "COUNTERBELL_CLIENT_ADDRESS_HEADER"),
            ("--smtp-timeout-s", "COUNTERBELL_SMTP_TIMEOUT_S"),
        ] {
            let error = Cli::try_parse_from(["counterbell", "serve", flag, "abc"]).err().unwrap();
            let told = with_variable(error, &Cli::command()).to_string();
            assert!(["abc", flag, variable].iter().all(|word| told.contains(word)), "{told}");
        }
        let error =
            Cli::try_parse_from(["counterbell", "site", "set", "KEY", "--retention-days", "abc"]).err().unwrap();
        let without = error.to_string();
        assert_eq!(with_variable(error, &Cli::command()).to_string(), without, "there is no variable");
    }

    #[test]
    fn any_other_is_quoted() {
        for text in ["--retention", "shop.example", "https://shop.example:8443"] {
            assert!(told(&["serve", text]).contains(text), "{text}");
        }
    }
}
