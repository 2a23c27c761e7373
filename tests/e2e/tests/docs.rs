//! What the documentation promises, exists.

use std::fs;
use std::path::Path;

fn sources_below(folder: &Path, found: &mut String) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() && !path.ends_with("target") {
            sources_below(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            *found += &fs::read_to_string(&path).unwrap();
        }
    }
}

#[test]
fn every_test_that_the_threat_model_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = fs::read_to_string(root.join("docs/security.md")).unwrap();
    let mut sources = String::new();
    let folders = fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path());
    let crates = folders.filter(|folder| folder.ends_with("tests") || folder.join("Cargo.toml").exists());
    crates.for_each(|folder| sources_below(&folder, &mut sources));
    let named: Vec<_> = text
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|code| code.contains('_') && code.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
        .collect();
    assert!(named.len() > 25, "{named:?}");
    for name in named {
        assert!(sources.contains(&format!("fn {name}() {{")), "{name}");
    }
    // Every point has its test, or is accepted.
    let part = text.split("## ").find(|part| part.starts_with("What an attacker")).unwrap();
    for point in part.split("\n- ").skip(1) {
        let point = point.split("\n\n").next().unwrap();
        assert!(point.contains("Accepted: ") || point.contains('`'), "{point}");
    }
}
