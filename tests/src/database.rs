//! A database of one test's own.

use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use url::Url;

use crate::environment;

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
}

/// Empty when made, gone when dropped.
pub struct Database {
    backend: Backend,
    url: Url,
}

impl Database {
    /// A new one; an SQLite file lies in `dir`.
    pub fn create(backend: Backend, dir: &Path) -> Self {
        let url = match backend {
            Backend::Sqlite => Url::parse(&format!("sqlite://{}/counterbell.db", dir.display())).unwrap(),
            Backend::Postgres => {
                let name = format!("counterbell_test_{:016x}", fastrand::u64(..));
                on_postgres(&format!("CREATE DATABASE {name}"));
                let mut url = Url::parse(&environment::postgres_url()).unwrap();
                url.set_path(&name);
                url
            }
        };
        Self { backend, url }
    }

    /// As in `--database-url`.
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// Rows of `table`, counted past the server.
    pub fn count(&self, table: &str) -> i64 {
        let query = diesel::sql_query(format!("SELECT count(*) AS n FROM {table}"));
        let counted: Count = match self.backend {
            Backend::Sqlite => query.get_result(&mut SqliteConnection::establish(self.url.path()).unwrap()),
            Backend::Postgres => query.get_result(&mut PgConnection::establish(self.url()).unwrap()),
        }
        .unwrap();
        counted.n
    }

    /// Changes rows past the server: what it would come to by itself only in hours.
    pub fn execute(&self, statement: &str) {
        match self.backend {
            Backend::Sqlite => {
                let mut conn = SqliteConnection::establish(self.url.path()).unwrap();
                conn.batch_execute("PRAGMA busy_timeout = 5000").unwrap();
                conn.batch_execute(statement)
            }
            Backend::Postgres => PgConnection::establish(self.url()).unwrap().batch_execute(statement),
        }
        .unwrap();
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if self.backend == Backend::Postgres {
            on_postgres(&format!("DROP DATABASE {} WITH (FORCE)", self.url.path().trim_start_matches('/')));
        }
    }
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

fn on_postgres(statement: &str) {
    PgConnection::establish(&environment::postgres_url()).unwrap().batch_execute(statement).unwrap();
}
