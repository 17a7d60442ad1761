//! What the system gives: files, connections, an address.

use std::path::{Path, PathBuf};

use rustix::process::{Resource, getrlimit};

use super::{Check, size};
use crate::config::{HttpConfig, PublicUrl};
use crate::connections;
use crate::store::FREE_MIN_BYTES;

/// Open files below which a busy evening runs into the limit: each connection takes one.
const FILES_MIN: u64 = 4_096;
/// Free space below which somebody should act.
const SPACE_WARNING: u64 = 1 << 30;

pub(super) fn checks(config: &HttpConfig) -> Vec<Check> {
    vec![open_files(), listen(config), public_address(config.public_url.as_ref()), rate_limit(config)]
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

fn listen(config: &HttpConfig) -> Check {
    let name = "address";
    let texts: Vec<_> = config.listen.iter().map(ToString::to_string).collect();
    let wanted = texts.join(" and ");
    match connections::listen_on(&config.listen) {
        Ok(_) => Check::ok(name, format!("{wanted} can be listened on")),
        Err((address, error)) if error.kind() == std::io::ErrorKind::AddrInUse => {
            Check::ok(name, format!("{address} is in use, as it is when a server runs"))
        }
        Err((address, error)) => Check::failed(
            name,
            format!("cannot listen on {address}: {error}"),
            "give --listen an address of this machine, and a port from 1024 on unless the user may take a lower one",
        ),
    }
}

fn public_address(reached: Option<&PublicUrl>) -> Check {
    let name = "public address";
    match reached {
        Some(reached) => Check::ok(name, format!("pages and people reach the server at {reached}")),
        None => Check::warning(
            name,
            "nobody said where the server is reached: the script tag and the address of the hosted page that `site create` \
             prints have HOST in its place, /openapi.json names no server, and mails have no buttons",
            "set --public-url (COUNTERBELL_PUBLIC_URL, [http] public_url) to the address your proxy answers to, such as \
             https://feedback.shop.example",
        ),
    }
}

fn rate_limit(config: &HttpConfig) -> Check {
    let name = "proxy";
    let limit = config.rate_limit;
    let outside = config.listen.iter().find(|address| !address.ip().is_loopback());
    // Which proxies it can be reached by: those of this machine, or others too.
    let from_here = outside.is_none();
    let is_named = config.trusted_proxies.iter().any(|network| network.addr().is_loopback() == from_here);
    match (outside, is_named) {
        (None, true) => Check::ok(name, "a proxy on this machine is believed, so each sender is counted by itself"),
        (Some(_), true) => Check::ok(name, "proxies are named, so each sender is counted by itself"),
        (None, false) if limit == 0 => Check::ok(name, "only this machine reaches it, and no rate limit is set"),
        (None, false) => Check::warning(
            name,
            format!(
                "only this machine reaches it: all who come through a proxy share one limit, 20 times {limit} a minute"
            ),
            "add this machine with --trusted-proxy 127.0.0.1/32, so that its X-Forwarded-For is believed",
        ),
        (Some(outside), false) => Check::warning(
            name,
            format!("{outside} is reached from outside without encryption"),
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
