//! Why the key of a session that is kept here is not: the sealed file outlives a restart and is seen from within a container,
//! the key in the kernel is not.

use std::fmt;
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::hint::{LOGIN, SESSION_IMPORT};
use crate::home::Home;
use crate::vault;

/// Where the key of a session is, that a sealed file is left of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyMissing {
    /// Outside of the container that this process is in.
    Container,
    /// Outside of the user namespace that this process is in.
    UserNamespace,
    /// Gone with the memory of the machine.
    Restart,
    /// Under the name of a home with another path, or gone with the last process of the user.
    Elsewhere,
}

impl fmt::Display for KeyMissing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Container => {
                "the session that is kept here was made outside of this container, or before it started again"
            }
            Self::UserNamespace => "the session that is kept here was made outside of this user namespace",
            Self::Restart => "the session that is kept here ended when the machine was restarted",
            Self::Elsewhere => "the keystore does not have the key of the session that is kept here",
        })
    }
}

impl KeyMissing {
    /// What to do about it.
    pub(super) fn hint(self) -> String {
        match self {
            Self::Container | Self::UserNamespace => {
                format!("Pipe what vouch login --print-session prints outside into {SESSION_IMPORT} in here.")
            }
            Self::Restart => format!("Run {LOGIN}."),
            Self::Elsewhere => {
                format!("Run {LOGIN}; a directory that is mounted at several paths has a session for each.")
            }
        }
    }

    /// As files of the system tell it: nothing of it decides who may do what.
    pub(super) fn find(home: &Home) -> Self {
        if ["/.dockerenv", "/run/.containerenv"].iter().any(|mark| Path::new(mark).exists()) {
            return Self::Container;
        }
        let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
        if !map.is_empty() && !maps_all(&map) {
            return Self::UserNamespace;
        }
        match (started(), last_sealed(home)) {
            (Some(started), Some(sealed)) if sealed < started => Self::Restart,
            _ => Self::Elsewhere,
        }
    }
}

/// Whether a uid map is that of the machine itself (user_namespaces(7)).
fn maps_all(map: &str) -> bool {
    map.split_whitespace().eq(["0", "0", "4294967295"])
}

/// When the machine started (proc(5), `btime`).
fn started() -> Option<SystemTime> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    let seconds = stat.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()?;
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

fn last_sealed(home: &Home) -> Option<SystemTime> {
    let files = vault::sealed_files(home).ok()?;
    files.iter().filter_map(|file| fs::metadata(file).ok()?.modified().ok()).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_machines_own_map_has_all_users() {
        assert!(maps_all("         0          0 4294967295\n"));
        for map in ["0 1000 1", "0 0 1", "0 0 65536\n65536 100000 1", "1000 0 1"] {
            assert!(!maps_all(map), "{map}");
        }
    }

    #[test]
    fn what_was_sealed_before_the_machine_started_ended_with_the_restart() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path().join("vouch")).unwrap();
        home.create().unwrap();
        let file = home.vault().join("session-0.sealed");
        fs::create_dir_all(home.vault()).unwrap();
        fs::write(&file, "").unwrap();
        let now = KeyMissing::find(&home);
        assert_ne!(now, KeyMissing::Restart);
        let opened = fs::File::options().write(true).open(&file).unwrap();
        opened.set_modified(UNIX_EPOCH + Duration::from_secs(1)).unwrap();
        let before = KeyMissing::find(&home);
        // In a container the restart is none of its own.
        assert!(
            before == KeyMissing::Restart || (before == now && now != KeyMissing::Elsewhere),
            "{before:?}"
        );
    }
}
