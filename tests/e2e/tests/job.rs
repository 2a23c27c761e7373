//! Sessions of a job: in CI and in containers, where no YubiKey signs.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use vouch_e2e::job::{GithubJob, ISSUER, Issuer, ROLE, SUBJECT};
use vouch_e2e::{Run, Sandbox, in_sandbox};

const CREDENTIAL: [&str; 2] = ["credential", "codeartifact"];
const OTHER: &str = "repo:acme/app:pull_request";

fn in_job(body: impl FnOnce(&Sandbox, &Issuer)) {
    let world = Path::new(env!("CARGO_MANIFEST_DIR")).join("worlds/job.json");
    in_sandbox(&["--config", world.to_str().unwrap()], |sandbox| {
        let issuer = Issuer::publish(sandbox);
        body(sandbox, &issuer);
    });
}

fn login(sandbox: &Sandbox, from: &[&str]) -> Run {
    sandbox.vouch(&["login", "--role", ROLE, "--from"]).args(from)
}

fn status(sandbox: &Sandbox) -> Value {
    serde_json::from_str(&sandbox.vouch(&["status", "--json"]).done().stdout).unwrap()
}

fn has_no_session(sandbox: &Sandbox) {
    assert_eq!(status(sandbox)["session"]["active"], false);
}

#[test]
fn a_job_of_github_builds_and_publishes_and_renews() {
    in_job(|sandbox, issuer| {
        let job = GithubJob::start(sandbox, issuer);
        let done = job.step(login(sandbox, &["github-actions"])).ok();
        let _ = done.says(SUBJECT).says(ISSUER).says(ROLE);
        assert_eq!((job.asked().len(), sandbox.count("/sts/granted")), (2, 1));
        let told = status(sandbox);
        assert_eq!(
            (&told["session"]["source"], &told["session"]["subject"]),
            (&"github-actions".into(), &SUBJECT.into())
        );
        let _ = sandbox.vouch(&["status"]).ok().shows("a job: its ID token comes from GitHub Actions");
        let _ = job.step(sandbox.vouch(&["doctor"])).ok();

        // As on a laptop: the client asks, and nobody logs in.
        sandbox.set_up_cargo();
        sandbox.library("greeting");
        let publish = ["publish", "--registry", "my-repo", "--allow-dirty"];
        let _ = job.step(sandbox.cargo(&publish)).within(sandbox.file("greeting")).ok();
        sandbox.program("hello", "greeting", "my-repo");
        let _ = job.step(sandbox.cargo(&["build"])).within(sandbox.file("hello")).ok();
        assert_eq!((job.asked().len(), sandbox.count("/sts/granted")), (0, 1));

        // Past the life of the role credentials and of the first ID token: another one is asked for.
        sandbox.forget();
        let _ = job.step(sandbox.vouch(&CREDENTIAL)).ok();
        assert_eq!((job.asked().len(), sandbox.count("/sts/granted")), (1, 2));

        let _ = job.step(sandbox.vouch(&["logout"])).ok();
        let _ = job.step(sandbox.vouch(&CREDENTIAL)).fails(3);
        assert_eq!(job.asked().len(), 0);
    });
}

#[test]
fn secrets_of_a_job_of_github_are_masked_before_they_are_printed() {
    in_job(|sandbox, issuer| {
        let job = GithubJob::start(sandbox, issuer);
        let _ = job.step(login(sandbox, &["github-actions"])).ok();
        sandbox.set_up_cargo();
        let masks = |stderr: &str| -> Vec<String> {
            stderr.lines().filter_map(|line| line.strip_prefix("::add-mask::")).map(str::to_owned).collect()
        };
        let printed = job.step(sandbox.vouch(&CREDENTIAL)).ok();
        let token = printed.stdout.trim();
        let told = masks(&printed.stderr);
        for form in [token.to_owned(), STANDARD.encode(format!("aws:{token}"))] {
            assert!(told.contains(&form), "{told:?}");
        }
        let exec = [
            "exec",
            "--type",
            "aws",
            "--",
            "sh",
            "-c",
            "echo $AWS_SECRET_ACCESS_KEY; echo $AWS_SESSION_TOKEN",
        ];
        let done = job.step(sandbox.vouch(&exec)).ok();
        let told = masks(&done.stderr);
        assert_eq!(done.stdout.lines().count(), 2);
        for secret in done.stdout.lines() {
            assert!(told.iter().any(|form| form == secret), "{told:?}");
        }
        let env = job.step(sandbox.vouch(&["env", "--type", "codeartifact", "--shell", "sh"])).ok();
        assert!(masks(&env.stderr).iter().any(|form| form == token));
        // npm's token lies in a file, which a step may print.
        let npm = ["setup", "codeartifact", "--tool", "npm", "--repository", "my-repo"];
        let set_up = job.step(sandbox.vouch(&npm)).args(vouch_e2e::MY_DOMAIN).ok();
        let npmrc = sandbox.read(".npmrc");
        let line = npmrc.lines().find(|line| line.contains(":_authToken=")).expect("a static token");
        let (_, written) = line.split_once('=').unwrap();
        let written = written.trim_matches('"');
        assert!(masks(&set_up.stderr).iter().any(|form| form == written), "{}", set_up.stderr);
        // What a variable says is no matter: a laptop prints no secret to its terminal.
        let _ = sandbox.vouch(&["logout"]).ok();
        let file = sandbox.file("token");
        fs::write(&file, issuer.token(SUBJECT, "sts.amazonaws.com", 300)).unwrap();
        let _ = login(sandbox, &["token-file", "--token-file", file.to_str().unwrap()]).ok();
        let done = job.step(sandbox.vouch(&CREDENTIAL)).env("GITHUB_ACTIONS", "true").ok();
        assert_eq!(masks(&done.stderr), [] as [&str; 0]);
    });
}

#[test]
fn what_a_job_of_github_lacks_is_named() {
    in_job(|sandbox, issuer| {
        let job = GithubJob::start(sandbox, issuer);
        let github = || login(sandbox, &["github-actions"]);
        let _ = github().fails(7).says("ACTIONS_ID_TOKEN_REQUEST_URL is not set").says("id-token: write");
        let url = job.step(github()).env("ACTIONS_ID_TOKEN_REQUEST_URL", "http://adversary.example/x");
        let _ = url.fails(7).says("not an https URL");
        let _ =
            job.step(github()).env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "another").fails(6).says("answered 401");
        let _ = job.step(github()).args(["--audience", "another"]).fails(6).says("answered 400");
        has_no_session(sandbox);
        // AWS refuses: the login fails, and not the first build.
        job.turn_into(OTHER);
        let _ = job.step(github()).fails(6).says(OTHER).says("not allowed to assume");
        has_no_session(sandbox);
        assert!(
            !sandbox.file(".vouch/config.json").exists(),
            "nothing is recorded of a role that was refused"
        );
    });
}

#[test]
fn a_session_of_a_job_stays_with_whom_it_began() {
    in_job(|sandbox, issuer| {
        let job = GithubJob::start(sandbox, issuer);
        let _ = job.step(login(sandbox, &["github-actions"])).ok();
        sandbox.set_up_cargo();
        // A later step is led to another place, or its identity is another one.
        let elsewhere = job.step(sandbox.vouch(&CREDENTIAL));
        let elsewhere = elsewhere.env("ACTIONS_ID_TOKEN_REQUEST_URL", "https://id.example.com/alice/token");
        sandbox.forget();
        let granted = sandbox.count("/sts/granted");
        let _ = elsewhere.fails(7).says("leads to https://id.example.com").says("at login it led to");
        let _ = sandbox.vouch(&CREDENTIAL).fails(7).says("ACTIONS_ID_TOKEN_REQUEST_URL is not set");
        job.turn_into(OTHER);
        let _ = job.step(sandbox.vouch(&CREDENTIAL)).fails(6).says(OTHER).says(SUBJECT);
        assert_eq!(sandbox.count("/sts/granted"), granted);
        job.turn_into(SUBJECT);
        let _ = job.step(sandbox.vouch(&CREDENTIAL)).ok();
    });
}

#[test]
fn a_file_is_read_anew_each_time() {
    in_job(|sandbox, issuer| {
        let file = sandbox.file("run/token");
        fs::create_dir(sandbox.file("run")).unwrap();
        let put = |text: String| fs::write(&file, text).unwrap();
        let from = ["token-file", "--token-file", "run/token"];
        let _ = login(sandbox, &from).fails(7).says("cannot read the ID token in");
        for (text, said) in [
            (String::new(), "is no ID token"),
            ("not a token".to_owned(), "is no ID token"),
            ("a".repeat(30_000), "30000 bytes"),
            (issuer.token(SUBJECT, "another", 300), "for `another`, not for `sts.amazonaws.com`"),
        ] {
            put(text);
            let _ = login(sandbox, &from).fails(7).says(said);
        }
        put(issuer.token(SUBJECT, "sts.amazonaws.com", -10));
        let _ = login(sandbox, &from).fails(3).says("is over");
        has_no_session(sandbox);
        assert_eq!(sandbox.count("/requests/sts"), 0);

        // The variable of Kubernetes, at login alone.
        put(issuer.token(SUBJECT, "sts.amazonaws.com", 300) + "\n");
        let _ = login(sandbox, &["token-file"]).env("AWS_WEB_IDENTITY_TOKEN_FILE", &file).ok();
        sandbox.set_up_cargo();
        let credential = || sandbox.vouch(&CREDENTIAL).within(Path::new("/"));
        let _ = credential().ok();
        sandbox.forget();
        put(issuer.token(OTHER, "sts.amazonaws.com", 300));
        let _ = credential().fails(6).says(OTHER).says(SUBJECT);
        put(issuer.token(SUBJECT, "another", 300));
        let _ = credential().fails(6).says("audience `another`");
        put(issuer.token(SUBJECT, "sts.amazonaws.com", 300));
        let other = sandbox.file("other");
        fs::write(&other, "of another process").unwrap();
        let _ = credential().env("AWS_WEB_IDENTITY_TOKEN_FILE", &other).ok();
        assert_eq!(sandbox.count("/sts/granted"), 2);
    });
}

#[test]
fn a_session_of_a_variable_ends_with_its_token() {
    in_job(|sandbox, issuer| {
        let token = issuer.token(SUBJECT, "sts.amazonaws.com", 4);
        let gitlab = ["gitlab"];
        let _ = login(sandbox, &gitlab).fails(7).says("VOUCH_ID_TOKEN is not set").says("id_tokens");
        let _ = login(sandbox, &gitlab).env("VOUCH_ID_TOKEN", &token).ok();
        sandbox.set_up_cargo();
        // Later steps need the variable no more, and cannot change it.
        let _ = sandbox.vouch(&CREDENTIAL).env("VOUCH_ID_TOKEN", "another").ok();
        thread::sleep(Duration::from_secs(5));
        let _ = sandbox.vouch(&CREDENTIAL).fails(3).says("expired");

        let token = issuer.token(SUBJECT, "sts.amazonaws.com", 300);
        let named = ["token-variable", "--token-variable", "MINE"];
        let _ = login(sandbox, &["token-variable"]).fails(2).says("--token-variable NAME");
        let _ = login(sandbox, &named).env("MINE", &token).ok();
        let left = status(sandbox)["session"]["seconds_left"].as_i64().unwrap();
        assert!((200..=300).contains(&left), "{left}");
        let _ = sandbox.vouch(&["logout"]).ok();
        let _ = login(sandbox, &["bitbucket"]).env("BITBUCKET_STEP_OIDC_TOKEN", &token).ok();
        assert_eq!(status(sandbox)["session"]["source"], "token-variable");
    });
}

#[test]
fn no_project_changes_whom_a_developer_acts_as() {
    in_job(|sandbox, _| {
        sandbox.enroll();
        // Next to the documents of the user's own issuer.
        let issuer = Issuer::publish(sandbox);
        let job = GithubJob::start(sandbox, &issuer);
        let file = sandbox.file("token");
        fs::write(&file, issuer.token(SUBJECT, "sts.amazonaws.com", 300)).unwrap();
        let everything = |run: Run| {
            let token = fs::read_to_string(&file).unwrap();
            let run = job.step(run).env("AWS_WEB_IDENTITY_TOKEN_FILE", &file).env("VOUCH_ID_TOKEN", &token);
            let run =
                run.env("BITBUCKET_STEP_OIDC_TOKEN", token).env("CI", "true").env("GITHUB_ACTIONS", "true");
            let run = run.env("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9/x");
            let run =
                run.env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x").env("AWS_ACCESS_KEY_ID", "ASIA");
            let run = run.env("AWS_SECRET_ACCESS_KEY", "x").env("AWS_SESSION_TOKEN", "x");
            run.env("BUILDKITE_JOB_ID", "1").env("CIRCLE_WORKFLOW_ID", "1")
        };
        let before = fs::read(sandbox.file(".vouch/config.json")).unwrap();
        let all = [
            "github-actions",
            "gitlab",
            "bitbucket",
            "token-file",
            "buildkite",
            "circleci",
            "container",
            "instance",
            "environment",
        ];
        // Enrolled: nothing is taken up, with a session and without.
        let _ = everything(sandbox.vouch(&CREDENTIAL).args(vouch_e2e::MY_DOMAIN)).fails(3);
        for from in all {
            let _ = everything(login(sandbox, &[from]))
                .fails(7)
                .says("who logs in with a YubiKey")
                .says("VOUCH_HOME");
        }
        sandbox.log_in();
        for from in all {
            let _ = everything(login(sandbox, &[from])).fails(7).says("who logs in with a YubiKey");
        }
        assert_eq!(fs::read(sandbox.file(".vouch/config.json")).unwrap(), before);
        assert_eq!(status(sandbox)["session"]["subject"], "alice");
        assert_eq!(job.asked(), [] as [&str; 0]);

        // A home of the job's own, and no second session over the first.
        let own = |run: Run| everything(run).env("VOUCH_HOME", sandbox.file("job/vouch"));
        fs::create_dir(sandbox.file("job")).unwrap();
        let _ = own(login(sandbox, &["token-file"])).ok();
        let _ = own(login(sandbox, &["github-actions"]))
            .fails(7)
            .says("is logged in here until")
            .says("vouch logout");
        let _ = own(login(sandbox, &["token-file"]).args(["--role", "arn:aws:iam::123456789012:role/Other"]))
            .fails(2);
        let _ = own(sandbox.vouch(&["logout"])).ok();
        let other = own(sandbox.vouch(&[
            "login",
            "--from",
            "token-file",
            "--role",
            "arn:aws:iam::123456789012:role/Other",
        ]));
        let _ = other.fails(7).says("AWS profile `vouch` is").says(ROLE);
        let _ = own(sandbox.vouch(&["login", "--from", "token-file"])).ok();
    });
}

#[test]
fn flags_that_mean_nothing_are_refused() {
    in_job(|sandbox, _| {
        for args in [
            &["--from", "nowhere"][..],
            &["--from", "github-actions", "--token-file", "x"],
            &["--from", "token-file", "--token-variable", "X"],
            &["--from", "github-actions", "--serial", "1"],
            &["--from", "github-actions", "--pin-stdin"],
            &["--from", "github-actions", "--if-needed"],
            &["--role", ROLE],
            &["--from", "github-actions", "--region", "us-east-1"],
            &["--audience", "x"],
        ] {
            let done = sandbox.vouch(&["login"]).args(args).fails(2);
            assert_eq!(done.stdout, "", "{args:?}");
        }
        let role = [
            "login",
            "--from",
            "token-variable",
            "--token-variable",
            "X",
            "--role",
            ROLE,
            "--region",
            "cn-north-1",
        ];
        let _ = sandbox.vouch(&role).env("X", "x").fails(7).says("partition");
        let _ = sandbox
            .vouch(&["login", "--from", "token-variable", "--token-variable", "X"])
            .fails(7)
            .says("no role");
    });
}
