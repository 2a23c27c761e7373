//! Vouch for Windows, as `make windows` builds it, under Wine: not a part of `make test`.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use vouch_e2e::helper::INDEX;
use vouch_e2e::job::{ISSUER, Issuer};
use vouch_e2e::windows::{Windows, path};
use vouch_e2e::{MY_DOMAIN, Run, Sandbox, in_sandbox};

const HOST: &str = "my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com";
const CREDENTIAL: [&str; 2] = ["credential", "codeartifact"];

fn on_windows(body: impl FnOnce(&Sandbox, &Windows, &Issuer)) {
    let world = Path::new(env!("CARGO_MANIFEST_DIR")).join("worlds/job.json");
    in_sandbox(&["--config", world.to_str().unwrap()], |sandbox| {
        let windows = Windows::start(sandbox);
        body(sandbox, &windows, &Issuer::publish(sandbox));
    });
}

fn set_up(windows: &Windows, tool: &str) -> Run {
    windows.vouch(&["setup", "codeartifact", "--repository", "my-repo", "--tool", tool]).args(MY_DOMAIN)
}

/// Whether the registry takes it, for a client of this machine.
fn registry_takes(sandbox: &Sandbox, token: &str) {
    let url = format!("https://{HOST}/cargo/my-repo/config.json");
    // As Cargo sends it.
    let header = format!("Authorization: {token}");
    let curl = sandbox.run("curl").args(["--silent", "--output", "/dev/null", "--write-out", "%{http_code}"]);
    let roots = std::env::var("AWS_CA_BUNDLE").unwrap();
    let done = curl.args(["--cacert", &roots, "--header", &header, &url]).ok();
    assert_eq!(done.stdout, "200", "{done}");
}

/// One question in Cargo's protocol.
fn ask_as_cargo(windows: &Windows, index: &str) -> Result<Value, Value> {
    let registry = json!({"index-url": index, "name": "my-repo"});
    let request = json!({"v": 1, "registry": registry, "kind": "get", "operation": "read"});
    let helper = windows.run("cargo-credential-vouch").arg("--cargo-plugin");
    let done = helper.stdin(format!("{request}\n")).ok();
    let mut lines = done.stdout.lines();
    assert_eq!(lines.next(), Some(r#"{"v":[1]}"#), "{done}");
    let answer: Value = serde_json::from_str(lines.next().unwrap()).unwrap();
    match answer.get("Ok") {
        Some(ok) => Ok(ok.clone()),
        None => Err(answer["Err"].clone()),
    }
}

#[test]
fn a_session_is_in_the_credential_manager_while_it_lasts() {
    on_windows(|sandbox, windows, issuer| {
        let _ = windows.vouch(&["status"]).fails(3);
        windows.log_in(issuer);
        let _ = set_up(windows, "cargo").ok();
        let told = windows.vouch(&["status", "--json"]).ok();
        let told: Value = serde_json::from_str(&told.stdout).unwrap();
        assert_eq!((&told["session"]["active"], &told["session"]["issuer"]), (&true.into(), &ISSUER.into()));
        let _ =
            windows.vouch(&["doctor", "--all"]).done().shows("the Credential Manager holds the session key");
        let token = windows.vouch(&CREDENTIAL).ok().stdout;
        registry_takes(sandbox, token.trim());
        // One token for the proof of the setup, and one for who asked.
        assert_eq!((sandbox.count("/sts/granted"), sandbox.count("/codeartifact/granted")), (1, 2));
        // What is sealed opens to nobody without the key.
        for file in files(&windows.file(".vouch")) {
            let bytes = fs::read(&file).unwrap();
            assert!(!contains(&bytes, token.trim().as_bytes()), "{}", file.display());
        }
        let _ = windows.vouch(&["logout"]).ok();
        let _ = windows.vouch(&CREDENTIAL).fails(3).says("you are not logged in");
        assert!(files(&windows.file(".vouch/vault")).iter().all(|file| !file.ends_with("sealed")));
    });
}

#[test]
fn setup_writes_paths_of_windows_and_undo_takes_them_back() {
    on_windows(|_, windows, issuer| {
        windows.log_in(issuer);
        // A person's own, with the ends of lines that editors write there.
        let own = [
            (".cargo/config.toml", "# mine\r\n[net]\r\nretry = 3\r\n"),
            ("AppData/Roaming/pip/pip.ini", "[global]\r\ntimeout = 60\r\n"),
            ("AppData/Roaming/uv/uv.toml", "# mine\r\nnative-tls = true\r\n"),
            (".npmrc", "; mine\r\nfund=false\r\n"),
        ];
        for (name, text) in own {
            windows.write(name, text);
        }
        for tool in ["cargo", "pip", "npm", "uv"] {
            let _ = set_up(windows, tool).ok();
        }
        let written = own.map(|(name, _)| windows.read(name));
        for (text, (name, before)) in written.iter().zip(own) {
            assert!(text.contains(before.lines().next().unwrap()), "{name}: {text}");
            assert!(text.split_inclusive('\n').all(|line| line.ends_with("\r\n")), "{name}: {text:?}");
        }
        assert!(written[0].contains("cargo-credential-vouch"), "{}", written[0]);
        assert!(written[1].contains(&format!("https://aws@{HOST}/pypi/my-repo/simple/")), "{}", written[1]);
        assert!(written[3].contains(&format!("//{HOST}/npm/my-repo/:_authToken=")), "{}", written[3]);
        let _ = windows.vouch(&["undo", "--all"]).ok();
        for (name, before) in own {
            assert_eq!(windows.read(name), before, "{name}");
        }
    });
}

#[test]
fn a_file_that_may_not_be_written_stays_as_it_is() {
    on_windows(|_, windows, issuer| {
        windows.log_in(issuer);
        windows.write(".cargo/config.toml", "# mine\r\n");
        let file = windows.file(".cargo/config.toml");
        let attribute = windows.vouch(&["exec", "--type", "aws", "--", "attrib", "+r"]).arg(path(&file));
        let _ = attribute.ok();
        assert!(fs::metadata(&file).unwrap().permissions().readonly());
        let _ = set_up(windows, "cargo").fails(7).says("config.toml");
        assert_eq!(windows.read(".cargo/config.toml"), "# mine\r\n");
    });
}

#[test]
fn the_helpers_speak_their_clients_protocols() {
    on_windows(|sandbox, windows, issuer| {
        windows.log_in(issuer);
        for tool in ["cargo", "pip"] {
            let _ = set_up(windows, tool).ok();
        }
        let answer = ask_as_cargo(windows, INDEX).unwrap();
        let token = answer["token"].as_str().unwrap().trim_start_matches("Bearer ").to_owned();
        registry_takes(sandbox, &token);
        let other = ask_as_cargo(windows, "sparse+https://adversary.example/").unwrap_err();
        assert_eq!(other["kind"], "url-not-supported");
        let url = format!("https://{HOST}/pypi/my-repo/simple/");
        let said = windows.run("pip-keyring-vouch").args(["get", &url, "aws"]).ok();
        assert_eq!(said.stdout.trim_end(), token);
        let _ = windows
            .run("pip-keyring-vouch")
            .args(["get", "https://adversary.example/", "aws"])
            .done()
            .never_says(&token);
        // One token for the proof of each setup, and one for all who asked.
        assert_eq!((sandbox.count("/sts/granted"), sandbox.count("/codeartifact/granted")), (1, 3));
    });
}

#[test]
fn twenty_processes_make_one_question() {
    on_windows(|sandbox, windows, issuer| {
        windows.log_in(issuer);
        let _ = set_up(windows, "cargo").ok();
        sandbox.ctl(&["reset"]);
        let running: Vec<_> = (0..20).map(|_| windows.vouch(&CREDENTIAL).start()).collect();
        let mut tokens: Vec<String> =
            running.into_iter().map(|running| running.wait().expect_code(0).stdout).collect();
        tokens.dedup();
        assert_eq!(tokens.len(), 1);
        assert_eq!(sandbox.count("/codeartifact/granted"), 1);
        // Twenty at once that write one file: every line of it is there, and nothing else is left beside it.
        let running: Vec<_> = (0..20)
            .map(|at| {
                let role = ["setup", "aws", "--role", "arn:aws:iam::123456789012:role/Build", "--profile"];
                windows.vouch(&role).arg(format!("p{at}")).start()
            })
            .collect();
        for running in running {
            let _ = running.wait().expect_code(0);
        }
        let config: Value = serde_json::from_str(&windows.read(".vouch/config.json")).unwrap();
        let profiles = config["aws"]["profiles"].as_object().unwrap();
        assert!((0..20).all(|at| profiles.contains_key(&format!("p{at}"))), "{config}");
        let beside = files(&windows.file(".vouch"));
        assert!(!beside.iter().any(|file| file.to_string_lossy().contains(".tmp")), "{beside:?}");
    });
}

#[test]
fn exec_gives_variables_to_one_program_and_its_code_back() {
    on_windows(|_, windows, issuer| {
        windows.log_in(issuer);
        let _ = set_up(windows, "cargo").ok();
        let exec = ["exec", "--type", "codeartifact", "--", "cmd", "/c"];
        let done = windows.vouch(&exec).arg("echo %CODEARTIFACT_AUTH_TOKEN%").ok();
        assert!(done.stdout.starts_with("eyJ"), "{done}");
        let _ = windows.vouch(&exec).arg("exit 7").fails(7);
        let _ = windows.vouch(&["exec", "--type", "aws", "--", "not-there"]).fails(127).says("not-there");
    });
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let all = entries.flatten().flat_map(|entry| match entry.path().is_dir() {
        true => files(&entry.path()),
        false => vec![entry.path()],
    });
    all.collect()
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}
