//! Which database, from its URL.

use std::fmt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::postgres_url::{InvalidPostgresUrl, PostgresUrl};

/// Where responses are stored.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// `sqlite:///absolute/path` or `sqlite:relative/path`: a file, made when missing.
    Sqlite(PathBuf),
    /// `postgres://user:password@host:port/database`.
    Postgres(PostgresUrl),
}

/// What the operator is told; a typing error must never create an empty SQLite file. Nothing that may be part of a
/// password is quoted.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidDatabaseUrl {
    /// One of another database.
    #[error(
        "database URL scheme \"{0}\" is not known: use sqlite:///absolute/path.db, sqlite:relative/path.db or \
         postgres://user:password@host:5432/database"
    )]
    UnknownScheme(String),
    /// No scheme, such as a path, or `host=... password=...`.
    #[error(
        "the database URL begins with neither sqlite: nor postgres://: use sqlite:///absolute/path.db, \
         sqlite:relative/path.db or postgres://user:password@host:5432/database"
    )]
    NoScheme,
    /// A PostgreSQL URL that cannot be read.
    #[error(transparent)]
    Postgres(#[from] InvalidPostgresUrl),
    /// `sqlite:postgres://host`, `sqlite:user:password@host`.
    #[error(
        "the SQLite URL holds another URL, or a password before an @: for PostgreSQL use postgres:// alone, else another \
         path"
    )]
    AnotherUrl,
    /// `sqlite:` and nothing else.
    #[error("the SQLite URL names no file: use sqlite:///absolute/path.db or sqlite:relative/path.db")]
    NoPath,
    /// `sqlite://host/path`.
    #[error(
        "the SQLite URL would name a host: use three slashes, sqlite:///absolute/path.db, or none, \
         sqlite:relative/path.db"
    )]
    Host,
    /// `sqlite:~/path` or `sqlite:$HOME/path`: a shell writes the folder's name there only where a word begins, and a
    /// file is read by no shell.
    #[error(
        "the SQLite URL begins with ~ or $, and nothing has put your home folder there: write the whole path, \
         sqlite:///home/you/counterbell.db, or on a command line \"sqlite://$HOME/counterbell.db\""
    )]
    Unexpanded,
    /// `sqlite::memory:`.
    #[error(
        "a database in memory would lose every response when the program ends: name a file, such as \
         sqlite:data/counterbell.db"
    )]
    Memory,
    /// `sqlite:path?mode=rwc`.
    #[error(
        "the SQLite URL takes no options: leave out ? and what follows it; the file is made when it is missing, and \
         how it is opened is set already"
    )]
    Options,
    /// `sqlite:file:path`.
    #[error(
        "the SQLite URL takes no file: in front of the path: use sqlite:///absolute/path.db or sqlite:relative/path.db"
    )]
    FileUri,
}

impl FromStr for DatabaseUrl {
    type Err = InvalidDatabaseUrl;

    fn from_str(text: &str) -> Result<Self, InvalidDatabaseUrl> {
        let (scheme, rest) = text.split_once(':').ok_or(InvalidDatabaseUrl::NoScheme)?;
        match scheme {
            "sqlite" => sqlite_path(rest).map(Self::Sqlite),
            "postgres" | "postgresql" => Ok(Self::Postgres(text.parse()?)),
            // Anything else that has a colon may be cut from a password.
            other if rest.starts_with("//") && other.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
                Err(InvalidDatabaseUrl::UnknownScheme(other.to_owned()))
            }
            _ => Err(InvalidDatabaseUrl::NoScheme),
        }
    }
}

/// The file that `sqlite:` and this name. What other programs take for something else is no name of a file.
fn sqlite_path(rest: &str) -> Result<PathBuf, InvalidDatabaseUrl> {
    if rest.contains("://") || rest.split_once(':').is_some_and(|(_, after)| after.contains('@')) {
        return Err(InvalidDatabaseUrl::AnotherUrl);
    }
    if rest.contains('?') {
        return Err(InvalidDatabaseUrl::Options);
    }
    let name = rest.trim_start_matches('/');
    if name.starts_with(":memory:") {
        return Err(InvalidDatabaseUrl::Memory);
    }
    if name.starts_with(['~', '$']) {
        return Err(InvalidDatabaseUrl::Unexpanded);
    }
    if name.starts_with("file:") {
        return Err(InvalidDatabaseUrl::FileUri);
    }
    let path = match rest.strip_prefix("//") {
        Some(path) if path.starts_with('/') || path.is_empty() => path,
        Some(_) => return Err(InvalidDatabaseUrl::Host),
        None => rest,
    };
    if path.is_empty() || path.ends_with('/') {
        return Err(InvalidDatabaseUrl::NoPath);
    }
    Ok(PathBuf::from(path))
}

/// Without user and password, fit for a log.
impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) if path.is_absolute() => write!(f, "sqlite://{}", path.display()),
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => write!(f, "{url}"),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The folder a file is in.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Whether both names lead to one file that exists, through whatever links.
pub fn is_same_file(a: &Path, b: &Path) -> bool {
    let identity = |path: &Path| path.metadata().map(|file| (file.dev(), file.ino()));
    matches!((identity(a), identity(b)), (Ok(a), Ok(b)) if a == b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scheme_chooses_the_database() {
        let sqlite = |path: &str| Ok(DatabaseUrl::Sqlite(PathBuf::from(path)));
        assert_eq!("sqlite:///var/lib/cb.db".parse(), sqlite("/var/lib/cb.db"));
        assert_eq!("sqlite:data/cb.db".parse(), sqlite("data/cb.db"));
        for url in ["postgres://u@h/d", "postgresql://u@h/d"] {
            assert_eq!(url.parse(), Ok(DatabaseUrl::Postgres("postgres://u@h/d".parse().unwrap())));
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for (text, error) in [
            ("mysql://h/d", InvalidDatabaseUrl::UnknownScheme("mysql".to_owned())),
            ("counterbell.db", InvalidDatabaseUrl::NoScheme),
            ("host=db password=secret port=1", InvalidDatabaseUrl::NoScheme),
            ("sqlite:ann:secret@db/shop", InvalidDatabaseUrl::AnotherUrl),
            ("sqlite:///ann:secret@db/shop", InvalidDatabaseUrl::AnotherUrl),
            ("sqlite:", InvalidDatabaseUrl::NoPath),
            ("sqlite:///", InvalidDatabaseUrl::NoPath),
            ("sqlite://data/cb.db", InvalidDatabaseUrl::Host),
            ("sqlite:~/cb.db", InvalidDatabaseUrl::Unexpanded),
            ("sqlite://~/cb.db", InvalidDatabaseUrl::Unexpanded),
            ("sqlite:///~/cb.db", InvalidDatabaseUrl::Unexpanded),
            ("sqlite:$HOME/cb.db", InvalidDatabaseUrl::Unexpanded),
            ("sqlite:///${STATE_DIRECTORY}/cb.db", InvalidDatabaseUrl::Unexpanded),
            ("sqlite::memory:", InvalidDatabaseUrl::Memory),
            ("sqlite://:memory:", InvalidDatabaseUrl::Memory),
            ("sqlite:///:memory:", InvalidDatabaseUrl::Memory),
            ("sqlite:cb.db?mode=rwc", InvalidDatabaseUrl::Options),
            ("sqlite:///var/lib/cb.db?", InvalidDatabaseUrl::Options),
            ("sqlite:file:cb.db", InvalidDatabaseUrl::FileUri),
            ("sqlite:file:cb.db?mode=memory", InvalidDatabaseUrl::Options),
        ] {
            assert_eq!(text.parse::<DatabaseUrl>(), Err(error), "{text}");
        }
    }

    /// Every one of these with every character left out, and every character that means something in a URL put in or in
    /// the place of another.
    #[test]
    fn mistyped_url_tells_no_secret() {
        let marks = "@:/?#&=%[],; '\"\\";
        let mut tried = 0;
        for url in [
            "postgres://ann:s3cret@db.example:5432/shop?sslmode=require",
            "postgres://:s3cret@/shop",
            "postgres://ann@db/shop?password=s3cret&sslmode=require",
            "postgresql://ann:1%s3cret@[::1]:5432,b/shop",
            "host=db user=ann password=s3cret dbname=shop options='-c geqo=off'",
            "mysql://ann:s3cret@db/shop",
            "sqlite:postgres://ann:s3cret@db/shop",
            "jdbc:postgresql://db/shop?user=ann&password=s3cret",
        ] {
            for at in (0..url.len()).filter(|at| !url[*at..].starts_with("s3cret")) {
                let (before, after) = url.split_at(at);
                let without = &after[1..];
                let changed =
                    marks.chars().flat_map(|c| [format!("{before}{c}{after}"), format!("{before}{c}{without}")]);
                for text in changed.chain([format!("{before}{without}")]).filter(|text| text.contains("s3cret")) {
                    let told = match text.parse::<DatabaseUrl>() {
                        Ok(url) => format!("{url} {url:?}"),
                        Err(error) => format!("{error} {error:?}"),
                    };
                    assert!(!told.contains("s3cret"), "{text}: {told}");
                    tried += 1;
                }
            }
        }
        assert!(tried > 10_000, "{tried}");
    }
}
