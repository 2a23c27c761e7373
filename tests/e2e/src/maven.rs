//! Maven, and the plugins of the distribution's packages in the place of Maven Central.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

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

/// A Maven, by its version.
#[derive(Debug, Clone, Copy)]
pub enum Maven {
    /// The distribution's, 3.8.7 where this was written.
    Distribution,
    /// As Maven Central has it, with the plugins that it takes by itself beside it.
    Pinned(&'static str),
}

impl Maven {
    fn installed() -> PathBuf {
        let clients = env::var_os("VOUCH_TEST_CLIENTS").expect("`make test` names the clients");
        PathBuf::from(clients).join("maven")
    }

    /// PATH with this one first.
    pub fn path(self) -> String {
        let path = env::var("PATH").expect("the sandbox sets PATH");
        match self {
            Self::Distribution => path,
            Self::Pinned(version) => {
                let bin = Self::installed().join(version).join("bin");
                assert!(bin.join("mvn").exists(), "`make test` installs Maven {version}");
                format!("{}:{path}", bin.display())
            }
        }
    }

    /// The mirror of what is named, `central` or `*`, onto the folder with its plugins.
    pub fn packages(self, mirror_of: &str) -> String {
        let folder = match self {
            Self::Distribution => PathBuf::from("/usr/share/maven-repo"),
            Self::Pinned(_) => Self::installed().join("repository"),
        };
        format!(
            "    <mirror>\n      <id>packages</id>\n      <mirrorOf>{mirror_of}</mirrorOf>\n      \
             <url>file://{}</url>\n    </mirror>\n",
            folder.display()
        )
    }

    /// A program in whose environment this Maven works.
    pub fn prepared(self, sandbox: &Sandbox, program: &str) -> Run {
        prepared(sandbox, program).env("PATH", self.path())
    }

    /// `vouch exec -- mvn` with arguments, in a folder of the home.
    pub fn exec(self, sandbox: &Sandbox, kind: &str, folder: &str, args: &[&str]) -> Run {
        let exec = ["exec", "--type", kind, "--", "mvn", "--batch-mode"];
        self.prepared(sandbox, "vouch").args(exec).args(args).within(sandbox.file(folder))
    }
}

/// Where a JVM finds the sandbox's authority and the home of the test.
pub fn options(sandbox: &Sandbox) -> String {
    let store = sandbox.file("authority.p12");
    if !store.exists() {
        let authority = env::var_os("SSL_CERT_FILE").expect("the sandbox names its authority");
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

/// The variable that setup wrote for the first registration.
pub fn variable(sandbox: &Sandbox) -> String {
    let config: serde_json::Value =
        serde_json::from_str(&sandbox.read(".vouch/config.json")).expect("it is JSON");
    let variable = config.pointer("/codeartifact/registrations/0/options/maven/variable");
    variable.and_then(serde_json::Value::as_str).expect("setup recorded one").to_owned()
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

/// A POM of `com.example`, with more lines below `<project>`.
pub fn pom(artifact: &str, version: &str, more: &str) -> String {
    format!(
        "<project xmlns=\"http://maven.apache.org/POM/4.0.0\">\n  <modelVersion>4.0.0</modelVersion>\n  \
         <groupId>com.example</groupId>\n  <artifactId>{artifact}</artifactId>\n  <version>{version}</version>\n{more}  \
         <properties>\n    <maven.compiler.source>11</maven.compiler.source>\n    \
         <maven.compiler.target>11</maven.compiler.target>\n    \
         <project.build.sourceEncoding>UTF-8</project.build.sourceEncoding>\n  </properties>\n</project>\n"
    )
}
