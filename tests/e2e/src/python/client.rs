//! One client: an installed program, and a person's home that nobody else uses.

use std::env;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::command::Run;
use crate::sandbox::{MY_DOMAIN, Sandbox, programs};

/// The folder of an installed client, such as `pip-26.3`, or the first whose name begins so, such as `poetry-`.
pub fn installed(name: &str) -> PathBuf {
    let clients = env::var_os("VOUCH_TEST_CLIENTS").expect("`make test` names the clients");
    let clients = PathBuf::from(clients);
    if clients.join(name).exists() {
        return clients.join(name);
    }
    let entries = fs::read_dir(&clients).expect("the clients are installed").flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    let found = names.into_iter().find(|found| found.starts_with(name));
    clients.join(found.unwrap_or_else(|| panic!("the client {name} is not installed")))
}

/// The folder of the packages that are installed with a client.
pub fn site_packages(name: &str) -> PathBuf {
    let library = installed(name).join("lib");
    let python = fs::read_dir(library).expect("a virtual environment").flatten().next().expect("one Python");
    python.path().join("site-packages")
}

/// A client, with a home of its own in which `keyring` is our program and each start of it is noted.
///
/// The session is the sandbox's.
#[derive(Debug)]
pub struct Client {
    program: PathBuf,
    home: PathBuf,
    vouch_home: PathBuf,
    keyring: PathBuf,
    python_path: Option<PathBuf>,
}

impl Client {
    /// A new home below the sandbox's, named `label`.
    pub fn new(sandbox: &Sandbox, name: &str, label: &str) -> Self {
        let home = sandbox.file(&format!("people/{label}"));
        assert!(!home.exists(), "two clients are called {label}");
        let counting = home.join("counting");
        let keyring = home.join("keyring");
        for folder in [&counting, &keyring] {
            fs::create_dir_all(folder).expect("the home is writable");
        }
        for counted in ["keyring", "pip-keyring-vouch"] {
            symlink(programs().join("count-starts"), counting.join(counted)).expect("a link");
        }
        symlink(programs().join("pip-keyring-vouch"), keyring.join("keyring")).expect("a link");
        let program = installed(name).join("bin");
        Self { program, home, vouch_home: sandbox.file(".vouch"), keyring, python_path: None }
    }

    /// Puts the keyring backend where the client's Python finds it, as if its wheel were installed beside the client.
    #[must_use]
    pub fn with_backend(mut self) -> Self {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../pip-keyring-vouch");
        let project = fs::read_to_string(source.join("pyproject.toml")).expect("the project is there");
        let (_, backends) =
            project.split_once("[project.entry-points.\"keyring.backends\"]\n").expect("its entry point");
        let backend = backends.lines().next().unwrap_or_default().replace('"', "");
        let info = "backend/pip_keyring_vouch-1.dist-info";
        self.write(
            &format!("{info}/METADATA"),
            "Metadata-Version: 2.1\nName: pip-keyring-vouch\nVersion: 1\n",
        );
        self.write(&format!("{info}/entry_points.txt"), &format!("[keyring.backends]\n{backend}\n"));
        symlink(source.join("python/keyring_vouch"), self.file("backend/keyring_vouch")).expect("a link");
        self.python_path = Some(self.file("backend"));
        self
    }

    /// Hides the Python package `keyring`, as where a client was installed without it.
    #[must_use]
    pub fn without_keyring_package(mut self) -> Self {
        self.write("hidden/keyring.py", "raise ImportError('hidden')\n");
        self.python_path = Some(self.file("hidden"));
        self
    }

    /// Its home.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// A file in its home.
    pub fn file(&self, name: &str) -> PathBuf {
        self.home.join(name)
    }

    /// Writes a file in its home, with the folders that it needs.
    pub fn write(&self, name: &str, text: &str) -> &Self {
        let file = self.file(name);
        fs::create_dir_all(file.parent().expect("a file is in a folder")).expect("the home is writable");
        fs::write(file, text).expect("the home is writable");
        self
    }

    /// Takes our program away: there is no `keyring` on `PATH` then, but one that says so.
    pub fn without_keyring(&self) -> &Self {
        fs::remove_dir_all(&self.keyring).expect("it was there");
        fs::remove_dir_all(self.file("counting")).expect("it was there");
        self
    }

    /// One of the client's programs, in its home.
    pub fn run(&self, program: &str) -> Run {
        self.prepared(Run::new(self.program.join(program)))
    }

    /// The same with the output on a terminal, where programs that ask open it.
    pub fn on_terminal(&self, program: &str, args: &[&str]) -> Run {
        let quoted = |word: &str| format!("'{word}'");
        let program = self.program.join(program);
        let words: Vec<String> =
            [program.to_str().expect("text")].into_iter().chain(args.iter().copied()).map(quoted).collect();
        // Whoever asks a question there gets no answer: it ends the program here.
        self.prepared(Run::new("timeout").args(["60", "script", "-qec", &words.join(" "), "/dev/null"]))
    }

    /// The same without any terminal, as a build server runs it.
    pub fn without_terminal(&self, program: &str, args: &[&str]) -> Run {
        let program = self.program.join(program);
        self.prepared(Run::new("timeout").args(["60", "setsid", "--wait"]).arg(program).args(args))
    }

    /// `vouch setup codeartifact` for `my-pypi-repo` of `my-domain`, in its home.
    pub fn set_up(&self, tool: &str) -> Run {
        let repository = ["setup", "codeartifact", "--tool", tool, "--repository", "my-pypi-repo"];
        self.prepared(Run::new("vouch")).args(repository).args(MY_DOMAIN)
    }

    /// Any program in the client's surroundings.
    pub fn prepared(&self, run: Run) -> Run {
        let counting = self.file("counting");
        let inherited = env::var_os("PATH").unwrap_or_default();
        let folders = [counting.clone(), self.keyring.clone()];
        let path = env::join_paths(folders.into_iter().chain(env::split_paths(&inherited)));
        let run = match &self.python_path {
            Some(folder) => run.env("PYTHONPATH", folder),
            None => run,
        };
        run.within(&self.home)
            .env("HOME", &self.home)
            // Several clients share these files.
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PATH", path.expect("no folder has a colon"))
            .env("VOUCH_HOME", &self.vouch_home)
            .env("VOUCH_E2E_STARTS", self.starts_file())
            .env("VOUCH_E2E_COUNTING", counting)
            // What is not private has to come from nowhere, and quickly.
            .env("UV_PYTHON_DOWNLOADS", "never")
            .env("UV_PYTHON", self.program.join("python"))
            .env("NO_COLOR", "1")
    }

    /// How often a helper was started so far, each with its arguments.
    pub fn starts(&self) -> Vec<String> {
        let notes = fs::read_to_string(self.starts_file()).unwrap_or_default();
        notes.lines().map(String::from).collect()
    }

    /// Forgets the starts.
    pub fn forget_starts(&self) {
        let _ = fs::remove_file(self.starts_file());
    }

    fn starts_file(&self) -> PathBuf {
        self.home.join("starts")
    }
}
