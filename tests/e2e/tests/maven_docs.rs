//! The pages of Maven, Gradle and the other build tools, typed word for word by somebody who has just enrolled.

use std::fs;

use vouch_e2e::doc_blocks::{Block, blocks_of};
use vouch_e2e::maven::{self, prepared};
use vouch_e2e::{CommandOutput, Sandbox, in_sandbox};

/// Types a block in a folder of the home.
fn typed(sandbox: &Sandbox, folder: &str, block: &Block) -> CommandOutput {
    let bash = prepared(sandbox, "bash").env("GRADLE_OPTS", maven::options(sandbox));
    bash.args(["-euc", &block.text]).within(sandbox.file(folder)).ok()
}

#[test]
fn the_page_of_maven() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.log_in();
        let before = maven::user_settings(sandbox);
        maven::library(sandbox, "lib", "1.0", maven::REPOSITORY);
        for block in blocks_of("maven.md") {
            match (block.section.as_str(), block.is_typed()) {
                (_, true) => drop(typed(sandbox, "lib", &block)),
                ("The POM", false) => {
                    // What the page says is all that the POM knows of the repository.
                    let pom = sandbox.read("lib/pom.xml");
                    let (head, rest) = pom.split_once("  <distributionManagement>").unwrap();
                    let (_, tail) = rest.split_once("</distributionManagement>\n").unwrap();
                    sandbox.write("lib/pom.xml", &format!("{head}{}{tail}", block.text));
                }
                (_, false) => block.assert_in(sandbox, &sandbox.read(".m2/settings.xml")),
            }
        }
        assert!(sandbox.count("/registry/maven/upload") > 0);
        assert_eq!(sandbox.count("/registry/maven/bad_token"), 0);
        assert_eq!(sandbox.read(".m2/settings.xml"), before);
    });
}

#[test]
fn the_page_of_gradle() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.log_in();
        // The path of `vouch` is that of the sandbox.
        let vouch = sandbox.run("bash").args(["-c", "command -v vouch"]).ok().stdout.trim().to_owned();
        maven::user_settings(sandbox);
        let _ = maven::set_up(sandbox, &[]).ok();
        maven::library(sandbox, "lib", "1.0", maven::REPOSITORY);
        let _ = maven::exec(sandbox, "lib", &["deploy"]).ok();
        maven::forget(sandbox);
        sandbox.write("app/settings.gradle", "rootProject.name = 'hello'\n");
        sandbox.write(
            "app/src/main/java/com/example/Hello.java",
            "package com.example;\nclass Hello { String text = Greeting.text(); }\n",
        );
        for mut block in blocks_of("gradle.md") {
            if block.is_typed() {
                let _ = typed(sandbox, "app", &block);
            } else if block.text.starts_with("repositories") {
                let build = "dependencies { compile 'com.example:greeting:1.0' }\n";
                sandbox.write("app/build.gradle", &format!("apply plugin: 'java'\n{}{build}", block.text));
            } else {
                block.text = block.text.replace("/home/alice/.cargo/bin/vouch", &vouch);
                block.assert_in(sandbox, &sandbox.read(".gradle/init.d/vouch.gradle"));
            }
        }
        assert!(sandbox.count("/registry/maven/download") > 0);
        assert!(!sandbox.file(".gradle/init.d/vouch.gradle").exists());
    });
}

#[test]
fn the_page_of_the_other_build_tools() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.log_in();
        fs::create_dir(sandbox.file("app")).unwrap();
        let mut shown = String::new();
        for block in blocks_of("build-tools.md") {
            if block.is_typed() {
                shown = typed(sandbox, "app", &block).stdout;
            } else {
                block.assert_in(sandbox, &shown);
            }
        }
    });
}
