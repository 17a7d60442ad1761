//! The `counterbell` program.

use std::process::ExitCode;

/// Faster than the system's under many small requests, and steadier in memory.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    counterbell::cli::run()
}
