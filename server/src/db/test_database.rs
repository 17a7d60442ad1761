//! Databases of one unit test's own.

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, PgConnection};
use tempfile::TempDir;

use crate::db::DatabaseUrl;
use crate::db::sites::{Limits, Site, StoredToday};

/// Where `cargo xtask test` started a PostgreSQL server on which databases may be made and dropped.
const POSTGRES: &str = "COUNTERBELL_TEST_POSTGRES_URL";

/// An empty database, gone when dropped.
pub struct TestDatabase {
    /// Where it is.
    pub url: DatabaseUrl,
    _dir: TempDir,
    on_postgres: Option<(String, String)>,
}

impl TestDatabase {
    /// One of each kind: an SQLite file, and a PostgreSQL database where the tests have a server.
    pub fn of_each_kind() -> Vec<Self> {
        let mut databases = vec![Self::sqlite()];
        databases.extend(std::env::var(POSTGRES).ok().map(Self::on_postgres));
        databases
    }

    /// An SQLite file.
    pub fn sqlite() -> Self {
        let dir = TempDir::new().unwrap();
        Self { url: DatabaseUrl::Sqlite(dir.path().join("counterbell.db")), _dir: dir, on_postgres: None }
    }

    fn on_postgres(server: String) -> Self {
        let name = format!("counterbell_unit_{:016x}", fastrand::u64(..));
        PgConnection::establish(&server).unwrap().batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
        let mut url = url::Url::parse(&server).unwrap();
        url.set_path(&name);
        let url = url.as_str().parse().unwrap();
        Self { url, _dir: TempDir::new().unwrap(), on_postgres: Some((server, name)) }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let Some((server, name)) = &self.on_postgres {
            let dropped = format!("DROP DATABASE {name} WITH (FORCE)");
            PgConnection::establish(server).unwrap().batch_execute(&dropped).unwrap();
        }
    }
}

/// A site without limits that tells nobody.
pub fn a_site() -> Site {
    Site {
        id: 1,
        site_key: "site_0000000000000000".parse().unwrap(),
        name: String::new(),
        zone: "UTC".to_owned(),
        mail_personal: true,
        origins: Vec::new(),
        recipients: Vec::new(),
        limits: Limits::default(),
        stored_today: StoredToday::default(),
    }
}
