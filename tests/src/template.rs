//! The PostgreSQL database that most tests get a copy of: its tables are made once, not once a test.

use std::sync::OnceLock;
use std::time::UNIX_EPOCH;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use tempfile::TempDir;
use url::Url;

use crate::{cli, environment};

const NAME: &str = "counterbell_template";

/// Of the lock under which it is made; any number would do.
const LOCK: i64 = 0x4342_656c;

/// Its name, on the server all tests share. The first test to ask makes it, whichever program that test is in. Nobody
/// stays connected to it: PostgreSQL copies no database that somebody uses.
pub fn name() -> &'static str {
    static MADE: OnceLock<()> = OnceLock::new();
    MADE.get_or_init(make_unless_made);
    NAME
}

#[derive(QueryableByName)]
struct Made {
    #[diesel(sql_type = Nullable<Text>)]
    by: Option<String>,
}

fn make_unless_made() {
    let server = environment::postgres_url();
    let mut conn = PgConnection::establish(&server).unwrap();
    // Given back at the end of the connection.
    conn.batch_execute(&format!("SELECT pg_advisory_lock({LOCK})")).unwrap();
    let program = program();
    let made = "SELECT shobj_description(oid, 'pg_database') AS by FROM pg_database WHERE datname = $1";
    let made: Option<Made> = diesel::sql_query(made).bind::<Text, _>(NAME).get_result(&mut conn).optional().unwrap();
    if made.is_some_and(|made| made.by.as_deref() == Some(&program)) {
        return;
    }
    conn.batch_execute(&format!("DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")).unwrap();
    conn.batch_execute(&format!("CREATE DATABASE {NAME}")).unwrap();
    let mut url = Url::parse(&server).unwrap();
    url.set_path(NAME);
    let dir = TempDir::new().unwrap();
    let migrated = cli::run_command(cli::command(dir.path()).args(["migrate", "--database-url", url.as_str()]));
    assert!(migrated.status.success(), "{migrated:?}");
    // Last: one that was left half made has no such mark.
    conn.batch_execute(&format!("COMMENT ON DATABASE {NAME} IS '{program}'")).unwrap();
}

/// Which program made it: another one, on a server that outlives it, may have other migrations.
fn program() -> String {
    let about = environment::binary().metadata().unwrap();
    let built = about.modified().unwrap().duration_since(UNIX_EPOCH).unwrap();
    format!("made by a program of {} bytes, built at {} ns", about.len(), built.as_nanos())
}
