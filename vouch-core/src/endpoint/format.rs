//! The package formats of CodeArtifact.

use serde::{Deserialize, Serialize};

/// A package format that CodeArtifact serves, as it stands in paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    Cargo,
    Generic,
    Maven,
    Npm,
    Nuget,
    Pypi,
    Ruby,
    Swift,
}

impl Format {
    pub(super) const ALL: [Self; 8] = [
        Self::Cargo,
        Self::Generic,
        Self::Maven,
        Self::Npm,
        Self::Nuget,
        Self::Pypi,
        Self::Ruby,
        Self::Swift,
    ];

    /// The path segment, which is also the value of the API's `format`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cargo => "cargo",
            Self::Generic => "generic",
            Self::Maven => "maven",
            Self::Npm => "npm",
            Self::Nuget => "nuget",
            Self::Pypi => "pypi",
            Self::Ruby => "ruby",
            Self::Swift => "swift",
        }
    }
}
