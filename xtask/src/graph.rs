//! Which of the server's top modules use which: they are to form layers, without a circle.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use proc_macro2::{TokenStream, TokenTree};

use crate::process;

/// Files that belong to no module of their own.
const ROOTS: [&str; 2] = ["lib", "main"];

/// The modules each module uses, and a file in which it does.
type Graph = BTreeMap<String, BTreeMap<String, PathBuf>>;

/// Prints the server's top modules, those that use others first.
///
/// # Errors
/// A file cannot be read.
pub fn run() -> Result<()> {
    print!("{}", drawn(&read(&process::workspace_root().join("server/src"))?));
    Ok(())
}

/// Fails when modules use each other in a circle.
///
/// # Errors
/// Names the circle, and a file for each of its arrows.
pub fn check() -> Result<()> {
    let graph = read(&process::workspace_root().join("server/src"))?;
    let circle = find_circle(&graph);
    ensure!(circle.is_empty(), "modules of server/src use each other in a circle:{}", arrows(&graph, &circle));
    Ok(())
}

fn read(source: &Path) -> Result<Graph> {
    let mut graph = Graph::new();
    for entry in std::fs::read_dir(source)? {
        let path = entry?.path();
        let module = path.file_stem().and_then(|name| name.to_str()).context("a name outside UTF-8")?.to_owned();
        if ROOTS.contains(&module.as_str()) {
            continue;
        }
        let used = graph.entry(module.clone()).or_default();
        for file in rust_files(path)? {
            let text = std::fs::read_to_string(&file)?;
            let tokens: TokenStream = text.parse().map_err(|error| anyhow::anyhow!("{}: {error}", file.display()))?;
            let mut names = BTreeSet::new();
            collect_used(tokens, &mut names);
            names.remove(&module);
            for name in names {
                used.entry(name).or_insert_with(|| file.clone());
            }
        }
    }
    // What the root itself exports is no module.
    let modules: BTreeSet<_> = graph.keys().cloned().collect();
    graph.values_mut().for_each(|used| used.retain(|name, _| modules.contains(name)));
    Ok(graph)
}

fn rust_files(path: PathBuf) -> Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path]);
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let path = entry?.path();
        if path.is_dir() || path.extension().is_some_and(|extension| extension == "rs") {
            files.extend(rust_files(path)?);
        }
    }
    Ok(files)
}

/// The names after `crate::`, in `use` lines, paths and macros, in lists too.
fn collect_used(tokens: TokenStream, names: &mut BTreeSet<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) => collect_used(group.stream(), names),
            TokenTree::Ident(name) if name == "crate" => match tokens.get(at + 3) {
                Some(TokenTree::Ident(name)) if is_path(&tokens[at + 1..]) => {
                    names.insert(name.to_string());
                }
                Some(TokenTree::Group(list)) if is_path(&tokens[at + 1..]) => {
                    names.extend(first_names(list.stream()));
                }
                _ => {}
            },
            _ => {}
        }
    }
}

fn is_path(tokens: &[TokenTree]) -> bool {
    let is_colon = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ':');
    tokens.iter().take(2).all(is_colon)
}

/// `a` and `b` of `{a::c, b}`.
fn first_names(list: TokenStream) -> Vec<String> {
    let mut names = Vec::new();
    let mut begins = true;
    for token in list {
        if let (true, TokenTree::Ident(name)) = (begins, &token) {
            names.push(name.to_string());
        }
        begins = matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',');
    }
    names
}

/// The modules of one circle, in the order of its arrows; empty when there is none.
fn find_circle(graph: &Graph) -> Vec<String> {
    let mut done = BTreeSet::new();
    graph.keys().find_map(|module| circle_from(graph, module, &mut Vec::new(), &mut done)).unwrap_or_default()
}

fn circle_from<'a>(
    graph: &'a Graph,
    module: &'a str,
    way: &mut Vec<&'a str>,
    done: &mut BTreeSet<&'a str>,
) -> Option<Vec<String>> {
    if let Some(at) = way.iter().position(|name| *name == module) {
        return Some(way[at..].iter().map(|name| (*name).to_owned()).collect());
    }
    if done.contains(module) {
        return None;
    }
    way.push(module);
    let circle = graph[module].keys().find_map(|used| circle_from(graph, used, way, done));
    way.pop();
    done.insert(module);
    circle
}

fn arrows(graph: &Graph, circle: &[String]) -> String {
    let mut text = String::new();
    for (from, to) in circle.iter().zip(circle.iter().cycle().skip(1)) {
        let _ = write!(text, "\n  {from} uses {to}, as in {}", graph[from][to].display());
    }
    text
}

/// A line each module, below those that use it; modules of a circle come last.
fn drawn(graph: &Graph) -> String {
    let mut text = String::new();
    let mut left: BTreeSet<&String> = graph.keys().collect();
    while !left.is_empty() {
        let is_used = |module: &String| left.iter().any(|other| graph[*other].contains_key(module));
        let free: Vec<_> = left.iter().copied().filter(|module| !is_used(module)).collect();
        let layer = if free.is_empty() { left.iter().copied().collect() } else { free };
        for module in layer {
            left.remove(module);
            let used: Vec<_> = graph[module].keys().map(String::as_str).collect();
            let arrow = if used.is_empty() { "" } else { " -> " };
            let _ = writeln!(text, "{module}{arrow}{}", used.join(", "));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(text: &str) -> Vec<String> {
        let mut names = BTreeSet::new();
        collect_used(text.parse().unwrap(), &mut names);
        names.into_iter().collect()
    }

    fn graph(lines: &[(&str, &[&str])]) -> Graph {
        let used = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), PathBuf::from("x.rs"))).collect();
        lines.iter().map(|(module, names)| ((*module).to_owned(), used(names))).collect()
    }

    #[test]
    fn modules_are_found_in_lists_paths_and_macros() {
        assert_eq!(
            used("use crate::db::{self, sites::Site}; use crate::{mail, outbox::{a, b}};"),
            ["db", "mail", "outbox"]
        );
        assert_eq!(used("fn f() { vec![crate::store::x()]; pub(crate) fn g() {} }"), ["store"]);
        assert!(used("pub(crate) struct Crate; // crate::db").is_empty());
    }

    #[test]
    fn circle_is_found_and_layers_are_none() {
        let layers = graph(&[("a", &["b", "c"]), ("b", &["c"]), ("c", &[])]);
        assert!(find_circle(&layers).is_empty());
        assert_eq!(drawn(&layers).lines().map(|line| &line[..1]).collect::<Vec<_>>(), ["a", "b", "c"]);
        let circle = graph(&[("a", &["b"]), ("b", &["c"]), ("c", &["d"]), ("d", &["b"])]);
        assert_eq!(find_circle(&circle), ["b", "c", "d"]);
        assert!(arrows(&circle, &find_circle(&circle)).contains("d uses b, as in x.rs"));
    }
}
