//! The product's own sources, for tests of what they say.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Every program of the product, and the libraries.
const CRATES: [&str; 10] = [
    "vouch-core",
    "vouch-issuer",
    "vouch-yubikey",
    "pcsc-sys",
    "vouch-helper",
    "vouch-clients",
    "vouch-cli",
    "cargo-credential-vouch",
    "pip-keyring-vouch",
    "npm-token-vouch",
];

/// The folder of the project.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The sources without their tests, by their paths in the project.
pub fn sources() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    CRATES.iter().for_each(|name| sources_below(&root().join(name).join("src"), &mut found));
    assert!(found.len() > 100, "{}", found.len());
    found
}

fn sources_below(folder: &Path, found: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).expect("the sources are there").flatten() {
        let path = entry.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let of_tests =
            ["tests", "testing", "canned", "loopback"].contains(&name.as_str()) || name.ends_with("_tests");
        if path.is_dir() && !of_tests {
            sources_below(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !of_tests {
            let text = fs::read_to_string(&path).expect("text");
            let end = text.find("mod tests {").unwrap_or(text.len());
            let path = path.strip_prefix(root()).expect("below the project").to_string_lossy().into_owned();
            found.insert(path, text[..end].to_owned());
        }
    }
}
