//! Which smart card service is asked, and through what: whoever answers is told the PIN.

use std::path::Path;

use crate::error::CardError;

/// Has the service that listens on this socket asked, or the system's own, whatever the environment says. Says whether the
/// environment named another one, which pcsc-lite alone can have (`PCSCLITE_CSOCK_NAME`).
///
/// Must be called before the command starts a thread.
///
/// # Errors
/// [`CardError::Service`] where it is too late for that.
pub fn choose_service(socket: Option<&Path>) -> Result<bool, CardError> {
    Ok(pcsc_sys::use_socket(socket)?)
}

/// The file of the smart card library, which is loaded for that.
///
/// # Errors
/// [`CardError`] says why there is none.
pub fn library() -> Result<&'static Path, CardError> {
    Ok(pcsc_sys::path()?)
}
