//! Which socket the library of pcsc-lite looks for the service on. Whoever listens there is told the PIN.

use std::path::Path;

/// Why another socket cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// A thread may be reading the environment.
    #[error("the socket of the smart card service is chosen too late")]
    Late,
}

/// Has the library use this socket, or the system's own, whatever the environment says. Says whether it said something else.
///
/// Must be called before anything else has started a thread.
///
/// # Errors
/// There are threads already.
#[cfg(all(unix, not(target_os = "macos")))]
#[expect(unsafe_code, reason = "the library reads the environment, and has no function for this")]
#[expect(clippy::disallowed_methods, reason = "this crate stands below the one that reads the environment")]
pub fn use_socket(path: Option<&Path>) -> Result<bool, SocketError> {
    const VARIABLE: &str = "PCSCLITE_CSOCK_NAME";

    let before = std::env::var_os(VARIABLE);
    if before.as_deref() == path.map(Path::as_os_str) {
        return Ok(false);
    }
    if !is_alone() {
        return Err(SocketError::Late);
    }
    // SAFETY: no other thread reads the environment meanwhile, since there is none.
    unsafe {
        match path {
            Some(path) => std::env::set_var(VARIABLE, path),
            None => std::env::remove_var(VARIABLE),
        }
    }
    Ok(before.is_some())
}

/// The service has no socket that could be another one.
#[cfg(any(windows, target_os = "macos"))]
pub fn use_socket(_path: Option<&Path>) -> Result<bool, SocketError> {
    Ok(false)
}

/// Whether this process has one thread; taken for granted where the system does not tell.
#[cfg(all(unix, not(target_os = "macos")))]
fn is_alone() -> bool {
    std::fs::read_dir("/proc/self/task").map_or(true, |threads| threads.count() == 1)
}
