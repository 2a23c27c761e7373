//! Whose the home is, who else can change it, and whether a project supplied it. A rule that cannot be checked refuses.
//!
//! Helpers do this at every start: a few stats, no program.

use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};

use super::error::{HomeError, Mount};

/// Refuses a home, or a vault in it, that is another user's or that others can change.
pub(super) fn judge(home: &Path, vault: &Path) -> Result<(), HomeError> {
    let Some(folder) = metadata(home)? else { return judge_parent(home) };
    judge_own(home, &folder)?;
    match metadata(vault)? {
        Some(folder) => judge_own(vault, &folder),
        None => Ok(()),
    }
}

/// Refuses a configuration that is another user's, or on which others have any right: Vouch makes it for its owner alone,
/// and git checks nothing out like that.
pub(crate) fn judge_config(path: &Path, metadata: &Metadata) -> Result<(), HomeError> {
    judge_own(path, metadata)?;
    let mode = mode(metadata);
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(HomeError::Open { path: path.to_owned(), mode, mount: mount(path) })
}

/// Refuses a home with a `.git` in a directory above it, by the name given and by where links lead.
pub(super) fn outside_repositories(path: &Path, origin: &'static str) -> Result<(), HomeError> {
    let real = real(path)?;
    let other = if real == path { None } else { Some(path) };
    for path in [Some(real.as_path()), other].into_iter().flatten() {
        for folder in path.ancestors() {
            match folder.join(".git").symlink_metadata() {
                Ok(_) => {
                    let (path, repository) = (path.to_owned(), folder.to_owned());
                    return Err(HomeError::InRepository { path, repository, origin });
                }
                Err(error) if is_absent(&error) => {}
                Err(source) => return Err(HomeError::Io { path: folder.to_owned(), source }),
            }
        }
    }
    Ok(())
}

/// Where a path leads, as far as it exists.
pub(super) fn real(path: &Path) -> Result<PathBuf, HomeError> {
    for existing in path.ancestors() {
        match dunce::canonicalize(existing) {
            Ok(real) => {
                // Joining nothing would add a slash.
                let rest = path.strip_prefix(existing).unwrap_or(Path::new(""));
                return Ok(if rest.as_os_str().is_empty() { real } else { real.join(rest) });
            }
            Err(error) if is_absent(&error) => {}
            Err(source) => return Err(HomeError::Io { path: existing.to_owned(), source }),
        }
    }
    Ok(path.to_owned())
}

pub(super) fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn metadata(path: &Path) -> Result<Option<Metadata>, HomeError> {
    match path.metadata() {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(HomeError::Io { path: path.to_owned(), source }),
    }
}

#[cfg(unix)]
fn judge_own(path: &Path, metadata: &Metadata) -> Result<(), HomeError> {
    use std::os::unix::fs::MetadataExt;

    let (owner, uid) = (metadata.uid(), rustix::process::geteuid().as_raw());
    if owner != uid {
        return Err(HomeError::Foreign { path: path.to_owned(), owner, uid });
    }
    let mode = mode(metadata);
    if mode & 0o022 == 0 {
        return Ok(());
    }
    Err(HomeError::Writable { path: path.to_owned(), mode, mount: mount(path) })
}

#[cfg(not(unix))]
fn judge_own(_path: &Path, _metadata: &Metadata) -> Result<(), HomeError> {
    Ok(())
}

/// Root may make a home everywhere, also where the next `vouch` of the user whose folder it is could not use it.
#[cfg(unix)]
fn judge_parent(path: &Path) -> Result<(), HomeError> {
    use std::os::unix::fs::MetadataExt;

    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    for folder in path.ancestors().skip(1) {
        let Some(metadata) = metadata(folder)? else { continue };
        let owner = metadata.uid();
        return if owner == 0 || is_outside_of_namespace(owner) {
            Ok(())
        } else {
            Err(HomeError::ForeignParent { path: path.to_owned(), folder: folder.to_owned(), owner })
        };
    }
    Ok(())
}

#[cfg(not(unix))]
fn judge_parent(_path: &Path) -> Result<(), HomeError> {
    Ok(())
}

/// Whether a uid stands for all those that a user namespace does not know, the real root's among them: whoever is root
/// only in there made no folder of theirs.
#[cfg(target_os = "linux")]
fn is_outside_of_namespace(uid: u32) -> bool {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let overflow = read("/proc/sys/kernel/overflowuid").trim().parse();
    overflow == Ok(uid) && is_partial(&read("/proc/self/uid_map"))
}

#[cfg(all(unix, not(target_os = "linux")))]
fn is_outside_of_namespace(_uid: u32) -> bool {
    false
}

/// Whether a map of uids (user_namespaces(7)) leaves any out.
#[cfg(target_os = "linux")]
fn is_partial(map: &str) -> bool {
    let all = ["0", "0", "4294967295"];
    !map.trim().is_empty() && !map.split_whitespace().eq(all)
}

#[cfg(unix)]
fn mode(metadata: &Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt;

    metadata.permissions().mode() & 0o777
}

#[cfg(not(unix))]
fn mode(_metadata: &Metadata) -> u32 {
    0o600
}

#[cfg(target_os = "linux")]
fn mount(path: &Path) -> Option<Mount> {
    super::mount::of(path)
}

#[cfg(not(target_os = "linux"))]
fn mount(_path: &Path) -> Option<Mount> {
    None
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, chown, symlink};

    use super::*;
    use crate::failure::Diagnostic;
    use crate::home::Home;

    fn private(path: &Path) {
        fs::create_dir_all(path).unwrap();
        set_mode(path, 0o700);
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn is_root() -> bool {
        rustix::process::geteuid().is_root()
    }

    #[test]
    fn a_home_of_another_user_is_refused_with_the_command_that_fixes_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("home");
        private(&path);
        Home::at(&path).unwrap();
        if !is_root() {
            let error = Home::at("/").unwrap_err();
            assert!(matches!(error, HomeError::Foreign { owner: 0, .. }), "{error}");
            assert!(error.hint().unwrap().contains("sudo chown -R"));
            return;
        }
        chown(&path, Some(12345), None).unwrap();
        let error = Home::at(&path).unwrap_err();
        assert!(matches!(error, HomeError::Foreign { owner: 12345, uid: 0, .. }), "{error}");
        assert!(error.hint().unwrap().contains("without sudo"));
        // What root would make there.
        let error = Home::at(path.join("deep/.vouch")).unwrap_err();
        assert!(matches!(error, HomeError::ForeignParent { owner: 12345, .. }), "{error}");
        chown(&path, Some(0), None).unwrap();
        Home::at(path.join("deep/.vouch")).unwrap();
    }

    #[test]
    fn whose_the_home_is_decides_the_advice() {
        let foreign =
            |owner, uid| HomeError::Foreign { path: "/home/it's/.vouch".into(), owner, uid }.hint().unwrap();
        assert!(
            foreign(0, 1000).contains(r#"sudo chown -R "$(id -u):$(id -g)" '/home/it'\''s/.vouch'"#),
            "{}",
            foreign(0, 1000)
        );
        assert!(foreign(1000, 0).contains("without sudo"));
        assert!(foreign(1000, 1001).contains("the user who owns it"));
    }

    #[test]
    fn what_others_can_change_is_refused_with_the_command_that_fixes_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("home");
        private(&path.join("vault"));
        set_mode(&path, 0o755);
        Home::at(&path).unwrap();
        for (folder, mode) in [(path.clone(), 0o770), (path.clone(), 0o702), (path.join("vault"), 0o720)] {
            set_mode(&folder, mode);
            let error = Home::at(&path).unwrap_err();
            assert!(matches!(&error, HomeError::Writable { mode: found, .. } if *found == mode), "{error}");
            let fix = format!("chmod go-w '{}'", folder.display());
            assert!(error.hint().unwrap().contains(&fix), "{:?}", error.hint());
            set_mode(&folder, 0o700);
        }
        Home::at(&path).unwrap();
    }

    #[test]
    fn mounts_that_keep_no_modes_have_their_own_fix() {
        let hint =
            |mount| HomeError::Writable { path: "/mnt/c/v".into(), mode: 0o777, mount }.hint().unwrap();
        assert!(
            hint(Some(Mount::Wsl)).contains("/etc/wsl.conf") && hint(Some(Mount::Wsl)).contains("metadata")
        );
        assert!(hint(Some(Mount::Foreign)).contains("umask=077"));
        assert_eq!(hint(None), "Run `chmod go-w '/mnt/c/v'`.");
    }

    #[test]
    fn a_home_in_a_repository_is_refused_whatever_way_leads_there() {
        let dir = tempfile::tempdir().unwrap();
        let (project, link) = (dir.path().join("project"), dir.path().join("link"));
        private(&project.join("deep/home"));
        symlink(project.join("deep"), &link).unwrap();
        let ways = [
            project.join("deep/home"),
            project.join("not/there/yet"),
            link.join("home"),
            link.join("not-there"),
            dir.path().join("project/deep/../deep/home"),
            project.clone(),
        ];
        for way in &ways {
            Home::named(way, "VOUCH_HOME").unwrap();
        }
        for git in ["directory", "file", "dangling link"] {
            match git {
                "directory" => fs::create_dir(project.join(".git")).unwrap(),
                "file" => fs::write(project.join(".git"), "gitdir: elsewhere").unwrap(),
                _ => symlink("/nonexistent", project.join(".git")).unwrap(),
            }
            for way in &ways {
                let error = Home::named(way, "VOUCH_HOME").unwrap_err();
                assert!(matches!(error, HomeError::InRepository { .. }), "{git} {}: {error}", way.display());
                assert!(error.hint().unwrap().contains("Unset VOUCH_HOME"));
            }
            let _ = fs::remove_dir(project.join(".git")).or_else(|_| fs::remove_file(project.join(".git")));
        }
        // A link that a repository has, to a folder outside of it.
        private(&dir.path().join("outside"));
        symlink(dir.path().join("outside"), project.join("home")).unwrap();
        fs::create_dir(project.join(".git")).unwrap();
        assert!(matches!(
            Home::named(project.join("home"), "VOUCH_HOME"),
            Err(HomeError::InRepository { .. })
        ));
        Home::named(dir.path().join("outside"), "VOUCH_HOME").unwrap();
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_user_namespace_is_told_by_its_map() {
        assert!(!is_partial("         0          0 4294967295\n"));
        assert!(is_partial("         0       1000          1\n"));
        assert!(is_partial("0 100000 65536\n"));
        assert!(!is_partial(""));
    }
}
