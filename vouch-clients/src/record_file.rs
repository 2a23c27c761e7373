//! What Vouch keeps about its own edits, each kind in a JSON file of its own: read whole, changed under a lock, and never
//! overwritten by one who could not read it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;
use vouch_core::failure::{Diagnostic, ErrorKind};
use vouch_core::files::{self, Holder, Lock, LockError, READ_LIMIT, Refused, shell_quoted};
use vouch_core::home::{Home, HomeError};
use vouch_core::numbers;

/// How long to wait for another process; nobody holds one of these locks for longer than a write takes.
const LOCK_WAIT: Duration = Duration::from_secs(30);

/// The contents of such a file.
pub(crate) trait Record: Default + Serialize + DeserializeOwned {
    /// The file, without its ending.
    const NAME: &'static str;
    /// What it is, for a message.
    const TITLE: &'static str;
    /// The schema that this version writes.
    const VERSION: u64;

    /// What goes missing with the file, as a clause.
    fn without() -> String;

    fn version(&self) -> u64;

    /// Whether there is nothing to keep: then there is no file.
    fn is_empty(&self) -> bool;
}

/// Why a record was not read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    #[error("cannot read `{path}`, {title}")]
    Read { path: PathBuf, title: &'static str, without: String, source: io::Error },
    #[error("`{path}` has version {version}; this Vouch knows up to {known}")]
    Newer { path: PathBuf, version: u64, known: u64 },
    #[error("cannot save `{path}`; it is as it was")]
    Save { path: PathBuf, source: io::Error },
    #[error("{holder} has been changing `{path}` for too long")]
    Busy { path: PathBuf, holder: Holder },
    #[error(transparent)]
    Home(#[from] HomeError),
}

impl Diagnostic for RecordError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Busy { .. } => ErrorKind::Other,
            _ => ErrorKind::Configuration,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Read { path, without, .. } => {
                let (from, to) = (shell_quoted(path), shell_quoted(&path.with_extension("json.unreadable")));
                format!("Fix that file, or move it away with `mv {from} {to}` to go on: {without}.")
            }
            Self::Newer { .. } => "Install a Vouch at least as new as the one that wrote it.".into(),
            Self::Save { source, .. } if source.kind() == io::ErrorKind::FileTooLarge => {
                "It holds more than Vouch can keep: undo what you no longer need, one client at a time."
                    .into()
            }
            Self::Save { .. } => {
                "Make room on the disk, and the folder writable; then run the command again.".into()
            }
            Self::Busy { holder, .. } => holder.hint(),
            Self::Home(error) => return error.hint(),
        })
    }
}

/// Reads a record; an empty one where there is no file.
pub(crate) fn load<T: Record>(home: &Home) -> Result<T, RecordError> {
    let path = path::<T>(home);
    let unreadable =
        |source| RecordError::Read { path: path.clone(), title: T::TITLE, without: T::without(), source };
    let text = match files::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(T::default()),
        Err(error) => return Err(unreadable(error)),
    };
    let record: T =
        serde_json::from_slice(&numbers::hide(&text)).map_err(|error| unreadable(error.into()))?;
    if record.version() > T::VERSION {
        return Err(RecordError::Newer { path, version: record.version(), known: T::VERSION });
    }
    Ok(record)
}

/// Changes a record under its lock.
pub(crate) fn update<T: Record, A>(
    home: &Home,
    change: impl FnOnce(&mut T) -> Result<A, RecordError>,
) -> Result<A, RecordError> {
    let path = path::<T>(home);
    let failed = |source| RecordError::Save { path: path.clone(), source };
    home.create()?;
    let lock = path.with_extension("lock");
    let _lock = Lock::acquire(&lock, Instant::now() + LOCK_WAIT).map_err(|error| match error {
        LockError::TimedOut { holder, .. } => RecordError::Busy { path: path.clone(), holder },
        LockError::Io { source, .. } => failed(source),
    })?;
    let mut record = load::<T>(home)?;
    // Text before and after, since a record need not be comparable. What cannot be written is found out before a file is
    // opened.
    let before = text(&record).map_err(failed)?;
    let answer = change(&mut record)?;
    let after = text(&record).map_err(failed)?;
    if before != after {
        write(&path, &record, &after).map_err(failed)?;
    }
    Ok(answer)
}

fn text(record: &impl Serialize) -> io::Result<String> {
    Ok(numbers::show(serde_json::to_string_pretty(record)?) + "\n")
}

fn write(path: &Path, record: &impl Record, text: &str) -> io::Result<()> {
    if !record.is_empty() {
        // What could not be read again would be lost to every later run.
        if text.len() as u64 > READ_LIMIT {
            return Err(Refused::TooLarge.into());
        }
        return files::write_atomic(path, text.as_bytes(), 0o600);
    }
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Where a record is.
pub(crate) fn path<T: Record>(home: &Home) -> PathBuf {
    home.path().join(format!("{}.json", T::NAME))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    struct Paths {
        version: u64,
        paths: Vec<PathBuf>,
    }

    impl Record for Paths {
        const NAME: &'static str = "paths";
        const TITLE: &'static str = "the paths of a test";
        const VERSION: u64 = 1;

        fn without() -> String {
            "the test knows nothing".into()
        }

        fn version(&self) -> u64 {
            self.version
        }

        fn is_empty(&self) -> bool {
            self.paths.is_empty()
        }
    }

    fn home() -> (tempfile::TempDir, Home, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path().join("vouch")).unwrap();
        let path = home.path().join("paths.json");
        (dir, home, path)
    }

    fn add(home: &Home, path: impl Into<PathBuf>) -> Result<(), RecordError> {
        update(home, |record: &mut Paths| {
            record.paths.push(path.into());
            Ok(())
        })
    }

    #[test]
    fn what_is_empty_has_no_file() {
        let (_dir, home, path) = home();
        add(&home, "/a").unwrap();
        assert!(path.is_file());
        update(&home, |record: &mut Paths| {
            record.paths.clear();
            Ok(())
        })
        .unwrap();
        assert!(!path.exists());
    }

    #[cfg(unix)]
    #[test]
    fn what_cannot_be_written_leaves_the_file_whole() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;

        let (_dir, home, path) = home();
        add(&home, "/a").unwrap();
        let before = fs::read(&path).unwrap();
        let failed = add(&home, OsStr::from_bytes(b"/\xff")).unwrap_err();
        assert!(matches!(failed, RecordError::Save { .. }), "{failed}");
        assert_eq!(fs::read(&path).unwrap(), before);
    }

    #[test]
    fn what_could_not_be_read_again_is_not_written() {
        let (_dir, home, path) = home();
        add(&home, "/a").unwrap();
        let before = fs::read(&path).unwrap();
        let long = "x".repeat(usize::try_from(READ_LIMIT).unwrap());
        let failed = add(&home, format!("/{long}")).unwrap_err();
        assert!(failed.hint().unwrap().contains("one client at a time"), "{failed}");
        assert_eq!(fs::read(&path).unwrap(), before);
    }

    #[test]
    fn what_cannot_be_read_is_not_overwritten_and_the_hint_says_how_to_go_on() {
        let (_dir, home, path) = home();
        home.create().unwrap();
        for text in ["{ oops", "{\"version\": 2, \"paths\": []}", ""] {
            fs::write(&path, text).unwrap();
            let failed = add(&home, "/a").unwrap_err();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
            let newer = matches!(failed, RecordError::Newer { .. });
            assert!(newer || failed.hint().unwrap().contains(".json.unreadable'`"), "{:?}", failed.hint());
        }
    }
}
