//! The built helper, spoken to as Cargo does: request lines as cargo 1.95 sends them, in a home of its own.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests may fail loudly")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};
use vouch_core::exchange::Token;
use vouch_core::home::Home;
use vouch_core::identity::Identity;
use vouch_core::keystore::Keystore;
use vouch_core::session::{self, SessionDuration};
use vouch_core::vault::EntryName;
use vouch_core::{Secret, UnixTime};

const URL: &str =
    "sparse+https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/cargo/my-repo/";
const ROLE: &str = "arn:aws:iam::123456789012:role/CodeArtifact";

/// A home with `my-repo` set up, and a custom host for another repository.
struct TestUser {
    dir: tempfile::TempDir,
    home: Home,
}

impl TestUser {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path().join("vouch")).unwrap();
        home.create().unwrap();
        let person = Self { dir, home };
        person.configure(&json!({
            "version": 1,
            "aws": { "profiles": { "vouch": { "role_arn": ROLE, "region": "us-east-1" } } },
            "codeartifact": {
                "profiles": { "default": { "domain": "my-domain", "domain_owner": "123456789012", "region": "us-east-1" } },
                "registrations": [
                    { "tool": "cargo", "repository": "my-repo", "profile": "default", "endpoint": &URL[7..] },
                    { "tool": "cargo", "repository": "bearer", "profile": "default", "token_prefix": "Bearer ",
                      "endpoint": "https://packages.example.com/cargo/bearer/" }
                ]
            }
        }).to_string());
        person
    }

    fn configure(&self, text: &str) {
        std::fs::write(self.home.config_file(), text).unwrap();
        self.set_config_mode(0o600);
    }

    fn set_config_mode(&self, mode: u32) {
        let permissions = std::os::unix::fs::PermissionsExt::from_mode(mode);
        std::fs::set_permissions(self.home.config_file(), permissions).unwrap();
    }

    /// Logs in with a key in memory and puts a token in the vault.
    fn log_in(&self, token: &str) -> UnixTime {
        let key = SigningKey::from_slice(&[7; 32]).unwrap();
        let point = key.verifying_key().to_sec1_point(false);
        let public = vouch_core::identity::SigningKey::from_point(point.as_bytes()).unwrap();
        let identity: Identity = serde_json::from_value(json!({
            "issuer": "https://id.example.com/alice",
            "subject": "alice",
            "keys": [{ "serial": 1, "slot": "82", "kid": public.thumbprint(), "public_key": public }]
        }))
        .unwrap();
        let keystore = Keystore::from_env(&self.home).unwrap();
        session::login(
            &self.home,
            &keystore,
            &identity,
            &identity.keys[0],
            SessionDuration::default(),
            |digest: &[u8; 32]| {
                let signature: Signature = key.sign_prehash(digest).unwrap();
                Ok(signature.to_bytes().into())
            },
        )
        .unwrap();
        let vault = session::open(&self.home, &keystore).unwrap();
        let expires_at = UnixTime::now().plus(3600);
        let name =
            EntryName::new("token", &[ROLE, "us-east-1", "my-domain", "123456789012", "us-east-1", "hour"]);
        let token = Token { value: Secret::new(token.to_owned()), expires_at };
        vault.write(&name, &token, expires_at).unwrap();
        expires_at
    }

    /// The answer to one request, after the hello line; the helper must end well and say nothing else.
    fn ask(&self, request: &Value) -> Value {
        let output = run(self.dir.path(), &self.home, &format!("{request}\n"));
        assert!(output.status.success(), "{output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        let stdout = String::from_utf8(output.stdout).unwrap();
        let lines: Vec<_> = stdout.lines().collect();
        assert_eq!(lines.len(), 2, "{stdout}");
        assert_eq!(lines[0], r#"{"v":[1]}"#);
        serde_json::from_str(lines[1]).unwrap()
    }

    fn read(&self, url: &str) -> Value {
        self.ask(&json!({ "v": 1, "registry": { "index-url": url }, "kind": "get", "operation": "read" }))
    }
}

impl Drop for TestUser {
    fn drop(&mut self) {
        if let Ok(keystore) = Keystore::from_env(&self.home) {
            let _ = session::logout(&self.home, &keystore);
        }
    }
}

fn run(dir: &Path, home: &Home, input: &str) -> Output {
    let mut helper = Command::new(env!("CARGO_BIN_EXE_cargo-credential-vouch"))
        .arg("--cargo-plugin")
        .env_clear()
        .env("HOME", dir)
        .env("VOUCH_HOME", home.path())
        .current_dir(dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    helper.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    helper.wait_with_output().unwrap()
}

fn other(answer: &Value) -> String {
    let error = &answer["Err"];
    assert_eq!(error["kind"], "other", "{answer}");
    let causes = error["caused-by"].as_array().unwrap().iter().map(|cause| cause.as_str().unwrap());
    std::iter::once(error["message"].as_str().unwrap()).chain(causes).collect::<Vec<_>>().join("\n")
}

#[test]
fn foreign_registries_are_for_the_next_provider() {
    let person = TestUser::new();
    person.log_in("tok");
    for url in [
        "https://github.com/rust-lang/crates.io-index",
        "sparse+https://index.crates.io/",
        "sparse+https://packages.example.com/cargo/else/",
        "sparse+https://packages.example.com/cargo/bearer2/",
        "sparse+https://packages.example.com.evil.example/cargo/bearer/",
        "sparse+http://packages.example.com/cargo/bearer/",
        "nonsense",
        "",
    ] {
        assert_eq!(person.read(url), json!({ "Err": { "kind": "url-not-supported" } }), "{url}");
    }
    for kind in ["login", "logout"] {
        let request =
            json!({ "v": 1, "registry": { "index-url": "sparse+https://index.crates.io/" }, "kind": kind });
        assert_eq!(person.ask(&request), json!({ "Err": { "kind": "url-not-supported" } }), "{kind}");
    }
}

#[test]
fn look_alikes_get_no_token() {
    let person = TestUser::new();
    person.log_in("tok");
    for url in [
        URL.replace("https:", "http:"),
        URL.replace(".com/", ".com:8443/"),
        URL.replace(".com/", ".com:0443/"),
        URL.replace(".com/", ".com\\@127.0.0.1:9443/"),
        URL.replace("//", "//evil.example\\@"),
        URL.replace("//", "/\\"),
        URL.replace("//", "/"),
        URL.replace("//", "////"),
        URL.replace("https://", "https:/aws:hunter2@"),
        URL.replace("https://", "https:\\\\aws:hunter2@"),
        URL.replace("https://", "https://aws:hun/hunter2@"),
        URL.replace("https:", "HTTPS:"),
        URL.replace("my-domain", "MY-DOMAIN"),
        format!("{URL}../../maven/my-repo/"),
        format!("{URL}%2e%2e/other/"),
        format!("{URL}..;/other/"),
        format!("{URL}?x"),
        format!(" {URL}"),
        format!("{URL}\n"),
        "sparse+https://packages.example.com\\@127.0.0.1:9443/cargo/bearer/".into(),
        "sparse+https://packages.example.com/cargo/bearer/../else/".into(),
        "sparse+https://packages.example.com/cargo/bearer/%2e%2e/else/".into(),
        "sparse+https://PACKAGES.example.com/cargo/bearer/".into(),
        "sparse+https://aws@packages.example.com/cargo/bearer/".into(),
        URL.replace("//", "//aws@"),
        URL.replace("//", "//aws:hunter2@"),
        URL.replace(".com/", ".com.evil.example/"),
        URL.replace("amazonaws.com", "amazonaws.evil.example"),
        URL.replace("123456789012", "12345678901"),
        URL.replace("123456789012", "1234567890123"),
        URL.replace(".com/", ".com./"),
        URL.replace("my-domain", "mу-domain"),
        URL.replace("my-domain", "ｍy-domain"),
        URL.replace("my-domain", "%6dy-domain"),
        URL.replace("123456789012", "999999999999"),
        URL.replace("my-domain-1", "other-domain-1"),
        URL.replace("us-east-1", "us-west-2"),
        URL.replace("amazonaws.com", "on.aws"),
        URL.replace("amazonaws.com", "amazonaws.cn"),
        URL.replace("us-east-1.amazonaws.com", "cn-north-1.amazonaws.cn"),
        URL.replace("my-domain", "evil.example/my-domain"),
    ] {
        let answer = person.read(&url);
        assert!(answer.get("Ok").is_none(), "{url}: {answer}");
        assert!(!answer.to_string().contains("hunter2") && !answer.to_string().contains("tok\""), "{answer}");
    }
}

#[test]
fn every_operation_gets_the_token_with_its_real_expiry() {
    let person = TestUser::new();
    let expiry = person.log_in("eyJ.token\n");
    let expected = json!({ "Ok": {
        "kind": "get", "token": "eyJ.token", "cache": "expires", "expiration": expiry.0,
        "operation_independent": true
    } });
    let headers =
        json!(["WWW-Authenticate: Bearer realm=\"x\", Cargo login_url=\"http://127.0.0.1/me\"", "X: y"]);
    for request in [
        json!({ "v": 1, "registry": { "index-url": URL, "name": "my-repo", "headers": headers },
                "kind": "get", "operation": "read", "args": ["--profile", "arg with space"] }),
        json!({ "v": 1, "registry": { "index-url": URL }, "kind": "get", "operation": "read" }),
        json!({ "v": 1, "registry": { "index-url": URL, "name": "my-repo" }, "kind": "get", "operation": "publish",
                "name": "dep1", "vers": "0.1.3609", "cksum": "00", "args": [] }),
        json!({ "v": 1, "registry": { "index-url": URL }, "kind": "get", "operation": "yank", "name": "dep1", "vers": "0.1.0" }),
        json!({ "v": 1, "registry": { "index-url": URL }, "kind": "get", "operation": "unyank", "name": "dep1", "vers": "0.1.0" }),
        json!({ "v": 1, "registry": { "index-url": URL }, "kind": "get", "operation": "owners", "name": "dep1" }),
        json!({ "v": 1, "registry": { "index-url": URL }, "kind": "get", "operation": "levitate", "height": 1 }),
        // The port that goes without saying.
        json!({ "v": 1, "registry": { "index-url": URL.replace(".com/", ".com:443/") }, "kind": "get", "operation": "read" }),
        // Any repository of the domain: the token is the domain's.
        json!({ "v": 1, "registry": { "index-url": URL.replace("my-repo", "other") }, "kind": "get", "operation": "read" }),
    ] {
        assert_eq!(person.ask(&request), expected, "{request}");
    }
    let bearer = person.read("sparse+https://packages.example.com/cargo/bearer/");
    assert_eq!(bearer["Ok"]["token"], "Bearer eyJ.token");
}

#[test]
fn a_token_that_cannot_be_sent_is_not_answered() {
    for token in ["", " \n", "two words", "line\nbreak", "\u{1b}[31m", "ä"] {
        let person = TestUser::new();
        person.log_in(token);
        assert!(other(&person.read(URL)).contains("cannot be sent"), "{token:?}");
    }
}

#[test]
fn failures_tell_the_whole_story() {
    let person = TestUser::new();
    assert_eq!(other(&person.read(URL)), "you are not logged in\nhint: Run `vouch login`.");
    let unknown = other(&person.read(&URL.replace("123456789012", "999999999999")));
    assert!(
        unknown.contains("nothing was set up") && unknown.contains("--domain-owner 999999999999"),
        "{unknown}"
    );
    let unsafe_url = other(&person.read(&URL.replace(".com/", ".com:8443/")));
    assert!(unsafe_url.contains("it names a port"), "{unsafe_url}");
    person.configure("{\n oops");
    let broken = other(&person.read(URL));
    assert!(broken.contains("line 2") && broken.contains("hint: "), "{broken}");
    person.configure(&json!({ "version": 9 }).to_string());
    assert!(other(&person.read(URL)).contains("version 9"));
}

#[test]
fn a_home_that_a_project_may_have_supplied_gives_no_token() {
    let person = TestUser::new();
    person.log_in("tok");
    assert!(person.read(URL)["Ok"].is_object());
    person.set_config_mode(0o644);
    let told = other(&person.read(URL));
    assert!(told.contains("other users have access") && told.contains("chmod go= "), "{told}");
    person.set_config_mode(0o600);
    std::fs::create_dir(person.dir.path().join(".git")).unwrap();
    let told = other(&person.read(URL));
    assert!(told.contains("in the git repository") && told.contains("Unset VOUCH_HOME"), "{told}");
    std::fs::remove_dir(person.dir.path().join(".git")).unwrap();
    assert!(person.read(URL)["Ok"].is_object());
}

#[test]
fn the_home_that_cargos_configuration_names_is_asked_whatever_the_environment_says() {
    let (alice, bob) = (TestUser::new(), TestUser::new());
    alice.log_in("of-alice");
    bob.log_in("of-bob");
    let ask = |args: Value| {
        alice.ask(&json!({
            "v": 1, "registry": { "index-url": URL }, "kind": "get", "operation": "read", "args": args
        }))
    };
    let bobs = bob.home.path().to_str().unwrap();
    assert_eq!(ask(json!([]))["Ok"]["token"], "of-alice");
    assert_eq!(ask(json!(["--home", bobs]))["Ok"]["token"], "of-bob");
    assert_eq!(ask(json!([format!("--home={bobs}"), "more"]))["Ok"]["token"], "of-bob");
    // Judged as one that VOUCH_HOME names; none of them falls back on another.
    for wrong in [json!(["--home"]), json!(["--home", ""]), json!(["--home", "relative"]), json!(["--home="])]
    {
        assert!(other(&ask(wrong.clone())).contains("not an absolute path"), "{wrong}");
    }
    let nobodys = alice.dir.path().join("nobody");
    assert!(ask(json!(["--home", nobodys]))["Err"].is_object());
    std::fs::create_dir(bob.dir.path().join(".git")).unwrap();
    let told = other(&ask(json!(["--home", bobs])));
    assert!(told.contains("in the git repository") && !told.contains("VOUCH_HOME"), "{told}");
}

#[test]
fn login_and_logout_are_about_the_session_and_leave_it() {
    let person = TestUser::new();
    let request = |kind: &str| json!({ "v": 1, "registry": { "index-url": URL }, "kind": kind });
    assert!(other(&person.ask(&request("login"))).contains("vouch login"));
    assert_eq!(person.ask(&request("logout")), json!({ "Err": { "kind": "not-found" } }));
    person.log_in("tok");
    assert_eq!(person.ask(&request("login")), json!({ "Ok": { "kind": "login" } }));
    let mut typed = request("login");
    typed["login-url"] = "http://127.0.0.1/me".into();
    typed["token"] = "hunter2\n".into();
    let refused = other(&person.ask(&typed));
    assert!(refused.contains("keeps no token") && !refused.contains("hunter2"), "{refused}");
    typed["token"] = " ".into();
    assert_eq!(person.ask(&typed), json!({ "Ok": { "kind": "login" } }));
    typed["token"] = "hunter2".into();
    let answer = other(&person.ask(&typed));
    assert!(answer.contains("keeps no token") && !answer.contains("hunter2"), "{answer}");
    assert!(other(&person.ask(&request("logout"))).contains("`vouch logout`"));
    assert_eq!(person.read(URL)["Ok"]["token"], "tok");
}

#[test]
fn what_the_protocol_does_not_know_is_answered() {
    let person = TestUser::new();
    let unknown = json!({ "v": 1, "registry": { "index-url": URL }, "kind": "dance" });
    assert_eq!(person.ask(&unknown), json!({ "Err": { "kind": "operation-not-supported" } }));
    other(
        &person.ask(&json!({ "v": 2, "registry": { "index-url": URL }, "kind": "get", "operation": "read" })),
    );
    other(&person.ask(&json!("nonsense")));
    // What is not understood is not shown.
    for request in [
        json!({ "v": 1, "registry": { "index-url": ["https://aws:hunter2@h.example/"] }, "kind": "get" }),
        json!({ "v": "hunter2", "registry": { "index-url": URL }, "kind": "login", "token": "hunter2" }),
        json!({ "v": 1, "registry": "hunter2", "kind": "login", "token": "hunter2\n" }),
        json!({ "hunter2": "hunter2" }),
    ] {
        assert!(!person.ask(&request).to_string().contains("hunter2"), "{request}");
    }
    let output = run(person.dir.path(), &person.home, "{\"v\": 1, hunter2\n");
    assert!(output.status.success() && !String::from_utf8_lossy(&output.stdout).contains("hunter2"));
    // Cargo that goes away without a word is no failure.
    let output = run(person.dir.path(), &person.home, "");
    assert!(output.status.success());
    assert_eq!(output.stdout, b"{\"v\":[1]}\n");
}

#[test]
fn the_log_goes_to_stderr_and_shows_no_secret() {
    let person = TestUser::new();
    person.log_in("hunter2");
    let mut helper = Command::new(env!("CARGO_BIN_EXE_cargo-credential-vouch"));
    helper
        .env_clear()
        .env("HOME", person.dir.path())
        .env("VOUCH_HOME", person.home.path())
        .env("VOUCH_LOG", "trace");
    helper.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = helper.spawn().unwrap();
    let request = json!({ "v": 1, "registry": { "index-url": URL }, "kind": "get", "operation": "read", "args": ["x"] });
    child.stdin.take().unwrap().write_all(format!("{request}\n").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(log.contains("ignored") && !log.contains("hunter2"), "{log}");
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 2);
}
