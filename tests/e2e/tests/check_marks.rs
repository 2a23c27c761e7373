//! Every line with a check mark that setup, undo, login and logout can print: printed when it is so, and only then.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use vouch_clients::tool::Tool;
use vouch_e2e::{CommandOutput, MY_DOMAIN, Run, Sandbox, in_sandbox, marks};

const MARK: &str = "\u{2713}";

/// Of several setups that are taken back at once, the file is as it was before the first.
struct Looker<'a> {
    sandbox: &'a Sandbox,
    seen: RefCell<BTreeSet<&'static str>>,
}

impl Looker<'_> {
    fn run(&self, run: Run) -> CommandOutput {
        let done = run.done();
        self.seen.borrow_mut().extend(marks::look(self.sandbox, &done, None));
        done
    }

    /// Runs `vouch`, which succeeds, with all it says looked at.
    fn ok(&self, line: &str) -> CommandOutput {
        self.run(self.sandbox.vouch(&line.split(' ').collect::<Vec<_>>())).expect_code(0)
    }

    fn setup(&self, tool: &str, more: &str) -> CommandOutput {
        let setup = self.sandbox.vouch(&["setup", "codeartifact", "--tool", tool, "--repository", "my-repo"]);
        let more: Vec<_> = more.split(' ').filter(|word| !word.is_empty()).collect();
        self.run(setup.args(MY_DOMAIN).args(more)).expect_code(0)
    }
}

#[test]
fn every_line_is_printed_when_it_is_so() {
    in_sandbox(&[], |sandbox| {
        let looker = Looker { sandbox, seen: RefCell::default() };
        sandbox.enroll();
        let _ = looker.ok("undo --list");
        let role = "arn:aws:iam::123456789012:role/CodeArtifact";
        let _ =
            looker.ok(&format!("setup aws --role {role}")).says(&format!("{MARK} nothing to change: AWS"));
        let _ = looker.ok(&format!("setup aws --role {role} --profile second --default --yes"));
        let _ = looker.ok(&format!("setup aws --role {role} --profile second --dry-run"));
        let _ = looker.run(sandbox.vouch_with_pin(&["login"])).expect_code(0);
        for tool in Tool::ALL.iter().map(|tool| tool.name()) {
            let _ = looker.setup(tool, "");
            let again = looker.setup(tool, "");
            let is_manual = Tool::named(tool).is_some_and(Tool::is_manual);
            assert_eq!(again.stderr.contains("nothing to change"), !is_manual, "{again}");
            let _ = looker.setup(tool, "--dry-run").never_says("may receive");
        }
        let _ = looker.setup("maven", "--no-mirror");
        let _ = looker.setup("cargo", "--replace-crates-io");
        let _ = looker.setup("cargo", "--aws-profile second").says("AWS profile `second` reads");
        let _ = looker.setup("npm", "--scope @acme");
        let _ = looker.ok("undo").says("is still set up for npm");
        let _ = looker.setup("npm", "--scope @acme");
        let _ = looker.ok("setup codeartifact --tool npm");
        // Two who live on the same lines, and edits in between.
        let _ = looker.ok("undo npm").says("stay, because");
        fs::write(sandbox.file(".pypirc"), sandbox.read(".pypirc") + "# mine\n").unwrap();
        let _ =
            looker.ok("undo twine").never_says(&format!("{MARK} `{}`", sandbox.file(".pypirc").display()));
        let _ = looker.ok("setup codeartifact --tool cargo --repository my-pypi-repo");
        fs::remove_file(sandbox.file(".config/uv/uv.toml")).unwrap();
        let _ = looker.ok("undo uv").says("is gone: nothing to undo");
        let _ = looker.ok("logout").says(&format!("{MARK} the token is out of"));
        let _ = looker.ok("logout").says(&format!("{MARK} you were not logged in"));
        let _ = looker.ok("undo --all").says("no longer receives tokens");
        // A file that is as it was already, and one that others edited since.
        sandbox.write(".config/pip/pip.conf", "[global]\ntimeout = 60\n");
        let _ = looker.setup("pip", "--extra");
        sandbox.write(".config/pip/pip.conf", "[global]\ntimeout = 60\n");
        let _ = looker.ok("undo pip").says("is already as it was before setup");
        sandbox.write(".cargo/config.toml", "# mine\n");
        for repository in ["my-npm-repo", "my-maven-repo"] {
            let _ = looker.ok(&format!("setup codeartifact --tool cargo --repository {repository}"));
        }
        let _ = looker.setup("pip", "");
        let _ = looker.ok("undo cargo").says("is as it was before setup");
        assert_eq!(sandbox.read(".cargo/config.toml"), "# mine\n");
        for repository in ["my-npm-repo", "my-maven-repo"] {
            let _ = looker.ok(&format!("setup codeartifact --tool cargo --repository {repository}"));
        }
        let _ = looker.ok("undo").says("config.toml` is as it was before the setup of cargo");
        let _ = looker.ok("undo").says("config.toml` is as it was before setup");
        let first = looker.ok("setup codeartifact --tool cargo --repository my-npm-repo");
        let text = sandbox.read(".cargo/config.toml");
        let _ = looker.ok("setup codeartifact --tool cargo --repository my-maven-repo");
        sandbox.write(".cargo/config.toml", &text);
        let _ = looker.ok("undo").says("config.toml` is already as it was before the setup of cargo");
        assert!(first.stderr.contains("registry `my-npm-repo`"), "{first}");
        let _ = looker.ok("undo --all");

        let seen = looker.seen.into_inner();
        // Each of these has a test of its own, by name, in the state that it needs.
        let elsewhere = [
            // `another_keyring_stays_first_unless_the_person_says_so`
            "`{}` is Vouch's, and hands other requests on to `{}`",
            // `the_keyring_is_said_to_be_started_only_where_it_is_on_path`
            "`{}` is the `keyring` that clients start",
            "made `{}`, which clients start once its folder is on PATH",
            // `the_wheel_is_said_to_be_there_only_where_it_is`
            "{} finds Vouch by the wheel of `pip-keyring-vouch`, which is installed beside it",
            // `a_token_is_said_to_be_overwritten_where_it_is_only_if_so`
            "the token for {} is in `{}`, which could not be replaced as a whole, until {}",
            // `edits_from_between_others`
            "the lines of {} are out of `{}`; what setup did there since stays",
        ];
        let missing: Vec<_> =
            marks::all().filter(|line| !seen.contains(line) && !elsewhere.contains(line)).collect();
        assert_eq!(missing, Vec::<&str>::new());
    });
}

#[test]
fn edits_from_between_others() {
    in_sandbox(&[], |sandbox| {
        let looker = Looker { sandbox, seen: RefCell::default() };
        let _ = looker.setup("npm", "--scope @a --mode env");
        let other = format!("--repository other-repo {}", MY_DOMAIN.join(" "));
        let _ = looker.ok(&format!("setup codeartifact --tool bun {other} --scope @b --mode env"));
        let _ = looker.ok("undo npm").says("what setup did there since stays");
        assert!(!sandbox.read(".npmrc").contains("@a") && sandbox.read(".npmrc").contains("@b"));
        // Without others, nobody says so.
        let _ = looker.ok("undo bun").never_says("what setup did there since stays");
        assert!(!sandbox.file(".npmrc").exists());
    });
}

#[test]
fn pnpms_helper_is_named_only_when_its_link_was_made() {
    in_sandbox(&[], |sandbox| {
        let looker = Looker { sandbox, seen: RefCell::default() };
        let link = sandbox.file(".vouch/bin/npm-token-vouch-default");
        let _ = looker.setup("pnpm", "").says("is the helper that pnpm calls");
        let _ = looker.setup("pnpm", "").never_says("is the helper that pnpm calls");
        // One that leads elsewhere is made anew.
        fs::remove_file(&link).unwrap();
        symlink("/bin/true", &link).unwrap();
        let _ = looker.setup("pnpm", "").says("is the helper that pnpm calls");
        let _ = looker.ok("undo --all");
        let _ = fs::remove_file(&link);
        fs::create_dir_all(&link).unwrap();
        let setup = sandbox.vouch(&["setup", "codeartifact", "--tool", "pnpm", "--repository", "my-repo"]);
        let _ = setup.args(MY_DOMAIN).fails(7).never_says(MARK).says("which pnpm is to call");
    });
}

#[test]
fn the_wheel_is_said_to_be_there_only_where_it_is() {
    const WHEEL: &str = "by the wheel of `pip-keyring-vouch`, which is installed beside it";
    in_sandbox(&[], |sandbox| {
        let looker = Looker { sandbox, seen: RefCell::default() };
        // A client in an environment of its own, as pipx makes it.
        let (environment, bin) = (sandbox.file("environment"), sandbox.file("environment/bin"));
        let _ = sandbox.run("python3").args(["-m", "venv", "--without-pip", "environment"]).ok();
        let packages = fs::read_dir(environment.join("lib")).unwrap().flatten().next().unwrap().path();
        let module = packages.join("site-packages/keyring_vouch");
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        for tool in ["twine", "poetry"] {
            let script = bin.join(tool);
            fs::write(&script, format!("#!{}\n", bin.join("python").display())).unwrap();
            fs::set_permissions(&script, fs::metadata("/bin/sh").unwrap().permissions()).unwrap();
            let setup = |repository: &str| {
                let words = ["setup", "codeartifact", "--tool", tool, "--repository", repository];
                looker.run(sandbox.vouch(&words).args(MY_DOMAIN).env("PATH", &path)).expect_code(0)
            };
            let said = setup("without").never_says(&format!("{MARK} {tool} finds Vouch"));
            assert!(said.stderr.contains("which is not installed beside it"), "{said}");
            fs::create_dir(&module).unwrap();
            fs::write(module.join("__init__.py"), "").unwrap();
            assert!(setup("with").stderr.contains(&format!("{MARK} {tool} finds Vouch {WHEEL}")));
            fs::remove_dir_all(&module).unwrap();
        }
    });
}

#[test]
fn the_keyring_is_said_to_be_started_only_where_it_is_on_path() {
    const STARTED: &str = "is the `keyring` that clients start";
    in_sandbox(&[], |sandbox| {
        let looker = Looker { sandbox, seen: RefCell::default() };
        let path = std::env::var("PATH").unwrap();
        let folder = sandbox.file(".local/bin");
        let with = format!("{}:{path}", folder.display());
        let setup = |path: &str| {
            let words = ["setup", "codeartifact", "--tool", "pip", "--repository", "my-repo"];
            looker.run(sandbox.vouch(&words).args(MY_DOMAIN).env("PATH", path)).expect_code(0)
        };
        let _ = setup(&path).never_says(STARTED).says("once its folder is on PATH");
        // It is there already.
        let _ = setup(&with).never_says(STARTED).never_says("once its folder");
        let _ = looker.ok("undo --all");
        let _ = setup(&with).says(STARTED).never_says("once its folder");
        let _ = looker.ok("undo --all");
        // Another one comes first and stays there.
        let other = sandbox.file("other/keyring");
        sandbox.write("other/keyring", "#!/bin/sh\nexit 1\n");
        fs::set_permissions(&other, fs::metadata("/bin/sh").unwrap().permissions()).unwrap();
        let first = format!("{}:{with}", other.parent().unwrap().display());
        let _ = setup(&first).never_says(STARTED).never_says("once its folder");
    });
}

#[test]
fn a_token_is_said_to_be_overwritten_where_it_is_only_if_so() {
    const IN_PLACE: &str = "which could not be replaced as a whole";
    in_sandbox(&[], |sandbox| {
        let looker = Looker { sandbox, seen: RefCell::default() };
        sandbox.enroll();
        sandbox.log_in();
        sandbox.write("project/.npmrc", "save-exact=true\n");
        let folder = sandbox.file("project");
        let setup = || {
            // Without that right, root is as anybody.
            let starter =
                ["--bounding-set", "-dac_override", "vouch", "setup", "codeartifact", "--tool", "npm"];
            let run = sandbox.run("setpriv").args(starter).args(["--repository", "my-repo"]).args(MY_DOMAIN);
            looker.run(run.args(["--npmrc", "project/.npmrc"])).expect_code(0)
        };
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).unwrap();
        let _ = setup().says(IN_PLACE);
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        let _ = looker.ok("undo npm");
        let _ = setup().never_says(IN_PLACE).says("the token for");
    });
}

#[test]
fn what_failed_has_no_mark() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        let _ = sandbox.vouch(&["login", "--pin-stdin"]).stdin("000000\n").done().never_says(MARK);
        let _ = sandbox.vouch(&["undo"]).fails(1).never_says(MARK);
        let _ = sandbox.vouch(&["undo", "--all", "--dry-run"]).fails(1).never_says(MARK);
        sandbox.log_in();
        let npm = ["setup", "codeartifact", "--tool", "npm", "--repository", "my-repo"];
        let _ = sandbox.vouch(&npm).args(MY_DOMAIN).ok();
        // What cannot be removed is not said to be.
        fs::create_dir(sandbox.file(".vouch/vault/token-x.sealed")).unwrap();
        let done = sandbox.vouch(&["logout"]).done();
        assert!(done.code != 0 && !done.stderr.contains(&format!("{MARK} logged out")), "{done}");
        assert!(done.stderr.contains(&format!("{MARK} the token is out of")), "{done}");
        let _ = marks::look(sandbox, &done, None);
        fs::remove_dir(sandbox.file(".vouch/vault/token-x.sealed")).unwrap();
        for words in [["undo", "npm", "--dry-run"], ["undo", "--all", "--dry-run"]] {
            let _ = sandbox.vouch(&words).ok().never_says(MARK);
        }
        let role = "arn:aws:iam::999999999999:role/Nobody";
        let _ = sandbox
            .vouch(&["setup", "aws", "--role", role, "--region", "cn-north-1"])
            .done()
            .never_says(MARK);
    });
}
