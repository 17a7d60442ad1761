//! The database, and the clock, which must agree with it.

use counterbell_shared::time::UnixMillis;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::result::Error as QueryError;
use diesel::sql_types::{BigInt, Bool, Text};

use super::outbox::Told;
use super::{Check, encryption, machine, outbox, sites, size, told, watch, zones};
use crate::db::sites::Site;
use crate::db::{AnyConnection, DatabaseUrl, OpenError, check_pooling, folder_of, migrations, open, responses};
use crate::store::{READ_CONNECTIONS, WRITE_CONNECTIONS};

/// Difference of two clocks that is noticed in what is shown, in ms.
const CLOCK_WARNING_MS: i64 = 2_000;
/// Difference that makes retries and leases go wrong, in ms.
const CLOCK_FAILED_MS: i64 = 60_000;
/// 2026-01-01: a machine that thinks it is earlier has lost its clock.
const EARLIEST: UnixMillis = UnixMillis(1_767_225_600_000);

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

#[derive(QueryableByName)]
struct Word {
    #[diesel(sql_type = Text)]
    word: String,
}

#[derive(QueryableByName)]
struct Truth {
    #[diesel(sql_type = Bool)]
    truth: bool,
}

/// The checks of the database, and what it tells of mail.
pub(super) fn checks(url: &DatabaseUrl) -> (Vec<Check>, Told) {
    if let DatabaseUrl::Sqlite(path) = url
        && !path.exists()
    {
        let folder = folder_of(path);
        let found = format!("{url} does not exist yet");
        let advice = "if this is a new installation, do nothing: `counterbell site create` or `serve` creates it";
        let checks = vec![
            Check::warning("database", found, advice),
            machine::writable("database folder", folder),
            machine::free_space(folder, 0),
            clock(None),
        ];
        return (checks, Told::default());
    }
    let mut conn = match open(url).and_then(|mut conn| check_pooling(&mut conn, url).map(|()| conn)) {
        Ok(conn) => conn,
        Err(error) => {
            let checks = vec![Check::failed("database", error.to_string(), advice(&error, url)), clock(None)];
            return (checks, Told::default());
        }
    };
    let mut checks = vec![reachable(&mut conn, url), schema(&mut conn), durable(&mut conn), writable(&mut conn)];
    if let DatabaseUrl::Sqlite(path) = url {
        checks.push(machine::writable("database folder", folder_of(path)));
        checks.push(machine::free_space(folder_of(path), path.metadata().map_or(0, |file| file.len())));
    }
    if let DatabaseUrl::Postgres(server) = url {
        checks.push(asked("encryption", encryption::check(&mut conn, server)));
        checks.push(connections(&mut conn));
    }
    checks.push(clock(Some(&mut conn)));
    checks.extend(zones::checks(&mut conn));
    checks.extend(sites::checks(&mut conn));
    checks.extend(watch::check(&mut conn));
    checks.extend(told::checks(&mut conn));
    (checks, outbox::ask(&mut conn))
}

fn advice(error: &OpenError, url: &DatabaseUrl) -> &'static str {
    match (error, url) {
        (OpenError::Encoding { .. }, _) => {
            "make a database in UTF8, and move there what is stored with pg_dump and psql"
        }
        (OpenError::Pooled { .. }, _) => "set pool_mode = session in pgbouncer.ini for this database",
        (_, DatabaseUrl::Sqlite(_)) => "check that the file is a database, and the rights of its folder",
        (_, DatabaseUrl::Postgres(_)) => "check that PostgreSQL runs, and host, user, password and database",
    }
}

/// What a query says, or the failure it is.
fn asked(name: &'static str, answer: QueryResult<Check>) -> Check {
    let advice = "look at the database's own log, and at the rights of its user";
    answer.unwrap_or_else(|error| Check::failed(name, format!("the database refused: {error}"), advice))
}

fn reachable(conn: &mut AnyConnection, url: &DatabaseUrl) -> Check {
    let name = "database";
    let (version, bytes) = match conn {
        AnyConnection::Sqlite(_) => (
            "SELECT 'SQLite ' || sqlite_version() AS word",
            "SELECT page_count * page_size AS n FROM pragma_page_count, pragma_page_size",
        ),
        AnyConnection::Postgres(_) => (
            "SELECT 'PostgreSQL ' || current_setting('server_version') AS word",
            "SELECT pg_database_size(current_database()) AS n",
        ),
    };
    let found = word(conn, version).and_then(|version| {
        let bytes: Number = diesel::sql_query(bytes).get_result(conn)?;
        Ok(format!("{url}: {version}, {}", size(u64::try_from(bytes.n).unwrap_or(0))))
    });
    asked(name, found.map(|found| Check::ok(name, found)))
}

fn schema(conn: &mut AnyConnection) -> Check {
    let name = "schema";
    match undone(conn, migrations::state) {
        Ok(state) if !state.unknown.is_empty() => Check::failed(
            name,
            format!("made by a newer version of this program: {}", state.unknown.join(", ")),
            "run that version, or restore a backup from before it",
        ),
        Ok(state) if !state.pending.is_empty() => Check::warning(
            name,
            format!("behind: {} to be applied", state.pending.join(", ")),
            "take a backup, then `counterbell migrate`; `serve` does it too when it starts",
        ),
        Ok(_) => Check::ok(name, "up to date"),
        Err(error) => Check::failed(name, error, "look at the database's own log, and at the rights of its user"),
    }
}

/// Whether a commit is on disk when it is acknowledged.
fn durable(conn: &mut AnyConnection) -> Check {
    let name = "durability";
    let settings: &[(&str, &str, &str)] = match conn {
        AnyConnection::Sqlite(_) => &[
            ("journal_mode", "wal", "SELECT journal_mode AS word FROM pragma_journal_mode"),
            ("synchronous", "2", "SELECT CAST(synchronous AS TEXT) AS word FROM pragma_synchronous"),
        ],
        AnyConnection::Postgres(_) => &[
            ("fsync", "on", "SELECT current_setting('fsync') AS word"),
            ("full_page_writes", "on", "SELECT current_setting('full_page_writes') AS word"),
            ("synchronous_commit", "on", "SELECT current_setting('synchronous_commit') AS word"),
        ],
    };
    let found: QueryResult<Vec<_>> =
        settings.iter().map(|(name, good, query)| Ok((*name, *good, word(conn, query)?))).collect();
    asked(
        name,
        found.map(|found| {
            let text: Vec<_> = found.iter().map(|(name, _, value)| format!("{name}={value}")).collect();
            if found.iter().all(|(_, good, value)| good == value) {
                Check::ok(name, text.join(", "))
            } else {
                let advice = "a power cut could lose acknowledged responses: put the settings right, and an SQLite file \
                              on a local disk";
                Check::failed(name, text.join(", "), advice)
            }
        }),
    )
}

fn writable(conn: &mut AnyConnection) -> Check {
    let name = "writing";
    let tried = match conn {
        // The first statement of its transaction, so it waits for a running server's turn to end.
        AnyConnection::Sqlite(_) => undone(conn, |conn| {
            conn.batch_execute("CREATE TABLE counterbell_doctor (n INTEGER)").map_err(|error| error.to_string())
        }),
        AnyConnection::Postgres(_) => {
            let query = "SELECT current_setting('transaction_read_only') = 'off' \
                         AND has_schema_privilege(current_schema(), 'CREATE') AS truth";
            let may: QueryResult<Truth> = diesel::sql_query(query).get_result(conn);
            may.map_err(|error| error.to_string()).and_then(|may| {
                let refused = "it is read-only, a standby, or the user may not create tables".to_owned();
                if may.truth { Ok(()) } else { Err(refused) }
            })
        }
    };
    match tried {
        Ok(()) => Check::ok(name, "possible"),
        Err(error) => Check::failed(name, error, "check the rights of the file or of the database's user"),
    }
}

/// What one server takes: one for the search index, those that write, and those that read.
const CONNECTIONS_OF_A_SERVER: i64 = (1 + WRITE_CONNECTIONS + READ_CONNECTIONS) as i64;

fn connections(conn: &mut AnyConnection) -> Check {
    let name = "connections";
    let query = "SELECT CAST(current_setting('max_connections') AS BIGINT) \
                 - CAST(current_setting('superuser_reserved_connections') AS BIGINT) \
                 - (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS n";
    let free: QueryResult<Number> = diesel::sql_query(query).get_result(conn);
    asked(
        name,
        free.map(|free| {
            let found = format!("{} more can be opened, a server takes {CONNECTIONS_OF_A_SERVER}", free.n);
            if free.n >= CONNECTIONS_OF_A_SERVER {
                Check::ok(name, found)
            } else {
                Check::warning(name, found, "raise max_connections in postgresql.conf, or close what is not used")
            }
        }),
    )
}

/// Runs `work` in a transaction that is taken back.
fn undone<T, E: ToString>(
    conn: &mut AnyConnection,
    work: impl FnOnce(&mut AnyConnection) -> Result<T, E>,
) -> Result<T, String> {
    let mut done = None;
    let ended = conn.transaction(|conn| {
        done = Some(work(conn).map_err(|error| error.to_string()));
        Err::<(), _>(QueryError::RollbackTransaction)
    });
    match (done, ended) {
        (Some(done), _) => done,
        (None, Err(error)) => Err(error.to_string()),
        (None, Ok(())) => Err("nothing was tried".to_owned()),
    }
}

fn clock(conn: Option<&mut AnyConnection>) -> Check {
    let name = "clock";
    let now = UnixMillis::now();
    let advice = "let the machine keep time: `timedatectl set-ntp true`, or chrony";
    if now < EARLIEST {
        return Check::failed(name, format!("it says {now}, which is long past"), advice);
    }
    let Some(conn) = conn else { return Check::ok(name, now.to_string()) };
    let mut ahead = Vec::new();
    if let AnyConnection::Postgres(_) = conn {
        match server_clock_ms(conn) {
            Ok(difference) => ahead.push((difference, "the database server's clock")),
            Err(error) => return asked(name, Err(error)),
        }
    }
    // Without tables yet there is nothing to compare with.
    if let Ok(Some(newest)) = newest_response(conn) {
        // Older is as it should be; only what comes from the future says that a clock went back.
        ahead.push((newest.saturating_sub(UnixMillis::now().0).max(0), "the newest response"));
    }
    let worst = ahead.into_iter().max_by_key(|(difference, _)| difference.abs());
    match worst {
        Some((ms, what)) if ms.abs() >= CLOCK_FAILED_MS => {
            Check::failed(name, format!("{now}, and {what} is {} s off", ms / 1_000), advice)
        }
        Some((ms, what)) if ms.abs() >= CLOCK_WARNING_MS => {
            Check::warning(name, format!("{now}, and {what} is {} s off", ms / 1_000), advice)
        }
        Some((ms, what)) if ms != 0 => Check::ok(name, format!("{now}, {ms} ms from {what}")),
        _ => Check::ok(name, now.to_string()),
    }
}

/// How far the database server's clock is ahead of ours, in ms: compared with the middle of the question's way.
fn server_clock_ms(conn: &mut AnyConnection) -> QueryResult<i64> {
    let before = UnixMillis::now().0;
    let query = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT) AS n";
    let server: Number = diesel::sql_query(query).get_result(conn)?;
    let after = UnixMillis::now().0;
    Ok(server.n - i64::midpoint(before, after))
}

/// When the newest response of any site was created, Unix ms.
fn newest_response(conn: &mut AnyConnection) -> QueryResult<Option<i64>> {
    let mut newest = None;
    for (site_id, _) in Site::all_keys(conn)? {
        newest = newest.max(responses::newest(conn, site_id)?);
    }
    Ok(newest)
}

fn word(conn: &mut AnyConnection, query: &str) -> QueryResult<String> {
    Ok(diesel::sql_query(query).get_result::<Word>(conn)?.word)
}
