//! Jobs in AWS, whose role credentials are used as they are: containers, instances, and what an environment held.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use vouch_e2e::job_agent::ROLE;
use vouch_e2e::job_role::{Endpoint, of_task};
use vouch_e2e::{Run, Sandbox, in_sandbox};

const CREDENTIAL: [&str; 2] = ["credential", "codeartifact"];
const RELATIVE: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
const FULL: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
const BUILD: &str = "/v2/credentials/build";
const OTHER: &str = "/v2/credentials/other";

fn in_aws(world: &str, body: impl FnOnce(&Sandbox)) {
    let world = Path::new(env!("CARGO_MANIFEST_DIR")).join("worlds").join(world);
    in_sandbox(&["--config", world.to_str().unwrap()], body);
}

fn login(sandbox: &Sandbox, from: &str) -> Run {
    sandbox.vouch(&["login", "--role", ROLE, "--from", from])
}

fn status(sandbox: &Sandbox) -> Value {
    serde_json::from_str(&sandbox.vouch(&["status", "--json"]).done().stdout).unwrap()
}

fn has_nothing(sandbox: &Sandbox) {
    assert_eq!(status(sandbox)["session"]["active"], false);
    assert!(!sandbox.file(".vouch/config.json").exists());
}

fn publishes_and_builds(sandbox: &Sandbox) {
    sandbox.set_up_cargo();
    sandbox.library("greeting");
    let publish = ["publish", "--registry", "my-repo", "--allow-dirty"];
    let _ = sandbox.cargo(&publish).within(sandbox.file("greeting")).ok();
    sandbox.program("hello", "greeting", "my-repo");
    let _ = sandbox.cargo(&["build"]).within(sandbox.file("hello")).ok();
}

/// Granted by the endpoint, callers asked of STS, tokens.
fn counts(sandbox: &Sandbox) -> (u64, u64, u64) {
    let count = |pointer| sandbox.count(pointer);
    (count("/metadata/granted"), count("/sts/get_caller_identity"), count("/codeartifact/granted"))
}

/// What a project could set to have other credentials, or to have these sent elsewhere.
fn led_astray(run: Run) -> Run {
    let run =
        run.env(FULL, "https://adversary.example/x").env(RELATIVE, OTHER).env("AWS_ACCESS_KEY_ID", "AKIA");
    let run =
        run.env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/etc/passwd").env("AWS_SECRET_ACCESS_KEY", "x");
    let run =
        run.env("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:9").env("AWS_SESSION_TOKEN", "x");
    run.env("AWS_EC2_METADATA_DISABLED", "true").env("AWS_PROFILE", "other")
}

/// Past the lives of tokens and credentials, which the world makes so that 3 seconds are enough.
fn renews(sandbox: &Sandbox) {
    let before = counts(sandbox);
    let _ = led_astray(sandbox.vouch(&CREDENTIAL)).ok();
    thread::sleep(Duration::from_secs(4));
    sandbox.write("empty/.keep", "");
    let _ = led_astray(sandbox.cargo(&["publish", "--dry-run", "--registry", "my-repo", "--allow-dirty"]))
        .within(sandbox.file("greeting"))
        .ok();
    let _ = led_astray(sandbox.vouch(&CREDENTIAL)).ok();
    let after = counts(sandbox);
    assert!(after.0 > before.0 && after.1 > before.1 && after.2 > before.2, "{before:?} {after:?}");
    assert_eq!(after.0 - before.0, after.1 - before.1, "each is looked at: {before:?} {after:?}");
}

#[test]
fn a_task_builds_and_publishes_and_renews() {
    in_aws("job-role.json", |sandbox| {
        let done = login(sandbox, "container").env(RELATIVE, BUILD).ok();
        let _ = done.says(&format!("logged in as {ROLE}"));
        let told = &status(sandbox)["session"];
        assert_eq!((&told["source"], &told["subject"]), (&"container".into(), &ROLE.into()));
        let _ = sandbox.vouch(&["status"]).ok().shows("role credentials come from the container's endpoint");
        assert_eq!(counts(sandbox), (1, 1, 0));
        publishes_and_builds(sandbox);
        assert_eq!(counts(sandbox).1, counts(sandbox).0);
        renews(sandbox);
        assert_eq!(sandbox.count("/sts/assume_role_with_web_identity"), 0);
        let _ = sandbox.vouch(&["doctor"]).ok();
        let _ = sandbox.vouch(&["logout"]).ok();
        let _ = sandbox.vouch(&CREDENTIAL).env(RELATIVE, BUILD).fails(3);
    });
}

#[test]
fn an_instance_builds_and_publishes_and_renews() {
    in_aws("job-role.json", |sandbox| {
        let _ = login(sandbox, "instance").ok().says(&format!("logged in as {ROLE}"));
        assert_eq!(counts(sandbox), (1, 1, 0));
        publishes_and_builds(sandbox);
        renews(sandbox);
        assert_eq!(sandbox.count("/metadata/refused"), 0);
        let _ = sandbox.vouch(&["status"]).ok().shows("the metadata service of this instance");
        let _ = sandbox.vouch(&["logout"]).ok();

        // Where there is none, the login says so, and soon.
        let silent =
            login(sandbox, "instance").env("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:9");
        let _ = silent.fails(5).says("cannot ask the metadata service");
        let elsewhere =
            login(sandbox, "instance").env("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://10.0.0.1");
        let _ = elsewhere.fails(7).says("AWS_EC2_METADATA_SERVICE_ENDPOINT").says("neither https");
    });
}

#[test]
fn a_pod_shows_what_its_file_holds_now() {
    in_aws("job-role.json", |sandbox| {
        let file = sandbox.file("eks-token");
        let pod = || {
            login(sandbox, "container")
                .env(FULL, "http://169.254.170.23/v1/credentials")
                .env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "eks-token")
        };
        let _ = pod().fails(7).says("cannot read what to show").says("eks-token");
        fs::write(&file, "made up").unwrap();
        let _ = pod().fails(6).says("answered 400");
        fs::write(&file, "a\nb").unwrap();
        let _ = pod().done();
        has_nothing(sandbox);
        fs::write(&file, "the-token-of-the-pod\n").unwrap();
        let _ = pod().ok();
        sandbox.set_up_cargo();
        // Rotated; the path was sealed absolute.
        sandbox.forget();
        fs::write(&file, "another-token-of-the-pod").unwrap();
        let _ = led_astray(sandbox.vouch(&CREDENTIAL)).within(Path::new("/")).ok();
        sandbox.forget();
        fs::remove_file(&file).unwrap();
        let _ = sandbox.vouch(&CREDENTIAL).fails(7).says("cannot read what to show");
    });
}

#[test]
fn the_caller_must_be_the_configured_role_each_time() {
    in_aws("job-role.json", |sandbox| {
        let _ = login(sandbox, "container").env(RELATIVE, OTHER).fails(7).says("role/Other").says(ROLE);
        has_nothing(sandbox);
        let endpoint = Endpoint::start(BUILD);
        let _ = login(sandbox, "container")
            .env(FULL, endpoint.url())
            .env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "shown to it alone")
            .ok();
        sandbox.set_up_cargo();
        let asked = endpoint.asked();
        assert!(asked.iter().all(|head| head.contains("shown to it alone")) && asked.len() == 1, "{asked:?}");
        // Later it is somebody else's.
        endpoint.has(OTHER);
        sandbox.forget();
        let _ = sandbox.vouch(&CREDENTIAL).fails(7).says("are those of").says("Other").says(ROLE);
        endpoint.has(BUILD);
        sandbox.forget();
        let _ = sandbox.vouch(&CREDENTIAL).ok();
        assert_eq!(endpoint.asked().len(), 2);
        // No other role is assumed with them.
        let other = ["setup", "aws", "--role", "arn:aws:iam::123456789012:role/Other", "--profile", "other"];
        let _ = sandbox.vouch(&other).ok();
        let _ =
            sandbox.vouch(&["credential", "aws", "--profile", "other"]).fails(7).says("this session is for");
        assert_eq!(endpoint.asked().len(), 0);
    });
}

#[test]
fn an_endpoint_that_is_none_gets_no_further() {
    in_aws("job-role.json", |sandbox| {
        let container = || login(sandbox, "container");
        let _ = container().fails(7).says("this container has no role").says(RELATIVE).says(FULL);
        for url in [
            "http://adversary.example/x",
            "http://10.0.0.1/",
            "http://user@127.0.0.1/",
            "x",
            "file:///etc/passwd",
        ] {
            let _ = container().env(FULL, url).fails(7).says(FULL);
        }
        let _ = container().env(RELATIVE, "@adversary.example/").fails(7).says(RELATIVE);
        let _ = container().env(RELATIVE, "/v2/credentials/none").fails(6).says("answered 400");
        let endpoint = Endpoint::start(BUILD);
        let ask = || container().env(FULL, endpoint.url());
        // A redirect is not followed: it could lead what is shown there anywhere.
        let elsewhere = format!("Location: http://169.254.170.2{BUILD}\r\n");
        endpoint.says("302 Found", &elsewhere, "");
        let _ = ask().fails(6).says("answered 302");
        for body in ["", "{}", "<html>", r#"{"AccessKeyId":1}"#] {
            endpoint.says("200 OK", "", body);
            let _ = ask().fails(5).says("gave no role credentials");
        }
        let mut given = of_task(BUILD);
        for (name, value, said) in [
            ("Expiration", "2001-01-01T00:00:00Z", "already expired"),
            ("Expiration", "soon", "not a time"),
            ("Token", "a b", "characters"),
            ("AccessKeyId", "", "is missing"),
        ] {
            let was = std::mem::replace(&mut given[name], value.into());
            endpoint.says("200 OK", "", &given.to_string());
            let _ = ask().fails(5).says(said);
            given[name] = was;
        }
        endpoint.says("503 Busy", "", "");
        let _ = ask().fails(5).says("answered 503");
        has_nothing(sandbox);
    });
}

fn with_credentials(run: Run, given: &Value) -> Run {
    let part = |name: &str| given[name].as_str().unwrap().to_owned();
    run.env("AWS_ACCESS_KEY_ID", part("AccessKeyId"))
        .env("AWS_SECRET_ACCESS_KEY", part("SecretAccessKey"))
        .env("AWS_SESSION_TOKEN", part("Token"))
}

#[test]
fn what_an_environment_held_ends_when_login_said() {
    in_aws("job-short.json", |sandbox| {
        let _ = login(sandbox, "environment").fails(7).says("AWS_ACCESS_KEY_ID is not set");
        let keys =
            login(sandbox, "environment").env("AWS_ACCESS_KEY_ID", "AKIA").env("AWS_SECRET_ACCESS_KEY", "x");
        let _ = keys.fails(7).says("AWS_SESSION_TOKEN is not set");
        let made_up = login(sandbox, "environment").env("AWS_ACCESS_KEY_ID", "ASIAAAAAAAAAAAAAAAAA");
        let _ = made_up
            .env("AWS_SECRET_ACCESS_KEY", "x")
            .env("AWS_SESSION_TOKEN", "x")
            .fails(6)
            .says("no longer accepts");
        let other = with_credentials(login(sandbox, "environment"), &of_task(OTHER));
        let _ = other.fails(7).says("are those of");
        let given = of_task(BUILD);
        let over = with_credentials(login(sandbox, "environment"), &given);
        let _ = over.env("AWS_CREDENTIAL_EXPIRATION", "2001-01-01T00:00:00Z").fails(3).says("have expired");
        let odd =
            with_credentials(login(sandbox, "environment"), &given).env("AWS_CREDENTIAL_EXPIRATION", "soon");
        let _ = odd.fails(7).says("AWS_CREDENTIAL_EXPIRATION is not a time");
        has_nothing(sandbox);

        let given = of_task(BUILD);
        let until = given["Expiration"].as_str().unwrap();
        let _ = with_credentials(login(sandbox, "environment"), &given)
            .env("AWS_CREDENTIAL_EXPIRATION", until)
            .ok();
        let told = status(sandbox);
        assert_eq!(told["session"]["expires_at"], until);
        sandbox.set_up_cargo();
        // The token ends with them, which no number of seconds could say: 900 are the least.
        let _ = led_astray(sandbox.vouch(&CREDENTIAL)).ok();
        assert_eq!(status(sandbox)["tokens"][0]["expires_at"], until);
        thread::sleep(Duration::from_secs(9));
        let _ = led_astray(sandbox.vouch(&CREDENTIAL)).fails(3).says("your session has expired");
    });
}

#[test]
fn an_environment_that_tells_no_end_ends_when_aws_says_so() {
    in_aws("job-short.json", |sandbox| {
        let _ = with_credentials(login(sandbox, "environment"), &of_task(BUILD)).ok();
        sandbox.set_up_cargo();
        let _ = sandbox.vouch(&CREDENTIAL).ok();
        thread::sleep(Duration::from_secs(9));
        let _ = sandbox.vouch(&CREDENTIAL).fails(3).says("your session has expired");
    });
}

#[test]
fn flags_of_id_tokens_mean_nothing_to_roles() {
    in_aws("job-role.json", |sandbox| {
        for from in ["container", "instance", "environment"] {
            for flag in [["--audience", "x"], ["--token-file", "x"], ["--token-variable", "X"]] {
                let _ = login(sandbox, from).args(flag).fails(2).says("means nothing to this source");
            }
        }
    });
}
