//! Scripts that Vouch writes, in Groovy and JavaScript: what may be secret in them stands in quotes or in a comment.

use super::piece::Piece;

/// Strings, each by the code before it in its line, and comments. A script with a string over several lines is not taken
/// apart.
pub(crate) fn pieces(text: &str) -> Vec<Piece> {
    if ["'''", "\"\"\"", "/*", "$/"].iter().any(|open| text.contains(open)) {
        return Piece::all(text);
    }
    let mut pieces = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        match of_line(line.trim_end_matches(['\r', '\n']), start) {
            Some(found) => pieces.extend(found),
            None => pieces.push(Piece::unclear(Vec::new(), start..start + line.len())),
        }
        start += line.len();
    }
    pieces
}

/// None where a string does not end with its line.
fn of_line(line: &str, start: usize) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let (mut at, mut code) = (0, 0);
    let mut option: Option<String> = None;
    while let Some(found) = line.get(at..)?.find(['\'', '"', '`', '/']) {
        let open = at + found;
        let sign = line.get(open..)?.chars().next()?;
        if sign == '/' {
            if line.get(open..)?.starts_with("//") {
                pieces.push(Piece::comment(start + open + 2..start + line.len()));
                return Some(pieces);
            }
            at = open + 1;
            continue;
        }
        let length = closing(line.get(open + 1..)?, sign)?;
        let inside = open + 1..open + 1 + length;
        let before = line.get(code..open)?.trim().to_owned();
        let content = line.get(inside.clone())?.to_owned();
        pieces.push(Piece::value(
            vec![option.take().unwrap_or(before)],
            start + inside.start..start + inside.end,
        ));
        // What follows an option is its value.
        option = Some(content).filter(|content| content.starts_with('-'));
        at = inside.end + 1;
        code = at;
    }
    Some(pieces)
}

fn closing(rest: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    let end = rest.char_indices().find(|(_, c)| {
        let ends = !escaped && *c == quote;
        escaped = !escaped && *c == '\\';
        ends
    });
    end.map(|(at, _)| at)
}
