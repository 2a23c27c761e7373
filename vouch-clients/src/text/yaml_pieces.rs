//! Cuts a `.yarnrc.yml` into pieces. Block mappings and lists of plain or quoted values are taken apart; of any other form
//! the whole value is one piece.

use super::piece::{Piece, unquoted};

/// The values and comments of a text, line by line.
pub(crate) fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    // The keys above a line, with the columns where they stand.
    let mut above: Vec<(usize, String)> = Vec::new();
    // The column below which a value goes on.
    let mut goes_on: Option<usize> = None;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim();
        let mut column = line.len() - line.trim_start().len();
        let (mut first, end) = (start + column, start + column + content.len());
        start += line.len();
        let path = |above: &[(usize, String)]| above.iter().map(|(_, key)| key.clone()).collect::<Vec<_>>();
        if content.is_empty() || matches!(content, "---" | "...") {
            continue;
        }
        if goes_on.is_some_and(|outer| column > outer) {
            pieces.push(Piece::unclear(path(&above), first..end));
            continue;
        }
        goes_on = None;
        if content.starts_with('#') {
            pieces.push(Piece::comment(first + 1..end));
            continue;
        }
        let mut rest = content;
        while let Some(item) = rest.strip_prefix('-').filter(|item| item.is_empty() || item.starts_with(' '))
        {
            let item = item.trim_start();
            // The items of a list may stand as far left as its key.
            above.retain(|(known, _)| *known <= column);
            column += rest.len() - item.len();
            first += rest.len() - item.len();
            rest = item;
        }
        let is_item = rest.len() < content.len();
        match key(rest) {
            Some((name, after)) => {
                above.retain(|(known, _)| *known < column);
                above.push((column, name.to_owned()));
                first += after;
                rest = rest.get(after..).unwrap_or_default();
            }
            None if is_item => {}
            None => {
                pieces.push(Piece::unclear(Vec::new(), first..end));
                continue;
            }
        }
        let value = rest.trim_start();
        first += rest.len() - value.len();
        if value.is_empty() {
            continue;
        }
        if value.starts_with('#') {
            pieces.push(Piece::comment(first + 1..end));
            continue;
        }
        goes_on = Some(above.last().map_or(0, |(column, _)| *column));
        match length(value) {
            Some(length) => {
                pieces.push(Piece::value(path(&above), unquoted(text, first..first + length)));
                pieces.push(Piece::comment(first + length..end));
            }
            None => pieces.push(Piece::unclear(path(&above), first..end)),
        }
    }
    pieces
}

/// The key that a line begins with, and where what follows it begins.
fn key(line: &str) -> Option<(&str, usize)> {
    let quote = line.chars().next().filter(|c| matches!(c, '"' | '\''));
    if let Some(quote) = quote {
        let inner = line.get(1..)?;
        let close = inner.find(quote)?;
        let after = inner.get(close + 1..)?;
        let colon =
            after.trim_start().strip_prefix(':').filter(|rest| rest.is_empty() || rest.starts_with(' '))?;
        return Some((inner.get(..close)?, line.len() - colon.len()));
    }
    if line.starts_with(['?', '{', '[', '&', '*', '!', '|', '>', '%', '@', '`']) {
        return None;
    }
    let at = line.find(": ").or_else(|| line.strip_suffix(':').map(str::len))?;
    // A colon within a comment ends no key.
    let name = line.get(..at).filter(|name| !name.contains(" #"))?;
    Some((name.trim_end(), at + 1))
}

/// How much of what stands behind a key is its value; none where it may be more than a plain or quoted one.
fn length(value: &str) -> Option<usize> {
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
    let Some(quote) = quote else {
        let plain = !value.starts_with(['{', '[', '&', '*', '!', '|', '>', '%', '@', '`']);
        let value = value.split(" #").next()?;
        return plain.then_some(value.trim_end().len());
    };
    let mut escaped = false;
    let close = value.char_indices().skip(1).find(|(_, c)| {
        let ends = !escaped && *c == quote;
        escaped = quote == '"' && !escaped && *c == '\\';
        ends
    });
    let after = close?.0 + 1;
    let rest = value.get(after..)?.trim_start();
    (rest.is_empty() || rest.starts_with('#')).then_some(after)
}
