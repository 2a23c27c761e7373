//! A file in `XDG_RUNTIME_DIR`, for where the kernel's keyring is forbidden. Only on request.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::error::KeystoreError;
use super::key::SessionKey;
use crate::env;
use crate::files;
use crate::home::Home;

pub(super) const NAME: &str = "the runtime file";

/// `f_type` of a file system that lives in memory (statfs(2)).
const TMPFS_MAGIC: i64 = 0x0102_1994;
const RAMFS_MAGIC: i64 = 0x8584_58f6;

#[derive(Debug)]
pub(super) struct RuntimeFile(PathBuf);

impl RuntimeFile {
    pub(super) fn new(home: &Home) -> Result<Self, KeystoreError> {
        let runtime = match env::var_os("XDG_RUNTIME_DIR") {
            Some(path) => PathBuf::from(path),
            None => Path::new("/run/user").join(rustix::process::geteuid().as_raw().to_string()),
        };
        Self::below(&runtime, home)
    }

    pub(super) fn below(runtime: &Path, home: &Home) -> Result<Self, KeystoreError> {
        let unfit = |reason| KeystoreError::UnfitFolder { path: runtime.to_owned(), reason };
        let io = |source| KeystoreError::Io { path: runtime.to_owned(), source };
        if !runtime.is_absolute() {
            return Err(unfit("it is not an absolute path"));
        }
        let metadata = fs::metadata(runtime).map_err(io)?;
        if metadata.uid() != rustix::process::geteuid().as_raw() {
            return Err(unfit("it belongs to another user"));
        }
        if metadata.mode() & 0o077 != 0 {
            return Err(unfit("others may enter it"));
        }
        let file_system = rustix::fs::statfs(runtime).map_err(|errno| io(errno.into()))?.f_type;
        if ![TMPFS_MAGIC, RAMFS_MAGIC].contains(&file_system) {
            return Err(unfit("it is on a disk, not in memory"));
        }
        Ok(Self(runtime.join("vouch").join(home.id())))
    }

    pub(super) fn store(&self, key: &SessionKey) -> Result<(), KeystoreError> {
        let folder = self.0.parent().unwrap_or(&self.0);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|source| self.io(source))?;
        files::write_atomic(&self.0, key.bytes(), 0o600).map_err(|source| self.io(source))
    }

    pub(super) fn load(&self) -> Result<SessionKey, KeystoreError> {
        match files::read(&self.0).map(Zeroizing::new) {
            Ok(bytes) => SessionKey::from_slice(&bytes).ok_or(KeystoreError::Missing),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(KeystoreError::Missing),
            Err(source) => Err(self.io(source)),
        }
    }

    pub(super) fn delete(&self) -> Result<(), KeystoreError> {
        match fs::remove_file(&self.0) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.io(error)),
            _ => Ok(()),
        }
    }

    fn io(&self, source: io::Error) -> KeystoreError {
        KeystoreError::Io { path: self.0.clone(), source }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn private_dir(on: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir_in(on).unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
        dir
    }

    #[test]
    fn a_key_is_kept_in_a_private_file_in_memory() {
        let runtime = private_dir("/dev/shm");
        let file =
            RuntimeFile::below(runtime.path(), &Home::at(runtime.path().join("home")).unwrap()).unwrap();
        assert!(matches!(file.load(), Err(KeystoreError::Missing)));
        let key = SessionKey::generate().unwrap();
        file.store(&key).unwrap();
        assert_eq!(file.load().unwrap().bytes(), key.bytes());
        assert_eq!(fs::metadata(&file.0).unwrap().mode() & 0o777, 0o600);
        file.delete().unwrap();
        file.delete().unwrap();
        assert!(matches!(file.load(), Err(KeystoreError::Missing)));
    }

    #[test]
    fn the_made_folder_is_private_and_a_key_that_cannot_be_deleted_is_told() {
        let runtime = private_dir("/dev/shm");
        let file =
            RuntimeFile::below(runtime.path(), &Home::at(runtime.path().join("home")).unwrap()).unwrap();
        file.store(&SessionKey::generate().unwrap()).unwrap();
        assert_eq!(fs::metadata(runtime.path().join("vouch")).unwrap().mode() & 0o777, 0o700);
        fs::remove_file(&file.0).unwrap();
        fs::create_dir(&file.0).unwrap();
        fs::write(file.0.join("inside"), "").unwrap();
        assert!(matches!(file.delete(), Err(KeystoreError::Io { .. })));
        assert!(matches!(file.load(), Err(KeystoreError::Io { .. })));
    }

    #[test]
    fn a_folder_of_another_user_is_refused() {
        let runtime = private_dir("/dev/shm");
        if std::os::unix::fs::chown(runtime.path(), Some(12345), None).is_err() {
            return;
        }
        let home = Home::at("/nonexistent/home").unwrap();
        let refused = RuntimeFile::below(runtime.path(), &home);
        assert!(
            matches!(refused, Err(KeystoreError::UnfitFolder { reason: "it belongs to another user", .. })),
            "{refused:?}"
        );
    }

    #[test]
    fn folders_that_others_enter_or_that_are_on_disk_are_refused() {
        let home = Home::at("/nonexistent/home").unwrap();
        let open = private_dir("/dev/shm");
        fs::set_permissions(open.path(), fs::Permissions::from_mode(0o755)).unwrap();
        assert!(matches!(RuntimeFile::below(open.path(), &home), Err(KeystoreError::UnfitFolder { .. })));
        assert!(matches!(
            RuntimeFile::below(Path::new("relative"), &home),
            Err(KeystoreError::UnfitFolder { .. })
        ));
        assert!(matches!(
            RuntimeFile::below(Path::new("/nonexistent"), &home),
            Err(KeystoreError::Io { .. })
        ));
        let disk = private_dir(env!("CARGO_MANIFEST_DIR"));
        assert!(matches!(RuntimeFile::below(disk.path(), &home), Err(KeystoreError::UnfitFolder { .. })));
    }
}
