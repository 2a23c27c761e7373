//! Real Maven: publishes and resolves with the token that `vouch exec` hands to it.

use vouch_e2e::maven::{self, CENTRAL, ENDPOINT, Maven, exec};
use vouch_e2e::{Sandbox, in_sandbox};

const HELLO: &str = "app/target/classes/com/example/Hello.class";

/// Enrolled, logged in, and a profile that names the domain.
fn begin(sandbox: &Sandbox) {
    sandbox.enroll();
    sandbox.log_in();
    sandbox.set_up_cargo();
}

/// A project's own settings file, with the server as the product's description has it.
fn project_settings(sandbox: &Sandbox, folder: &str, password: &str) {
    let server = format!(
        "  <servers>\n    <server>\n      <id>codeartifact</id>\n      <username>aws</username>\n      \
         <password>{password}</password>\n    </server>\n  </servers>\n"
    );
    sandbox.write(&format!("{folder}/settings.xml"), &format!("<settings>\n{server}{CENTRAL}</settings>\n"));
}

#[test]
fn a_package_is_published_and_a_second_project_resolves_it() {
    in_sandbox(&[], |sandbox| {
        begin(sandbox);
        // The token of the proof.
        sandbox.ctl(&["reset"]);
        for folder in ["lib", "app"] {
            project_settings(sandbox, folder, "${env.CODEARTIFACT_AUTH_TOKEN}");
        }
        maven::library(sandbox, "lib", "1.0", "codeartifact");
        let published = exec(sandbox, "lib", &["deploy", "-s", "settings.xml"]).ok().shows("BUILD SUCCESS");
        maven::program(sandbox, "app", "1.0", "codeartifact");
        let resolved = exec(sandbox, "app", &["compile", "-s", "settings.xml"]).ok().shows("BUILD SUCCESS");
        assert!(sandbox.file(HELLO).exists());
        for counter in ["metadata", "download", "checksum", "upload"] {
            assert!(sandbox.count(&format!("/registry/maven/{counter}")) > 0, "{counter}");
        }
        assert_eq!(sandbox.count("/registry/maven/bad_token"), 0);
        // One token for all of it, and none of it in what is seen or left.
        assert_eq!(sandbox.count("/codeartifact/granted"), 1);
        let token = sandbox.vouch(&["credential", "codeartifact"]).ok().stdout.trim().to_owned();
        for said in [&published, &resolved] {
            assert!(!said.to_string().contains(&token));
        }
        let found = sandbox.run("grep").args(["-rlF", &token, "lib", "app", ".m2"]).fails(1);
        assert_eq!(found.stdout, "");
        // A release stays as it is.
        sandbox.write("lib/src/main/resources/more.txt", "more");
        let again = exec(sandbox, "lib", &["deploy", "-s", "settings.xml"]).fails(1);
        assert!(again.stdout.contains("409"), "{again}");
    });
}

#[test]
fn snapshots_come_in_builds() {
    in_sandbox(&[], |sandbox| {
        begin(sandbox);
        for folder in ["lib", "app"] {
            project_settings(sandbox, folder, "${env.CODEARTIFACT_AUTH_TOKEN}");
        }
        maven::library(sandbox, "lib", "1.1-SNAPSHOT", "codeartifact");
        for _ in 0..2 {
            let _ = exec(sandbox, "lib", &["deploy", "-s", "settings.xml"]).ok();
        }
        maven::program(sandbox, "app", "1.1-SNAPSHOT", "codeartifact");
        let _ = exec(sandbox, "app", &["compile", "-s", "settings.xml"]).ok();
        assert!(sandbox.file(HELLO).exists());
        let local =
            sandbox.read(".m2/repository/com/example/greeting/1.1-SNAPSHOT/maven-metadata-codeartifact.xml");
        assert!(local.contains("<buildNumber>2</buildNumber>"), "{local}");
    });
}

#[test]
fn without_a_session_maven_is_not_started() {
    in_sandbox(&[], |sandbox| {
        begin(sandbox);
        let _ = sandbox.vouch(&["logout"]).ok();
        project_settings(sandbox, "lib", "${env.CODEARTIFACT_AUTH_TOKEN}");
        maven::library(sandbox, "lib", "1.0", "codeartifact");
        let done = exec(sandbox, "lib", &["deploy", "-s", "settings.xml"]).fails(125);
        let done = done.says("you are not logged in").says("vouch login").never_says("Scanning for projects");
        assert_eq!(done.stdout, "");
        assert!(!sandbox.file("lib/target").exists() && !sandbox.file(".m2").exists());
    });
}

#[test]
fn the_users_settings_are_edited_and_work() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        let before = maven::user_settings(sandbox);
        let _ = maven::set_up(sandbox, &[])
            .ok()
            .says("server `my-maven-repo`")
            .says("vouch login")
            .says("`vouch exec --type maven -- mvn deploy`");
        let _ = sandbox.vouch(&["status", "--profiles"]).ok().shows("my-domain");
        sandbox.log_in();
        let _ = sandbox.vouch(&["status"]).ok();
        // Of all that was set up, this alone may receive tokens.
        let config: serde_json::Value = serde_json::from_str(&sandbox.read(".vouch/config.json")).unwrap();
        let registrations = config["codeartifact"]["registrations"].as_array().unwrap();
        assert_eq!(registrations.len(), 1);
        assert_eq!(registrations[0]["endpoint"], ENDPOINT);
        maven::library(sandbox, "lib", "1.0", maven::REPOSITORY);
        let maven = Maven::Distribution;
        let _ = maven.exec(sandbox, "maven", "lib", &["deploy"]).ok().never_says("hint:");
        maven::program(sandbox, "app", "1.0", maven::REPOSITORY);
        // The command of the documentation goes on, and is told of the other.
        let _ = exec(sandbox, "app", &["compile"]).ok().says("Use `--type maven`");
        assert!(sandbox.file(HELLO).exists());
        let _ = maven::set_up(sandbox, &[]).ok().says("nothing to change");
        let _ =
            sandbox.vouch(&["undo", "maven"]).ok().says("as it was before setup").says("no longer receives");
        assert_eq!(sandbox.read(".m2/settings.xml"), before);
        let config = sandbox.read(".vouch/config.json");
        assert!(!config.contains("\"maven\""), "{config}");
    });
}

#[test]
fn what_setup_writes_and_refuses() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        let printed = maven::set_up(sandbox, &["--print"]).ok();
        for text in
            ["<id>my-maven-repo</id>", ENDPOINT, "<distributionManagement>", "${env.CODEARTIFACT_AUTH_TOKEN}"]
        {
            assert!(printed.stdout.contains(text), "{printed}");
        }
        assert!(!sandbox.file(".m2").exists());
        let _ = maven::set_up(sandbox, &["--dry-run"]).ok().shows("+    <server>");
        assert!(!sandbox.file(".m2").exists());
        for (text, said) in [
            ("<settings>", "not well-formed XML"),
            ("<project/>", "`<project>`, not `<settings>`"),
            (
                "<settings>\n<servers>\n<server><id>my-maven-repo</id><username>alice</username>\
                 <password>hunter2</password></server>\n</servers>\n</settings>\n",
                "a server `my-maven-repo` with other credentials",
            ),
        ] {
            sandbox.write(".m2/settings.xml", text);
            let _ = maven::set_up(sandbox, &[])
                .fails(7)
                .says(said)
                .says("nothing was changed")
                .never_says("hunter2");
            assert_eq!(sandbox.read(".m2/settings.xml"), text);
        }
        // What the person put beside our server stays, with the list that it is in now.
        sandbox.write(".m2/settings.xml", "<settings>\n</settings>\n");
        let _ = maven::set_up(sandbox, &[]).ok();
        let mine = "    <server>\n      <id>mine</id>\n    </server>\n";
        let text = sandbox.read(".m2/settings.xml").replace("  </servers>", &format!("{mine}  </servers>"));
        sandbox.write(".m2/settings.xml", &text);
        let _ = sandbox.vouch(&["undo", "maven"]).ok().says("was edited since").says("<servers>");
        let left = format!("<settings>\n  <servers>\n{mine}  </servers>\n</settings>\n");
        assert_eq!(sandbox.read(".m2/settings.xml"), left);
        // Another id is a server of its own.
        let _ = maven::set_up(sandbox, &["--registry", "codeartifact"]).ok();
        assert!(sandbox.read(".m2/settings.xml").contains("<id>codeartifact</id>"));
        for id in ["central", "local", "a b", "${x}"] {
            let _ = maven::set_up(sandbox, &["--registry", id]).fails(2).says("cannot be the id");
        }
        let _ = maven::set_up(sandbox, &["--registry", ""]).fails(2).says("a value is required");
        let _ = maven::set_up(sandbox, &["--scope", "@acme"]).fails(2);
        sandbox.write("project/settings.xml", "<settings/>\n");
        let _ = maven::set_up(sandbox, &["--settings", "project/settings.xml"]).ok();
        assert!(sandbox.read("project/settings.xml").contains("<id>my-maven-repo</id>"));
        // A reader that shares nothing with the editor.
        let parse = "import sys, xml.etree.ElementTree as t\nfor f in sys.argv[1:]: t.parse(f)";
        let _ = sandbox.run("python3").args(["-c", parse, ".m2/settings.xml", "project/settings.xml"]).ok();
    });
}
