//! `cargo xtask screenshots`: pictures of the widget on the demo's shop, and of mails, in Chromium, for the documentation.

mod mails;
mod page;
mod scene;
mod story;
mod walk;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::browser::Browser;
use crate::product;
use crate::stage::Stage;
use crate::{host_page, process};
use scene::{SCENES, Scene};
use walk::Walk;

/// The most bytes of a picture: all of them are fetched with the repository.
const PICTURE_BYTES_MAX: usize = 60_000;
/// The most bytes of the README's picture, which is three in one.
const STORY_BYTES_MAX: usize = 150_000;

/// Arguments of `cargo xtask screenshots`.
#[derive(clap::Args)]
pub struct Args {
    /// Take only those of the mails, for which nothing is built
    #[arg(long)]
    mails: bool,
}

/// Builds the product and takes every picture anew. Those of steps that the card no longer shows are removed.
///
/// # Errors
/// The first step that failed, or a picture is too large.
pub fn run(args: &Args) -> Result<()> {
    let docs = process::workspace_root().join("docs");
    let images = docs.join("images");
    fs::create_dir_all(&images).with_context(|| format!("cannot make {}", images.display()))?;
    mails::take(&images)?;
    if args.mails {
        return Ok(());
    }
    let stage = Stage::set(&product::build()?)?;
    let mut taken = Vec::new();
    for scene in SCENES {
        let steps = take(&stage, scene, &images).with_context(|| format!("the pictures `{}`", scene.name))?;
        taken.push((scene, steps));
    }
    write(&images.join(story::FILE), &compress(&story::picture(&stage)?)?, STORY_BYTES_MAX)?;
    remove_others(&images, &taken)?;
    fs::write(docs.join("SCREENSHOTS.md"), page::render(&taken))?;
    println!("Wrote {}", docs.join("SCREENSHOTS.md").display());
    Ok(())
}

/// Walks through the card as this customer; the names of the steps.
fn take(stage: &Stage, scene: Scene, images: &Path) -> Result<Vec<String>> {
    let html = host_page::shop(&stage.tag(scene.tag_attributes))?;
    let url =
        stage.host.show("/", html.replacen("<html lang=\"en-GB\"", &format!("<html {}", scene.html_attributes), 1));
    let browser = Browser::start()?;
    scene.emulate(&browser)?;
    browser.open(&url)?;
    let mut walk = Walk::open(&browser, scene.comment)?;
    let mut steps = Vec::new();
    loop {
        let step = walk.step_name();
        let png = compress(&scene.picture(&browser)?)?;
        let name = scene.file(&step);
        write(&images.join(&name), &png, PICTURE_BYTES_MAX)?;
        steps.push(step);
        if !walk.next()? {
            return Ok(steps);
        }
    }
}

fn write(file: &Path, png: &[u8], bytes_max: usize) -> Result<()> {
    let name = file.display();
    ensure!(png.len() <= bytes_max, "{name} has {} bytes, more than {bytes_max}", png.len());
    fs::write(file, png).with_context(|| format!("cannot write {name}"))?;
    println!("{name}: {} bytes", png.len());
    Ok(())
}

/// The same picture in fewer bytes.
fn compress(png: &[u8]) -> Result<Vec<u8>> {
    let mut options = oxipng::Options::from_preset(4);
    options.strip = oxipng::StripChunks::All;
    oxipng::optimize_from_memory(png, &options).context("cannot compress a picture")
}

/// Removes pictures of ours that were not taken this time.
fn remove_others(images: &Path, taken: &[(Scene, Vec<String>)]) -> Result<()> {
    let kept: Vec<String> = taken.iter().flat_map(|(scene, steps)| steps.iter().map(|step| scene.file(step))).collect();
    for entry in fs::read_dir(images)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let ours = SCENES.iter().any(|scene| name.starts_with(&scene.file_prefix()));
        if ours && !kept.contains(&name) {
            fs::remove_file(images.join(&name)).with_context(|| format!("cannot remove {name}"))?;
            println!("Removed {name}: the card has no such step any more");
        }
    }
    Ok(())
}
