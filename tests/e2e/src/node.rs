//! The package managers of Node, pinned: each in a folder of its own, with the Node that it runs on.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::command::Run;
use crate::sandbox::{MY_DOMAIN, Sandbox};

/// The repository that tests publish to and install from.
pub const REPOSITORY: &str = "my-npm-repo";

/// Its URL.
pub const REGISTRY: &str =
    "https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/npm/my-npm-repo/";

/// A version of a package manager, such as `pnpm-10`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client(pub &'static str);

impl Client {
    /// All that are installed.
    pub const ALL: [Client; 10] = [
        Client("npm-8"),
        Client("npm-10"),
        Client("npm-11"),
        Client("npm-12"),
        Client("pnpm-10"),
        Client("pnpm-11"),
        Client("pnpm-12"),
        Client("yarn-1"),
        Client("yarn-4"),
        Client("bun"),
    ];

    /// The name of its program.
    pub fn program(self) -> &'static str {
        self.0.split('-').next().unwrap_or(self.0)
    }

    /// What `vouch setup codeartifact --tool` calls it.
    pub fn tool(self) -> &'static str {
        match self.0 {
            "yarn-1" => "yarn-classic",
            _ => self.program(),
        }
    }

    /// Whether it asks a helper for the token; otherwise one stands in a file.
    pub fn asks(self) -> bool {
        matches!(self.tool(), "pnpm" | "yarn")
    }

    /// A program that finds this client first, in the home.
    pub fn prepared(self, sandbox: &Sandbox, program: &str) -> Run {
        let clients = env::var_os("VOUCH_TEST_CLIENTS").expect("`make test` names the clients");
        let bin = PathBuf::from(clients).join("node").join(self.0).join("bin");
        assert!(bin.join(self.program()).exists(), "{} is not installed", self.0);
        let path = env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(bin).chain(env::split_paths(&path));
        sandbox
            .run("env")
            .arg(program)
            .env("PATH", env::join_paths(folders).expect("no folder has a colon"))
            .env("NO_COLOR", "1")
            .env("YARN_ENABLE_TELEMETRY", "0")
            // For root, yarn 1 would keep it outside the home.
            .env("YARN_CACHE_FOLDER", sandbox.file(".yarn/cache"))
            .env("YARN_NODE_LINKER", "node-modules")
            // yarn 4 lets packages lie for days before it installs them.
            .env("YARN_NPM_MINIMAL_AGE_GATE", "0")
    }

    /// Its own program.
    pub fn run(self, sandbox: &Sandbox, args: &[&str]) -> Run {
        self.prepared(sandbox, self.program()).args(args)
    }

    /// Its own program on a terminal: what the person sees is in stdout.
    pub fn on_terminal(self, sandbox: &Sandbox, args: &[&str]) -> Run {
        let line = [&[self.program()], args].concat().join(" ");
        self.prepared(sandbox, "script").args(["-qec", &line, "/dev/null"])
    }

    /// `vouch setup codeartifact` for it.
    pub fn set_up(self, sandbox: &Sandbox, more: &[&str]) -> Run {
        let setup = ["setup", "codeartifact", "--tool", self.tool(), "--repository", REPOSITORY];
        self.prepared(sandbox, "vouch").args(setup).args(MY_DOMAIN).args(more)
    }

    /// The arguments that add packages to a project.
    pub fn adding<'a>(self, packages: &[&'a str]) -> Vec<&'a str> {
        let verb = if self.program() == "npm" { "install" } else { "add" };
        [&[verb], packages].concat()
    }

    /// Publishes the package in a folder.
    pub fn publish(self, sandbox: &Sandbox, folder: &str) -> Run {
        let args: &[&str] = match self.0 {
            "yarn-1" => &["publish", "--non-interactive"],
            "yarn-4" => &["npm", "publish"],
            "pnpm-10" | "pnpm-11" | "pnpm-12" => &["publish", "--no-git-checks"],
            _ => &["publish"],
        };
        if self.0 == "yarn-4" {
            // It publishes only what it has looked at before.
            sandbox.write(&format!("{folder}/yarn.lock"), "");
            let _ = self.run(sandbox, &["install"]).within(sandbox.file(folder)).ok();
        }
        self.run(sandbox, args).within(sandbox.file(folder))
    }
}

/// A package that exports its own name and cannot be loaded without its dependencies.
pub fn package(sandbox: &Sandbox, folder: &str, name: &str, dependencies: &[&str]) {
    let versions: Vec<_> = dependencies.iter().map(|name| format!("{name:?}: \"^1.0.0\"")).collect();
    let manifest = format!(
        "{{\"name\": {name:?}, \"version\": \"1.0.0\", \"main\": \"index.js\", \"dependencies\": {{{}}}}}",
        versions.join(", ")
    );
    let requires: String = dependencies.iter().map(|name| format!("require({name:?});\n")).collect();
    sandbox.write(&format!("{folder}/package.json"), &manifest);
    sandbox.write(&format!("{folder}/index.js"), &format!("{requires}module.exports = {name:?};\n"));
}

/// An empty project that nothing was ever installed in, on a machine that never saw a package.
pub fn fresh_project(sandbox: &Sandbox, client: Client, folder: &str) {
    let caches = [folder, ".npm", ".cache", ".local/share", ".bun", ".yarn"];
    for each in caches {
        let _ = fs::remove_dir_all(sandbox.file(each));
    }
    sandbox.write(
        &format!("{folder}/package.json"),
        "{\"name\": \"app\", \"version\": \"1.0.0\", \"private\": true}",
    );
    if client.0 == "yarn-4" {
        // Otherwise it looks for a project further up.
        sandbox.write(&format!("{folder}/yarn.lock"), "");
    }
}

/// Publishes `left`, `plain` and `@acme/scoped`; the latter two depend on the first.
pub fn publish_three(sandbox: &Sandbox, client: Client) {
    package(sandbox, "left", "left", &[]);
    package(sandbox, "plain", "plain", &["left"]);
    package(sandbox, "scoped", "@acme/scoped", &["left"]);
    for folder in ["left", "plain", "scoped"] {
        let _ = client.publish(sandbox, folder).ok();
    }
}

/// Stands between the clients and the helper from now on, to count its starts. To be called after setup.
pub fn count_helper_starts(sandbox: &Sandbox) {
    let called = sandbox.file(".vouch/bin/npm-token-vouch-default");
    let plugin = sandbox.file(".vouch/yarn-plugin-vouch.cjs");
    let counter = sandbox.file("counter/npm-token-vouch-default");
    let real = Run::new("sh").args(["-c", "command -v npm-token-vouch"]).ok().stdout;
    let script = format!(
        "#!/bin/bash\necho start >>'{}'\nexec -a \"$0\" '{}' \"$@\"\n",
        sandbox.file("helper-starts").display(),
        real.trim()
    );
    sandbox.write("counter/npm-token-vouch-default", &script);
    fs::set_permissions(&counter, fs::Permissions::from_mode(0o755)).expect("the home is writable");
    if called.symlink_metadata().is_ok() {
        fs::remove_file(&called).expect("the home is writable");
        std::os::unix::fs::symlink(&counter, &called).expect("the home is writable");
    }
    if let Ok(text) = fs::read_to_string(&plugin) {
        let text = text.lines().map(|line| match line.split_once("spawnSync(\"") {
            Some((before, rest)) => {
                let (_, after) = rest.split_once('"').expect("the helper's path is a string");
                format!("{before}spawnSync(\"{}\"{after}\n", counter.display())
            }
            None => format!("{line}\n"),
        });
        fs::write(&plugin, text.collect::<String>()).expect("the home is writable");
    }
}

/// How often the helper was started since the last call.
pub fn helper_starts(sandbox: &Sandbox) -> usize {
    let file = sandbox.file("helper-starts");
    let starts = fs::read_to_string(&file).unwrap_or_default().lines().count();
    let _ = fs::remove_file(file);
    starts
}
