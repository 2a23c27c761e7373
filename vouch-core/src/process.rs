//! What every binary does before anything else, and who started it.

#[cfg(unix)]
use std::sync::Arc;

/// Keeps the memory of this process from core dumps and, on Linux, from other processes of the same user.
///
/// On Linux the process is made undumpable (prctl(2), `PR_SET_DUMPABLE`), which also holds for a `core_pattern` that
/// pipes to a program, and ends with `exec`: programs that Vouch starts keep their own setting. Elsewhere the limit on
/// core files is set to nothing.
///
/// A limit on the size of files (setrlimit(2), `RLIMIT_FSIZE`) becomes an error like that of a full disk: by default the
/// signal that comes with it would end the process without a word, in the middle of a login. Programs that Vouch starts
/// have the default.
///
/// A system that refuses is not a reason to stop: the secrets of a session are short-lived.
pub fn harden() {
    #[cfg(unix)]
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default());
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    #[cfg(all(unix, not(target_os = "linux")))]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};

        let mut limit = getrlimit(Resource::Core);
        limit.current = Some(0);
        let _ = setrlimit(Resource::Core, limit);
    }
}

/// The name of the program that started this one, at most 15 bytes of it (proc(5), `comm`). Linux alone tells.
pub fn parent_name() -> Option<String> {
    #[cfg(target_os = "linux")]
    {
        let parent = rustix::process::getppid()?;
        let name = std::fs::read_to_string(format!("/proc/{}/comm", parent.as_raw_nonzero())).ok()?;
        Some(name.trim_end().to_owned())
    }
    #[cfg(not(target_os = "linux"))]
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::process::{DumpableBehavior, dumpable_behavior};

    #[test]
    fn the_process_becomes_undumpable() {
        super::harden();
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
    }
}
