//! Whose YubiKeys are believed: Yubico's trust_store, and those that an administrator adds.
//!
//! Embedded, with the SHA-256 of the DER:
//!
//! | certificate | SHA-256 |
//! |---|---|
//! | Yubico PIV Root CA Serial 263751 (2018) | `63ECE914E54DD87915F34033C85AF4C0696BA1512F8ADD66CED738331207B546` |
//! | Yubico Attestation Root 1 | `62760C6A6EF91679F454C8902B80FD009825B3F25DA90F1FBACE2EC6586CD5A8` |
//! | Yubico Attestation Intermediate A 1 | `4698A1D3389C3EC60016C216250F1D0439922832D65142327436376DC2942B55` |
//! | Yubico Attestation Intermediate B 1 | `D4CC3F456FDAF4E7812A21AAB1DFE9D8E27D24E2FD2D6F21C9940109F0DAA754` |
//! | Yubico PIV Attestation A 1 | `6DE693F05376F5D8CA29069261E1C8626C75D503BD2EDBFD75354CAD1F722870` |
//! | Yubico PIV Attestation B 1 | `2D55B7998F4E42569D6D8FA382B6DC77D1DACF07358B19701163892922B17052` |
//! | Yubico PIV Attestation B2 1 | `0C90B7D184A36EDF50A35F9BE935F0C5689BFDCFE5BDD073366CAFB49061A440` |
//!
//! Source: Yubico's site <https://developers.yubico.com/PKI/> (`yubico-piv-ca-1.pem`, `yubico-ca-1.pem`,
//! `yubico-intermediate.pem`). The PIV root is for firmware before 5.7.4. Cards from 5.7.4 on do not carry what stands
//! between them and Attestation Root 1, so it is here.
//!
//! Left out on purpose: the PIV root of before 2018, which has the same key and name, and a path length that forbids the
//! YubiKeys below it; the U2F root, which made the f9 certificate of some early YubiKeys 4, whose attestations tell no
//! serial number; the CAs for FIDO, OpenPGP and YubiHSM, and for YubiKeys that were never sold.

use std::fmt;

use sha2::{Digest, Sha256};
use x509_cert::name::Name;

use super::certificate::Parsed;
use super::{AttestationError, Link};

/// The SHA-256 of a certificate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

/// The root at the top of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootCa {
    pub name: String,
    pub fingerprint: Fingerprint,
    /// Whether it is Yubico's, and not one that an administrator added.
    pub is_yubico: bool,
}

/// The CAs whose YubiKeys are believed.
#[derive(Debug, Clone)]
pub struct TrustStore(Vec<CaCertificate>);

#[derive(Debug, Clone)]
pub(super) struct CaCertificate {
    pub(super) parsed: Parsed,
    /// A root is trusted by itself; what is none has to be signed by another CA.
    pub(super) is_root: bool,
    /// Whether it certifies YubiKeys, or only other trust_store.
    pub(super) certifies_devices: bool,
    pub(super) root: RootCa,
}

macro_rules! yubico {
    ($file:literal) => {
        include_bytes!(concat!("../../../data/yubico-attestation/", $file))
    };
}

/// PEM, whether it is a root, whether it certifies YubiKeys.
const YUBICO: [(&[u8], bool, bool); 7] = [
    (yubico!("roots/yubico-piv-root-263751-2018.pem"), true, true),
    (yubico!("roots/yubico-attestation-root-1.pem"), true, false),
    (yubico!("intermediates/yubico-attestation-intermediate-a-1.pem"), false, false),
    (yubico!("intermediates/yubico-attestation-intermediate-b-1.pem"), false, false),
    (yubico!("intermediates/yubico-piv-attestation-a-1.pem"), false, true),
    (yubico!("intermediates/yubico-piv-attestation-b-1.pem"), false, true),
    (yubico!("intermediates/yubico-piv-attestation-b2-1.pem"), false, true),
];

impl TrustStore {
    /// Yubico's alone.
    ///
    /// # Errors
    /// Never with the certificates that are built in.
    pub fn yubico() -> Result<Self, AttestationError> {
        let mut all = Self(Vec::new());
        for (pem, is_root, certifies_devices) in YUBICO {
            for der in certificates(pem)? {
                all.0.push(CaCertificate::new(&der, is_root, certifies_devices, true)?);
            }
        }
        Ok(all)
    }

    /// Adds roots, such as that of simulated cards: PEM with any number of certificates, or the DER of one. Answers what
    /// was added; Yubico's own are there already.
    ///
    /// # Errors
    /// When there is no certificate, or one that may not sign others.
    pub fn add(&mut self, file: &[u8]) -> Result<Vec<RootCa>, AttestationError> {
        let mut added = Vec::new();
        for der in certificates(file)? {
            let ca = CaCertificate::new(&der, true, true, false)?;
            ca.parsed.check_ca(1)?;
            if self.0.iter().all(|known| known.root.fingerprint != ca.root.fingerprint) {
                added.push(ca.root.clone());
                self.0.push(ca);
            }
        }
        Ok(added)
    }

    /// Those of a name: names are not unique.
    pub(super) fn named(&self, name: &Name) -> impl Iterator<Item = &CaCertificate> {
        self.0.iter().filter(move |ca| ca.parsed.subject() == name)
    }
}

impl CaCertificate {
    fn new(
        der: &[u8],
        is_root: bool,
        certifies_devices: bool,
        is_yubico: bool,
    ) -> Result<Self, AttestationError> {
        // Its name is not known before it is read.
        let name = Parsed::read(der, Link::Ca("?".into()))?.subject().to_string();
        let parsed = Parsed::read(der, Link::Ca(name.clone()))?;
        parsed.check_critical()?;
        let root = RootCa { name, fingerprint: Fingerprint(Sha256::digest(der).into()), is_yubico };
        Ok(Self { parsed, is_root, certifies_devices, root })
    }
}

fn certificates(file: &[u8]) -> Result<Vec<Vec<u8>>, AttestationError> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;

    let malformed = || AttestationError::Malformed(Link::Ca("?".into()));
    if file.first() == Some(&0x30) {
        return Ok(vec![file.to_vec()]);
    }
    let all: Result<Vec<_>, _> =
        CertificateDer::pem_slice_iter(file).map(|der| der.map(|der| der.to_vec())).collect();
    all.ok().filter(|all| !all.is_empty()).ok_or_else(malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_built_in_has_the_published_fingerprints_and_hangs_together() {
        let all = TrustStore::yubico().unwrap();
        let table = include_str!("trust_store.rs");
        assert_eq!(all.0.len(), 7);
        for ca in &all.0 {
            let RootCa { name, fingerprint, .. } = &ca.root;
            let name = name.strip_prefix("CN=").unwrap().split(',').next().unwrap();
            let row = table.lines().find(|line| line.starts_with(&format!("//! | {name}"))).unwrap();
            assert!(row.contains(&fingerprint.to_string()), "{name} {fingerprint}");
            let above: Vec<_> = all.named(ca.parsed.issuer()).collect();
            assert_eq!(above.len(), 1, "{name}");
            assert!(ca.parsed.is_signed_by(&above[0].parsed), "{name}");
            assert_eq!(above[0].root == ca.root, ca.is_root, "{name}");
        }
    }

    #[test]
    fn only_cas_can_be_added() {
        let mut all = TrustStore::yubico().unwrap();
        let root = include_bytes!("../../../data/yubico-attestation/roots/yubico-piv-root-263751-2018.pem");
        assert_eq!(all.add(root), Ok(vec![]), "it is there already");
        for (file, error) in [
            (&b""[..], AttestationError::Malformed(Link::Ca("?".into()))),
            (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", {
                AttestationError::Malformed(Link::Ca("?".into()))
            }),
            (
                include_bytes!("../../../data/yubico-attestation/slot/att-5.4.3-15732500-9a-ec256.pem"),
                AttestationError::NotACa(Link::Ca("CN=YubiKey PIV Attestation 9a".into())),
            ),
            (
                include_bytes!("../../../data/yubico-attestation/f9/f9-5.4.3-fbfcabe1.pem"),
                AttestationError::PathTooLong(Link::Ca("CN=Yubico PIV Attestation".into())),
            ),
        ] {
            assert_eq!(all.add(file), Err(error));
        }
    }
}
