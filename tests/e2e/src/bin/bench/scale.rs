//! What commands cost where much is set up: one client with 1 to 1,000 registrations, in a home of its own.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use vouch_e2e::{MY_DOMAIN, Run};

use crate::measure::{cpu, median, ratio, round, timed};

/// How many registrations are looked at.
const COUNTS: [usize; 4] = [1, 10, 100, 1_000];

/// Times that each command runs; the least counts for the processor, the median for the clock.
const RUNS: usize = 5;

/// A command's time by the clock, and its processor's.
#[derive(Clone, Copy)]
struct Cost {
    wall: Duration,
    cpu: Duration,
}

pub(crate) fn by_registrations() -> Value {
    let home = Home::new();
    home.vouch(&["setup", "aws", "--role", "arn:aws:iam::123456789012:role/CodeArtifact"]);
    let mut set_up = 0;
    let mut rows = Vec::new();
    let mut costs: Vec<[Cost; 4]> = Vec::new();
    for count in COUNTS {
        while set_up + 1 < count {
            set_up += 1;
            home.set_up(set_up);
        }
        set_up += 1;
        let setup = home.cost(|| home.set_up(count));
        let status = home.cost(|| home.vouch(&["status"]));
        let doctor = home.cost(|| home.vouch(&["doctor"]));
        home.keep();
        let undo = home.cost(|| home.vouch(&["undo", "cargo"]));
        home.put_back();
        let row = [setup, status, doctor, undo];
        let ms = |time: Duration| round(time.as_secs_f64() * 1000.0);
        let cells = ["setup", "status", "doctor", "undo"].iter().zip(row).map(|(name, cost)| {
            (format!("{name}_ms"), json!({ "wall": ms(cost.wall), "cpu": ms(cost.cpu) }))
        });
        let mut cells: serde_json::Map<String, Value> = cells.collect();
        cells.insert("registrations".into(), count.into());
        rows.push(Value::Object(cells));
        costs.push(row);
    }
    // Ten times as much is to cost at most ten times as much; what is spent anyway hides in small numbers.
    let growth = |place: usize| match costs.as_slice() {
        [.., fewer, more] => ratio(more[place].cpu, fewer[place].cpu.max(Duration::from_millis(1))),
        _ => 0.0,
    };
    json!({
        "what": "registrations of one client", "rows": rows, "budget": 12.0,
        "growth_100_to_1000": {
            "setup": growth(0), "status": growth(1), "doctor": growth(2), "undo": growth(3),
        },
    })
}

/// A home of Vouch with Cargo's folder in it.
struct Home {
    folder: PathBuf,
}

impl Home {
    fn new() -> Self {
        let folder = PathBuf::from(env::var_os("HOME").expect("HOME is set")).join("scale");
        fs::create_dir(&folder).expect("the home is writable");
        Self { folder }
    }

    fn set_up(&self, number: usize) {
        let repository = format!("repo-{number}");
        let setup = ["setup", "codeartifact", "--tool", "cargo", "--repository", &repository];
        self.vouch(&setup.into_iter().chain(MY_DOMAIN).collect::<Vec<_>>());
    }

    /// A command that may say that something is missing, such as a session.
    fn vouch(&self, args: &[&str]) {
        let mut vouch = Command::new("vouch");
        vouch.args(args).current_dir(&self.folder).stdout(Stdio::null()).stderr(Stdio::null());
        vouch.env("VOUCH_HOME", self.folder.join("vouch")).env("CARGO_HOME", self.folder.join("cargo"));
        let code = vouch.status().expect("vouch is on PATH").code();
        let may_fail = args.first().is_some_and(|first| ["status", "doctor"].contains(first));
        assert!(code == Some(0) || may_fail, "{args:?}: {code:?}");
    }

    /// Keeps what there is for [`Self::put_back`].
    fn keep(&self) {
        let _ = Run::new("cp").arg("-a").arg(&self.folder).arg(self.kept()).ok();
    }

    fn put_back(&self) {
        let _ = Run::new("rm").arg("-rf").arg(&self.folder).ok();
        let _ = Run::new("mv").arg(self.kept()).arg(&self.folder).ok();
    }

    fn kept(&self) -> PathBuf {
        self.folder.with_file_name("scale-kept")
    }

    /// What a command costs; what it does is taken back each time but the last.
    fn cost(&self, command: impl Fn()) -> Cost {
        let saved = self.folder.with_file_name("scale-saved");
        let mut costs = Vec::new();
        for run in 0..RUNS {
            let _ = Run::new("rm").arg("-rf").arg(&saved).ok();
            let _ = Run::new("cp").arg("-a").arg(&self.folder).arg(&saved).ok();
            let before = cpu();
            let wall = timed(&command);
            costs.push(Cost { wall, cpu: cpu() - before });
            if run + 1 < RUNS {
                let _ = Run::new("rm").arg("-rf").arg(&self.folder).ok();
                let _ = Run::new("mv").arg(&saved).arg(&self.folder).ok();
            }
        }
        let wall = median(costs.iter().map(|cost| cost.wall).collect());
        Cost { wall, cpu: costs.iter().map(|cost| cost.cpu).min().unwrap_or_default() }
    }
}
