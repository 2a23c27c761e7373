//! What setup writes for Maven, what `exec` and `doctor` say of a project's POMs, and files of an earlier Vouch.

use std::fs;

use serde_json::{Value, json};

use crate::test_user::TestUser;

const DOMAIN: &str = "--domain my-domain --domain-owner 123456789012 --region us-east-1";
const OURS: &str =
    "https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/maven/my-maven-repo/";
const PUBLIC: &str = "${env.CODEARTIFACT_AUTH_TOKEN}";

/// Nothing is wrong.
const NONE: [(String, String); 0] = [];

fn set_up(person: &TestUser, more: &str) -> String {
    person.succeed(&format!("setup codeartifact --tool maven --repository my-maven-repo {DOMAIN} {more}"))
}

/// A role, without which no token is asked for: what is refused before that, is refused by the look at the project.
const ROLE: &str = "arn:aws:iam::123456789012:role/CodeArtifact";

fn with_a_role() -> TestUser {
    let person = TestUser::new();
    person.succeed(&format!("setup aws --role {ROLE}"));
    person
}

fn settings(person: &TestUser) -> String {
    fs::read_to_string(person.path("home/.m2/settings.xml")).unwrap()
}

fn write(person: &TestUser, name: &str, text: &str) {
    let file = person.path("home").join(name);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
}

/// A settings file with one server.
fn with_server(id: &str, password: &str) -> String {
    format!(
        "<settings>\n  <servers>\n    <server>\n      <id>{id}</id>\n      <username>aws</username>\n      \
         <password>{password}</password>\n    </server>\n  </servers>\n</settings>\n"
    )
}

/// The names that are recorded, in the order of registrations.
fn names(person: &TestUser) -> Vec<(String, String)> {
    let config = person.config();
    let registrations = list(&config, "/codeartifact/registrations");
    let names = |known: &Value| {
        let [variable, mirror] =
            ["variable", "mirror"].map(|name| text(known, &format!("/options/maven/{name}")));
        (variable, mirror)
    };
    registrations.iter().filter(|known| text(known, "/tool") == "maven").map(names).collect()
}

fn list(value: &Value, place: &str) -> Vec<Value> {
    value.pointer(place).and_then(Value::as_array).unwrap().clone()
}

fn text(value: &Value, place: &str) -> String {
    value.pointer(place).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// What doctor finds of three kinds: status, check and message, and the fix.
fn found(person: &TestUser) -> Vec<(String, String)> {
    let (_, json, _) = person.run("doctor --json");
    let report: Value = serde_json::from_str(&json).unwrap();
    let findings = list(&report, "/findings");
    let is_asked =
        |finding: &&Value| ["project", "variable", "entry"].contains(&text(finding, "/check").as_str());
    let shown = |finding: &Value| {
        let [status, check, message, fix] =
            ["status", "check", "message", "fix"].map(|key| text(finding, &format!("/{key}")));
        (format!("{status} {check}: {message}"), fix)
    };
    findings.iter().filter(is_asked).map(shown).collect()
}

/// The same without what is well.
fn wrong(person: &TestUser) -> Vec<(String, String)> {
    let mut all = found(person);
    all.retain(|(finding, _)| !finding.starts_with("ok "));
    all
}

fn pom(lists: &str) -> String {
    format!("<project>\n<artifactId>app</artifactId>\n{lists}\n</project>\n")
}

fn reads(id: &str, url: &str) -> String {
    pom(&format!("<repositories><repository><id>{id}</id><url>{url}</url></repository></repositories>"))
}

fn deploys(id: &str, url: &str) -> String {
    let list = "distributionManagement";
    pom(&format!("<{list}><repository><id>{id}</id><url>{url}</url></repository></{list}>"))
}

#[test]
fn the_names_are_made_once_for_each_registration_and_nobody_can_guess_them() {
    let person = TestUser::new();
    write(&person, ".m2/settings.xml", "<settings>\n</settings>\n");
    let said = set_up(&person, "");
    assert!(said.contains("`vouch exec --type maven -- mvn deploy`"), "{said}");
    assert!(said.contains("where CODEARTIFACT_AUTH_TOKEN alone is set"), "{said}");
    let (variable, mirror) = names(&person).remove(0);
    let text = settings(&person);
    assert_eq!(text.matches(&format!("<password>${{env.{variable}}}</password>")).count(), 2, "{text}");
    assert_eq!(text.matches(&format!("<id>{mirror}</id>")).count(), 2, "{text}");
    assert!(text.contains(&format!("<mirrorOf>my-maven-repo</mirrorOf>\n      <url>{OURS}</url>")), "{text}");
    assert!(!text.contains("CODEARTIFACT_AUTH_TOKEN"), "{text}");
    assert!(set_up(&person, "").contains("nothing to change"));
    assert_eq!(settings(&person), text);
    assert_eq!(wrong(&person), NONE);
    let printed =
        person.run(&format!("setup codeartifact --tool maven --repository my-maven-repo {DOMAIN} --print")).1;
    assert!(printed.contains(&variable) && printed.contains("<mirrorOf>"), "{printed}");

    person.succeed("setup codeartifact --tool maven --repository my-repo");
    let all = names(&person);
    assert_eq!(all.len(), 2);
    assert!(all[0].0 == variable && all[1].0 != variable && all[1].1 != mirror, "{all:?}");
    let printed = person.run("setup codeartifact --tool maven --repository third-repo --print").1;
    assert!(printed.contains(PUBLIC) && printed.contains("can read this variable"), "{printed}");
    assert!(!printed.contains("VOUCH_MAVEN_") && !printed.contains("<mirror>"), "{printed}");
    person.succeed("undo --all");
    assert_eq!(settings(&person), "<settings>\n</settings>\n");
    // What is gone is not made up again.
    set_up(&person, "");
    assert_ne!(names(&person)[0].0, variable);
}

#[test]
fn the_mirror_can_be_left_out_and_comes_back() {
    let person = TestUser::new();
    set_up(&person, "");
    let (full, known) = (settings(&person), names(&person));
    let said = set_up(&person, "--no-mirror");
    assert!(said.contains("and the URL"), "{said}");
    let bare = settings(&person);
    assert!(!bare.contains(&known[0].1) && bare.contains(&known[0].0), "{bare}");
    assert_eq!((names(&person), wrong(&person)), (known.clone(), Vec::new()));
    set_up(&person, "");
    assert_eq!((settings(&person).matches(&known[0].1).count(), names(&person)), (2, known));
    person.succeed("undo --all");
    assert!(!person.path("home/.m2").exists());
    assert!(full.contains("<mirror>"));
    for tool in ["cargo", "gradle"] {
        let (code, _, said) = person
            .run(&format!("setup codeartifact --tool {tool} --repository my-repo {DOMAIN} --no-mirror"));
        assert!(code == 2 && said.contains("`--no-mirror` means nothing to this tool"), "{said}");
    }
    let theirs = "<settings><mirrors><mirror><id>x</id><mirrorOf>my-maven-repo</mirrorOf><url>https://x/</url></mirror></mirrors></settings>";
    write(&person, ".m2/settings.xml", theirs);
    let setup = format!("setup codeartifact --tool maven --repository my-maven-repo {DOMAIN}");
    let (code, _, said) = person.run(&setup);
    assert!(code == 7 && said.contains("a mirror of `my-maven-repo` is there already"), "{said}");
    assert!(said.contains("`--no-mirror`") && settings(&person) == theirs, "{said}");
    set_up(&person, "--no-mirror");
}

/// As a Vouch of before recorded it.
fn earlier(person: &TestUser) {
    let file = person.path("home/.m2/settings.xml");
    let config = json!({ "version": 1, "aws": { "profiles": { "vouch": { "role_arn": ROLE, "region": "us-east-1" } } },
        "codeartifact": {
        "default": "default",
        "profiles": { "default": { "domain": "my-domain", "domain_owner": "123456789012", "region": "us-east-1" } },
        "registrations": [{ "tool": "maven", "repository": "my-maven-repo", "profile": "default", "endpoint": OURS,
                            "name": "my-maven-repo", "file": file }] } });
    person.write_config(&config.to_string());
    write(person, ".m2/settings.xml", &with_server("my-maven-repo", PUBLIC));
}

#[test]
fn what_an_earlier_setup_wrote_works_until_setup_makes_it_safer() {
    let person = TestUser::new();
    earlier(&person);
    let before = settings(&person);
    let found = found(&person);
    assert!(found[0].0.starts_with("ok entry"), "{found:?}");
    let [(finding, fix)] = wrong(&person).try_into().unwrap();
    assert!(finding.starts_with("warn variable: server `my-maven-repo`"), "{finding}");
    // What Maven is told of, once it is Maven that runs.
    let hint = "The POM of any dependency can read CODEARTIFACT_AUTH_TOKEN. Run `vouch setup codeartifact --tool maven";
    let (code, _, said) = person.run("exec --type codeartifact -- mvn deploy");
    assert!(code == 125 && said.contains(hint) && said.contains("not logged in"), "{said}");
    assert!(!person.run("exec --type codeartifact -- sh").2.contains("hint: The POM"));
    // Its POM is looked at, and refused for nothing.
    write(&person, "here/pom.xml", &reads("my-maven-repo", "http://127.0.0.1:1/"));
    let said = person.run("exec --type codeartifact -- mvn deploy").2;
    assert!(said.contains("warning: ") && said.contains("not logged in"), "{said}");
    fs::remove_file(person.path("home/here/pom.xml")).unwrap();
    let (code, _, said) = person.run("exec --type maven -- mvn deploy");
    assert!(code == 125 && said.contains("no lines of Maven's name a variable of their own"), "{said}");

    person.succeed(fix.split('`').nth(1).unwrap().strip_prefix("vouch ").unwrap());
    assert_eq!(wrong(&person), NONE);
    let (variable, _) = names(&person).remove(0);
    assert!(
        settings(&person).contains(&format!("${{env.{variable}}}")) && !settings(&person).contains(PUBLIC)
    );
    let said = person.run("exec --type codeartifact -- mvn deploy").2;
    assert!(said.contains("Use `--type maven`"), "{said}");
    person.succeed("undo maven");
    assert_eq!(settings(&person), before);
    assert_eq!(person.config()["codeartifact"]["registrations"][0]["options"], Value::Null);
}

#[test]
fn a_server_that_was_written_by_hand_is_named_and_moved() {
    let person = TestUser::new();
    let before = with_server("codeartifact", PUBLIC);
    write(&person, ".m2/settings.xml", &before);
    write(&person, "here/settings.xml", &before);
    person.succeed(&format!("setup codeartifact --tool cargo --repository my-repo {DOMAIN}"));
    let [(finding, fix)] = wrong(&person).try_into().unwrap();
    assert!(finding.starts_with("warn variable: server `codeartifact`"), "{finding}");
    let command = |said: &str| {
        let command = said.split('`').find(|part| part.starts_with("vouch setup")).unwrap().to_owned();
        command.strip_prefix("vouch ").unwrap().replace("REPOSITORY", "my-maven-repo")
    };
    let said = person.run("exec --type codeartifact -- mvn deploy -s settings.xml").2;
    assert!(command(&said).contains("--registry codeartifact --settings /"), "{said}");
    person.succeed(&command(&fix));
    assert_eq!(wrong(&person), NONE);
    assert!(!settings(&person).contains(PUBLIC));
    person.succeed("undo maven");
    assert_eq!(settings(&person), before);
}

#[test]
fn a_pom_that_names_another_place_under_our_id_is_refused() {
    let person = with_a_role();
    set_up(&person, "");
    person.succeed("setup codeartifact --tool maven --repository my-repo");
    let other = OURS.replace("my-maven-repo", "my-repo");
    let unknown = OURS.replace("my-maven-repo", "third-repo");
    let hostile = "http://127.0.0.1:1/";
    let would_read =
        "line 3, names http://127.0.0.1:1/ as the repository `my-maven-repo`, and Maven would read";
    let would_send = "that place would get the token of";
    for (text, refused) in [
        (reads("my-maven-repo", hostile), Some(would_read)),
        (reads("my-maven-repo", &other), Some("and Maven would read")),
        (deploys("my-maven-repo", hostile), Some(would_send)),
        // What an honest project says.
        (reads("my-maven-repo", OURS), None),
        (reads("my-maven-repo", OURS.trim_end_matches('/')), None),
        (reads("mine", hostile), None),
        (deploys("my-maven-repo", OURS), None),
        (deploys("my-maven-repo", &other), None),
    ] {
        write(&person, "here/pom.xml", &text);
        for command in [
            "exec --type maven -- sh",
            "exec --type codeartifact -- mvn",
            "exec --type maven -- mvn -f pom.xml",
        ] {
            let (code, _, said) = person.run(command);
            assert_eq!((code, said.contains("not logged in")), (125, refused.is_none()), "{command}: {said}");
            assert!(refused.is_none_or(|refused| said.contains(refused)), "{command}: {said}");
            assert!(!said.contains("warning:"), "{said}");
        }
        let found = wrong(&person);
        assert_eq!(found.len(), usize::from(refused.is_some()), "{text}: {found:?}");
        if let (Some(refused), [(finding, _)]) = (refused, found.as_slice()) {
            assert!(finding.starts_with("fail project: ") && finding.contains(refused), "{finding}");
        }
    }
    // Another command's folder is none of Maven's business, nor are settings that were not set up.
    write(&person, "here/pom.xml", &reads("my-maven-repo", hostile));
    for command in ["exec --type codeartifact -- sh", "exec --type codeartifact -- mvn -s other.xml"] {
        assert!(person.run(command).2.contains("not logged in"), "{command}");
    }
    for (text, said) in [
        (deploys("my-maven-repo", &unknown), "which is the server of"),
        (deploys("my-maven-repo", "https://${host}/"), "only Maven can tell"),
        ("<project>".to_owned(), "was not looked at"),
    ] {
        write(&person, "here/pom.xml", &text);
        let found = wrong(&person);
        assert!(
            found.len() == 1 && found[0].0.starts_with("warn project: ") && found[0].0.contains(said),
            "{found:?}"
        );
        let warned = person.run("exec --type maven -- mvn").2;
        assert!(warned.contains(said) && warned.contains("not logged in"), "{warned}");
    }
}

#[test]
fn one_id_for_two_repositories_of_a_domain_is_allowed_without_the_mirror() {
    let person = with_a_role();
    set_up(&person, "");
    let other = OURS.replace("my-maven-repo", "other-repo");
    write(&person, "here/pom.xml", &reads("my-maven-repo", &other));
    let (_, _, said) = person.run("exec --type maven -- mvn compile");
    assert!(said.contains("and Maven would read") && !said.contains("not logged in"), "{said}");
    let setup = said.split('`').find(|part| part.starts_with("vouch setup")).unwrap();
    person.succeed(setup.strip_prefix("vouch ").unwrap());
    assert!(person.run("exec --type maven -- mvn compile").2.contains("not logged in"));
    assert_eq!(wrong(&person), NONE);
    write(&person, "here/pom.xml", &reads("my-maven-repo", "https://evil.example/maven/my-maven-repo/"));
    let (code, _, said) = person.run("exec --type maven -- mvn compile");
    assert!(code == 125 && said.contains("that place would get the token of"), "{said}");
    assert!(wrong(&person)[0].0.starts_with("fail project: "));
}

#[test]
fn the_parent_and_the_modules_of_a_project_are_looked_at() {
    let person = TestUser::new();
    set_up(&person, "");
    let hostile = deploys("my-maven-repo", "http://127.0.0.1:1/").replace(">app<", ">up<");
    let parent = "<parent><artifactId>up</artifactId></parent>";
    write(&person, "pom.xml", &hostile);
    write(&person, "here/pom.xml", &pom(parent));
    let said = person.run("exec --type maven -- mvn deploy").2;
    assert!(said.contains("home/pom.xml`, line 3,"), "{said}");
    assert!(wrong(&person)[0].0.contains("home/pom.xml`, line 3,"));
    write(&person, "here/pom.xml", &pom("<modules><module>m</module></modules>"));
    write(&person, "here/m/pom.xml", &hostile);
    let said = person.run("exec --type maven -- mvn deploy").2;
    assert!(said.contains("here/m/pom.xml`, line 3,"), "{said}");
}

#[test]
fn nothing_is_handed_out_where_no_lines_name_a_variable() {
    let person = with_a_role();
    person.succeed(&format!("setup codeartifact --tool cargo --repository my-repo {DOMAIN}"));
    let (code, _, said) = person.run("exec --type maven -- touch started");
    assert!(code == 125 && said.contains("error: Maven is not set up\n"), "{said}");
    let (code, script, _) = person.run("env --type maven --shell sh");
    assert_eq!((code, script.as_str()), (7, "unset CODEARTIFACT_AUTH_TOKEN;\nfalse;\n"));
    set_up(&person, "");
    let (variable, _) = names(&person).remove(0);
    for kind in ["maven", "codeartifact"] {
        let (code, script, _) = person.run(&format!("env --type {kind} --shell sh"));
        assert_eq!(
            (code, script),
            (3, format!("unset CODEARTIFACT_AUTH_TOKEN;\nunset {variable};\nfalse;\n")),
            "{kind}"
        );
    }
    let (code, _, said) = person.run("exec --type maven --export X -- touch started");
    assert!(code == 125 && said.contains("`--export` is for the one value"), "{said}");
    let (code, _, said) = person.run("exec --type maven --ca-profile other -- touch started");
    assert!(code == 125 && said.contains("there is no CodeArtifact profile `other`"), "{said}");
    let other = "--ca-domain shared-packages --ca-domain-owner 111111111111 --ca-region us-east-1";
    let (code, _, said) = person.run(&format!("exec --type maven {other} -- touch started"));
    assert!(
        code == 125 && said.contains("Maven is not set up for shared-packages of account 111111111111"),
        "{said}"
    );
    assert!(!person.path("home/here/started").exists());
}

/// A name that somebody put into the configuration would be set for every command.
#[test]
fn a_variable_of_another_form_is_none() {
    let person = TestUser::new();
    set_up(&person, "");
    let (variable, _) = names(&person).remove(0);
    for chosen in ["PATH", "VOUCH_HOME", "LD_PRELOAD", "CODEARTIFACT_AUTH_TOKEN"] {
        let config = person.config().to_string().replace(&variable, chosen);
        person.write_config(&config);
        let (code, script, _) = person.run("env --type maven --shell sh");
        assert_eq!((code, script.as_str()), (7, "unset CODEARTIFACT_AUTH_TOKEN;\nfalse;\n"), "{chosen}");
        person.write_config(&config.replace(&format!("\"{chosen}\""), &format!("\"{variable}\"")));
    }
}
