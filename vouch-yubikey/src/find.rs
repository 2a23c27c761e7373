//! Finding the right card, and telling apart why there is none.

use std::slice;
use std::sync::Arc;
use std::time::Duration;

use pcsc::{Disposition, Error as Pcsc};
use yubikey::reader::Context;
use yubikey::{Error as Yk, YubiKey};

use crate::card::{Card, TIMEOUT, within};
use crate::error::CardError;
use crate::pcsc_clients;

impl Card {
    /// Opens a YubiKey: the one with this serial number, which must be among those `wanted` if any are, or the only one
    /// among those `wanted`, or the only one at all when none is wanted in particular.
    ///
    /// # Errors
    /// Why there is none, or that there are several to choose from.
    pub fn open(serial: Option<u32>, wanted: &[u32]) -> Result<Self, CardError> {
        Self::open_telling(serial, wanted, &|_| ())
    }

    /// As [`Card::open`]; `tell` hears every second how long another program has kept a card busy.
    pub(super) fn open_telling(
        serial: Option<u32>,
        wanted: &[u32],
        tell: &dyn Fn(Duration),
    ) -> Result<Self, CardError> {
        let mut readers = within(TIMEOUT, tell, look)??;
        let index = readers.choose(serial, wanted);
        let chosen = match index {
            Ok(index) => Ok(readers.keys.swap_remove(index)),
            Err(error) => Err(error),
        };
        for other in readers.keys {
            // Others may be at work with it: what they verified stays so.
            let _ = other.disconnect(Disposition::LeaveCard);
        }
        chosen.map(Self::new)
    }

    /// Ends the connection without a reset: for who has only looked, while others may be at work with the card.
    pub fn leave(mut self) {
        self.disconnect();
    }

    fn disconnect(&mut self) {
        let key = self.key.take().and_then(Arc::into_inner).and_then(|key| key.into_inner().ok());
        if let Some(key) = key {
            let _ = key.disconnect(Disposition::LeaveCard);
        }
    }

    /// Connects anew to the same YubiKey, after another program reset it.
    pub(super) fn reopen(&mut self) -> Result<(), CardError> {
        // The old connection first: its end may reset the card, under the new one's feet.
        self.disconnect();
        let again = Self::open(Some(self.serial), &[]);
        *self = again.map_err(|error| match error {
            CardError::NoReader | CardError::NoCard | CardError::NotPluggedIn { .. } => CardError::Removed,
            other => other,
        })?;
        Ok(())
    }
}

/// What is in the readers.
#[derive(Debug)]
struct Readers<K> {
    keys: Vec<K>,
    /// A reader whose card another program has for itself.
    held: Option<String>,
    /// A reader whose card is something else.
    foreign: Option<String>,
    /// The failure of a reader that fits nowhere else.
    failed: Option<Yk>,
    count: usize,
}

trait HasSerial {
    fn serial(&self) -> u32;
}

impl HasSerial for YubiKey {
    fn serial(&self) -> u32 {
        YubiKey::serial(self).into()
    }
}

/// Connects to every card, and loads the library for it. Blocks while another program is in the middle of something.
fn look() -> Result<Readers<YubiKey>, CardError> {
    pcsc_sys::load()?;
    let mut context = Context::open().map_err(CardError::other)?;
    let mut readers = Readers { keys: Vec::new(), held: None, foreign: None, failed: None, count: 0 };
    let all = match context.iter() {
        Ok(all) => all,
        Err(error) => return Err(CardError::other(error)),
    };
    for reader in all {
        readers.count += 1;
        let name = || reader.name().into_owned();
        match reader.open() {
            Ok(key) => readers.keys.push(key),
            Err(Yk::PcscError { inner: Some(error) }) => match error {
                Pcsc::NoSmartcard | Pcsc::RemovedCard | Pcsc::ReaderUnavailable | Pcsc::UnknownReader => {}
                Pcsc::SharingViolation => readers.held = Some(name()),
                Pcsc::ProtoMismatch | Pcsc::UnsupportedCard | Pcsc::UnresponsiveCard => {
                    readers.foreign = Some(name());
                }
                error => readers.failed = Some(error.into()),
            },
            Err(Yk::AppletNotFound { .. } | Yk::NotSupported | Yk::GenericError | Yk::SizeError) => {
                readers.foreign = Some(name());
            }
            Err(error) => readers.failed = Some(error),
        }
    }
    Ok(readers)
}

impl<K: HasSerial> Readers<K> {
    /// The index of the key to use.
    fn choose(&self, serial: Option<u32>, wanted: &[u32]) -> Result<usize, CardError> {
        if let Some(serial) = serial.filter(|serial| !wanted.is_empty() && !wanted.contains(serial)) {
            return Err(CardError::NotEnrolled { present: vec![serial], enrolled: wanted.to_vec() });
        }
        let asked_for = serial.as_ref().map_or(wanted, slice::from_ref);
        let fits = |key: &K| asked_for.is_empty() || asked_for.contains(&key.serial());
        let mut candidates = self.keys.iter().enumerate().filter(|(_, key)| fits(key));
        match (candidates.next(), candidates.next()) {
            (Some((index, _)), None) => Ok(index),
            (Some(_), Some(_)) => Err(CardError::Several {
                serials: self.keys.iter().filter(|key| fits(key)).map(K::serial).collect(),
            }),
            (None, _) => Err(self.why_none(serial, wanted)),
        }
    }

    fn why_none(&self, serial: Option<u32>, wanted: &[u32]) -> CardError {
        // What cannot be looked at may be the one.
        if let Some(reader) = self.held.clone() {
            return CardError::ExclusiveAccess { reader, others: pcsc_clients::others() };
        }
        let present: Vec<u32> = self.keys.iter().map(K::serial).collect();
        match (serial, &self.foreign, self.failed) {
            (Some(serial), ..) if !present.is_empty() => CardError::NotPluggedIn { serial, present },
            (None, ..) if !present.is_empty() => {
                CardError::NotEnrolled { present, enrolled: wanted.to_vec() }
            }
            (_, _, Some(error)) => CardError::other(error),
            (_, Some(reader), None) => CardError::NotAYubiKey { reader: reader.clone() },
            (_, None, None) if self.count == 0 => CardError::NoReader,
            (_, None, None) => CardError::NoCard,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Key(u32);

    impl HasSerial for Key {
        fn serial(&self) -> u32 {
            self.0
        }
    }

    fn readers(serials: &[u32]) -> Readers<Key> {
        let keys = serials.iter().copied().map(Key).collect();
        Readers { keys, held: None, foreign: None, failed: None, count: 2 }
    }

    #[test]
    fn the_one_that_was_asked_for_is_taken() {
        assert_eq!(readers(&[7]).choose(None, &[]).unwrap(), 0);
        assert_eq!(readers(&[7, 8]).choose(Some(8), &[]).unwrap(), 1);
        assert_eq!(readers(&[7, 8]).choose(None, &[8, 9]).unwrap(), 1);
        assert_eq!(readers(&[7, 8]).choose(Some(7), &[7, 8]).unwrap(), 0);
    }

    #[test]
    fn several_to_choose_from_are_listed() {
        let error = readers(&[7, 8]).choose(None, &[]).unwrap_err();
        assert_eq!(error.to_string(), "several YubiKeys are plugged in: 7, 8");
        assert!(matches!(
            readers(&[6, 7, 8]).choose(None, &[8, 7]),
            Err(CardError::Several { serials }) if serials == [7, 8]
        ));
    }

    #[test]
    fn why_there_is_none_is_told_apart() {
        assert!(matches!(readers(&[]).choose(None, &[]), Err(CardError::NoCard)));
        assert!(matches!(Readers { count: 0, ..readers(&[]) }.choose(None, &[]), Err(CardError::NoReader)));
        assert!(matches!(
            readers(&[7]).choose(Some(9), &[7, 9]),
            Err(CardError::NotPluggedIn { serial: 9, present }) if present == [7]
        ));
        assert!(matches!(
            readers(&[7]).choose(None, &[9]),
            Err(CardError::NotEnrolled { present, enrolled }) if present == [7] && enrolled == [9]
        ));
        assert!(matches!(
            readers(&[7, 8]).choose(Some(8), &[7]),
            Err(CardError::NotEnrolled { present, enrolled }) if present == [8] && enrolled == [7]
        ));
        let foreign = Readers { foreign: Some("reader".into()), ..readers(&[]) };
        assert!(matches!(foreign.choose(None, &[]), Err(CardError::NotAYubiKey { .. })));
    }

    #[test]
    fn a_card_that_is_held_may_be_the_one() {
        let held = || Readers { held: Some("reader".into()), ..readers(&[7]) };
        assert!(matches!(held().choose(Some(9), &[]), Err(CardError::ExclusiveAccess { .. })));
        assert!(matches!(held().choose(None, &[9]), Err(CardError::ExclusiveAccess { .. })));
        assert_eq!(held().choose(None, &[7]).unwrap(), 0);
    }
}
