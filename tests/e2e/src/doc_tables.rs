//! Tables of the pages of `docs/`, so that tests hold what they say.

use std::fs;
use std::path::Path;

/// A table below a heading: its first row names the columns.
#[derive(Debug)]
pub struct Table {
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// The first table below a heading of a page.
    pub fn of(page: &str, heading: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(page);
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{page}: {error}"));
        let below = text.lines().skip_while(|line| line.trim_start_matches('#').trim() != heading);
        let lines = below.skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
        let cells = |line: &str| -> Vec<String> {
            line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
        };
        let mut rows: Vec<_> = lines.filter(|line| !line.starts_with("|--")).map(cells).collect();
        assert!(rows.len() > 1, "{page}: no table below {heading}");
        Self { columns: rows.remove(0), rows }
    }

    /// The cell of a row, by the begin of its first cell, and of a column.
    pub fn cell(&self, row: &str, column: &str) -> &str {
        let at = self.columns.iter().position(|name| name == column);
        let at = at.unwrap_or_else(|| panic!("no column {column} in {:?}", self.columns));
        let mut rows = self.rows.iter().filter(|cells| cells.first().is_some_and(|first| first == row));
        let found = rows.next().unwrap_or_else(|| panic!("no row {row}"));
        found.get(at).map_or("", String::as_str)
    }

    /// The first cells of all rows.
    pub fn rows(&self) -> impl Iterator<Item = &str> {
        self.rows.iter().filter_map(|cells| cells.first()).map(String::as_str)
    }
}
