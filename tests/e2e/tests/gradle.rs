//! Real Gradle, as the distribution packages it: resolves with the token that the init script asks for. And what setup
//! shows for those clients whose files it does not edit.

use vouch_e2e::hostile::HostileHost;
use vouch_e2e::maven::{self, ENDPOINT, exec};
use vouch_e2e::{CommandOutput, MY_DOMAIN, Run, Sandbox, in_sandbox};

const HELLO: &str = "app/build/classes/java/main/com/example/Hello.class";

fn set_up(sandbox: &Sandbox, tool: &str, more: &[&str]) -> Run {
    let setup = ["setup", "codeartifact", "--tool", tool, "--repository", maven::REPOSITORY];
    sandbox.vouch(&setup).args(MY_DOMAIN).args(more)
}

fn gradle(sandbox: &Sandbox, args: &[&str]) -> Run {
    sandbox
        .run("gradle")
        .args(["--no-daemon", "--console=plain"])
        .args(args)
        .env("GRADLE_OPTS", maven::options(sandbox))
        .within(sandbox.file("app"))
}

/// A program that needs the library of a repository.
fn program(sandbox: &Sandbox, url: &str) {
    sandbox.write("app/settings.gradle", "rootProject.name = 'hello'\n");
    let build = "apply plugin: 'java'\nrepositories { maven { url 'URL' } }\n\
        dependencies { compile 'com.example:greeting:1.0' }\n";
    sandbox.write("app/build.gradle", &build.replace("URL", url));
    sandbox.write(
        "app/src/main/java/com/example/Hello.java",
        "package com.example;\npublic class Hello { static final String TEXT = Greeting.text(); }\n",
    );
}

#[test]
fn a_build_gets_its_token_while_it_runs() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.log_in();
        let _ = set_up(sandbox, "gradle", &[]).ok().says("gets its token from").says("add `maven { url");
        maven::user_settings(sandbox);
        let _ = maven::set_up(sandbox, &[]).ok();
        maven::library(sandbox, "lib", "1.0", maven::REPOSITORY);
        let _ = exec(sandbox, "lib", &["deploy"]).ok();
        maven::forget(sandbox);
        sandbox.ctl(&["reset"]);
        // Somebody else's registry gets no token, and nobody is asked for one.
        program(sandbox, "https://private.example.net/maven/my-maven-repo/");
        let _ = gradle(sandbox, &["compileJava"]).fails(1);
        assert_eq!(sandbox.count("/registry/foreign/leaked"), 0);
        program(sandbox, ENDPOINT);
        let done = gradle(sandbox, &["compileJava"]).ok();
        assert!(sandbox.file(HELLO).exists());
        assert_eq!(sandbox.count("/registry/maven/bad_token"), 0);
        assert!(sandbox.count("/registry/maven/download") > 0);
        let token = sandbox.vouch(&["credential", "codeartifact"]).ok().stdout.trim().to_owned();
        assert!(!done.to_string().contains(&token));
        let found = sandbox.run("grep").args(["-rlF", &token, "app", ".gradle"]).fails(1);
        assert_eq!(found.stdout, "");
    });
}

/// Properties of a project are properties of the JVM: its proxy, with an authority that the JVM is told to believe, reads along.
#[test]
fn a_projects_proxy_and_authority_get_the_token_and_exec_refuses() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.log_in();
        let _ = set_up(sandbox, "gradle", &[]).ok();
        let hostile = HostileHost::start();
        program(sandbox, ENDPOINT);
        let options = maven::options(sandbox);
        sandbox.write("evil.pem", hostile.certificate());
        let store =
            ["-importcert", "-noprompt", "-alias", "evil", "-storetype", "PKCS12", "-storepass", "changeit"];
        let import =
            sandbox.run("keytool").args(store).args(["-file", "evil.pem", "-keystore", "app/evil.p12"]);
        let _ = import.ok();
        let proxy = format!("https.proxyHost=127.0.0.1\n{{}}https.proxyPort={}\n", hostile.port());
        let password = "javax.net.ssl.trustStorePassword=changeit";
        let trust = format!("javax.net.ssl.trustStore={}", sandbox.file("app/evil.p12").display());
        let both = format!(
            "systemProp.{}systemProp.{trust}\nsystemProp.{password}\n",
            proxy.replace("{}", "systemProp.")
        );
        let on_one_line = format!(
            "org.gradle.jvmargs=-Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort={} -D{trust} -D{password} -Duser.home={}\n",
            hostile.port(),
            sandbox.home().display()
        );
        for text in [both, on_one_line] {
            sandbox.write("app/gradle.properties", &text);
            // Without a store of the user's own.
            let bare =
                options.split(' ').filter(|word| !word.contains("trustStore")).collect::<Vec<_>>().join(" ");
            let run = |program: &str, args: &[&str]| {
                let run = sandbox.run(program).args(args).env("GRADLE_OPTS", &bare);
                run.within(sandbox.file("app")).done()
            };
            let words = ["gradle", "--no-daemon", "--console=plain", "compileJava"];
            let done = run(words[0], &words[1..]);
            assert!(hostile.got_a_token(), "{text}: {done}");
            let exec = [&["exec", "--type", "codeartifact", "--"], &words[..]].concat();
            let done = run("vouch", &exec).expect_code(125);
            let _ = done.says("`javax.net.ssl.trustStore` lets the project's own proxy read the token");
            assert_eq!(hostile.arrived(), Vec::<String>::new());
        }
        sandbox.write("app/gradle.properties", "org.gradle.jvmargs=-Xmx512m\n");
        let done = run_version(sandbox);
        assert!(done.code == 0 && !done.stderr.contains("gradle.properties"), "{done}");
    });
}

fn run_version(sandbox: &Sandbox) -> CommandOutput {
    let exec = ["exec", "--type", "codeartifact", "--", "gradle", "--version"];
    sandbox.vouch(&exec).within(sandbox.file("app")).done()
}

#[test]
fn a_url_that_leads_elsewhere_gets_no_token() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.log_in();
        let recorded = "https://packages.example.com/maven/my-maven-repo/";
        let _ = set_up(sandbox, "gradle", &[]).ok();
        let _ = set_up(sandbox, "gradle", &["--endpoint", recorded]).ok();
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
        sandbox.write("app/settings.gradle", "rootProject.name = 'hello'\n");
        sandbox.write(
            "app/build.gradle",
            &format!(
                "repositories {{\n{urls}}}\ntask show {{ doLast {{ project.repositories.each {{\n    \
                 println \"url=${{it.url}} user=${{it.credentials.username}}\" }} }} }}\n"
            ),
        );
        let done = gradle(sandbox, &["show"]).ok();
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
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        let _ = set_up(sandbox, "gradle", &[]).ok();
        program(sandbox, ENDPOINT);
        let done = gradle(sandbox, &["compileJava"]).fails(1);
        assert!(done.to_string().contains("you are not logged in"), "{done}");
        assert!(done.to_string().contains("vouch login"), "{done}");
        // Nothing to resolve, nothing to fail; and nobody is asked offline.
        let done = gradle(sandbox, &["tasks", "--offline"]).ok();
        assert!(!done.to_string().contains("not logged in"), "{done}");
    });
}

#[test]
fn the_scripts_list_each_repository_and_are_taken_back() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        let script = ".gradle/init.d/vouch.gradle";
        let printed = set_up(sandbox, "gradle", &["--print"]).ok();
        assert!(printed.stdout.contains(ENDPOINT) && !sandbox.file(".gradle").exists());
        let _ = set_up(sandbox, "gradle", &[]).ok();
        let one = sandbox.read(script);
        let _ = set_up(sandbox, "gradle", &[]).ok().says("nothing to change");
        let other = ["setup", "codeartifact", "--tool", "gradle", "--repository", "my-repo"];
        let _ = sandbox.vouch(&other).ok();
        let both = sandbox.read(script);
        assert!(both.contains(ENDPOINT) && both.contains("/maven/my-repo/"), "{both}");
        let _ = sandbox.vouch(&["undo"]).ok();
        assert_eq!(sandbox.read(script), one);
        sandbox.write(script, &format!("// mine\n{}", sandbox.read(script)));
        let _ = sandbox.vouch(&["undo", "gradle"]).ok().says("was edited since");
        assert_eq!(sandbox.read(script), "// mine\n");
        assert!(!sandbox.file(".gradle/vouch-token.gradle").exists());
        let _ = set_up(sandbox, "gradle", &[])
            .fails(7)
            .says("not as Vouch writes it")
            .says("nothing was changed");
        let _ = set_up(sandbox, "gradle", &["--registry", "x"]).fails(2);
        // Gradle's own variable names the folder.
        let _ = set_up(sandbox, "gradle", &[]).env("GRADLE_USER_HOME", sandbox.file("elsewhere")).ok();
        assert_eq!(sandbox.read("elsewhere/init.d/vouch.gradle"), one);
    });
}

#[test]
fn what_is_added_by_hand_holds_no_secret_and_allows_nothing() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.log_in();
        for (tool, lines) in [
            (
                "sbt",
                ["\"my-domain/my-maven-repo\"", "\"credential\", \"codeartifact\"", "/maven/my-maven-repo/"],
            ),
            ("nuget", ["%CODEARTIFACT_AUTH_TOKEN%", "/nuget/my-maven-repo/v3/index.json", "<my-maven-repo>"]),
            ("ruby", ["vouch credential codeartifact", "/ruby/my-maven-repo/", "GEM_HOST_API_KEY"]),
            ("swift", ["vouch credential codeartifact", "/swift/my-maven-repo/", "--netrc-file"]),
        ] {
            let printed = set_up(sandbox, tool, &["--print"]).ok();
            let done = set_up(sandbox, tool, &[]).ok().says(&format!("Vouch edits no file of {tool}"));
            assert_eq!(done.stdout, printed.stdout);
            for line in lines {
                assert!(done.stdout.contains(line), "{tool}: {line}\n{done}");
            }
            let _ = sandbox.vouch(&["undo", tool]).fails(1);
        }
        let _ = set_up(sandbox, "nuget", &["--registry", "a b"]).fails(2).says("cannot be the name");
        let _ = sandbox.vouch(&["status", "--profiles"]).ok().shows("my-domain");
        assert!(!sandbox.read(".vouch/config.json").contains("registrations\": [{"));
        // A reader of XML, and Bundler's own.
        let nuget = set_up(sandbox, "nuget", &["--print", "--registry", "1st"]).ok().stdout;
        let parse = "import sys, xml.etree.ElementTree as t\nt.fromstring(sys.stdin.read())";
        let _ = sandbox.run("python3").args(["-c", parse]).stdin(nuget).ok();
        let ruby = set_up(sandbox, "ruby", &["--print"]).ok().stdout;
        let install = ruby.lines().find(|line| line.starts_with("CREDENTIAL=")).unwrap();
        let url = "https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/ruby/my-maven-repo/";
        let get = install.replace("*ARGV' install", &format!("*ARGV' config get {url}"));
        let got = sandbox.run("sh").args(["-euc", &get]).ok().shows("Set via BUNDLE_").stdout;
        assert!(got.contains("\"aws:[REDACTED]\""), "{got}");
    });
}
