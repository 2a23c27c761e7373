//! The chain from a key to the root CA of its YubiKey.
//!
//! Two certificates come from the card: the attestation of the key, and the card's own (slot f9) that signed it. What
//! stands above is built in or was added by the administrator; nothing above the card is taken from an enrollment.
//!
//! This is path validation by RFC 5280 §6 without revocation, which Yubico does not publish, and with what real cards
//! need. A general verifier refuses all of them for one reason or another: f9 certificates have neither key usage nor key
//! identifiers, some of YubiKeys 4 not even basic constraints, attestations have no subject that such a verifier knows.
//! So the certificates are read by `x509-cert`, their signatures verified by `ring`, and the rules are here.

use vouch_core::time::UnixTime;

use super::certificate::{Parsed, Rank};
use super::trust_store::{CaCertificate, RootCa, TrustStore};
use super::{Attestation, AttestationError, Link, firmware};

/// The subjects of f9 certificates: before firmware 5.7.4, and from then on.
const DEVICES: [&str; 2] = ["CN=Yubico PIV Attestation", "CN=YubiKey PIV Attestation"];

/// An attestation whose chain leads to a CA that is trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedAttestation {
    pub attestation: Attestation,
    pub root: RootCa,
}

/// Believes an attestation (DER), given the certificate of slot f9 (DER) that signed it.
///
/// What the key may be used for is another question: [`Attestation::fit_to_enroll`].
///
/// # Errors
/// The first thing in the chain that is not as it has to be, from the key upwards.
pub fn verify(
    attestation: &[u8],
    device: &[u8],
    trust_store: &TrustStore,
    now: UnixTime,
) -> Result<VerifiedAttestation, AttestationError> {
    let key = Parsed::read(attestation, Link::Attestation)?;
    let attestation = Attestation::parse(attestation)?;
    let device = Parsed::read(device, Link::Device)?;
    if matches!(key.rank, Rank::Ca(_)) {
        return Err(AttestationError::LeafIsCa(Link::Attestation));
    }
    let subject = device.subject().to_string();
    let device_firmware = firmware(&device.certificate).filter(|_| DEVICES.contains(&subject.as_str()));
    let Some(device_firmware) = device_firmware else { return Err(AttestationError::NoDevice(subject)) };
    if key.issuer() != device.subject() {
        return Err(AttestationError::OtherDevice { named: key.issuer().to_string() });
    }
    // All cards of one era have one name, and no key identifier: the signature alone decides which it was.
    if !key.is_signed_by(&device) {
        return Err(AttestationError::Forged(Link::Attestation));
    }
    for link in [&key, &device] {
        link.check_critical()?;
        link.check_time(now)?;
    }
    let root = climb(&device, true, 1, trust_store, now)?;
    // Some f9 certificates of YubiKeys 4 do not say that they may sign: believed only right below Yubico's root, which
    // signs nothing but f9 certificates. Others say so, in firmware 4 as well.
    let is_early = device_firmware.major == 4 && root.is_yubico;
    if !(is_early && device.rank == Rank::Unsaid) {
        device.check_ca(0)?;
    }
    Ok(VerifiedAttestation { attestation, root })
}

/// Follows the issuers up to a root. `below` counts the CAs between the next one and the attestation.
fn climb(
    certificate: &Parsed,
    is_device: bool,
    below: u8,
    trust_store: &TrustStore,
    now: UnixTime,
) -> Result<RootCa, AttestationError> {
    let mut known =
        trust_store.named(certificate.issuer()).filter(|ca| ca.certifies_devices || !is_device).peekable();
    if known.peek().is_none() {
        return Err(AttestationError::UnknownCa(certificate.issuer().to_string()));
    }
    let CaCertificate { parsed, is_root, root, .. } =
        known
            .find(|ca| certificate.is_signed_by(&ca.parsed))
            .ok_or_else(|| AttestationError::Forged(certificate.link()))?;
    parsed.check_time(now)?;
    parsed.check_ca(below)?;
    if *is_root { Ok(root.clone()) } else { climb(parsed, false, below.saturating_add(1), trust_store, now) }
}
