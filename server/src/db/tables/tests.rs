//! The list against the databases themselves.

use std::collections::BTreeSet;

use diesel::connection::SimpleConnection as _;
use diesel::sql_types::{BigInt, Text};
use diesel::{QueryableByName, RunQueryDsl as _};

use super::*;
use crate::db::journal::By;
use crate::db::responses::id_from_column;
use crate::db::test_database::{TestDatabase, a_site};
use crate::db::{erase, migrations};

/// Texts and bytes that say nothing of a person: ids, and words of this program.
const IMPERSONAL: &[&str] = &[
    "case_id",
    "channel",
    "customer_key",
    "details",
    "group_id",
    "held",
    "key_id",
    "kind",
    "language",
    "lane",
    "locale",
    "means",
    "message_id",
    "metric",
    "note_id",
    "nothing_to_do",
    "origin",
    "outcome",
    "priority",
    "response_id",
    "secret",
    "secret_sha256",
    "site_key",
    "state",
    "subject_id",
    "subject_kind",
    "zone",
];
/// What a person said, wherever a person's words can stand.
const WORDS: &str = "marmalade";
const SITE: i64 = 1;
const RESPONSE: &str = "0123456789abcdef";

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    kind: String,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// Columns of a table, with their types in lower case.
fn columns(conn: &mut AnyConnection, table: &str) -> Vec<Column> {
    let query = match conn {
        AnyConnection::Sqlite(_) => format!("SELECT name, lower(type) AS kind FROM pragma_table_info('{table}')"),
        AnyConnection::Postgres(_) => format!(
            "SELECT CAST(column_name AS TEXT) AS name, CAST(data_type AS TEXT) AS kind FROM information_schema.columns \
             WHERE table_schema = current_schema() AND table_name = '{table}' ORDER BY ordinal_position"
        ),
    };
    diesel::sql_query(query).load(conn).unwrap()
}

fn is_number(kind: &str) -> bool {
    ["bigint", "integer", "smallint", "boolean"].contains(&kind)
}

fn tables_of(conn: &AnyConnection) -> std::vec::IntoIter<&'static TableInfo> {
    TABLES.iter().filter(|table| table.is_in(conn)).collect::<Vec<_>>().into_iter()
}

fn each_database(check: impl Fn(&mut AnyConnection)) {
    for database in TestDatabase::of_each_kind() {
        check(&mut migrations::open_up_to_date(&database.url).unwrap());
    }
}

#[test]
fn every_table_is_listed() {
    each_database(|conn| {
        assert_eq!(unknown(conn).unwrap(), [""; 0]);
        let there: BTreeSet<_> = dialect::table_names(conn).unwrap().into_iter().collect();
        for table in tables_of(conn) {
            assert!(there.contains(table.name), "{} is listed, and not there", table.name);
        }
    });
}

#[test]
fn every_column_that_can_hold_words_is_named_where_it_is_erased() {
    each_database(|conn| {
        for table in tables_of(conn) {
            let columns = columns(conn, table.name);
            for Column { name, kind } in &columns {
                let named = table.personal.contains(&name.as_str());
                assert!(
                    is_number(kind) || named || IMPERSONAL.contains(&name.as_str()),
                    "{}.{name} can hold a person's words: name it in the list of tables, or here as impersonal",
                    table.name
                );
            }
            let of_response = columns.iter().any(|column| column.name == "response_id");
            assert!(
                !of_response || table.belongs != Belongs::ToSite || table.name == "erased_responses",
                "{} has rows of responses: they are to go with these",
                table.name
            );
            for name in table.personal {
                assert!(columns.iter().any(|column| column.name == *name), "{} has no {name}", table.name);
            }
            assert!(table.personal.is_empty() || table.belongs != Belongs::ToNobody, "{} is never erased", table.name);
        }
    });
}

/// One row in every table, with words wherever they can stand.
fn fill(conn: &mut AnyConnection) {
    for table in tables_of(conn).filter(|table| table.belongs != Belongs::ToNobody) {
        let columns = columns(conn, table.name);
        let bytes = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
        let on_sqlite = matches!(conn, AnyConnection::Sqlite(_));
        let value = |Column { name, kind }: &Column| match (name.as_str(), kind.as_str()) {
            ("seq", _) => "1".to_owned(),
            ("response_id" | "message_id" | "subject_id", _) if on_sqlite => format!("x'{}'", bytes(RESPONSE)),
            ("response_id" | "message_id" | "subject_id", _) => format!("'\\x{}'", bytes(RESPONSE)),
            ("metric", _) => "'csat'".to_owned(),
            ("subject_kind", _) => "'response'".to_owned(),
            (_, "boolean") => "true".to_owned(),
            (_, "array") => format!("ARRAY['{WORDS}']"),
            (_, "bytea") => "''".to_owned(),
            (_, "blob") => "x''".to_owned(),
            (_, kind) if is_number(kind) => SITE.to_string(),
            _ => format!("'{WORDS}'"),
        };
        let names: Vec<_> = columns.iter().map(|column| column.name.as_str()).collect();
        let values: Vec<_> = columns.iter().map(value).collect();
        let insert = format!("INSERT INTO {} ({}) VALUES ({})", table.name, names.join(", "), values.join(", "));
        conn.batch_execute(&insert).unwrap_or_else(|error| panic!("{insert}: {error}"));
    }
}

/// The tables in which words stand.
fn with_words(conn: &mut AnyConnection) -> Vec<&'static str> {
    let mut found = Vec::new();
    for table in tables_of(conn) {
        for Column { name, .. } in columns(conn, table.name).iter().filter(|column| !is_number(&column.kind)) {
            let query = format!("SELECT count(*) AS n FROM {} WHERE CAST({name} AS TEXT) LIKE '%{WORDS}%'", table.name);
            if diesel::sql_query(query).get_result::<Count>(conn).unwrap().n > 0 && found.last() != Some(&table.name) {
                found.push(table.name);
            }
        }
    }
    found
}

#[test]
fn response_that_is_erased_leaves_no_words_in_any_table_that_belongs_to_it() {
    each_database(|conn| {
        fill(conn);
        let belong = [Belongs::ToResponse, Belongs::ToSubject, Belongs::ToMessage, Belongs::ToCase];
        let of_responses: BTreeSet<_> =
            tables_of(conn).filter(|table| belong.contains(&table.belongs)).map(|table| table.name).collect();
        let before = with_words(conn);
        assert!(tables_of(conn).all(|table| table.personal.is_empty() || before.contains(&table.name)), "{before:?}");

        let id = id_from_column(RESPONSE.as_bytes()).unwrap();
        erase::erase_response(conn, SITE, id, &By::operator(), 0).unwrap().unwrap();

        let left: Vec<_> = with_words(conn).into_iter().filter(|name| of_responses.contains(name)).collect();
        assert_eq!(left, [""; 0]);
        for table in of_responses {
            let query = format!("SELECT count(*) AS n FROM {table}");
            assert_eq!(diesel::sql_query(query).get_result::<Count>(conn).unwrap().n, 0, "{table}");
        }
    });
}

#[test]
fn site_that_is_deleted_leaves_no_words_in_any_table() {
    each_database(|conn| {
        fill(conn);
        while !erase::delete_site_chunk(conn, SITE, 100).unwrap().is_empty() {}
        erase::delete_site(conn, &a_site(), &By::operator(), 0).unwrap();
        assert_eq!(with_words(conn), [""; 0]);
    });
}
