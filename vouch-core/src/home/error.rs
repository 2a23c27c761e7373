//! Why a folder cannot be the home of Vouch.

use std::io;
use std::path::{Path, PathBuf};

use crate::failure::{Diagnostic, ErrorKind};
use crate::files::shell_quoted;

/// Why the folder cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HomeError {
    #[error("neither VOUCH_HOME nor the home directory is known")]
    Unknown,
    #[error("{origin} is `{path}`, which is not an absolute path")]
    Relative { path: PathBuf, origin: &'static str },
    #[error("`{path}` belongs to another user (uid {owner}, running as {uid})")]
    Foreign { path: PathBuf, owner: u32, uid: u32 },
    #[error(
        "`{path}` would be made in `{folder}`, which belongs to another user (uid {owner}, running as root)"
    )]
    ForeignParent { path: PathBuf, folder: PathBuf, owner: u32 },
    #[error("other users can change `{path}` (mode {mode:03o})")]
    Writable { path: PathBuf, mode: u32, mount: Option<Mount> },
    #[error(
        "other users have access to `{path}` (mode {mode:03o}), as to a file that came out of a repository"
    )]
    Open { path: PathBuf, mode: u32, mount: Option<Mount> },
    #[error(
        "the home of Vouch is `{path}`, in the git repository `{repository}`: a project may have supplied it"
    )]
    InRepository { path: PathBuf, repository: PathBuf, origin: &'static str },
    #[error("cannot use the directory `{path}`")]
    Io { path: PathBuf, source: io::Error },
}

/// A mount that shows modes which no file of it has, and on which `chmod` may change nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mount {
    /// A drive of Windows in its subsystem for Linux.
    Wsl,
    /// Such as one of a virtual machine's host, of a server, or without modes of its own.
    Foreign,
}

impl Diagnostic for HomeError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Configuration
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unknown => "Set HOME, or VOUCH_HOME to a directory of your own.".into(),
            Self::Relative { origin, .. } => format!("Give {origin} an absolute path, or leave it out."),
            Self::Foreign { path, owner: 0, .. } => {
                format!(
                    "Root made it, such as with `sudo -E vouch`. Make it your own again: `sudo chown -R \"$(id -u):$(id -g)\" {}`.",
                    shell_quoted(path)
                )
            }
            Self::Foreign { uid: 0, .. } | Self::ForeignParent { .. } => {
                "Run Vouch as yourself, without sudo; or set VOUCH_HOME to a directory of root's own."
                    .into()
            }
            Self::Foreign { .. } => {
                "Run Vouch as the user who owns it, or set VOUCH_HOME to a directory of your own.".into()
            }
            Self::Writable { path, mount, .. } => closed(path, "go-w", *mount),
            Self::Open { path, mount, .. } => {
                format!(
                    "{} But if you did not make it yourself, do not use it: it decides which hosts get tokens.",
                    closed(path, "go=", *mount)
                )
            }
            Self::InRepository { origin, .. } if *origin != "VOUCH_HOME" => {
                "Move your home out of the repository, then run the setup again with `--home` and its new place.".into()
            }
            Self::InRepository { .. } => {
                "Unset VOUCH_HOME (look for it in `.envrc` and `.env` of the project); or move your home out of the \
                 repository and let VOUCH_HOME name its new place."
                    .into()
            }
            Self::Io { path, .. } => {
                format!("Make `{}` and the directory that it is in writable for yourself.", path.display())
            }
        })
    }
}

/// How to close a file or folder to others.
fn closed(path: &Path, change: &str, mount: Option<Mount>) -> String {
    let path = shell_quoted(path);
    match mount {
        None => format!("Run `chmod {change} {path}`."),
        Some(Mount::Wsl) => format!(
            "WSL shows every file of a Windows drive like that. Unset VOUCH_HOME, so that Vouch uses the disk of Linux; or \
             add `[automount]` and `options = \"metadata,umask=077\"` to `/etc/wsl.conf`, run `wsl --shutdown` in Windows, \
             then `chmod {change} {path}`."
        ),
        Some(Mount::Foreign) => format!(
            "Run `chmod {change} {path}`. If its file system keeps no modes, mount it with `umask=077` and `uid=` you, or set \
             VOUCH_HOME to a directory on a disk of this system."
        ),
    }
}
