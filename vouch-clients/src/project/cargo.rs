//! What Cargo reads in a project: `.cargo/config.toml`. A lock or an index that names another place gets no token from it.

use std::path::Path;

use super::found::{Found, Network};
use super::setting::{Setting, of_toml};
use crate::cargo::files_of_project;

/// Looks at every configuration from a folder upwards, without the user's own.
pub(super) fn look(found: &mut Found<'_>, folder: &Path) {
    let mut settings: Vec<Setting> = Vec::new();
    for file in files_of_project(folder) {
        let text = found.files.text(&file).unwrap_or_default();
        settings.extend(of_toml(&file, &text));
    }
    let first = |key: &str| settings.iter().find(|it| it.is(&["http", key]) && !it.value.is_empty());
    Network { unchecked: None, authority: first("cainfo"), proxy: first("proxy"), is_held: false }
        .judge(found);
}
