//! The package managers that `vouch join` sets up.

use std::fs;

use vouch_e2e::join::{JOIN, accepted, path, pinned, publish, team};
use vouch_e2e::{MY_DOMAIN, in_sandbox};

/// Clients with the file that setup edits, and what stands there where all packages come from the repository.
const CLIENTS: [(&str, &str, &str, &str); 9] = [
    ("cargo", "", ".cargo/config.toml", "replace-with"),
    ("npm", "node/npm-11", ".npmrc", "\nregistry="),
    ("pnpm", "node/pnpm-11", ".config/pnpm/auth.ini", "\nregistry="),
    ("yarn", "node/yarn-4", ".yarnrc.yml", "\nnpmRegistryServer:"),
    ("pip", "pip-26.3", ".config/pip/pip.conf", "\nindex-url"),
    ("uv", "uv-0.13.9", ".config/uv/uv.toml", "\ndefault = true"),
    ("twine", "twine-7.0.0", ".pypirc", "[pypi]"),
    ("poetry", "poetry-2.5.1", ".config/pypoetry/config.toml", "default"),
    ("pdm", "pdm-2.29.4", ".config/pdm/config.toml", "\n[pypi]"),
];

#[test]
fn several_package_managers_are_set_up_as_they_are_by_themselves() {
    in_sandbox(&[], |sandbox| {
        let _ = publish(sandbox, &team(), &[]);
        // A pip that takes its packages from elsewhere is not led away, and does not hold up cargo.
        sandbox.write(".config/pip/pip.conf", "[global]\nindex-url = https://pypi.example.net/simple/\n");
        let done =
            accepted(sandbox, &["--tools"]).fails(7).says("not every package manager could be set up: pip");
        let _ = done.says("remove that line first").says("give `enrollment.json` to your administrator");
        assert!(sandbox.read(".config/pip/pip.conf").contains("pypi.example.net"));
        let by_join = sandbox.read(".cargo/config.toml");
        fs::remove_file(sandbox.file(".config/pip/pip.conf")).unwrap();
        let _ = accepted(sandbox, &["--tools"]).ok();
        assert!(sandbox.read(".config/pip/pip.conf").contains("my-pypi-repo"));
        let _ = sandbox.vouch(&["undo", "--all"]).ok();
        assert!(
            !sandbox.file(".config/pip/pip.conf").exists() && !sandbox.file(".cargo/config.toml").exists()
        );
        let setup = ["setup", "codeartifact", "--tool", "cargo", "--repository", "my-repo"];
        let _ = sandbox.vouch(&setup).args(MY_DOMAIN).ok();
        assert_eq!(sandbox.read(".cargo/config.toml"), by_join);
    });
}

#[test]
fn who_takes_all_packages_from_it_is_named_before_the_question() {
    in_sandbox(&[], |sandbox| {
        let _ = publish(sandbox, &(team() + "npm = [\"my-npm-repo\"]\n"), &[]);
        let clients: Vec<_> = CLIENTS.iter().map(|client| client.1).filter(|name| !name.is_empty()).collect();
        let path = path(&clients, sandbox);
        let shown = sandbox.vouch(&JOIN).env("PATH", &path).fails(2).says("nothing was changed");
        let address = pinned(sandbox);
        let join = ["join", &address, "--subject", "alice", "--tools", "--pin-stdin"];
        let _ = sandbox.vouch(&join).env("PATH", &path).stdin(format!("{}\n", sandbox.pin())).ok();
        for (tool, _, file, mark) in CLIENTS {
            let beginning = format!("  {tool:<13}takes all packages from `my-");
            let said = shown
                .stderr
                .lines()
                .any(|line| line.starts_with(&beginning) && line.contains("becomes the default"));
            assert!(
                shown.stderr.lines().any(|line| line.starts_with(&format!("  {tool:<13}"))),
                "{tool}: {shown}"
            );
            let text = format!("\n{}", sandbox.read(file));
            assert!(text.contains("my-domain-123456789012"), "{tool}: {text}");
            assert_eq!(text.contains(mark), said, "{tool}: {text}");
        }
    });
}
