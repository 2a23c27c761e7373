//! Jobs of Buildkite and CircleCI, whose ID tokens an agent gives.

use std::fs;
use std::path::Path;

use vouch_e2e::job_agent::{AgentJob, BUILDKITE, CIRCLECI, Ci, ROLE};
use vouch_e2e::{Run, Sandbox, in_sandbox};

const CREDENTIAL: [&str; 2] = ["credential", "codeartifact"];

fn in_job(ci: Ci, body: impl FnOnce(&Sandbox, &AgentJob)) {
    let world = Path::new(env!("CARGO_MANIFEST_DIR")).join("worlds/job-role.json");
    in_sandbox(&["--config", world.to_str().unwrap()], |sandbox| {
        let job = AgentJob::start(sandbox, ci);
        body(sandbox, &job);
    });
}

fn login(sandbox: &Sandbox, ci: Ci) -> Run {
    sandbox.vouch(&["login", "--role", ROLE, "--from", ci.name])
}

fn builds_and_renews(ci: Ci) {
    in_job(ci, |sandbox, job| {
        let _ = job.step(login(sandbox, ci)).ok().says(ci.subject).says(ROLE);
        let _ = sandbox.vouch(&["status"]).ok().shows("a job: its ID token comes from");
        assert!(
            sandbox
                .vouch(&["status", "--json"])
                .ok()
                .stdout
                .contains(&format!("\"source\": \"{}\"", ci.name))
        );
        sandbox.set_up_cargo();
        sandbox.library("greeting");
        let publish = ["publish", "--registry", "my-repo", "--allow-dirty"];
        let _ = job.step(sandbox.cargo(&publish)).within(sandbox.file("greeting")).ok();
        sandbox.program("hello", "greeting", "my-repo");
        let _ = job.step(sandbox.cargo(&["build"])).within(sandbox.file("hello")).ok();
        // One to see whose it is, one for the role.
        assert_eq!((job.asked(), sandbox.count("/sts/granted")), (2, 1));
        sandbox.forget();
        let _ = job.step(sandbox.vouch(&CREDENTIAL)).ok();
        assert_eq!((job.asked(), sandbox.count("/sts/granted")), (3, 2));
        let _ = job.step(sandbox.vouch(&["logout"])).ok();
        let _ = job.step(sandbox.vouch(&CREDENTIAL)).fails(3);
        assert_eq!(job.asked(), 3);
    });
}

#[test]
fn a_job_of_buildkite_builds_and_publishes_and_renews() {
    builds_and_renews(BUILDKITE);
}

#[test]
fn a_job_of_circleci_builds_and_publishes_and_renews() {
    builds_and_renews(CIRCLECI);
}

#[test]
fn the_agent_is_the_one_of_the_login() {
    in_job(BUILDKITE, |sandbox, job| {
        let _ = job.step(login(sandbox, BUILDKITE)).ok();
        sandbox.set_up_cargo();
        sandbox.forget();
        // Another program of that name on PATH, as a project could have it, is not started.
        let other = sandbox.file("project");
        fs::create_dir(&other).unwrap();
        let fake = other.join("buildkite-agent");
        fs::write(&fake, format!("#!/bin/sh\ntouch {}\n", sandbox.file("started").display())).unwrap();
        let _ = Run::new("chmod").args(["755", fake.to_str().unwrap()]).ok();
        let path = format!("{}:{}", other.display(), std::env::var("PATH").unwrap());
        let _ = job.step(sandbox.vouch(&CREDENTIAL)).env("PATH", path).within(&other).ok();
        assert!(!sandbox.file("started").exists());
        // Its tokens are somebody else's; it fails; it is gone.
        sandbox.forget();
        let granted = sandbox.count("/sts/granted");
        job.turn_into("organization:acme:pipeline:other:ref:refs/heads/main:commit:1:step:build");
        let _ = job.step(sandbox.vouch(&CREDENTIAL)).fails(6).says("pipeline:other").says(BUILDKITE.subject);
        let _ = sandbox.vouch(&CREDENTIAL).fails(6).says("gave no ID token").says("fatal: this is no job");
        job.script("yes x | head -c 100000\n");
        let _ = job.step(sandbox.vouch(&CREDENTIAL)).fails(6).says("gave no ID token");
        fs::remove_file(job.program()).unwrap();
        let _ = job.step(sandbox.vouch(&CREDENTIAL)).fails(7).says("cannot start");
        assert_eq!(sandbox.count("/sts/granted"), granted);
    });
}

#[test]
fn what_a_job_with_an_agent_lacks_is_named() {
    in_job(CIRCLECI, |sandbox, job| {
        let missing = login(sandbox, CIRCLECI);
        let _ = missing.fails(7).says("`circleci` is not on PATH").says("each job");
        // A folder of the project's that is not absolute is not searched.
        let relative =
            login(sandbox, CIRCLECI).env("PATH", format!("agent:{}", std::env::var("PATH").unwrap()));
        let _ = relative.fails(7).says("is not on PATH");
        let audience = job.step(login(sandbox, CIRCLECI)).args(["--audience", "another"]);
        let _ = audience.fails(6).says("unknown arguments");
        job.script("echo hello\n");
        let _ = job.step(login(sandbox, CIRCLECI)).fails(7).says("is no ID token");
        assert!(!sandbox.file(".vouch/config.json").exists());
    });
}
