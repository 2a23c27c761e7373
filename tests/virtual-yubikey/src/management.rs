//! The management application: which key this is and what it can do.

use crate::{
    apdu::Command,
    card::Device,
    piv::attestation::FORM_FACTOR,
    status::{Answer, Status},
    tlv,
};

pub(crate) const IDENTIFIER: &[u8] = &[0xa0, 0x00, 0x00, 0x05, 0x27, 0x47, 0x11, 0x17];
const READ_CONFIG: u8 = 0x1d;
/// OTP, U2F, OpenPGP, PIV, OATH and FIDO2: what a YubiKey 5 has. Those that this card lacks answer to no SELECT.
const CAPABILITIES: &[u8] = &[0x02, 0x3f];

/// The text by which clients learn the version without a further command.
pub(crate) fn selected(device: Device) -> Vec<u8> {
    format!("Virtual mgr - FW version {}", device.firmware).into_bytes()
}

pub(crate) fn execute(device: Device, command: &Command) -> Answer {
    match command.instruction {
        READ_CONFIG => {
            command.need_parameters(0, 0)?;
            Ok(config(device))
        }
        _ => Err(Status::UNKNOWN_INSTRUCTION),
    }
}

/// The device information, with its length in front.
fn config(device: Device) -> Vec<u8> {
    let fields = [
        tlv::encode(&[0x01], CAPABILITIES), // supported over USB
        tlv::encode(&[0x02], &device.serial.to_be_bytes()),
        tlv::encode(&[0x03], CAPABILITIES), // enabled over USB
        tlv::encode(&[0x04], &[FORM_FACTOR]),
        tlv::encode(&[0x05], &device.firmware.to_bytes()),
        tlv::encode(&[0x06], &[0, 0]), // no automatic eject
        tlv::encode(&[0x07], &[15]),   // seconds for a touch
        tlv::encode(&[0x08], &[0]),    // device flags
        tlv::encode(&[0x0a], &[0]),    // not locked by a code
    ]
    .concat();
    [vec![u8::try_from(fields.len()).unwrap_or(u8::MAX)], fields].concat()
}
