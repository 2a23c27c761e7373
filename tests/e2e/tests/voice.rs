//! Words that no text of the product has, since it has another word for the thing, or another spelling.

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

/// What is not said, and what is.
const WORDS: [(&str, &str); 18] = [
    ("enrolment", "enrollment"),
    ("licence", "license"),
    ("colour", "color"),
    ("behaviour", "behavior"),
    ("authorise", "authorize"),
    ("honour", "honor"),
    ("mend", "fix"),
    ("mends", "fixes"),
    ("take back", "undo"),
    ("takes back", "undoes"),
    ("taken back", "undone"),
    ("by hand", "manually"),
    ("anew", "again"),
    ("admit", "allow"),
    ("admits", "allows"),
    ("the factory's", "default"),
    ("relatives", "package managers"),
    ("the person", "you, or the user"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn sources_below(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let of_tests =
            ["tests", "testing", "canned", "loopback"].contains(&name.as_str()) || name.ends_with("_tests");
        if path.is_dir() && !of_tests {
            sources_below(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !of_tests {
            let text = fs::read_to_string(&path).unwrap();
            let end = text.find("mod tests {").unwrap_or(text.len());
            found.push((path, text[..end].to_owned()));
        }
    }
}

/// What a user may read of a source: its literals, and the comments that clap shows as help.
fn texts(source: &str) -> Vec<String> {
    let shown = |line: &&str| line.trim_start().starts_with("///");
    let mut found: Vec<_> = Vec::new();
    let code: Vec<_> = source.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let joined: String = code.join("\n").split("\\\n").map(str::trim_start).collect();
    let mut letters = joined.chars();
    while letters.by_ref().any(|letter| letter == '"') {
        let mut text = String::new();
        while let Some(letter) = letters.next() {
            match letter {
                '"' => break,
                '\\' => drop(letters.next()),
                other => text.push(other),
            }
        }
        found.push(text);
    }
    if source.contains("clap::Args") || source.contains("Subcommand") || source.contains("ValueEnum") {
        found.extend(source.lines().filter(shown).map(str::to_owned));
    }
    found
}

/// Whether a text has the words as whole words.
fn says(text: &str, words: &str) -> bool {
    let text = text.to_lowercase();
    text.match_indices(words).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + words.len()..].chars().next();
        [before, after].into_iter().flatten().all(|letter| !letter.is_alphanumeric() && letter != '_')
    })
}

#[test]
fn no_text_has_a_word_that_stands_for_another() {
    assert_eq!(texts("a(\"b \\\n   c\", \"d\");\n// \"e\""), ["b c", "d"]);
    assert!(says("Mend it.", "mend") && !says("recommend", "mend"));
    let mut sources = Vec::new();
    CRATES.iter().for_each(|name| sources_below(&root().join(name).join("src"), &mut sources));
    assert!(sources.len() > 100);
    let mut found = Vec::new();
    for (path, source) in &sources {
        for text in texts(source) {
            let words = WORDS.iter().filter(|(word, _)| says(&text, word));
            found.extend(
                words.map(|(word, better)| format!("{}: `{word}`, say `{better}`: {text}", path.display())),
            );
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}
