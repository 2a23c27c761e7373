//! Stubs of the agents of Buildkite and CircleCI: programs that give a job ID tokens, as strict about their arguments and about the
//! job's variables as the real ones (Buildkite documentation, "buildkite-agent oidc"; CircleCI documentation, "Using OpenID Connect
//! tokens in jobs").

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use crate::job::Issuer;
use crate::{Run, Sandbox};

/// The role of `worlds/job-role.json` that both may assume.
pub const ROLE: &str = "arn:aws:iam::123456789012:role/ci/Build";

/// A CI whose jobs have an agent.
#[derive(Debug, Clone, Copy)]
pub struct Ci {
    /// As `--from` has it.
    pub name: &'static str,
    program: &'static str,
    issuer: &'static str,
    /// The subject that the role trusts, in the form of that CI.
    pub subject: &'static str,
    /// What the agent is told.
    arguments: &'static str,
    /// A variable that each job has.
    variable: &'static str,
}

/// Buildkite: the subject holds the commit.
pub const BUILDKITE: Ci = Ci {
    name: "buildkite",
    program: "buildkite-agent",
    issuer: "https://agent.buildkite.com",
    subject: "organization:acme:pipeline:app:ref:refs/heads/main:commit:9f3182061f1e2cca4702c368cbc039b7dc9d4485:step:build",
    arguments: "oidc request-token --audience sts.amazonaws.com",
    variable: "BUILDKITE_JOB_ID",
};

/// CircleCI: the subject holds the user.
pub const CIRCLECI: Ci = Ci {
    name: "circleci",
    program: "circleci",
    issuer: "https://oidc.circleci.com/org/5034460f-c7c4-4c43-9457-de07e2029e7b",
    subject: "org/5034460f-c7c4-4c43-9457-de07e2029e7b/project/2c5db5a9-6a5e-4a5c-8a1b-93c7b1e0b0b6/user/6e6bf1e5-7b1a-4a7f-9d1c-1f6f7a1a3c55",
    arguments: r#"run oidc get --claims {"aud":"sts.amazonaws.com"}"#,
    variable: "CIRCLE_WORKFLOW_ID",
};

/// A job with the stub on its PATH.
#[derive(Debug)]
pub struct AgentJob {
    ci: Ci,
    issuer: Issuer,
    folder: PathBuf,
}

impl AgentJob {
    /// Publishes the issuer and writes the stub.
    pub fn start(sandbox: &Sandbox, ci: Ci) -> Self {
        let folder = sandbox.file("agent");
        fs::create_dir_all(&folder).expect("the home is writable");
        let job = Self { ci, issuer: Issuer::publish_as(sandbox, ci.issuer), folder };
        let token = job.folder.join("token");
        job.script(&format!(
            "[ \"$*\" = '{}' ] || {{ echo \"unknown arguments: $*\" >&2; exit 2; }}\n\
             [ -n \"${}\" ] || {{ echo 'fatal: this is no job' >&2; exit 1; }}\n\
             echo asked >> '{}'\ncat '{}'\n",
            ci.arguments,
            ci.variable,
            job.folder.join("asked").display(),
            token.display()
        ));
        job.turn_into(ci.subject);
        job
    }

    /// Makes the agent another program.
    pub fn script(&self, body: &str) {
        let program = self.program();
        fs::write(&program, format!("#!/bin/sh\n{body}")).expect("the home is writable");
        fs::set_permissions(program, fs::Permissions::from_mode(0o755)).expect("the file is ours");
    }

    /// Where the agent is.
    pub fn program(&self) -> PathBuf {
        self.folder.join(self.ci.program)
    }

    /// From now on its tokens are of this subject.
    pub fn turn_into(&self, subject: &str) {
        let token = self.issuer.token(subject, "sts.amazonaws.com", 300);
        fs::write(self.folder.join("token"), token + "\n").expect("the home is writable");
    }

    /// A command as a step of the job starts it.
    pub fn step(&self, run: Run) -> Run {
        let usual = env::var_os("PATH").expect("the sandbox has one");
        let folders = std::iter::once(self.folder.clone()).chain(env::split_paths(&usual));
        let path = env::join_paths(folders).expect("plain paths");
        run.env("PATH", path).env(self.ci.variable, "0123")
    }

    /// How often it gave a token.
    pub fn asked(&self) -> usize {
        fs::read_to_string(self.folder.join("asked")).unwrap_or_default().lines().count()
    }
}
