//! What the pages say about messages and variables is what the programs do.

use std::collections::BTreeSet;
use std::fs;

use vouch_e2e::sources::{root, sources};

/// What stands before the text of a message.
const MESSAGES: [&str; 4] = ["#[error(", "Failure::new(", "Failure::configuration(", "message:"];

/// Fewer letters of its own, and a message is only told by what it is filled with.
const LETTERS: usize = 6;

fn page(name: &str) -> String {
    fs::read_to_string(root().join("docs").join(name)).unwrap()
}

/// The text of a string literal at the beginning of some source.
fn literal(source: &str) -> Option<String> {
    let mut text = String::new();
    let mut letters = source.strip_prefix('"')?.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => return Some(text),
            '\\' => match letters.next()? {
                '\n' => while letters.next_if(|letter| letter.is_whitespace()).is_some() {},
                'n' => text.push('\n'),
                other => text.push(other),
            },
            other => text.push(other),
        }
    }
    None
}

/// The literal that follows a marker, if nothing but its frame is between.
fn message(after: &str) -> Option<String> {
    let mut rest = after.trim_start();
    if let Some(class) = rest.strip_prefix("ErrorKind::") {
        rest = class.trim_start_matches(char::is_alphanumeric).strip_prefix(',')?.trim_start();
    }
    for frame in ["Some(", "format!("] {
        rest = rest.strip_prefix(frame).unwrap_or(rest).trim_start();
    }
    literal(rest)
}

/// A message with `…` for what it is filled with.
fn shape(message: &str) -> String {
    let mut shape = String::new();
    let mut depth = 0;
    for letter in message.chars() {
        match letter {
            '{' => depth += 1,
            '}' => {
                depth -= 1;
                if !shape.ends_with('…') {
                    shape.push('…');
                }
            }
            other if depth == 0 => shape.push(other),
            _ => {}
        }
    }
    shape.trim().to_owned()
}

fn shapes_in_sources() -> BTreeSet<String> {
    let sources = sources();
    let found = sources.values().flat_map(|source| {
        MESSAGES.iter().flat_map(|marker| source.split(marker).skip(1)).filter_map(message)
    });
    found.map(|message| shape(&message)).collect()
}

/// The first cell of every row of a page's tables.
fn first_cells(page: &str) -> Vec<&str> {
    let rows = page.lines().filter_map(|line| line.strip_prefix("| "));
    let cells = rows.filter_map(|row| row.split(" | ").next());
    cells.filter(|cell| !["message", "variable", "`--type`"].contains(cell)).collect()
}

#[test]
fn messages_are_found_in_every_form() {
    assert_eq!(message("\"a {b}\")]").unwrap(), "a {b}");
    assert_eq!(message("\n  ErrorKind::Usage,\n  format!(\"x\\\n    y \\\"z\\\"\")").unwrap(), "xy \"z\"");
    assert_eq!(message("transparent)]"), None);
    assert_eq!(message("error.to_string(), \"hint\""), None);
    assert_eq!(shape("{a} of `{}`{}{b:?} end"), "… of `…` end".replace("` end", "`… end"));
}

#[test]
fn the_page_of_messages_has_every_message_and_no_other() {
    let (page, known) = (page("troubleshooting.md"), shapes_in_sources());
    let told = first_cells(&page);
    assert!(known.len() > 200 && told.len() > 200, "{} {}", known.len(), told.len());
    let once: BTreeSet<_> = told.iter().copied().collect();
    assert_eq!(once.len(), told.len(), "a message is told twice");
    let letters = |shape: &str| shape.chars().filter(char::is_ascii_alphabetic).count();
    let untold: Vec<_> =
        known.iter().filter(|shape| letters(shape) >= LETTERS && !once.contains(shape.as_str())).collect();
    assert!(untold.is_empty(), "add them to docs/troubleshooting.md: {untold:#?}");
    let gone: Vec<_> = told.iter().filter(|told| !known.contains(**told)).collect();
    assert!(gone.is_empty(), "no program says that any more: {gone:#?}");
    // Each row says something.
    for row in page.lines().filter(|line| line.starts_with("| ")) {
        assert!(row.ends_with(" |") && row.matches(" | ").count() == 1, "{row}");
    }
}

/// Names in sources that look like variables of the environment and are not read from it.
const NO_VARIABLES: [&str; 16] = [
    "ACCOUNT_ID", // stands for a value in the help
    "NPM_TOKEN",  // an example there
    // Set for others, never read.
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "CODEARTIFACT_AUTH_TOKEN",
    // Keys of a project's files.
    "BUN_CONFIG_REGISTRY",
    "NPM_CONFIG_REGISTRY",
    "BUNDLE_SSL_CA_CERT",
    "BUNDLE_SSL_VERIFY_MODE",
    "NODE_TLS_REJECT_UNAUTHORIZED",
    // Set for git, never read.
    "GIT_CONFIG_NOSYSTEM",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",
    "GIT_NO_LAZY_FETCH",
    "GIT_OPTIONAL_LOCKS",
    "GIT_TERMINAL_PROMPT",
];

/// The variables that sources name: by the form of their names, or since they are asked for.
fn variables_in_sources() -> BTreeSet<String> {
    let is_name = |text: &str| {
        let body =
            text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
        body && text.starts_with(|letter: char| letter.is_ascii_uppercase()) && text.len() > 1
    };
    let mut found = BTreeSet::new();
    for source in sources().into_values() {
        for asked in ["var(", "var_os(", "variable("] {
            let names = source.split(asked).skip(1).filter_map(literal);
            found.extend(names.filter(|name| !name.is_empty()));
        }
        let code = source.lines().filter(|line| !line.trim_start().starts_with("//"));
        for line in code.filter(|line| !line.contains("value_name") && !line.contains("env!(")) {
            let quoted = line.split('"').skip(1).step_by(2);
            let names = quoted.filter(|text| {
                (is_name(text) && text.contains('_') && !text.ends_with('_')) || text.ends_with("_proxy")
            });
            found.extend(names.map(str::to_owned));
        }
    }
    found.retain(|name| !NO_VARIABLES.contains(&name.as_str()));
    found
}

#[test]
fn the_page_of_variables_has_every_variable_and_no_other() {
    let (page, known) = (page("environment.md"), variables_in_sources());
    let read = page.split("\n## ").next().unwrap();
    let told: BTreeSet<_> =
        first_cells(read).iter().flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
    assert!(told.len() > 30, "{told:?}");
    let untold: Vec<_> = known.iter().filter(|name| !told.contains(name.as_str())).collect();
    assert!(untold.is_empty(), "add them to docs/environment.md: {untold:#?}");
    let sources = sources().into_values().collect::<String>();
    // Some names are put together, and npm's may have any case.
    let is_there = |name: &str| {
        let stem = name.strip_suffix('…').unwrap_or(name);
        sources.contains(stem) || sources.contains(&stem.to_ascii_lowercase())
    };
    let gone: Vec<_> = told.iter().filter(|name| !is_there(name)).collect();
    assert!(gone.is_empty(), "no program reads them any more: {gone:#?}");
}

/// What comes before the names of packages in a command that installs them.
const INSTALLERS: [&str; 14] = [
    "pip install ",
    "pip3 install ",
    "uv add ",
    "uv tool install ",
    "uv pip install ",
    "pipx install ",
    "pipx inject ",
    "npm install ",
    "cargo install ",
    "cargo binstall ",
    "apt install ",
    "apt-get install ",
    "dnf install ",
    "brew install ",
];

/// Packages that are what a message takes them for: who holds them was looked up in the index. No name of ours is one.
const HELD: [&str; 8] = ["keyring", "twine", "poetry", "pdm", "pip", "pcscd", "libccid", "libpcsclite1"];

/// Names of examples, which stand for a package of the reader's own.
const EXAMPLES: [&str; 2] = ["PACKAGE", "greeting"];

/// The packages that a text tells its reader to install.
fn advised(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for installer in INSTALLERS {
        for (at, _) in text.match_indices(installer) {
            let command = &text[at + installer.len()..];
            let end = command.find(['`', '\n', '"', ',', ';', '|', '<', '&', '\\']).unwrap_or(command.len());
            let mut words = command[..end].split_whitespace();
            while let Some(word) = words.next() {
                match word {
                    "--python" | "--path" => drop(words.next()),
                    flag if flag.starts_with('-') => {}
                    other => found.push(other.to_owned()),
                }
            }
        }
    }
    found
}

#[test]
fn every_package_that_is_advised_is_there_to_be_installed() {
    assert_eq!(advised("`x -m pip install --user a b`, `brew install c`"), ["a", "b", "c"]);
    let mut texts: Vec<String> = sources().into_values().collect();
    texts
        .push(fs::read_to_string(root().join("pip-keyring-vouch/python/keyring_vouch/__init__.py")).unwrap());
    for folder in [root(), root().join("docs"), root().join("pip-keyring-vouch")] {
        let pages = fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path());
        let pages = pages.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
        texts.extend(pages.map(|path| fs::read_to_string(path).unwrap()));
    }
    let all: Vec<String> = texts.iter().flat_map(|text| advised(text)).collect();
    assert!(all.len() > 8, "{all:?}");
    for package in all {
        // A file of ours, or what is put in its place as it runs.
        let is_file = package.starts_with("./") || package.starts_with('/') || package.starts_with('{');
        let is_known = HELD.contains(&&*package) || EXAMPLES.contains(&&*package);
        assert!(is_file || is_known, "who holds `{package}`?");
    }
}
