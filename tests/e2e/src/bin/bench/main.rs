//! Speed and memory of the helpers, as ratios in one run. Runs inside the sandbox, after a login and `setup`.
//!
//! `bench warm` and `bench cold` need no emulated distance; `bench distance MS` expects the sandbox's `--rtt MS`.
//! `bench keyrings` needs pip to be set up, too.

mod keyrings;
mod scale;

use std::env;
use std::fs;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use serde_json::{Value, json};
use vouch_e2e::Run;

const REQUEST: &str = concat!(
    r#"{"v":1,"registry":{"index-url":"sparse+https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com"#,
    r#"/cargo/my-repo/","name":"my-repo"},"kind":"get","operation":"read"}"#,
    "\n"
);

fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    let result = match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["warm"] => warm(),
        ["cold"] => cold(),
        ["crowd", callers] => crowd(callers.parse().expect("a number of callers")),
        ["distance", rtt] => distance(rtt.parse().expect("milliseconds")),
        ["project"] => project(),
        ["scale"] => scale::by_registrations(),
        ["keyrings"] => keyrings::side_by_side(),
        ["keyring", peer, state] => keyrings::one(peer, *state == "cold"),
        _ => panic!("bench warm|cold|crowd N|distance MS|project|scale|keyrings"),
    };
    println!("{result}");
}

/// The whole protocol answer out of the vault, against a process that does nothing.
fn warm() -> Value {
    ask();
    let (mut nothing, mut helper) = (Vec::new(), Vec::new());
    for _ in 0..400 {
        nothing.push(timed(|| run_to_end(Command::new("true"))));
        helper.push(timed(ask));
    }
    let (nothing, helper) = (median(nothing), median(helper));
    json!({
        "what": "warm answer of cargo-credential-vouch against `true`",
        "true_us": nothing.as_micros(), "helper_us": helper.as_micros(),
        "ratio": ratio(helper, nothing), "budget": 1.8,
        "resident_kib_max": resident_kib(), "binary_bytes": binary_bytes(),
    })
}

/// Both calls to AWS, without any distance: what is left is our own work and the sandbox's.
fn cold() -> Value {
    let mut wall = Vec::new();
    let before = cpu();
    for _ in 0..60 {
        forget();
        wall.push(timed(ask));
    }
    let cpu_ms = (cpu() - before).as_secs_f64() * 1000.0 / 60.0;
    json!({
        "what": "cold exchange of cargo-credential-vouch",
        "wall_ms": round(median(wall).as_secs_f64() * 1000.0), "cpu_ms": round(cpu_ms), "cpu_budget_ms": 5.0,
        "resident_kib_max": resident_kib(), "resident_budget_kib": 8192,
    })
}

/// Many callers at once on a cold vault.
fn crowd(callers: usize) -> Value {
    forget();
    let _ = Run::new("vouch-sandbox").args(["ctl", "reset"]).ok();
    let start = Instant::now();
    let children: Vec<Child> = (0..callers).map(|_| start_helper()).collect();
    let answers: Vec<String> = children.into_iter().map(finish).collect();
    let took = start.elapsed();
    let first = answers.first().cloned().unwrap_or_default();
    let stats = Run::new("vouch-sandbox").args(["ctl", "stats"]).ok().stdout;
    let stats: Value = serde_json::from_str(&stats).expect("stats are JSON");
    json!({
        "what": "callers at once on a cold vault", "callers": callers, "wall_ms": round(took.as_secs_f64() * 1000.0),
        "equal_answers": answers.iter().all(|answer| *answer == first),
        "sts_calls": stats.pointer("/sts/assume_role_with_web_identity"),
        "codeartifact_calls": stats.pointer("/codeartifact/get_authorization_token"),
    })
}

/// The cold exchange at an emulated distance, against the four round trips that it cannot do without.
fn distance(rtt_ms: u64) -> Value {
    let mut wall = Vec::new();
    for _ in 0..20 {
        forget();
        wall.push(timed(ask));
    }
    let (wall, limit) = (median(wall), Duration::from_millis(4 * rtt_ms));
    json!({
        "what": "cold exchange against four round trips", "rtt_ms": rtt_ms,
        "wall_ms": round(wall.as_secs_f64() * 1000.0), "ratio": ratio(wall, limit), "budget": 1.25,
    })
}

/// The look of `vouch exec` at a directory with 10,000 files and the locks of every client: a command that may start any of
/// them against one that reads none of their files.
fn project() -> Value {
    let folder = PathBuf::from(env::var_os("HOME").expect("HOME is set")).join("project");
    let locks = concat!(env!("CARGO_MANIFEST_DIR"), "/data/honest/.");
    fs::create_dir(&folder).expect("the home is writable");
    let _ = Run::new("cp").args(["-r", locks]).arg(&folder).ok();
    for number in 0..10_000 {
        fs::write(folder.join(format!("file-{number}")), "").expect("the home is writable");
    }
    for name in ["anything", "sbt"] {
        std::os::unix::fs::symlink("/bin/true", folder.join(name)).expect("a link");
    }
    let exec = |program: &str| {
        let mut vouch = Command::new("vouch");
        vouch.args(["exec", "--type", "codeartifact", "--", program]).current_dir(&folder);
        run_to_end(vouch);
    };
    exec("./sbt");
    let (mut all, mut none) = (Vec::new(), Vec::new());
    for _ in 0..100 {
        all.push(timed(|| exec("./anything")));
        none.push(timed(|| exec("./sbt")));
    }
    let (all, none) = (median(all), median(none));
    json!({
        "what": "look of `vouch exec` at a directory with 10,000 files", "exec_ms": round(none.as_secs_f64() * 1000.0),
        "look_ms": round((all.as_secs_f64() - none.as_secs_f64()) * 1000.0), "budget_ms": 10.0,
    })
}

/// One run of the helper, as cargo runs it; panics unless it answers with a token.
fn ask() -> String {
    finish(start_helper())
}

fn start_helper() -> Child {
    let mut helper = Command::new("cargo-credential-vouch");
    helper.arg("--cargo-plugin").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = helper.spawn().expect("cargo-credential-vouch is on PATH");
    child.stdin.take().expect("piped").write_all(REQUEST.as_bytes()).expect("the helper reads");
    child
}

fn finish(mut child: Child) -> String {
    let mut answer = String::new();
    child.stdout.take().expect("piped").read_to_string(&mut answer).expect("the helper writes text");
    let status = child.wait().expect("the helper ends");
    assert!(status.success() && answer.contains(r#""token":"#), "{answer}");
    answer
}

fn run_to_end(mut command: Command) {
    assert!(command.status().expect("it starts").success());
}

fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

/// Forgets role credentials and tokens, not the session.
fn forget() {
    let vault = PathBuf::from(env::var_os("HOME").expect("HOME is set")).join(".vouch/vault");
    for entry in fs::read_dir(vault).expect("a login has made the vault").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".sealed") && !name.starts_with("session") {
            fs::remove_file(entry.path()).expect("the vault is writable");
        }
    }
}

fn cpu() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("the kernel counts");
    let seconds = |time: nix::sys::time::TimeVal| {
        let (whole, micros) = (u64::try_from(time.tv_sec()), u64::try_from(time.tv_usec()));
        Duration::from_secs(whole.unwrap_or_default()) + Duration::from_micros(micros.unwrap_or_default())
    };
    seconds(usage.user_time()) + seconds(usage.system_time())
}

/// The largest child so far.
fn resident_kib() -> i64 {
    getrusage(UsageWho::RUSAGE_CHILDREN).expect("the kernel counts").max_rss()
}

fn binary_bytes() -> u64 {
    let paths = env::var_os("PATH").expect("PATH is set");
    let found =
        env::split_paths(&paths).find_map(|dir| fs::metadata(dir.join("cargo-credential-vouch")).ok());
    found.expect("cargo-credential-vouch is on PATH").len()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn ratio(one: Duration, other: Duration) -> f64 {
    round(one.as_secs_f64() / other.as_secs_f64())
}

fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
