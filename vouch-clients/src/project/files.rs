//! The files of a project, each opened once, by its name.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use vouch_core::files;

/// What was read so far. It may hold tokens: nothing prints it.
#[derive(Default)]
pub(super) struct Files {
    texts: HashMap<PathBuf, Option<Rc<str>>>,
    /// Those that are there and were not read, with the reason.
    pub(super) left_out: Vec<(PathBuf, String)>,
}

impl Files {
    /// The text of a file; none where there is no such file, or it cannot be looked at.
    pub(super) fn text(&mut self, path: &Path) -> Option<Rc<str>> {
        if let Some(known) = self.texts.get(path) {
            return known.clone();
        }
        let text = match files::read(path) {
            Ok(bytes) => {
                let text = String::from_utf8_lossy(&bytes);
                Some(Rc::from(text.strip_prefix('\u{feff}').unwrap_or(&text)))
            }
            Err(error) => {
                let is_absent =
                    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory);
                // No client reads a directory of that name.
                if !is_absent && !path.is_dir() {
                    self.left_out.push((path.to_owned(), error.to_string()));
                }
                None
            }
        };
        self.texts.insert(path.to_owned(), text.clone());
        text
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_is_too_large_is_named_and_what_is_not_there_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::write(path("text"), "\u{feff}a").unwrap();
        fs::create_dir(path("folder")).unwrap();
        let large = fs::File::create(path("large")).unwrap();
        large.set_len(files::READ_LIMIT + 1).unwrap();
        let mut files = Files::default();
        assert_eq!(files.text(&path("text")).as_deref(), Some("a"));
        for name in ["folder", "missing", "text/below"] {
            assert_eq!(files.text(&path(name)), None, "{name}");
        }
        assert_eq!(files.left_out, []);
        for _ in 0..2 {
            assert_eq!(files.text(&path("large")), None);
        }
        assert_eq!(files.left_out, [(path("large"), "it is larger than 8 MiB".to_owned())]);
    }
}
