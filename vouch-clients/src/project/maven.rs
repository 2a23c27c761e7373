//! What Maven reads in a project: `.mvn/maven.config`, `.mvn/jvm.config`, the properties and the settings of Maven 4, and the
//! settings files that any of these name. What a POM says is looked at beside the settings that have our server
//! (`jvm::project`).

use std::path::{Path, PathBuf};

use super::found::{Effect, Found, Network};
use super::jvm::{self, UNCHECKED_BY_MAVEN};
use super::maven_settings::{self, Role, Settings};
use super::setting::Setting;
use crate::jvm::project::mvn_folder;

/// More than a project has.
const MOST_FILES: usize = 16;

/// Short and long name of an option, the property of Maven 4, and what they name.
const OPTIONS: [(&str, &str, &str, Role); 4] = [
    ("s", "settings", "maven.user.settings", Role::User),
    ("gs", "global-settings", "maven.installation.settings", Role::Installation),
    ("is", "install-settings", "maven.installation.settings", Role::Installation),
    ("ps", "project-settings", "maven.project.settings", Role::Project),
];

/// What a value of Maven 4 names the project's folders by.
const ROOTS: [&str; 3] =
    ["${session.rootDirectory}", "${session.topDirectory}", "${maven.multiModuleProjectDirectory}"];

/// Looks at the nearest `.mvn`, which is the one that Maven takes.
pub(super) fn look(found: &mut Found<'_>, folder: &Path) {
    let Some(mvn) = mvn_folder(folder) else { return };
    let project = mvn.parent().unwrap_or(folder);
    let words = words(found, &mvn.join("maven.config"));
    let property = |word: &Setting| jvm::property(&word.file, word.line, &word.value);
    let mut properties: Vec<Setting> = words.iter().filter_map(property).collect();
    properties.extend(self::words(found, &mvn.join("jvm.config")).iter().filter_map(property));
    properties.extend(of_properties(found, project, &mvn));

    let mut files: Vec<(PathBuf, Role)> = Vec::new();
    for (role, named) in named_settings(&words, &properties) {
        let mut value = named.value.clone();
        for root in ROOTS {
            value = value.replace(root, &project.to_string_lossy());
        }
        // Maven starts from the folder that it is started in.
        let file = folder.join(&value);
        if !file.is_file() {
            found.warn(&named, Effect::Missing, &[]);
        } else if files.len() < MOST_FILES {
            files.push((file, role));
        }
    }
    if !files.iter().any(|(_, role)| *role == Role::Project) {
        files.push((mvn.join("settings.xml"), Role::Project));
    }
    let mut settings = Settings::default();
    for (file, role) in files {
        settings.add(found, &file, role);
    }
    maven_settings::judge(found, folder, &settings);

    let first =
        |names: &[&str]| properties.iter().find(|it| jvm::is_named(it, names) && !it.value.is_empty());
    let unchecked = properties.iter().chain(&settings.properties).find(|it| {
        jvm::is_named(it, &UNCHECKED_BY_MAVEN) && ["true", "insecure"].contains(&it.value.as_str())
    });
    let proxy = first(&jvm::PROXY).or_else(|| settings.proxy(found.targets));
    Network { unchecked, authority: first(&jvm::AUTHORITY), proxy, is_held: false }.judge(found);
}

/// The words of a file of options, but for its comments.
fn words(found: &mut Found<'_>, file: &Path) -> Vec<Setting> {
    let Some(text) = found.files.text(file) else { return Vec::new() };
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with('#'));
    lines
        .flat_map(|(number, line)| {
            line.split_whitespace().map(move |word| Setting::new(file, number + 1, word, word))
        })
        .collect()
}

/// The properties that Maven 4 reads, with the files that they include.
fn of_properties(found: &mut Found<'_>, project: &Path, mvn: &Path) -> Vec<Setting> {
    let mut files: Vec<PathBuf> = ["maven-user.properties", "maven.properties", "maven-system.properties"]
        .map(|name| mvn.join(name))
        .to_vec();
    let mut settings = Vec::new();
    let mut at = 0;
    while let Some(file) = files.get(at).cloned().filter(|_| at < MOST_FILES) {
        at += 1;
        let Some(text) = found.files.text(&file) else { continue };
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.starts_with(['#', '!']) {
                continue;
            }
            // The name of what is included begins with `$`.
            let name_end = line.find(['=', ':', ' ', '\t']).unwrap_or(line.len());
            let (name, value) = line.split_at(name_end);
            let value = value.trim_start_matches(['=', ':', ' ', '\t']).trim();
            if name != "${includes}" {
                settings.push(Setting::new(&file, number + 1, name, value));
                continue;
            }
            for part in value.split(',') {
                let part = part.trim().trim_start_matches('?').trim_matches('"');
                let part = part.replace("${maven.project.conf}", &mvn.to_string_lossy());
                let part =
                    ROOTS.iter().fold(part, |part, root| part.replace(root, &project.to_string_lossy()));
                let named = file.with_file_name(part);
                if !files.contains(&named) {
                    files.push(named);
                }
            }
        }
    }
    settings
}

/// The settings files that are named, with who names them.
fn named_settings(words: &[Setting], properties: &[Setting]) -> Vec<(Role, Setting)> {
    let mut named = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let Some((role, value)) = option(&word.value) else { continue };
        let value = match value {
            Some(value) => value.to_owned(),
            None => match words.next() {
                Some(value) => value.value.clone(),
                None => continue,
            },
        };
        named.push((role, Setting::new(&word.file, word.line, name_of(role), value)));
    }
    for property in properties {
        let option = OPTIONS.iter().find(|(_, _, name, _)| *name == property.key());
        named.extend(option.map(|(.., role)| (*role, property.clone())));
    }
    named
}

/// The long name of the option. What is in the file is not shown: it may be anything.
fn name_of(role: Role) -> &'static str {
    match role {
        Role::User => "--settings",
        Role::Installation => "--global-settings",
        Role::Project => "--project-settings",
    }
}

/// What an option names, and its value where that is in the same word. The parser takes the begin of a long name for it.
fn option(word: &str) -> Option<(Role, Option<&str>)> {
    let (name, value) = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
    let bare = name.strip_prefix('-')?;
    let long = bare.strip_prefix('-').unwrap_or(bare);
    let is_long = |name: &str| long.len() > 1 && name.starts_with(long);
    let known = OPTIONS.iter().find(|(short, name, ..)| bare == *short || is_long(name));
    if let Some((.., role)) = known {
        return Some((*role, value));
    }
    // `-sFILE`
    let joined = OPTIONS
        .iter()
        .find_map(|(short, .., role)| Some((*role, word.strip_prefix('-')?.strip_prefix(short)?)));
    joined.filter(|(_, file)| file.contains(['/', '\\', '.'])).map(|(role, file)| (role, Some(file)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::look;
    use crate::project::tests::{INTERCEPTED, NOTHING, PROXY, UNCHECKED, does};
    use crate::tool::Tool;

    const MAVEN: &[Tool] = &[Tool::Maven];

    #[test]
    fn properties_for_the_network() {
        let insecure = "-Dmaven.wagon.http.ssl.insecure=true";
        for name in [".mvn/maven.config", ".mvn/jvm.config"] {
            for unchecked in [
                insecure,
                "-Dmaven.wagon.http.ssl.insecure",
                "-Daether.transport.https.securityMode=insecure",
                "-Daether.connector.https.securityMode.ours=insecure",
            ] {
                does(MAVEN, name, unchecked, UNCHECKED);
                does(MAVEN, name, &format!("-B {unchecked}\n-Dhttps.proxyHost=x"), INTERCEPTED);
            }
            does(MAVEN, name, "-Djavax.net.ssl.trustStore=/x", &[(Effect::Authority, false)]);
            does(MAVEN, name, "-Dhttps.proxyHost=x", PROXY);
            for honest in [
                "-Xmx1g",
                "-Dmaven.wagon.http.ssl.insecure=false",
                "-T4 -Duser.language=en",
                "# -Dhttps.proxyHost=x",
                "-Dhttps.proxyHosts=x",
            ] {
                does(MAVEN, name, honest, NOTHING);
            }
        }
        for name in ["maven-user.properties", "maven.properties", "maven-system.properties"] {
            let name = format!(".mvn/{name}");
            does(MAVEN, &name, "aether.transport.https.securityMode = insecure\n", UNCHECKED);
            does(MAVEN, &name, "maven.compiler.release=21\n# https.proxyHost=x\n", NOTHING);
        }
    }

    #[test]
    fn what_is_included_is_read_and_what_is_not_there_is_named() {
        let seen = |files: &[(&str, &str)]| crate::project::tests::seen(Tool::Maven, files);
        let includes = |path: &str| format!("${{includes}} = ?\"{path}\", ?\"none.properties\"\n");
        for path in ["more.properties", "${maven.project.conf}/more.properties"] {
            let files = [
                (".mvn/maven-user.properties", includes(path)),
                (".mvn/more.properties", "https.proxyHost=x".into()),
            ];
            let files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
            assert_eq!(seen(&files), PROXY);
        }
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join(".mvn")).unwrap();
        std::fs::write(dir.path().join(".mvn/maven.config"), "-B\n-gs\nnone.xml\n").unwrap();
        let found = look(dir.path(), MAVEN, &crate::project::tests::targets());
        let [finding] = found.as_slice() else { panic!("{found:?}") };
        let told = finding.to_string();
        // A password may stand where a path belongs.
        assert!(told.ends_with("line 2: `--global-settings` names a file that is not there"), "{told}");
        assert!(!told.contains("none.xml"), "{told}");
        assert_eq!((finding.effect, finding.is_certain), (Effect::Missing, false));
    }

    #[test]
    fn options_are_read_as_mavens_parser_reads_them() {
        for (word, wanted) in [
            ("-s", Some((Role::User, None))),
            ("--settings", Some((Role::User, None))),
            ("-settings=a.xml", Some((Role::User, Some("a.xml")))),
            ("--sett", Some((Role::User, None))),
            ("-s.mvn/a.xml", Some((Role::User, Some(".mvn/a.xml")))),
            ("-gs", Some((Role::Installation, None))),
            ("--install-settings=a", Some((Role::Installation, Some("a")))),
            ("-ps./a", Some((Role::Project, Some("./a")))),
            ("--show-version", None),
            ("-strict-checksums", None),
            ("-DskipTests=true", None),
            ("-T4", None),
            ("settings", None),
        ] {
            assert_eq!(option(word), wanted, "{word}");
        }
    }
}
