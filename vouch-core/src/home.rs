//! `~/.vouch`, or where `VOUCH_HOME` says.

use std::env;

use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::failure::{Diagnostic, ErrorKind};

/// The folder that holds the configuration and the vault of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home(PathBuf);

/// Why the folder cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HomeError {
    #[error("neither VOUCH_HOME nor the home folder is known")]
    Unknown,
    #[error("VOUCH_HOME is `{0}`, which is not an absolute path")]
    Relative(PathBuf),
    #[error("`--home {0}` is not an absolute path")]
    RelativeArgument(PathBuf),
    #[error("`{path}` belongs to another user (uid {owner}, running as {uid})")]
    Foreign { path: PathBuf, owner: u32, uid: u32 },
    #[error("cannot use the folder `{path}`")]
    Io { path: PathBuf, source: io::Error },
}

impl Diagnostic for HomeError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Configuration
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unknown => "Set HOME, or VOUCH_HOME to a folder of your own.".into(),
            Self::Relative(_) => "Give VOUCH_HOME an absolute path, or unset it.".into(),
            Self::RelativeArgument(_) => "Give `--home` an absolute path.".into(),
            Self::Foreign { .. } => {
                "Run Vouch as yourself, without sudo; or set VOUCH_HOME to a folder of the user that runs it."
                    .into()
            }
            Self::Io { path, .. } => {
                format!("Make `{}` and the folder that it is in writable for yourself.", path.display())
            }
        })
    }
}

impl Home {
    /// From `VOUCH_HOME`, else `.vouch` in the home folder. An empty variable counts as unset.
    ///
    /// # Errors
    /// When no folder is named, the name is relative, or the folder belongs to another user.
    pub fn from_env() -> Result<Self, HomeError> {
        let home = match crate::env::var_os("VOUCH_HOME") {
            Some(path) if Path::new(&path).is_absolute() => PathBuf::from(path),
            Some(path) => return Err(HomeError::Relative(path.into())),
            None => {
                env::home_dir().filter(|path| path.is_absolute()).ok_or(HomeError::Unknown)?.join(".vouch")
            }
        };
        Self::at(home)
    }

    /// A folder that an argument names; a relative one would be another in each working directory.
    ///
    /// # Errors
    /// When it is relative or belongs to another user.
    pub fn named(path: &Path) -> Result<Self, HomeError> {
        if !path.is_absolute() {
            return Err(HomeError::RelativeArgument(path.to_owned()));
        }
        Self::at(path)
    }

    /// A given folder; it need not exist yet.
    ///
    /// # Errors
    /// When it exists and belongs to another user, as under `sudo -E`: files that root leaves there would lock the
    /// person out of their own.
    pub fn at(path: impl Into<PathBuf>) -> Result<Self, HomeError> {
        let home = Self(path.into());
        check_owner(&home.0)?;
        Ok(home)
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// `config.json`.
    pub fn config_file(&self) -> PathBuf {
        self.0.join("config.json")
    }

    /// The folder of the sealed entries.
    pub fn vault(&self) -> PathBuf {
        self.0.join("vault")
    }

    /// Makes the folder and the vault's, readable by their owner alone.
    ///
    /// # Errors
    /// When a folder cannot be made, such as in a read-only home.
    pub fn create(&self) -> Result<(), HomeError> {
        for path in [self.0.clone(), self.vault()] {
            create_private_dir(&path).map_err(|source| HomeError::Io { path, source })?;
        }
        Ok(())
    }

    /// Tells the homes of one user apart where a name is shared by all of them, such as in the kernel's keyring:
    /// 16 hexadecimal digits of the hash of the canonical path.
    pub fn id(&self) -> String {
        let canonical = self.0.canonicalize().unwrap_or_else(|_| self.0.clone());
        hex(&Sha256::digest(canonical.as_os_str().as_encoded_bytes()), 8)
    }
}

/// The first `bytes` of a digest in hexadecimal.
pub fn hex(digest: &[u8], bytes: usize) -> String {
    digest.iter().take(bytes).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(unix)]
fn create_private_dir(path: &Path) -> io::Result<()> {
    use std::fs;
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};

    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    let permissions = fs::metadata(path)?.permissions();
    if permissions.mode() & 0o077 != 0 {
        fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn create_private_dir(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)
}

#[cfg(unix)]
fn check_owner(path: &Path) -> Result<(), HomeError> {
    use std::os::unix::fs::MetadataExt;

    let owner = match path.metadata() {
        Ok(metadata) => metadata.uid(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(HomeError::Io { path: path.to_owned(), source }),
    };
    let uid = rustix::process::geteuid().as_raw();
    if owner == uid { Ok(()) } else { Err(HomeError::Foreign { path: path.to_owned(), owner, uid }) }
}

#[cfg(not(unix))]
fn check_owner(_path: &Path) -> Result<(), HomeError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_of_another_user_is_refused() {
        let uid = rustix::process::geteuid().as_raw();
        // `/` belongs to root, `/proc/1` too; an ordinary user meets the refusal with either.
        match Home::at("/") {
            Ok(_) => assert_eq!(uid, 0),
            Err(error) => assert!(matches!(error, HomeError::Foreign { owner: 0, .. }), "{error}"),
        }
    }

    #[test]
    fn folders_are_private_even_if_they_were_not() {
        use std::os::unix::fs::PermissionsExt;

        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("vouch");
        std::fs::create_dir(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        let home = Home::at(&path).unwrap();
        home.create().unwrap();
        for path in [home.path().to_owned(), home.vault()] {
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        }
    }

    #[test]
    fn the_id_follows_the_canonical_path() {
        let dir = tempfile::tempdir().unwrap();
        let (real, link) = (dir.path().join("real"), dir.path().join("link"));
        std::fs::create_dir(&real).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        assert_eq!(Home::at(&real).unwrap().id(), Home::at(&link).unwrap().id());
        assert_ne!(Home::at(&real).unwrap().id(), Home::at(dir.path()).unwrap().id());
    }
}
