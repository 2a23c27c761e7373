//! `RULES.md` names tests: they have to exist.

use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn every_test_that_rules_md_names_exists() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules");
    let mut tests = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            continue;
        }
        let module = path.file_stem().unwrap().to_str().unwrap().to_string();
        let source = std::fs::read_to_string(&path).unwrap();
        let names = source.split("#[test]\nfn ").skip(1).filter_map(|rest| rest.split_once("()"));
        tests.extend(names.map(|(name, _)| format!("{module}::{name}")));
    }
    let rules = include_str!("../../RULES.md");
    let named: BTreeSet<String> =
        rules.split('`').skip(1).step_by(2).filter(|word| word.contains("::")).map(String::from).collect();
    let missing: Vec<&String> =
        named.iter().filter(|name| !name.contains(' ') && !tests.contains(*name)).collect();
    assert_eq!(missing, Vec::<&String>::new());
    assert!(named.len() > 80, "only {} tests are named", named.len());
}
