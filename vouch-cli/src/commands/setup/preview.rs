//! What `--dry-run` shows.

use std::path::Path;

use similar::TextDiff;

/// The change of a file as a unified diff; nothing where nothing changes.
pub(crate) fn diff(path: &Path, before: &str, after: &str) -> String {
    if before == after {
        return String::new();
    }
    let path = path.display().to_string();
    TextDiff::from_lines(before, after)
        .unified_diff()
        .context_radius(3)
        .header(&path, &format!("{path} (after)"))
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_names_the_file_and_shows_what_changes() {
        let shown = diff(Path::new("/x"), "a\nb\n", "a\nc\n");
        assert_eq!(shown, "--- /x\n+++ /x (after)\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n");
        assert_eq!(diff(Path::new("/x"), "a", "a"), "");
    }
}
