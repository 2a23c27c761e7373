//! Whether the program was started without a stdout, as by `>&-` in a shell.
//!
//! Rust's runtime opens `/dev/null` in its place before `main`, so that every answer would seem to be written. What runs
//! before the runtime does is the one place where it can be seen.

#[cfg(any(target_os = "linux", target_os = "macos"))]
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether nobody can read what this program writes to stdout.
pub(crate) fn is_stdout_closed() -> bool {
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    return CLOSED.load(Ordering::Relaxed);
    #[cfg(not(any(target_os = "linux", target_os = "macos")))]
    false
}

#[cfg(any(target_os = "linux", target_os = "macos"))]
static CLOSED: AtomicBool = AtomicBool::new(false);

// SAFETY: the loader calls each function of this section once, before any thread is there; ours takes no argument, and
// needs nothing of the runtime.
#[cfg(any(target_os = "linux", target_os = "macos"))]
#[used]
#[allow(unsafe_code)]
#[cfg_attr(target_os = "linux", unsafe(link_section = ".init_array"))]
#[cfg_attr(target_os = "macos", unsafe(link_section = "__DATA,__mod_init_func"))]
static LOOK: extern "C" fn() = look;

#[cfg(any(target_os = "linux", target_os = "macos"))]
#[allow(unsafe_code)]
extern "C" fn look() {
    // SAFETY: a number that is no open file is what fcntl(2) answers EBADF to; nothing is changed.
    let flags = unsafe { libc::fcntl(libc::STDOUT_FILENO, libc::F_GETFD) };
    CLOSED.store(flags == -1, Ordering::Relaxed);
}
