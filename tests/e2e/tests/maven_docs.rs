//! The pages of Maven, Gradle and the other build tools, typed word for word by somebody who has just enrolled.

use std::fs;

use vouch_e2e::maven::{self, prepared};
use vouch_e2e::pages::{Block, blocks_of};
use vouch_e2e::{Bed, Done, in_sandbox};

/// Types a block in a folder of the home.
fn typed(bed: &Bed, folder: &str, block: &Block) -> Done {
    let bash = prepared(bed, "bash").env("GRADLE_OPTS", maven::options(bed));
    bash.args(["-euc", &block.text]).within(bed.file(folder)).ok()
}

#[test]
fn the_page_of_maven() {
    in_sandbox(&[], |bed| {
        bed.enroll();
        bed.log_in();
        let before = maven::user_settings(bed);
        maven::library(bed, "lib", "1.0", maven::REPOSITORY);
        for block in blocks_of("maven.md") {
            match (block.section.as_str(), block.is_typed()) {
                (_, true) => drop(typed(bed, "lib", &block)),
                ("The POM", false) => {
                    // What the page says is all that the POM knows of the repository.
                    let pom = bed.read("lib/pom.xml");
                    let (head, rest) = pom.split_once("  <distributionManagement>").unwrap();
                    let (_, tail) = rest.split_once("</distributionManagement>\n").unwrap();
                    bed.write("lib/pom.xml", &format!("{head}{}{tail}", block.text));
                }
                (_, false) => block.assert_in(bed, &bed.read(".m2/settings.xml")),
            }
        }
        assert!(bed.count("/registry/maven/upload") > 0);
        assert_eq!(bed.count("/registry/maven/bad_token"), 0);
        assert_eq!(bed.read(".m2/settings.xml"), before);
    });
}

#[test]
fn the_page_of_gradle() {
    in_sandbox(&[], |bed| {
        bed.enroll();
        bed.log_in();
        // The path of `vouch` is that of the sandbox.
        let vouch = bed.run("bash").args(["-c", "command -v vouch"]).ok().stdout.trim().to_owned();
        maven::user_settings(bed);
        let _ = maven::set_up(bed, &[]).ok();
        maven::library(bed, "lib", "1.0", maven::REPOSITORY);
        let _ = maven::exec(bed, "lib", &["deploy"]).ok();
        maven::forget(bed);
        bed.write("app/settings.gradle", "rootProject.name = 'hello'\n");
        bed.write(
            "app/src/main/java/com/example/Hello.java",
            "package com.example;\nclass Hello { String text = Greeting.text(); }\n",
        );
        for mut block in blocks_of("gradle.md") {
            if block.is_typed() {
                let _ = typed(bed, "app", &block);
            } else if block.text.starts_with("repositories") {
                let build = "dependencies { compile 'com.example:greeting:1.0' }\n";
                bed.write("app/build.gradle", &format!("apply plugin: 'java'\n{}{build}", block.text));
            } else {
                block.text = block.text.replace("/home/alice/.cargo/bin/vouch", &vouch);
                block.assert_in(bed, &bed.read(".gradle/init.d/vouch.gradle"));
            }
        }
        assert!(bed.count("/registry/maven/download") > 0);
        assert!(!bed.file(".gradle/init.d/vouch.gradle").exists());
    });
}

#[test]
fn the_page_of_the_other_build_tools() {
    in_sandbox(&[], |bed| {
        bed.enroll();
        bed.log_in();
        fs::create_dir(bed.file("app")).unwrap();
        let mut shown = String::new();
        for block in blocks_of("build-tools.md") {
            if block.is_typed() {
                shown = typed(bed, "app", &block).stdout;
            } else {
                block.assert_in(bed, &shown);
            }
        }
    });
}
