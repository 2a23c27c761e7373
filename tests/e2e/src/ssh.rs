//! Machines behind `ssh`, inside the sandbox: Debian's sshd without privileges, each in a user namespace of its own, so that the
//! kernel keeps its session keys apart from everybody else's.

use std::fmt::Write as _;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::{Run, Sandbox};

/// The account of every machine.
const ACCOUNT: &str = "builder";

/// A machine that runs sshd until it is dropped.
#[derive(Debug)]
pub struct Machine {
    pub name: String,
    /// The home of its account.
    pub home: PathBuf,
    folder: PathBuf,
    sshd: Child,
}

impl Machine {
    /// Starts one, which `ssh NAME` of the sandbox's user then reaches.
    pub fn start(sandbox: &Sandbox, name: &str) -> Self {
        // Not below the home: cargo would read the configuration there.
        let folder = sandbox.home().with_file_name(format!("machine-{name}"));
        let (home, ssh) = (folder.join("home"), sandbox.file(".ssh"));
        for path in [&home, &ssh, &folder.join("tmp"), &folder.join("run")] {
            fs::create_dir_all(path).expect("the home is writable");
            fs::set_permissions(path, fs::Permissions::from_mode(0o700)).expect("it is ours");
        }
        new_key(&folder.join("host_key"));
        if !ssh.join("id").exists() {
            new_key(&ssh.join("id"));
        }
        // Taken for a moment, to know one that is free in this namespace.
        let port =
            TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
        write(&folder.join("sshd_config"), &server_config(&folder, &ssh, port));
        write(&folder.join("passwd"), &format!("{ACCOUNT}:x:1000:1000::{}:/bin/sh\n", home.display()));
        let sshd = start(&folder, port);
        let machine = Self { name: name.to_owned(), home, folder, sshd };
        machine.let_reach(&ssh, port);
        machine
    }

    /// A command that a user types there.
    pub fn run(&self, sandbox: &Sandbox, line: &str) -> Run {
        ssh(sandbox).args([&self.name, line])
    }

    /// Gives it another host key, as a machine in the middle would have one.
    pub fn forget_host_key(&self, sandbox: &Sandbox) {
        let known = sandbox.file(".ssh/known_hosts");
        let other = self.folder.join("other_key");
        new_key(&other);
        let key = fs::read_to_string(other.with_extension("pub")).expect("ssh-keygen wrote it");
        write(&known, &format!("{} {key}", self.name));
    }

    /// All that it keeps: the files of its home.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn let_reach(&self, ssh: &Path, port: u16) {
        let key = fs::read_to_string(self.folder.join("host_key.pub")).expect("ssh-keygen wrote it");
        append(&ssh.join("known_hosts"), &format!("{} {key}", self.name));
        append(
            &ssh.join("config"),
            &format!(
                "Host {0}\n  HostName 127.0.0.1\n  HostKeyAlias {0}\n  Port {port}\n  User {ACCOUNT}\n  IdentityFile {1}/id\n  \
                 IdentitiesOnly yes\n  UserKnownHostsFile {1}/known_hosts\n  BatchMode yes\n",
                self.name,
                ssh.display()
            ),
        );
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.sshd.kill();
        let _ = self.sshd.wait();
    }
}

/// The user's ssh. It looks for its configuration in the account's home, which is not the sandbox's.
fn ssh(sandbox: &Sandbox) -> Run {
    sandbox.run(program(sandbox).to_str().expect("a plain path"))
}

/// The user's ssh as a program, for `--ssh`.
pub fn program(sandbox: &Sandbox) -> PathBuf {
    let program = sandbox.file("bin/ssh");
    if !program.exists() {
        fs::create_dir_all(sandbox.file("bin")).expect("the home is writable");
        let config = sandbox.file(".ssh/config");
        write(&program, &format!("#!/bin/sh\nexec /usr/bin/ssh -F {} \"$@\"\n", config.display()));
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("it is ours");
    }
    program
}

fn start(folder: &Path, port: u16) -> Child {
    // Without privileges of its own: sshd then changes to nobody else, which a namespace with one user does not allow.
    let script = "mount --bind \"$1/passwd\" /etc/passwd && \
                  exec unshare --user --map-user=1000 --map-group=1000 /usr/sbin/sshd -D -e -f \"$1/sshd_config\"";
    let log = fs::File::create(folder.join("log")).expect("the home is writable");
    let sshd = Command::new("unshare")
        .args(["--mount", "sh", "-c", script, "sh"])
        .arg(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .expect("util-linux is installed");
    let started = Instant::now();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
        assert!(started.elapsed() < Duration::from_secs(20), "sshd does not start: {log}");
        thread::sleep(Duration::from_millis(20));
    }
    sshd
}

fn server_config(folder: &Path, ssh: &Path, port: u16) -> String {
    let at = folder.display();
    let mut text = format!(
        "ListenAddress 127.0.0.1\nPort {port}\nHostKey {at}/host_key\nPidFile none\nUsePAM no\nStrictModes no\n\
         PasswordAuthentication no\nKbdInteractiveAuthentication no\nAuthorizedKeysFile {}/id.pub\nLogLevel VERBOSE\nSetEnv",
        ssh.display()
    );
    let own = [
        ("HOME", folder.join("home")),
        ("TMPDIR", folder.join("tmp")),
        ("XDG_RUNTIME_DIR", folder.join("run")),
    ];
    // What a machine's own setup would give its users: the programs, and the certificate authority of the sandbox.
    for (name, value) in std::env::vars() {
        let is_own = own.iter().any(|(known, _)| *known == name);
        let is_needed = name == "PATH" || name.starts_with("CARGO") || name.starts_with("RUSTUP");
        let names_authority = value.ends_with(".pem") && !name.starts_with("VOUCH");
        if !is_own && (is_needed || names_authority) {
            let _ = write!(text, " \"{name}={value}\"");
        }
    }
    for (name, value) in own {
        let _ = write!(text, " \"{name}={}\"", value.display());
    }
    text + "\n"
}

fn new_key(path: &Path) {
    let _ = Run::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(path).ok();
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).expect("the home is writable");
}

fn append(path: &Path, text: &str) {
    let before = fs::read_to_string(path).unwrap_or_default();
    write(path, &(before + text));
}
