//! A database of one case's own: what an earlier case left to do must not slow the next.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;

/// Where databases are made.
pub enum Backend {
    /// Files in this directory.
    Sqlite(PathBuf),
    /// On a server.
    Postgres {
        /// As in `--database-url`.
        url: String,
        /// Where its files are, if it is one of ours.
        dir: Option<PathBuf>,
    },
}

/// The name in reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BackendName {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

impl std::fmt::Display for BackendName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        })
    }
}

impl Backend {
    /// The one this URL leads to. An SQLite file only names the directory; its own rows are left alone.
    ///
    /// # Errors
    /// The scheme is not one the server takes.
    pub fn at(url: &str) -> Result<Self> {
        if let Some(file) = url.strip_prefix("sqlite:") {
            let file = file.strip_prefix("//").unwrap_or(file);
            let dir = Path::new(file).parent().context("the SQLite URL names no file: sqlite:///dir/file.db")?;
            return Ok(Self::Sqlite(std::path::absolute(dir)?));
        }
        let postgres = url.starts_with("postgres://") || url.starts_with("postgresql://");
        ensure!(postgres, "unknown database URL; sqlite:///dir/file.db and postgres://user@host/name are accepted");
        Ok(Self::Postgres { url: url.to_owned(), dir: None })
    }

    /// Its name in reports.
    pub fn name(&self) -> BackendName {
        match self {
            Self::Sqlite(_) => BackendName::Sqlite,
            Self::Postgres { .. } => BackendName::Postgres,
        }
    }

    /// A directory on the disk that holds the data; `None` when that is another machine's.
    pub fn dir(&self) -> Option<&Path> {
        match self {
            Self::Sqlite(dir) => Some(dir),
            Self::Postgres { dir, .. } => dir.as_deref(),
        }
    }

    /// A new, empty database.
    ///
    /// # Errors
    /// It cannot be made; on PostgreSQL the user must be allowed to.
    pub fn create(&self) -> Result<Database> {
        match self {
            Self::Sqlite(dir) => {
                let dir = tempfile::Builder::new().prefix("bench-").tempdir_in(dir)?;
                let url = format!("sqlite://{}/counterbell.db", dir.path().display());
                Ok(Database { url, remains: Remains::Dir { _dir: dir } })
            }
            Self::Postgres { url: server, .. } => {
                let name = format!("counterbell_bench_{:016x}", fastrand::u64(..));
                psql(server, &format!("CREATE DATABASE {name}"))?;
                let url = with_database(server, &name)?;
                Ok(Database { url, remains: Remains::Postgres { server: server.clone(), name } })
            }
        }
    }
}

impl Backend {
    /// The database that is kept here; made when it is not there yet.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn keep(&self) -> Result<Database> {
        let url = match self {
            Self::Sqlite(dir) => format!("sqlite://{}/counterbell.db", dir.display()),
            Self::Postgres { url: server, .. } => {
                let url = with_database(server, KEPT_NAME)?;
                if psql(&url, "SELECT 1").is_err() {
                    psql(server, &format!("CREATE DATABASE {KEPT_NAME}"))?;
                }
                url
            }
        };
        Ok(Database::at(&url))
    }
}

/// Empty when made, gone when dropped, unless it is to be kept.
pub struct Database {
    /// As in `--database-url`.
    pub url: String,
    remains: Remains,
}

/// The name of a PostgreSQL database that is kept.
const KEPT_NAME: &str = "counterbell_filled";

impl Database {
    /// Where its write-ahead log is: a file, or a directory; `None` when that is another machine's.
    pub fn log_path(&self, backend: &Backend) -> Option<PathBuf> {
        match backend {
            Backend::Sqlite(_) => Some(PathBuf::from(format!("{}-wal", self.url.strip_prefix("sqlite://")?))),
            Backend::Postgres { dir, .. } => Some(dir.as_ref()?.join("data/pg_wal")),
        }
    }

    /// The one at this URL, which is left there.
    pub fn at(url: &str) -> Self {
        Self { url: url.to_owned(), remains: Remains::Everything }
    }
}

enum Remains {
    Everything,
    Dir { _dir: tempfile::TempDir },
    Postgres { server: String, name: String },
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Remains::Postgres { server, name } = &self.remains
            && let Err(error) = psql(server, &format!("DROP DATABASE {name} WITH (FORCE)"))
        {
            eprintln!("warning: {error:#}");
        }
    }
}

/// Runs one statement.
///
/// # Errors
/// What PostgreSQL says.
pub fn psql(server: &str, statement: &str) -> Result<()> {
    let mut psql = Command::new("psql");
    psql.args(["--no-psqlrc", "--quiet", "--dbname", server, "--command", statement]);
    let output = psql.output().context("cannot start psql (Debian's postgresql-client)")?;
    if !output.status.success() {
        bail!("`{statement}` failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

/// The same server, another database.
fn with_database(url: &str, name: &str) -> Result<String> {
    let (base, query) = url.split_once('?').map_or((url, String::new()), |(base, query)| (base, format!("?{query}")));
    let (scheme, rest) = base.split_once("://").context("the database URL has no scheme")?;
    let server = rest.split('/').next().unwrap_or_default();
    Ok(format!("{scheme}://{server}/{name}{query}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_database_keeps_server_and_options() {
        for (url, other) in [
            ("postgres://bench@127.0.0.1:5433/postgres", "postgres://bench@127.0.0.1:5433/x"),
            ("postgres://127.0.0.1", "postgres://127.0.0.1/x"),
            ("postgresql://u:p@db/main?sslmode=require", "postgresql://u:p@db/x?sslmode=require"),
        ] {
            assert_eq!(with_database(url, "x").unwrap(), other);
        }
    }

    #[test]
    fn scheme_chooses_the_backend_and_an_unknown_one_is_refused() {
        assert!(Backend::at("mysql://db/x").is_err());
        assert!(Backend::at("/data/counterbell.db").is_err());
        for url in ["sqlite:///data/counterbell.db", "sqlite:/data/counterbell.db"] {
            assert!(matches!(Backend::at(url), Ok(Backend::Sqlite(dir)) if dir == Path::new("/data")), "{url}");
        }
    }
}
