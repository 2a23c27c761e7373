//! Maven, and the plugins of the distribution's packages in the place of Maven Central.

use std::fs;
use std::path::Path;

use crate::command::Run;
use crate::sandbox::{MY_DOMAIN, Sandbox};

/// The repository that tests publish to and resolve from.
pub const REPOSITORY: &str = "my-maven-repo";

/// Its URL.
pub const ENDPOINT: &str =
    "https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/maven/my-maven-repo/";

/// Below `<settings>`: plugins come from the packages of the distribution.
pub const CENTRAL: &str = "  <mirrors>\n    <mirror>\n      <id>packages</id>\n      <mirrorOf>central</mirrorOf>\n      \
    <url>file:///usr/share/maven-repo</url>\n    </mirror>\n  </mirrors>\n";

/// Where a JVM finds the sandbox's authority and the home of the test.
pub fn options(sandbox: &Sandbox) -> String {
    let store = sandbox.file("authority.p12");
    if !store.exists() {
        let authority = std::env::var_os("SSL_CERT_FILE").expect("the sandbox names its authority");
        let _ = sandbox
            .run("keytool")
            .args(["-importcert", "-noprompt", "-alias", "sandbox", "-storetype", "PKCS12"])
            .args(["-storepass", "changeit", "-keystore"])
            .arg(&store)
            .arg("-file")
            .arg(authority)
            .ok();
    }
    // The password database says where a JVM's home is, not HOME.
    format!(
        "-Duser.home={} -Djavax.net.ssl.trustStore={} -Djavax.net.ssl.trustStorePassword=changeit \
         -XX:TieredStopAtLevel=1 -Dstyle.color=never",
        sandbox.home().display(),
        store.display()
    )
}

/// A program in whose environment Maven works.
pub fn prepared(sandbox: &Sandbox, program: &str) -> Run {
    assert!(Path::new("/usr/share/maven-repo").exists(), "`make test` installs Maven's plugins");
    sandbox.run(program).env("MAVEN_OPTS", options(sandbox))
}

/// `vouch exec -- mvn` with arguments, in a folder of the home.
pub fn exec(sandbox: &Sandbox, folder: &str, args: &[&str]) -> Run {
    let exec = ["exec", "--type", "codeartifact", "--", "mvn", "--batch-mode"];
    prepared(sandbox, "vouch").args(exec).args(args).within(sandbox.file(folder))
}

/// `vouch setup codeartifact --tool maven`.
pub fn set_up(sandbox: &Sandbox, more: &[&str]) -> Run {
    let setup = ["setup", "codeartifact", "--tool", "maven", "--repository", REPOSITORY];
    sandbox.vouch(&setup).args(MY_DOMAIN).args(more)
}

/// The user's own settings, with nothing of ours.
pub fn user_settings(sandbox: &Sandbox) -> String {
    let text = format!("<settings>\n{CENTRAL}</settings>\n");
    sandbox.write(".m2/settings.xml", &text);
    text
}

/// A library with one class, `com.example.Greeting`, that is published under `id`.
pub fn library(sandbox: &Sandbox, folder: &str, version: &str, id: &str) {
    let where_to = format!(
        "  <distributionManagement>\n    <repository>\n      <id>{id}</id>\n      <url>{ENDPOINT}</url>\n    \
         </repository>\n  </distributionManagement>\n"
    );
    sandbox.write(&format!("{folder}/pom.xml"), &pom("greeting", version, &where_to));
    sandbox.write(
        &format!("{folder}/src/main/java/com/example/Greeting.java"),
        "package com.example;\npublic class Greeting { public static String text() { return \"hello\"; } }\n",
    );
}

/// A program that cannot be compiled without the library, on a machine that never saw it.
pub fn program(sandbox: &Sandbox, folder: &str, version: &str, id: &str) {
    let where_from = format!(
        "  <repositories>\n    <repository>\n      <id>{id}</id>\n      <url>{ENDPOINT}</url>\n    </repository>\n  \
         </repositories>\n  <dependencies>\n    <dependency>\n      <groupId>com.example</groupId>\n      \
         <artifactId>greeting</artifactId>\n      <version>{version}</version>\n    </dependency>\n  </dependencies>\n"
    );
    sandbox.write(&format!("{folder}/pom.xml"), &pom("hello", "1.0", &where_from));
    sandbox.write(
        &format!("{folder}/src/main/java/com/example/Hello.java"),
        "package com.example;\npublic class Hello { static final String TEXT = Greeting.text(); }\n",
    );
    forget(sandbox);
}

/// Takes what was published or resolved out of the local repository.
pub fn forget(sandbox: &Sandbox) {
    let _ = fs::remove_dir_all(sandbox.file(".m2/repository/com/example"));
}

fn pom(artifact: &str, version: &str, more: &str) -> String {
    format!(
        "<project xmlns=\"http://maven.apache.org/POM/4.0.0\">\n  <modelVersion>4.0.0</modelVersion>\n  \
         <groupId>com.example</groupId>\n  <artifactId>{artifact}</artifactId>\n  <version>{version}</version>\n{more}  \
         <properties>\n    <maven.compiler.source>11</maven.compiler.source>\n    \
         <maven.compiler.target>11</maven.compiler.target>\n    \
         <project.build.sourceEncoding>UTF-8</project.build.sourceEncoding>\n  </properties>\n</project>\n"
    )
}
