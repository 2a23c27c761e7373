//! Other programs that use smart cards at the moment.

use std::fmt;

/// What to do about GnuPG.
pub(super) const GNUPG: &str = "GnuPG's scdaemon keeps cards to itself: `gpgconf --kill scdaemon` ends it.";

/// A program that has the library of PC/SC loaded, so that it may be the one that uses the card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PcscClient {
    name: String,
    process: u32,
}

impl PcscClient {
    #[cfg(any(target_os = "linux", test))]
    pub(super) fn new(name: impl Into<String>, process: u32) -> Self {
        Self { name: name.into(), process }
    }

    /// A sentence with the command that ends it, where that is known.
    pub(super) fn how_to_end(&self) -> Option<&'static str> {
        Some(match self.name.as_str() {
            "scdaemon" => GNUPG,
            "yubikey-agent" => "`systemctl --user stop yubikey-agent` ends yubikey-agent.",
            "pivy-agent" => "`systemctl --user stop pivy-agent@default` ends pivy-agent.",
            // The kernel keeps 15 characters of a name.
            "ssh-pkcs11-help" => {
                "`ssh-add -e` with the library that was given to `ssh-add -s` has ssh-agent let go of the card."
            }
            _ => return None,
        })
    }
}

impl fmt::Display for PcscClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (process {})", self.name, self.process)
    }
}

/// Those that this user may see, without this process and its own kind: on Linux alone, where the system tells.
pub(super) fn others() -> Vec<PcscClient> {
    #[cfg(target_os = "linux")]
    return linux::others();
    #[cfg(not(target_os = "linux"))]
    Vec::new()
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::path::Path;

    use super::PcscClient;

    pub(super) fn others() -> Vec<PcscClient> {
        let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
        let processes = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let mut found: Vec<_> = processes
            .filter(|process| *process != std::process::id())
            .filter_map(|process: u32| holder(&Path::new("/proc").join(process.to_string()), process))
            .collect();
        found.sort_by_key(|holder| holder.process);
        found
    }

    fn holder(folder: &Path, process: u32) -> Option<PcscClient> {
        let maps = fs::read_to_string(folder.join("maps")).ok()?;
        maps.contains("/libpcsclite").then_some(())?;
        let name = fs::read_to_string(folder.join("comm")).ok()?;
        Some(PcscClient::new(name.trim_end(), process))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn programs_with_the_library_are_found_by_name() {
            let folder = tempfile::tempdir().unwrap();
            let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
            assert_eq!(holder(folder.path(), 7), None, "it has ended");
            write("comm", "scdaemon\n");
            write("maps", "7f00-7f01 r-xp 0 08:01 1 /usr/lib/libc.so.6\n");
            assert_eq!(holder(folder.path(), 7), None);
            write("maps", "7f00-7f01 r-xp 0 08:01 1 /usr/lib/x86_64-linux-gnu/libpcsclite.so.1.0.0\n");
            assert_eq!(holder(folder.path(), 7).unwrap().to_string(), "scdaemon (process 7)");
        }

        #[test]
        fn a_process_does_not_find_itself() {
            assert!(others().iter().all(|other| other.process != std::process::id()));
        }
    }
}
