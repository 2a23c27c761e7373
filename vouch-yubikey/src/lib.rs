//! The card: find it or wait for it, PIN, sign, enroll, attestation. The only code that talks to one.
//!
//! Everything that waits for the card runs on a thread of its own: PC/SC blocks for as long as another program is in the
//! middle of something, such as waiting for a touch, and has no time-out.

mod attestation;
mod card;
mod enroll;
mod error;
mod find;
mod management_key;
mod pcsc_clients;
mod pending;
mod pin;
mod service;
mod sign;
mod wait;

pub use card::Card;
pub use enroll::{EnrollError, Enrolled, EnrollmentRequest, enroll, enroll_again};
pub use error::CardError;
pub use management_key::ManagementKey;
pub use pcsc_clients::PcscClient;
pub use pending::PendingEnrollment;
pub use pin::{NewPin, Pin};
pub use service::{choose_service, library};
pub use sign::{CardSigner, SlotMetadata, TOUCH_TIME, TouchPrompt};
