//! A session that ends while a client works: what the client says then, and that its next run asks for `vouch login`.

use std::thread;
use std::time::Duration;

use vouch_e2e::python::{Client, five_packages, index, upload};
use vouch_e2e::{CommandOutput, Run, Running, Sandbox, in_sandbox};

/// Those that begin first come first.
const CLIENTS: [&str; 5] = ["pip-24.0", "pip-26.1", "pip-26.3", "uv-0.9.30", "uv-0.13.9"];

/// Ends the session, and the services no longer believe its tokens.
fn expire(sandbox: &Sandbox) {
    sandbox.end_session();
    sandbox.ctl(&["clock", "--skew", "50000"]);
}

/// A client in a home of its own, on a terminal, as a person sees it.
struct Case {
    client: Client,
    program: &'static str,
    args: Vec<&'static str>,
}

impl Case {
    fn new(sandbox: &Sandbox, version: &str, label: &str) -> Self {
        let client = Client::new(sandbox, version, &format!("{version}-{label}"));
        let (program, mut args) = match version.starts_with("uv") {
            true => ("uv", vec!["pip", "install", "--no-cache"]),
            false => ("pip", vec!["install", "--disable-pip-version-check", "--no-cache-dir"]),
        };
        let _ = client.set_up(program).ok();
        args.extend(["--target", "site", "amber", "birch", "ember"]);
        Self { client, program, args }
    }

    fn is_uv(&self) -> bool {
        self.program == "uv"
    }

    fn run(&self) -> Run {
        self.client.on_terminal(self.program, &self.args)
    }
}

/// Lets every client begin, ends the session, and gives back what each said when it had to stop.
fn interrupted(sandbox: &Sandbox, cases: &[Case]) -> Vec<CommandOutput> {
    sandbox.ctl(&["fault", "registry", "--delay", "1000"]);
    let mut running = Vec::new();
    // uv has the fewest requests to wait for, so it begins last and ends no earlier than the session.
    for is_uv in [false, true] {
        let group: Vec<&Case> = cases.iter().filter(|case| case.is_uv() == is_uv).collect();
        running.extend(group.iter().map(|case| case.run().start()));
        while group.iter().any(|case| case.client.starts().is_empty()) {
            thread::sleep(Duration::from_millis(20));
        }
    }
    expire(sandbox);
    let done = running.into_iter().map(Running::wait).collect();
    sandbox.ctl(&["fault", "registry", "--clear"]);
    done
}

#[test]
fn a_session_that_ends_during_a_run() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        upload(sandbox, "my-pypi-repo", &five_packages());
        for status in ["401", "404"] {
            sandbox.log_in();
            let _ = sandbox.run("pip-keyring-vouch").args(["get", &index("", "my-pypi-repo"), "aws"]).ok();
            sandbox.ctl(&["registry", "--bad-token", status]);
            let cases: Vec<Case> =
                CLIENTS.iter().map(|version| Case::new(sandbox, version, status)).collect();
            for (case, done) in cases.iter().zip(interrupted(sandbox, &cases)) {
                assert_ne!(done.code, 0, "{done}");
                // A list of files that is answered 404 is a package that is not there.
                let missing = ["No matching distribution found", "not found in the package registry"];
                let not_there = status == "404" && missing.iter().any(|text| done.stdout.contains(text));
                assert!(not_there || done.stdout.contains(status), "{done}");
                // pip asks again at a 401. Nobody asks at a 404.
                let told = !case.is_uv() && status == "401";
                assert_eq!(done.stdout.contains("vouch login"), told, "{done}");
            }
            for case in &cases {
                let next = case.run().done();
                assert_ne!(next.code, 0, "{next}");
                let next = next.shows("vouch login");
                let told = next.stdout.matches("vouch: your session has expired").count();
                assert_eq!(told, 1, "once is enough: {next}");
            }
            sandbox.ctl(&["clock", "--skew", "0"]);
            sandbox.log_in();
            for case in &cases {
                let _ = case.run().ok();
            }
        }
    });
}
