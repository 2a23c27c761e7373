//! Twenty helpers of all kinds at once, round after round, some of them killed or stopped at any moment: who is left has the
//! right token, nothing waits for ever, no file is damaged, and each credential has at most one fetch under way.
//!
//! `VOUCH_KILLS_SEED=N` repeats a run as far as chance is ours, `VOUCH_KILLS_ROUNDS=N` makes it longer.

use std::collections::{BTreeMap, HashMap};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use vouch_e2e::chance::{self, Chance, number};
use vouch_e2e::python::index;
use vouch_e2e::{CommandOutput, MY_DOMAIN, Run, Running, Sandbox, in_sandbox};

const ROUNDS: usize = 25;
const HELPERS: usize = 20;

/// Longer than any helper takes, with what twenty starts cost on a busy machine.
const DEADLINE: Duration = Duration::from_secs(40);

const MINE: &str = "my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com";
const TEAM: &str = "team-packages-222222222222.d.codeartifact.us-east-1.amazonaws.com";
const TEAM_DOMAIN: [&str; 10] = [
    "--domain",
    "team-packages",
    "--domain-owner",
    "222222222222",
    "--region",
    "us-east-1",
    "--profile",
    "team",
    "--aws-profile",
    "team",
];

/// A helper, the host that its token is for, and where the token stands in what it prints.
struct Kind {
    name: &'static str,
    host: Option<&'static str>,
    run: fn(&Sandbox) -> Run,
    token: fn(&str) -> Option<String>,
}

const KINDS: [Kind; 10] = [
    Kind { name: "cargo", host: Some(MINE), run: |sandbox| cargo(sandbox, MINE, "my-repo"), token: of_cargo },
    Kind {
        name: "cargo of team",
        host: Some(TEAM),
        run: |sandbox| cargo(sandbox, TEAM, "team-cargo"),
        token: of_cargo,
    },
    Kind {
        name: "keyring",
        host: Some(MINE),
        run: |sandbox| sandbox.run("pip-keyring-vouch").args(["get", &index("", "my-pypi-repo"), "aws"]),
        token: line,
    },
    Kind { name: "pnpm", host: Some(MINE), run: |sandbox| sandbox.run("npm-token-vouch"), token: line },
    Kind {
        name: "refresh",
        host: None,
        run: |sandbox| sandbox.run("npm-token-vouch").arg("refresh"),
        token: |_| None,
    },
    Kind {
        name: "credential",
        host: Some(MINE),
        run: |sandbox| sandbox.vouch(&["credential", "codeartifact", "--profile", "default"]),
        token: line,
    },
    Kind {
        name: "credential of team",
        host: Some(TEAM),
        run: |sandbox| sandbox.vouch(&["credential", "codeartifact", "--profile", "team"]),
        token: line,
    },
    Kind {
        name: "aws",
        host: None,
        run: |sandbox| sandbox.vouch(&["credential", "aws", "--profile", "team"]),
        token: |_| None,
    },
    Kind {
        name: "exec",
        host: Some(MINE),
        run: |sandbox| {
            let exec = ["exec", "--type", "codeartifact", "--ca-profile", "default", "--"];
            sandbox.vouch(&exec).args(["printenv", "CODEARTIFACT_AUTH_TOKEN"])
        },
        token: line,
    },
    Kind { name: "status", host: None, run: |sandbox| sandbox.vouch(&["status"]), token: |_| None },
];

fn cargo(sandbox: &Sandbox, host: &str, repository: &str) -> Run {
    let registry =
        json!({ "index-url": format!("sparse+https://{host}/cargo/{repository}/"), "name": repository });
    let request = json!({ "v": 1, "registry": registry, "kind": "get", "operation": "read" });
    sandbox.run("cargo-credential-vouch").arg("--cargo-plugin").stdin(format!("{request}\n"))
}

fn of_cargo(stdout: &str) -> Option<String> {
    let answer: Value = serde_json::from_str(stdout.lines().nth(1)?).ok()?;
    Some(answer["Ok"]["token"].as_str()?.trim_start_matches("Bearer ").to_owned())
}

fn line(stdout: &str) -> Option<String> {
    let lines: Vec<_> = stdout.lines().collect();
    (lines.len() == 1).then(|| lines[0].trim_start_matches("Bearer ").to_owned())
}

/// What becomes of one that runs, and when.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Left,
    Killed,
    Stopped,
}

#[test]
fn whoever_is_killed_the_others_have_the_right_token() {
    let seed = chance::seed("VOUCH_KILLS_SEED");
    let rounds = number("VOUCH_KILLS_ROUNDS").map_or(ROUNDS, |rounds| usize::try_from(rounds).unwrap());
    let flags = [format!("VOUCH_KILLS_SEED={seed}"), format!("VOUCH_KILLS_ROUNDS={rounds}")];
    in_sandbox(&["--env", &flags[0], "--env", &flags[1]], |sandbox| {
        println!("VOUCH_KILLS_SEED={seed} VOUCH_KILLS_ROUNDS={rounds}");
        set_up(sandbox);
        let mut soak = Soak {
            sandbox,
            chance: Chance::new(seed),
            config: sandbox.read(".vouch/config.json"),
            npmrc: without_token(&sandbox.read(".npmrc")).0,
            known: HashMap::new(),
            counts: BTreeMap::new(),
        };
        for round in 0..rounds {
            soak.round(round);
        }
        println!("{:?}; {} tokens", soak.counts, soak.known.len());
        assert_eq!(sandbox.count("/at_once"), 1, "two fetches of one credential were under way");
        let killed = soak.counts.get("killed").copied().unwrap_or_default();
        let answered = soak.counts.get("answered").copied().unwrap_or_default();
        assert!(killed > rounds && answered > 5 * rounds, "{killed} killed, {answered} answered");
        let _ = sandbox.vouch(&["logout"]).ok();
        let text = sandbox.read(".npmrc");
        assert!(!text.contains("eyJ"), "{text}");
    });
}

fn set_up(sandbox: &Sandbox) {
    sandbox.enroll();
    let role = "arn:aws:iam::222222222222:role/Team";
    let _ = sandbox.vouch(&["setup", "aws", "--role", role, "--profile", "team"]).ok();
    sandbox.log_in();
    sandbox.write(".npmrc", "; mine\nfund=false\n");
    for (tool, repository) in [("cargo", "my-repo"), ("pip", "my-pypi-repo"), ("npm", "my-npm-repo")] {
        let setup = ["setup", "codeartifact", "--tool", tool, "--repository", repository];
        let more = ["--profile", "default", "--aws-profile", "vouch"];
        let _ = sandbox.vouch(&setup).args(MY_DOMAIN).args(more).ok();
    }
    let setup = ["setup", "codeartifact", "--tool", "cargo", "--repository", "team-cargo"];
    let _ = sandbox.vouch(&setup).args(TEAM_DOMAIN).ok();
    // Long enough for others to come while one is asked.
    for service in ["sts", "codeartifact"] {
        sandbox.ctl(&["fault", service, "--delay", "15"]);
    }
    sandbox.ctl(&["reset"]);
}

struct Soak<'a> {
    sandbox: &'a Sandbox,
    chance: Chance,
    config: String,
    npmrc: String,
    /// Each token that was seen, and the host that took it.
    known: HashMap<String, &'static str>,
    counts: BTreeMap<&'static str, usize>,
}

impl Soak<'_> {
    fn round(&mut self, round: usize) {
        let is_cold = self.chance.percent(60);
        if is_cold {
            self.sandbox.forget();
        }
        let began = Instant::now();
        let mut running: Vec<(&Kind, Running, Fate)> = Vec::new();
        let mut signals: Vec<(Duration, usize, Signal)> = Vec::new();
        for place in 0..HELPERS {
            let kind = &KINDS[self.chance.below(KINDS.len())];
            let at = Duration::from_millis(self.chance.below(if is_cold { 500 } else { 150 }) as u64);
            let fate = match self.chance.below(10) {
                0..=4 => Fate::Left,
                5..=8 => Fate::Killed,
                _ => Fate::Stopped,
            };
            match fate {
                Fate::Left => {}
                Fate::Killed => signals.push((at, place, Signal::SIGKILL)),
                Fate::Stopped => {
                    let goes_on = at + Duration::from_millis(50 + self.chance.below(400) as u64);
                    signals.extend([(at, place, Signal::SIGSTOP), (goes_on, place, Signal::SIGCONT)]);
                }
            }
            running.push((kind, (kind.run)(self.sandbox).start(), fate));
        }
        signals.sort_by_key(|(at, ..)| *at);
        for (at, place, signal) in signals {
            thread::sleep(at.saturating_sub(began.elapsed()));
            // It is waited for below: its number is nobody else's. One that has ended is past caring.
            let _ = kill(Pid::from_raw(i32::try_from(running[place].1.child.id()).unwrap()), signal);
        }
        for (kind, helper, fate) in running {
            let done = helper.wait();
            assert!(done.took < DEADLINE, "round {round}: {} took {:?}: {done}", kind.name, done.took);
            if fate == Fate::Killed && done.code == 128 + 9 {
                *self.counts.entry("killed").or_default() += 1;
                continue;
            }
            *self.counts.entry("answered").or_default() += 1;
            self.judge(round, kind, &done);
        }
        self.look(round);
    }

    fn judge(&mut self, round: usize, kind: &Kind, done: &CommandOutput) {
        assert_eq!(done.code, 0, "round {round}: {}: {done}", kind.name);
        let Some(host) = kind.host else { return };
        let token = (kind.token)(&done.stdout);
        let token = token.unwrap_or_else(|| panic!("round {round}: {} gave no token: {done}", kind.name));
        self.is_right(round, token, host);
    }

    /// Whether the repository takes a token; each is asked about once.
    fn is_right(&mut self, round: usize, token: String, host: &'static str) {
        if let Some(known) = self.known.get(&token) {
            assert_eq!(*known, host, "round {round}: a token of one domain came for the other");
            return;
        }
        let repository = if host == MINE { "my-repo" } else { "team-cargo" };
        let url = format!("https://{host}/cargo/{repository}/config.json");
        let header = format!("Authorization: {token}");
        let curl =
            Run::new("curl").args(["--silent", "--output", "/dev/null", "--write-out", "%{http_code}"]);
        let done = curl.arg("--header").arg(header).arg(url).ok();
        assert_eq!(done.stdout, "200", "round {round}: {host} refuses a token");
        self.known.insert(token, host);
    }

    /// Files are whole, and the next one comes at once.
    fn look(&mut self, round: usize) {
        let sandbox = self.sandbox;
        assert_eq!(sandbox.read(".vouch/config.json"), self.config, "round {round}");
        for file in [".vouch/journal.json", ".vouch/ledger.json"] {
            let text = sandbox.read(file);
            assert!(serde_json::from_str::<Value>(&text).is_ok(), "round {round}: {file}: {text}");
        }
        let (rest, token) = without_token(&sandbox.read(".npmrc"));
        assert_eq!(rest, self.npmrc, "round {round}");
        self.is_right(round, token, MINE);
        let next = sandbox.vouch(&["credential", "codeartifact", "--profile", "default"]).ok();
        assert!(next.took < Duration::from_secs(5), "round {round}: {next}");
    }
}

/// The text of an `.npmrc` with a mark in place of its token, and the token.
fn without_token(text: &str) -> (String, String) {
    let token = text.lines().find_map(|line| line.split_once(":_authToken=")).expect("a token").1;
    (text.replace(token, "TOKEN"), token.to_owned())
}
