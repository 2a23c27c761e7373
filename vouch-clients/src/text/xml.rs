//! An XML text with elements added to it: every other byte stays where it is.

use std::ops::Range;

use roxmltree::{Document, Node, NodeType, ParsingOptions};

use super::piece::Piece;

/// Why a text cannot be edited.
#[derive(Debug, thiserror::Error)]
pub(crate) enum XmlError {
    /// The parser's own text quotes the file.
    #[error("it is not well-formed XML, at line {line}, column {column}")]
    Malformed { line: u32, column: u32 },
    #[error("`<{0}>` comes out of an entity or has a prefix")]
    Indirect(String),
}

/// An element to be added.
#[derive(Debug, Clone)]
pub(crate) enum Element {
    Text { name: &'static str, text: String },
    Parent { name: &'static str, children: Vec<Element> },
}

/// Parses a text; a document type with entities may be there.
pub(crate) fn parse(text: &str) -> Result<Document<'_>, XmlError> {
    #[cfg(test)]
    PARSED.set(PARSED.get() + 1);
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).map_err(|error| {
        let place = error.pos();
        XmlError::Malformed { line: place.row, column: place.col }
    })
}

/// The contents of elements and attributes, and comments; all of it in one where it does not parse.
pub(crate) fn pieces(text: &str) -> Vec<Piece> {
    let found = || {
        let document = parse(text).ok()?;
        let root = document.root_element();
        let mut pieces = Vec::new();
        around(text, 0..root.range().start, &[], &mut pieces);
        of_element(text, root, &[], &mut pieces)?;
        around(text, root.range().end..text.len(), &[], &mut pieces);
        Some(pieces)
    };
    found().unwrap_or_else(|| Piece::all(text))
}

/// How deep elements may stand in each other: each piece names all that it stands in.
const DEPTH: usize = 64;

/// None where elements stand deeper in each other than any client has them, or one stands elsewhere than in its parent, since
/// it comes out of an entity.
fn of_element(text: &str, element: Node<'_, '_>, path: &[String], pieces: &mut Vec<Piece>) -> Option<()> {
    if path.len() == DEPTH {
        return None;
    }
    let path: Vec<String> = path.iter().cloned().chain([element.tag_name().name().to_owned()]).collect();
    let range = element.range();
    let mut open = range.start;
    for attribute in element.attributes() {
        let path = path.iter().cloned().chain([attribute.name().to_owned()]).collect();
        open = open.max(attribute.range().end);
        // Those of schemas alone have a meaning in such files.
        let is_schema = attribute.name() == "schemaLocation";
        let piece = if is_schema { Piece::value } else { Piece::unclear };
        pieces.push(piece(path, attribute.range_value()));
    }
    // A declaration of a namespace is no attribute to the parser, and may hold a `>`.
    let tag = text.get(open..range.end)?;
    let mut quote = None;
    let end = tag.char_indices().find(|(_, c)| {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(*c),
            (Some(open), c) if open == *c => quote = None,
            _ => {}
        }
        quote.is_none() && *c == '>'
    });
    let (end, _) = end?;
    if tag.get(..end)?.ends_with('/') {
        return Some(());
    }
    let inside = open + end + 1..open + tag.rfind("</")?;
    if !element.children().any(|child| child.node_type() == NodeType::Element) {
        let raw = text.get(inside.clone())?;
        // A comment or CDATA within: what the value is, its parts alone do not tell.
        let piece = if raw.contains('<') { Piece::unclear } else { Piece::value };
        pieces.push(piece(path, inside));
        return Some(());
    }
    let mut at = inside.start;
    for child in element.children().filter(Node::is_element) {
        let range = child.range();
        if range.start < at || range.end > inside.end {
            return None;
        }
        around(text, at..range.start, &path, pieces);
        of_element(text, child, &path, pieces)?;
        at = range.end;
    }
    around(text, at..inside.end, &path, pieces);
    Some(())
}

/// What stands between elements: comments, a document type, or text where none should be.
fn around(text: &str, gap: Range<usize>, path: &[String], pieces: &mut Vec<Piece>) {
    let raw = text.get(gap.clone()).unwrap_or_default();
    let declaration = match raw.trim_start_matches('\u{feff}').strip_prefix("<?xml") {
        Some(rest) if gap.start == 0 => raw.len() - rest.len() + rest.find("?>").map_or(0, |end| end + 2),
        _ => 0,
    };
    let rest = raw.get(declaration..).unwrap_or_default().trim_start_matches('\u{feff}');
    let start = gap.end - rest.len();
    let inner = rest.trim().strip_prefix("<!--").and_then(|rest| rest.strip_suffix("-->"));
    match inner.filter(|inner| !inner.contains("-->")) {
        _ if rest.trim().is_empty() => {}
        Some(inner) => {
            let from = start + rest.find("<!--").unwrap_or_default() + 4;
            pieces.push(Piece::comment(from..from + inner.len()));
        }
        None => pieces.push(Piece::unclear(path.to_vec(), start..gap.end)),
    }
}

/// The children of that name, whatever their namespace: Maven does not look at it.
pub(crate) fn children<'a, 'i>(
    parent: Node<'a, 'i>,
    name: &'static str,
) -> impl Iterator<Item = Node<'a, 'i>> + use<'a, 'i> {
    parent.children().filter(move |node| node.is_element() && node.tag_name().name() == name)
}

/// The text of the only child of that name, without space around it.
pub(crate) fn child_text(parent: Node<'_, '_>, name: &'static str) -> Option<String> {
    let child = children(parent, name).next()?;
    // Text with comments between is one text.
    let parts = child.children().filter(Node::is_text).filter_map(|node| node.text());
    Some(parts.collect::<String>().trim().to_owned())
}

/// Adds an element as the last child of another.
pub(crate) fn append(text: &str, parent: Node<'_, '_>, element: &Element) -> Result<String, XmlError> {
    let name = parent.tag_name().name();
    let range = parent.range();
    let indirect = || XmlError::Indirect(name.to_owned());
    let inside = text.get(range.clone()).filter(|inside| inside.starts_with(&format!("<{name}")));
    let inside = inside.ok_or_else(indirect)?;
    // What comes out of an entity is found where that is declared.
    let is_within = |outer: Node<'_, '_>| {
        let outer = outer.range();
        outer.start < range.start && range.end < outer.end
    };
    if !parent.parent_element().is_none_or(is_within) {
        return Err(indirect());
    }
    let eol = end_of_line(text);
    let unit = unit(text);
    let own = indentation(text, range.start);
    let inner = last_child_indentation(text, parent).unwrap_or_else(|| format!("{own}{unit}"));
    let block = render(element, &inner, &unit, eol);
    let (place, replaced) = match inside.strip_suffix("/>") {
        Some(open) => {
            (range.start + open.trim_end().len()..range.end, format!(">{eol}{block}{own}</{name}>"))
        }
        None => {
            let close = range.start + inside.rfind("</").ok_or_else(indirect)?;
            let line = text.get(..close).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1);
            match text.get(line..close) {
                Some(space) if space.trim().is_empty() && line > range.start => (line..line, block),
                _ => (close..close, format!("{eol}{block}{own}")),
            }
        }
    };
    let mut after = text.to_owned();
    after.replace_range(place, &replaced);
    Ok(after)
}

/// Puts another text into an element that has nothing but text in it.
pub(crate) fn replace_text(text: &str, element: Node<'_, '_>, new: &str) -> Result<String, XmlError> {
    let indirect = || XmlError::Indirect(element.tag_name().name().to_owned());
    let mut parts = element.children();
    let (Some(only), None) = (parts.next(), parts.next()) else { return Err(indirect()) };
    let range = only.range();
    let raw = text.get(range.clone()).filter(|raw| only.is_text() && !raw.contains(['<', '&']));
    let raw = raw.ok_or_else(indirect)?;
    let start = range.start + raw.len() - raw.trim_start().len();
    let mut after = text.to_owned();
    after.replace_range(start..start + raw.trim().len(), &escaped(new));
    Ok(after)
}

/// Takes an element out, with its lines where nothing else is on them.
pub(crate) fn remove(text: &str, element: Node<'_, '_>) -> Result<String, XmlError> {
    let name = element.tag_name().name();
    let range = element.range();
    let is_there = text.get(range.clone()).is_some_and(|raw| raw.starts_with(&format!("<{name}")));
    let before = text.get(..range.start).filter(|_| is_there);
    let (Some(before), Some(behind)) = (before, text.get(range.end..)) else {
        return Err(XmlError::Indirect(name.to_owned()));
    };
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let end = behind.find('\n').map_or(text.len(), |end| range.end + end + 1);
    let is_alone = [start..range.start, range.end..end]
        .into_iter()
        .all(|gap| text.get(gap).is_some_and(|gap| gap.trim().is_empty()));
    let mut after = text.to_owned();
    after.replace_range(if is_alone { start..end } else { range }, "");
    Ok(after)
}

/// How lines end in the text.
pub(crate) fn end_of_line(text: &str) -> &'static str {
    let crlf = text.split_once('\n').is_some_and(|(first, _)| first.ends_with('\r'));
    if crlf { "\r\n" } else { "\n" }
}

/// The space in front of the line's first character, where an element begins its line; otherwise none.
fn indentation(text: &str, at: usize) -> String {
    let before = text.get(..at).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    let is_space = line.bytes().all(|byte| byte == b' ' || byte == b'\t');
    if is_space { line.to_owned() } else { String::new() }
}

fn last_child_indentation(text: &str, parent: Node<'_, '_>) -> Option<String> {
    let last = parent.children().rfind(Node::is_element)?;
    let space = indentation(text, last.range().start);
    (!space.is_empty()).then_some(space)
}

/// What one level is indented by: as the first child of the root is.
fn unit(text: &str) -> String {
    let found = parse(text).ok().and_then(|document| {
        let child = document.root_element().children().find(Node::is_element)?;
        Some(indentation(text, child.range().start))
    });
    found.filter(|space| !space.is_empty()).unwrap_or_else(|| "  ".into())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// An element on lines of its own, each with its end.
pub(crate) fn render(element: &Element, indent: &str, unit: &str, eol: &str) -> String {
    match element {
        Element::Text { name, text } => {
            format!("{indent}<{name}>{}</{name}>{eol}", escaped(text))
        }
        Element::Parent { name, children } => {
            let deeper = format!("{indent}{unit}");
            let inside: String = children.iter().map(|child| render(child, &deeper, unit, eol)).collect();
            format!("{indent}<{name}>{eol}{inside}{indent}</{name}>{eol}")
        }
    }
}

#[cfg(test)]
thread_local! {
    /// How many texts were parsed.
    pub(crate) static PARSED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}
