//! Properties of Java's for the network, and what Gradle reads of them in a project: `gradle.properties`.

use std::path::Path;

use super::found::{Found, Network};
use super::setting::Setting;

/// Properties of Java's or of Maven's, each with what it does.
pub(super) const PROXY: [&str; 2] = ["https.proxyHost", "socksProxyHost"];
pub(super) const AUTHORITY: [&str; 1] = ["javax.net.ssl.trustStore"];
/// Of Maven 3.8, 3.9 and 4.
pub(super) const UNCHECKED_BY_MAVEN: [&str; 5] = [
    "maven.wagon.http.ssl.insecure",
    "maven.wagon.http.ssl.allowall",
    "aether.connector.https.securityMode",
    "aether.transport.https.securityMode",
    "maven.resolver.transport.https.securityMode",
];

/// Looks at the nearest `gradle.properties`, that of the build's root.
pub(super) fn gradle(found: &mut Found<'_>, folder: &Path) {
    let file = folder.ancestors().map(|folder| folder.join("gradle.properties")).find(|file| file.is_file());
    let Some(file) = file else { return };
    let Some(text) = found.files.text(&file) else { return };
    let mut settings = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let Some((name, value)) = line.trim().split_once('=') else { continue };
        let (name, value) = (name.trim(), value.trim());
        if name == "org.gradle.jvmargs" {
            settings.extend(value.split_whitespace().filter_map(|word| property(&file, number + 1, word)));
        }
        let of_system = name.strip_prefix("systemProp.");
        settings.extend(of_system.map(|name| Setting::new(&file, number + 1, name, value)));
    }
    let first = |names: &[&str]| settings.iter().find(|it| is_named(it, names) && !it.value.is_empty());
    let network =
        Network { unchecked: None, authority: first(&AUTHORITY), proxy: first(&PROXY), is_held: false };
    network.judge(found);
}

/// `-DNAME=VALUE`, or `-DNAME`, which is true.
pub(super) fn property(file: &Path, line: usize, word: &str) -> Option<Setting> {
    let property = word.strip_prefix("-D")?;
    let (name, value) = property.split_once('=').unwrap_or((property, "true"));
    Some(Setting::new(file, line, name, value))
}

/// Whether a property has one of these names, perhaps with the id of a repository behind it.
pub(super) fn is_named(property: &Setting, names: &[&str]) -> bool {
    let rest = |name: &&str| property.key().strip_prefix(*name);
    names.iter().filter_map(rest).any(|rest| rest.is_empty() || rest.starts_with('.'))
}
