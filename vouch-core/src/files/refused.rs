//! Why a file is not read or written although the system would allow it.

use std::fs::Metadata;
use std::io;
use std::path::PathBuf;

use super::shell::shell_quoted;
use crate::hint::UNDO_LIST;

/// Why a file is not touched, or how a failed edit left it. Travels inside an [`io::Error`]; [`of`] finds it there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    #[error("it is {0}, not a regular file")]
    NotAFile(&'static str),
    #[error("it is larger than 8 MiB")]
    TooLarge,
    #[error("it belongs to another user (uid {owner})")]
    Foreign { path: PathBuf, owner: u32 },
    #[error("another program put a link in its place")]
    Replaced,
    #[error(
        "overwriting it failed halfway ({write}), and its old contents could not be put back ({restore})"
    )]
    Damaged { path: PathBuf, write: String, restore: String },
}

impl Refused {
    /// What to do about it, as one sentence.
    pub fn hint(&self) -> String {
        match self {
            Self::NotAFile(_) => "Name a regular file; nothing was read and nothing was changed.".into(),
            Self::TooLarge => "Name the right file: none that Vouch reads is that large.".into(),
            Self::Foreign { path, owner } => format!(
                "Run the command as that user, with `sudo -H -u '#{owner}'` before it; or make the file your own: \
                 `sudo chown \"$(id -u)\" {}`.",
                shell_quoted(path)
            ),
            Self::Replaced => {
                "Run the command again; others should not be able to write to its directory.".into()
            }
            Self::Damaged { path, .. } => format!(
                "Make room on the disk, then check {} and restore what is missing; {UNDO_LIST} shows what setup wrote there.",
                shell_quoted(path)
            ),
        }
    }
}

impl From<Refused> for io::Error {
    fn from(refused: Refused) -> Self {
        let kind = match refused {
            Refused::Foreign { .. } => io::ErrorKind::PermissionDenied,
            Refused::TooLarge => io::ErrorKind::FileTooLarge,
            _ => io::ErrorKind::InvalidInput,
        };
        Self::new(kind, refused)
    }
}

/// The refusal in an error of the functions of this module.
pub fn of(error: &io::Error) -> Option<&Refused> {
    error.get_ref()?.downcast_ref()
}

/// What to do about an error of the functions of this module, where it is one of theirs.
pub fn hint(error: &io::Error) -> Option<String> {
    of(error).map(Refused::hint)
}

/// Whether a failed write left the file neither as it was nor as it should be.
pub fn is_damaged(error: &io::Error) -> bool {
    matches!(of(error), Some(Refused::Damaged { .. }))
}

/// What is not a regular file is refused.
pub(super) fn unless_regular(metadata: &Metadata) -> io::Result<()> {
    if metadata.is_file() { Ok(()) } else { Err(Refused::NotAFile(kind(metadata)).into()) }
}

#[cfg(unix)]
fn kind(metadata: &Metadata) -> &'static str {
    use std::os::unix::fs::FileTypeExt;

    let kind = metadata.file_type();
    match () {
        () if kind.is_dir() => "a directory",
        () if kind.is_fifo() => "a named pipe",
        () if kind.is_socket() => "a socket",
        () if kind.is_symlink() => "a link",
        () => "a device",
    }
}

#[cfg(not(unix))]
fn kind(metadata: &Metadata) -> &'static str {
    if metadata.is_dir() { "a directory" } else { "a device" }
}
