//! What `cargo xtask test` hands over, and where things lie.

use std::path::{Path, PathBuf};

/// The server binary under test.
pub fn binary() -> PathBuf {
    PathBuf::from(variable("COUNTERBELL_BIN"))
}

/// A PostgreSQL server on which databases may be made and dropped.
pub fn postgres_url() -> String {
    variable("COUNTERBELL_TEST_POSTGRES_URL")
}

/// A file of a pinned npm package: `npm("axe-core@4.14.1/axe.min.js")`.
pub fn npm(path: &str) -> String {
    let file = PathBuf::from(variable("COUNTERBELL_TEST_NPM_DIR")).join(path);
    std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// Firefox's driver; there with `--long`.
pub fn geckodriver() -> PathBuf {
    PathBuf::from(variable("COUNTERBELL_TEST_GECKODRIVER"))
}

/// WebKitGTK's smallest browser; there with `--long`. Debian keeps it out of the PATH.
pub fn mini_browser() -> PathBuf {
    PathBuf::from(variable("COUNTERBELL_TEST_MINI_BROWSER"))
}

/// Whether every fault is to be staged as often and as large as docs/FAULTS.md says, and the main flows tried in every
/// browser: `cargo xtask test --long`.
pub fn long() -> bool {
    std::env::var_os("COUNTERBELL_TEST_LONG").is_some()
}

/// How often, or how many: the first as a rule, the second with `--long`.
pub fn scaled(usual: usize, long: usize) -> usize {
    if self::long() { long } else { usual }
}

/// Says that a test cannot do its work on this machine, where a passing test's output would not be shown.
pub fn skipped(test: &str, why: &str) {
    use std::io::Write;
    // Not `eprintln!`, which the test harness catches.
    let _ = writeln!(std::io::stderr(), "SKIPPED: {test}: {why}");
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run `cargo xtask test`"))
}

/// The root of the workspace.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Pictures of the browser: one of every failure, and the ones a test takes on purpose.
pub fn screenshots() -> PathBuf {
    let dir = workspace().join("target/test-screenshots");
    std::fs::create_dir_all(&dir).unwrap();
    dir
}
