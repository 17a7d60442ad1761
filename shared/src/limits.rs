//! Every limit a client can run into, in one place.

/// Largest request body taken, in bytes.
pub const BODY_MAX_BYTES: usize = 64 * 1024;
/// Longest comment, in Unicode scalar values.
pub const COMMENT_MAX_CHARS: usize = 10_000;
/// Longest touchpoint name, in Unicode scalar values.
pub const TOUCHPOINT_MAX_CHARS: usize = 64;
/// Longest customer or order reference, in Unicode scalar values.
pub const REFERENCE_MAX_CHARS: usize = 128;
/// Longest e-mail address, in bytes (RFC 5321 section 4.5.3.1.3, less the angle brackets).
pub const EMAIL_MAX_BYTES: usize = 254;
/// Longest language tag, in bytes (RFC 5646 section 4.4.1).
pub const LOCALE_MAX_BYTES: usize = 35;
/// Longest page URL kept, in bytes.
pub const PAGE_URL_MAX_BYTES: usize = 2_048;
/// Highest revision of a response: far more than a customer changes an answer.
pub const REVISION_MAX: u16 = 1_000;
/// Most items of one page of a list.
pub const PAGE_MAX_ITEMS: u32 = 200;
/// Items of a page when the caller names no number.
pub const PAGE_DEFAULT_ITEMS: u32 = 50;
