//! `vouch-sandbox run`: two processes and a command.
//!
//! The outer process makes a temporary folder and the namespaces, starts the inner one ([`crate::inside`]), and
//! tidies up.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use virtual_yubikey::Firmware;

use crate::namespace;
use crate::reader;
use crate::signals::Attendant;

/// The exit code when the sandbox itself fails, as that of `env` and `nohup`.
pub const FAILED: u8 = 125;

/// What to run and how.
#[derive(Debug, Clone, clap::Args)]
pub struct Run {
    /// Firmware of the virtual YubiKeys
    #[arg(long, default_value = "5.7.1")]
    pub firmware: Firmware,
    /// Number of virtual YubiKeys; their serial numbers start at 12345678
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u16).range(0..=16))]
    pub cards: u16,
    /// PIN of the virtual YubiKeys, 6 to 8 characters, such as the factory's 123456; drawn at random by default
    #[arg(long, value_name = "PIN", value_parser = pin)]
    pub pin: Option<String>,
    /// Run without pcscd, as on a machine where smart cards were never set up
    #[arg(long)]
    pub no_pcscd: bool,
    /// Round-trip time to every service
    #[arg(long, default_value_t = 0, value_name = "MS")]
    pub rtt: u64,
    /// Serve behind an HTTP proxy only: the host names do not resolve
    #[arg(long)]
    pub proxy: bool,
    /// Credentials that the proxy asks for
    #[arg(long, value_name = "USER:PASSWORD", requires = "proxy", value_parser = credentials)]
    pub proxy_auth: Option<String>,
    /// Another world than the default one (JSON)
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Put a folder in front of the command's PATH
    #[arg(long, value_name = "DIR")]
    pub bin: Vec<PathBuf>,
    /// Set a variable of the command, or pass the caller's on
    #[arg(long, value_name = "NAME[=VALUE]")]
    pub env: Vec<String>,
    /// Keep the temporary folder and say where it is
    #[arg(long)]
    pub keep: bool,
    /// Temporary folder of the process that started this one inside the namespaces
    #[arg(long, value_name = "DIR", hide = true)]
    pub inside: Option<PathBuf>,
    /// What to run
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
}

/// Why the sandbox could not do its part. The command's own failure is its exit code.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the texts say it")]
pub enum Error {
    #[error("cannot {0}: {1}")]
    System(&'static str, #[source] io::Error),
    #[error(transparent)]
    Namespace(#[from] namespace::Error),
    #[error(transparent)]
    Reader(#[from] reader::Error),
    #[error(transparent)]
    Certificate(#[from] crate::tls::Error),
    #[error("{0}")]
    Config(String),
    #[error("cannot find a random PIN: {0}")]
    Random(String),
}

fn pin(text: &str) -> Result<String, String> {
    if (6..=8).contains(&text.len()) {
        Ok(text.to_owned())
    } else {
        Err("a PIN has 6 to 8 characters".to_owned())
    }
}

/// Names what was tried when the system says no.
pub(crate) fn tried<T>(what: &'static str, result: io::Result<T>) -> Result<T, Error> {
    result.map_err(|error| Error::System(what, error))
}

/// Runs the command in a new sandbox, from outside. `arguments` are this process's own after `run`.
///
/// # Errors
/// When there can be no sandbox.
pub fn outside(run: &Run, arguments: impl Iterator<Item = OsString>) -> Result<u8, Error> {
    let folder = tried("make a temporary folder", temporary_folder())?;
    let program = tried("find this program", std::env::current_exe())?;
    let attendant = tried("take over signals", Attendant::new())?;
    namespace::enter()?;
    let inner = Command::new(program).arg("run").arg("--inside").arg(folder.path()).args(arguments).spawn();
    let inner = tried("start the inner process", inner)?;
    let status = tried("wait for the inner process", attendant.attend(inner));
    if run.keep {
        report(&format!("kept {}", folder.keep().display()));
    } else {
        remove(folder);
    }
    let status = status?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(FAILED))
}

/// Says something to the person, on stderr: stdout is the command's.
pub fn report(text: &str) {
    use std::io::Write as _;
    // Nobody listens: nothing can be done about it.
    let _ = writeln!(io::stderr().lock(), "vouch-sandbox: {text}");
}

/// A folder whose control socket has a short enough path (108 bytes, see unix(7)), and that the sandbox's own
/// `/run` does not hide.
fn temporary_folder() -> io::Result<tempfile::TempDir> {
    let usual = absolute(&std::env::temp_dir());
    let usable = usual.as_os_str().len() < 70 && !usual.starts_with("/run");
    let parent = if usable { usual } else { "/tmp".into() };
    tempfile::Builder::new().prefix("vouch-sandbox-").tempdir_in(parent)
}

/// Removes the folder, also below folders that the command made read-only, as package caches do.
fn remove(folder: tempfile::TempDir) {
    let path = folder.path().to_owned();
    unmount_below(&path);
    if folder.close().is_ok() {
        return;
    }
    make_writable(&path);
    if let Err(error) = fs::remove_dir_all(&path) {
        report(&format!("cannot remove {}: {error}", path.display()));
    }
}

/// Takes off what the command mounted in its home, such as a disk that is full.
fn unmount_below(folder: &Path) {
    use rustix::mount::{UnmountFlags, unmount};
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    // proc(5): the mount point is the fifth field; later lines lie on earlier ones.
    for mounted in mounts.lines().rev().filter_map(|line| line.split(' ').nth(4)) {
        if Path::new(mounted).starts_with(folder) {
            // What stays mounted shows when the folder is removed.
            let _ = unmount(mounted, UnmountFlags::DETACH);
        }
    }
}

fn make_writable(folder: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    // Whatever fails here shows when the folder is removed.
    let _ = fs::set_permissions(folder, fs::Permissions::from_mode(0o700));
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            make_writable(&entry.path());
        }
    }
}

pub(crate) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn credentials(text: &str) -> Result<String, String> {
    match text.split_once(':') {
        Some((user, _)) if !user.is_empty() => Ok(text.to_owned()),
        _ => Err("expected USER:PASSWORD".to_owned()),
    }
}
