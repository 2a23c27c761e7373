//! What Maven and Gradle read in a project for the network: `.mvn/maven.config`, `.mvn/jvm.config`, `gradle.properties`. What a POM
//! says is looked at beside the settings that have our server (`jvm::project`).

use std::path::{Path, PathBuf};

use super::found::{Found, Network};
use super::setting::Setting;

/// Properties of Java's or of Maven's, each with what it does.
const PROXY: [&str; 2] = ["https.proxyHost", "socksProxyHost"];
const AUTHORITY: [&str; 1] = ["javax.net.ssl.trustStore"];
/// Of Maven 3.8, 3.9 and 4.
const UNCHECKED: [&str; 5] = [
    "maven.wagon.http.ssl.insecure",
    "maven.wagon.http.ssl.allowall",
    "aether.connector.https.securityMode",
    "aether.transport.https.securityMode",
    "maven.resolver.transport.https.securityMode",
];

/// Looks at the nearest `.mvn`, which is the one that Maven takes.
pub(super) fn maven(found: &mut Found<'_>, folder: &Path) {
    let Some(folder) = folder.ancestors().map(|folder| folder.join(".mvn")).find(|folder| folder.is_dir())
    else {
        return;
    };
    let files = [folder.join("maven.config"), folder.join("jvm.config")];
    judge(found, &files, |line| line.split_whitespace().filter_map(|word| word.strip_prefix("-D")).collect());
}

/// Looks at the nearest `gradle.properties`, that of the build's root.
pub(super) fn gradle(found: &mut Found<'_>, folder: &Path) {
    let file = folder.ancestors().map(|folder| folder.join("gradle.properties")).find(|file| file.is_file());
    judge(found, file.as_slice(), |line| line.trim().strip_prefix("systemProp.").into_iter().collect());
}

fn judge(found: &mut Found<'_>, files: &[PathBuf], properties: fn(&str) -> Vec<&str>) {
    let mut settings: Vec<Setting> = Vec::new();
    for file in files {
        let Some(text) = found.files.text(file) else { continue };
        for (number, line) in text.lines().enumerate() {
            settings.extend(properties(line).into_iter().filter_map(|property| {
                let (name, value) = property.split_once('=')?;
                Some(Setting::new(file, number + 1, name.trim(), value.trim()))
            }));
        }
    }
    let first = |names: &[&str]| settings.iter().find(|it| names.contains(&it.key()) && !it.value.is_empty());
    let unchecked = first(&UNCHECKED).filter(|it| ["true", "insecure"].contains(&it.value.as_str()));
    Network { unchecked, authority: first(&AUTHORITY), proxy: first(&PROXY), is_held: false }.judge(found);
}
