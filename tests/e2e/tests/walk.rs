//! A random walk over setup, login, refresh, kill, logout and undo of all clients, one, two and three at once, on a disk
//! that is full now and then: after a logout no token is anywhere, after all is taken back every file is as it was.
//!
//! `VOUCH_WALK_SEED=N` repeats a walk as far as chance is ours, `VOUCH_WALK_STEPS=N` makes it longer.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use vouch_e2e::{CommandOutput, MY_DOMAIN, Run, Sandbox, in_sandbox};

/// How the tokens of the sandbox begin.
const TOKEN: &str = "eyJ2ZXI";

const STEPS: usize = 500;

/// Steps from one look at all files to the next.
const LOOK: usize = 20;

/// What stands in the files of somebody who had them before Vouch.
const FILES: [(&str, &str); 8] = [
    (".cargo/config.toml", "# mine\n[net]\nretry = 3\n"),
    (".npmrc", "; mine\nregistry=${MY_REGISTRY}\n//registry.example.com/:_authToken=theirs\nsave-exact=true"),
    (".config/pip/pip.conf", "[global]\nindex-url = https://pypi.org/simple\ntimeout = 60\n"),
    (".config/uv/uv.toml", "native-tls = true\n"),
    (".pypirc", "[distutils]\nindex-servers =\n    pypi\n\n[pypi]\nusername = alice"),
    (".config/pypoetry/config.toml", "[virtualenvs]\r\nin-project = true\r\n"),
    (".yarnrc.yml", "nodeLinker: node-modules\n"),
    (".m2/settings.xml", "<settings>\n  <servers>\n  </servers>\n</settings>\n"),
];

const TOOLS: [&str; 13] = [
    "npm",
    "bun",
    "yarn-classic",
    "npm",
    "pnpm",
    "yarn",
    "cargo",
    "pip",
    "uv",
    "twine",
    "poetry",
    "pdm",
    "maven",
];

const REPOSITORIES: [&str; 3] = ["my-npm-repo", "my-repo", "my-pypi-repo"];

/// A generator that gives the same numbers for one seed (xorshift64*).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from((self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % end as u64).unwrap()
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

struct Walk<'a> {
    sandbox: &'a Sandbox,
    chance: Chance,
    before: BTreeMap<PathBuf, Vec<u8>>,
    /// What was done since the last look, for whoever reads of a failure.
    done: Vec<String>,
    counts: BTreeMap<&'static str, usize>,
}

#[test]
fn whatever_happens_no_token_is_left_and_every_file_comes_back() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let since = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
    let seed = number("VOUCH_WALK_SEED").unwrap_or_else(|| since() as u64 >> 10).max(1);
    let steps = number("VOUCH_WALK_STEPS").map_or(STEPS, |steps| usize::try_from(steps).unwrap());
    let flags = [format!("VOUCH_WALK_SEED={seed}"), format!("VOUCH_WALK_STEPS={steps}")];
    in_sandbox(&["--env", &flags[0], "--env", &flags[1]], |sandbox| {
        println!("VOUCH_WALK_SEED={seed} VOUCH_WALK_STEPS={steps}");
        sandbox.enroll();
        sandbox.log_in();
        for (file, text) in FILES {
            sandbox.write(file, text);
        }
        let before = files(sandbox);
        let mut walk =
            Walk { sandbox, chance: Chance(seed), before, done: Vec::new(), counts: BTreeMap::new() };
        for step in 1..=steps {
            walk.step();
            if step % LOOK == 0 || step == steps {
                walk.no_token_after_a_logout(step);
                if step % (3 * LOOK) == 0 || step == steps {
                    walk.every_file_as_before_after_undo(step);
                }
                walk.log_in();
            }
        }
        println!("{steps} steps: {:?}", walk.counts);
    });
}

impl Walk<'_> {
    fn step(&mut self) {
        let at_once = match self.chance.below(10) {
            0..=5 => 1,
            6..=8 => 2,
            _ => 3,
        };
        self.count(["", "one", "two at once", "three at once"][at_once]);
        let mut running = Vec::new();
        for _ in 0..at_once {
            let (run, line) = self.command();
            running.push((run.start(), line));
        }
        let is_killed = self.chance.percent(15);
        if is_killed {
            self.count("killed");
            let (victim, after) = (self.chance.below(at_once), self.chance.below(60));
            std::thread::sleep(Duration::from_millis(after as u64));
            // It may have ended.
            let _ = running[victim].0.child.kill();
        }
        for (running, line) in running {
            let done = running.wait();
            self.done.push(format!("{line}  -> {}\n{}", done.code, done.stderr));
            self.judge(&done);
        }
    }

    /// A command as a user would type it, on a full disk now and then.
    fn command(&mut self) -> (Run, String) {
        let chance = &mut self.chance;
        let mut words: Vec<&str> = match chance.below(20) {
            0..=9 => {
                let tool = chance.one(&TOOLS);
                let repository = chance.one(&REPOSITORIES);
                let mut words =
                    vec!["vouch", "setup", "codeartifact", "--tool", tool, "--repository", repository];
                words.extend(MY_DOMAIN);
                let is_node = ["npm", "bun", "yarn-classic", "pnpm", "yarn"].contains(&tool);
                if is_node && chance.percent(40) {
                    words.extend(["--scope", chance.one(&["@a", "@b"])]);
                }
                if is_node && !["pnpm", "yarn"].contains(&tool) && chance.percent(15) {
                    words.extend(["--mode", chance.one(&["env", "static"])]);
                }
                words
            }
            10..=12 => vec!["vouch", "undo", chance.one(&TOOLS)],
            13 | 14 => vec!["vouch", "undo"],
            15 => vec!["npm-token-vouch", "remove"],
            16 | 17 => vec!["npm-token-vouch", "refresh"],
            18 => vec!["vouch", "logout"],
            _ => vec!["vouch", "login", "--pin-stdin"],
        };
        let kind = match words.get(1) {
            Some(&"setup") => "setup",
            Some(&"undo" | &"remove") => "undo",
            Some(&"logout") => "logout",
            Some(&"login") => "login",
            _ => "refresh",
        };
        let is_login = kind == "login";
        let line = words.join(" ");
        let full = chance.percent(8);
        let room = chance.below(4).to_string();
        if full {
            // In blocks of 512 bytes; nothing can be made longer than that.
            let mut limited =
                vec!["sh", "-c", "trap '' XFSZ; ulimit -f \"$1\"; shift; exec \"$@\"", "sh", &room];
            limited.append(&mut words);
            words = limited;
        }
        let run = self.sandbox.run(words[0]).args(&words[1..]);
        let run = if is_login { run.stdin(format!("{}\n", self.sandbox.pin())) } else { run };
        let line = if full { format!("{line}  [disk full at {room}]") } else { line };
        self.count(kind);
        if full {
            self.count("on a full disk");
        }
        (run, line)
    }

    fn judge(&self, done: &CommandOutput) {
        let told = |text: &str| done.stderr.contains(text);
        assert!(!told("internal error") && !told("panicked"), "{done}\n{}", self.story());
        assert!(!told("for too long"), "{done}\n{}", self.story());
        assert!(!told("and it is not as it was"), "{done}\n{}", self.story());
    }

    fn no_token_after_a_logout(&mut self, step: usize) {
        let done = self.sandbox.vouch(&["logout"]).done();
        assert_eq!(done.code, 0, "step {step}: {done}\n{}", self.story());
        let all = files(self.sandbox);
        let vouch = tree(&self.sandbox.file(".vouch"));
        for (path, bytes) in all.iter().chain(&vouch) {
            let text = String::from_utf8_lossy(bytes);
            assert!(!text.contains(TOKEN), "step {step}: a token in {}\n{}", path.display(), self.story());
            let is_left = path.file_name().unwrap().to_string_lossy().contains(".vouch-");
            assert!(!is_left || is_of_vouch(path), "step {step}: {}\n{}", path.display(), self.story());
        }
        assert!(!self.sandbox.file(".vouch/ledger.json").exists(), "step {step}: {}", self.story());
        let theirs = String::from_utf8_lossy(&all[&self.sandbox.file(".npmrc")]).into_owned();
        assert!(theirs.contains("//registry.example.com/:_authToken=theirs\n"), "step {step}: {theirs}");
        self.count("logouts that were looked at");
    }

    fn every_file_as_before_after_undo(&mut self, step: usize) {
        for tool in TOOLS {
            let done = self.sandbox.vouch(&["undo", tool]).done();
            assert!([0, 1].contains(&done.code), "step {step}: {done}\n{}", self.story());
            self.done.push(format!("vouch undo {tool}  -> {}\n{}", done.code, done.stderr));
        }
        let after = files(self.sandbox);
        for path in self.before.keys().chain(after.keys()) {
            let text = |files: &BTreeMap<PathBuf, Vec<u8>>| {
                files.get(path).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
            };
            let (was, is) = (text(&self.before), text(&after));
            assert_eq!(was, is, "step {step}: {}\n{}", path.display(), self.story());
        }
        let config = self.sandbox.read(".vouch/config.json");
        assert!(!config.contains("\"tool\""), "step {step}: {config}\n{}", self.story());
        self.count("undos of all that were looked at");
        self.done.clear();
    }

    fn log_in(&mut self) {
        self.sandbox.log_in();
        self.done.push("vouch login".into());
    }

    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    fn story(&self) -> String {
        let journal = fs::read_to_string(self.sandbox.file(".vouch/journal.json")).unwrap_or_default();
        let npmrc = fs::read_to_string(self.sandbox.file(".npmrc")).unwrap_or_default();
        format!(
            "since the last undo of all:\n{}\n--- .npmrc\n{npmrc}\n--- journal\n{journal}",
            self.done.join("\n")
        )
    }
}

/// Every file of the home but Vouch's own.
fn files(sandbox: &Sandbox) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = tree(sandbox.home());
    files.retain(|path, _| !path.starts_with(sandbox.file(".vouch")) && !path.ends_with("enrollment.json"));
    files
}

fn tree(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_symlink() {
                files
                    .insert(path.clone(), fs::read_link(path).unwrap().into_os_string().into_encoded_bytes());
            } else if path.is_dir() {
                folders.push(path);
            } else {
                files.insert(path.clone(), fs::read(path).unwrap());
            }
        }
    }
    files
}

/// What Vouch writes into its own folder is taken over by whoever writes next.
fn is_of_vouch(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == ".vouch")
}
