//! `~/.vouch`, or where `VOUCH_HOME` says.

mod error;
mod guard;
#[cfg(target_os = "linux")]
mod mount;

use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

pub use error::{HomeError, Mount};
pub(crate) use guard::judge_config;

const BIN: &str = "bin";

/// The folder that holds the configuration and the vault of one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home(PathBuf);

impl Home {
    /// From `VOUCH_HOME`, else `.vouch` in the home folder. An empty variable counts as unset.
    ///
    /// # Errors
    /// When no folder is named, the name is relative, as [`Home::named`], or as [`Home::at`].
    pub fn from_env() -> Result<Self, HomeError> {
        match crate::env::var_os("VOUCH_HOME") {
            Some(path) => Self::named(path, "VOUCH_HOME"),
            None => Self::at(Self::usual().ok_or(HomeError::Unknown)?),
        }
    }

    /// The folder that `origin`, such as a variable or an argument, names. A project can set variables for whoever enters
    /// its directory: a folder of a repository is no one's home, unless it is the one that nothing needs to name.
    ///
    /// # Errors
    /// When the name is relative, a git repository is above the folder or it cannot be told, or as [`Home::at`].
    pub fn named(path: impl Into<PathBuf>, origin: &'static str) -> Result<Self, HomeError> {
        let path = path.into();
        if !path.is_absolute() {
            return Err(HomeError::Relative { path, origin });
        }
        // Commands in files name the usual home, too; some people keep their home folder in a repository.
        if Self::usual().as_ref() != Some(&path) {
            guard::outside_repositories(&path, origin)?;
        }
        Self::at(path)
    }

    /// A given folder; it need not exist yet.
    ///
    /// # Errors
    /// When it, or what is nearest above it, belongs to another user, as under `sudo -E`: files that root leaves there
    /// would lock users out of their own. When others can write to it or to the vault in it. When that cannot be told.
    pub fn at(path: impl Into<PathBuf>) -> Result<Self, HomeError> {
        let home = Self(path.into());
        guard::judge(home.path(), &home.vault())?;
        Ok(home)
    }

    /// Where the folder is that nothing else names: `~/.vouch`.
    pub fn usual() -> Option<PathBuf> {
        Some(crate::env::home_dir()?.join(".vouch"))
    }

    /// Whether it is `~/.vouch`, under whatever name.
    pub fn is_usual(&self) -> bool {
        Self::usual().is_some_and(|usual| self.is_at(&usual))
    }

    /// Whether it is the folder at this path, under whatever name.
    pub fn is_at(&self, path: &Path) -> bool {
        path == self.0 || same_folder(path, &self.0)
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

    /// The folder of what AWS said of domains.
    pub(crate) fn verdicts(&self) -> PathBuf {
        self.0.join("verdicts")
    }

    /// The folder of the names by which clients start our programs for this home: the path says which home it is.
    pub fn bin(&self) -> PathBuf {
        self.0.join(BIN)
    }

    /// The home whose [`Self::bin`] has a program at this path. The folder above is a home if there is a configuration or a
    /// vault in it, or if that cannot be told: it is judged before it is used.
    pub fn of_program(path: &Path) -> Option<PathBuf> {
        let bin = path.parent().filter(|folder| folder.ends_with(BIN))?;
        let home = Self(bin.parent()?.to_owned());
        let is_there = |path: PathBuf| match path.symlink_metadata() {
            Ok(_) => true,
            Err(error) => !guard::is_absent(&error),
        };
        (is_there(home.config_file()) || is_there(home.vault())).then_some(home.0)
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
    /// 16 hexadecimal digits of the hash of the path without links. The same before the folder is there: the key of the first
    /// login is stored then.
    pub fn id(&self) -> String {
        let canonical = guard::real(&self.0).unwrap_or_else(|_| self.0.clone());
        hex(&Sha256::digest(canonical.as_os_str().as_encoded_bytes()), 8)
    }
}

/// The first `bytes` of a digest in hexadecimal.
pub fn hex(digest: &[u8], bytes: usize) -> String {
    digest.iter().take(bytes).map(|byte| format!("{byte:02x}")).collect()
}

fn same_folder(one: &Path, other: &Path) -> bool {
    one.canonicalize().is_ok_and(|one| other.canonicalize().is_ok_and(|other| one == other))
}

#[cfg(unix)]
pub(crate) fn create_private_dir(path: &Path) -> io::Result<()> {
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
pub(crate) fn create_private_dir(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
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
    fn a_program_tells_its_home_by_its_path() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path().join("a home")).unwrap();
        let program = home.bin().join("keyring");
        assert_eq!(Home::of_program(&program), None, "there is no home yet");
        home.create().unwrap();
        assert_eq!(Home::of_program(&program).as_deref(), Some(home.path()));
        std::fs::remove_dir(home.vault()).unwrap();
        assert_eq!(Home::of_program(&program), None);
        std::fs::write(home.config_file(), "").unwrap();
        assert_eq!(Home::of_program(&program).as_deref(), Some(home.path()));
        for other in ["keyring", "sbin/keyring", "bin/deeper/keyring"] {
            assert_eq!(Home::of_program(&home.path().join(other)), None, "{other}");
        }
        assert_eq!(Home::of_program(Path::new("keyring")), None);
    }

    #[cfg(unix)]
    #[test]
    fn the_id_follows_the_canonical_path() {
        let dir = tempfile::tempdir().unwrap();
        let (real, link) = (dir.path().join("real"), dir.path().join("link"));
        std::fs::create_dir(&real).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        assert_eq!(Home::at(&real).unwrap().id(), Home::at(&link).unwrap().id());
        assert_ne!(Home::at(&real).unwrap().id(), Home::at(dir.path()).unwrap().id());
        let new = Home::at(link.join("new")).unwrap();
        let before = new.id();
        new.create().unwrap();
        assert_eq!(new.id(), before);
        assert_eq!(Home::at(real.join("new")).unwrap().id(), before);
    }
}
