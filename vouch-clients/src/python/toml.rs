//! TOML files of uv, poetry and pdm: parsed to be judged, edited as text.

use std::path::Path;

use toml_edit::{Document, Table, Value};
use vouch_core::Failure;

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
            "Write that part in the usual form, or add the lines of `--print` by hand; nothing was changed.",
        ),
    };
    let document = parse(file, body)?;
    let mut splices = Splices::new(body);
    work(document.as_table(), &mut splices).map_err(refused)?;
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

fn parse<'t>(file: &Path, text: &'t str) -> Result<Document<&'t str>, Failure> {
    Document::parse(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        Failure::configuration(
            format!("`{}` line {line}: {}", file.display(), error.message()),
            "Correct the file; nothing was changed.",
        )
    })
}
