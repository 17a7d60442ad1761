//! Embeds the widget's files, as `cargo xtask build` left them, with their compressed forms.

use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{env, fs};

#[derive(serde::Deserialize)]
struct Manifest {
    files: Vec<File>,
}

#[derive(serde::Deserialize)]
struct File {
    path: String,
    content_type: String,
}

fn main() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("..");
    let dist = root.join("target/widget/dist");
    let manifest = dist.join("manifest.json");
    // Cargo would take what is missing, or younger than this run, as changed and build again.
    if !dist.exists() {
        fs::create_dir_all(&dist)
            .and_then(|()| fs::File::open(&dist)?.set_modified(SystemTime::UNIX_EPOCH))
            .unwrap_or_else(|error| panic!("{}: {error}", dist.display()));
    }
    println!("cargo::rerun-if-changed={}", dist.display());
    println!("cargo::rerun-if-changed=../migrations");
    embed_folder(&root.join("server/surveys"), "SURVEYS", "surveys.rs");
    embed_folder(&root.join("server/locales"), "LOCALES", "locales.rs");

    // Without the widget the server still compiles, for tools that only look at the code; it then says so when asked.
    let files = fs::read(&manifest).ok().map(|json| {
        serde_json::from_slice::<Manifest>(&json)
            .unwrap_or_else(|error| panic!("{}: {error}", manifest.display()))
            .files
    });
    let mut table = String::from("&[\n");
    for file in files.unwrap_or_default() {
        table.push_str(&entry(&dist, &file));
    }
    table.push(']');
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it")).join("assets.rs");
    fs::write(&out, table).unwrap_or_else(|error| panic!("{}: {error}", out.display()));
}

/// A table of the folder's JSON files, by name without `.json`: one more file is one more entry.
fn embed_folder(folder: &Path, constant: &str, output: &str) {
    println!("cargo::rerun-if-changed={}", folder.display());
    let found = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = found.map(|entry| entry.expect("a folder that was opened can be read").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    let mut table = format!("/// Name and text of each file.\nconst {constant}: &[(&str, &str)] = &[\n");
    for path in paths {
        let path = path.canonicalize().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let name = path.file_stem().and_then(|stem| stem.to_str()).expect("names are ASCII");
        writeln!(table, "({name:?}, include_str!({:?})),", path.display().to_string())
            .expect("a String takes everything");
    }
    table.push_str("];\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it")).join(output);
    fs::write(&out, table).unwrap_or_else(|error| panic!("{}: {error}", out.display()));
}

fn entry(dist: &Path, file: &File) -> String {
    let path = dist.join(&file.path).canonicalize().unwrap_or_else(|error| panic!("{}: {error}", file.path));
    let path = path.display();
    println!("cargo::rerun-if-changed={path}");
    let mut hasher = DefaultHasher::new();
    fs::read(path.to_string()).unwrap_or_else(|error| panic!("{path}: {error}")).hash(&mut hasher);
    let mut text = String::new();
    writeln!(
        text,
        "Asset {{ path: {:?}, content_type: {:?}, etag: \"\\\"{:016x}\\\"\", raw: include_bytes!(\"{path}\"), \
         gzip: include_bytes!(\"{path}.gz\"), brotli: include_bytes!(\"{path}.br\") }},",
        file.path,
        file.content_type,
        hasher.finish(),
    )
    .expect("a String takes everything");
    text
}
