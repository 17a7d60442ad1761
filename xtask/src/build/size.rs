//! The widget's sizes and their budgets.

use anyhow::{Result, bail};

use super::manifest::{Kind, Manifest};

/// Most bytes, compressed with brotli, that may cross the wire. Raised only with a reason in the commit.
const BUDGETS: [(Part, usize); 2] = [(Part::One(Kind::Loader), 2_000), (Part::Everything, 42_000)];

/// What a budget is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    One(Kind),
    /// All it takes to rate and comment.
    Everything,
}

/// Prints the sizes of the widget last built.
///
/// # Errors
/// No widget has been built, or a size is over its budget.
pub fn run() -> Result<()> {
    let manifest = Manifest::read(&Manifest::directory().join("dist"))
        .map_err(|error| error.context("no widget has been built; please run: cargo xtask build"))?;
    print(&manifest);
    check(&manifest)
}

/// Prints a table of sizes.
pub fn print(manifest: &Manifest) {
    println!("{:<8} {:>9} {:>9} {:>9}", "bytes", "raw", "gzip", "brotli");
    let mut total = [0; 3];
    for file in &manifest.files {
        let sizes = [file.raw, file.gzip, file.brotli];
        println!("{:<8} {:>9} {:>9} {:>9}", file.kind, sizes[0], sizes[1], sizes[2]);
        if file.kind != Kind::Fallback {
            for (sum, size) in total.iter_mut().zip(sizes) {
                *sum += size;
            }
        }
    }
    println!("{:<8} {:>9} {:>9} {:>9}", "total", total[0], total[1], total[2]);
}

/// Compares with the budgets.
///
/// # Errors
/// Names every part that is over its budget.
pub fn check(manifest: &Manifest) -> Result<()> {
    let over: Vec<String> = BUDGETS.iter().filter_map(|(part, budget)| over(manifest, *part, *budget)).collect();
    if !over.is_empty() {
        bail!("over budget: {}", over.join("; "));
    }
    Ok(())
}

fn over(manifest: &Manifest, part: Part, budget: usize) -> Option<String> {
    let counts = |kind| part == Part::One(kind) || (part == Part::Everything && kind != Kind::Fallback);
    let counted = manifest.files.iter().filter(|file| counts(file.kind));
    let bytes: usize = counted.map(|file| file.brotli).sum();
    let name = match part {
        Part::One(kind) => kind.to_string(),
        Part::Everything => "everything".to_owned(),
    };
    (bytes > budget).then(|| format!("{name} is {bytes} bytes in brotli, {} over its {budget}", bytes - budget))
}

#[cfg(test)]
mod tests {
    use super::super::manifest::File;
    use super::*;

    fn manifest(loader: usize, wasm: usize) -> Manifest {
        let file = |kind: Kind, brotli| File {
            path: String::new(),
            kind,
            content_type: String::new(),
            raw: 0,
            gzip: 0,
            brotli,
        };
        Manifest { files: vec![file(Kind::Loader, loader), file(Kind::Wasm, wasm)] }
    }

    #[test]
    fn one_byte_over_budget_is_told_with_its_part() {
        assert!(check(&manifest(2_000, 40_000)).is_ok());
        let error = check(&manifest(2_001, 40_000)).unwrap_err().to_string();
        assert_eq!(
            error,
            "over budget: loader is 2001 bytes in brotli, 1 over its 2000; \
             everything is 42001 bytes in brotli, 1 over its 42000"
        );
    }
}
