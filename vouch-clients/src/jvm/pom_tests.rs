use std::fs;

use super::*;

const OURS: &str = "https://h.example/maven/r/";

fn repository(id: &str, url: &str) -> String {
    format!("<repository><id>{id}</id><url>{url}</url></repository>")
}

fn project(artifact: &str, more: &str) -> String {
    format!(
        "<project xmlns=\"http://maven.apache.org/POM/4.0.0\">\n<artifactId>{artifact}</artifactId>\n{more}\n</project>\n"
    )
}

/// Writes files and reads the POM of the folder `app`: file, line, use, id and URL of each repository.
fn look(files: &[(&str, String)]) -> (Vec<String>, usize) {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let root = dunce::canonicalize(dir.path()).unwrap();
    let poms = read(&dir.path().join("app/pom.xml"));
    let shown = |found: &PomRepository| {
        let PomRepository { file, line, usage, id, url } = found;
        let file = file.strip_prefix(&root).unwrap().display().to_string().replace('\\', "/");
        format!("{file}:{line} {usage:?} {id} {url}")
    };
    (poms.repositories.iter().map(shown).collect(), poms.unread.len())
}

#[test]
fn repositories_of_every_kind_are_found() {
    let plugin = repository("c", OURS).replace("repository", "pluginRepository");
    let snapshot = repository("e", OURS).replace("repository", "snapshotRepository");
    let (a, d, f) = (repository("a", OURS), repository("d", OURS), repository("f", OURS));
    let text = format!(
        "<repositories>{a}</repositories>\n<pluginRepositories>{plugin}</pluginRepositories>\n\
         <distributionManagement>{d}\n{snapshot}</distributionManagement>\n\
         <profiles><profile>\n<repositories>{f}</repositories></profile></profiles>"
    );
    let (found, unread) = look(&[("app/pom.xml", project("app", &text))]);
    let all = ["3 Read a", "4 Read c", "5 Deploy d", "6 Deploy e", "8 Read f"];
    assert_eq!(found, all.map(|one| format!("app/pom.xml:{one} {OURS}")));
    assert_eq!(unread, 0);
    assert_eq!(look(&[]), (Vec::new(), 0));
}

#[test]
fn properties_are_those_of_the_pom_and_of_its_parents() {
    let parent = "<parent><artifactId>up</artifactId></parent>";
    let properties =
        |host: &str| format!("<properties><host>{host}</host><base>https://${{host}}</base></properties>");
    let named = format!("<repositories>{}</repositories>", repository("a", "${base}/${other}/"));
    let up = project("up", &format!("{}{named}", properties("up.example")));
    let app = |more: &str| project("app", &format!("{parent}{more}"));
    let (found, _) = look(&[("pom.xml", up.clone()), ("app/pom.xml", app(""))]);
    assert_eq!(found, ["pom.xml:3 Read a https://up.example/${other}/"]);
    let (found, _) = look(&[
        ("pom.xml", up.clone()),
        ("app/pom.xml", app("<properties><host>app.example</host><other>r</other></properties>")),
    ]);
    assert_eq!(found, ["pom.xml:3 Read a https://app.example/r/"]);
    // What goes round, or grows, ends.
    let round = "<properties><x>${y}${y}</x><y>${x}${x}</y></properties>";
    let endless = format!("{round}<repositories>{}</repositories>", repository("a", "${x}"));
    assert!(look(&[("app/pom.xml", project("app", &endless))]).0[0].len() < 2 * LONGEST);
}

#[test]
fn a_parent_is_the_file_that_maven_would_take() {
    let named =
        |file: &str| project("up", &format!("<repositories>{}</repositories>", repository(file, OURS)));
    let app = |parent: &str| project("app", &format!("<parent><artifactId>up</artifactId>{parent}</parent>"));
    let look_at = |parent: &str| {
        look(&[
            ("pom.xml", named("a")),
            ("other/pom.xml", named("b")),
            ("x.xml", named("c")),
            ("app/pom.xml", app(parent)),
        ])
        .0
    };
    assert_eq!(look_at("")[0], format!("pom.xml:3 Read a {OURS}"));
    assert_eq!(look_at("<relativePath>../other</relativePath>")[0], format!("other/pom.xml:3 Read b {OURS}"));
    assert_eq!(look_at("<relativePath>../x.xml</relativePath>")[0], format!("x.xml:3 Read c {OURS}"));
    for none in ["<relativePath/>", "<relativePath>../gone</relativePath>"] {
        assert_eq!(look_at(none), Vec::<String>::new(), "{none}");
    }
    let stranger = app("").replace("<artifactId>up<", "<artifactId>stranger<");
    assert_eq!(look(&[("pom.xml", named("a")), ("app/pom.xml", stranger)]).0, Vec::<String>::new());
    // Two that are each other's.
    let circle = |name: &str, up: &str| {
        project(
            name,
            &format!("<parent><artifactId>{up}</artifactId><relativePath>../{up}</relativePath></parent>"),
        )
    };
    let _ = look(&[("app/pom.xml", circle("app", "b")), ("b/pom.xml", circle("b", "app"))]);
}

#[test]
fn modules_belong_to_it_up_to_a_number() {
    let one = project("one", &format!("<repositories>{}</repositories>", repository("a", OURS)));
    let parent = |lists: &str| project("app", lists);
    for lists in [
        "<modules><module>one</module><module>.</module></modules>",
        "<subprojects><subproject> one/pom.xml </subproject></subprojects>",
        "<profiles><profile><modules><module>one</module></modules></profile></profiles>",
    ] {
        let (found, unread) = look(&[("app/pom.xml", parent(lists)), ("app/one/pom.xml", one.clone())]);
        assert_eq!((found, unread), (vec![format!("app/one/pom.xml:3 Read a {OURS}")], 0), "{lists}");
    }
    let names: Vec<String> = (0..=MOST).map(|number| format!("m{number}/pom.xml")).collect();
    let modules: String = names.iter().map(|name| format!("<module>{name}</module>")).collect();
    let lists = parent(&format!("<modules>{modules}</modules>"));
    let paths: Vec<String> = names.iter().map(|name| format!("app/{name}")).collect();
    let mut files: Vec<(&str, String)> = paths.iter().map(|path| (path.as_str(), project("m", ""))).collect();
    files.push(("app/pom.xml", lists));
    assert_eq!(look(&files).1, 1);
}

#[test]
fn what_cannot_be_read_is_named() {
    for text in ["<project>", "no XML", "<project>&x;</project>"] {
        assert_eq!(look(&[("app/pom.xml", text.into())]).1, 1, "{text}");
    }
}
