//! What a card is made with.

use std::{sync::Arc, time::Duration};

use crate::{AttestationAuthority, Firmware, Touch};

/// Properties of a new card. Its management key is the factory's for the firmware.
#[derive(Clone, Debug)]
pub struct Options {
    pub firmware: Firmware,
    pub serial: u32,
    /// 6 to 8 characters. As on the hardware, bytes after the eighth do not exist.
    pub pin: String,
    /// 6 to 8 characters.
    pub puk: String,
    /// How the simulated person answers the blinking light at first; see [`crate::Control::set_touch`].
    pub touch: Touch,
    /// How long the light blinks before the card gives up with 6982.
    pub touch_timeout: Duration,
    /// The maker whose certificate stands above the card's attestations. Cards may share one.
    pub attestation: Arc<AttestationAuthority>,
}

impl Options {
    /// A card as it leaves the factory: firmware 5.7.1, PIN 123456, PUK 12345678, touched at once whenever it
    /// asks, 15 s to do so, and a maker of its own.
    pub fn new(serial: u32) -> Self {
        Self {
            firmware: Firmware::new(5, 7, 1),
            serial,
            pin: "123456".to_owned(),
            puk: "12345678".to_owned(),
            touch: Touch::Auto,
            touch_timeout: Duration::from_secs(15),
            attestation: AttestationAuthority::generate(),
        }
    }
}
