//! Refuses to build a release that would be measured with and is made for size.

#![allow(clippy::disallowed_methods, reason = "cargo speaks to it by variables")]

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|found| found == value);
    if is("PROFILE", "release") && !is("OPT_LEVEL", "3") {
        println!("cargo::error=add `--config benches/compare/fast.toml`: a slow raw client would flatter wsprobe");
    }
}
