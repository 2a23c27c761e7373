//! Why a file of npm's was not edited.

use std::io;
use std::path::PathBuf;

use vouch_core::broker;
use vouch_core::config::ConfigError;
use vouch_core::failure::{Diagnostic, ErrorKind};
use vouch_core::files;
use vouch_core::hint::SETUP_NPM_ENV;

use crate::file_lock::FileError;
use crate::git::GitError;
use crate::ledger::RecordError;

/// Why a file of npm's cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NpmError {
    #[error("cannot read `{path}`")]
    Read { path: PathBuf, source: io::Error },
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error("`{0}` is UTF-16 text, which npm cannot read either")]
    Utf16(PathBuf),
    #[error("`{path}` does not read back as it was written: {key} is missing")]
    NotKept { path: PathBuf, key: String },
    #[error("`{path}` has a token for {endpoint} that Vouch did not write: it stays")]
    Foreign { path: PathBuf, endpoint: String, fix: String },
    #[error(transparent)]
    Git(#[from] GitError),
    #[error("AWS CodeArtifact answered with a token that cannot stand in an .npmrc")]
    Token,
    #[error(transparent)]
    Broker(#[from] broker::Error),
    #[error(transparent)]
    Config(#[from] ConfigError),
}

impl Diagnostic for NpmError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Token => ErrorKind::Other,
            Self::File(error) => error.kind(),
            Self::Record(error) => error.kind(),
            Self::Broker(error) => error.kind(),
            _ => ErrorKind::Configuration,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Read { path, source } => files::hint(source)
                .unwrap_or_else(|| format!("Make `{}` a file that you can read.", path.display())),
            Self::File(FileError::Write { source, .. }) if files::refusal(source).is_none() => {
                format!("Make room on the disk, and the file and its folder writable; or keep the token out of it: {SETUP_NPM_ENV}.")
            }
            Self::File(FileError::ReadOnly(_)) => {
                "Make it writable; or, where another program makes it, put the lines of `--print` there and use \
                 `--mode env`, which keeps the token out of files."
                    .into()
            }
            Self::File(error) => return error.hint(),
            Self::Record(error) => return error.hint(),
            Self::Git(error) => return error.hint(),
            Self::Utf16(_) => "Save it as UTF-8.".into(),
            Self::NotKept { path, .. } => format!("Look at `{}`: another program changes it.", path.display()),
            Self::Foreign { fix, .. } => fix.clone(),
            Self::Token => return None,
            Self::Broker(error) => return error.hint(),
            Self::Config(error) => return error.hint(),
        })
    }
}
