//! What the system gives: files, connections, an address.

use std::net::TcpListener;
use std::path::{Path, PathBuf};

use rustix::process::{Resource, getrlimit};

use super::{Check, size};
use crate::config::ServeConfig;
use crate::ingest::FREE_MIN_BYTES;

/// Open files below which a busy evening runs into the limit: each connection takes one.
const FILES_MIN: u64 = 4_096;
/// Free space below which somebody should act.
const SPACE_WARNING: u64 = 1 << 30;

pub(super) fn checks(config: &ServeConfig) -> Vec<Check> {
    vec![open_files(), listen(config), rate_limit(config)]
}

fn open_files() -> Check {
    let name = "open files";
    // What `serve` raises its own limit to.
    match getrlimit(Resource::Nofile).maximum {
        Some(limit) if limit < FILES_MIN => Check::warning(
            name,
            format!("at most {limit}, and each connection takes one"),
            format!("raise it to {FILES_MIN} or more: `LimitNOFILE=` in a systemd unit, `ulimit -Hn` in a shell"),
        ),
        Some(limit) => Check::ok(name, format!("at most {limit}")),
        None => Check::ok(name, "no limit"),
    }
}

fn listen(config: &ServeConfig) -> Check {
    let (name, address) = ("address", config.listen);
    match TcpListener::bind(address) {
        Ok(_) => Check::ok(name, format!("{address} is free")),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            Check::ok(name, format!("{address} is in use, as it is when a server runs"))
        }
        Err(error) => Check::failed(
            name,
            format!("cannot listen on {address}: {error}"),
            "give --listen an address of this machine, and a port from 1024 on unless the user may take a lower one",
        ),
    }
}

fn rate_limit(config: &ServeConfig) -> Check {
    let name = "proxy";
    let (limit, listen) = (config.rate_limit, config.listen);
    match (listen.ip().is_loopback(), config.trusted_proxies.is_empty()) {
        (_, false) => Check::ok(name, "proxies are named, so each sender is counted by itself"),
        (true, true) if limit == 0 => Check::ok(name, "only this machine reaches it, and no rate limit is set"),
        (true, true) => Check::warning(
            name,
            format!("only this machine reaches it: who comes through a proxy is not held to {limit} a minute"),
            "name the proxy with --trusted-proxy, such as 127.0.0.1/32, so that its X-Forwarded-For is believed",
        ),
        (false, true) => Check::warning(
            name,
            format!("{listen} is reached from outside without encryption"),
            "put a TLS-terminating proxy in front and name it with --trusted-proxy",
        ),
    }
}

/// Whether files can be made in `folder`, or in the nearest folder above it that is there; leaves none.
pub(super) fn writable(name: &'static str, folder: &Path) -> Check {
    let nearest = nearest_existing(folder);
    match tempfile::NamedTempFile::new_in(&nearest) {
        Ok(_) => Check::ok(name, format!("{} is writable", nearest.display())),
        Err(error) => Check::failed(
            name,
            format!("cannot write to {}: {error}", nearest.display()),
            "give the folder to the user the server runs as",
        ),
    }
}

/// How much the file system of `folder` has left, where a file of `used` bytes grows.
pub(super) fn free_space(folder: &Path, used: u64) -> Check {
    let (name, nearest) = ("disk space", nearest_existing(folder));
    let free = match rustix::fs::statvfs(&nearest) {
        Ok(stat) => stat.f_bavail * stat.f_frsize,
        Err(error) => {
            let found = format!("cannot be told for {}: {error}", nearest.display());
            return Check::warning(name, found, "look at it yourself: `df`");
        }
    };
    let found = format!("{} free in {}, the database has {}", size(free), nearest.display(), size(used));
    if free < FREE_MIN_BYTES {
        Check::failed(name, found, "make room at once: a full disk refuses every response")
    } else if free < SPACE_WARNING.max(used) {
        Check::warning(name, found, "make room: a backup beside it takes as much as the database")
    } else {
        Check::ok(name, found)
    }
}

fn nearest_existing(folder: &Path) -> PathBuf {
    let here = Path::new(".");
    let mut above = folder.ancestors().map(|path| if path.as_os_str().is_empty() { here } else { path });
    above.find(|path| path.is_dir()).unwrap_or(here).to_path_buf()
}
