//! From a compiled module and sources to the files a browser fetches.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use wasm_bindgen_cli_support::Bindgen;

use super::compress;
use super::glue;
use super::manifest::{File, Kind, Manifest};
use super::minify;
use super::shorten::{ShortNames, identifiers, is_made_up};

/// What the files are made from.
pub struct Sources {
    /// The module as compiled.
    pub wasm: Vec<u8>,
    /// `widget/loader/widget.js`.
    pub loader: String,
    /// `widget/loader/launcher.css`.
    pub launcher_css: String,
    /// `widget/page/*.js`, in the order they are joined: one module with the glue.
    pub page: String,
    /// `widget/page/hosted.js`, a module of its own.
    pub hosted: String,
    /// `widget/styles/widget.css`.
    pub css: String,
}

impl Sources {
    /// Changes when a source, or the way files are made from it, does.
    pub fn fingerprint(&self) -> String {
        // What this recipe is made of; a new version of a minifier changes the lock file.
        const RECIPE: [&str; 6] = [
            include_str!("pack.rs"),
            include_str!("glue.rs"),
            include_str!("minify.rs"),
            include_str!("shorten.rs"),
            include_str!("compress.rs"),
            include_str!("../../../Cargo.lock"),
        ];
        let mut digest = Sha256::new();
        let texts = [&self.loader, &self.launcher_css, &self.page, &self.hosted, &self.css].map(|text| text.as_bytes());
        for part in [self.wasm.as_slice()].into_iter().chain(texts).chain(RECIPE.map(str::as_bytes)) {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        hex(&digest.finalize())
    }
}

/// Tells Chromium (136 and later) to compile all functions at once, beside the page's own thread, and not each when it is
/// called first: <https://v8.dev/blog/explicit-compile-hints>. Nearly all of the card's are called when it opens.
const COMPILE_HINT: &str = "//# allFunctionsCalledOnLoad\n";

/// Makes the files of the widget in `dist`, an empty directory.
///
/// # Errors
/// A source is not valid, or a file cannot be written.
pub fn pack(sources: Sources, dist: &Path) -> Result<Manifest> {
    let Sources { wasm, loader, launcher_css, page, hosted, css } = sources;
    println!("Making the JavaScript glue");
    let (glue, wasm) = bindgen(wasm)?;
    println!("Minifying");
    let hosted = minify::module("hosted.js", &hosted)?;
    let hosted = write(dist, &hashed("hosted", "js", hosted.as_bytes()), Kind::Fallback, hosted.as_bytes())?;
    let page = fill("the card's script", &page, "HOSTED", &hosted.path)?;
    let script = minify::module("the card's script", &format!("{glue}\n{page}"))?;
    let script = format!("{COMPILE_HINT}{script}");
    let css = minify::css("widget.css", &css)?;
    let launcher_css = minify::css("launcher.css", &launcher_css)?;
    println!("Compressing");
    let mut files = vec![
        write(dist, &hashed("app", "js", script.as_bytes()), Kind::Script, script.as_bytes())?,
        write(dist, &hashed("app", "wasm", &wasm), Kind::Wasm, &wasm)?,
        write(dist, &hashed("app", "css", css.as_bytes()), Kind::Css, css.as_bytes())?,
        hosted,
    ];
    let mut loader = loader;
    let names =
        [("SCRIPT", &files[0].path), ("WASM", &files[1].path), ("CSS", &files[2].path), ("STYLE", &launcher_css)];
    for (name, value) in names {
        loader = fill("widget.js", &loader, name, value)?;
    }
    let loader = minify::script("widget.js", &loader)?;
    files.insert(0, write(dist, "widget.js", Kind::Loader, loader.as_bytes())?);
    let manifest = Manifest { files };
    manifest.write(dist)?;
    Ok(manifest)
}

/// What the `wasm-bindgen` program does: the JavaScript, and the module without what only bindgen needs.
fn bindgen(wasm: Vec<u8>) -> Result<(String, Vec<u8>)> {
    let mut bindgen = Bindgen::new();
    bindgen.input_bytes("app", wasm).web(true)?.typescript(false);
    // The loader says where the module is; a page's own URL is no help.
    bindgen.omit_default_module_path(true).remove_name_section(true).remove_producers_section(true);
    let mut output = bindgen.generate_output().context("wasm-bindgen cannot read the compiled module")?;
    let snippets = output.snippets().values().any(|list| !list.is_empty());
    if snippets || !output.local_modules().is_empty() {
        bail!("a dependency of the widget brings JavaScript of its own, which we do not serve");
    }
    let glue = glue::lighten(output.js())?;
    let module = output.wasm_mut();
    let used = identifiers(&glue);
    let unused = module.exports.iter().filter(|export| is_made_up(&export.name) && !used.contains(&*export.name));
    for export in unused.map(|export| export.id()).collect::<Vec<_>>() {
        module.exports.delete(export);
    }
    // What only they used goes with them.
    walrus::passes::gc::run(module);
    // Read by linkers and by bindgen; browsers do not.
    module.customs.remove_raw("target_features");
    let mut names = ShortNames::default();
    for import in module.imports.iter_mut() {
        import.name = names.shorten(&import.name);
        import.module = ShortNames::MODULE.to_owned();
    }
    for export in module.exports.iter_mut().filter(|export| is_made_up(&export.name)) {
        export.name = names.shorten(&export.name);
    }
    let glue = names.apply(&glue).replace("\"./app_bg.js\"", &format!("{:?}", ShortNames::MODULE));
    Ok((glue, module.emit_wasm()))
}

/// Replaces the placeholder `"%NAME%"`, quotes included; `file` is named in the error.
fn fill(file: &str, script: &str, name: &str, value: &str) -> Result<String> {
    let placeholder = format!("\"%{name}%\"");
    if script.matches(&placeholder).count() != 1 {
        bail!("{file} must have the placeholder {placeholder} exactly once");
    }
    Ok(script.replace(&placeholder, &serde_json::to_string(value)?))
}

/// A name that changes with the content, so that browsers may keep the file for ever.
fn hashed(stem: &str, extension: &str, bytes: &[u8]) -> String {
    format!("assets/{stem}-{}.{extension}", &hex(&Sha256::digest(bytes))[..12])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn write(dist: &Path, path: &str, kind: Kind, bytes: &[u8]) -> Result<File> {
    let gzip = compress::gzip(bytes)?;
    let brotli = compress::brotli(bytes)?;
    for (suffix, bytes) in [("", bytes), (".gz", &gzip), (".br", &brotli)] {
        let target = dist.join(format!("{path}{suffix}"));
        let parent = target.parent().unwrap_or(dist);
        fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
        fs::write(&target, bytes).with_context(|| format!("cannot write {}", target.display()))?;
    }
    let content_type = kind.content_type().to_owned();
    let (raw, gzip, brotli) = (bytes.len(), gzip.len(), brotli.len());
    Ok(File { path: path.to_owned(), kind, content_type, raw, gzip, brotli })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholder_is_filled_exactly_once() {
        assert_eq!(fill("f.js", r#"f("%CSS%")"#, "CSS", "a\"b").unwrap(), r#"f("a\"b")"#);
        for script in ["", r#"f("%CSS%", "%CSS%")"#, "%CSS%"] {
            assert!(fill("f.js", script, "CSS", "x").is_err(), "{script}");
        }
    }

    #[test]
    fn names_follow_the_content() {
        assert_eq!(hashed("app", "css", b""), "assets/app-e3b0c44298fc.css");
        assert_ne!(hashed("app", "css", b"a"), hashed("app", "css", b"b"));
    }
}
