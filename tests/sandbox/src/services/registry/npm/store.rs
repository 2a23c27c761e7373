//! The npm packages of one repository.

use std::collections::BTreeMap;

use bytes::Bytes;
use semver::Version;
use serde_json::{Map, Value};

use super::publish::{Upload, digests};
use super::{invalid, not_found};
use crate::services::refusal::Refusal;

/// Packages by their name.
#[derive(Debug, Default)]
pub(crate) struct Store(BTreeMap<String, Package>);

#[derive(Debug, Default)]
pub(super) struct Package {
    pub(super) releases: Vec<Release>,
    pub(super) tags: BTreeMap<String, String>,
}

/// One version.
#[derive(Debug)]
pub(super) struct Release {
    pub(super) version: Version,
    /// As it was published.
    pub(super) manifest: Map<String, Value>,
    pub(super) shasum: String,
    pub(super) integrity: String,
    /// Milliseconds since 1970.
    pub(super) published: i64,
    data: Bytes,
}

impl Release {
    pub(super) fn new(version: Version, manifest: Map<String, Value>, data: Bytes) -> Release {
        let (shasum, integrity) = digests(&data);
        Release { version, manifest, shasum, integrity, published: 0, data }
    }

    /// The name of its tarball: without the scope, which is in the path already.
    pub(super) fn file(&self, name: &str) -> String {
        let (_, plain) = name.rsplit_once('/').unwrap_or_default();
        format!("{}-{}.tgz", if plain.is_empty() { name } else { plain }, self.version)
    }
}

impl Package {
    pub(super) fn tarball(&self, name: &str, file: &str) -> Option<Bytes> {
        self.releases.iter().find(|release| release.file(name) == file).map(|release| release.data.clone())
    }

    fn has(&self, version: &str) -> bool {
        self.releases.iter().any(|release| release.version.to_string() == version)
    }
}

impl Store {
    pub(super) fn package(&self, name: &str) -> Result<&Package, Refusal> {
        self.0.get(name).ok_or_else(|| no_package(name))
    }

    /// Adds a version. The same version cannot come twice.
    pub(super) fn add(&mut self, upload: Upload, now: i64) -> Result<(), Refusal> {
        let Upload { name, mut release, tags } = upload;
        let version = release.version.to_string();
        let package = self.0.entry(name.clone()).or_default();
        if package.has(&version) {
            let message = format!("package {name} {version} already exists");
            return Err(Refusal::new(409, "ConflictException", message));
        }
        release.published = now;
        package.releases.push(release);
        package.tags.extend(tags.into_iter().map(|tag| (tag, version.clone())));
        Ok(())
    }

    pub(super) fn set_tag(&mut self, name: &str, tag: &str, version: &str) -> Result<(), Refusal> {
        let package = self.0.get_mut(name).ok_or_else(|| no_package(name))?;
        if !package.has(version) {
            return Err(not_found(format!("no version {version} of package {name}")));
        }
        package.tags.insert(tag.into(), version.into());
        Ok(())
    }

    /// `latest` stays: a package without it cannot be installed by its name.
    pub(super) fn remove_tag(&mut self, name: &str, tag: &str) -> Result<(), Refusal> {
        let package = self.0.get_mut(name).ok_or_else(|| no_package(name))?;
        if tag == "latest" {
            return Err(invalid("the tag latest cannot be removed"));
        }
        package
            .tags
            .remove(tag)
            .map(drop)
            .ok_or_else(|| not_found(format!("package {name} has no tag {tag}")))
    }
}

fn no_package(name: &str) -> Refusal {
    not_found(format!("no package {name}"))
}
