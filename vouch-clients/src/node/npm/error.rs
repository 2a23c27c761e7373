//! Why a file of npm's was not edited.

use std::io;
use std::path::PathBuf;

use vouch_core::broker;
use vouch_core::failure::{Diagnostic, ErrorKind};
use vouch_core::files::{self, Holder};

use crate::git::GitError;

/// Why a file of npm's cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NpmError {
    #[error("cannot read `{path}`")]
    Read { path: PathBuf, source: io::Error },
    #[error("cannot write `{path}`; it is as it was")]
    Write { path: PathBuf, source: io::Error },
    #[error("cannot write `{path}`, and it is not as it was")]
    Damaged { path: PathBuf, source: io::Error },
    #[error("`{0}` is read-only")]
    ReadOnly(PathBuf),
    #[error("`{0}` is UTF-16 text, which npm cannot read either")]
    Utf16(PathBuf),
    #[error("`{path}` does not read back as it was written: {key} is missing")]
    NotKept { path: PathBuf, key: String },
    #[error("{holder} has been changing `{path}` for too long")]
    Busy { path: PathBuf, holder: Holder },
    #[error(transparent)]
    Git(#[from] GitError),
    #[error("AWS CodeArtifact answered with a token that cannot stand in an .npmrc")]
    Token,
    #[error(transparent)]
    Broker(#[from] broker::Error),
}

impl Diagnostic for NpmError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Token | Self::Busy { .. } => ErrorKind::Other,
            Self::Broker(error) => error.kind(),
            _ => ErrorKind::Configuration,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Read { path, source } => files::hint(source)
                .unwrap_or_else(|| format!("Make `{}` a file that you can read.", path.display())),
            Self::Damaged { source, .. } => return files::hint(source),
            Self::Write { source, .. } if files::refusal(source).is_some() => return files::hint(source),
            Self::Git(error) => return error.hint(),
            Self::Write { .. } => {
                "Make room on the disk, and the file and its folder writable; or keep the token out of it: \
                 `vouch setup codeartifact --tool npm --mode env`."
                    .into()
            }
            Self::ReadOnly(_) => {
                "Make it writable; or, where another program makes it, put the lines of `--print` there and use \
                 `--mode env`, which keeps the token out of files."
                    .into()
            }
            Self::Utf16(_) => "Save it as UTF-8.".into(),
            Self::NotKept { path, .. } => format!("Look at `{}`: another program changes it.", path.display()),
            Self::Busy { holder, .. } => holder.hint(),
            Self::Token => return None,
            Self::Broker(error) => return error.hint(),
        })
    }
}
