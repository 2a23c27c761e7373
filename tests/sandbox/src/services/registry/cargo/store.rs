//! The crates of one repository.

use std::collections::BTreeMap;
use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use semver::Version;
use serde_json::{Value, json};

use super::publish::Upload;
use crate::services::refusal::Refusal;
use crate::world::ForeignCrate;

/// Crates by their name in lower case, as the index finds them.
#[derive(Debug, Default)]
pub(crate) struct Store(BTreeMap<String, Vec<Release>>);

#[derive(Debug)]
struct Release {
    upload: Upload,
    yanked: bool,
}

impl Store {
    /// A store with made-up crates: empty libraries.
    pub(crate) fn with(crates: &[ForeignCrate]) -> Store {
        let mut store = Store::default();
        for ForeignCrate { name, version } in crates {
            let Ok(parsed) = Version::parse(version) else { continue };
            let upload = Upload::new(name.clone(), parsed, json!({}), empty_library(name, version).into());
            // The first of its name and version: nothing to clash with, and a second changes nothing.
            let _ = store.add(upload);
        }
        store
    }

    /// The index file of a crate: one JSON line for each version.
    pub(super) fn index(&self, name: &str) -> Option<String> {
        let releases = self.0.get(name)?;
        Some(
            releases
                .iter()
                .map(|release| format!("{}\n", release.upload.index_entry(release.yanked)))
                .collect(),
        )
    }

    pub(super) fn crate_file(&self, name: &str, version: &str) -> Option<Bytes> {
        self.release(name, version).map(|release| release.upload.data.clone())
    }

    /// Adds a version. The same version, or one that differs in build metadata only, cannot come twice.
    pub(super) fn add(&mut self, upload: Upload) -> Result<(), Refusal> {
        let releases = self.0.entry(upload.name.to_ascii_lowercase()).or_default();
        if let Some(first) = releases.first().filter(|first| first.upload.name != upload.name) {
            let message = format!("crate {} exists and is spelled {}", upload.name, first.upload.name);
            return Err(Refusal::new(409, "ConflictException", message));
        }
        let same = |known: &Version| known.cmp_precedence(&upload.version).is_eq();
        if releases.iter().any(|release| same(&release.upload.version)) {
            let message = format!("crate {} {} already exists", upload.name, upload.version);
            return Err(Refusal::new(409, "ConflictException", message));
        }
        releases.push(Release { upload, yanked: false });
        Ok(())
    }

    /// Whether there is such a version to yank or unyank.
    pub(super) fn set_yanked(&mut self, name: &str, version: &str, yanked: bool) -> bool {
        let releases = self.0.get_mut(&name.to_ascii_lowercase());
        let release =
            releases.and_then(|all| all.iter_mut().find(|r| r.upload.version.to_string() == version));
        release.map(|release| release.yanked = yanked).is_some()
    }

    /// Crates whose name has `wanted` in it, with their newest version that is not yanked.
    pub(super) fn search(&self, wanted: &str) -> Vec<Value> {
        let wanted = wanted.to_ascii_lowercase();
        let matching = self.0.iter().filter(|(name, _)| name.contains(&wanted));
        matching
            .filter_map(|(_, releases)| {
                let newest = releases
                    .iter()
                    .filter(|r| !r.yanked)
                    .max_by(|a, b| a.upload.version.cmp(&b.upload.version))?;
                Some(json!({
                    "name": newest.upload.name,
                    "max_version": newest.upload.version.to_string(),
                    "description": newest.upload.description(),
                }))
            })
            .collect()
    }

    fn release(&self, name: &str, version: &str) -> Option<&Release> {
        let releases = self.0.get(&name.to_ascii_lowercase())?;
        releases.iter().find(|release| release.upload.version.to_string() == version)
    }
}

/// The `.crate` file of a library with nothing in it. Writing to memory cannot fail.
fn empty_library(name: &str, version: &str) -> Vec<u8> {
    let manifest = format!("[package]\nname = \"{name}\"\nversion = \"{version}\"\nedition = \"2021\"\n");
    let files = [("Cargo.toml", manifest.as_str()), ("src/lib.rs", "//! Nothing.\n")];
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    for (path, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        let _ = archive.append_data(&mut header, format!("{name}-{version}/{path}"), text.as_bytes());
    }
    let finished = archive.into_inner().and_then(|mut gzip| gzip.flush().and_then(|()| gzip.finish()));
    finished.unwrap_or_default()
}
