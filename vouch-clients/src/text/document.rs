//! A TOML text taken apart, once for all that is looked for in it.

use std::path::Path;
use std::rc::Rc;

use toml_edit::Document;
use vouch_core::files;

use crate::memo::Memo;

/// Where a text is not TOML, and why. The parser's own message would show the line, and a token may stand in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Malformed {
    pub(crate) line: usize,
    pub(crate) reason: String,
}

type Parsed = Result<Rc<Document<String>>, Malformed>;

/// What stands in a text; places are those of the text.
pub(crate) fn parsed(text: &str) -> Parsed {
    thread_local! {
        static LAST: Memo<Parsed> = const { Memo::new() };
    }
    LAST.with(|last| (*last.of(text, |text| parse(text).map(Rc::new))).clone())
}

/// The same of a file that is there and is TOML.
pub(crate) fn in_file(file: &Path) -> Option<Rc<Document<String>>> {
    parsed(&files::read_text(file).ok()?).ok()
}

fn parse(text: &str) -> Result<Document<String>, Malformed> {
    #[cfg(test)]
    PARSED.set(PARSED.get() + 1);
    Document::parse(text.to_owned()).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let line = 1 + text.get(..at).unwrap_or(text).matches('\n').count();
        Malformed { line, reason: error.message().to_owned() }
    })
}

#[cfg(test)]
thread_local! {
    /// How many texts were parsed.
    pub(crate) static PARSED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}
