//! Fewer bytes that mean the same.

use anyhow::{Result, anyhow, bail};
use lightningcss::stylesheet::{MinifyOptions, ParserOptions, PrinterOptions, StyleSheet};
use oxc_allocator::Allocator;
use oxc_codegen::{Codegen, CodegenOptions, CommentOptions};
use oxc_compat::EngineTargets;
use oxc_minifier::{CompressOptions, Minifier, MinifierOptions};
use oxc_parser::Parser;
use oxc_span::SourceType;

/// Minifies a JavaScript module for browsers that know WebAssembly as the widget needs it.
///
/// # Errors
/// `source`, called `name` in the error, does not parse.
pub fn module(name: &str, source: &str) -> Result<String> {
    minify(name, source, SourceType::mjs(), "es2022")
}

/// Minifies a classic script that older browsers are to understand.
///
/// # Errors
/// `source`, called `name` in the error, does not parse.
pub fn script(name: &str, source: &str) -> Result<String> {
    minify(name, source, SourceType::script(), "es2018")
}

fn minify(name: &str, source: &str, kind: SourceType, target: &str) -> Result<String> {
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, source, kind).parse();
    if let Some(problem) = parsed.diagnostics.first() {
        bail!("{name} is not valid JavaScript: {problem}");
    }
    let mut program = parsed.program;
    let target = EngineTargets::from_target(target).map_err(|problem| anyhow!("no target {target}: {problem}"))?;
    let compress = CompressOptions { target, ..CompressOptions::default() };
    let settings = MinifierOptions { compress: Some(compress), ..MinifierOptions::default() };
    let minified = Minifier::new(settings).minify(&allocator, &mut program);
    let options = CodegenOptions { minify: true, comments: CommentOptions::disabled(), ..CodegenOptions::default() };
    Ok(Codegen::new().with_options(options).with_scoping(minified.scoping).build(&program).code.to_string())
}

/// Minifies a style sheet.
///
/// # Errors
/// `source`, called `name` in the error, does not parse.
pub fn css(name: &str, source: &str) -> Result<String> {
    let no_css = |problem: &dyn std::fmt::Display| anyhow!("{name} is not valid CSS: {problem}");
    let mut sheet = StyleSheet::parse(source, ParserOptions::default()).map_err(|problem| no_css(&problem))?;
    sheet.minify(MinifyOptions::default()).map_err(|problem| no_css(&problem))?;
    let printed = sheet.to_css(PrinterOptions { minify: true, ..PrinterOptions::default() });
    Ok(printed.map_err(|problem| no_css(&problem))?.code)
}
