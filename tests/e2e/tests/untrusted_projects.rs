//! Which projects `vouch exec` starts a command in although their files would give the token away, and that `vouch doctor` and
//! `vouch exec` are silent about honest ones.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use vouch_e2e::project::{exec, patient, program, silent, stub, was_started};
use vouch_e2e::{Run, in_sandbox};

const HOST: &str = "my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com";

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
        let tools = ["npm", "pnpm", "yarn", "bun", "pip", "uv", "poetry", "pdm", "cargo", "ruby", "gradle"];
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
            ("Gemfile", "source 'https://rubygems.org'\nsource 'http://gems.example'\ngem 'rake'\n"),
            (
                ".bundle/config",
                "---\nBUNDLE_MIRROR__ALL: \"http://gems.example/\"\nBUNDLE_SSL_VERIFY_MODE: \"1\"\n",
            ),
            (
                "gradle.properties",
                "org.gradle.jvmargs=-Xmx2g -Dfile.encoding=UTF-8\nsystemProp.file.encoding=UTF-8\n",
            ),
            (".mvn/maven.config", "-T1C\n-DskipTests\n"),
            (".mvn/jvm.config", "-Xmx1g\n"),
            ("constraints.txt", "--trusted-host pypi.example\nrequests==2.32.0\n"),
            (".env", "PORT=80\nHTTPS_PROXY_FOR_TESTS=http://127.0.0.1:1\n"),
        ] {
            sandbox.write(&format!("project/{name}"), text);
        }
        patient.has(&[]);
        for tool in tools.into_iter().chain(["sh"]) {
            silent(exec(&patient, &[], &[program(tool), "-c", "true"]).done());
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
