//! One token for pip, as three programs answer with it: ours, keyring with keyrings.codeartifact, and the AWS CLI.
//!
//! The other two get their credentials from `vouch credential aws`, as a profile of the AWS CLI names it, and keep nothing
//! themselves.

use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Map, Value, json};
use vouch_e2e::Run;
use vouch_e2e::python::{index, installed};

use crate::measure::{cpu, median, resident_kib, round, timed};
use crate::programs::forget;

const OURS: &str = "pip-keyring-vouch";
const PEERS: [&str; 3] = [OURS, "keyrings.codeartifact-2.1.2", "awscli-1.46.3"];

/// All of them, each measurement in a process of its own, so that the memory of one is not counted for another.
pub(crate) fn side_by_side() -> Value {
    let bench = env::current_exe().expect("the program is known");
    let state = |peer: &str, state: &str| {
        // From here: it takes more memory than what is measured.
        let _ = Run::new("vouch-sandbox").args(["ctl", "reset"]).ok();
        let output = Run::new(&bench).args(["keyring", peer, state]).ok().stdout;
        serde_json::from_str::<Value>(&output).expect("a line of JSON")
    };
    // In this order: what is cold first leaves everything warm.
    let measured = |peer: &str| {
        let cold = state(peer, "cold");
        (peer.to_owned(), json!({ "cold": cold, "warm": state(peer, "warm") }))
    };
    let all: Map<String, Value> = PEERS.into_iter().map(measured).collect();
    let wall = |peer: &str, state: &str| {
        all.get(peer).and_then(|peer| peer[state]["wall_ms"].as_f64()).unwrap_or(f64::NAN)
    };
    let times = |state| {
        let ratio = |peer: &&str| ((*peer).to_owned(), json!(round(wall(peer, state) / wall(OURS, state))));
        PEERS.iter().skip(1).map(ratio).collect::<Map<_, _>>()
    };
    json!({
        "what": "one token for pip: wall time, CPU, memory and calls to AWS of each run",
        "slower_than_ours_cold": times("cold"), "slower_than_ours_warm": times("warm"), "measured": all,
    })
}

/// One of them, without anything in the vault or with everything that the run before has left.
pub(crate) fn one(peer: &str, cold: bool) -> Value {
    let runs = if peer == OURS { 40_u32 } else { 8 };
    let (mut wall, mut used) = (Vec::new(), std::time::Duration::ZERO);
    for _ in 0..runs {
        if cold {
            forget();
        }
        let before = cpu();
        wall.push(timed(|| ask(peer)));
        used += cpu() - before;
    }
    let resident = resident_kib();
    let stats = Run::new("vouch-sandbox").args(["ctl", "stats"]).ok().stdout;
    let stats: Value = serde_json::from_str(&stats).expect("stats are JSON");
    let calls =
        |pointer| round(stats.pointer(pointer).and_then(Value::as_f64).unwrap_or(f64::NAN) / f64::from(runs));
    json!({
        "wall_ms": round(median(wall).as_secs_f64() * 1000.0),
        "cpu_ms": round(used.as_secs_f64() * 1000.0 / f64::from(runs)), "resident_kib_max": resident,
        "sts_calls": calls("/sts/assume_role_with_web_identity"),
        "codeartifact_calls": calls("/codeartifact/get_authorization_token"), "runs": runs,
    })
}

/// Runs it once; panics unless it answers with a token.
fn ask(peer: &str) {
    let url = index("", "my-repo");
    let (program, words): (PathBuf, Vec<&str>) = match peer {
        OURS => (OURS.into(), vec!["get", &url, "aws"]),
        name if name.starts_with("keyrings") => {
            (installed(name).join("bin/keyring"), vec!["get", &url, "aws"])
        }
        name => {
            let words = "codeartifact get-authorization-token --domain my-domain --domain-owner 123456789012 \
                --region us-east-1 --query authorizationToken --output text";
            (installed(name).join("bin/aws"), words.split_whitespace().collect())
        }
    };
    let mut command = Command::new(program);
    command.args(words).env("AWS_PROFILE", "vouch").env("AWS_DEFAULT_REGION", "us-east-1");
    // Looking for a machine that gives credentials away takes seconds and finds none.
    command.env("AWS_EC2_METADATA_DISABLED", "true").stdin(Stdio::null());
    let output = command.output().expect("it starts");
    let token = String::from_utf8_lossy(&output.stdout);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && token.trim().len() > 100, "{peer}: {said}");
}
