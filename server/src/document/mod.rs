//! From the bytes of a document that somebody wrote to what it says.

mod twice;

use counterbell_shared::problem::FieldError;
use serde_json::Value;

pub use twice::pointers_given_twice;

/// Reads a document of at most `max_bytes` with `parse`, which gets its JSON.
///
/// # Errors
/// What is wrong, each with a JSON pointer.
pub fn parse<T>(
    document: &[u8],
    max_bytes: usize,
    parse: impl FnOnce(&Value) -> Result<T, Vec<FieldError>>,
) -> Result<T, Vec<FieldError>> {
    let whole = |detail: String| vec![FieldError::new("", detail)];
    if document.len() > max_bytes {
        return Err(whole(format!("must have at most {max_bytes} bytes")));
    }
    let value = serde_json::from_slice(document).map_err(|error| whole(format!("is not JSON: {error}")))?;
    let twice = pointers_given_twice(document).into_iter().map(|pointer| FieldError::new(pointer, "is given twice"));
    let mut errors: Vec<_> = twice.collect();
    match parse(&value) {
        Ok(parsed) if errors.is_empty() => Ok(parsed),
        Ok(_) => Err(errors),
        Err(more) => {
            errors.extend(more);
            Err(errors)
        }
    }
}
