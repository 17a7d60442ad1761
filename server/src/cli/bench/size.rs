//! `counterbell bench size`: what the database takes.

use std::path::Path;

use clap::Args;
use diesel::RunQueryDsl as _;
use diesel::sql_types::BigInt;
use serde::Serialize;

use super::super::CliError;
use super::super::output::OutputArgs;
use crate::config::CommonSettings;
use crate::db::{AnyConnection, DatabaseUrl, open};

/// Print how many bytes the database and its search index take
#[derive(Args)]
pub struct SizeArgs {
    #[command(flatten)]
    common: CommonSettings,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Serialize)]
struct Size {
    /// Without the search index, which can be made anew.
    database_bytes: i64,
    search_bytes: i64,
}

impl SizeArgs {
    pub fn run(self) -> Result<(), CliError> {
        let url = self.common.database_url()?;
        let (database_bytes, search_bytes) = match &url {
            DatabaseUrl::Sqlite(path) => {
                (file_bytes(path, &["", "-wal"]), file_bytes(path, &["-search", "-search-wal"]))
            }
            DatabaseUrl::Postgres(_) => {
                let mut conn = open(&url)?;
                let search = number(&mut conn, "SELECT pg_total_relation_size('comment_words') AS value")?;
                (number(&mut conn, "SELECT pg_database_size(current_database()) AS value")? - search, search)
            }
        };
        let size = Size { database_bytes, search_bytes };
        let text = format!("{database_bytes} bytes, and {search_bytes} of the search index");
        self.output.print(&size, &text)
    }
}

#[derive(diesel::QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    value: i64,
}

fn number(conn: &mut AnyConnection, query: &str) -> Result<i64, CliError> {
    Ok(diesel::sql_query(query).get_result::<Number>(conn)?.value)
}

/// Of the files there are, named like the database with these endings.
fn file_bytes(path: &Path, endings: &[&str]) -> i64 {
    let bytes = |ending: &&str| {
        let mut name = path.to_owned().into_os_string();
        name.push(ending);
        std::fs::metadata(name).map_or(0, |file| file.len())
    };
    i64::try_from(endings.iter().map(bytes).sum::<u64>()).unwrap_or(i64::MAX)
}
