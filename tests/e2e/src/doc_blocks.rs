//! The pages of `docs/`, block by block, so that tests type what a reader types.

use std::fs;
use std::path::Path;

use crate::sandbox::Sandbox;

/// A fenced block of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The heading that it stands below.
    pub section: String,
    /// What follows the fence, such as `sh` or `ini`.
    pub language: String,
    pub text: String,
}

/// The blocks of a page, in order.
pub fn blocks_of(page: &str) -> Vec<Block> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(page);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{page}: {error}"));
    let mut blocks = Vec::new();
    let mut section = String::new();
    let mut open: Option<Block> = None;
    for line in text.lines() {
        let indented = line.trim_start();
        match (&mut open, indented.strip_prefix("```")) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => block.text.extend([line, "\n"]),
            (None, Some(language)) => {
                let (section, language) = (section.clone(), language.to_owned());
                open = Some(Block { section, language, text: String::new() });
            }
            (None, None) => {
                if let Some(heading) = line.strip_prefix('#') {
                    section = heading.trim_start_matches('#').trim().to_owned();
                }
            }
        }
    }
    assert!(open.is_none(), "{page}: a block without an end");
    blocks
}

impl Block {
    /// Whether a reader types it.
    pub fn is_typed(&self) -> bool {
        self.language == "sh"
    }

    /// Asserts that each line of it is in a text, with the home of the reader in the place of alice's and anything in
    /// the place of `…`.
    pub fn assert_in(&self, sandbox: &Sandbox, text: &str) {
        let home = sandbox.home().to_string_lossy();
        for line in self.text.lines().filter(|line| !line.is_empty()) {
            let wanted = line.replace("/home/alice", &home);
            let (before, after) = wanted.split_once('…').unwrap_or((&wanted, ""));
            let fits = |line: &str| match wanted.contains('…') {
                true => {
                    line.len() > before.len() + after.len()
                        && line.starts_with(before)
                        && line.ends_with(after)
                }
                false => line == wanted,
            };
            assert!(text.lines().any(fits), "the page shows {line:?}, the file is:\n{text}");
        }
    }
}

/// The rows of the first table below a heading, without its head.
pub fn table_of(page: &str, heading: &str) -> Vec<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(page);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{page}: {error}"));
    let is_heading = |line: &&str| line.trim_start_matches('#').trim() == heading && line.starts_with('#');
    let below = text.lines().skip_while(|line| !is_heading(line)).skip(1);
    let table = below.skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    let cells = |row: &str| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
    table.skip(2).map(cells).collect()
}
