//! `cargo xtask size`.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use tempfile::NamedTempFile;
use wasm_bindgen_cli_support::Bindgen;

use crate::{build, process};

/// The version of twiggy that is installed when there is none: the newest.
const TWIGGY: &str = "0.8.0";
/// How many functions, and how many crates, are shown.
const SHOWN: usize = 25;

/// What the names of our own crates begin with.
const OURS: &str = "counterbell_";

/// Arguments of `cargo xtask size`.
#[derive(clap::Args)]
pub struct Args {
    /// Show which functions and crates the WebAssembly's bytes belong to; builds twiggy the first time
    #[arg(long)]
    why: bool,
}

/// Prints the sizes of the widget last built.
///
/// # Errors
/// No widget has been built, or a size is over its budget.
pub fn run(args: &Args) -> Result<()> {
    // First why: over budget is when it is needed most.
    if args.why {
        explain(&module()?)?;
        println!();
    }
    build::size::run()
}

/// The module as compiled, which still has the functions' names.
fn module() -> Result<PathBuf> {
    let home = process::workspace_root().join("target/widget");
    let of = |toolchain| home.join(format!("cargo-{toolchain}/wasm32-unknown-unknown/widget/counterbell_widget.wasm"));
    // The one made last, where both toolchains were tried.
    let made = |path: &PathBuf| std::fs::metadata(path).and_then(|file| file.modified()).ok();
    let newest = ["rustup", "debian"].map(of).into_iter().filter(|path| made(path).is_some()).max_by_key(made);
    newest.context("no widget has been built; please run: cargo xtask build")
}

/// A part of the module, as `twiggy top --format json` prints it.
#[derive(Deserialize)]
struct Item {
    name: String,
    shallow_size: u64,
}

fn explain(module: &Path) -> Result<()> {
    let twiggy = twiggy()?;
    let shipped = NamedTempFile::with_suffix(".wasm")?;
    std::fs::write(shipped.path(), with_names(module)?)?;
    let mut command = Command::new(twiggy);
    command.args(["top", "--format", "json", "-n", "1000000"]).arg(shipped.path());
    let output = command.stdin(Stdio::null()).output().context("cannot start twiggy")?;
    ensure!(output.status.success(), "twiggy failed: {}", String::from_utf8_lossy(&output.stderr));
    let items: Vec<Item> = serde_json::from_slice(&output.stdout).context("twiggy printed no list")?;
    let items = items.into_iter().filter(|item| !is_left_behind(&item.name));
    let mut items: Vec<_> = items.map(|item| (without_hashes(&item.name), item.shallow_size)).collect();
    items.sort_by(|(name, bytes), (other, other_bytes)| other_bytes.cmp(bytes).then_with(|| name.cmp(other)));
    let total: u64 = items.iter().map(|(_, bytes)| bytes).sum();
    let mut crates = BTreeMap::<&str, u64>::new();
    for (name, bytes) in &items {
        *crates.entry(owner(name)).or_default() += bytes;
    }
    let mut crates: Vec<_> = crates.into_iter().collect();
    crates.sort_by_key(|(_, bytes)| Reverse(*bytes));

    println!("{total} bytes of WebAssembly, before compression");
    print(total, "function or data", items.iter().map(|(name, bytes)| (name.as_str(), *bytes)));
    print(total, "crate", crates.into_iter());
    Ok(())
}

/// The first of a sorted list.
fn print<'a>(total: u64, what: &str, sorted: impl Iterator<Item = (&'a str, u64)>) {
    println!("\n{:>7} {:>6}  {what}", "bytes", "share");
    for (name, bytes) in sorted.take(SHOWN) {
        let share = 100.0 * bytes as f64 / total.max(1) as f64;
        // Types of types of types: the beginning says which function it is.
        println!("{bytes:>7} {share:>5.1}%  {name:.150}");
    }
}

/// What is shipped, but with its names: without what only bindgen needs, which is most of what is compiled.
fn with_names(module: &Path) -> Result<Vec<u8>> {
    let wasm = std::fs::read(module).with_context(|| format!("cannot read {}", module.display()))?;
    let mut bindgen = Bindgen::new();
    bindgen.input_bytes("app", wasm).web(true)?.typescript(false).omit_default_module_path(true).demangle(false);
    let mut output = bindgen.generate_output().context("wasm-bindgen cannot read the compiled module")?;
    Ok(output.wasm_mut().emit_wasm())
}

/// Whether this part of the module is dropped before it is shipped.
fn is_left_behind(name: &str) -> bool {
    name.starts_with("custom section") || name.ends_with("subsection") || name.starts_with("wasm magic")
}

/// The crate that a function is from, by its name: that of the type an implementation is for. What another crate's
/// generic function becomes for a type of ours is ours.
fn owner(name: &str) -> &str {
    let mut path = name.find(OURS).map_or(name, |start| &name[start..]);
    while let Some(rest) =
        ["<", "&", "(", "[", "*", "mut ", "const ", "dyn "].iter().find_map(|word| path.strip_prefix(word))
    {
        path = rest;
    }
    let end = path.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(path.len());
    match path.split_at(end) {
        (found, rest) if rest.starts_with("::") => found,
        ("data", _) => "(data)",
        _ => "(other)",
    }
}

/// The name without the hashes that tell versions of crates apart: `yew[0123456789abcdef]::` is `yew::`.
fn without_hashes(name: &str) -> String {
    let is_hash = |hash: &str| !hash.is_empty() && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut parts = name.split('[');
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once(']') {
            Some((hash, rest)) if is_hash(hash) && hash.len() > 8 => kept.push_str(rest),
            _ => kept.extend(["[", part]),
        }
    }
    kept
}

/// The machine's twiggy, or one of our own under target/.
fn twiggy() -> Result<PathBuf> {
    let own = process::target_directory().join("tools");
    let own_program = own.join("bin/twiggy");
    for program in [PathBuf::from("twiggy"), own_program.clone()] {
        let version = process::output(Command::new(&program).arg("--version"));
        if version.is_some_and(|version| version.split_whitespace().nth(1) == Some(TWIGGY)) {
            return Ok(program);
        }
    }
    println!("Building twiggy into {}: a minute or two, the first time", own.display());
    let mut install = process::cargo();
    install.args(["install", "--locked", "twiggy", "--version", TWIGGY, "--root"]).arg(&own);
    process::run(&mut install)?;
    Ok(own_program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn function_belongs_to_the_crate_its_name_begins_with() {
        let cases = [
            ("yew::scheduler::start", "yew"),
            ("<alloc::string::String as core::fmt::Write>::write_str", "alloc"),
            ("<&mut dyn core::fmt::Write as core::fmt::Write>::write_str", "core"),
            (
                "<<counterbell_widget::state::State>::reduce::{closure#0} as core::ops::FnOnce<()>>::call_once",
                "counterbell_widget",
            ),
            ("data segment \".rodata\"", "(data)"),
            ("<yew::scope::Scope<counterbell_widget::Card>>::send", "counterbell_widget"),
            ("memset", "(other)"),
        ];
        for (name, expected) in cases {
            assert_eq!(owner(name), expected, "{name}");
        }
    }

    #[test]
    fn only_hashes_are_cut_out() {
        let name = "<alloc[61396ad955ee4145]::vec::Vec<[u8; 4]>>::push::<yew[e82b4e466c08e6b]::Html>";
        assert_eq!(without_hashes(name), "<alloc::vec::Vec<[u8; 4]>>::push::<yew::Html>");
        assert_eq!(without_hashes("elem[0]"), "elem[0]");
    }
}
