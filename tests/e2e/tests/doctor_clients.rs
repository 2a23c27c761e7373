//! What `vouch doctor` knows of package managers: for each kind of fault one that is found, and nothing else.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use vouch_e2e::doctor::{Patient, clients, set_up, snapshot};
use vouch_e2e::python::{HOST, installed};
use vouch_e2e::{Sandbox, in_sandbox, node};

const INDEX: &str =
    "sparse+https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/cargo/my-repo/";
const OTHER: &str = "my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com";

/// Enrolled, logged in, and these clients set up.
fn patient<'a>(sandbox: &'a Sandbox, tools: &[&str]) -> Patient<'a> {
    sandbox.enroll();
    sandbox.log_in();
    let path = clients(sandbox);
    for tool in tools {
        let _ = set_up(sandbox.vouch(&[]).env("PATH", &path), tool, &[]).ok();
    }
    Patient::new(sandbox, &[], path)
}

/// A program that answers like a client of an old version, first on PATH.
fn pretends(patient: &Patient<'_>, name: &str, answer: &str, wanted: &[&str]) {
    let sandbox = patient.sandbox;
    sandbox.write(&format!("old/{name}"), &format!("#!/bin/sh\n{answer}\n"));
    fs::set_permissions(sandbox.file(&format!("old/{name}")), fs::Permissions::from_mode(0o755)).unwrap();
    let run = patient.doctor().env("PATH", patient.path_with(&sandbox.file("old")));
    patient.finds(run, wanted);
    fs::remove_dir_all(sandbox.file("old")).unwrap();
}

#[test]
fn cargo() {
    in_sandbox(&[], |sandbox| {
        let patient = patient(sandbox, &["cargo"]);
        const FILE: &str = ".cargo/config.toml";
        let entry = ["fail entry cargo my-repo"];
        let found = patient.with_file(FILE, None, &entry);
        let fix = found[0]["fix"].as_str().unwrap();
        assert!(fix.contains("vouch setup codeartifact --tool cargo --repository my-repo"), "{fix}");
        patient.with_file(FILE, Some(""), &entry);
        patient.with_file(FILE, Some("= nonsense"), &entry);
        patient.with_edit(FILE, "/my-repo/", "/another/", &entry);
        patient.with_edit(FILE, "cargo-credential-vouch", "other-provider", &entry);
        let elsewhere = sandbox.file("elsewhere");
        patient.with_variable("CARGO_HOME", elsewhere.to_str().unwrap(), &entry);

        // The helper that the file names.
        let text = sandbox.read(FILE);
        let line = text.lines().find(|line| line.starts_with("credential-provider")).unwrap();
        let gone = sandbox.file("gone/cargo-credential-vouch");
        let moved = text.replace(line, &format!("credential-provider = [{gone:?}]"));
        patient.with_file(FILE, Some(&moved), &["fail helper cargo my-repo"]);
        sandbox.write("gone/cargo-credential-vouch", "");
        patient.with_file(FILE, Some(&moved), &["fail helper cargo my-repo"]);
        fs::remove_dir_all(sandbox.file("gone")).unwrap();

        let overridden = ["warn overridden cargo my-repo"];
        for variable in ["INDEX", "CREDENTIAL_PROVIDER", "TOKEN"] {
            let name = format!("CARGO_REGISTRIES_MY_REPO_{variable}");
            let found = patient.with_variable(&name, "hunter2", &overridden);
            assert!(found[0]["message"].as_str().unwrap().contains(&name), "{found:?}");
        }
        patient.with_variable("CARGO_REGISTRIES_ELSE_INDEX", INDEX, &overridden);
        patient.with_variable("CARGO_REGISTRIES_ELSE_TOKEN", "hunter2", &[]);

        const PROJECT: &str = "project/.cargo/config.toml";
        fs::create_dir_all(sandbox.file("project/.cargo")).unwrap();
        let other = "[registries.my-repo]\nindex = \"sparse+https://else.example/\"\n";
        patient.with_file(PROJECT, Some(other), &overridden);
        patient.with_file(
            PROJECT,
            Some("[registries.my-repo]\ncredential-provider = [\"x\"]\n"),
            &overridden,
        );
        patient.with_file(PROJECT, Some("[registries.my-repo]\ncredential-provider = \"x\"\n"), &entry);
        // Vouch's own once more is Vouch; one that is only called so is not.
        patient.with_file(PROJECT, Some(&format!("[registries.my-repo]\n{line}\n")), &[]);
        sandbox.write("project/cargo-credential-vouch", "");
        let named = sandbox.file("project/cargo-credential-vouch");
        let named = format!("[registries.my-repo]\ncredential-provider = [{named:?}]\n");
        patient.with_file(PROJECT, Some(&named), &overridden);
        fs::remove_file(sandbox.file("project/cargo-credential-vouch")).unwrap();
        for setting in ["proxy = \"http://127.0.0.1:1\"", "cainfo = \"/x.pem\""] {
            let text = format!("[http]\n{setting}\n");
            patient.with_file(PROJECT, Some(&text), &["warn network cargo my-repo"]);
        }
        patient.with_file(PROJECT, Some("[http]\nmultiplexing = false\n"), &[]);
        let lock = format!("[[package]]\nsource = \"sparse+https://{OTHER}/cargo/other/\"\n");
        patient.with_file("project/Cargo.lock", Some(&lock), &["warn lockfile cargo my-repo"]);
        let lock = format!("[[package]]\nsource = \"{INDEX}\"\n");
        patient.with_file("project/Cargo.lock", Some(&lock), &[]);

        pretends(&patient, "cargo", "echo cargo 1.73.0", &["fail version cargo my-repo"]);
        pretends(&patient, "cargo", "exit 1", &["warn version cargo my-repo"]);
        pretends(&patient, "cargo", "echo something else", &["skip version cargo my-repo"]);
    });
}

#[test]
fn pip_and_uv() {
    in_sandbox(&[], |sandbox| {
        let mut patient = patient(sandbox, &["pip", "uv"]);
        patient.hurry(&["pip"]);
        let pip = |check: &str| format!("{check} pip my-repo");
        let uv = |check: &str| format!("{check} uv my-repo");

        const PIP: &str = ".config/pip/pip.conf";
        patient.with_file(PIP, None, &[&pip("fail entry")]);
        patient.with_file(PIP, Some("[global]\n"), &[&pip("fail entry")]);
        patient.with_edit(PIP, "/my-repo/", "/another/", &[&pip("fail entry")]);
        patient.with_edit(PIP, "subprocess", "disabled", &[&pip("fail entry")]);
        let other = sandbox.file("other.conf");
        patient.with_variable("PIP_CONFIG_FILE", other.to_str().unwrap(), &[&pip("fail entry")]);
        patient.with_variable("PIP_CONFIG_FILE", "/dev/null", &[&pip("fail entry")]);
        for name in ["PIP_INDEX_URL", "PIP_KEYRING_PROVIDER", "PIP_NO_INDEX"] {
            let found = patient.with_variable(name, "https://hunter2.example/", &[&pip("warn overridden")]);
            assert!(found[0]["message"].as_str().unwrap().contains(name), "{found:?}");
        }
        let venv = sandbox.file("venv");
        let in_venv = |text: &str, wanted: &str| {
            sandbox.write("venv/pip.conf", text);
            patient.with_variable("VIRTUAL_ENV", venv.to_str().unwrap(), &[&pip(wanted)]);
        };
        in_venv("[global]\nindex-url = https://else.example/simple\n", "warn overridden");
        for setting in ["proxy = http://127.0.0.1:1", "cert = /x.pem", &format!("trusted-host = {HOST}")] {
            in_venv(&format!("[global]\n{setting}\n"), "warn network");
        }
        let text = "--index-url https://else.example/simple\nsix\n";
        patient.with_file("project/requirements.txt", Some(text), &[&pip("warn overridden")]);

        const UV: &str = ".config/uv/uv.toml";
        patient.with_file(UV, None, &[&uv("fail entry")]);
        patient.with_edit(UV, "subprocess", "disabled", &[&uv("fail entry")]);
        patient.with_edit(UV, "/my-repo/", "/another/", &[&uv("fail entry")]);
        patient.with_variable("UV_CONFIG_FILE", other.to_str().unwrap(), &[&uv("fail entry")]);
        for name in ["UV_DEFAULT_INDEX", "UV_INDEX", "UV_KEYRING_PROVIDER", "UV_INDEX_MY_REPO_PASSWORD"] {
            patient.with_variable(name, "https://hunter2.example/", &[&uv("warn overridden")]);
        }
        patient.with_variable("UV_KEYRING_PROVIDER", "subprocess", &[]);
        let text = "[tool.uv]\nindex-url = \"https://else.example/simple\"\n";
        patient.with_file("project/pyproject.toml", Some(text), &[&uv("warn overridden")]);
        // The project's index takes the place of the user's, and says nothing of `keyring`.
        let text =
            format!("[[tool.uv.index]]\nname = \"my-repo\"\nurl = \"https://{HOST}/pypi/my-repo/simple/\"\n");
        let found = patient.with_file("project/pyproject.toml", Some(&text), &[&uv("warn overridden")]);
        assert!(found[0]["fix"].as_str().unwrap().contains("authenticate = \"always\""), "{found:?}");
        let text = format!("{text}authenticate = \"always\"\n");
        patient.with_file("project/pyproject.toml", Some(&text), &[]);
        let text = format!("allow-insecure-host = [\"{HOST}\"]\n");
        patient.with_file("project/uv.toml", Some(&text), &[&uv("warn network")]);
        let text = "allow-insecure-host = [\"else.example\"]\n";
        patient.with_file("project/uv.toml", Some(text), &[]);
        let lock = format!("registry = \"https://{HOST}/pypi/other/simple/\"\n");
        patient.with_file("project/uv.lock", Some(&lock), &[&uv("warn lockfile")]);

        let netrc = format!("machine {HOST}\nlogin aws\npassword hunter2\n");
        let found = patient.with_file(".netrc", Some(&netrc), &[&uv("warn overridden")]);
        assert!(!found[0].to_string().contains("hunter2"), "{found:?}");
        sandbox.write("netrc", &netrc);
        let file = sandbox.file("netrc");
        patient.with_variable("NETRC", file.to_str().unwrap(), &[&uv("warn overridden")]);
        patient.with_file(".netrc", Some("machine else.example login a password b\n"), &[]);

        let other = installed("keyring-25").join("bin");
        let found =
            patient.finds(patient.doctor().env("PATH", patient.path_with(&other)), &[&pip("warn helper")]);
        assert!(found[0]["fix"].as_str().unwrap().contains("--chain"), "{found:?}");
        let message = found[0]["message"].as_str().unwrap();
        let ours = sandbox.file(".local/bin/keyring").display().to_string();
        assert!(
            message.contains("keyring-25") && message.contains(&ours),
            "all of them are named: {message}"
        );
        // Where setup linked it: on PATH, and ours.
        let keyring = sandbox.file(".local/bin/keyring");
        let target = fs::read_link(&keyring).unwrap();
        fs::remove_file(&keyring).unwrap();
        patient.has(&[&pip("fail helper")]);
        std::os::unix::fs::symlink(target, &keyring).unwrap();
        patient.has(&[]);

        let text = format!("--extra-index-url https://{HOST}/pypi/my-repo/simple/\nsix\n");
        patient.with_file("project/requirements.txt", Some(&text), &[]);
        sandbox.write("project/requirements.txt", &text);
        pretends(&patient, "pip", "echo pip 26.1 from /x", &[&pip("warn overridden")]);
        fs::remove_file(sandbox.file("project/requirements.txt")).unwrap();
        pretends(&patient, "pip", "echo pip 22.3 from /x", &[&pip("fail version")]);
        // It stops at a key of ours, too.
        pretends(&patient, "uv", "echo uv 0.8.0", &[&uv("fail network"), &uv("fail version")]);
    });
}

#[test]
fn twine_poetry_and_pdm() {
    in_sandbox(&[], |sandbox| {
        let mut patient = patient(sandbox, &["twine", "poetry", "pdm"]);
        // Of pdm it matters what its program is.
        let slow = patient.hurry(&["twine", "poetry"]);
        let twine = |check: &str| format!("{check} twine my-repo");
        let poetry = |check: &str| format!("{check} poetry my-repo");
        let pdm = |check: &str| format!("{check} pdm my-repo");

        patient.with_file(".pypirc", None, &[&twine("fail entry")]);
        patient.with_edit(".pypirc", "username = aws", "username = bob", &[&twine("fail entry")]);
        let text = sandbox.read(".pypirc") + "password = hunter2\n";
        patient.with_file(".pypirc", Some(&text), &[&twine("warn overridden")]);
        // As `aws codeartifact login --tool twine` writes it.
        let text = sandbox.read(".pypirc")
            + &format!(
                "[codeartifact]\nrepository = https://{HOST}/pypi/my-repo\nusername = aws\npassword = hunter2\n"
            );
        let found = patient.with_file(".pypirc", Some(&text), &[&twine("warn overridden")]);
        assert!(found[0].to_string().contains("`[codeartifact]`"), "{found:?}");
        assert!(!found[0].to_string().contains("hunter2"), "{found:?}");
        for name in ["TWINE_USERNAME", "TWINE_PASSWORD", "TWINE_REPOSITORY_URL"] {
            patient.with_variable(name, "hunter2", &[&twine("warn overridden")]);
        }

        const POETRY: &str = ".config/pypoetry/config.toml";
        patient.with_file(POETRY, Some(""), &[&poetry("fail entry")]);
        let text = sandbox.read(POETRY) + "[keyring]\nenabled = false\n";
        patient.with_file(POETRY, Some(&text), &[&poetry("warn overridden")]);
        patient.with_variable("POETRY_HTTP_BASIC_MY_REPO_PASSWORD", "hunter2", &[&poetry("warn overridden")]);
        let auth = "[http-basic.my-repo]\nusername = \"aws\"\npassword = \"hunter2\"\n";
        patient.with_file(".config/pypoetry/auth.toml", Some(auth), &[&poetry("warn overridden")]);
        let text = "[certificates.my-repo]\ncert = false\n";
        patient.with_file("project/poetry.toml", Some(text), &[&poetry("warn network")]);

        const PDM: &str = ".config/pdm/config.toml";
        patient.with_edit(PDM, "/my-repo/", "/another/", &[&pdm("fail entry")]);
        patient.with_variable("PDM_PYPI_URL", "https://hunter2.example", &[&pdm("warn overridden")]);
        let text = "[pypi]\nurl = \"https://else.example/simple\"\n";
        patient.with_file("project/pdm.toml", Some(text), &[&pdm("warn overridden")]);
        patient.with_file("project/pdm.toml", Some("[pypi]\nverify_ssl = false\n"), &[&pdm("warn network")]);

        for (name, finding) in
            [("twine", twine("fail helper")), ("poetry", poetry("fail helper")), ("pdm", pdm("fail helper"))]
        {
            let lib = sandbox.file("environments").join(name).join("lib");
            let module = module_in(&lib);
            let target = fs::read_link(&module).unwrap();
            fs::remove_file(&module).unwrap();
            let found = patient.finds(patient.doctor().env("PATH", &slow), &[&finding]);
            let python = sandbox.file("environments").join(name).join("bin/python");
            let fix = found[0]["fix"].as_str().unwrap();
            assert!(fix.contains(python.to_str().unwrap()) && fix.contains("./pip-keyring-vouch"), "{fix}");
            std::os::unix::fs::symlink(target, &module).unwrap();
        }
        patient.has(&[]);
    });
}

fn module_in(lib: &Path) -> std::path::PathBuf {
    let version = fs::read_dir(lib).unwrap().next().unwrap().unwrap().path();
    version.join("site-packages/keyring_vouch")
}

#[test]
fn npm_pnpm_and_yarn() {
    in_sandbox(&[], |sandbox| {
        let mut patient = patient(sandbox, &["npm", "pnpm", "yarn"]);
        let slow = patient.hurry(&["npm", "pnpm", "yarn"]);
        let npm = |check: &str| format!("{check} npm my-repo");
        let pnpm = |check: &str| format!("{check} pnpm my-repo");
        let yarn = |check: &str| format!("{check} yarn my-repo");

        let registry = format!("registry=https://{OTHER}/npm/my-repo/");
        patient.with_file(".npmrc", None, &[&npm("fail entry")]);
        patient.with_edit(".npmrc", &registry, "registry=https://else.example/", &[&npm("fail entry")]);
        let token =
            sandbox.read(".npmrc").lines().find(|line| line.contains("_authToken")).unwrap().to_owned();
        let found = patient.with_edit(".npmrc", &token, "", &[&npm("warn entry")]);
        assert!(found[0]["fix"].as_str().unwrap().contains("npm-token-vouch refresh"), "{found:?}");
        let (key, _) = token.split_once('=').unwrap();
        let found = patient.with_edit(".npmrc", &token, &format!("{key}=hunter2"), &[&npm("warn entry")]);
        assert!(!found[0].to_string().contains("hunter2"), "{found:?}");
        let other = sandbox.file("other.npmrc");
        patient.with_variable("NPM_CONFIG_USERCONFIG", other.to_str().unwrap(), &[&npm("fail entry")]);

        const AUTH: &str = ".config/pnpm/auth.ini";
        patient.with_file(AUTH, None, &[&pnpm("fail entry")]);
        patient.with_edit(AUTH, ":tokenHelper=", ":tokenHelper=/elsewhere", &[&pnpm("fail entry")]);
        let link = sandbox.file(".vouch/bin/npm-token-vouch-default");
        let target = fs::read_link(&link).unwrap();
        fs::remove_file(&link).unwrap();
        patient.has(&[&pnpm("fail helper")]);
        std::os::unix::fs::symlink(target, &link).unwrap();

        patient.with_file(".yarnrc.yml", None, &[&yarn("fail entry")]);
        let plugin = ".vouch/yarn-plugin-vouch.cjs";
        // yarn itself does not start without a plugin that it is told to load.
        patient.with_file(plugin, None, &[&yarn("fail entry")]);
        let text = sandbox.read(plugin);
        fs::remove_file(sandbox.file(plugin)).unwrap();
        let run = patient.doctor().env("PATH", &slow);
        patient.finds(run, &[&yarn("fail entry"), &yarn("warn version")]);
        sandbox.write(plugin, &text);
        let helper = text.split("spawnSync(\"").nth(1).unwrap().split('"').next().unwrap();
        patient.with_edit(plugin, helper, "/gone/npm-token-vouch", &[&yarn("fail helper")]);

        // npm's variables are pnpm's, too.
        for name in ["npm_config_registry", "NPM_CONFIG_REGISTRY"] {
            patient.with_variable(name, "https://hunter2.example/", &[&npm("warn overridden")]);
        }
        let credential = format!("npm_config_//{OTHER}/npm/my-repo/:_authToken");
        patient.with_variable(&credential, "hunter2", &[&npm("warn overridden")]);
        for name in ["YARN_NPM_REGISTRY_SERVER", "YARN_NPM_AUTH_TOKEN"] {
            patient.with_variable(name, "hunter2", &[&yarn("warn overridden")]);
        }

        sandbox.write("project/package.json", "{\"name\": \"app\", \"version\": \"1.0.0\"}");
        let project = |text: &str, wanted: &str| {
            patient.with_file("project/.npmrc", Some(text), &[&npm(wanted)]);
        };
        project("registry=https://else.example/\n", "warn overridden");
        project(&format!("//{OTHER}/npm/my-repo/:_authToken=x\n"), "warn overridden");
        for setting in [
            "proxy=http://127.0.0.1:1",
            "https-proxy=http://127.0.0.1:1",
            "cafile=/x.pem",
            "strict-ssl=false",
        ] {
            project(&format!("{setting}\n"), "warn network");
        }
        patient.with_file("project/.npmrc", Some("strict-ssl=true\nfund=false\n"), &[]);
        let yarnrc = |text: &str, wanted: &str| {
            patient.with_file("project/.yarnrc.yml", Some(text), &[&yarn(wanted)]);
        };
        yarnrc("npmRegistryServer: \"https://else.example\"\n", "warn overridden");
        yarnrc("npmAuthToken: x\n", "warn overridden");
        yarnrc("httpsProxy: \"http://127.0.0.1:1\"\n", "warn network");
        yarnrc("enableStrictSsl: false\n", "warn network");
        patient.with_file("project/.yarnrc.yml", Some("nodeLinker: node-modules\n"), &[]);
        let lock = format!("{{\"resolved\": \"https://{OTHER}/npm/other/left/-/left-1.0.0.tgz\"}}");
        patient.with_file("project/package-lock.json", Some(&lock), &[&npm("warn lockfile")]);
        let lock = format!("  resolved \"https://{OTHER}/npm/other/left/-/left-1.0.0.tgz\"\n");
        patient.with_file("project/yarn.lock", Some(&lock), &[&npm("warn lockfile")]);

        pretends(&patient, "npm", "echo 6.14.18", &[&npm("fail version")]);
        pretends(&patient, "yarn", "echo 1.22.22", &[&yarn("fail version")]);
    });
}

#[test]
fn bun_and_yarn_1() {
    in_sandbox(&[], |sandbox| {
        let classic = env::join_paths([installed("node").join("yarn-1/bin")]).unwrap();
        sandbox.enroll();
        sandbox.log_in();
        let path = format!("{}:{}", classic.to_str().unwrap(), clients(sandbox));
        for (tool, more) in [("bun", &["--mode", "env"][..]), ("yarn-classic", &["--mode", "env"])] {
            let _ = set_up(sandbox.vouch(&[]).env("PATH", &path), tool, more).ok();
        }
        let patient = Patient::new(sandbox, &[], path);
        patient.with_edit(
            ".npmrc",
            "${CODEARTIFACT_AUTH_TOKEN}",
            "hunter2",
            &["fail entry bun my-repo", "fail entry yarn-classic my-repo"],
        );
        // It is how these get their token.
        patient.with_variable("CODEARTIFACT_AUTH_TOKEN", "hunter2", &[]);
        let later = installed("node").join(node::Client("yarn-4").0).join("bin");
        let run = patient.doctor().env("PATH", patient.path_with(&later));
        patient.finds(run, &["warn version yarn-classic my-repo"]);
    });
}

#[test]
fn maven_and_gradle() {
    in_sandbox(&[], |sandbox| {
        let mut patient = patient(sandbox, &["maven", "gradle"]);
        // A second line of Gradle's is no reason to complain about the first.
        let second = ["setup", "codeartifact", "--tool", "gradle", "--repository", "my-maven-repo"];
        let _ = patient.vouch(&second).ok();
        let mut patient = Patient::new(sandbox, &[], patient.hurry(&[]));
        patient.hurry(&["mvn"]);
        let maven = |check: &str| format!("{check} maven my-repo");
        let gradle = |check: &str| format!("{check} gradle my-repo");

        const SETTINGS: &str = ".m2/settings.xml";
        patient.with_file(SETTINGS, None, &[&maven("fail entry")]);
        patient.with_file(SETTINGS, Some("<settings/>"), &[&maven("fail entry")]);
        let ours = vouch_e2e::maven::variable(sandbox);
        patient.with_edit(SETTINGS, &format!("${{env.{ours}}}"), "hunter2", &[&maven("fail entry")]);
        patient.with_edit(SETTINGS, "/maven/my-repo/", "/maven/other/", &[&maven("fail entry")]);
        patient.with_variable("MAVEN_ARGS", "-s other.xml", &[&maven("warn overridden")]);
        patient.with_variable("MAVEN_ARGS", "--batch-mode", &[]);
        // It is not how Maven gets its token: that variable has another name.
        patient.with_variable("CODEARTIFACT_AUTH_TOKEN", "hunter2", &["warn variables"]);
        sandbox.write("project/other.xml", "<settings/>");
        patient.with_file("project/.mvn/maven.config", Some("-s other.xml"), &[&maven("warn overridden")]);
        let text = "-Dmaven.wagon.http.ssl.insecure=true";
        patient.with_file("project/.mvn/maven.config", Some(text), &[&maven("warn network")]);
        let text = "-Xmx1g -Dhttps.proxyHost=127.0.0.1";
        patient.with_file("project/.mvn/jvm.config", Some(text), &[&maven("warn network")]);
        patient.with_file("project/.mvn/jvm.config", Some("-Xmx1g"), &[]);

        let pom = |id: &str, url: &str| {
            format!(
                "<project><repositories><repository><id>{id}</id><url>{url}</url></repository></repositories></project>"
            )
        };
        let elsewhere = "https://packages.example.com/maven/my-repo/";
        patient.with_file("project/pom.xml", Some(&pom("my-repo", elsewhere)), &[&maven("fail project")]);
        patient.with_file("project/pom.xml", Some(&pom("mine", elsewhere)), &[]);
        patient.with_file("project/pom.xml", Some(&pom("my-repo", "${url}")), &[&maven("warn project")]);
        patient.with_file("project/pom.xml", Some("<project>"), &[&maven("warn project")]);

        pretends(&patient, "mvn", "echo Apache Maven 3.0.5", &[&maven("fail version")]);

        const SCRIPT: &str = ".gradle/init.d/vouch.gradle";
        let both = [gradle("fail entry"), "fail entry gradle my-maven-repo".to_owned()];
        let [first, second] = &both;
        patient.with_file(SCRIPT, None, &[first, second]);
        patient.with_file(SCRIPT, Some("nonsense"), &[first, second]);
        patient.with_edit(SCRIPT, "/maven/my-repo/", "/maven/other/", &[first]);
        patient.with_edit(SCRIPT, "/maven/my-maven-repo/", "/maven/other/", &[second]);
        patient.with_file(".gradle/vouch-token.gradle", Some("// gone\n"), &[first, second]);
        let elsewhere = sandbox.file("elsewhere");
        patient.with_variable("GRADLE_USER_HOME", elsewhere.to_str().unwrap(), &[first, second]);
        let text = "org.gradle.jvmargs=-Xmx1g\nsystemProp.https.proxyHost=127.0.0.1\n";
        patient.with_file("project/gradle.properties", Some(text), &[&gradle("warn network")]);
    });
}

#[test]
fn asking_clients_for_their_versions_changes_nothing_of_vouch() {
    in_sandbox(&[], |sandbox| {
        let tools =
            ["cargo", "pip", "uv", "twine", "poetry", "pdm", "npm", "pnpm", "yarn", "maven", "gradle"];
        let patient = patient(sandbox, &tools);
        let files =
            [".vouch", ".cargo", ".config", ".local", ".m2", ".gradle", ".npmrc", ".yarnrc.yml", ".pypirc"];
        let all = || {
            files.map(|name| (name, sandbox.file(name))).map(|(name, file)| match file.is_dir() {
                true => (name, snapshot(&file), Vec::new()),
                false => (name, Vec::new(), fs::read(&file).unwrap()),
            })
        };
        let before = all();
        let done = patient.vouch(&["doctor", "--online", "--all"]).ok();
        assert_eq!(all(), before);
        assert_eq!(
            done.stdout.lines().filter(|line| line.contains(" my-repo  ")).count(),
            tools.len(),
            "{done}"
        );
    });
}

#[test]
fn a_keyring_whose_directory_left_path_needs_path_alone() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.log_in();
        let path = clients(sandbox);
        let _ = set_up(sandbox.vouch(&[]).env("PATH", &path), "pip", &[]).ok();
        let patient = Patient::new(sandbox, &[], path.clone());
        let own = sandbox.file(".local/bin");
        assert!(own.join("keyring").exists());
        let without = path.replacen(&format!(":{}", own.display()), "", 1);
        let found = patient.finds(patient.doctor().env("PATH", &without), &["fail helper pip my-repo"]);
        let fix = found[0]["fix"].as_str().unwrap();
        let command = fix.split('`').find(|part| part.starts_with("export ")).unwrap();
        // As it stands in the fix.
        let typed = format!("{command}\nvouch doctor --json");
        let run = sandbox.run("bash").args(["-c", &typed]).env("PATH", &without);
        patient.finds(run, &[]);
    });
}
