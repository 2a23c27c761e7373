//! Each step of setup made to fail in turn, for each client: files, configuration and records are as before, or the whole
//! setup is there; after a kill the next command makes it so.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use vouch_clients::tool::Tool;
use vouch_e2e::files::{Files, difference};
use vouch_e2e::{CommandOutput, MY_DOMAIN, Run, Sandbox, in_sandbox, marks};

/// What stands in the files of somebody who had them before.
const FILES: [(&str, &str); 9] = [
    (".cargo/config.toml", "# mine\n[net]\nretry = 3\n"),
    (".npmrc", "; mine\nregistry=https://registry.example.com/\nsave-exact=true"),
    (".config/pip/pip.conf", "[global]\nindex-url = https://pypi.org/simple\ntimeout = 60\n"),
    (".config/uv/uv.toml", "native-tls = true\n"),
    (".config/pdm/config.toml", "check_update = false\n"),
    (".pypirc", "[distutils]\nindex-servers =\n    pypi\n\n[pypi]\nusername = alice"),
    (".config/pypoetry/config.toml", "[virtualenvs]\r\nin-project = true\r\n"),
    (".yarnrc.yml", "nodeLinker: node-modules\n"),
    (".m2/settings.xml", "<settings>\n  <servers>\n  </servers>\n</settings>\n"),
];

/// In blocks of 512 bytes.
const ROOM: [usize; 6] = [0, 1, 2, 4, 8, 16];

/// The user's files, and those of Vouch.
type State = (Files, Files);

fn state(sandbox: &Sandbox) -> State {
    (sandbox.user_files(), sandbox.setup_files())
}

fn setup(sandbox: &Sandbox, tool: Tool) -> Run {
    words(sandbox, &[], tool)
}

/// A setup that another program starts.
fn words(sandbox: &Sandbox, starter: &[&str], tool: Tool) -> Run {
    let setup = ["setup", "codeartifact", "--tool", tool.name(), "--repository", "my-repo"];
    let all: Vec<&str> = starter.iter().copied().chain(["vouch"]).chain(setup).chain(MY_DOMAIN).collect();
    sandbox.run(all[0]).args(&all[1..])
}

/// Everything that setup does for a client, and what it takes to look at one that fails.
struct Trial<'a> {
    sandbox: &'a Sandbox,
    tool: Tool,
    before: State,
    /// The user's files after a setup that nothing disturbs.
    complete: Files,
    /// What that setup made or changed.
    steps: Vec<PathBuf>,
    took: Duration,
}

impl<'a> Trial<'a> {
    fn of(sandbox: &'a Sandbox, tool: Tool) -> Self {
        let before = state(sandbox);
        let took = setup(sandbox, tool).ok().took;
        let (complete, vouch) = state(sandbox);
        let all = complete.iter().chain(&vouch);
        let is_new =
            |(path, bytes): &(&PathBuf, &Vec<u8>)| before.0.get(*path).or(before.1.get(*path)) != Some(bytes);
        let steps: Vec<_> = all.filter(is_new).map(|(path, _)| path.clone()).collect();
        // Whose lines a user adds has its profile recorded, and nothing else.
        let is_recorded = steps == [sandbox.file(".vouch/config.json")];
        assert_eq!(is_recorded, tool.is_manual(), "{}: {steps:?}", tool.name());
        let trial = Self { sandbox, tool, before, complete, steps, took };
        trial.reset();
        trial
    }

    /// As before all of it: the records that an undo keeps go, too.
    fn reset(&self) {
        if !self.tool.is_manual() {
            let _ = self.sandbox.vouch(&["undo", "--all"]).done();
        }
        for path in self.sandbox.setup_files().into_keys() {
            match self.before.1.get(&path) {
                Some(bytes) => fs::write(&path, bytes).unwrap(),
                None => fs::remove_file(&path).unwrap(),
            }
        }
        self.sandbox.forget();
        self.is_as_before("after a reset");
    }

    /// All of the setup, or nothing of it.
    fn all_or_nothing(&self, what: &str, done: &CommandOutput) {
        if done.code == 0 {
            let now = self.sandbox.user_files();
            let (now, complete) = (without_tokens(&now), without_tokens(&self.complete));
            assert!(now == complete, "{what}: {done}\n{}", difference(&complete, &now));
            let _ = marks::look(self.sandbox, done, None);
            self.reset();
            return;
        }
        assert!(
            !done.stderr.contains("panicked") && !done.stderr.contains("internal error"),
            "{what}: {done}"
        );
        assert!(!done.stderr.contains('\u{2713}'), "{what}: {done}");
        self.is_as_before(&format!("{what}: {done}"));
    }

    fn is_as_before(&self, what: &str) {
        let now = state(self.sandbox);
        for (before, now) in [(&self.before.0, &now.0), (&self.before.1, &now.1)] {
            assert!(before == now, "{}, {what}\n{}", self.tool.name(), difference(before, now));
        }
    }

    /// The next command after a kill: none is needed where nothing was written.
    fn recovers(&self, what: &str) {
        let done = self.sandbox.vouch(&["undo", "--all"]).done();
        assert!([0, 1].contains(&done.code), "{what}: {done}");
        let now = self.sandbox.user_files();
        let name = self.tool.name();
        assert!(self.before.0 == now, "{name}, {what}: {done}\n{}", difference(&self.before.0, &now));
        let config = self.sandbox.config();
        let left = &config["codeartifact"]["registrations"];
        assert!(left.as_array().is_none_or(Vec::is_empty), "{name}, {what}: {left}");
        self.reset();
    }
}

/// Tokens are other ones each time.
fn without_tokens(files: &Files) -> Files {
    let blank = |line: &str| match line.split_once(":_authToken=") {
        Some((key, _)) => format!("{key}:_authToken=\n"),
        None => without_names(line),
    };
    let text =
        |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).split_inclusive('\n').map(blank).collect::<String>();
    files.iter().map(|(path, bytes)| (path.clone(), text(bytes).into_bytes())).collect()
}

/// What setup makes anew for each registration of Maven.
fn without_names(line: &str) -> String {
    let mut line = line.to_owned();
    for prefix in ["VOUCH_MAVEN_", "vouch-"] {
        while let Some(at) = line.find(prefix).map(|at| at + prefix.len()) {
            let rest = &line[at..];
            let digits = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
            line.replace_range(at - prefix.len()..at + digits, "NAME");
        }
    }
    line
}

/// Runs for each client, once with files of the user and once without.
fn each_client(try_out: impl Fn(&Trial<'_>)) {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.log_in();
        for there in [false, true] {
            if there {
                FILES.iter().for_each(|(file, text)| sandbox.write(file, text));
            }
            for tool in Tool::ALL {
                try_out(&Trial::of(sandbox, *tool));
            }
        }
    });
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Without it, root may do everything.
const AS_ANYBODY: [&str; 3] = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"];

#[test]
fn an_unwritable_file_or_folder() {
    each_client(|trial| {
        for step in &trial.steps {
            let shown = step.display();
            let run = || words(trial.sandbox, &AS_ANYBODY, trial.tool).done();
            if step.exists() && !step.is_symlink() {
                let before = mode(step);
                set_mode(step, before & 0o555);
                let done = run();
                // A setup that is complete may have put another file in its place.
                set_mode(step, before);
                trial.all_or_nothing(&format!("`{shown}` is read-only"), &done);
            }
            let folder = step.ancestors().skip(1).find(|folder| folder.is_dir()).unwrap();
            let before = mode(folder);
            set_mode(folder, before & 0o555);
            let done = run();
            set_mode(folder, before);
            trial.all_or_nothing(&format!("the folder of `{shown}` is read-only"), &done);
            if !step.exists() {
                fs::create_dir_all(step).unwrap();
                let done = run();
                fs::remove_dir(step).unwrap();
                trial.all_or_nothing(&format!("`{shown}` is a folder"), &done);
                for folder in step.ancestors().skip(1) {
                    if fs::remove_dir(folder).is_err() {
                        break;
                    }
                }
            }
        }
    });
}

#[test]
fn a_full_disk() {
    each_client(|trial| {
        for room in ROOM.map(|room| room.to_string()) {
            let limit = ["sh", "-c", "trap '' XFSZ; ulimit -f \"$1\"; shift; exec \"$@\"", "sh", &room];
            let done = words(trial.sandbox, &limit, trial.tool).done();
            trial.all_or_nothing(&format!("room for {room} blocks"), &done);
        }
    });
}

#[test]
fn a_refusal_of_aws() {
    each_client(|trial| {
        for (service, code) in [("sts", "AccessDenied"), ("codeartifact", "AccessDeniedException")] {
            trial.sandbox.ctl(&["fault", service, "--status", "403", "--code", code]);
            let done = setup(trial.sandbox, trial.tool).done();
            trial.sandbox.ctl(&["fault", service, "--clear"]);
            assert_eq!(done.code != 0, !trial.tool.is_manual(), "{}: {done}", trial.tool.name());
            trial.all_or_nothing(&format!("{service} refuses"), &done);
            // A refusal is told to those who come with it, too.
            trial.sandbox.forget();
        }
    });
}

#[test]
fn a_kill_between_steps() {
    each_client(|trial| {
        if trial.tool.is_manual() {
            return;
        }
        // The system kills whoever writes more than is allowed: in the middle of a write.
        for room in ROOM.map(|room| room.to_string()) {
            let limit = ["sh", "-c", "ulimit -f \"$1\"; shift; exec \"$@\"", "sh", &room];
            let done = words(trial.sandbox, &limit, trial.tool).done();
            trial.recovers(&format!("killed with room for {room} blocks ({})", done.code));
        }
        const KILLS: u32 = 6;
        for number in 1..=KILLS {
            let mut running = setup(trial.sandbox, trial.tool).start();
            thread::sleep(trial.took * number / KILLS);
            // It may have ended.
            let _ = running.child.kill();
            let done = running.wait();
            trial.recovers(&format!("killed after {number} of {KILLS} parts of its time ({})", done.code));
        }
    });
}
