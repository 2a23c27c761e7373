//! A file's place where the system has no descriptors of directories.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::in_place::Content;
use super::read::READ_LIMIT;
use super::refused::{self, Refused};

/// How long a file that others have open is waited for, and between two tries.
const PATIENCE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(5);

#[derive(Debug)]
pub(super) struct DirectoryEntry {
    path: PathBuf,
}

/// What is at a place. Modes and owners mean nothing here.
#[derive(Debug, Clone, Copy)]
pub(super) struct Existing {
    pub(super) mode: u32,
}

impl DirectoryEntry {
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        Ok(Self { path: path.to_owned() })
    }

    pub(super) fn name(&self) -> &OsStr {
        self.path.file_name().unwrap_or_default()
    }

    pub(super) fn existing(&self) -> io::Result<Option<Existing>> {
        match self.path.metadata() {
            Ok(metadata) => refused::unless_regular(&metadata).map(|()| Some(Existing { mode: 0 })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn unless_foreign(&self, _existing: Existing) -> io::Result<()> {
        Ok(())
    }

    pub(super) fn replace(&self, temporary: &OsStr, contents: &[u8], mode: u32) -> io::Result<()> {
        self.prepare(temporary, contents, mode)?;
        self.put(temporary)
    }

    pub(super) fn prepare(&self, temporary: &OsStr, contents: &[u8], _mode: u32) -> io::Result<()> {
        self.remove(temporary)?;
        let beside = self.path.with_file_name(temporary);
        let written = OpenOptions::new().write(true).create_new(true).open(&beside).and_then(|mut file| {
            file.write_all(contents)?;
            file.sync_all()
        });
        self.or_without(temporary, written)
    }

    pub(super) fn put(&self, temporary: &OsStr) -> io::Result<()> {
        self.or_without(temporary, self.rename(temporary))
    }

    /// Windows refuses while another process has the file open, such as a reader, a writer of the same file, or whoever looks for
    /// viruses. They take milliseconds.
    fn rename(&self, temporary: &OsStr) -> io::Result<()> {
        let beside = self.path.with_file_name(temporary);
        let deadline = Instant::now() + PATIENCE;
        loop {
            let renamed = fs::rename(&beside, &self.path);
            let is_refused =
                renamed.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied);
            let may_be_written = || self.path.metadata().is_ok_and(|found| !found.permissions().readonly());
            if !is_refused || Instant::now() >= deadline || !may_be_written() {
                return renamed;
            }
            thread::sleep(PAUSE);
        }
    }

    fn or_without(&self, temporary: &OsStr, outcome: io::Result<()>) -> io::Result<()> {
        if outcome.is_err() {
            // The error at hand matters more than one of cleaning up after it.
            let _ = self.remove(temporary);
        }
        outcome
    }

    pub(super) fn remove(&self, name: &OsStr) -> io::Result<()> {
        match fs::remove_file(self.path.with_file_name(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    pub(super) fn open(&self, _narrow: impl FnOnce(u32) -> u32) -> io::Result<(OpenFile, Vec<u8>)> {
        let file = OpenOptions::new().read(true).write(true).open(&self.path)?;
        refused::unless_regular(&file.metadata()?)?;
        let mut bytes = Vec::new();
        (&file).take(READ_LIMIT + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > READ_LIMIT {
            return Err(Refused::TooLarge.into());
        }
        Ok((OpenFile(file), bytes))
    }
}

/// A file that is overwritten where it is.
#[derive(Debug)]
pub(super) struct OpenFile(File);

impl Content for OpenFile {
    fn write_at(&mut self, bytes: &[u8], offset: usize) -> io::Result<()> {
        self.0.seek(SeekFrom::Start(offset as u64))?;
        self.0.write_all(bytes)
    }

    fn set_len(&mut self, len: usize) -> io::Result<()> {
        self.0.set_len(len as u64)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.sync_all()
    }
}
