//! Reading a file that a user, a project or a variable names: a regular file of a bounded length, or nothing.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

use super::refused::{self, Refused};

/// The most that is read of one file: far more than any configuration, journal or lock file has.
pub const READ_LIMIT: u64 = 8 * 1024 * 1024;

/// Reads a file. A link to a regular file is followed; anything else that exists is refused before it is opened, since
/// opening a device can already do something and a FIFO has no end.
///
/// # Errors
/// Whatever the system says; or a [`Refused`] in it.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    read_with_metadata(path).map(|(bytes, _)| bytes)
}

/// As [`read`], for text.
///
/// # Errors
/// As [`read`]; [`io::ErrorKind::InvalidData`] for what is not UTF-8.
pub fn read_text(path: &Path) -> io::Result<String> {
    String::from_utf8(read(path)?)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8 text"))
}

/// As [`read`], with what the system says about the very file that was read.
pub(crate) fn read_with_metadata(path: &Path) -> io::Result<(Vec<u8>, Metadata)> {
    let file = open(path)?;
    let metadata = file.metadata()?;
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default());
    // The length is no promise: the file may grow, and those of `/proc` claim to be empty.
    file.take(READ_LIMIT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > READ_LIMIT {
        return Err(Refused::TooLarge.into());
    }
    Ok((bytes, metadata))
}

fn open(path: &Path) -> io::Result<File> {
    refused::unless_regular(&path.metadata()?)?;
    let mut options = OpenOptions::new();
    options.read(true);
    // Something else may be there by now: opening it must neither wait nor take the terminal.
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;

        use rustix::fs::OFlags;

        let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
        options.custom_flags(i32::try_from(flags.bits()).unwrap_or_default());
    }
    let file = options.open(path)?;
    let metadata = file.metadata()?;
    refused::unless_regular(&metadata)?;
    if metadata.len() > READ_LIMIT {
        return Err(Refused::TooLarge.into());
    }
    Ok(file)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;
    use std::time::{Duration, Instant};

    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::*;

    fn refusal(path: &Path) -> Refused {
        let error = read(path).unwrap_err();
        refused::of(&error).unwrap_or_else(|| panic!("{error}")).clone()
    }

    #[test]
    fn what_is_no_regular_file_is_refused_without_waiting() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        mknodat(CWD, path("fifo"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        let _listener = UnixListener::bind(path("socket")).unwrap();
        fs::create_dir(path("folder")).unwrap();
        symlink("/dev/zero", path("link")).unwrap();
        let started = Instant::now();
        for (name, what) in [
            ("fifo", "a named pipe"),
            ("socket", "a socket"),
            ("folder", "a directory"),
            ("link", "a device"),
            ("/dev/null", "a device"),
        ] {
            assert_eq!(refusal(&path(name)), Refused::NotAFile(what), "{name}");
        }
        assert!(started.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn a_link_to_a_file_is_followed_and_a_missing_one_is_not_found() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("real"), "text").unwrap();
        symlink("real", dir.path().join("link")).unwrap();
        assert_eq!(read_text(&dir.path().join("link")).unwrap(), "text");
        assert_eq!(read(&dir.path().join("gone")).unwrap_err().kind(), io::ErrorKind::NotFound);
        fs::write(dir.path().join("real"), [0xff]).unwrap();
        assert_eq!(read_text(&dir.path().join("real")).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn a_file_is_read_up_to_the_limit_and_not_beyond() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("large");
        File::create(&path).unwrap().set_len(READ_LIMIT).unwrap();
        assert_eq!(read(&path).unwrap().len() as u64, READ_LIMIT);
        File::create(&path).unwrap().set_len(READ_LIMIT + 1).unwrap();
        assert_eq!(refusal(&path), Refused::TooLarge);
        // One that claims to be empty and is not.
        assert!(!read(Path::new("/proc/self/status")).unwrap().is_empty());
    }
}
