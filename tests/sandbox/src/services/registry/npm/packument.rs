//! What the registry says about a package: all of it, or what an installation needs.

use serde_json::{Map, Value, json};

use super::store::{Package, Release};
use crate::world::iso_milliseconds;

/// Members of a version's manifest that the abbreviated form keeps.
const KEPT: [&str; 20] = [
    "name",
    "version",
    "deprecated",
    "dependencies",
    "devDependencies",
    "optionalDependencies",
    "peerDependencies",
    "peerDependenciesMeta",
    "bundleDependencies",
    "bundledDependencies",
    "acceptDependencies",
    "bin",
    "directories",
    "engines",
    "os",
    "cpu",
    "libc",
    "funding",
    "hasInstallScript",
    "_hasShrinkwrap",
];

pub(super) fn full(name: &str, package: &Package, base: &str) -> Value {
    let versions = versions(name, package, base, |_| true);
    let mut time: Map<String, Value> = package
        .releases
        .iter()
        .map(|release| (release.version.to_string(), iso_milliseconds(release.published).into()))
        .collect();
    let published = || package.releases.iter().map(|release| release.published);
    time.insert("created".into(), iso_milliseconds(published().min().unwrap_or_default()).into());
    time.insert("modified".into(), iso_milliseconds(published().max().unwrap_or_default()).into());
    json!({ "_id": name, "name": name, "dist-tags": package.tags, "versions": versions, "time": time })
}

pub(super) fn abbreviated(name: &str, package: &Package, base: &str) -> Value {
    let versions = versions(name, package, base, |member| KEPT.contains(&member));
    let modified = package.releases.iter().map(|release| release.published).max().unwrap_or_default();
    json!({
        "name": name, "dist-tags": package.tags, "versions": versions, "modified": iso_milliseconds(modified),
    })
}

fn versions(name: &str, package: &Package, base: &str, keep: impl Fn(&str) -> bool) -> Map<String, Value> {
    let one = |release: &Release| {
        let mut manifest: Map<String, Value> = release
            .manifest
            .iter()
            .filter(|(member, _)| keep(member))
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect();
        let file = release.file(name);
        manifest.insert(
            "dist".into(),
            json!({
                "tarball": format!("{base}/{name}/-/{file}"),
                "shasum": release.shasum,
                "integrity": release.integrity,
            }),
        );
        (release.version.to_string(), manifest.into())
    };
    package.releases.iter().map(one).collect()
}
