//! How the program is linked for a release on Linux: smaller, and sooner there.

#![allow(clippy::disallowed_methods, reason = "cargo speaks to it by variables")]

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let is_linux = variable("CARGO_CFG_TARGET_OS") == "linux" && variable("CARGO_CFG_TARGET_ENV") == "gnu";
    let is_cross = variable("HOST") != variable("TARGET");
    if variable("PROFILE") != "release" || !is_linux || is_cross || has_own_linker(variable) {
        return;
    }
    // Functions that came out alike stand once. Only some linkers can do it, LLVM's among them.
    let folding = "-Wl,--icf=all";
    if can_link_with(folding, variable) {
        println!("cargo::rustc-link-arg-bins={folding}");
    }
    // Relocations as bits. An older C library would not start what has them.
    if glibc().is_some_and(|version| version >= (2, 36)) {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
    // What std wants of libgcc_s, only to unwind, from an archive: a library less to be found, mapped and relocated.
    if has_unwinder() {
        let dir = variable("OUT_DIR");
        let script = Path::new(&dir).join("libgcc_s.so");
        if std::fs::write(script, "INPUT(-lgcc_eh)\n").is_ok() {
            println!("cargo::rustc-link-search=native={dir}");
        }
    }
}

/// Whether whoever builds has chosen a linker: what mold packs does not start.
fn has_own_linker(variable: impl Fn(&str) -> String) -> bool {
    !variable("RUSTC_LINKER").is_empty() || variable("CARGO_ENCODED_RUSTFLAGS").contains("link")
}

/// Whether the linker that rustc calls takes this, found by a program that does nothing.
fn can_link_with(argument: &str, variable: impl Fn(&str) -> String) -> bool {
    let dir = variable("OUT_DIR");
    let source = Path::new(&dir).join("nothing.rs");
    let mut rustc = Command::new(variable("RUSTC"));
    rustc.arg(&source).arg("--out-dir").arg(&dir).arg("-C").arg(format!("link-arg={argument}"));
    std::fs::write(&source, "fn main() {}").is_ok() && rustc.output().is_ok_and(|output| output.status.success())
}

/// Whether the linker will find libgcc_eh: gcc names what it has by its path.
fn has_unwinder() -> bool {
    let output = Command::new("cc").arg("-print-file-name=libgcc_eh.a").output();
    output.is_ok_and(|output| output.stdout.contains(&b'/'))
}

fn glibc() -> Option<(u32, u32)> {
    let output = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let (major, minor) = text.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
