//! The C API of PC/SC for the `pcsc` crate, from a library that is looked for and loaded when a card is needed.
//!
//! It takes the place of the `pcsc-sys` crate, which links the library: a program built with that one does not start where
//! the library is not installed, not even for what needs no card, and the linker finds it by way of `LD_LIBRARY_PATH`. Who
//! is that library is told the PIN. The names, types and numbers are those of pcsc-sys 1.3.0 by the rust-pcsc
//! authors, under the MIT license in `LICENSE`.
//!
//! The first function that is called loads it. [`load`] does so, too, and says why there is none; the functions of the API can
//! only answer that there is no service.
//!
//! All `unsafe` code of Vouch is in this crate, but for the look at stdout before the runtime (`vouch_helper::closed`).

#[allow(missing_docs, reason = "documented by the standard")]
mod constants;
mod error;
mod library;
#[cfg(all(unix, not(target_os = "macos")))]
mod search;
mod socket;
mod types;

pub use constants::*;
pub use error::LoadError;
pub use library::*;
pub use socket::{SocketError, use_socket};
pub use types::*;
