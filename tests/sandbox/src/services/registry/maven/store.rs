//! The Maven packages of one repository, and what of them can be seen: what `maven-metadata.xml` has named.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use super::path::{Asset, File};
use crate::services::refusal::Refusal;

#[derive(Debug, Default)]
pub(crate) struct Store {
    /// By path.
    files: BTreeMap<String, Bytes>,
    /// Versions of artifacts, and builds of their snapshots, that some metadata has named.
    published: BTreeSet<(String, String)>,
}

impl Store {
    /// A file that was uploaded, whether or not it can be seen.
    pub(super) fn any(&self, file: &File) -> Option<Bytes> {
        self.files.get(&file.path()).cloned()
    }

    /// A file that can be downloaded.
    pub(super) fn visible(&self, file: &File) -> Option<Bytes> {
        let is_published = match file {
            File::Metadata { .. } => true,
            File::Asset(asset) => self.published.contains(&key(asset)),
        };
        self.any(file).filter(|_| is_published)
    }

    /// Takes a file in. Metadata gives way to newer metadata; the content of any other file stays.
    pub(super) fn put(&mut self, file: &File, data: Bytes) -> Result<(), Refusal> {
        match file {
            File::Metadata { folder } => self.publish(folder, &data)?,
            File::Asset(asset) => self.check(asset, file, &data)?,
        }
        self.files.insert(file.path(), data);
        Ok(())
    }

    fn check(&self, asset: &Asset, file: &File, data: &Bytes) -> Result<(), Refusal> {
        let fits = if asset.is_snapshot() { asset.build().is_some() } else { asset.is_of_its_version() };
        if !fits {
            let message = format!("{} cannot be a file of version {}", asset.name, asset.version);
            return Err(invalid(message));
        }
        match self.files.get(&file.path()) {
            Some(known) if known != data && self.published.contains(&key(asset)) => {
                let message = format!("asset {} already exists with other content", asset.name);
                Err(Refusal::new(409, "ConflictException", message))
            }
            _ => Ok(()),
        }
    }

    /// What the metadata of an artifact or a snapshot version names can be seen from now on.
    fn publish(&mut self, folder: &str, data: &Bytes) -> Result<(), Refusal> {
        let unreadable = || invalid("maven-metadata.xml cannot be read");
        let text = std::str::from_utf8(data).map_err(|_| unreadable())?;
        let document = roxmltree::Document::parse(text).map_err(|_| unreadable())?;
        if !document.root_element().has_tag_name("metadata") {
            return Err(unreadable());
        }
        let (artifact, is_snapshot) = match folder.rsplit_once('/') {
            Some((artifact, version)) if version.ends_with("-SNAPSHOT") => (artifact, true),
            _ => (folder, false),
        };
        let texts = |name: &'static str| {
            let found = document.descendants().filter(move |node| node.has_tag_name(name));
            found.filter_map(|node| node.text()).map(|text| text.trim().to_owned())
        };
        let mut named: Vec<String> = Vec::new();
        if is_snapshot {
            let build = texts("timestamp").next().zip(texts("buildNumber").next());
            named.extend(build.map(|(timestamp, number)| format!("{timestamp}-{number}")));
        } else {
            named.extend(texts("version"));
        }
        self.published.extend(named.into_iter().map(|name| (artifact.to_owned(), name)));
        Ok(())
    }
}

/// Under what an asset is published.
fn key(asset: &Asset) -> (String, String) {
    (asset.artifact.clone(), asset.build().unwrap_or_else(|| asset.version.clone()))
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "ValidationException", message)
}
