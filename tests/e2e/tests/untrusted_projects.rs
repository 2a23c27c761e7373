//! What `vouch doctor` and `vouch exec` say of a project whose files would give the token away, and that they are silent
//! about all others.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use vouch_e2e::doctor::{Patient, clients, set_up};
use vouch_e2e::{CommandOutput, Run, Sandbox, in_sandbox};

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
        "allow-insecure-host = [\"HOST\"]\nhttps-proxy = \"http://127.0.0.1:1\"\n",
        "fail",
        "`allow-insecure-host` lets the project's own proxy",
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

fn patient<'a>(sandbox: &'a Sandbox, tools: &[&str]) -> Patient<'a> {
    sandbox.enroll();
    sandbox.log_in();
    let path = clients(sandbox);
    for tool in tools {
        let _ = set_up(sandbox.vouch(&[]).env("PATH", &path), tool, &[]).ok();
        // What it would start, in its place.
        stub(sandbox, tool);
    }
    let mut patient = Patient::new(sandbox, &[], path);
    // Of pdm it matters what its program is.
    let others: Vec<_> = tools.iter().copied().filter(|tool| *tool != "pdm").collect();
    patient.hurry(&others);
    patient
}

fn stub(sandbox: &Sandbox, name: &str) {
    sandbox.write(&format!("stubs/{name}"), "#!/bin/sh\ntouch \"$HOME/started\"\n");
    let executable = fs::Permissions::from_mode(0o755);
    fs::set_permissions(sandbox.file(&format!("stubs/{name}")), executable).unwrap();
}

/// `vouch exec` of a client in the project.
fn exec(patient: &Patient<'_>, flags: &[&str], words: &[&str]) -> Run {
    let path = patient.path_with(&patient.sandbox.file("stubs"));
    patient.vouch(&["exec", "--type", "codeartifact"]).args(flags).arg("--").args(words).env("PATH", path)
}

fn was_started(sandbox: &Sandbox) -> bool {
    fs::remove_file(sandbox.file("started")).is_ok()
}

fn each_line_is_told(sandbox: &Sandbox, tools: &[&str], lines: &[Line]) {
    let patient = patient(sandbox, tools);
    for (tool, name, text, status, message) in lines {
        let file = format!("project/{name}");
        let text = text.replace("HOST", HOST);
        let folder = sandbox.file(&file).parent().unwrap().to_owned();
        fs::create_dir_all(&folder).unwrap();
        let finding = format!("{status} network {tool} my-repo");
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
        for command in [*tool, "sh"] {
            let done = exec(&patient, &[], &[command, "-c", "touch ~/started"]).done();
            let _ = done.expect_code(if *status == "fail" { 125 } else { 0 }).says(message).says(&place);
            assert_eq!(was_started(sandbox), *status == "warn", "{command} {name}");
        }
        let env = patient.vouch(&["env", "--type", "codeartifact", "--shell", "sh"]).ok();
        let _ = env.says(message).shows("export CODEARTIFACT_AUTH_TOKEN=");
        let setup = patient.set_up(tool, &[]).ok();
        let _ = setup.says(message);

        fs::remove_file(sandbox.file(&file)).unwrap();
        silent(exec(&patient, &[], &[tool]).done());
        assert!(was_started(sandbox));
        silent(patient.vouch(&["env", "--type", "codeartifact", "--shell", "sh"]).done());
        patient.has(&[]);
    }
}

fn silent(done: CommandOutput) {
    assert!(done.code == 0 && done.stderr.is_empty(), "{done}");
}

#[test]
fn every_line_of_nodes_files() {
    in_sandbox(&[], |sandbox| each_line_is_told(sandbox, &["npm", "pnpm", "yarn", "bun"], NODE));
}

#[test]
fn every_line_of_other_clients_files() {
    in_sandbox(&[], |sandbox| each_line_is_told(sandbox, &["pip", "uv", "poetry", "pdm", "cargo"], OTHERS));
}

#[test]
fn a_project_is_trusted_as_it_is() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        stub(sandbox, "npm");
        let path = format!("{}:{}", sandbox.file("stubs").display(), std::env::var("PATH").unwrap());
        let run = |flags: &[&str], words: &[&str]| {
            let run = sandbox.vouch(&["exec", "--type", "codeartifact"]).args(flags).arg("--").args(words);
            run.within(sandbox.file("app")).env("PATH", &path)
        };
        let refused = |flags: &[&str]| {
            let done = run(flags, &["npm", "install", "two words"]).fails(125);
            assert!(!was_started(sandbox));
            let done = done.says("`npm` was not started: this project would give the token away");
            let (_, rest) = done.stderr.split_once("--trust-project=").unwrap();
            let digest = rest.split(' ').next().unwrap().to_owned();
            let _ = done.says(&format!(
                "`vouch exec --type codeartifact --trust-project={digest} -- npm install 'two words'`"
            ));
            digest
        };
        let npmrc = "cafile=ca.pem\nhttps-proxy=http://127.0.0.1:1\n";
        sandbox.write("app/.npmrc", npmrc);
        sandbox.write("app/ca.pem", "one");
        let digest = refused(&[]);
        // Without a terminal nobody can say yes, and another digest is none.
        assert_eq!(refused(&["--trust-project"]), digest);
        let wrong = format!("--trust-project={}", digest.replace(['0', '1', '2', '3'], "f"));
        let _ = run(&[&wrong], &["npm"]).fails(125).says("the digest that was typed is of another project");
        let trust = format!("--trust-project={digest}");
        silent(run(&[&trust], &["npm", "install"]).done());
        assert!(was_started(sandbox));
        // From then on it is known, for that client alone.
        silent(run(&[], &["npm", "ci"]).done());
        assert!(was_started(sandbox));
        let _ = run(&[], &["sh", "-c", "npm"]).fails(125);
        let _ = run(&[&trust], &["sh", "-c", "npm"]).fails(125);

        // Whatever changes, it is another project.
        sandbox.write("app/ca.pem", "two");
        let other = refused(&[]);
        assert_ne!(other, digest);
        sandbox.write("app/ca.pem", "one");
        silent(run(&[], &["npm"]).done());
        assert!(was_started(sandbox));
        sandbox.write("app/.npmrc", &npmrc.replace(":1\n", ":2\n"));
        assert_ne!(refused(&[]), digest);
        sandbox.write("app/.npmrc", npmrc);
        fs::rename(sandbox.file("app"), sandbox.file("moved")).unwrap();
        let done = run(&[], &["npm"]).within(sandbox.file("moved")).fails(125);
        let _ = done.says("--trust-project=");
        fs::rename(sandbox.file("moved"), sandbox.file("app")).unwrap();

        // What hinders nothing needs no trust, and other credentials do not go there.
        sandbox.write("app/.npmrc", "fund=false\n");
        silent(run(&["--trust-project"], &["npm"]).done());
        sandbox.write("app/.npmrc", &npmrc.replace(":1\n", ":3\n"));
        let aws = sandbox.vouch(&["exec", "--type", "aws", "--", "npm"]).within(sandbox.file("app"));
        silent(aws.env("PATH", &path).done());

        // A record that cannot be read trusts nobody.
        sandbox.write("app/.npmrc", npmrc);
        sandbox.write(".vouch/trusted-projects.json", "{ oops");
        let _ = run(&[], &["npm"]).fails(125).says("trusted-projects.json");
    });
}

#[test]
fn a_terminal_is_asked() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        stub(sandbox, "npm");
        let path = format!("{}:{}", sandbox.file("stubs").display(), std::env::var("PATH").unwrap());
        sandbox.write("app/.npmrc", &format!("registry=http://{HOST}/npm/r/\n"));
        let run = |flags: &[&str]| {
            let run = sandbox.vouch(&["exec", "--type", "codeartifact"]).args(flags).args(["--", "npm"]);
            run.within(sandbox.file("app")).env("PATH", &path).on_terminal()
        };
        let done = run(&[]).wait().expect_code(125);
        let _ = done.says(
            "If you trust the project as it is: `vouch exec --type codeartifact --trust-project -- npm`.",
        );
        for (answer, code) in [("n", 125), ("", 125), ("y", 0)] {
            let mut terminal = run(&["--trust-project"]);
            terminal.wait_for("`registry` sends the token over plain HTTP");
            terminal.wait_for("Type y for yes:");
            terminal.type_line(answer);
            let _ = terminal.wait().expect_code(code);
            assert_eq!(was_started(sandbox), code == 0, "{answer:?}");
        }
        let _ = run(&[]).wait().expect_code(0).never_says("registry");
    });
}

#[test]
fn honest_projects_are_left_alone() {
    in_sandbox(&[], |sandbox| {
        let tools = ["npm", "pnpm", "yarn", "bun", "pip", "uv", "poetry", "pdm", "cargo"];
        let patient = patient(sandbox, &tools);
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
        let copy = |from: &Path| {
            let _ = Run::new("cp").arg("-r").arg(from).arg(sandbox.file("project")).ok();
        };
        // What each client made of a few public packages.
        copy(&data.join("honest/."));
        copy(&data.join("../../../Cargo.lock"));
        for (name, text) in [
            (".npmrc", "//npm.example/:cafile=ca.pem\n@theirs:registry=http://npm.example/\nfund=false\n"),
            (
                ".yarnrc.yml",
                "networkSettings:\n  \"npm.example\":\n    httpsCaFilePath: ca.pem\n    httpsProxy: http://p.example\n",
            ),
            ("uv.toml", "allow-insecure-host = [\"pypi.example\"]\n"),
            ("poetry.toml", "[certificates.theirs]\ncert = \"ca.pem\"\n"),
            (".cargo/config.toml", "[build]\njobs = 1\n"),
            ("constraints.txt", "--trusted-host pypi.example\nrequests==2.32.0\n"),
            (".env", "PORT=80\nHTTPS_PROXY_FOR_TESTS=http://127.0.0.1:1\n"),
        ] {
            sandbox.write(&format!("project/{name}"), text);
        }
        patient.has(&[]);
        for tool in tools.into_iter().chain(["sh"]) {
            silent(exec(&patient, &[], &[tool, "-c", "true"]).done());
        }
        silent(patient.vouch(&["env", "--type", "codeartifact", "--shell", "sh"]).done());
        copy(&data.join("honest-yarn-1/."));
        patient.has(&[]);
        silent(exec(&patient, &[], &["yarn"]).done());
    });
}

#[test]
fn npm_10_behind_a_proxy_is_named() {
    in_sandbox(&[], |sandbox| {
        let patient = patient(sandbox, &["npm"]);
        let with = |version: &str| {
            sandbox.write("old/npm", &format!("#!/bin/sh\necho {version}\n"));
            fs::set_permissions(sandbox.file("old/npm"), fs::Permissions::from_mode(0o755)).unwrap();
            patient.doctor().env("PATH", patient.path_with(&sandbox.file("old")))
        };
        let named = ["warn network npm my-repo"];
        let proxy = "http://127.0.0.1:1";
        let found = patient.finds(with("10.9.4").env("HTTPS_PROXY", proxy), &named);
        let text = found[0].to_string();
        assert!(text.contains("npm 10 sends the token to the proxy that HTTPS_PROXY names"), "{text}");
        assert!(text.contains("npm 11"), "{text}");
        patient.finds(with("10.9.4"), &[]);
        patient.finds(with("10.9.4").env("HTTPS_PROXY", proxy).env("NO_PROXY", "amazonaws.com"), &[]);
        patient.finds(with("11.4.0").env("HTTPS_PROXY", proxy), &[]);
        let own = sandbox.read(".npmrc");
        sandbox.write(".npmrc", &format!("{own}https-proxy={proxy}\n"));
        let found = patient.finds(with("10.9.4"), &named);
        assert!(found[0].to_string().contains(".npmrc` names"), "{found:?}");
        patient.finds(with("11.4.0"), &[]);
    });
}
