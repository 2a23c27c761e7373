//! `PUT /api/v1/crates/new`: what Cargo uploads, and what of it the index keeps.

use std::io::Read as _;

use bytes::Bytes;
use flate2::read::GzDecoder;
use semver::Version;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::services::refusal::Refusal;

/// The largest crate after unpacking that is looked into.
const LARGEST: u64 = 64 << 20;

/// An uploaded version that is well-formed.
#[derive(Debug)]
pub(super) struct Upload {
    pub(super) name: String,
    pub(super) version: Version,
    pub(super) data: Bytes,
    metadata: Value,
    checksum: String,
}

impl Upload {
    pub(super) fn new(name: String, version: Version, metadata: Value, data: Bytes) -> Upload {
        let checksum = Sha256::digest(&data).iter().map(|byte| format!("{byte:02x}")).collect();
        Upload { name, version, data, metadata, checksum }
    }

    pub(super) fn description(&self) -> &str {
        self.metadata.get("description").and_then(Value::as_str).unwrap_or_default()
    }

    /// The line that the index has for this version.
    pub(super) fn index_entry(&self, yanked: bool) -> Value {
        let list =
            |name: &str| self.metadata.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
        let features = self.metadata.get("features").and_then(Value::as_object).cloned().unwrap_or_default();
        let (new, old): (Map<_, _>, Map<_, _>) =
            features.into_iter().partition(|(_, enables)| needs_new_syntax(enables));
        let mut entry = json!({
            "name": self.name,
            "vers": self.version.to_string(),
            "deps": list("deps").iter().map(dependency).collect::<Vec<_>>(),
            "cksum": self.checksum,
            "features": old,
            "yanked": yanked,
            "links": self.metadata.get("links"),
            "rust_version": self.metadata.get("rust_version"),
            "v": if new.is_empty() { 1 } else { 2 },
        });
        if let (false, Some(entry)) = (new.is_empty(), entry.as_object_mut()) {
            entry.insert("features2".into(), new.into());
        }
        entry
    }
}

/// Takes an upload apart: length and JSON, length and crate file, and nothing after that.
pub(super) fn parse(body: &Bytes) -> Result<Upload, Refusal> {
    let mut rest = body.clone();
    let metadata = chunk(&mut rest).ok_or_else(|| invalid("the metadata is shorter than it says"))?;
    let data = chunk(&mut rest).ok_or_else(|| invalid("the crate file is shorter than it says"))?;
    if !rest.is_empty() {
        return Err(invalid("there is something after the crate file"));
    }
    let metadata: Value =
        serde_json::from_slice(&metadata).map_err(|e| invalid(&format!("the metadata is not JSON: {e}")))?;
    let member = |name: &str| metadata.get(name).and_then(Value::as_str).unwrap_or_default();
    let name = member("name").to_string();
    if !is_crate_name(&name) {
        return Err(invalid(&format!("{name:?} cannot be the name of a crate")));
    }
    let version =
        Version::parse(member("vers")).map_err(|e| invalid(&format!("the version is not one: {e}")))?;
    check_archive(&data, &format!("{name}-{version}"))?;
    let claimed = metadata.get("cksum").and_then(Value::as_str).map(String::from);
    let upload = Upload::new(name, version, metadata, data);
    if claimed.is_some_and(|claimed| claimed != upload.checksum) {
        return Err(invalid("the crate file does not have the checksum that the metadata says"));
    }
    Ok(upload)
}

fn invalid(message: &str) -> Refusal {
    Refusal::new(400, "ValidationException", message)
}

/// A 32-bit little-endian length and as many bytes.
fn chunk(rest: &mut Bytes) -> Option<Bytes> {
    let length = u32::from_le_bytes(*rest.first_chunk()?);
    let end = usize::try_from(length).ok()?.checked_add(4)?;
    if rest.len() < end {
        return None;
    }
    Some(rest.split_to(end).split_off(4))
}

fn is_crate_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// A crate file holds one folder, named after crate and version, with a manifest in it.
fn check_archive(data: &Bytes, folder: &str) -> Result<(), Refusal> {
    let broken =
        |e: std::io::Error| invalid(&format!("the crate file is not a gzip-compressed tar archive: {e}"));
    let mut archive = tar::Archive::new(GzDecoder::new(data.as_ref()).take(LARGEST));
    let mut has_manifest = false;
    for entry in archive.entries().map_err(broken)? {
        let entry = entry.map_err(broken)?;
        let path = entry.path().map_err(broken)?;
        let inside = path
            .strip_prefix(folder)
            .map_err(|_| invalid(&format!("the crate file has {} outside of {folder}/", path.display())))?;
        has_manifest |= inside.as_os_str() == "Cargo.toml";
    }
    if has_manifest { Ok(()) } else { Err(invalid(&format!("the crate file has no {folder}/Cargo.toml"))) }
}

/// Uploads and the index write dependencies differently.
fn dependency(uploaded: &Value) -> Value {
    let member = |name: &str| uploaded.get(name).cloned().unwrap_or_default();
    let renamed = uploaded.get("explicit_name_in_toml").filter(|name| name.is_string());
    let mut dependency = json!({
        "name": renamed.cloned().unwrap_or_else(|| member("name")),
        "req": member("version_req"),
        "features": member("features"),
        "optional": member("optional"),
        "default_features": member("default_features"),
        "target": member("target"),
        "kind": member("kind"),
        "registry": member("registry"),
    });
    if let (Some(_), Some(dependency)) = (renamed, dependency.as_object_mut()) {
        dependency.insert("package".into(), member("name"));
    }
    dependency
}

/// `dep:` and `?` came later than the index; entries that use them are kept apart.
fn needs_new_syntax(enables: &Value) -> bool {
    let values = enables.as_array().map(Vec::as_slice).unwrap_or_default();
    values.iter().filter_map(Value::as_str).any(|value| value.starts_with("dep:") || value.contains("?/"))
}
