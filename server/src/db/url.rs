//! Which database, from its URL.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Where responses are stored.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// `sqlite:///absolute/path` or `sqlite:relative/path`: a file, made when missing.
    Sqlite(PathBuf),
    /// `postgres://user:password@host:port/database`, handed to libpq as it is.
    Postgres(String),
}

/// What the operator is told; a typing error must never create an empty SQLite file.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidDatabaseUrl {
    /// No scheme, or one of another database.
    #[error(
        "database URL scheme \"{0}\" is not known: use sqlite:///absolute/path.db, sqlite:relative/path.db or \
         postgres://user:password@host:5432/database"
    )]
    UnknownScheme(String),
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
        let Some((scheme, rest)) = text.split_once(':') else {
            return Err(InvalidDatabaseUrl::UnknownScheme(String::new()));
        };
        match scheme {
            "sqlite" => sqlite_path(rest).map(Self::Sqlite),
            "postgres" | "postgresql" => Ok(Self::Postgres(text.to_owned())),
            other => Err(InvalidDatabaseUrl::UnknownScheme(other.to_owned())),
        }
    }
}

/// The file that `sqlite:` and this name. What other programs take for something else is no name of a file.
fn sqlite_path(rest: &str) -> Result<PathBuf, InvalidDatabaseUrl> {
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
            Self::Postgres(url) => match url::Url::parse(url) {
                Ok(url) => {
                    let host = url.host_str().unwrap_or("localhost");
                    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
                    write!(f, "postgres://{host}{port}{}", url.path())
                }
                Err(_) => f.write_str("postgres://"),
            },
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scheme_chooses_the_database() {
        let sqlite = |path: &str| Ok(DatabaseUrl::Sqlite(PathBuf::from(path)));
        assert_eq!("sqlite:///var/lib/cb.db".parse(), sqlite("/var/lib/cb.db"));
        assert_eq!("sqlite:data/cb.db".parse(), sqlite("data/cb.db"));
        assert_eq!("postgres://u@h/d".parse(), Ok(DatabaseUrl::Postgres("postgres://u@h/d".to_owned())));
        assert!(matches!("postgresql://h/d".parse(), Ok(DatabaseUrl::Postgres(_))));
    }

    #[test]
    fn anything_else_is_refused() {
        for (text, error) in [
            ("mysql://h/d", InvalidDatabaseUrl::UnknownScheme("mysql".to_owned())),
            ("counterbell.db", InvalidDatabaseUrl::UnknownScheme(String::new())),
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

    #[test]
    fn display_hides_the_password() {
        let url: DatabaseUrl = "postgres://ann:secret@db.example:6432/shop?sslmode=require".parse().unwrap();
        assert_eq!(url.to_string(), "postgres://db.example:6432/shop");
    }
}
