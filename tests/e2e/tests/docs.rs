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

/// The tests that a page names by their functions, each of which must be there.
fn tests_named_in(page: &str) -> (String, Vec<String>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = fs::read_to_string(root.join("docs").join(page)).unwrap();
    let mut sources = String::new();
    let folders = fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path());
    let crates = folders.filter(|folder| folder.ends_with("tests") || folder.join("Cargo.toml").exists());
    crates.for_each(|folder| sources_below(&folder, &mut sources));
    let is_name = |code: &&str| {
        code.contains('_') && code.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    let named: Vec<_> = text.split('`').skip(1).step_by(2).filter(is_name).map(str::to_owned).collect();
    for name in &named {
        assert!(sources.contains(&format!("fn {name}() {{")), "{page}: {name}");
    }
    (text, named)
}

#[test]
fn every_test_that_the_list_of_faults_names_is_there() {
    let (text, named) = tests_named_in("faults.md");
    assert!(named.len() > 50, "{named:?}");
    for line in text.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| **")).skip(1) {
        assert!(line.contains("| `"), "no test: {line}");
    }
}

#[test]
fn every_test_that_the_threat_model_names_is_there() {
    let (text, named) = tests_named_in("security.md");
    assert!(named.len() > 25, "{named:?}");
    // Every point has its test, or is accepted.
    let part = text.split("## ").find(|part| part.starts_with("What an attacker")).unwrap();
    for point in part.split("\n- ").skip(1) {
        let point = point.split("\n\n").next().unwrap();
        assert!(point.contains("Accepted: ") || point.contains('`'), "{point}");
    }
}
