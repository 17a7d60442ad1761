//! Whether anybody on the way to PostgreSQL could read along.

use std::path::Path;

use diesel::prelude::*;
use diesel::sql_types::{Bool, Nullable, Text};

use super::Check;
use crate::db::{AnyConnection, PostgresUrl};

/// How PostgreSQL says it is reached.
#[derive(QueryableByName)]
struct Way {
    /// From its own machine.
    #[diesel(sql_type = Bool)]
    local: bool,
    /// By what it is encrypted.
    #[diesel(sql_type = Nullable<Text>)]
    encryption: Option<String>,
}

const WAY: &str = "SELECT COALESCE(inet_client_addr() <<= inet '127.0.0.0/8' OR inet_client_addr() = inet '::1' \
                   OR host(inet_client_addr()) = host(inet_server_addr()), true) AS local, COALESCE( \
                   (SELECT CAST(version AS TEXT) FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl), \
                   (SELECT 'GSSAPI' FROM pg_stat_gssapi WHERE pid = pg_backend_pid() AND encrypted)) AS encryption";

/// What libpq makes sure of before it sends anything (<https://www.postgresql.org/docs/current/libpq-ssl.html>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Checked {
    /// That the certificate is signed by a known authority, and of this host.
    Host,
    /// That it is signed by a known authority.
    Authority,
    /// Nothing.
    Nothing,
}

pub(super) fn check(conn: &mut AnyConnection, url: &PostgresUrl) -> QueryResult<Check> {
    let way: Way = diesel::sql_query(WAY).get_result(conn)?;
    let setting = |parameter: &str, variable: &str| {
        let given = url.parameter(parameter).or_else(|| std::env::var(variable).ok());
        given.filter(|value| !value.is_empty())
    };
    let root = setting("sslrootcert", "PGSSLROOTCERT");
    let mode = setting("sslmode", "PGSSLMODE");
    let usual_root = std::env::home_dir().is_some_and(|home| home.join(Path::new(".postgresql/root.crt")).exists());
    let checked = checked(mode.as_deref(), root.as_deref(), usual_root);
    let way = Way { local: way.local || url.is_of_this_machine(), ..way };
    Ok(verdict(&way, checked))
}

fn checked(mode: Option<&str>, root: Option<&str>, usual_root: bool) -> Checked {
    match mode.unwrap_or(if root == Some("system") { "verify-full" } else { "prefer" }) {
        "verify-full" => Checked::Host,
        "verify-ca" => Checked::Authority,
        // For what was before there was `verify-ca`.
        "require" if root.is_some() || usual_root => Checked::Authority,
        _ => Checked::Nothing,
    }
}

fn verdict(way: &Way, checked: Checked) -> Check {
    let name = "encryption";
    let advice = "add ?sslmode=verify-full&sslrootcert=FILE to the URL, or set PGSSLMODE and PGSSLROOTCERT, with the \
                  authority that signed the server's certificate; ssl = on in postgresql.conf";
    let certificate = match (way.encryption.as_deref(), checked) {
        (Some("GSSAPI"), _) => "both sides are known by Kerberos",
        (_, Checked::Host) => "its certificate is checked, and that it is of this host",
        (_, Checked::Authority) => "its certificate is checked, but not that it is of this host",
        (_, Checked::Nothing) => "its certificate is not checked",
    };
    match (&way.encryption, way.local) {
        (None, true) => Check::ok(name, "PostgreSQL is on this machine, and is reached without encryption"),
        (Some(by), true) => Check::ok(name, format!("PostgreSQL is on this machine; {by}, {certificate}")),
        (None, false) => {
            Check::warning(name, "PostgreSQL is on another machine, and whoever is on the way can read along", advice)
        }
        (Some(by), false) if checked == Checked::Nothing && by != "GSSAPI" => {
            let found =
                format!("PostgreSQL is reached by {by}, but {certificate}: another machine could take its place");
            Check::warning(name, found, advice)
        }
        (Some(by), false) => Check::ok(name, format!("PostgreSQL is reached by {by}, {certificate}")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn certificate_is_checked_as_libpq_checks_it() {
        for (mode, root, usual_root, expected) in [
            (None, None, true, Checked::Nothing),
            (None, Some("system"), false, Checked::Host),
            (None, Some("/ca.pem"), false, Checked::Nothing),
            (Some("require"), None, false, Checked::Nothing),
            (Some("require"), None, true, Checked::Authority),
            (Some("require"), Some("/ca.pem"), false, Checked::Authority),
            (Some("verify-ca"), None, false, Checked::Authority),
            (Some("verify-full"), None, false, Checked::Host),
        ] {
            assert_eq!(checked(mode, root, usual_root), expected, "{mode:?} {root:?} {usual_root}");
        }
    }

    #[test]
    fn only_another_machine_that_could_be_heard_or_replaced_is_warned_of() {
        let verdict = |local, encryption: Option<&str>, checked| {
            verdict(&Way { local, encryption: encryption.map(str::to_owned) }, checked).verdict
        };
        for checked in [Checked::Nothing, Checked::Authority, Checked::Host] {
            assert_eq!(verdict(true, None, checked), Verdict::Ok);
            assert_eq!(verdict(true, Some("TLSv1.3"), checked), Verdict::Ok);
            assert_eq!(verdict(false, None, checked), Verdict::Warning);
            assert_eq!(verdict(false, Some("GSSAPI"), checked), Verdict::Ok);
        }
        assert_eq!(verdict(false, Some("TLSv1.3"), Checked::Nothing), Verdict::Warning);
        assert_eq!(verdict(false, Some("TLSv1.3"), Checked::Authority), Verdict::Ok);
    }
}
