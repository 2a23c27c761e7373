//! Real Gradle, as the distribution packages it: resolves with the token that the init script asks for. And what setup
//! shows for those clients whose files it does not edit.

use vouch_e2e::maven::{self, ENDPOINT, exec};
use vouch_e2e::{Bed, MY_DOMAIN, Run, in_sandbox};

const HELLO: &str = "app/build/classes/java/main/com/example/Hello.class";

fn set_up(bed: &Bed, tool: &str, more: &[&str]) -> Run {
    let setup = ["setup", "codeartifact", "--tool", tool, "--repository", maven::REPOSITORY];
    bed.vouch(&setup).args(MY_DOMAIN).args(more)
}

fn gradle(bed: &Bed, args: &[&str]) -> Run {
    bed.run("gradle")
        .args(["--no-daemon", "--console=plain"])
        .args(args)
        .env("GRADLE_OPTS", maven::options(bed))
        .within(bed.file("app"))
}

/// A program that needs the library of a repository.
fn program(bed: &Bed, url: &str) {
    bed.write("app/settings.gradle", "rootProject.name = 'hello'\n");
    let build = "apply plugin: 'java'\nrepositories { maven { url 'URL' } }\n\
        dependencies { compile 'com.example:greeting:1.0' }\n";
    bed.write("app/build.gradle", &build.replace("URL", url));
    bed.write(
        "app/src/main/java/com/example/Hello.java",
        "package com.example;\npublic class Hello { static final String TEXT = Greeting.text(); }\n",
    );
}

#[test]
fn a_build_gets_its_token_while_it_runs() {
    in_sandbox(&[], |bed| {
        bed.enroll();
        bed.log_in();
        let _ = set_up(bed, "gradle", &[]).ok().says("gets its token from").says("add `maven { url");
        maven::user_settings(bed);
        let _ = maven::set_up(bed, &[]).ok();
        maven::library(bed, "lib", "1.0", maven::REPOSITORY);
        let _ = exec(bed, "lib", &["deploy"]).ok();
        maven::forget(bed);
        bed.ctl(&["reset"]);
        // Somebody else's registry gets no token, and nobody is asked for one.
        program(bed, "https://private.example.net/maven/my-maven-repo/");
        let _ = gradle(bed, &["compileJava"]).fails(1);
        assert_eq!(bed.count("/registry/foreign/leaked"), 0);
        program(bed, ENDPOINT);
        let done = gradle(bed, &["compileJava"]).ok();
        assert!(bed.file(HELLO).exists());
        assert_eq!(bed.count("/registry/maven/bad_token"), 0);
        assert!(bed.count("/registry/maven/download") > 0);
        let token = bed.vouch(&["credential", "codeartifact"]).ok().stdout.trim().to_owned();
        assert!(!done.to_string().contains(&token));
        let found = bed.run("grep").args(["-rlF", &token, "app", ".gradle"]).fails(1);
        assert_eq!(found.stdout, "");
    });
}

#[test]
fn a_url_that_leads_elsewhere_gets_no_token() {
    in_sandbox(&[], |bed| {
        bed.enroll();
        bed.log_in();
        let recorded = "https://packages.example.com/maven/my-maven-repo/";
        let _ = set_up(bed, "gradle", &[]).ok();
        let _ = set_up(bed, "gradle", &["--endpoint", recorded]).ok();
        let bare = ENDPOINT.trim_end_matches('/');
        let good = [
            ENDPOINT.to_owned(),
            bare.to_owned(),
            format!("{ENDPOINT}com/example/a-b_c.1/"),
            recorded.to_owned(),
            format!("{recorded}..a/b../.c/"),
        ];
        let bad = [
            format!("{ENDPOINT}../other/"),
            format!("{recorded}../../attacker/"),
            format!("{recorded}x/../../attacker/"),
            format!("{recorded}.."),
            format!("{recorded}./x/"),
            format!("{recorded}..;/attacker/"),
            format!("{recorded}..;a=b/attacker/"),
            format!("{recorded}%2e%2e/attacker/"),
            format!("{recorded}%2E%2E%2Fattacker/"),
            format!("{recorded}x%2fy/"),
            format!("{recorded}x%5cy/"),
            format!("{recorded}%252e%252e/"),
            format!("{recorded}?x=/../../attacker/"),
            format!("{recorded}#x"),
            format!("{bare}x/"),
            format!("{bare}?x"),
            ENDPOINT.replace("https:", "http:"),
            ENDPOINT.replace(".com/", ".com:8443/"),
            ENDPOINT.replace(".com/", ".com.evil.example/"),
            ENDPOINT.replace(".com/", ".com@evil.example/"),
            ENDPOINT.replace("//", "//evil.example@"),
            ENDPOINT.replace("my-domain", "MY-DOMAIN"),
            "https://packages.example.com/maven/other/".into(),
        ];
        let add = |url: &String| format!("    maven {{ url '{url}' }}\n");
        let urls: String = good.iter().chain(&bad).map(add).collect();
        bed.write("app/settings.gradle", "rootProject.name = 'hello'\n");
        bed.write(
            "app/build.gradle",
            &format!(
                "repositories {{\n{urls}}}\ntask show {{ doLast {{ project.repositories.each {{\n    \
                 println \"url=${{it.url}} user=${{it.credentials.username}}\" }} }} }}\n"
            ),
        );
        let done = gradle(bed, &["show"]).ok();
        let seen: Vec<_> = done.stdout.lines().filter(|line| line.starts_with("url=")).collect();
        assert_eq!(seen.len(), good.len() + bad.len(), "{done}");
        for (at, url) in good.iter().chain(&bad).enumerate() {
            let user = if at < good.len() { "aws" } else { "null" };
            assert_eq!(seen[at], format!("url={url} user={user}"));
        }
    });
}

#[test]
fn without_a_session_the_person_is_told_and_what_is_there_still_builds() {
    in_sandbox(&[], |bed| {
        bed.enroll();
        let _ = set_up(bed, "gradle", &[]).ok();
        program(bed, ENDPOINT);
        let done = gradle(bed, &["compileJava"]).fails(1);
        assert!(done.to_string().contains("you are not logged in"), "{done}");
        assert!(done.to_string().contains("vouch login"), "{done}");
        // Nothing to resolve, nothing to fail; and nobody is asked offline.
        let done = gradle(bed, &["tasks", "--offline"]).ok();
        assert!(!done.to_string().contains("not logged in"), "{done}");
    });
}

#[test]
fn the_scripts_list_each_repository_and_are_taken_back() {
    in_sandbox(&[], |bed| {
        bed.enroll();
        let script = ".gradle/init.d/vouch.gradle";
        let printed = set_up(bed, "gradle", &["--print"]).ok();
        assert!(printed.stdout.contains(ENDPOINT) && !bed.file(".gradle").exists());
        let _ = set_up(bed, "gradle", &[]).ok();
        let one = bed.read(script);
        let _ = set_up(bed, "gradle", &[]).ok().says("nothing to change");
        let other = ["setup", "codeartifact", "--tool", "gradle", "--repository", "my-repo"];
        let _ = bed.vouch(&other).ok();
        let both = bed.read(script);
        assert!(both.contains(ENDPOINT) && both.contains("/maven/my-repo/"), "{both}");
        let _ = bed.vouch(&["undo"]).ok();
        assert_eq!(bed.read(script), one);
        bed.write(script, &format!("// mine\n{}", bed.read(script)));
        let _ = bed.vouch(&["undo", "gradle"]).ok().says("was edited since");
        assert_eq!(bed.read(script), "// mine\n");
        assert!(!bed.file(".gradle/vouch-token.gradle").exists());
        let _ =
            set_up(bed, "gradle", &[]).fails(7).says("not as Vouch writes it").says("nothing was changed");
        let _ = set_up(bed, "gradle", &["--registry", "x"]).fails(2);
        // Gradle's own variable names the folder.
        let _ = set_up(bed, "gradle", &[]).env("GRADLE_USER_HOME", bed.file("elsewhere")).ok();
        assert_eq!(bed.read("elsewhere/init.d/vouch.gradle"), one);
    });
}

#[test]
fn what_is_added_by_hand_holds_no_secret_and_allows_nothing() {
    in_sandbox(&[], |bed| {
        bed.enroll();
        bed.log_in();
        for (tool, lines) in [
            (
                "sbt",
                ["\"my-domain/my-maven-repo\"", "\"credential\", \"codeartifact\"", "/maven/my-maven-repo/"],
            ),
            ("nuget", ["%CODEARTIFACT_AUTH_TOKEN%", "/nuget/my-maven-repo/v3/index.json", "<my-maven-repo>"]),
            ("ruby", ["vouch credential codeartifact", "/ruby/my-maven-repo/", "GEM_HOST_API_KEY"]),
            ("swift", ["vouch credential codeartifact", "/swift/my-maven-repo/", "--netrc-file"]),
        ] {
            let printed = set_up(bed, tool, &["--print"]).ok();
            let done = set_up(bed, tool, &[]).ok().says(&format!("Vouch edits no file of {tool}"));
            assert_eq!(done.stdout, printed.stdout);
            for line in lines {
                assert!(done.stdout.contains(line), "{tool}: {line}\n{done}");
            }
            let _ = bed.vouch(&["undo", tool]).fails(1);
        }
        let _ = set_up(bed, "nuget", &["--registry", "a b"]).fails(2).says("cannot be the name");
        let _ = bed.vouch(&["status", "--profiles"]).ok().shows("my-domain");
        assert!(!bed.read(".vouch/config.json").contains("registrations\": [{"));
        // A reader of XML, and Bundler's own.
        let nuget = set_up(bed, "nuget", &["--print", "--registry", "1st"]).ok().stdout;
        let parse = "import sys, xml.etree.ElementTree as t\nt.fromstring(sys.stdin.read())";
        let _ = bed.run("python3").args(["-c", parse]).stdin(nuget).ok();
        let ruby = set_up(bed, "ruby", &["--print"]).ok().stdout;
        let export = ruby.lines().find(|line| line.starts_with("export BUNDLE_")).unwrap();
        let host = "my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com";
        let get = format!("{export}\nbundle config get {host}");
        let got = bed.run("bash").args(["-euc", &get]).ok().shows("Set via BUNDLE_").stdout;
        assert!(got.contains("\"aws:[REDACTED]\""), "{got}");
    });
}
