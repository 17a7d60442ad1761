//! The `counterbell` program.

use std::process::ExitCode;

/// Faster than the system's under many small requests, and steadier in memory.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    find_certificate_store();
    counterbell::cli::run()
}

/// Tells the OpenSSL built in where this machine keeps the certificates it trusts, unless the environment says so.
///
/// OpenSSL looks where it was configured to be installed, which for one built in is nowhere. libpq
/// (`sslrootcert=system`) asks OpenSSL, and OpenSSL can be told by these two variables alone.
#[expect(unsafe_code, reason = "changing the environment is safe while no other thread runs")]
fn find_certificate_store() {
    let store = openssl_probe::probe();
    let directory = store.cert_dir.first().cloned();
    for (name, path) in [("SSL_CERT_FILE", store.cert_file), ("SSL_CERT_DIR", directory)] {
        if let Some(path) = path
            && std::env::var_os(name).is_none()
        {
            // SAFETY: `main` has started no thread yet.
            unsafe { std::env::set_var(name, path) };
        }
    }
}
