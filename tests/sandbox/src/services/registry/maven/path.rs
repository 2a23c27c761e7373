//! What a path of Maven's repository layout names.

use md5::Md5;
use ring::digest;
use sha2::Digest as _;

use crate::services::decoded;

const METADATA: &str = "maven-metadata.xml";

/// A file, or one of its checksums.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path {
    pub(super) file: File,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Content,
    Checksum(Algorithm),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    Md5,
    Sha1,
    Sha256,
    Sha512,
}

/// A file of the layout. Folders have slashes between their names, and none at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum File {
    /// `maven-metadata.xml` of a group, an artifact or a snapshot version.
    Metadata {
        folder: String,
    },
    Asset(Asset),
}

/// A file of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asset {
    /// Group and artifact, as a folder.
    pub(super) artifact: String,
    pub(super) version: String,
    pub(super) name: String,
}

impl Path {
    /// Reads the path below the repository. A folder is none, and so is a file that is not called after its artifact.
    pub(super) fn parse(rest: &str) -> Option<Path> {
        let parts: Vec<String> = rest.split('/').map(decoded).collect::<Option<_>>()?;
        let is_plain = |part: &String| {
            !part.is_empty() && part != "." && part != ".." && !part.contains(['/', '\\', '\0'])
        };
        if !parts.iter().all(is_plain) {
            return None;
        }
        let (last, folders) = parts.split_last()?;
        let (name, kind) =
            match last.rsplit_once('.').and_then(|(name, end)| Some((name, Algorithm::named(end)?))) {
                Some((name, algorithm)) => (name, Kind::Checksum(algorithm)),
                None => (last.as_str(), Kind::Content),
            };
        if name == METADATA && !folders.is_empty() {
            return Some(Path { file: File::Metadata { folder: folders.join("/") }, kind });
        }
        let [groups @ .., artifact, version] = folders else { return None };
        if groups.is_empty() || !name.starts_with(&format!("{artifact}-")) {
            return None;
        }
        let artifact = format!("{}/{artifact}", groups.join("/"));
        Some(Path {
            file: File::Asset(Asset { artifact, version: version.clone(), name: name.into() }),
            kind,
        })
    }
}

impl File {
    pub(super) fn path(&self) -> String {
        match self {
            File::Metadata { folder } => format!("{folder}/{METADATA}"),
            File::Asset(Asset { artifact, version, name }) => format!("{artifact}/{version}/{name}"),
        }
    }

    pub(super) fn content_type(&self) -> &'static str {
        match self {
            File::Metadata { .. } => "application/xml",
            File::Asset(_) => "application/octet-stream",
        }
    }
}

impl Asset {
    /// The build of a snapshot, such as `20260102.030405-6`. `None` for a file that is not of this version, or of
    /// no build.
    pub(super) fn build(&self) -> Option<String> {
        let base = self.version.strip_suffix("SNAPSHOT")?;
        let artifact = self.artifact.rsplit('/').next()?;
        let rest = self.name.strip_prefix(artifact)?.strip_prefix('-')?.strip_prefix(base)?;
        let (date, rest) = rest.split_once('.')?;
        let (time, rest) = rest.split_once('-')?;
        let number: String = rest.chars().take_while(char::is_ascii_digit).collect();
        let digits =
            |text: &str, count| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
        (digits(date, 8) && digits(time, 6) && !number.is_empty()).then(|| format!("{date}.{time}-{number}"))
    }

    pub(super) fn is_snapshot(&self) -> bool {
        self.version.ends_with("-SNAPSHOT")
    }

    /// Whether the file of a release is called after its version.
    pub(super) fn is_of_its_version(&self) -> bool {
        let artifact = self.artifact.rsplit('/').next().unwrap_or_default();
        let rest = self.name.strip_prefix(&format!("{artifact}-{}", self.version));
        rest.is_some_and(|rest| rest.starts_with(['.', '-']))
    }
}

impl Algorithm {
    const ALL: [Algorithm; 4] = [Algorithm::Md5, Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512];

    fn named(extension: &str) -> Option<Algorithm> {
        Algorithm::ALL.into_iter().find(|algorithm| algorithm.extension() == extension)
    }

    pub(super) fn extension(self) -> &'static str {
        match self {
            Algorithm::Md5 => "md5",
            Algorithm::Sha1 => "sha1",
            Algorithm::Sha256 => "sha256",
            Algorithm::Sha512 => "sha512",
        }
    }

    /// The checksum of some data, in hexadecimal.
    pub(super) fn of(self, data: &[u8]) -> String {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        match self {
            Algorithm::Md5 => hex(&Md5::digest(data)),
            Algorithm::Sha1 => hex(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, data).as_ref()),
            Algorithm::Sha256 => hex(digest::digest(&digest::SHA256, data).as_ref()),
            Algorithm::Sha512 => hex(digest::digest(&digest::SHA512, data).as_ref()),
        }
    }
}
