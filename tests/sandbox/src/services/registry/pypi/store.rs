//! The Python packages of one repository.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::upload::Upload;
use crate::services::refusal::Refusal;

/// Files by the normalized name of their project, in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Store(BTreeMap<String, Vec<Upload>>);

impl Store {
    pub(super) fn project(&self, project: &str) -> Option<&[Upload]> {
        self.0.get(project).map(Vec::as_slice)
    }

    pub(super) fn file(&self, project: &str, version: &str, file: &str) -> Option<Bytes> {
        let releases = self.0.get(project)?;
        let found = releases.iter().find(|release| release.version == version && release.file == file)?;
        Some(found.data.clone())
    }

    /// Adds a file. The same file cannot come twice, whatever is in it.
    pub(super) fn add(&mut self, upload: Upload) -> Result<(), Refusal> {
        let releases = self.0.entry(upload.project.clone()).or_default();
        if releases.iter().any(|release| release.file.eq_ignore_ascii_case(&upload.file)) {
            let message = format!("asset {} already exists", upload.file);
            return Err(Refusal::new(409, "ConflictException", message));
        }
        releases.push(upload);
        Ok(())
    }
}
