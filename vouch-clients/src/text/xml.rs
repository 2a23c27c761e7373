//! An XML text with elements added to it: every other byte stays where it is.

use std::ops::Range;

use roxmltree::{Document, Node, ParsingOptions};

/// Why a text cannot be edited.
#[derive(Debug, thiserror::Error)]
pub(crate) enum XmlError {
    #[error("it is not well-formed XML: {0}")]
    Malformed(#[from] roxmltree::Error),
    #[error("`<{0}>` comes out of an entity or has a prefix")]
    Indirect(String),
    #[error("the line where `<{0}>` ends holds a secret and would have to be divided")]
    SecretOnLine(String),
}

/// An element to be added.
#[derive(Debug, Clone)]
pub(crate) enum Element {
    Text { name: &'static str, text: String },
    Parent { name: &'static str, children: Vec<Element> },
}

/// Parses a text; a document type with entities may be there.
pub(crate) fn parse(text: &str) -> Result<Document<'_>, XmlError> {
    Ok(Document::parse_with_options(text, ParsingOptions { allow_dtd: true, ..ParsingOptions::default() })?)
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

/// Adds an element as the last child of another. `blank` blanks what is secret, line by line.
pub(crate) fn append(
    text: &str,
    parent: Node<'_, '_>,
    element: &Element,
    blank: impl Fn(&str) -> String,
) -> Result<String, XmlError> {
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
    if place.start < place.end || !is_line_start(text, place.start) {
        check_line(text, &place, blank).map_err(|()| XmlError::SecretOnLine(name.to_owned()))?;
    }
    let mut after = text.to_owned();
    after.replace_range(place, &replaced);
    Ok(after)
}

/// The journal keeps no secret, so that a divided line with one in it could not be put together again.
fn check_line(text: &str, place: &Range<usize>, blank: impl Fn(&str) -> String) -> Result<(), ()> {
    let number = |at: usize| text.get(..at).unwrap_or_default().matches('\n').count();
    let (first, last) = (number(place.start), number(place.end));
    let blanked = blank(text);
    let same = |(one, other): (&str, &str)| one == other;
    let mut touched = text.lines().zip(blanked.lines()).skip(first).take(last - first + 1);
    if text.lines().count() == blanked.lines().count() && touched.all(same) {
        return Ok(());
    }
    Err(())
}

fn is_line_start(text: &str, at: usize) -> bool {
    text.get(..at).is_some_and(|before| before.is_empty() || before.ends_with('\n'))
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

/// An element on lines of its own, each with its end.
pub(crate) fn render(element: &Element, indent: &str, unit: &str, eol: &str) -> String {
    match element {
        Element::Text { name, text } => {
            let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            format!("{indent}<{name}>{text}</{name}>{eol}")
        }
        Element::Parent { name, children } => {
            let deeper = format!("{indent}{unit}");
            let inside: String = children.iter().map(|child| render(child, &deeper, unit, eol)).collect();
            format!("{indent}<{name}>{eol}{inside}{indent}</{name}>{eol}")
        }
    }
}
