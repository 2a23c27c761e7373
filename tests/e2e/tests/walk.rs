//! A random walk over setup, login, refresh, kill, logout and undo of all clients, one, two and three at once, on a disk
//! that is full now and then, with files and folders that cannot be written, and refused by AWS: after a logout no token is
//! anywhere, after all is taken back every file is as it was.
//!
//! `VOUCH_WALK_SEED=N` repeats a walk as far as chance is ours, `VOUCH_WALK_STEPS=N` makes it longer.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use vouch_e2e::chance::{self, Chance, number};
use vouch_e2e::files::{Files, tree};
use vouch_e2e::{CommandOutput, MY_DOMAIN, Run, Sandbox, in_sandbox, marks};

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

const TOOLS: [&str; 14] = [
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
    "gradle",
];

/// One that AWS refuses to the role.
const OTHER_DOMAIN: [&str; 6] =
    ["--domain", "shared-packages", "--domain-owner", "111111111111", "--region", "us-east-1"];

const REPOSITORIES: [&str; 3] = ["my-npm-repo", "my-repo", "my-pypi-repo"];

/// What disturbs all commands of a step.
#[derive(Debug)]
enum Fault {
    /// A file or a folder is read-only; its mode before.
    ReadOnly(PathBuf, u32),
    Refused,
}

/// Without it, root may write what is read-only.
const AS_ANYBODY: [&str; 3] = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"];

struct Walk<'a> {
    sandbox: &'a Sandbox,
    /// Longer than that of `make test`: with moves of registrations, too, in which walks found faults last.
    is_long: bool,
    chance: Chance,
    before: Files,
    /// What was done since the last look, for whoever reads of a failure.
    done: Vec<String>,
    counts: BTreeMap<&'static str, usize>,
}

#[test]
fn whatever_happens_no_token_is_left_and_every_file_comes_back() {
    let seed = chance::seed("VOUCH_WALK_SEED");
    let steps = number("VOUCH_WALK_STEPS").map_or(STEPS, |steps| usize::try_from(steps).unwrap());
    let flags = [format!("VOUCH_WALK_SEED={seed}"), format!("VOUCH_WALK_STEPS={steps}")];
    in_sandbox(&["--env", &flags[0], "--env", &flags[1]], |sandbox| {
        println!("VOUCH_WALK_SEED={seed} VOUCH_WALK_STEPS={steps}");
        sandbox.enroll();
        sandbox.log_in();
        for (file, text) in FILES {
            sandbox.write(file, text);
        }
        let before = sandbox.user_files();
        let mut walk = Walk {
            sandbox,
            is_long: steps > STEPS,
            chance: Chance::new(seed),
            before,
            done: Vec::new(),
            counts: BTreeMap::new(),
        };
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
        let fault = self.begin_fault();
        // Where a file can only be overwritten, a kill in the middle leaves a mixture: nobody can help that.
        let may_break = !matches!(fault, Some(Fault::ReadOnly(..)));
        let mut running = Vec::new();
        for _ in 0..at_once {
            let (run, line) = self.command(may_break);
            running.push((run.start(), line));
        }
        let is_killed = self.chance.percent(15) && may_break;
        if is_killed {
            self.count("killed");
            let (victim, after) = (self.chance.below(at_once), self.chance.below(60));
            std::thread::sleep(Duration::from_millis(after as u64));
            // It may have ended.
            let _ = running[victim].0.child.kill();
        }
        let mut ended = Vec::new();
        for (running, line) in running {
            let done = running.wait();
            let disturbed = fault.as_ref().map(|fault| format!("  {fault:?}")).unwrap_or_default();
            self.done.push(format!("{line}{disturbed}  -> {}\n{}", done.code, done.stderr));
            ended.push(done);
        }
        if let Some(fault) = fault {
            self.end_fault(&fault);
        }
        ended.iter().for_each(|done| self.judge(done));
        // What others do meanwhile may have changed it again.
        if let [done] = ended.as_slice() {
            self.looked_at(done);
        }
    }

    fn begin_fault(&mut self) -> Option<Fault> {
        let (path, what) = match self.chance.below(20) {
            0 => {
                self.count("refused by AWS");
                self.sandbox.ctl(&["fault", "codeartifact", "--status", "403"]);
                return Some(Fault::Refused);
            }
            1 => (self.sandbox.file(FILES[self.chance.below(FILES.len())].0), "with a read-only file"),
            2 => {
                let file = self.sandbox.file(FILES[self.chance.below(FILES.len())].0);
                (file.parent().unwrap().to_owned(), "with a read-only folder")
            }
            _ => return None,
        };
        self.count(what);
        let before = path.metadata().unwrap().permissions().mode() & 0o7777;
        fs::set_permissions(&path, fs::Permissions::from_mode(before & 0o555)).unwrap();
        Some(Fault::ReadOnly(path, before))
    }

    fn end_fault(&self, fault: &Fault) {
        match fault {
            Fault::ReadOnly(path, before) => {
                fs::set_permissions(path, fs::Permissions::from_mode(*before)).unwrap();
            }
            Fault::Refused => {
                self.sandbox.ctl(&["fault", "codeartifact", "--clear"]);
                // Who comes after it asks for themselves.
                self.sandbox.forget();
            }
        }
    }

    /// A command as a user would type it, on a full disk now and then.
    fn command(&mut self, may_break: bool) -> (Run, String) {
        let chance = &mut self.chance;
        let mut words: Vec<&str> = match chance.below(20) {
            0..=9 => {
                let tool = chance.one(&TOOLS);
                let repository = chance.one(&REPOSITORIES);
                let mut words =
                    vec!["vouch", "setup", "codeartifact", "--tool", tool, "--repository", repository];
                words.extend(if chance.percent(10) { OTHER_DOMAIN } else { MY_DOMAIN });
                if self.is_long && chance.percent(10) {
                    words.push("--move");
                }
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
        // In blocks of 512 bytes; nothing can be made longer than that: a write fails, or its process is killed in it.
        let (full, fatal) = (chance.percent(8) && may_break, chance.percent(4) && may_break);
        let room = chance.below(12).to_string();
        let script = match fatal {
            true => "ulimit -f \"$1\"; shift; exec \"$@\"",
            false => "trap '' XFSZ; ulimit -f \"$1\"; shift; exec \"$@\"",
        };
        if full || fatal {
            let mut limited = vec!["sh", "-c", script, "sh", &room];
            limited.append(&mut words);
            words = limited;
        }
        words = AS_ANYBODY.into_iter().chain(words).collect();
        let run = self.sandbox.run(words[0]).args(&words[1..]);
        let run = if is_login { run.stdin(format!("{}\n", self.sandbox.pin())) } else { run };
        let line = match (fatal, full) {
            (true, _) => format!("{line}  [killed in a write beyond {room}]"),
            (false, true) => format!("{line}  [disk full at {room}]"),
            (false, false) => line,
        };
        self.count(kind);
        if fatal {
            self.count("killed in a write");
        } else if full {
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

    fn looked_at(&mut self, done: &CommandOutput) {
        let lines = marks::look(self.sandbox, done, Some(&self.before)).len();
        *self.counts.entry("lines that were looked at").or_default() += lines;
    }

    fn no_token_after_a_logout(&mut self, step: usize) {
        let done = self.sandbox.vouch(&["logout"]).done();
        assert_eq!(done.code, 0, "step {step}: {done}\n{}", self.story());
        let all = self.sandbox.user_files();
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
        let after = self.sandbox.user_files();
        for path in self.before.keys().chain(after.keys()) {
            let text =
                |files: &Files| files.get(path).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
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

/// What Vouch writes into its own folder is taken over by whoever writes next.
fn is_of_vouch(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == ".vouch")
}
