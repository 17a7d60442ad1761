//! The program as a file.

use counterbell_tests::environment;
use goblin::elf::Elf;

#[test]
fn program_needs_nothing_but_the_c_library() {
    let bytes = std::fs::read(environment::binary()).unwrap();

    let needed = Elf::parse(&bytes).unwrap().libraries;

    // With what a compiler adds to it.
    let library = ["libc.", "libm.", "libgcc_s.", "libpthread.", "libdl.", "librt.", "ld-linux"];
    let (known, others): (Vec<&str>, Vec<&str>) =
        needed.into_iter().partition(|name| library.iter().any(|part| name.starts_with(part)));
    assert!(known.contains(&"libc.so.6") && others.is_empty(), "{known:?}, and beside it {others:?}");
}
