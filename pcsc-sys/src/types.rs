//! The types of the PC/SC API, as wide as each system has them.

#![expect(non_snake_case, non_upper_case_globals, reason = "the names of the C API")]

use std::os::raw::{c_char, c_void};

use crate::{MAX_ATR_SIZE, SCARD_PROTOCOL_RAW, SCARD_PROTOCOL_T0, SCARD_PROTOCOL_T1};

#[cfg(not(target_os = "macos"))]
mod width {
    pub type DWORD = std::os::raw::c_ulong;
    pub type LONG = std::os::raw::c_long;
    pub type ULONG = std::os::raw::c_ulong;
}
#[cfg(target_os = "macos")]
mod width {
    pub type DWORD = u32;
    pub type LONG = i32;
    pub type ULONG = u32;
}
pub use width::{DWORD, LONG, ULONG};

#[cfg(windows)]
mod handle {
    pub type SCARDCONTEXT = usize;
    pub type SCARDHANDLE = usize;
}
#[cfg(not(windows))]
mod handle {
    pub type SCARDCONTEXT = super::LONG;
    pub type SCARDHANDLE = super::LONG;
}
pub use handle::{SCARDCONTEXT, SCARDHANDLE};

pub const ATR_BUFFER_SIZE: usize = if cfg!(windows) { 36 } else { MAX_ATR_SIZE };

#[derive(Debug)]
#[cfg_attr(not(target_os = "macos"), repr(C))]
#[cfg_attr(target_os = "macos", repr(C, packed))]
pub struct SCARD_IO_REQUEST {
    pub dwProtocol: DWORD,
    pub cbPciLength: DWORD,
}

#[derive(Debug)]
#[cfg_attr(not(target_os = "macos"), repr(C))]
#[cfg_attr(target_os = "macos", repr(C, packed))]
pub struct SCARD_READERSTATE {
    pub szReader: *const c_char,
    pub pvUserData: *mut c_void,
    pub dwCurrentState: DWORD,
    pub dwEventState: DWORD,
    pub cbAtr: DWORD,
    pub rgbAtr: [u8; ATR_BUFFER_SIZE],
}

/// The library exports the same three, which only say which protocol is meant.
const fn protocol(number: DWORD) -> SCARD_IO_REQUEST {
    SCARD_IO_REQUEST { dwProtocol: number, cbPciLength: size_of::<SCARD_IO_REQUEST>() as DWORD }
}

pub static g_rgSCardT0Pci: SCARD_IO_REQUEST = protocol(SCARD_PROTOCOL_T0);
pub static g_rgSCardT1Pci: SCARD_IO_REQUEST = protocol(SCARD_PROTOCOL_T1);
pub static g_rgSCardRawPci: SCARD_IO_REQUEST = protocol(SCARD_PROTOCOL_RAW);
