//! A YubiKey made of software, for tests: a PIV card that unmodified clients accept as the real thing.
//!
//! [`Card`] is the chip's logic: a command APDU in, a response APDU out, no input or output of its own.
//! [`Control`] is the hand that holds it: it touches the sensor, pulls the key out, counts what happened.
//! [`vpcd::run`] plugs a card into a running pcscd through the `vpcd` reader driver, so that everything that
//! speaks PC/SC finds it. [`AttestationAuthority`] stands in for the manufacturer.
//!
//! ```
//! use virtual_yubikey::{Card, Options};
//!
//! let mut card = Card::new(Options::new(12_345_678));
//! let select_piv = [0x00, 0xa4, 0x04, 0x00, 0x05, 0xa0, 0x00, 0x00, 0x03, 0x08];
//! assert!(card.apdu(&select_piv).ends_with(&[0x90, 0x00]));
//! assert_eq!(card.apdu(&[0x00, 0xfd, 0x00, 0x00]), [5, 7, 1, 0x90, 0x00]);
//! ```
//!
//! What the card answers follows NIST SP 800-73-4 part 2, ISO/IEC 7816-4 and Yubico's public description of
//! its extensions. Where these are silent, the choice is noted beside the code.

mod apdu;
mod card;
mod certificate;
mod control;
#[cfg(unix)]
pub mod control_socket;
mod firmware;
mod key;
mod management;
mod options;
mod otp;
mod piv;
mod random;
mod status;
mod tlv;
pub mod vpcd;

pub use card::Card;
pub use control::{Control, Counters, ParseTouchError, Touch};
pub use firmware::{Firmware, ParseFirmwareError};
pub use options::Options;
pub use piv::attestation::AttestationAuthority;
