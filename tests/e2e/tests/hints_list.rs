//! The list of hints, made from the sources, and the case of each. A command of ours stands in `vouch_core::hint` alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use vouch_core::hint::{COMMANDS, NAMES};
use vouch_e2e::sources::{root, sources};

/// Where the commands stand.
const SOURCE: &str = "vouch-core/src/hint.rs";

/// Where the examples of `--help` stand, each of which runs in a test of its own.
const EXAMPLES: &str = "vouch-cli/src/commands/help.rs";

/// Texts that files begin with, by which Vouch knows them again: they stay as they were written.
const MARKS: [&str; 5] = [
    // It is hashed.
    "vouch-core/src/keystore/key.rs",
    "vouch-issuer/src/join/page.rs",
    "vouch-clients/src/jvm/gradle.rs",
    "vouch-clients/src/node/yarn.rs",
    "vouch-yubikey/src/pending.rs",
];

/// What looks for a hint to put another one in its place.
const NO_HINT: [(&str, &str); 1] = [("vouch-helper/src/home.rs", "LOGIN")];

/// How many hints no test types. It may only become less.
const MOST_WITHOUT_CASE: usize = 54;

include!("hints_list/cases.rs");

/// The sources without tests and comments.
fn code() -> BTreeMap<String, String> {
    let code = |source: &str| {
        source.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
    };
    sources().into_iter().map(|(path, source)| (path, code(&source))).collect()
}

/// The commands of ours between back quotes in a source, where its lines are put together as the compiler does.
fn quoted(source: &str) -> Vec<String> {
    let joined: String = source.split("\\\n").map(str::trim_start).collect();
    let mut found = Vec::new();
    for program in ["vouch ", "npm-token-vouch ", "cargo-credential-vouch ", "pip-keyring-vouch "] {
        for (at, _) in joined.match_indices(&format!("`{program}")) {
            let rest = &joined[at + 1..];
            found.push(rest[..rest.find('`').unwrap_or(rest.len())].to_owned());
        }
    }
    found
}

/// The commands of ours that a literal begins with, by more than the name of one: they may be put between back quotes later.
fn bare(source: &str) -> Vec<String> {
    let joined: String = source.split("\\\n").map(str::trim_start).collect();
    let beginnings = joined.match_indices("\"vouch ").map(|(at, _)| &joined[at + 1..]);
    let literals = beginnings.filter_map(|rest| rest.split('"').next());
    let is_command = |text: &str| {
        let known = COMMANDS.iter().any(|(_, form)| form.split(' ').nth(1) == text.split(' ').nth(1));
        known && text.split(' ').count() > 2
    };
    literals.filter(|text| is_command(text)).map(str::to_owned).collect()
}

/// How often each command is told by each source.
fn hints() -> BTreeMap<(String, &'static str), usize> {
    let mut found = BTreeMap::new();
    for (path, source) in code() {
        let uses = source.split(';').filter(|part| part.trim_start().starts_with("use "));
        let imported: String = uses.filter(|part| part.contains("::hint::")).collect();
        let words = |text: &str| -> Vec<String> {
            text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').map(str::to_owned).collect()
        };
        let (imported, all) = (words(&imported), words(&source));
        let other = NO_HINT.iter().filter(|(file, _)| *file == path);
        let excluded: BTreeSet<_> = other.map(|(_, name)| *name).collect();
        for (name, _) in COMMANDS.iter().filter(|(name, _)| !excluded.contains(name)) {
            let count = |words: &[String]| words.iter().filter(|word| word == name).count();
            let told = count(&all) - count(&imported).min(count(&all));
            if told > 0 && path != SOURCE {
                found.insert((path.clone(), *name), told);
            }
        }
    }
    found
}

#[test]
fn a_command_of_ours_stands_in_no_other_text() {
    assert_eq!(quoted("\"a `vouch \\\n   login` b\""), ["vouch login"]);
    let mut marks = BTreeSet::new();
    for (path, source) in code() {
        let found = quoted(&source);
        if MARKS.contains(&&*path) {
            marks.extend([found, bare(&source)].concat().iter().map(|_| path.clone()));
        } else if path != SOURCE {
            let found = if path == EXAMPLES { found } else { [found, bare(&source)].concat() };
            assert!(found.is_empty(), "make it in {SOURCE}, then use it in {path}: {found:#?}");
        }
    }
    assert_eq!(marks.len(), MARKS.len(), "a mark is gone: {marks:?}");
}

#[test]
fn every_form_is_told_somewhere() {
    let hints = hints();
    let sources = code();
    for (name, form) in COMMANDS {
        assert!(hints.keys().any(|(_, told)| told == name), "nothing tells {name}, `{form}`");
    }
    for (name, form) in NAMES {
        let told = sources.iter().any(|(path, source)| path != SOURCE && source.contains(name));
        assert!(told, "nothing speaks of {name}, `{form}`");
    }
}

#[test]
fn every_hint_has_a_case() {
    let text = |file: &str| {
        let folder = if file.starts_with("cli/") { "vouch-cli/tests" } else { "tests/e2e/tests" };
        fs::read_to_string(root().join(folder).join(format!("{file}.rs"))).unwrap_or_default()
    };
    let mut cases = BTreeMap::new();
    for (path, name, of_hint) in CASES {
        assert!(cases.insert(((*path).to_owned(), *name), of_hint.len()).is_none(), "{path} {name} twice");
        for case in *of_hint {
            let (file, function) = case.split_once("::").unwrap_or(("hints", case));
            let there = text(file).contains(&format!("#[test]\nfn {function}() {{"));
            assert!(there, "{path} {name}: there is no test {file}::{function}");
        }
    }
    let open: BTreeMap<_, _> =
        WITHOUT_CASE.iter().map(|(path, name, count, _)| (((*path).to_owned(), *name), *count)).collect();
    let hints = hints();
    let mut wrong = Vec::new();
    for (hint, told) in &hints {
        let tried = cases.get(hint).copied().unwrap_or(0) + open.get(hint).copied().unwrap_or(0);
        if tried != *told {
            wrong.push(format!("{hint:?} is told {told} times, and has {tried} cases"));
        }
    }
    assert!(wrong.is_empty(), "each needs its cases in hints_list/cases.rs: {wrong:#?}");
    let gone: Vec<_> = cases.keys().chain(open.keys()).filter(|hint| !hints.contains_key(*hint)).collect();
    assert!(gone.is_empty(), "nothing tells these any more: {gone:#?}");
    assert!(open.values().sum::<usize>() <= MOST_WITHOUT_CASE, "a new hint needs a test that types it");
    let total: usize = hints.values().sum();
    let without: usize = open.values().sum();
    println!("{total} hints, {} with a case, {without} without", total - without);
}
