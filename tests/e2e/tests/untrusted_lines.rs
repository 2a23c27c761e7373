//! What `vouch doctor` and `vouch exec` say of a project with one line that would give the token away, and that they are silent
//! without it.

use std::fs;

use vouch_e2e::project::{exec, patient, program, silent, was_started};
use vouch_e2e::{Sandbox, in_sandbox};

const HOST: &str = "my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com";

/// A file of a project, who reads it, what doctor says of it and of what.
type Line = (&'static str, &'static str, &'static str, &'static str, &'static str);

const NODE: &[Line] = &[
    (
        "npm",
        ".npmrc",
        "@acme:registry=http://HOST/npm/r/\n",
        "fail",
        "`@acme:registry` sends the token over plain HTTP",
    ),
    ("npm", ".npmrc", "strict-ssl=false\n", "warn", "`strict-ssl` turns the check of certificates off"),
    (
        "npm",
        ".npmrc",
        "strict-ssl=0\nproxy=http://127.0.0.1:1\n",
        "fail",
        "`strict-ssl` lets the project's own proxy read the token",
    ),
    ("npm", ".npmrc", "cafile=ca.pem\n", "warn", "`cafile` names the certificate authorities to believe"),
    ("npm", ".npmrc", "https-proxy=http://127.0.0.1:1\n", "warn", "`https-proxy` names a proxy"),
    (
        "npm",
        ".npmrc",
        "//x.example/:_authToken=${CODEARTIFACT_AUTH_TOKEN}\n",
        "fail",
        "` sends the token to another host",
    ),
    (
        "npm",
        "package-lock.json",
        "{\"resolved\": \"http://HOST/npm/r/x.tgz\"}\n",
        "fail",
        "sends the token over plain HTTP",
    ),
    (
        "npm",
        "package.json",
        "{\"dependencies\": {\"x\": \"http://HOST/npm/r/x.tgz\"}}\n",
        "fail",
        "`dependencies.x` sends the token over plain HTTP",
    ),
    (
        "pnpm",
        "pnpm-workspace.yaml",
        "registry: http://HOST/npm/r/\n",
        "fail",
        "`registry` sends the token over plain HTTP",
    ),
    (
        "pnpm",
        "pnpm-workspace.yaml",
        "strictSsl: false\n",
        "warn",
        "`strictSsl` turns the check of certificates off",
    ),
    (
        "pnpm",
        "pnpm-lock.yaml",
        "resolution: {tarball: http://HOST/npm/r/x.tgz}\n",
        "fail",
        "sends the token over plain HTTP",
    ),
    (
        "yarn",
        ".yarnrc.yml",
        "enableStrictSsl: false\n",
        "warn",
        "`enableStrictSsl` turns the check of certificates off",
    ),
    (
        "yarn",
        ".yarnrc.yml",
        "networkSettings:\n  \"*.amazonaws.com\":\n    httpsCaFilePath: ca.pem\n",
        "warn",
        "httpsCaFilePath` names the certificate authorities",
    ),
    (
        "yarn",
        "yarn.lock",
        "  resolution: \"x@npm:1.0.0::__archiveUrl=https%3A%2F%2Fx.example%2Fx.tgz\"\n",
        "warn",
        "takes a package from another host",
    ),
    (
        "bun",
        "bunfig.toml",
        "[install.scopes]\nacme = \"http://HOST/npm/r/\"\n",
        "fail",
        "`install.scopes.acme` sends the token over plain HTTP",
    ),
    (
        "bun",
        ".env",
        "NODE_TLS_REJECT_UNAUTHORIZED=0\n",
        "warn",
        "`NODE_TLS_REJECT_UNAUTHORIZED` turns the check",
    ),
    (
        "bun",
        ".env",
        "NODE_TLS_REJECT_UNAUTHORIZED=0\nHTTPS_PROXY=http://127.0.0.1:1\n",
        "fail",
        "`NODE_TLS_REJECT_UNAUTHORIZED` lets the project's own proxy",
    ),
    (
        "bun",
        ".env",
        "NPM_CONFIG_REGISTRY=http://HOST/npm/r/\n",
        "fail",
        "`NPM_CONFIG_REGISTRY` sends the token over plain HTTP",
    ),
];

const OTHERS: &[Line] = &[
    (
        "pip",
        "requirements.txt",
        "--extra-index-url http://aws@HOST/pypi/r/simple/\n",
        "fail",
        "sends the token over plain HTTP",
    ),
    ("pip", "requirements.txt", "x @ http://HOST/pypi/r/x.whl\n", "fail", "sends the token over plain HTTP"),
    (
        "pip",
        "requirements.txt",
        "--trusted-host HOST\n",
        "warn",
        "`--trusted-host` turns the check of certificates off",
    ),
    (
        "pip",
        ".venv/pip.conf",
        "[global]\ncert = ca.pem\nproxy = http://127.0.0.1:1\n",
        "fail",
        "`cert` lets the project's own proxy",
    ),
    (
        "pip",
        ".venv/pip.conf",
        "[global]\ncache-dir = ./cache\n",
        "warn",
        "`cache-dir` keeps the cache in the project",
    ),
    (
        "pip",
        "pylock.toml",
        "[[packages]]\nwheels = [{ url = \"http://HOST/x.whl\" }]\n",
        "fail",
        "sends the token over plain HTTP",
    ),
    ("uv", "uv.toml", "allow-insecure-host = [\"HOST\"]\n", "warn", "`allow-insecure-host` turns the check"),
    (
        "uv",
        "uv.toml",
        // What setup wrote holds that.
        "allow-insecure-host = [\"HOST\"]\nhttps-proxy = \"http://127.0.0.1:1\"\n",
        "warn",
        "`allow-insecure-host` turns the check",
    ),
    (
        "poetry",
        "poetry.toml",
        "[certificates.my-repo]\ncert = false\n",
        "warn",
        "`certificates.my-repo.cert` turns the check",
    ),
    (
        "poetry",
        "poetry.toml",
        "cache-dir = \"cache\"\n",
        "warn",
        "`cache-dir` keeps the cache in the project",
    ),
    ("pdm", "pdm.toml", "[pypi]\nverify_ssl = false\n", "warn", "`pypi.verify_ssl` turns the check"),
    (
        "pdm",
        "pdm.toml",
        "[repository.my-repo]\nca_certs = \"ca.pem\"\n",
        "warn",
        "ca_certs` names the certificate authorities",
    ),
    (
        "pdm",
        "pdm.lock",
        "[[package]]\nfiles = [{ url = \"http://HOST/x.whl\" }]\n",
        "fail",
        "sends the token over plain HTTP",
    ),
    (
        "cargo",
        ".cargo/config.toml",
        "[http]\nproxy = \"http://127.0.0.1:1\"\ncainfo = \"ca.pem\"\n",
        "fail",
        "`http.cainfo` lets the project's own proxy",
    ),
    (
        "cargo",
        ".cargo/config.toml",
        "[http]\ncainfo = \"ca.pem\"\n",
        "warn",
        "`http.cainfo` names the certificate authorities",
    ),
];

fn each_line_is_told(sandbox: &Sandbox, tools: &[&str], lines: &[Line]) {
    let patient = patient(sandbox, tools);
    for (tool, name, text, status, message) in lines {
        let file = format!("project/{name}");
        let text = text.replace("HOST", HOST);
        let folder = sandbox.file(&file).parent().unwrap().to_owned();
        fs::create_dir_all(&folder).unwrap();
        // Of Bundler nothing is recorded.
        let about = if *tool == "ruby" { (*tool).to_owned() } else { format!("{tool} my-repo") };
        let finding = format!("{status} network {about}");
        let mut findings = vec![finding.as_str()];
        // bun reads that file, too, but takes no proxy from it.
        findings.extend(text.contains("\nproxy=").then_some("warn network bun my-repo"));
        let found = patient.with_file(&file, Some(&text), &findings);
        let said =
            found.iter().map(|found| found["message"].as_str().unwrap()).collect::<Vec<_>>().join("\n");
        let place = format!("`{}` line ", sandbox.file(&file).display());
        assert!(said.contains(message) && said.contains(&place), "{message}: {said}");

        sandbox.write(&file, &text);
        // Whatever starts it may, too.
        for command in [program(tool), "sh"] {
            let done = exec(&patient, &[], &[command, "-c", "touch ~/started"]).done();
            let _ = done.expect_code(if *status == "fail" { 125 } else { 0 }).says(message).says(&place);
            assert_eq!(was_started(sandbox), *status == "warn", "{command} {name}");
        }
        let env = patient.vouch(&["env", "--type", "codeartifact", "--shell", "sh"]).ok();
        let _ = env.says(message).shows("export CODEARTIFACT_AUTH_TOKEN=");
        let setup = patient.set_up(tool, &[]).ok();
        let _ = setup.says(message);

        fs::remove_file(sandbox.file(&file)).unwrap();
        silent(exec(&patient, &[], &[program(tool)]).done());
        assert!(was_started(sandbox));
        silent(patient.vouch(&["env", "--type", "codeartifact", "--shell", "sh"]).done());
        patient.has(&[]);
    }
}

const BUILDS: &[Line] = &[
    (
        "ruby",
        "Gemfile",
        "source \"http://HOST:8099/ruby/my-repo/\" do\n  gem \"left\"\nend\n",
        "warn",
        "sends the token over plain HTTP",
    ),
    (
        "ruby",
        ".bundle/config",
        "---\nBUNDLE_MIRROR__HTTPS://HOST/RUBY/MY___REPO/: \"http://HOST:8099/ruby/my-repo/\"\n",
        "warn",
        "sends the token over plain HTTP",
    ),
    (
        "ruby",
        ".bundle/config",
        "---\nBUNDLE_SSL_VERIFY_MODE: \"0\"\n",
        "warn",
        "`BUNDLE_SSL_VERIFY_MODE` turns the check of certificates off",
    ),
    (
        "ruby",
        ".bundle/config",
        "---\nBUNDLE_SSL_CA_CERT: \"ca.pem\"\n",
        "warn",
        "`BUNDLE_SSL_CA_CERT` names the certificate authorities",
    ),
    (
        "gradle",
        "gradle.properties",
        "systemProp.https.proxyHost=127.0.0.1\n",
        "warn",
        "`https.proxyHost` names a proxy",
    ),
    (
        "gradle",
        "gradle.properties",
        "systemProp.javax.net.ssl.trustStore=ca.p12\n",
        "warn",
        "`javax.net.ssl.trustStore` names the certificate authorities",
    ),
    (
        "gradle",
        "gradle.properties",
        "systemProp.javax.net.ssl.trustStore=ca.p12\nsystemProp.https.proxyHost=127.0.0.1\n",
        "fail",
        "`javax.net.ssl.trustStore` lets the project's own proxy",
    ),
    (
        "gradle",
        "gradle.properties",
        "org.gradle.jvmargs=-Xmx1g -Djavax.net.ssl.trustStore=ca.p12 -Dhttps.proxyHost=127.0.0.1\n",
        "fail",
        "`javax.net.ssl.trustStore` lets the project's own proxy",
    ),
];

#[test]
fn every_line_of_bundlers_and_gradles_files() {
    in_sandbox(&[], |sandbox| each_line_is_told(sandbox, &["ruby", "gradle"], BUILDS));
}

#[test]
fn every_line_of_nodes_files() {
    in_sandbox(&[], |sandbox| each_line_is_told(sandbox, &["npm", "pnpm", "yarn", "bun"], NODE));
}

#[test]
fn every_line_of_other_clients_files() {
    in_sandbox(&[], |sandbox| each_line_is_told(sandbox, &["pip", "uv", "poetry", "pdm", "cargo"], OTHERS));
}
