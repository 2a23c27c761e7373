//! The library and the functions of the PC/SC API, each a call through a pointer into it.

#![expect(unsafe_code, reason = "the API is C, and its functions are found by name")]
#![expect(non_snake_case, reason = "the names of the C API")]

use std::os::raw::{c_char, c_void};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

#[cfg(unix)]
use libloading::os::unix::Library;
#[cfg(windows)]
use libloading::os::windows::{LOAD_LIBRARY_SEARCH_SYSTEM32, Library};

use crate::error::LoadError;
use crate::{
    DWORD, LONG, SCARD_E_NO_SERVICE, SCARD_IO_REQUEST, SCARD_READERSTATE, SCARDCONTEXT, SCARDHANDLE,
};

#[derive(Debug)]
struct Loaded {
    path: PathBuf,
    functions: Functions,
}

static LIBRARY: OnceLock<Result<Loaded, LoadError>> = OnceLock::new();

/// Loads the library, unless that was done before; the answer stays the same for as long as the process runs.
///
/// # Errors
/// Why there is none.
pub fn load() -> Result<(), &'static LoadError> {
    loaded().map(|_| ())
}

/// The file of the library, which is loaded.
///
/// # Errors
/// As [`load`].
pub fn path() -> Result<&'static Path, &'static LoadError> {
    Ok(&loaded()?.path)
}

fn functions() -> Option<&'static Functions> {
    Some(&loaded().ok()?.functions)
}

fn loaded() -> Result<&'static Loaded, &'static LoadError> {
    LIBRARY.get_or_init(find_and_load).as_ref()
}

#[cfg(all(unix, not(target_os = "macos")))]
fn find_and_load() -> Result<Loaded, LoadError> {
    let mut unusable = None;
    for path in crate::search::libraries() {
        let path = crate::search::judge(path)?;
        match load_from(path) {
            // Where several kinds of processors are served, each has a library in some folder.
            Err(error) => unusable = unusable.or(Some(error)),
            loaded => return loaded,
        }
    }
    Err(unusable.unwrap_or(LoadError::Missing))
}

/// The system's own, which is not there as a file: it is part of the cache of shared libraries that the system verifies.
#[cfg(target_os = "macos")]
fn find_and_load() -> Result<Loaded, LoadError> {
    load_from("/System/Library/Frameworks/PCSC.framework/PCSC".into())
}

/// The system's own, from System32 alone.
#[cfg(windows)]
fn find_and_load() -> Result<Loaded, LoadError> {
    load_from("WinSCard.dll".into())
}

fn load_from(path: PathBuf) -> Result<Loaded, LoadError> {
    // SAFETY: it has the name of the library of PC/SC and is the system's own: nobody else can have put it there.
    match unsafe { open(&path) } {
        Ok(functions) => Ok(Loaded { path, functions }),
        Err(source) => Err(LoadError::Unusable { library: path, source: source.into() }),
    }
}

/// Loads the library of PC/SC from this file and keeps it.
///
/// # Safety
/// The file must be the system's PC/SC library: code of it runs at once.
unsafe fn open(path: &Path) -> Result<Functions, libloading::Error> {
    // SAFETY: the caller says that this is the system's library, which any program of the system may load.
    #[cfg(unix)]
    let library = unsafe { Library::new(path)? };
    // Never from the folder of the program, the working folder or PATH.
    // SAFETY: as above.
    #[cfg(windows)]
    let library = unsafe { Library::load_with_flags(path, LOAD_LIBRARY_SEARCH_SYSTEM32)? };
    // SAFETY: it is a library of PC/SC.
    let functions = unsafe { Functions::of(&library)? };
    // Its functions are called, and its threads run, until the process ends.
    std::mem::forget(library);
    Ok(functions)
}

macro_rules! functions {
    ($(fn $name:ident = $symbol:expr; ($($argument:ident: $kind:ty),* $(,)?);)*) => {
        /// Where the functions are.
        #[derive(Debug)]
        struct Functions {
            $($name: unsafe extern "system" fn($($kind),*) -> LONG,)*
        }

        impl Functions {
            /// # Safety
            /// The library must be one of PC/SC: what it has under these names is taken for functions of these types.
            unsafe fn of(library: &Library) -> Result<Self, libloading::Error> {
                // SAFETY: the types are those of winscard.h, and the caller says what library it is. The pointers stay
                // valid, since `open` never unloads it.
                unsafe { Ok(Self { $($name: *library.get($symbol)?,)* }) }
            }
        }

        $(
            /// As the function of the C API; `SCARD_E_NO_SERVICE` where no library was loaded.
            ///
            /// # Safety
            /// What the standard demands of the arguments.
            pub unsafe fn $name($($argument: $kind),*) -> LONG {
                match functions() {
                    // SAFETY: the caller keeps to the API, and the pointer is to its function of this name.
                    Some(functions) => unsafe { (functions.$name)($($argument),*) },
                    None => SCARD_E_NO_SERVICE,
                }
            }
        )*
    };
}

/// Windows has two of each function that takes text.
const fn text(plain: &'static str, ansi: &'static str) -> &'static str {
    if cfg!(windows) { ansi } else { plain }
}

functions! {
    fn SCardEstablishContext = "SCardEstablishContext"; (
        dwScope: DWORD,
        pvReserved1: *const c_void,
        pvReserved2: *const c_void,
        phContext: *mut SCARDCONTEXT,
    );
    fn SCardReleaseContext = "SCardReleaseContext"; (hContext: SCARDCONTEXT);
    fn SCardIsValidContext = "SCardIsValidContext"; (hContext: SCARDCONTEXT);
    fn SCardCancel = "SCardCancel"; (hContext: SCARDCONTEXT);
    fn SCardConnect = text("SCardConnect", "SCardConnectA"); (
        hContext: SCARDCONTEXT,
        szReader: *const c_char,
        dwShareMode: DWORD,
        dwPreferredProtocols: DWORD,
        phCard: *mut SCARDHANDLE,
        pdwActiveProtocol: *mut DWORD,
    );
    fn SCardReconnect = "SCardReconnect"; (
        hCard: SCARDHANDLE,
        dwShareMode: DWORD,
        dwPreferredProtocols: DWORD,
        dwInitialization: DWORD,
        pdwActiveProtocol: *mut DWORD,
    );
    fn SCardDisconnect = "SCardDisconnect"; (hCard: SCARDHANDLE, dwDisposition: DWORD);
    fn SCardGetStatusChange = text("SCardGetStatusChange", "SCardGetStatusChangeA"); (
        hContext: SCARDCONTEXT,
        dwTimeout: DWORD,
        rgReaderStates: *mut SCARD_READERSTATE,
        cReaders: DWORD,
    );
    fn SCardListReaders = text("SCardListReaders", "SCardListReadersA"); (
        hContext: SCARDCONTEXT,
        mszGroups: *const c_char,
        mszReaders: *mut c_char,
        pcchReaders: *mut DWORD,
    );
    fn SCardBeginTransaction = "SCardBeginTransaction"; (hCard: SCARDHANDLE);
    fn SCardEndTransaction = "SCardEndTransaction"; (hCard: SCARDHANDLE, dwDisposition: DWORD);
    fn SCardStatus = text("SCardStatus", "SCardStatusA"); (
        hCard: SCARDHANDLE,
        szReaderName: *mut c_char,
        pcchReaderLen: *mut DWORD,
        pdwState: *mut DWORD,
        pdwProtocol: *mut DWORD,
        pbAtr: *mut u8,
        pcbAtrLen: *mut DWORD,
    );
    fn SCardGetAttrib = "SCardGetAttrib"; (
        hCard: SCARDHANDLE,
        dwAttrId: DWORD,
        pbAttr: *mut u8,
        pcbAttrLen: *mut DWORD,
    );
    fn SCardSetAttrib = "SCardSetAttrib"; (
        hCard: SCARDHANDLE,
        dwAttrId: DWORD,
        pbAttr: *const u8,
        pcbAttrLen: DWORD,
    );
    fn SCardTransmit = "SCardTransmit"; (
        hCard: SCARDHANDLE,
        pioSendPci: *const SCARD_IO_REQUEST,
        pbSendBuffer: *const u8,
        cbSendLength: DWORD,
        pioRecvPci: *mut SCARD_IO_REQUEST,
        pbRecvBuffer: *mut u8,
        pcbRecvLength: *mut DWORD,
    );
    fn SCardControl = if cfg!(target_os = "macos") { "SCardControl132" } else { "SCardControl" }; (
        hCard: SCARDHANDLE,
        dwControlCode: DWORD,
        pbSendBuffer: *const u8,
        cbSendLength: DWORD,
        pbRecvBuffer: *mut u8,
        cbRecvLength: DWORD,
        lpBytesReturned: *mut DWORD,
    );
}
