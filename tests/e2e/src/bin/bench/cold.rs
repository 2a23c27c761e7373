//! Both calls to AWS, beside a client that does nothing but these.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use serde_json::{Value, json};
use vouch_core::home::Home;
use vouch_core::keystore::Keystore;
use vouch_core::session::{self, Session};
use vouch_e2e::Run;

use crate::measure::{Costs, milliseconds, ratio, reset_stats, round, stats, timed};
use crate::programs::{LINKINGS, Program, finish, forget, home};

const REGION: &str = "us-east-1";
const ROLE: &str = "arn:aws:iam::123456789012:role/CodeArtifact";

/// Where the sandbox is as far away as it was told, in milliseconds.
pub(crate) fn exchange(rtt_ms: u64) -> Value {
    let requests = written();
    let rounds = if rtt_ms < 50 { 60 } else { 20 };
    let mut all = Vec::new();
    for linking in LINKINGS {
        all.push((Program::reference(linking, &requests), Costs::default()));
        all.push((Program::cargo(linking), Costs::default()));
    }
    for round in 0..=rounds {
        for (program, costs) in &mut all {
            forget();
            match round {
                0 => program.ask(),
                _ => costs.add(|| program.ask()),
            }
        }
    }
    let limit = Duration::from_millis(4 * rtt_ms);
    let rows: Vec<Value> = all
        .chunks(2)
        .flat_map(|pair| pair.iter().map(|(program, costs)| (program, costs, &pair[0].1)))
        .map(|(program, costs, reference)| {
            forget();
            json!({
                "program": program.name,
                "median_ms": milliseconds(costs.median()), "least_ms": milliseconds(costs.least()),
                "cpu_ms": milliseconds(costs.cpu()), "over_round_trips_alone": ratio(costs.median(), reference.median()),
                "resident_kib": program.resident_kib(),
            })
        })
        .collect();
    json!({
        "what": "cold exchange", "rtt_ms": rtt_ms, "four_round_trips_ms": milliseconds(limit), "rounds": rounds, "rows": rows,
        "budget": { "over_round_trips_alone": 1.05, "cpu_ms": 3.0, "resident_kib": 5120 },
    })
}

/// Many callers at once, with nothing in the vault or with the answer in it.
pub(crate) fn crowd(callers: usize, is_cold: bool) -> Value {
    let helper = Program::cargo("static");
    if is_cold {
        forget();
    } else {
        helper.ask();
    }
    reset_stats();
    let start = Instant::now();
    let children: Vec<_> = (0..callers).map(|_| helper.start()).collect();
    let answers: Vec<String> = children.into_iter().map(finish).collect();
    let took = start.elapsed();
    let stats = stats();
    json!({
        "what": "callers at once", "callers": callers, "vault": if is_cold { "cold" } else { "warm" },
        "wall_ms": milliseconds(took),
        "equal_answers": answers.windows(2).all(|pair| pair[0] == pair[1]) && answers.iter().all(|answer| answer.contains("token")),
        "sts_calls": stats.pointer("/sts/assume_role_with_web_identity"),
        "codeartifact_calls": stats.pointer("/codeartifact/get_authorization_token"),
    })
}

/// What setup and undo of npm cost beside a person's own lines.
pub(crate) fn lines() -> Value {
    let file = home().join(".npmrc");
    let mut rows = Vec::new();
    for lines in [10_usize, 100, 1_000, 10_000, 100_000] {
        fs::write(&file, "; x\n".repeat(lines)).expect("the home is writable");
        let vouch = |words: &[&str]| timed(|| drop(Run::new("vouch").args(words).within(home()).ok()));
        let setup = vouch(&["setup", "codeartifact", "--tool", "npm", "--repository", "my-repo"]);
        let undo = vouch(&["undo", "npm"]);
        rows.push(json!({ "lines": lines, "setup_ms": milliseconds(setup), "undo_ms": milliseconds(undo) }));
    }
    fs::remove_file(file).expect("the home is writable");
    let growth = match rows.as_slice() {
        [.., fewer, more] => {
            more["setup_ms"].as_f64().unwrap_or_default() / fewer["setup_ms"].as_f64().unwrap_or(1.0)
        }
        _ => 0.0,
    };
    json!({ "what": "lines of `.npmrc`", "rows": rows, "growth_10_000_to_100_000": round(growth), "budget": 12.0 })
}

/// Both requests as bytes: with the ID token of the session, and signed by a role session of it.
fn written() -> [PathBuf; 2] {
    let home = Home::at(home().join(".vouch")).expect("the home is ours");
    let keystore = Keystore::from_env(&home).expect("the keystore works");
    let vault = session::open(&home, &keystore).expect("there is a session");
    let session = Session::read(&vault, &home).expect("the session opens");
    let id_token = session.source.id_token().expect("a YubiKey's session").expose();
    let body = format!(
        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn={}&RoleSessionName=bench&WebIdentityToken={id_token}",
        ROLE.replace(':', "%3A").replace('/', "%2F")
    );
    let sts =
        format!("sts.{REGION}.amazonaws.com\n/\ncontent-type: application/x-www-form-urlencoded\n\n{body}");
    let host = format!("codeartifact.{REGION}.amazonaws.com");
    let path = "/v1/authorization-token?domain=my-domain&domain-owner=123456789012&duration=900";
    let headers: String = signed(&format!("https://{host}{path}"))
        .into_iter()
        .map(|(name, value)| format!("{name}: {value}\n"))
        .collect();
    let codeartifact = format!("{host}\n{path}\n{headers}\n");
    [("sts", sts), ("codeartifact", codeartifact)].map(|(name, text)| {
        let file = crate::programs::home().join(format!("{name}.request"));
        fs::write(&file, text).expect("the home is writable");
        file
    })
}

fn signed(url: &str) -> Vec<(String, String)> {
    let given = Run::new("vouch").args(["credential", "aws"]).ok().stdout;
    let given: Value = serde_json::from_str(&given).expect("JSON");
    let part = |name: &str| given[name].as_str().expect("text").to_owned();
    let session_token = Some(part("SessionToken"));
    let credentials =
        Credentials::new(part("AccessKeyId"), part("SecretAccessKey"), session_token, None, "bench");
    let identity = credentials.into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(REGION)
        .name("codeartifact")
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()
        .expect("all is given");
    let request = SignableRequest::new("POST", url, std::iter::empty(), SignableBody::Bytes(&[]));
    let output = sign(request.expect("a request"), &parameters.into()).expect("it can be signed");
    let (instructions, _) = output.into_parts();
    instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
