//! Where symbolic links lead.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Where a chain of symbolic links ends, even if nothing is there yet.
pub fn follow(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..40 {
        match fs::read_link(&path) {
            Ok(link) => path = path.parent().unwrap_or(Path::new("")).join(link),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("too many symbolic links"))
}
