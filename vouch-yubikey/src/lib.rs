//! The card: find it or wait for it, PIN, sign, enroll, attestation. The only code that talks to one.
//!
//! Everything that waits for the card runs on a thread of its own: PC/SC blocks for as long as another program is in the
//! middle of something, such as waiting for a touch, and has no time-out.

mod attestation;
mod card;
mod enroll;
mod error;
mod find;
mod holders;
mod pin;
mod sign;
mod unfinished;
mod wait;

pub use card::Card;
pub use enroll::{EnrollError, Enrolled, ManagementKey, Request, enroll, enroll_again};
pub use error::CardError;
pub use holders::Holder;
pub use pin::{NewPin, Pin};
pub use sign::{Holding, TOUCH_TIME, TouchPrompt};
pub use unfinished::Unfinished;
