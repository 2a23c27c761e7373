//! Words that no text of the product has, since it has another word for the thing, or another spelling.

use vouch_e2e::sources::sources;

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
    let sources = sources();
    let mut found = Vec::new();
    for (path, source) in &sources {
        for text in texts(source) {
            let words = WORDS.iter().filter(|(word, _)| says(&text, word));
            found.extend(words.map(|(word, better)| format!("{path}: `{word}`, say `{better}`: {text}")));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}
