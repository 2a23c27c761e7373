//! The sandbox from within.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use vouch_core::home::Home;

use crate::command::Run;
use crate::files::{Files, tree};

/// Domain, owner and region of the default world's first domain, as flags.
pub const MY_DOMAIN: [&str; 6] =
    ["--domain", "my-domain", "--domain-owner", "123456789012", "--region", "us-east-1"];

/// The sandbox that a test runs in.
#[derive(Debug)]
pub struct Sandbox {
    home: PathBuf,
    site: String,
    attestation_root: String,
    pin: String,
}

/// Names the flags of the sandbox that a test runs in, to tell several calls of one test apart.
const FLAGS: &str = "VOUCH_E2E_FLAGS";

/// Runs `body` inside a sandbox of its own, started with `flags`. Fails if the sandbox cannot be had.
///
/// A test that calls this several times gives different flags each time.
pub fn in_sandbox(flags: &[&str], body: impl FnOnce(&Sandbox)) {
    let joined = flags.join(" ");
    if let Ok(outside) = env::var(FLAGS) {
        if outside == joined {
            body(&Sandbox::here());
        }
        return;
    }
    let test = thread::current().name().expect("a test's thread has the test's name").to_owned();
    let program = env::current_exe().expect("the test's program is known");
    let mut sandbox = Command::new(programs().join("vouch-sandbox"));
    sandbox.arg("run").args(flags).args([
        "--env",
        "VOUCH_TEST_CLIENTS",
        "--env",
        &format!("{FLAGS}={joined}"),
        "--",
    ]);
    sandbox.arg(program).args(["--exact", &test, "--nocapture", "--test-threads=1"]);
    let output = sandbox.output().expect("vouch-sandbox was built: `make test` does that first");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    println!("{said}");
    assert!(output.status.success(), "{test} failed inside the sandbox: {}", output.status);
    assert!(said.contains("1 passed"), "{test} did not run inside the sandbox");
}

/// The folder that cargo builds programs into: a test's own program lies in `deps` below it.
pub fn programs() -> PathBuf {
    let program = env::current_exe().expect("the test's program is known");
    program.ancestors().nth(2).expect("target/debug/deps/test").to_owned()
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("the sandbox sets {name}"))
}

impl Drop for Sandbox {
    /// As root, the sandbox's keyring is the machine's: what a test stored there is taken out again.
    fn drop(&mut self) {
        let logout = Command::new("vouch").arg("logout").env("VOUCH_HOME", self.file(".vouch")).output();
        if let Err(error) = logout {
            println!("cannot log out: {error}");
        }
    }
}

/// A service whose next request gets no answer yet.
#[derive(Debug)]
pub struct Held<'a> {
    sandbox: &'a Sandbox,
    service: &'a str,
    faulted: u64,
}

impl Held<'_> {
    /// Returns once the request is there.
    pub fn wait_for_request(&self) {
        while self.sandbox.count(&format!("/faulted/{}", self.service)) == self.faulted {
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            return;
        }
        self.sandbox.ctl(&["fault", self.service, "--clear"]);
    }
}

impl Sandbox {
    fn here() -> Self {
        Self {
            home: PathBuf::from(variable("HOME")),
            site: variable("VOUCH_SANDBOX_SITE"),
            attestation_root: variable("VOUCH_SANDBOX_ATTESTATION_ROOT"),
            pin: variable("VOUCH_SANDBOX_PIN"),
        }
    }

    /// The private home.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// A file of the issuers' web host.
    pub fn hosted(&self, name: &str) -> PathBuf {
        Path::new(&self.site).join(name)
    }

    /// `vouch issuer build` into the web host, with the root of the sandbox's cards and these arguments.
    pub fn build_site(&self, args: &[&str]) -> Run {
        self.build(&self.site, args)
    }

    /// The PIN of the cards.
    pub fn pin(&self) -> &str {
        &self.pin
    }

    /// A file in the home.
    pub fn file(&self, name: &str) -> PathBuf {
        self.home.join(name)
    }

    /// Reads a file in the home.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Writes a file in the home, with the folders that it needs.
    pub fn write(&self, name: &str, text: &str) {
        let file = self.file(name);
        fs::create_dir_all(file.parent().expect("a file is in a folder")).expect("the home is writable");
        // A configuration of Vouch is its owner's alone.
        let is_vouchs = !file.exists() && name.starts_with(".vouch/");
        fs::write(&file, text).expect("the home is writable");
        if is_vouchs {
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("the file is ours");
        }
    }

    /// A program, to be run in the home.
    pub fn run(&self, program: &str) -> Run {
        Run::new(program).within(&self.home)
    }

    /// `vouch` with arguments.
    pub fn vouch(&self, args: &[&str]) -> Run {
        self.run("vouch").args(args)
    }

    /// `vouch` with arguments, `--pin-stdin` and the PIN.
    pub fn vouch_with_pin(&self, args: &[&str]) -> Run {
        self.vouch(args).arg("--pin-stdin").stdin(format!("{}\n", self.pin))
    }

    /// `cargo` with arguments.
    pub fn cargo(&self, args: &[&str]) -> Run {
        self.run("cargo").args(args)
    }

    /// Tells the sandbox something.
    pub fn ctl(&self, args: &[&str]) -> Value {
        let done = Run::new("vouch-sandbox").arg("ctl").args(args).ok();
        serde_json::from_str(&done.stdout).unwrap_or(Value::Null)
    }

    /// Has a service answer nothing while the result is there. Only its next request is held.
    pub fn hold<'a>(&'a self, service: &'a str) -> Held<'a> {
        self.ctl(&["fault", service, "--hold", "--times", "1"]);
        Held { sandbox: self, service, faulted: self.count(&format!("/faulted/{service}")) }
    }

    /// One counter, such as `/sts/granted`.
    pub fn count(&self, pointer: &str) -> u64 {
        let stats = self.ctl(&["stats"]);
        let found = stats.pointer(pointer).and_then(Value::as_u64);
        found.unwrap_or_else(|| panic!("no counter {pointer} in {stats:#}"))
    }

    /// Enrolls the card for alice, hosts her issuer and sets her role up.
    pub fn enroll(&self) {
        let _ = self
            .vouch_with_pin(&["enroll", "--issuer", "https://id.example.com/alice", "--subject", "alice"])
            .ok();
        self.publish(&["enrollment.json"]);
        let role = "arn:aws:iam::123456789012:role/CodeArtifact";
        let _ = self.vouch(&["setup", "aws", "--role", role]).ok();
    }

    /// Hosts what `vouch issuer build` makes of enrollments, and nothing else.
    pub fn publish(&self, enrollments: &[&str]) {
        for entry in fs::read_dir(&self.site).expect("the site is there") {
            let path = entry.expect("the site can be read").path();
            let gone = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            gone.expect("the site is writable");
        }
        let _ = self.build(&self.site, enrollments).ok();
    }

    /// `vouch issuer build` with the root of the sandbox's cards.
    pub fn build(&self, out: &str, enrollments: &[&str]) -> Run {
        let root = ["--attestation-root", &self.attestation_root];
        self.vouch(&["issuer", "build", "--out", out]).args(root).args(enrollments)
    }

    /// Logs in with the card.
    pub fn log_in(&self) {
        let _ = self.vouch_with_pin(&["login"]).ok();
    }

    /// Ends the session as time does: the kernel takes its key away.
    pub fn end_session(&self) {
        let name = format!("vouch:{}", Home::at(self.file(".vouch")).expect("a home").id());
        let keys = fs::read_to_string("/proc/keys").expect("the kernel lists keys");
        // Those of earlier sessions may still be listed, as revoked or dead.
        let live = |line: &&str| {
            line.contains(&name) && !line.split_whitespace().nth(1).unwrap_or_default().contains(['R', 'D'])
        };
        let line = keys.lines().rfind(live).expect("a session");
        let serial = line.split_whitespace().next().expect("keys have numbers");
        // Only who possesses the key may change its time-out.
        let shorten = format!("keyctl link @u @s && keyctl timeout 0x{serial} 1");
        let _ = Run::new("keyctl").args(["session", "-", "sh", "-c", &shorten]).ok();
        thread::sleep(Duration::from_millis(1200));
    }

    /// The user's own files, without those of Vouch.
    pub fn user_files(&self) -> Files {
        let mut files = tree(&self.home);
        files.retain(|path, _| !path.starts_with(self.file(".vouch")) && !path.ends_with("enrollment.json"));
        files
    }

    /// Those of Vouch that say what is set up: its configuration, its records, its links and plugins. Credentials, what AWS
    /// said and locks come and go with any question.
    pub fn setup_files(&self) -> Files {
        let vouch = self.file(".vouch");
        let comes_and_goes = |path: &Path| {
            let folders = ["vault", "verdicts", "locks"].map(|name| vouch.join(name));
            folders.iter().any(|folder| path.starts_with(folder))
                || path.extension().is_some_and(|extension| extension == "lock")
        };
        let mut files = tree(&vouch);
        files.retain(|path, _| !comes_and_goes(path));
        files
    }

    /// `config.json`.
    pub fn config(&self) -> Value {
        serde_json::from_str(&self.read(".vouch/config.json")).expect("JSON")
    }

    /// Forgets role credentials and tokens, not the session.
    pub fn forget(&self) {
        for entry in fs::read_dir(self.file(".vouch/vault")).expect("a login has made the vault").flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.ends_with(".sealed") && !name.starts_with("session") {
                fs::remove_file(entry.path()).expect("the vault is writable");
            }
        }
    }

    /// Sets cargo up for `my-repo` of `my-domain`.
    pub fn set_up_cargo(&self) {
        let setup = ["setup", "codeartifact", "--tool", "cargo", "--repository", "my-repo"];
        let _ = self.vouch(&setup).args(MY_DOMAIN).ok();
    }

    /// Enrolled, cargo set up, and logged in: where most tests begin. Without a session nobody was asked for anything yet.
    pub fn ready(&self) {
        self.enroll();
        self.set_up_cargo();
        self.log_in();
    }

    /// A small library crate in the home.
    pub fn library(&self, name: &str) {
        let _ = self.cargo(&["new", "--quiet", "--lib", "--vcs", "none", name]).ok();
    }

    /// A program in the home that depends on a crate of a registry.
    pub fn program(&self, name: &str, dependency: &str, registry: &str) {
        let _ = self.cargo(&["new", "--quiet", "--vcs", "none", name]).ok();
        let manifest = format!("{name}/Cargo.toml");
        let dependency = format!("{dependency} = {{ version = \"0.1\", registry = \"{registry}\" }}\n");
        self.write(&manifest, &(self.read(&manifest) + &dependency));
    }
}
