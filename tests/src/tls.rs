//! Certificates made for one test.

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use counterbell_test_postgres::Postgres;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use crate::TestApp;

/// A certificate for `localhost`, and the authority that signed it.
pub struct Certificates {
    /// The authority, for whoever connects (PEM).
    pub ca: PathBuf,
    /// The certificate, for the server (PEM).
    pub certificate: PathBuf,
    /// Its private key (PEM).
    pub key: PathBuf,
}

impl Certificates {
    /// Writes new ones into `dir`.
    pub fn write(dir: &Path) -> Self {
        let mut ca = CertificateParams::new([]).unwrap();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        ca.distinguished_name.push(DnType::CommonName, "Counterbell test authority");
        let ca_key = KeyPair::generate().unwrap();
        let ca_pem = ca.self_signed(&ca_key).unwrap().pem();

        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(["localhost".to_owned()]).unwrap();
        let certificate = leaf.signed_by(&key, &Issuer::new(ca, ca_key)).unwrap().pem();

        let file = |name: &str, text: String| {
            let path = dir.join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        Self {
            ca: file("ca.pem", ca_pem),
            certificate: file("certificate.pem", certificate),
            key: file("key.pem", key.serialize_pem()),
        }
    }
}

/// Lets the app's PostgreSQL take encrypted connections, soon; the authority that signed its certificate.
pub fn encrypt_postgres(app: &TestApp, server: &Postgres) -> PathBuf {
    let data = server.dir().join("data");
    let Certificates { ca, certificate, key } = Certificates::write(&data);
    let owner = data.metadata().unwrap();
    for file in [&certificate, &key] {
        std::os::unix::fs::chown(file, Some(owner.uid()), Some(owner.gid())).unwrap();
    }
    // PostgreSQL takes no key that others can read.
    std::fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    for (setting, value) in [("ssl_cert_file", "certificate.pem"), ("ssl_key_file", "key.pem"), ("ssl", "on")] {
        app.execute(&format!("ALTER SYSTEM SET {setting} = '{value}'"));
    }
    app.execute("SELECT pg_reload_conf()");
    ca
}
