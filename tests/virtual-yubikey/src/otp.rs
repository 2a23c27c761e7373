//! The OTP application, as far as clients use it to find out which key this is.

use crate::{
    apdu::Command,
    card::Device,
    status::{Answer, Status},
};

pub(crate) const IDENTIFIER: &[u8] = &[0xa0, 0x00, 0x00, 0x05, 0x27, 0x20, 0x01, 0x01];
const REQUEST: u8 = 0x01;
const DEVICE_SERIAL: u8 = 0x10;

/// The status: version, no configuration written yet, neither slot in use.
pub(crate) fn selected(device: Device) -> Vec<u8> {
    [&device.firmware.to_bytes()[..], &[0, 0, 0]].concat()
}

pub(crate) fn execute(device: Device, command: &Command) -> Answer {
    match (command.instruction, command.p1) {
        (REQUEST, DEVICE_SERIAL) => Ok(device.serial.to_be_bytes().to_vec()),
        (REQUEST, _) => Err(Status::INCORRECT_P1_P2),
        _ => Err(Status::UNKNOWN_INSTRUCTION),
    }
}
