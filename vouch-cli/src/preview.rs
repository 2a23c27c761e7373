//! What `--dry-run` shows.

use std::path::Path;

use similar::{ChangeTag, TextDiff};
use vouch_clients::text::redact::{self, Dialect, Shown};
use vouch_helper::text::printable_line;

/// The change of a user's file as a unified diff, without what may be secret in it; nothing where nothing changes.
pub(crate) fn diff(path: &Path, dialect: Dialect, (before, after): (&str, &str)) -> String {
    render(path, (before, after), &redact::shown(dialect, before, after))
}

/// The same of a file of Vouch's own, in which nothing is secret.
pub(crate) fn own_diff(path: &Path, (before, after): (&str, &str)) -> String {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let shown = Shown { before: lines(before), after: lines(after), context: lines(before) };
    render(path, (before, after), &shown)
}

fn render(path: &Path, (before, after): (&str, &str), shown: &Shown) -> String {
    if before == after {
        return String::new();
    }
    let path = path.display();
    let mut diff = format!("--- {path}\n+++ {path} (after)\n");
    let lines = |text| str::split_inclusive(text, '\n').collect::<Vec<_>>();
    let (old, new) = (lines(before), lines(after));
    let changes = TextDiff::from_slices(&old, &new);
    for hunk in changes.unified_diff().context_radius(3).iter_hunks() {
        diff.push_str(&format!("{}\n", hunk.header()));
        for change in hunk.iter_changes() {
            let (sign, lines, at) = match change.tag() {
                ChangeTag::Equal => (' ', &shown.context, change.old_index()),
                ChangeTag::Delete => ('-', &shown.before, change.old_index()),
                ChangeTag::Insert => ('+', &shown.after, change.new_index()),
            };
            let line = at.and_then(|at| lines.get(at)).map(String::as_str).unwrap_or_default();
            diff.push_str(&format!("{sign}{}\n", printable_line(line.trim_end_matches(['\r', '\n']))));
        }
    }
    diff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_names_the_file_and_shows_what_changes() {
        let shown = own_diff(Path::new("/x"), ("a\nb\n", "a\nc\n"));
        assert_eq!(shown, "--- /x\n+++ /x (after)\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n");
        assert_eq!(own_diff(Path::new("/x"), ("a", "a")), "");
    }

    #[test]
    fn values_that_stay_are_not_shown() {
        let (before, after) =
            ("a=hunter2\nregistry=https://u:hunter2@h/\n", "a=hunter2\nregistry=https://new/\n");
        let shown = diff(Path::new("/x"), Dialect::NpmIni, (before, after));
        let lines = " a=[redacted]\n-registry=https://[redacted]@h/\n+registry=https://new/\n";
        assert_eq!(shown, format!("--- /x\n+++ /x (after)\n@@ -1,2 +1,2 @@\n{lines}"));
    }
}
