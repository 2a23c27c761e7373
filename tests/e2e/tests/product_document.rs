//! Every command block of the product's description, typed as it is printed there, with real names in the place of
//! placeholders. Where it says that something is optional, both forms are typed.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use vouch_e2e::python::{Package, installed, upload};
use vouch_e2e::{CommandOutput, Sandbox, in_sandbox, maven, node};

const STEP_1: &str = "\
vouch setup codeartifact --tool cargo --repository my-repo [--domain my-domain] [--domain-owner 123456789012] [--region us-east-1] [--profile my-profile]";

const DEFAULT_PROFILE: &str = "\
# First time: specify all values (saved to default profile)
vouch setup codeartifact --tool cargo --domain my-domain --domain-owner 123456789012 --repository my-repo --region us-east-1

# Later: only --tool and --repository are needed
vouch setup codeartifact --tool pip --repository my-pypi-repo";

const NAMED_PROFILES: &str = "\
# Create a profile for the shared artifacts account
vouch setup codeartifact --tool cargo --domain shared-packages --domain-owner 111111111111 --repository cargo-store --profile shared

# Create a profile for the team account
vouch setup codeartifact --tool cargo --domain team-packages --domain-owner 222222222222 --repository team-cargo --profile team";

const CARGO: &str = "\
# Build a project that depends on private crates
cargo build

# Publish a crate to your CodeArtifact registry
cargo publish --registry my-codeartifact-registry";

const PIP: &str = "\
# Install a package from your CodeArtifact repository
pip install my-package --index-url https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/pypi/my-repo/simple/

# Install from requirements.txt
pip install -r requirements.txt";

const NPM: &str = "\
# Install packages
npm install

# Publish a package
npm publish";

const NPM_REFRESH: &str = "\
vouch setup codeartifact --tool npm --repository <REPO>
vouch setup codeartifact --tool npm";

const ENV: &str = r#"eval "$(vouch env --type codeartifact [--ca-domain <DOMAIN>] [--ca-domain-owner <ACCOUNT_ID>] [--ca-region <REGION>] [--ca-profile <PROFILE>] [--shell <SHELL>])""#;

const EXEC: &str = "\
vouch exec --type codeartifact [--ca-domain <DOMAIN>] [--ca-domain-owner <ACCOUNT_ID>] [--ca-region <REGION>] [--ca-profile <PROFILE>] -- mvn deploy";

const MAVEN: &str = "\
# Option 1: Set the token in your shell
export CODEARTIFACT_AUTH_TOKEN=$(vouch credential codeartifact)

# Option 2: Use vouch exec to inject the token into Maven
vouch exec --type codeartifact -- mvn deploy -s settings.xml";

const SERVER: &str = "\
<server>
  <id>codeartifact</id>
  <username>aws</username>
  <password>${env.CODEARTIFACT_AUTH_TOKEN}</password>
</server>";

const MAVEN_DOMAIN: &str = "\
export CODEARTIFACT_AUTH_TOKEN=$(vouch credential codeartifact --domain my-domain --domain-owner 123456789012)";

const CROSS_ACCOUNT: &str = "\
# Set up a Vouch AWS profile for the artifacts account
vouch setup aws \\
  --role arn:aws:iam::ARTIFACTS_ACCOUNT:role/CodeArtifactReader \\
  --profile vouch-artifacts

# Create a CodeArtifact profile that uses the artifacts account
vouch setup codeartifact \\
  --tool npm \\
  --domain shared-packages \\
  --domain-owner ARTIFACTS_ACCOUNT \\
  --repository npm-store \\
  --profile artifacts

# Use the profile when fetching credentials
vouch credential codeartifact --profile artifacts";

/// The commands of a block, each on one line, with names for placeholders and, if `full`, with what is in brackets.
fn commands(block: &str, full: bool) -> Vec<String> {
    let mut text = block.replace("\\\n", " ");
    for (placeholder, name) in [
        ("<DOMAIN>", "my-domain"),
        ("<ACCOUNT_ID>", "123456789012"),
        ("<REGION>", "us-east-1"),
        ("<PROFILE>", "my-profile"),
        ("<SHELL>", "bash"),
        ("<REPO>", "my-npm-repo"),
        ("ARTIFACTS_ACCOUNT", "111111111111"),
        ("my-codeartifact-registry", "my-repo"),
    ] {
        text = text.replace(placeholder, name);
    }
    while let (Some(from), Some(to)) = (text.find('['), text.find(']')) {
        let inside = if full { text[from + 1..to].to_owned() } else { String::new() };
        text.replace_range(from..=to, &inside);
    }
    let typed = |line: &&str| !line.trim().is_empty() && !line.starts_with('#');
    text.lines().filter(typed).map(str::to_owned).collect()
}

/// The newest pip and npm before any others, and the folder that a login shell adds for programs of the person's own.
fn path(sandbox: &Sandbox) -> OsString {
    let npm = PathBuf::from(env::var_os("VOUCH_TEST_CLIENTS").unwrap()).join("node/npm-12/bin");
    let folders = [sandbox.file("tools"), sandbox.file(".local/bin"), installed("pip-26.3").join("bin"), npm];
    let inherited = env::var_os("PATH").unwrap();
    env::join_paths(folders.into_iter().chain(env::split_paths(&inherited))).unwrap()
}

/// Types commands into one bash; what they set is then printed by `print`.
fn types(sandbox: &Sandbox, folder: &str, block: &str, full: bool, print: &str) -> CommandOutput {
    let mut script = String::from("set -e\n");
    for command in commands(block, full) {
        script.push_str(&command);
        script.push('\n');
    }
    script.push_str(print);
    let mut bash = sandbox.run("bash").args(["-c", &script]).within(sandbox.file(folder));
    if sandbox.file("lib").exists() {
        bash = bash.env("MAVEN_OPTS", maven::options(sandbox));
    }
    // The pip at hand is everybody's: what it installs belongs into the home.
    bash.env("PATH", path(sandbox)).env("PIP_TARGET", sandbox.file("site")).ok()
}

/// A project whose settings have the server that the description shows. What it publishes are snapshots, so that it may
/// do so any number of times.
fn maven_project(sandbox: &Sandbox) {
    maven::library(sandbox, "lib", "1.0-SNAPSHOT", "codeartifact");
    let settings = format!("<settings>\n<servers>\n{SERVER}\n</servers>\n{}</settings>\n", maven::CENTRAL);
    sandbox.write("lib/settings.xml", &settings);
    sandbox.write(".m2/settings.xml", &settings);
}

/// What was published since the last time.
fn published(sandbox: &Sandbox) -> u64 {
    let uploads = sandbox.count("/registry/maven/upload");
    assert_eq!(sandbox.count("/registry/maven/bad_token"), 0);
    sandbox.ctl(&["reset"]);
    uploads
}

fn token(sandbox: &Sandbox) -> String {
    sandbox.vouch(&["credential", "codeartifact"]).ok().stdout.trim().to_owned()
}

#[test]
fn blocks_are_read_as_they_are_meant() {
    assert_eq!(
        commands(STEP_1, false).concat().trim_end(),
        "vouch setup codeartifact --tool cargo --repository my-repo"
    );
    assert!(commands(STEP_1, true).concat().ends_with("--region us-east-1 --profile my-profile"));
    assert_eq!(commands(CROSS_ACCOUNT, true).len(), 3);
    assert_eq!((commands(PIP, true).len(), commands(NPM, true).len()), (2, 2));
}

#[test]
fn step_1_with_and_without_what_is_optional() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        let _ = types(sandbox, "", STEP_1, true, "");
        let _ = types(sandbox, "", STEP_1, false, "");
        let _ = sandbox.vouch(&["status", "--profiles"]).ok().shows("my-profile (default): my-domain");
    });
}

#[test]
fn profiles_and_cargo() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        let _ = types(sandbox, "", DEFAULT_PROFILE, true, "");
        let _ = types(sandbox, "", NAMED_PROFILES, true, "");
        let listed = sandbox.vouch(&["status", "--profiles"]).ok().stdout;
        for line in ["default (default): my-domain", "shared: shared-packages", "team: team-packages"] {
            assert!(listed.contains(line), "{listed}");
        }
        sandbox.log_in();
        sandbox.library("greeting");
        let _ = types(sandbox, "greeting", CARGO, true, "");
        sandbox.program("hello", "greeting", "my-repo");
        let _ = types(sandbox, "hello", "cargo build", true, "");
    });
}

#[test]
fn pip() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        let _ = types(sandbox, "", DEFAULT_PROFILE, true, "");
        sandbox.log_in();
        upload(sandbox, "my-repo", &[Package::new("my_package").wheel()]);
        upload(sandbox, "my-pypi-repo", &[Package::new("required").wheel()]);
        sandbox.write("requirements.txt", "required\n");
        let _ = types(sandbox, "", PIP, true, "");
        for name in ["my_package", "required"] {
            assert!(sandbox.file(&format!("site/{name}.py")).exists(), "{name}");
        }
    });
}

#[test]
fn npm() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        let _ = types(sandbox, "", DEFAULT_PROFILE, true, "");
        sandbox.log_in();
        let _ = types(sandbox, "", NPM_REFRESH, true, "");
        node::package(sandbox, "left", "left", &[]);
        node::package(sandbox, "app", "app", &["left"]);
        let _ = types(sandbox, "left", "npm publish", true, "");
        let _ = types(sandbox, "app", NPM, true, "");
        assert!(sandbox.file("app/node_modules/left/index.js").exists());
        assert_eq!(sandbox.count("/registry/npm/publish"), 2);
    });
}

#[test]
fn npms_token_is_refreshed() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        let _ = types(sandbox, "", DEFAULT_PROFILE, true, "");
        sandbox.log_in();
        let _ = types(sandbox, "", NPM_REFRESH, true, "");
        assert!(sandbox.read(".npmrc").contains(":_authToken="));
    });
}

#[test]
fn environment_variables() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        maven_project(sandbox);
        let _ = types(sandbox, "", STEP_1, true, "");
        sandbox.log_in();
        let token = token(sandbox);
        for full in [true, false] {
            let done = types(sandbox, "", ENV, full, "printenv CODEARTIFACT_AUTH_TOKEN");
            assert_eq!(done.stdout.trim(), token);
            let _ = types(sandbox, "lib", EXEC, full, "");
            assert!(published(sandbox) > 0);
        }
    });
}

#[test]
fn maven() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        maven_project(sandbox);
        let _ = types(sandbox, "", DEFAULT_PROFILE, true, "");
        sandbox.log_in();
        let token = token(sandbox);
        let print = "printenv CODEARTIFACT_AUTH_TOKEN";
        let done = types(sandbox, "lib", MAVEN, true, print);
        assert!(done.stdout.ends_with(&format!("{token}\n")), "{done}");
        assert!(published(sandbox) > 0);
        let done = types(sandbox, "lib", MAVEN_DOMAIN, true, &format!("{print}\nmvn deploy -s settings.xml"));
        assert!(done.stdout.starts_with(&format!("{token}\n")), "{done}");
        assert!(published(sandbox) > 0);
    });
}

#[test]
fn cross_account_access() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        let _ = types(sandbox, "", DEFAULT_PROFILE, true, "");
        sandbox.log_in();
        let token = types(sandbox, "", CROSS_ACCOUNT, true, "").stdout.trim().to_owned();
        let listed = sandbox.vouch(&["status", "--profiles"]).ok().stdout;
        let line = "artifacts: shared-packages of account 111111111111 in us-east-1, role arn:aws:iam::111111111111:role/CodeArtifactReader of AWS profile `vouch-artifacts`";
        assert!(listed.contains(line), "{listed}");
        // It opens that account's repositories, and no other's.
        let read = |host: &str, repository: &str| {
            let url = format!(
                "https://{host}.d.codeartifact.us-east-1.amazonaws.com/cargo/{repository}/config.json"
            );
            let header = format!("Authorization: {token}");
            sandbox
                .run("curl")
                .args([
                    "--silent",
                    "--output",
                    "/dev/null",
                    "--write-out",
                    "%{http_code}",
                    "--header",
                    &header,
                    &url,
                ])
                .ok()
                .stdout
        };
        assert_eq!(read("shared-packages-111111111111", "cargo-store"), "200");
        assert_ne!(read("my-domain-123456789012", "my-repo"), "200");
    });
}
