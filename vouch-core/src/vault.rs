//! Sealed entries on disk: session, role credentials, tokens, and the failures that waiting processes share.
//!
//! One file per entry, XChaCha20-Poly1305 under the session key. The entry's name, the session's id and the plain
//! header are authenticated with it: an entry that was moved, altered or left by an earlier session does not open.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::Instant;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::failure::{Diagnostic, ErrorKind};
use crate::files::{self, Holder, Lock, LockError};
use crate::home::{self, Home};
use crate::keystore::SessionKey;
use crate::time::UnixTime;

const MAGIC: &[u8; 8] = b"vouch\0\0\x01";
const NONCE: usize = 24;
const HEADER: usize = MAGIC.len() + 8;

/// Names one entry of a session by everything that shapes what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryName {
    kind: &'static str,
    hash: String,
}

impl EntryName {
    /// `parts` are hashed with their lengths, so that no two lists give one name.
    pub fn new(kind: &'static str, parts: &[&str]) -> Self {
        let mut digest = Sha256::new();
        for part in parts {
            digest.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            digest.update(part);
        }
        Self { kind, hash: home::hex(&digest.finalize(), 16) }
    }

    /// The entry for the failure of making this one.
    #[must_use]
    pub fn failure(&self) -> Self {
        let kind = if self.kind == "token" { "token-failure" } else { "role-failure" };
        Self { kind, hash: self.hash.clone() }
    }
}

impl std::fmt::Display for EntryName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.kind, self.hash)
    }
}

/// The entries of the session whose key it holds.
#[derive(Debug)]
pub struct Vault {
    folder: PathBuf,
    key: SessionKey,
    session: String,
}

/// Why an entry was not written or its lock not had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    #[error("cannot write `{path}`")]
    Write { path: PathBuf, source: io::Error },
    #[error("cannot delete what is in `{path}`")]
    Remove { path: PathBuf, source: io::Error },
    #[error("cannot seal an entry")]
    Seal,
    #[error("{0} has been fetching the same credential for too long")]
    Busy(Holder),
    #[error("cannot keep others from fetching the same credential")]
    Lock(#[source] LockError),
}

impl Diagnostic for VaultError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Busy(_) => ErrorKind::Network,
            _ => ErrorKind::Configuration,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Write { path, source } if source.kind() == io::ErrorKind::StorageFull => {
                format!("Make room on the disk of `{}` and run the command again.", path.display())
            }
            Self::Write { path, .. } | Self::Remove { path, .. } => {
                format!(
                    "Make `{}` and its directory writable for yourself, then run the command again.",
                    path.display()
                )
            }
            Self::Seal => return None,
            Self::Busy(holder) => holder.hint(),
            Self::Lock(_) => {
                "Make the directory `vault` in `~/.vouch` (or VOUCH_HOME) writable for yourself.".into()
            }
        })
    }
}

impl Vault {
    /// The vault of a home, opened with a session's key.
    pub fn new(home: &Home, key: SessionKey) -> Self {
        Self { folder: home.vault(), session: key.session_id(), key }
    }

    /// The session whose entries these are.
    pub fn session_id(&self) -> &str {
        &self.session
    }

    /// An entry that this session wrote and that has not expired; anything else is as good as none.
    pub fn read<T: DeserializeOwned>(&self, name: &EntryName) -> Option<T> {
        let bytes = files::read(&self.file(name)).ok()?;
        if expiry(&bytes)? <= UnixTime::now() {
            return None;
        }
        let (header, rest) = bytes.split_at_checked(HEADER)?;
        let (nonce, sealed) = rest.split_at_checked(NONCE)?;
        let aad = self.associated_data(name, header);
        let payload = Payload { msg: sealed, aad: &aad };
        let plain = Zeroizing::new(self.cipher().decrypt(&XNonce::try_from(nonce).ok()?, payload).ok()?);
        serde_json::from_slice(&plain).ok()
    }

    /// Seals and writes an entry in place of an earlier one.
    ///
    /// # Errors
    /// When the file cannot be written, such as on a full disk; the earlier one is then still there.
    pub fn write<T: Serialize>(
        &self,
        name: &EntryName,
        value: &T,
        expires_at: UnixTime,
    ) -> Result<(), VaultError> {
        let path = self.file(name);
        let failed = |source| VaultError::Write { path: path.clone(), source };
        let plain = Zeroizing::new(serde_json::to_vec(value).map_err(|_| VaultError::Seal)?);
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(|_| VaultError::Seal)?;
        let mut bytes = [&MAGIC[..], &expires_at.0.to_be_bytes()].concat();
        let aad = self.associated_data(name, &bytes);
        let payload = Payload { msg: &plain, aad: &aad };
        let sealed = self.cipher().encrypt(&XNonce::from(nonce), payload).map_err(|_| VaultError::Seal)?;
        bytes.extend(nonce);
        bytes.extend(sealed);
        files::write_atomic(&path, &bytes, 0o600).map_err(failed)
    }

    /// Removes an entry; that there is none is fine.
    pub fn remove(&self, name: &EntryName) {
        // What cannot be removed still expires and still opens to nobody without the key.
        let _ = fs::remove_file(self.file(name));
    }

    /// Waits for the right to make an entry, or for `answer` to find that another process has made it.
    ///
    /// The lock is the same in every session, so that lock files do not pile up; they are never deleted.
    ///
    /// # Errors
    /// When the deadline passes first, or the lock file cannot be used.
    pub fn lock_unless<T>(
        &self,
        name: &EntryName,
        deadline: Instant,
        answer: impl FnMut() -> Option<T>,
    ) -> Result<Result<Lock, T>, VaultError> {
        let path = self.folder.join(format!("{name}.lock"));
        Lock::acquire_unless(&path, deadline, answer).map_err(|error| match error {
            LockError::TimedOut { holder, .. } => VaultError::Busy(holder),
            error @ LockError::Io { .. } => VaultError::Lock(error),
        })
    }

    fn file(&self, name: &EntryName) -> PathBuf {
        self.folder.join(format!("{name}.sealed"))
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(self.key.bytes().into())
    }

    fn associated_data(&self, name: &EntryName, header: &[u8]) -> Vec<u8> {
        [header, self.session.as_bytes(), b"\0", name.to_string().as_bytes()].concat()
    }
}

/// Deletes every sealed entry of a home, whichever session wrote it. Lock files stay.
///
/// # Errors
/// When a file cannot be deleted. The others are gone all the same.
pub fn clear(home: &Home) -> io::Result<()> {
    remove_files(&sealed_files(home)?)
}

/// The sealed entries of a home, whichever session wrote them, unfinished ones among them.
pub(crate) fn sealed_files(home: &Home) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(home.vault()) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut sealed = Vec::new();
    for entry in entries {
        // One that cannot be seen cannot be called gone.
        let entry = entry?;
        if entry.file_name().to_string_lossy().contains(".sealed") {
            sealed.push(entry.path());
        }
    }
    Ok(sealed)
}

/// Deletes files; those that are gone already are fine. Answers the last failure, after having tried all.
pub(crate) fn remove_files(files: &[PathBuf]) -> io::Result<()> {
    let mut outcome = Ok(());
    for file in files {
        match fs::remove_file(file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => outcome = Err(error),
            _ => {}
        }
    }
    outcome
}

/// When the named entry expires, read without any key: good for a message, not to be trusted.
pub(crate) fn claimed_expiry(home: &Home, name: &EntryName) -> Option<UnixTime> {
    expiry(&files::read(&home.vault().join(format!("{name}.sealed"))).ok()?)
}

/// When the entries of a kind expire, read without any key, as [`claimed_expiry`].
pub(crate) fn claimed_expiries(home: &Home, kind: &str) -> impl Iterator<Item = UnixTime> {
    let prefix = format!("{kind}-");
    let of_kind = move |file: &PathBuf| {
        file.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&prefix))
    };
    let files = sealed_files(home).unwrap_or_default().into_iter().filter(of_kind);
    files.filter_map(|file| expiry(&files::read(&file).ok()?))
}

fn expiry(bytes: &[u8]) -> Option<UnixTime> {
    let seconds = bytes.strip_prefix(MAGIC)?.first_chunk::<8>()?;
    Some(UnixTime(i64::from_be_bytes(*seconds)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault() -> (tempfile::TempDir, Home, Vault) {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path()).unwrap();
        home.create().unwrap();
        let vault = Vault::new(&home, SessionKey::generate().unwrap());
        (dir, home, vault)
    }

    fn name(text: &str) -> EntryName {
        EntryName::new("token", &[text])
    }

    fn soon() -> UnixTime {
        UnixTime::now().plus(60)
    }

    #[test]
    fn what_was_written_is_read_and_not_readable_on_disk() {
        let (_dir, _, vault) = vault();
        vault.write(&name("a"), &"hunter2", soon()).unwrap();
        assert_eq!(vault.read::<String>(&name("a")).as_deref(), Some("hunter2"));
        let file = vault.file(&name("a"));
        assert!(!String::from_utf8_lossy(&fs::read(&file).unwrap()).contains("hunter2"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;

            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn another_session_another_name_and_an_altered_byte_open_nothing() {
        let (_dir, home, vault) = vault();
        vault.write(&name("a"), &"hunter2", soon()).unwrap();
        let other = Vault::new(&home, SessionKey::generate().unwrap());
        assert_eq!(other.read::<String>(&name("a")), None);
        let bytes = fs::read(vault.file(&name("a"))).unwrap();
        fs::write(vault.file(&name("b")), &bytes).unwrap();
        assert_eq!(vault.read::<String>(&name("b")), None);
        for index in 0..bytes.len() {
            let mut altered = bytes.clone();
            altered[index] ^= 1;
            fs::write(vault.file(&name("a")), &altered).unwrap();
            assert_eq!(vault.read::<String>(&name("a")), None, "byte {index}");
            fs::write(vault.file(&name("a")), &bytes[..index]).unwrap();
            assert_eq!(vault.read::<String>(&name("a")), None, "cut at {index}");
        }
    }

    #[test]
    fn the_same_value_sealed_twice_has_another_nonce_and_another_text() {
        let (_dir, _, vault) = vault();
        let sealed = || {
            vault.write(&name("a"), &"hunter2", UnixTime(i64::MAX)).unwrap();
            fs::read(vault.file(&name("a"))).unwrap().split_off(HEADER)
        };
        let (one, two) = (sealed(), sealed());
        assert_ne!(one[..NONCE], two[..NONCE]);
        assert_ne!(one[NONCE..], two[NONCE..]);
    }

    #[test]
    fn an_expired_entry_is_none() {
        let (_dir, home, vault) = vault();
        let past = UnixTime::now().plus(-1);
        vault.write(&name("a"), &"hunter2", past).unwrap();
        assert_eq!(vault.read::<String>(&name("a")), None);
        assert_eq!(claimed_expiry(&home, &name("a")), Some(past));
    }

    #[test]
    fn names_depend_on_every_part_and_its_place() {
        let names = [
            EntryName::new("token", &["ab", "c"]),
            EntryName::new("token", &["a", "bc"]),
            EntryName::new("token", &["abc"]),
            EntryName::new("token", &["c", "ab"]),
            EntryName::new("role", &["ab", "c"]),
            EntryName::new("token", &["ab", "c"]).failure(),
        ];
        for (index, one) in names.iter().enumerate() {
            assert!(names.iter().skip(index + 1).all(|two| one.to_string() != two.to_string()));
        }
    }

    #[test]
    fn the_failure_of_an_entry_is_named_after_it() {
        for (kind, expected) in [("token", "token-failure-"), ("role", "role-failure-")] {
            let name = EntryName::new(kind, &["a"]);
            let failure = name.failure().to_string();
            let hash = failure.strip_prefix(expected).unwrap_or_else(|| panic!("{failure}"));
            assert_eq!(name.to_string(), format!("{kind}-{hash}"));
        }
    }

    #[test]
    fn what_cannot_be_deleted_fails_the_clearing_and_all_else_is_gone() {
        let (_dir, home, vault) = vault();
        let stuck = home.vault().join("k.sealed");
        fs::create_dir(&stuck).unwrap();
        fs::write(stuck.join("inside"), "").unwrap();
        for entry in ["a", "b", "z"] {
            vault.write(&name(entry), &1, soon()).unwrap();
        }
        let leftover = home.vault().join(format!(".{}.sealed.vouch-new", name("a")));
        fs::write(&leftover, "half").unwrap();
        assert!(clear(&home).is_err());
        assert!(!leftover.exists());
        assert_eq!(sealed_files(&home).unwrap(), [stuck]);
    }

    #[test]
    fn clearing_leaves_the_locks() {
        let (_dir, home, vault) = vault();
        vault.write(&name("a"), &1, soon()).unwrap();
        drop(vault.lock_unless(&name("a"), Instant::now(), || None::<()>).unwrap());
        clear(&home).unwrap();
        let left: Vec<_> =
            fs::read_dir(home.vault()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, [format!("{}.lock", name("a")).as_str()]);
    }
}
