//! Maven's and Gradle's part of `vouch doctor`.

use std::path::Path;

use vouch_core::env;
use vouch_core::files;

use super::gradle;
use crate::finding::Finding;
use crate::inspect::{self, InspectContext};

pub fn maven(case: &InspectContext<'_>) -> Vec<Finding> {
    let mut findings = case.by_plan().findings();
    // Maven 3.9 and later reads it.
    if env::var("MAVEN_ARGS").is_some_and(|arguments| arguments.split_whitespace().any(names_settings)) {
        findings.push(inspect::overriding_variable("MAVEN_ARGS"));
    }
    // Maven looks for the folder `.mvn` from the project upwards; the nearest counts.
    if let Some(folder) =
        case.folder.ancestors().map(|folder| folder.join(".mvn")).find(|folder| folder.is_dir())
    {
        let words = |file: &Path| files::read_text(file).unwrap_or_default();
        for name in ["maven.config", "jvm.config"] {
            let file = folder.join(name);
            let text = words(&file);
            if name == "maven.config" && text.split_whitespace().any(names_settings) {
                let note =
                    format!("`{}` names other settings, which Maven reads in place of yours", file.display());
                findings.push(inspect::overridden(note));
            }
            let leading = text.split_whitespace().filter_map(|word| property(word.strip_prefix("-D")?));
            findings.extend(leading.map(|name| inspect::network(&file, name)));
        }
    }
    findings.push(inspect::version("mvn", &[3, 8]));
    findings
}

pub fn gradle(case: &InspectContext<'_>) -> Vec<Finding> {
    let mut findings = case.by_plan().findings();
    let script = case.registration.file.as_deref();
    if let Some(named) = script.and_then(|file| gradle::home_of(file, &case.registration.endpoint)) {
        case.judge_home(&mut findings, named.as_deref());
    }
    // Gradle reads the one of the build's root.
    if let Some(file) =
        case.folder.ancestors().map(|folder| folder.join("gradle.properties")).find(|file| file.is_file())
    {
        let text = files::read_text(&file).unwrap_or_default();
        let leading = text.lines().filter_map(|line| property(line.trim().strip_prefix("systemProp.")?));
        findings.extend(leading.map(|name| inspect::network(&file, name)));
    }
    // Its version is not asked for: where it was never started it takes half a minute and unpacks files into the home.
    findings
}

fn names_settings(word: &str) -> bool {
    word == "-s" || word == "--settings" || word.starts_with("--settings=")
}

/// The name of a property of Java's or of Maven's that leads requests elsewhere or lets anybody answer them.
fn property(setting: &str) -> Option<&str> {
    const LEADING: [&str; 8] = [
        "http.proxyHost",
        "https.proxyHost",
        "socksProxyHost",
        "javax.net.ssl.trustStore",
        "maven.wagon.http.ssl.insecure",
        "maven.wagon.http.ssl.allowall",
        "aether.connector.https.securityMode",
        "maven.resolver.transport.https.securityMode",
    ];
    let name = setting.split('=').next()?.trim();
    LEADING.contains(&name).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_that_lead_elsewhere_are_told_from_others() {
        for (setting, wanted) in [
            ("https.proxyHost=127.0.0.1", Some("https.proxyHost")),
            ("javax.net.ssl.trustStore = /x", Some("javax.net.ssl.trustStore")),
            ("maven.wagon.http.ssl.insecure=true", Some("maven.wagon.http.ssl.insecure")),
            ("user.language=en", None),
            ("https.proxyHosts=x", None),
        ] {
            assert_eq!(property(setting), wanted, "{setting}");
        }
        assert!(names_settings("-s") && names_settings("--settings=x") && !names_settings("-sx"));
    }
}
