//! A database of one test's own.

use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use url::Url;

use crate::{Volume, environment, template};

/// Where responses are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// A file in the test's directory.
    Sqlite,
    /// A database on the server `cargo xtask test` started.
    Postgres,
}

impl Backend {
    /// Every backend: what a storage test runs on.
    pub const ALL: [Self; 2] = [Self::Sqlite, Self::Postgres];

    /// The SQL of an id of a response or message, as its column holds it.
    pub fn id(self, id: &str) -> String {
        let hex = id.replace('-', "");
        match self {
            Self::Sqlite => format!("x'{hex}'"),
            Self::Postgres => format!("decode('{hex}', 'hex')"),
        }
    }

    /// The SQL of such a column as text, without dashes.
    pub fn hex(self, column: &str) -> String {
        match self {
            Self::Sqlite => format!("lower(hex({column}))"),
            Self::Postgres => format!("encode({column}, 'hex')"),
        }
    }
}

/// Where a database is made.
pub enum Place {
    /// Where nearly all tests have theirs.
    Backend(Backend),
    /// On this PostgreSQL server, which goes away with all that is on it.
    Server(String),
    /// A file on this volume, which goes away with all that is on it.
    Volume(Volume),
}

/// Gone when dropped.
pub struct Database {
    place: Place,
    url: Url,
}

impl Database {
    /// A new, empty one; an SQLite file lies in `dir`, unless it lies on a volume.
    pub fn create(place: Place, dir: &Path) -> Self {
        Self::create_as(place, dir, EMPTY)
    }

    /// As [`Self::create`], with the tables already in it where making them takes long: on the PostgreSQL that all tests
    /// share. Elsewhere the program makes them, as always, when it first opens the database.
    pub fn create_quickly(place: Place, dir: &Path) -> Self {
        let source = if matches!(place, Place::Backend(Backend::Postgres)) { template::name() } else { EMPTY };
        Self::create_as(place, dir, source)
    }

    fn create_as(place: Place, dir: &Path, source: &str) -> Self {
        let file = |dir: &Path| Url::parse(&format!("sqlite://{}/counterbell.db", dir.display())).unwrap();
        let url = match &place {
            Place::Backend(Backend::Sqlite) => file(dir),
            Place::Volume(volume) => file(volume.path()),
            Place::Backend(Backend::Postgres) => create_on(&environment::postgres_url(), source),
            Place::Server(server) => create_on(server, source),
        };
        Self { place, url }
    }

    /// As in `--database-url`.
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// Where its file is, if not where everybody can reach it.
    pub fn volume(&self) -> Option<&Volume> {
        match &self.place {
            Place::Volume(volume) => Some(volume),
            _ => None,
        }
    }

    /// Rows of `table`, counted past the server.
    pub fn count(&self, table: &str) -> i64 {
        let query = format!("SELECT count(*) AS n FROM {table}");
        let counted: Count = match &self.place {
            Place::Backend(Backend::Sqlite) => diesel::sql_query(query).get_result(&mut self.sqlite()),
            Place::Volume(volume) => return volume.sqlite(self.url.path(), &query).parse().unwrap(),
            _ => diesel::sql_query(query).get_result(&mut PgConnection::establish(self.url()).unwrap()),
        }
        .unwrap();
        counted.n
    }

    /// What `columns` are in each of `rows`, read past the server and joined by `|`, with `-` for NULL:
    /// `texts(&["kind", "seq"], "journal ORDER BY seq")`.
    pub fn texts(&self, columns: &[&str], rows: &str) -> Vec<String> {
        let columns: Vec<_> = columns.iter().map(|column| format!("COALESCE(CAST({column} AS TEXT), '-')")).collect();
        let query = format!("SELECT {} AS line FROM {rows}", columns.join(" || '|' || "));
        let lines: QueryResult<Vec<Line>> = match &self.place {
            Place::Backend(Backend::Sqlite) => diesel::sql_query(query).load(&mut self.sqlite()),
            Place::Volume(volume) => {
                return volume.sqlite(self.url.path(), &query).lines().map(str::to_owned).collect();
            }
            _ => diesel::sql_query(query).load(&mut PgConnection::establish(self.url()).unwrap()),
        };
        lines.unwrap().into_iter().map(|line| line.line).collect()
    }

    /// Changes rows past the server: what it would come to by itself only in hours.
    pub fn execute(&self, statement: &str) {
        match &self.place {
            Place::Backend(Backend::Sqlite) => self.sqlite().batch_execute(statement),
            Place::Volume(volume) => {
                volume.sqlite(self.url.path(), statement);
                Ok(())
            }
            _ => PgConnection::establish(self.url()).unwrap().batch_execute(statement),
        }
        .unwrap();
    }

    fn sqlite(&self) -> SqliteConnection {
        let mut conn = SqliteConnection::establish(self.url.path()).unwrap();
        conn.batch_execute("PRAGMA busy_timeout = 5000").unwrap();
        conn
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if matches!(self.place, Place::Backend(Backend::Postgres)) {
            let name = self.url.path().trim_start_matches('/');
            on_postgres(&environment::postgres_url(), &format!("DROP DATABASE {name} WITH (FORCE)"));
        }
    }
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// PostgreSQL's own template, with nothing in it.
const EMPTY: &str = "template1";

/// The URL of a new database, a copy of `source`.
fn create_on(server: &str, source: &str) -> Url {
    let name = format!("counterbell_test_{:016x}", fastrand::u64(..));
    on_postgres(server, &format!("CREATE DATABASE {name} TEMPLATE {source}"));
    let mut url = Url::parse(server).unwrap();
    url.set_path(&name);
    url
}

fn on_postgres(server: &str, statement: &str) {
    PgConnection::establish(server).unwrap().batch_execute(statement).unwrap();
}
