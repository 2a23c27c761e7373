//! Scripts that Vouch writes, in Groovy and JavaScript: what may be secret in them stands in quotes or in a comment.

use super::piece::Piece;

/// Strings, each by the name before it in its line, and comments. A script with a string over several lines is not taken
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
    let mut option: Option<&str> = None;
    let mut name = "";
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
        let before = line.get(code..open)?;
        // The strings of one call have one name.
        if before.trim() != "," {
            name = name_before(before);
        }
        let content = line.get(inside.clone())?;
        pieces.push(Piece::value(
            vec![option.take().unwrap_or(name).to_owned()],
            start + inside.start..start + inside.end,
        ));
        // What follows an option is its value.
        option = Some(content).filter(|content| content.starts_with('-'));
        at = inside.end + 1;
        code = at;
    }
    Some(pieces)
}

/// The name that a string is given to, or that is called with it.
fn name_before(code: &str) -> &str {
    let code = code.trim_end_matches([' ', '\t', '=', ':', '(']);
    let is_name = |c: char| c.is_alphanumeric() || "_-".contains(c);
    code.rsplit(|c| !is_name(c)).next().unwrap_or_default()
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
