//! What `vouch --version --verbose` tells of the build.

#![expect(
    clippy::disallowed_methods,
    reason = "how Cargo tells a build script, to which `vouch_core` is not known"
)]

use std::env;
use std::process::Command;

fn main() {
    let variable = |name| env::var(name).unwrap_or_default();
    let compiler = Command::new(variable("RUSTC")).arg("--version").output();
    let compiler =
        compiler.map(|said| String::from_utf8_lossy(&said.stdout).trim().to_owned()).unwrap_or_default();
    for (name, value) in [
        ("VOUCH_TARGET", variable("TARGET")),
        ("VOUCH_TARGET_FEATURES", variable("CARGO_CFG_TARGET_FEATURE").replace(',', ", ")),
        ("VOUCH_BUILD", format!("{}, {compiler}", variable("PROFILE"))),
        // Set where packages are made: a source without its history does not know.
        ("VOUCH_COMMIT", variable("VOUCH_COMMIT")),
    ] {
        println!("cargo::rustc-env={name}={value}");
    }
    println!("cargo::rerun-if-env-changed=VOUCH_COMMIT");
    println!("cargo::rerun-if-changed=build.rs");
}
