//! TOML files of uv, poetry and pdm: parsed to be judged, edited as text.

use std::path::Path;
use std::rc::Rc;

use toml_edit::{Document, Table, Value};
use vouch_core::Failure;

use crate::text::document::{Malformed, parsed};
use crate::text::toml::{SpliceError, Splices};

const BOM: &str = "\u{feff}";

/// The text after an edit; `work` is given the parsed text and the place for its changes.
pub(super) fn edit(
    file: &Path,
    text: &str,
    work: impl FnOnce(&Table, &mut Splices<'_>) -> Result<(), TomlError>,
) -> Result<String, Failure> {
    let body = text.strip_prefix(BOM).unwrap_or(text);
    let refused = |error: TomlError| match error {
        TomlError::Failure(failed) => failed,
        TomlError::Splice(error) => Failure::configuration(
            format!("`{}`: {error}", file.display()),
            "Write that part in the usual form, or add the lines of `--print` yourself; nothing was changed.",
        ),
    };
    let document = parse(file, body)?;
    let mut splices = Splices::new(body);
    work(document.as_table(), &mut splices).map_err(refused)?;
    if splices.is_empty() {
        return Ok(text.to_owned());
    }
    let edited = splices.apply();
    // An edit that breaks the file would be worse than none.
    parse(file, &edited)?;
    let bom = if body.len() < text.len() { BOM } else { "" };
    Ok(format!("{bom}{edited}"))
}

/// Why there is no edit.
#[derive(Debug)]
pub(super) enum TomlError {
    Splice(SpliceError),
    Failure(Failure),
}

impl From<SpliceError> for TomlError {
    fn from(error: SpliceError) -> Self {
        Self::Splice(error)
    }
}

impl From<Failure> for TomlError {
    fn from(failed: Failure) -> Self {
        Self::Failure(failed)
    }
}

/// A text as it stands in TOML.
pub(super) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn parse(file: &Path, text: &str) -> Result<Rc<Document<String>>, Failure> {
    parsed(text).map_err(|Malformed { line, reason }| {
        Failure::configuration(
            format!("`{}` line {line}: {reason}", file.display()),
            "Correct the file; nothing was changed.",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::document::PARSED;

    #[test]
    fn a_file_is_parsed_once_for_all_that_is_looked_for_in_it() {
        let text: String =
            (0..50).map(|number| format!("[repositories.r{number}]\nurl = \"{number}\"\n")).collect();
        let file = Path::new("config.toml");
        let before = PARSED.get();
        for number in 0..50 {
            let name = format!("r{number}");
            let looked = edit(file, &text, |root, _| {
                assert!(root.get("repositories").and_then(|table| table.get(&name)).is_some());
                Ok(())
            });
            assert_eq!(looked.unwrap(), text);
            // Other files are looked at in between.
            let _ = edit(file, "[http-basic]\n", |_, _| Ok(())).unwrap();
        }
        assert_eq!(PARSED.get() - before, 2);
    }
}
