//! What commands say when nobody is left to be told.

use counterbell_shared::time::UnixMillis;

use super::CliError;
use super::output::tell;
use crate::db::AnyConnection;
use crate::triage::{ADVICE, Gap, gaps};

/// Says on standard error which rules of a site tell nobody who is there.
pub fn warn_of_gaps(conn: &mut AnyConnection, site_id: i64) -> Result<(), CliError> {
    gaps(conn, site_id, UnixMillis::now().0)?.iter().for_each(warn);
    Ok(())
}

/// Says one of them.
pub fn warn(gap: &Gap) {
    tell(&format!("Warning: {gap}. To do: {ADVICE}"));
}
