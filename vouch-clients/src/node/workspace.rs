//! Which project and which workspace a folder belongs to.

use std::path::{Path, PathBuf};

use glob::{MatchOptions, Pattern};
use serde_json::Value;
use vouch_core::files;

/// What the clients find from a folder upwards.
#[derive(Debug)]
pub(crate) struct ProjectLocation {
    /// The project: the nearest folder with a `package.json` or a `node_modules`, else the folder itself, as npm has it.
    pub(crate) root: PathBuf,
    /// The root of the workspace that names the project as a member, for npm and bun.
    pub(crate) workspace: Option<PathBuf>,
    /// The same for pnpm, which has a file for it.
    pub(crate) pnpm_workspace: Option<PathBuf>,
}

impl ProjectLocation {
    /// Looks from a folder upwards.
    pub(crate) fn of(folder: &Path) -> Self {
        let is_root =
            |folder: &&Path| folder.join("package.json").is_file() || folder.join("node_modules").is_dir();
        let root = folder.ancestors().find(is_root).unwrap_or(folder);
        let workspace = root.ancestors().skip(1).find(|above| has_member(above, root));
        let pnpm_workspace = root.ancestors().find(|above| above.join("pnpm-workspace.yaml").is_file());
        Self {
            root: root.to_owned(),
            workspace: workspace.map(Path::to_owned),
            pnpm_workspace: pnpm_workspace.map(Path::to_owned),
        }
    }
}

/// Whether the `package.json` of a folder names another folder among its workspaces.
fn has_member(folder: &Path, member: &Path) -> bool {
    let read = || {
        let text = files::read_text(&folder.join("package.json")).ok()?;
        let package: Value = serde_json::from_str(&text).ok()?;
        let workspaces = package.get("workspaces")?;
        let patterns = workspaces.as_array().or_else(|| workspaces.get("packages")?.as_array())?;
        let path = member.strip_prefix(folder).ok()?;
        let mut is_member = false;
        for pattern in patterns.iter().filter_map(Value::as_str) {
            let (pattern, excludes) = pattern.strip_prefix('!').map_or((pattern, false), |rest| (rest, true));
            if fits(pattern, path) {
                is_member = !excludes;
            }
        }
        Some(is_member)
    };
    read().unwrap_or_default()
}

fn fits(pattern: &str, path: &Path) -> bool {
    let pattern = pattern.trim_start_matches("./").trim_end_matches('/');
    let options = MatchOptions { require_literal_separator: true, ..MatchOptions::default() };
    Pattern::new(pattern).is_ok_and(|pattern| pattern.matches_path_with(path, options))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn members_of_a_workspace_are_those_that_its_root_names() {
        let dir = tempfile::tempdir().unwrap();
        let member = dir.path().join("packages/a");
        fs::create_dir_all(member.join("src")).unwrap();
        fs::write(member.join("package.json"), "{}").unwrap();
        for (workspaces, wanted) in [
            (r#"["packages/*"]"#, true),
            (r#"["./packages/a/"]"#, true),
            (r#"["**"]"#, true),
            (r#"{"packages": ["packages/*"]}"#, true),
            (r#"["packages/*", "!packages/a"]"#, false),
            (r#"["packages"]"#, false),
            (r#"["*"]"#, false),
            (r#"["other/*"]"#, false),
            ("7", false),
        ] {
            fs::write(dir.path().join("package.json"), format!(r#"{{"workspaces": {workspaces}}}"#)).unwrap();
            let place = ProjectLocation::of(&member.join("src"));
            assert_eq!(place.root, member);
            assert_eq!(place.workspace.as_deref(), wanted.then_some(dir.path()), "{workspaces}");
        }
    }

    #[test]
    fn a_folder_without_a_package_is_its_own_project() {
        let dir = tempfile::tempdir().unwrap();
        let place = ProjectLocation::of(dir.path());
        assert_eq!(place.root, dir.path());
    }
}
