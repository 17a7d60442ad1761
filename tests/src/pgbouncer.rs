//! PgBouncer, between a server and its PostgreSQL.

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use tempfile::TempDir;
use url::Url;

use crate::Program;

/// A PgBouncer of one test's own.
pub struct PgBouncer {
    _program: Program,
    _dir: TempDir,
    port: u16,
}

impl PgBouncer {
    /// One in front of the PostgreSQL of this URL. `pool_mode` is session, transaction or statement.
    ///
    /// # Errors
    /// It is not installed: why.
    pub async fn start(postgres: &str, pool_mode: &str) -> Result<Self, String> {
        let installed = Command::new("pgbouncer").arg("--version").output();
        installed.map_err(|error| format!("pgbouncer: {error}"))?;
        let postgres = Url::parse(postgres).unwrap();
        let dir = TempDir::new().unwrap();
        // Its user must reach the file.
        fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let settings = format!(
            "[databases]\n* = host={} port={} user={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = any\npool_mode = {pool_mode}\n",
            postgres.host_str().unwrap(),
            postgres.port().unwrap(),
            postgres.username(),
        );
        let file = dir.path().join("pgbouncer.ini");
        fs::write(&file, settings).unwrap();
        let mut command = Command::new("pgbouncer");
        if rustix::process::geteuid().is_root() {
            // As root it refuses to run.
            command.args(["-u", "postgres"]);
        }
        let mut program = Program::start(command.arg(&file));
        program.wait_for_output("start", |log| log.contains("process up").then_some(())).await;
        Ok(Self { _program: program, _dir: dir, port })
    }

    /// The URL by which `postgres` is reached through it.
    pub fn url(&self, postgres: &str) -> String {
        let mut url = Url::parse(postgres).unwrap();
        url.set_port(Some(self.port)).unwrap();
        url.into()
    }
}
