use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};

use super::*;

const LONG: Duration = Duration::from_secs(20);

struct Repository {
    dir: tempfile::TempDir,
}

impl Repository {
    fn new() -> Self {
        let new = Self { dir: tempfile::tempdir().unwrap() };
        new.git(&["init", "-q", "."]);
        fs::write(new.path(".npmrc"), "a=1\n").unwrap();
        new
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn git(&self, args: &[&str]) {
        let mut git = Command::new("git");
        git.args(["-c", "safe.directory=*"]).args(args).current_dir(self.dir.path());
        assert!(git.status().unwrap().success(), "{args:?}");
    }

    fn check(&self, name: &str) -> Result<Untracked, GitError> {
        check_with(program::on_path("git").as_deref(), &self.path(name), LONG)
    }

    /// A program in the place of git.
    fn fake(&self, script: &str) -> PathBuf {
        let path = self.path(".git/fake");
        // Not written by this process: a child of another thread may still have it open.
        let written = Command::new("/bin/sh")
            .args(["-c", r#"printf '#!/bin/sh\n%s\n' "$2" > "$1" && chmod 755 "$1""#, "sh"])
            .arg(&path)
            .arg(script)
            .status();
        assert!(written.unwrap().success());
        path
    }
}

fn is_tracked(answer: &Result<Untracked, GitError>) -> bool {
    matches!(answer, Err(GitError::Tracked(_)))
}

#[test]
fn a_file_is_outside_ignored_not_ignored_or_tracked() {
    let outside = tempfile::tempdir().unwrap();
    let file = outside.path().join(".npmrc");
    assert_eq!(check_with(None, &file, LONG).unwrap(), Untracked::Outside);

    let repository = Repository::new();
    assert_eq!(repository.check(".npmrc").unwrap(), Untracked::NotIgnored);
    assert_eq!(repository.check("new/folder/.npmrc").unwrap(), Untracked::NotIgnored);
    fs::write(repository.path(".gitignore"), ".npmrc\n").unwrap();
    assert_eq!(repository.check(".npmrc").unwrap(), Untracked::Ignored);
    assert_eq!(repository.check("new/folder/.npmrc").unwrap(), Untracked::Ignored);
    let told = warning(&file, Untracked::NotIgnored).unwrap();
    assert!(told.contains(".gitignore"), "{told}");
    assert_eq!((warning(&file, Untracked::Ignored), warning(&file, Untracked::Outside)), (None, None));

    // Staged is enough, and so is the promise to stage it.
    repository.git(&["add", "-f", "-N", ".npmrc"]);
    assert!(is_tracked(&repository.check(".npmrc")));
    repository.git(&["add", "-f", ".npmrc"]);
    assert!(is_tracked(&repository.check(".npmrc")));
    fs::remove_file(repository.path(".npmrc")).unwrap();
    assert!(is_tracked(&repository.check(".npmrc")));
}

#[test]
fn names_that_are_patterns_and_links_are_looked_at_as_they_are() {
    let repository = Repository::new();
    for name in [":(exclude)x", "*", "[a]", "-n"] {
        fs::write(repository.path(name), "").unwrap();
        assert_eq!(repository.check(name).unwrap(), Untracked::NotIgnored, "{name}");
    }
    repository.git(&["add", "--", ".npmrc"]);
    assert_eq!(repository.check("*").unwrap(), Untracked::NotIgnored);
    let home = tempfile::tempdir().unwrap();
    let link = home.path().join(".npmrc");
    symlink(repository.path(".npmrc"), &link).unwrap();
    assert!(is_tracked(&check_with(program::on_path("git").as_deref(), &link, LONG)));
}

#[test]
fn without_an_answer_the_file_gets_no_token() {
    let repository = Repository::new();
    let refused = |git: Option<&Path>, timeout| {
        let started = Instant::now();
        let answer = check_with(git, &repository.path(".npmrc"), timeout);
        assert!(started.elapsed() < Duration::from_secs(10));
        match answer {
            Err(error @ GitError::NoAnswer { .. }) => {
                assert!(error.hint().unwrap().contains("--mode env"));
                error.to_string()
            }
            other => panic!("{other:?}"),
        }
    };
    assert!(refused(None, LONG).contains("not installed"));
    assert!(refused(Some(Path::new("/nonexistent/git")), LONG).contains("cannot be started"));
    for (script, reason) in [
        ("echo fatal: detected dubious ownership >&2; exit 128", "dubious ownership"),
        ("exit 1", "without a word"),
        ("exit 0", "does not list it"),
    ] {
        let told = refused(Some(&repository.fake(script)), LONG);
        assert!(told.contains(reason), "{told}");
    }
    for script in ["exec sleep 60", "sleep 4 & exit 0"] {
        let told = refused(Some(&repository.fake(script)), Duration::from_millis(200));
        assert!(told.contains("did not answer"), "{told}");
    }
    // What is called a repository and is none.
    fs::remove_dir_all(repository.path(".git")).unwrap();
    fs::write(repository.path(".git"), "gitdir: /nonexistent").unwrap();
    let git = program::on_path("git").unwrap();
    refused(Some(&git), LONG);
}

#[test]
fn a_repository_of_another_user_answers_too_and_starts_no_program() {
    let repository = Repository::new();
    let mark = repository.path("started");
    let program = repository.fake(&format!("touch '{}'", mark.display()));
    for key in ["core.fsmonitor", "core.pager", "diff.external", "alias.ls-files", "core.sshCommand"] {
        repository.git(&["config", key, program.to_str().unwrap()]);
    }
    repository.git(&["-c", "core.fsmonitor=false", "add", ".npmrc"]);
    let _ = fs::remove_file(&mark);
    let hooks = repository.path(".git/hooks");
    for hook in ["post-index-change", "fsmonitor-watchman"] {
        fs::copy(&program, hooks.join(hook)).unwrap();
        fs::set_permissions(hooks.join(hook), fs::Permissions::from_mode(0o755)).unwrap();
    }
    assert!(is_tracked(&repository.check(".npmrc")));
    assert_eq!(repository.check("other").unwrap(), Untracked::NotIgnored);
    if chown(repository.dir.path(), Some(12345), None).is_ok()
        && chown(repository.path(".git"), Some(12345), None).is_ok()
    {
        assert!(is_tracked(&repository.check(".npmrc")));
    }
    assert!(!mark.exists(), "the repository started a program");
}
