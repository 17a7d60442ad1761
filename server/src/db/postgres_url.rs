//! A PostgreSQL URL, read before libpq does.
//!
//! libpq ends user and password at the first `@`, and its messages quote what it then takes for host, port or parameter:
//! of a password with a character that should have been encoded, a part. So the URL is taken apart here, by messages
//! that quote nothing, and libpq gets every character encoded that could mean something else to it.

use std::fmt;
use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};

/// What stands for itself in every part of a URL (RFC 3986 section 2.3); `%` begins what is encoded already.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'%');

/// Seconds for connecting and logging in; milliseconds for the other side's system to confirm what was sent to it.
const LIMITS: [(&str, &str); 2] = [("connect_timeout", "10"), ("tcp_user_timeout", "30000")];

/// `postgres://user:password@host:port,host:port/database?name=value`, every part of which may be left out. Printed
/// without user and password.
#[derive(Clone)]
pub struct PostgresUrl {
    /// With its colon, as it is encoded; empty or `user:password`.
    credentials: Option<SecretString>,
    /// Hosts with their ports.
    hosts: String,
    database: String,
    parameters: Vec<(String, String)>,
}

impl PostgresUrl {
    fn parts(&self) -> (Option<&str>, &str, &str, &[(String, String)]) {
        let credentials = self.credentials.as_ref().map(ExposeSecret::expose_secret);
        (credentials, &self.hosts, &self.database, &self.parameters)
    }
}

impl PartialEq for PostgresUrl {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for PostgresUrl {}

/// What is wrong with a PostgreSQL URL. `Display` quotes nothing of it: that might be part of a password.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidPostgresUrl {
    /// `postgres:host/database`.
    #[error("the PostgreSQL URL lacks the two slashes: use postgres://user:password@host:5432/database")]
    NoSlashes,
    /// `postgres://user:12@34`, where the port should be.
    #[error(
        "what stands where the PostgreSQL URL's port is expected is no number from 1 to 65535: use \
         postgres://user:password@host:5432/database, and in user and password write / as %2F, ? as %3F, @ as %40"
    )]
    Port,
    /// `postgres://us@er:password@host`.
    #[error("the user's name in the PostgreSQL URL holds an @: write it as %40")]
    UserAt,
    /// `postgres://host/data/base`.
    #[error(
        "the PostgreSQL URL's name of a database holds one of / : = @ &: write them as %2F %3A %3D %40 %26, also in user \
         and password"
    )]
    Database,
    /// `%` without two digits behind it.
    #[error(
        "a % in the PostgreSQL URL is not followed by two hexadecimal digits, or %00 is in it: write % itself as %25"
    )]
    Escape,
    /// `?name`.
    #[error(
        "what follows ? in the PostgreSQL URL is not name=value with & between: write ? and & in user and password as \
         %3F and %26"
    )]
    Parameter,
}

impl FromStr for PostgresUrl {
    type Err = InvalidPostgresUrl;

    fn from_str(text: &str) -> Result<Self, InvalidPostgresUrl> {
        let rest = text.split_once("://").ok_or(InvalidPostgresUrl::NoSlashes)?.1;
        check_escapes(rest)?;
        let (place, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = place.split_once('/').unwrap_or((place, ""));
        let (credentials, hosts) = match authority.rsplit_once('@') {
            Some((credentials, hosts)) => (Some(credentials), hosts),
            None => (None, authority),
        };
        let (user, password) = credentials.map_or(("", None), |credentials| match credentials.split_once(':') {
            Some((user, password)) => (user, Some(password)),
            None => (credentials, None),
        });
        if user.contains('@') {
            return Err(InvalidPostgresUrl::UserAt);
        }
        let hosts = hosts.split(',').map(host_and_port).collect::<Result<Vec<_>, _>>()?.join(",");
        if database.contains(['/', ':', '=', '@', '&']) {
            return Err(InvalidPostgresUrl::Database);
        }
        let credentials = credentials.map(|_| match password {
            Some(password) => format!("{}:{}", encoded(user), encoded(password)).into(),
            None => encoded(user).into(),
        });
        let parameters = parameters.split('&').filter(|parameter| !parameter.is_empty());
        let parameters = parameters.map(|parameter| {
            let (name, value) = parameter.split_once('=').ok_or(InvalidPostgresUrl::Parameter)?;
            Ok((encoded(name), encoded(value)))
        });
        Ok(Self { credentials, hosts, database: encoded(database), parameters: parameters.collect::<Result<_, _>>()? })
    }
}

impl PostgresUrl {
    /// As libpq is to read it, with user and password, and with limits for a server that does not answer, unless the URL
    /// sets others.
    pub fn for_libpq(&self) -> String {
        let credentials = self.credentials.as_ref().map(|credentials| format!("{}@", credentials.expose_secret()));
        let credentials = credentials.unwrap_or_default();
        let limits =
            LIMITS.iter().filter(|(name, _)| self.parameter(name).is_none()).map(|(name, value)| (*name, *value));
        let given = self.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let parameters: Vec<_> = given.chain(limits).map(|(name, value)| format!("{name}={value}")).collect();
        format!("postgres://{credentials}{}/{}?{}", self.hosts, self.database, parameters.join("&"))
    }

    /// Whether it names this machine alone: a tunnel's end, perhaps, but nothing else reads what goes there.
    pub fn is_of_this_machine(&self) -> bool {
        self.hosts.split(',').all(|host| {
            let name =
                host.strip_prefix("[::1]").map_or_else(|| host.split(':').next().unwrap_or_default(), |_| "[::1]");
            matches!(name, "localhost" | "127.0.0.1" | "[::1]") || name.starts_with("%2F")
        })
    }

    /// The value of a parameter behind the `?`.
    pub fn parameter(&self, wanted: &str) -> Option<String> {
        let found = self.parameters.iter().rev().find(|(name, _)| name == wanted);
        found.map(|(_, value)| percent_decode_str(value).decode_utf8_lossy().into_owned())
    }
}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = |value: &str, parameter: &str| match value {
            "" => self.parameter(parameter).map(|value| encoded(&value)),
            value => Some(value.to_owned()),
        };
        let host = named(&self.hosts, "host").unwrap_or_else(|| "localhost".to_owned());
        let database = named(&self.database, "dbname").map(|database| format!("/{database}")).unwrap_or_default();
        write!(f, "postgres://{host}{database}")
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn encoded(part: &str) -> String {
    utf8_percent_encode(part, ENCODED).to_string()
}

/// One host with its port, either of which may be left out; an IPv6 address stands in brackets.
fn host_and_port(text: &str) -> Result<String, InvalidPostgresUrl> {
    let bracketed = text.strip_prefix('[').and_then(|text| text.split_once(']'));
    let (host, port) = match bracketed {
        Some((address, rest)) => {
            let sane = address.bytes().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.' | b'%'));
            let port = if rest.is_empty() { Some("") } else { rest.strip_prefix(':') };
            (format!("[{address}]"), port.filter(|_| sane).ok_or(InvalidPostgresUrl::Port)?)
        }
        None => {
            let (host, port) = text.split_once(':').unwrap_or((text, ""));
            (encoded(host), port)
        }
    };
    match (port, port.parse::<u16>()) {
        ("", _) => Ok(host),
        (_, Ok(port @ 1..)) => Ok(format!("{host}:{port}")),
        _ => Err(InvalidPostgresUrl::Port),
    }
}

fn check_escapes(text: &str) -> Result<(), InvalidPostgresUrl> {
    let well = text.split('%').skip(1).all(|after| {
        let digits = after.as_bytes().first_chunk::<2>();
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit) && digits != b"00")
    });
    if well && !text.contains('\0') { Ok(()) } else { Err(InvalidPostgresUrl::Escape) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_goes_to_libpq_and_no_password_to_a_log() {
        for (given, for_libpq, shown) in [
            ("postgres://u@h/d", "postgres://u@h/d?", "postgres://h/d"),
            ("postgresql://h", "postgres://h/?", "postgres://h"),
            ("postgres:///d", "postgres:///d?", "postgres://localhost/d"),
            (
                "postgres://ann:secret@db.example:6432/shop?sslmode=require",
                "postgres://ann:secret@db.example:6432/shop?sslmode=require",
                "postgres://db.example:6432/shop",
            ),
            ("postgres://ann:s%2Fe#c r@et@h/d", "postgres://ann:s%2Fe%23c%20r%40et@h/d?", "postgres://h/d"),
            ("postgres://:secret@h/d", "postgres://:secret@h/d?", "postgres://h/d"),
            ("postgres://a:1,b,[::1]:3/d", "postgres://a:1,b,[::1]:3/d?", "postgres://a:1,b,[::1]:3/d"),
            (
                "postgres://%2Frun%2Fpostgresql/d",
                "postgres://%2Frun%2Fpostgresql/d?",
                "postgres://%2Frun%2Fpostgresql/d",
            ),
            (
                "postgres:///?host=/run/pg&dbname=d&user=a@b",
                "postgres:///?host=%2Frun%2Fpg&dbname=d&user=a%40b",
                "postgres://%2Frun%2Fpg/d",
            ),
        ] {
            let url: PostgresUrl = given.parse().unwrap();
            let limited = match for_libpq {
                url if url.ends_with('?') => format!("{url}connect_timeout=10&tcp_user_timeout=30000"),
                url => format!("{url}&connect_timeout=10&tcp_user_timeout=30000"),
            };
            assert_eq!((url.for_libpq(), url.to_string().as_str()), (limited, shown), "{given}");
            assert_eq!(format!("{url:?}"), shown);
        }
    }

    #[test]
    fn this_machine_is_known_by_its_names() {
        for (url, of_this_machine) in [
            ("postgres://localhost/d", true),
            ("postgres://ann@127.0.0.1:5433,[::1]:5434,%2Frun%2Fpg/d", true),
            ("postgres://localhost,db.example/d", false),
            ("postgres://127.0.0.1.example/d", false),
            ("postgres:///d?host=db.example", false),
        ] {
            assert_eq!(url.parse::<PostgresUrl>().unwrap().is_of_this_machine(), of_this_machine, "{url}");
        }
    }

    #[test]
    fn what_libpq_would_read_otherwise_is_refused() {
        use InvalidPostgresUrl::{Database, Escape, NoSlashes, Parameter, Port, UserAt};
        for (text, error) in [
            ("postgres:ann:secret@h/d", NoSlashes),
            ("postgres://ann:sec/ret@h/d", Port),
            ("postgres://ann:12/34@h/d", Database),
            ("postgres://ann:12?34@h/d", Parameter),
            ("postgres://h:port/d", Port),
            ("postgres://h:0/d", Port),
            ("postgres://[::1]5432/d", Port),
            ("postgres://ann@work:secret@h/d", UserAt),
            ("postgres://ann:100%@h/d", Escape),
            ("postgres://ann:%zz@h/d", Escape),
            ("postgres://h/d%00", Escape),
            ("postgres://h/d?sslmode", Parameter),
            ("postgres://h/d/e", Database),
        ] {
            assert_eq!(text.parse::<PostgresUrl>(), Err(error), "{text}");
        }
    }
}
