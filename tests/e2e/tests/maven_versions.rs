//! What setup writes for Maven, in each Maven that it is written for: what worked before goes on.

use std::fs;

use vouch_e2e::maven::{self, ENDPOINT, Maven, REPOSITORY};
use vouch_e2e::{CommandOutput, Sandbox, in_sandbox};

const HELLO: &str = "app/target/classes/com/example/Hello.class";
const OTHER: &str = "https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/maven/my-repo/";

/// Settings of a company that has one mirror for everything, or for Maven Central alone.
fn company(sandbox: &Sandbox, maven: Maven, mirror_of: &str, servers: &str) {
    let packages = maven.packages(mirror_of);
    let text = format!("<settings>\n{servers}  <mirrors>\n{packages}  </mirrors>\n</settings>\n");
    sandbox.write(".m2/settings.xml", &text);
}

fn repository(id: &str, url: &str) -> String {
    format!("<repositories><repository><id>{id}</id><url>{url}</url></repository></repositories>\n")
}

fn dependency(artifact: &str, version: &str) -> String {
    format!(
        "<dependency><groupId>com.example</groupId><artifactId>{artifact}</artifactId><version>{version}</version></dependency>\n"
    )
}

/// A library that is published to a repository under an id; its class is named after it.
fn publish(sandbox: &Sandbox, maven: Maven, (artifact, version): (&str, &str), (id, url): (&str, &str)) {
    let list = "distributionManagement";
    let where_to = format!("<{list}><repository><id>{id}</id><url>{url}</url></repository></{list}>\n");
    let folder = format!("libraries/{artifact}-{version}");
    sandbox.write(&format!("{folder}/pom.xml"), &maven::pom(artifact, version, &where_to));
    let class = "package com.example;\npublic class NAME { public static String text() { return \"\"; } }\n";
    let name = artifact[..1].to_uppercase() + &artifact[1..];
    sandbox.write(&format!("{folder}/src/main/java/com/example/{name}.java"), &class.replace("NAME", &name));
    let _ = maven.exec(sandbox, "maven", &folder, &["deploy"]).ok();
}

/// Compiles a program on a machine that never saw what it depends on.
fn compiles(sandbox: &Sandbox, maven: Maven, kind: &str, args: &[&str]) -> CommandOutput {
    maven::forget(sandbox);
    let _ = fs::remove_dir_all(sandbox.file("app/target"));
    let done = maven.exec(sandbox, kind, "app", &[&["compile"][..], args].concat()).ok();
    assert!(sandbox.file(HELLO).exists(), "{done}");
    done
}

fn source(sandbox: &Sandbox, uses: &[&str]) {
    let sum: Vec<String> = uses.iter().map(|name| format!("{name}.text()")).collect();
    let text = format!(
        "package com.example;\npublic class Hello {{ static final String TEXT = {}; }}\n",
        sum.join(" + ")
    );
    sandbox.write("app/src/main/java/com/example/Hello.java", &text);
}

fn what_worked_goes_on(maven: Maven) {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.log_in();
        company(sandbox, maven, "*", "");
        let _ = maven::set_up(sandbox, &[]).ok();
        let second =
            ["setup", "codeartifact", "--tool", "maven", "--repository", "my-repo", "--registry", "other"];
        let _ = sandbox.vouch(&second).ok();
        publish(sandbox, maven, ("greeting", "1.0"), (REPOSITORY, ENDPOINT));
        for _ in 0..2 {
            publish(sandbox, maven, ("snapshot", "1.1-SNAPSHOT"), (REPOSITORY, ENDPOINT));
        }
        publish(sandbox, maven, ("farewell", "1.0"), ("other", OTHER));

        // A repository of the parent, one of a profile, and a snapshot: each through the mirror of its id.
        let parent = maven::pom("up", "1.0", &repository(REPOSITORY, ENDPOINT));
        let parent = parent
            .replace("<version>1.0</version>\n", "<version>1.0</version>\n<packaging>pom</packaging>\n");
        sandbox.write("pom.xml", &parent);
        let profile =
            format!("<profiles><profile><id>more</id>{}</profile></profiles>\n", repository("other", OTHER));
        let all = dependency("greeting", "1.0")
            + &dependency("farewell", "1.0")
            + &dependency("snapshot", "1.1-SNAPSHOT");
        let lines = format!(
            "<parent><groupId>com.example</groupId><artifactId>up</artifactId><version>1.0</version></parent>\n\
             {profile}<dependencies>{all}</dependencies>\n"
        );
        sandbox.write("app/pom.xml", &maven::pom("hello", "1.0", &lines));
        source(sandbox, &["Greeting", "Farewell", "Snapshot"]);
        let _ = compiles(sandbox, maven, "maven", &["-Pmore"]);
        // The commands of before go on with these settings.
        let _ = compiles(sandbox, maven, "codeartifact", &["-Pmore"]);
        maven::forget(sandbox);
        let script = "eval \"$(vouch env --type maven)\" && mvn --batch-mode compile -Pmore";
        let _ = maven.prepared(sandbox, "bash").args(["-c", script]).within(sandbox.file("app")).ok();
        assert_eq!(sandbox.count("/registry/maven/bad_token"), 0);
        // A shell that has the public variable alone does not, and setup said so.
        maven::forget(sandbox);
        let script = "export CODEARTIFACT_AUTH_TOKEN=$(vouch credential codeartifact) && mvn --batch-mode compile -Pmore";
        let done = maven.prepared(sandbox, "bash").args(["-c", script]).within(sandbox.file("app")).fails(1);
        // Maven 4 has words of its own for it.
        let refused =
            ["401", "too many authentication attempts"].iter().any(|said| done.stdout.contains(said));
        assert!(refused, "{done}");
    });
}

#[test]
fn what_worked_goes_on_with_the_distributions_maven() {
    what_worked_goes_on(Maven::Distribution);
}

#[test]
fn what_worked_goes_on_with_maven_three() {
    what_worked_goes_on(Maven::Pinned("3.9.16"));
}

#[test]
fn what_worked_goes_on_with_maven_four() {
    what_worked_goes_on(Maven::Pinned("4.0.0-rc-5"));
}

/// The local repository remembers from which id a file came.
fn offline_fails_once_after_the_change(maven: Maven) {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.log_in();
        let server = format!(
            "  <servers><server><id>{REPOSITORY}</id><username>aws</username><password>${{env.CODEARTIFACT_AUTH_TOKEN}}</password>\
             </server></servers>\n"
        );
        company(sandbox, maven, "central", &server);
        sandbox.set_up_cargo();
        maven::library(sandbox, "lib", "1.0", REPOSITORY);
        let _ = maven
            .exec(sandbox, "codeartifact", "lib", &["deploy"])
            .ok()
            .says("can read CODEARTIFACT_AUTH_TOKEN");
        maven::program(sandbox, "app", "1.0", REPOSITORY);
        let offline = |kind| maven.exec(sandbox, kind, "app", &["--offline", "compile"]);
        let _ = maven.exec(sandbox, "codeartifact", "app", &["compile"]).ok();
        let _ = offline("codeartifact").ok();
        let _ = maven::set_up(sandbox, &[]).ok();
        let _ = offline("maven").fails(1);
        let _ = maven.exec(sandbox, "maven", "app", &["compile"]).ok();
        let _ = offline("maven").ok();
    });
}

#[test]
fn offline_fails_once_after_the_change_with_the_distributions_maven() {
    offline_fails_once_after_the_change(Maven::Distribution);
}

#[test]
fn offline_fails_once_after_the_change_with_maven_three() {
    offline_fails_once_after_the_change(Maven::Pinned("3.9.16"));
}

#[test]
fn offline_fails_once_after_the_change_with_maven_four() {
    offline_fails_once_after_the_change(Maven::Pinned("4.0.0-rc-5"));
}

/// Each registration has a variable, and each variable the token of its own domain.
#[test]
fn two_domains_share_no_variable() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.log_in();
        let role = [
            "setup",
            "aws",
            "--role",
            "arn:aws:iam::111111111111:role/CodeArtifactReader",
            "--profile",
            "shared",
        ];
        let _ = sandbox.vouch(&role).ok();
        let _ = maven::set_up(sandbox, &[]).ok();
        let shared = ["--domain", "shared-packages", "--domain-owner", "111111111111", "--profile", "shared"];
        let setup = ["setup", "codeartifact", "--tool", "maven", "--repository", "cargo-store"];
        let next = sandbox.vouch(&setup).args(shared).ok();
        let _ = next.says("`vouch exec --type maven --ca-profile shared -- mvn deploy`");
        let token = |profile: &str| {
            let asked = ["credential", "codeartifact", "--profile", profile];
            sandbox.vouch(&asked).ok().stdout.trim().to_owned()
        };
        let (ours, theirs) = (token("default"), token("shared"));
        assert_ne!(ours, theirs);
        let config: serde_json::Value = serde_json::from_str(&sandbox.read(".vouch/config.json")).unwrap();
        let variable = |place: usize| {
            config["codeartifact"]["registrations"][place]["options"]["maven"]["variable"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        let print = format!("echo \"${}|${}|$CODEARTIFACT_AUTH_TOKEN\"", variable(0), variable(1));
        let seen = |args: &[&str]| {
            let exec = sandbox.vouch(&[&["exec"][..], args, &["--", "sh", "-c", &print][..]].concat());
            exec.env("CODEARTIFACT_AUTH_TOKEN", "stale")
                .env(&variable(1), "stale")
                .ok()
                .stdout
                .trim()
                .to_owned()
        };
        assert_eq!(seen(&["--type", "maven"]), format!("{ours}|{theirs}|"));
        assert_eq!(seen(&["--type", "maven", "--ca-profile", "shared"]), format!("|{theirs}|"));
        assert_eq!(seen(&["--type", "maven", "--ca-profile", "default"]), format!("{ours}||"));
        assert_eq!(seen(&["--type", "codeartifact"]), format!("{ours}|{theirs}|{ours}"));
        assert_eq!(seen(&["--type", "codeartifact", "--ca-profile", "default"]), format!("{ours}||{ours}"));
    });
}
