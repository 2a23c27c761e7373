//! The files of a folder, to be compared with those of another moment.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What is in each file, or where a link leads.
pub type Files = BTreeMap<PathBuf, Vec<u8>>;

/// Every file below a folder.
pub fn tree(folder: &Path) -> Files {
    let mut files = Files::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the folder can be read").flatten() {
            let path = entry.path();
            if path.is_symlink() {
                let target = fs::read_link(&path).expect("a link");
                files.insert(path, target.into_os_string().into_encoded_bytes());
            } else if path.is_dir() {
                folders.push(path);
            } else {
                files.insert(path.clone(), fs::read(path).expect("the file can be read"));
            }
        }
    }
    files
}

/// What differs between two moments, for whoever reads of a failure.
pub fn difference(before: &Files, after: &Files) -> String {
    let shown = |files: &Files, path: &PathBuf| match files.get(path) {
        Some(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        None => "(not there)".to_owned(),
    };
    let mut paths: Vec<_> = before.keys().chain(after.keys()).collect();
    paths.sort_unstable();
    paths.dedup();
    let differs = paths.into_iter().filter(|path| before.get(*path) != after.get(*path));
    let lines = differs.map(|path| {
        format!(
            "{}\n--- before\n{}\n--- after\n{}\n",
            path.display(),
            shown(before, path),
            shown(after, path)
        )
    });
    lines.collect()
}
