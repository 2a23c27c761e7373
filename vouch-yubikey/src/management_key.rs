//! The management key, without which a card makes no key.

use vouch_core::secret::Secret;
use yubikey::piv::{self, ManagementSlotId, SlotAlgorithmId, SlotId};
use yubikey::{Error as Yk, MgmAlgorithmId, MgmKey, YubiKey};

use crate::error::CardError;

/// The number that every YubiKey leaves the factory with as its management key: for triple DES, and for AES-192 since
/// firmware 5.7 (Yubico, "PIV tool: default management key").
const DEFAULT_KEY: [u8; 24] = [1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8];

/// How the card is convinced to make a key.
#[derive(Debug, Clone, Default)]
pub enum ManagementKey {
    /// The default one, or one that the card keeps PIN-protected.
    #[default]
    DefaultOrProtected,
    /// Hexadecimal, as `ykman` and `yubico-piv-tool` take it.
    Given(Secret<String>),
}

/// Wrong management keys cost no tries.
pub(crate) fn authenticate(key: &mut YubiKey, wanted: &ManagementKey) -> Result<(), CardError> {
    let serial = key.serial().into();
    let algorithm = management_algorithm(key)?;
    if let ManagementKey::Given(text) = wanted {
        let bytes =
            zeroize::Zeroizing::new(hexadecimal(text.expose()).ok_or(CardError::ManagementKeyFormat)?);
        let given =
            MgmKey::from_bytes(&*bytes, Some(algorithm)).map_err(|_| CardError::ManagementKeyFormat)?;
        return accepted(key, &given)?.then_some(()).ok_or(CardError::WrongManagementKey { serial });
    }
    // One of another length cannot be the default one; one of another algorithm can, where somebody changed just that.
    if let Ok(default_key) = MgmKey::from_bytes(DEFAULT_KEY, Some(algorithm))
        && accepted(key, &default_key)?
    {
        return Ok(());
    }
    if let Ok(protected) = MgmKey::get_protected(key)
        && accepted(key, &protected)?
    {
        return Ok(());
    }
    Err(CardError::ManagementKeyNeeded { serial })
}

/// Firmware before 5.3 does not tell and has triple DES alone.
fn management_algorithm(key: &mut YubiKey) -> Result<MgmAlgorithmId, CardError> {
    match piv::metadata(key, SlotId::Management(ManagementSlotId::Management)) {
        Ok(metadata) => match metadata.algorithm {
            SlotAlgorithmId::Management(algorithm) => Ok(algorithm),
            _ => Err(CardError::Failed(Yk::InvalidObject)),
        },
        Err(Yk::NotSupported) => Ok(MgmAlgorithmId::ThreeDes),
        Err(error) => Err(CardError::other(error)),
    }
}

fn accepted(key: &mut YubiKey, management_key: &MgmKey) -> Result<bool, CardError> {
    match key.authenticate(management_key) {
        Ok(()) => Ok(true),
        Err(Yk::AuthenticationError) => Ok(false),
        Err(error) => Err(CardError::other(error)),
    }
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|&[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn management_keys_are_hexadecimal() {
        for bad in ["0", "0g", "0x01", "01 02", "é1"] {
            assert_eq!(hexadecimal(bad), None, "{bad}");
        }
        assert_eq!(hexadecimal("00fFa5"), Some(vec![0, 0xff, 0xa5]));
    }
}
