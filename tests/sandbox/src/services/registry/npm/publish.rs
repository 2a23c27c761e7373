//! `PUT /NAME`: one new version, its tarball in base64 inside the JSON.

use std::collections::BTreeMap;
use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use flate2::read::GzDecoder;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA512, digest};
use semver::Version;
use serde_json::{Map, Value};

use super::invalid;
use super::store::Release;
use crate::services::refusal::Refusal;

/// The largest package after unpacking that is looked into.
const LARGEST: u64 = 64 << 20;

/// An uploaded version that is well-formed.
#[derive(Debug)]
pub(super) struct Upload {
    pub(super) name: String,
    pub(super) release: Release,
    /// Tags that point to the version from now on.
    pub(super) tags: Vec<String>,
}

/// Takes a publication apart.
pub(super) fn parse(name: &str, body: &Bytes) -> Result<Upload, Refusal> {
    let document: Value =
        serde_json::from_slice(body).map_err(|e| invalid(format!("the document is not JSON: {e}")))?;
    let member = |member: &str| document.get(member).and_then(Value::as_object);
    if document.get("name").and_then(Value::as_str) != Some(name) {
        return Err(invalid(format!("the document is not one about {name}")));
    }
    let (version, manifest) = the_only(member("versions")).ok_or_else(|| invalid("one version at a time"))?;
    let (file, attachment) =
        the_only(member("_attachments")).ok_or_else(|| invalid("one attachment at a time"))?;
    let manifest = manifest.as_object().ok_or_else(|| invalid("the version's manifest is no object"))?;
    let parsed = Version::parse(version).map_err(|e| invalid(format!("the version is not one: {e}")))?;
    check_identity("manifest", manifest, name, version)?;
    let data =
        attached(attachment).ok_or_else(|| invalid(format!("{file} is not in base64, or cut short")))?;
    check_identity("package.json", &package_json(&data)?, name, version)?;
    let release = Release::new(parsed, manifest.clone(), data.into());
    check_digests(manifest, &release)?;
    let tags: BTreeMap<&str, &str> = member("dist-tags")
        .into_iter()
        .flatten()
        .filter_map(|(tag, version)| Some((tag.as_str(), version.as_str()?)))
        .collect();
    if tags.values().any(|tagged| *tagged != version) {
        return Err(invalid("a publication tags its own version only"));
    }
    let tags = tags.into_keys().map(String::from).collect();
    Ok(Upload { name: name.into(), release, tags })
}

/// Whether `name` may name a package: lower case, at most 214 characters, and nothing that a URL would encode.
pub(super) fn is_package_name(name: &str) -> bool {
    let is_part = |part: &str| {
        part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-._~".contains(&b))
            && part.bytes().next().is_some_and(|b| !b"._-".contains(&b))
    };
    name.len() <= 214
        && match name.strip_prefix('@') {
            Some(scoped) => {
                scoped.split_once('/').is_some_and(|(scope, name)| is_part(scope) && is_part(name))
            }
            None => is_part(name),
        }
}

/// SHA-1 in hex and SHA-512 as Subresource Integrity writes it.
pub(super) fn digests(data: &[u8]) -> (String, String) {
    let sha1 = digest(&SHA1_FOR_LEGACY_USE_ONLY, data);
    let sha1 = sha1.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    (sha1, format!("sha512-{}", STANDARD.encode(digest(&SHA512, data))))
}

fn the_only(members: Option<&Map<String, Value>>) -> Option<(&String, &Value)> {
    let members = members.filter(|members| members.len() == 1)?;
    members.iter().next()
}

fn check_identity(what: &str, found: &Map<String, Value>, name: &str, version: &str) -> Result<(), Refusal> {
    let is = |member: &str, wanted: &str| found.get(member).and_then(Value::as_str) == Some(wanted);
    if is("name", name) && is("version", version) {
        return Ok(());
    }
    Err(invalid(format!("the {what} is not that of {name} {version}")))
}

fn attached(attachment: &Value) -> Option<Vec<u8>> {
    let data = STANDARD.decode(attachment.get("data")?.as_str()?).ok()?;
    let length = attachment.get("length").and_then(Value::as_u64);
    length.is_none_or(|length| u64::try_from(data.len()) == Ok(length)).then_some(data)
}

/// A package is one folder, of any name, with a `package.json` in it.
fn package_json(data: &[u8]) -> Result<Map<String, Value>, Refusal> {
    let broken =
        |e: std::io::Error| invalid(format!("the package is not a gzip-compressed tar archive: {e}"));
    let mut archive = tar::Archive::new(GzDecoder::new(data).take(LARGEST));
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let path = entry.path().map_err(broken)?;
        let mut inside = path.components().skip(1);
        let is_it = inside.next().is_some_and(|part| part.as_os_str() == "package.json");
        if !is_it || inside.next().is_some() {
            continue;
        }
        let mut text = String::new();
        entry.read_to_string(&mut text).map_err(broken)?;
        return serde_json::from_str(&text).map_err(|e| invalid(format!("package.json is not JSON: {e}")));
    }
    Err(invalid("the package has no package.json"))
}

/// What the client says about the tarball has to be true.
fn check_digests(manifest: &Map<String, Value>, release: &Release) -> Result<(), Refusal> {
    let claimed = |member: &str| manifest.get("dist")?.get(member)?.as_str();
    let fits = |member: &str, found: &str| claimed(member).is_none_or(|claimed| claimed == found);
    if fits("shasum", &release.shasum) && fits("integrity", &release.integrity) {
        return Ok(());
    }
    Err(invalid("the package does not have the digest that the manifest says"))
}
