//! What every binary does before anything else, and who started it.

/// Keeps the memory of this process from core dumps and, on Linux, from other processes of the same user.
///
/// On Linux the process is made undumpable (prctl(2), `PR_SET_DUMPABLE`), which also holds for a `core_pattern` that
/// pipes to a program, and ends with `exec`: programs that Vouch starts keep their own setting. Elsewhere the limit on
/// core files is set to nothing.
///
/// A system that refuses is not a reason to stop: the secrets of a session are short-lived.
pub fn harden() {
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
