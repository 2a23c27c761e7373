//! Speed and memory of the programs of a release, as ratios in one run. Runs inside the sandbox, after a login and `setup`, with
//! the programs where `VOUCH_BENCH_PROGRAMS` says.
//!
//! `bench cold MS` expects the sandbox's `--rtt MS`; `bench keyrings` needs pip to be set up, too.

mod cold;
mod keyrings;
mod measure;
mod programs;
mod scale;
mod warm;

use std::env;
use std::fs;
use std::process::Command;

use serde_json::{Value, json};
use vouch_e2e::Run;

use measure::{median, round, timed};

fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    let number = |text: &str| text.parse::<u64>().expect("a number");
    let result = match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["warm"] => warm::side_by_side(),
        ["many"] => warm::of_many(),
        ["cold", rtt] => cold::exchange(number(rtt)),
        ["crowd", callers, state] => {
            cold::crowd(usize::try_from(number(callers)).expect("few"), *state == "cold")
        }
        ["lines"] => cold::lines(),
        ["project"] => project(),
        ["scale"] => scale::by_registrations(),
        ["keyrings"] => keyrings::side_by_side(),
        ["keyring", peer, state] => keyrings::one(peer, *state == "cold"),
        _ => panic!("bench warm|many|cold MS|crowd N cold|warm|lines|project|scale|keyrings"),
    };
    println!("{result}");
}

/// The look of `vouch exec` at a directory with 10,000 files and the locks of every client: a command that may start any of
/// them against one that reads none of their files.
fn project() -> Value {
    let folder = programs::home().join("project");
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

fn run_to_end(mut command: Command) {
    assert!(command.status().expect("it starts").success());
}
