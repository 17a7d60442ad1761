//! The mail that tells staff what happened to a case.

mod letter;

pub use letter::{CaseContent, CaseFacts, Happened};
