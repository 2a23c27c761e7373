//! A file's place: its directory, held open, and its name there.

use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags};
use rustix::io::Errno;

use super::in_place::Content;
use super::read::READ_LIMIT;
use super::refused::{self, Refused};

const PERMISSIONS: u32 = 0o777;

#[derive(Debug)]
pub(super) struct DirectoryEntry {
    folder: OwnedFd,
    name: OsString,
    path: PathBuf,
}

/// What is at a place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Existing {
    pub(super) mode: u32,
    owner: u32,
}

impl DirectoryEntry {
    /// The place of a path that is no link any more.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // Where the system has it, a directory that can be entered but not listed will do, too.
        #[cfg(target_os = "linux")]
        let flags = OFlags::PATH;
        #[cfg(not(target_os = "linux"))]
        let flags = OFlags::RDONLY;
        let flags = flags | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = rustix::fs::openat(CWD, folder, flags, Mode::empty())?;
        Ok(Self { folder, name, path: path.to_owned() })
    }

    pub(super) fn name(&self) -> &OsStr {
        &self.name
    }

    /// What is there, if it is a regular file.
    pub(super) fn existing(&self) -> io::Result<Option<Existing>> {
        let stat = match rustix::fs::statat(&self.folder, &self.name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(Errno::NOENT) => return Ok(None),
            Err(errno) => return Err(errno.into()),
        };
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => {
                #[allow(clippy::useless_conversion, reason = "it has 16 bits on other systems")]
                let mode = u32::from(Mode::from_raw_mode(stat.st_mode).bits()) & PERMISSIONS;
                Ok(Some(Existing { mode, owner: stat.st_uid }))
            }
            FileType::Symlink => Err(Refused::Replaced.into()),
            FileType::Directory => Err(Refused::NotAFile("a directory").into()),
            FileType::Fifo => Err(Refused::NotAFile("a named pipe").into()),
            FileType::Socket => Err(Refused::NotAFile("a socket").into()),
            _ => Err(Refused::NotAFile("a device").into()),
        }
    }

    /// Refuses a file of another user: a new one would be taken away from its owner, and what is written into an old one
    /// would be theirs to read.
    pub(super) fn unless_foreign(&self, existing: Existing) -> io::Result<()> {
        self.unless_owned_by_another(existing.owner)
    }

    fn unless_owned_by_another(&self, owner: u32) -> io::Result<()> {
        if owner == rustix::process::geteuid().as_raw() {
            return Ok(());
        }
        Err(Refused::Foreign { path: self.path.clone(), owner }.into())
    }

    /// Replaces what is there with a new file.
    pub(super) fn replace(&self, temporary: &OsStr, contents: &[u8], mode: u32) -> io::Result<()> {
        self.prepare(temporary, contents, mode)?;
        self.put(temporary)
    }

    /// Writes a file under another name of the same directory.
    pub(super) fn prepare(&self, temporary: &OsStr, contents: &[u8], mode: u32) -> io::Result<()> {
        self.remove(temporary)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&self.folder, temporary, flags, Mode::RUSR | Mode::WUSR)?;
        self.or_without(temporary, fill(File::from(file), contents, mode))
    }

    /// Puts what was prepared in place of what is there.
    pub(super) fn put(&self, temporary: &OsStr) -> io::Result<()> {
        let put = rustix::fs::renameat(&self.folder, temporary, &self.folder, &self.name);
        self.or_without(temporary, put.map_err(io::Error::from))
    }

    fn or_without(&self, temporary: &OsStr, outcome: io::Result<()>) -> io::Result<()> {
        if outcome.is_err() {
            // The error at hand matters more than one of cleaning up after it.
            let _ = self.remove(temporary);
        }
        outcome
    }

    /// Removes another name of the same directory, whatever it is; that there is none is fine.
    pub(super) fn remove(&self, name: &OsStr) -> io::Result<()> {
        match rustix::fs::unlinkat(&self.folder, name, AtFlags::empty()) {
            Err(errno) if errno != Errno::NOENT => Err(errno.into()),
            _ => Ok(()),
        }
    }

    /// Opens what is there to overwrite it, if it is a regular file of one's own, and reads it. `narrow` gives the mode
    /// that it gets before anything is written.
    pub(super) fn open(&self, narrow: impl FnOnce(u32) -> u32) -> io::Result<(OpenFile, Vec<u8>)> {
        let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = match rustix::fs::openat(&self.folder, &self.name, flags, Mode::empty()) {
            Ok(file) => File::from(file),
            Err(Errno::LOOP) => return Err(Refused::Replaced.into()),
            Err(errno) => return Err(errno.into()),
        };
        let metadata = file.metadata()?;
        refused::unless_regular(&metadata)?;
        self.unless_owned_by_another(metadata.uid())?;
        let bytes = contents(&file, &metadata)?;
        let mode = metadata.mode() & PERMISSIONS;
        let wanted = narrow(mode);
        if wanted != mode {
            set_mode(&file, wanted)?;
        }
        Ok((OpenFile(file), bytes))
    }
}

fn fill(mut file: File, contents: &[u8], mode: u32) -> io::Result<()> {
    file.write_all(contents)?;
    // The umask may have taken bits that the old file had.
    set_mode(&file, mode)?;
    file.sync_all()
}

fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    file.set_permissions(std::fs::Permissions::from_mode(mode))
}

fn contents(file: &File, metadata: &Metadata) -> io::Result<Vec<u8>> {
    if metadata.len() > READ_LIMIT {
        return Err(Refused::TooLarge.into());
    }
    let mut bytes = Vec::new();
    file.take(READ_LIMIT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > READ_LIMIT { Err(Refused::TooLarge.into()) } else { Ok(bytes) }
}

/// A file that is overwritten where it is.
#[derive(Debug)]
pub(super) struct OpenFile(File);

impl Content for OpenFile {
    fn write_at(&mut self, bytes: &[u8], offset: usize) -> io::Result<()> {
        self.0.write_all_at(bytes, offset as u64)
    }

    fn set_len(&mut self, len: usize) -> io::Result<()> {
        self.0.set_len(len as u64)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.sync_all()
    }
}
