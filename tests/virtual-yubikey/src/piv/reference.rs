//! PIN and PUK: eight bytes and a counter of tries.

use crate::{status::Status, tlv};

const FACTORY_LIMIT: u8 = 3;
const LENGTH: usize = 8;
const SHORTEST: usize = 6;
const PADDING: u8 = 0xff;

/// A PIN or PUK.
#[derive(Debug)]
pub(crate) struct Reference {
    value: [u8; LENGTH],
    factory: [u8; LENGTH],
    tries: u8,
    limit: u8,
}

impl Reference {
    pub(crate) fn new(value: &str, factory: &str) -> Self {
        Self { value: padded(value), factory: padded(factory), tries: FACTORY_LIMIT, limit: FACTORY_LIMIT }
    }

    /// The factory's value with another number of tries.
    pub(crate) fn with_limit(factory: &str, limit: u8) -> Self {
        Self { tries: limit, limit, ..Self::new(factory, factory) }
    }

    pub(crate) fn is_blocked(&self) -> bool {
        self.tries == 0
    }

    /// What VERIFY says when it is asked without a try: 63Cx, or 6983 when blocked.
    pub(crate) fn tries_left(&self) -> Status {
        if self.is_blocked() {
            Status::AUTHENTICATION_METHOD_BLOCKED
        } else {
            Status::wrong_reference(self.tries)
        }
    }

    /// Compares, and spends a try on a wrong value: 63Cx, the last time 63C0, then 6983 whatever is given. A
    /// value of another length is 6A80 and costs nothing.
    pub(crate) fn check(&mut self, value: &[u8]) -> Result<(), Status> {
        if value.len() != LENGTH {
            return Err(Status::INCORRECT_DATA);
        }
        if self.is_blocked() {
            return Err(Status::AUTHENTICATION_METHOD_BLOCKED);
        }
        if value != self.value {
            self.tries -= 1;
            return Err(Status::wrong_reference(self.tries));
        }
        self.tries = self.limit;
        Ok(())
    }

    /// `data` is the present value and the new one.
    pub(crate) fn change(&mut self, data: &[u8]) -> Result<(), Status> {
        let (present, new) = pair(data)?;
        self.check(present)?;
        self.value = well_formed(new)?;
        Ok(())
    }

    /// `data` is the PUK and the new PIN, `self` the PIN.
    pub(crate) fn unblock(&mut self, puk: &mut Self, data: &[u8]) -> Result<(), Status> {
        let (given, new) = pair(data)?;
        puk.check(given)?;
        self.value = well_formed(new)?;
        self.tries = self.limit;
        Ok(())
    }

    pub(crate) fn metadata(&self) -> Vec<u8> {
        let is_factory = u8::from(self.value == self.factory);
        let (algorithm, default, tries) = ([0xff], [is_factory], [self.limit, self.tries]);
        [tlv::encode(&[0x01], &algorithm), tlv::encode(&[0x05], &default), tlv::encode(&[0x06], &tries)]
            .concat()
    }
}

/// The value to compare and the new one.
fn pair(data: &[u8]) -> Result<(&[u8], [u8; LENGTH]), Status> {
    let (present, new) = data.split_at_checked(LENGTH).ok_or(Status::INCORRECT_DATA)?;
    Ok((present, new.try_into().map_err(|_| Status::INCORRECT_DATA)?))
}

/// A new value must be at least six bytes long before its padding. This is looked at only after the comparison:
/// clients block a PIN or PUK on purpose by empty ones.
fn well_formed(new: [u8; LENGTH]) -> Result<[u8; LENGTH], Status> {
    let length = new.iter().take_while(|byte| **byte != PADDING).count();
    if length < SHORTEST || new.iter().skip(length).any(|byte| *byte != PADDING) {
        return Err(Status::INCORRECT_DATA);
    }
    Ok(new)
}

fn padded(value: &str) -> [u8; LENGTH] {
    let mut bytes = value.bytes().chain(std::iter::repeat(PADDING));
    std::array::from_fn(|_| bytes.next().unwrap_or(PADDING))
}
