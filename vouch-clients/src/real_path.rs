//! Where a file is or would be, with no link in its path.

use std::io;
use std::path::{Path, PathBuf};

use vouch_core::files;

/// The path without links; of one that is not there, as much of it as there is. Two names of one file have one.
pub(crate) fn real(path: &Path) -> io::Result<PathBuf> {
    let target = std::path::absolute(files::follow(path)?)?;
    let (base, rest) = nearest_existing(&target);
    let base = dunce::canonicalize(base)?;
    Ok(if rest.as_os_str().is_empty() { base } else { base.join(rest) })
}

/// The nearest directory or file of a path that exists, and what is below it.
pub(crate) fn nearest_existing(path: &Path) -> (&Path, &Path) {
    let base = path.ancestors().find(|base| base.exists()).unwrap_or(path);
    (base, path.strip_prefix(base).unwrap_or(Path::new("")))
}
