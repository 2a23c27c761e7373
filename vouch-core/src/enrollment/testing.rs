//! Enrolments of keys in software, attested by a maker that exists in the test alone.

use der::Encode;
use rcgen::{CertificateParams, CustomExtension, DistinguishedName, DnType, Issuer, KeyPair, PublicKeyData};

use super::*;
use crate::signature::testing::SoftwareKey;

pub(crate) struct Person {
    pub(crate) key: SoftwareKey,
    pub(crate) statement: Statement,
}

impl Person {
    pub(crate) fn new(issuer: &str, subject: &str, serial: u32) -> Self {
        let key = SoftwareKey::generate();
        let statement = Statement {
            issuer: issuer.parse().unwrap(),
            subject: subject.parse().unwrap(),
            audience: "sts.amazonaws.com".into(),
            enrolled_at: UnixTime(1_800_000_000),
            serial,
            slot: Slot::default(),
            firmware: Firmware { major: 5, minor: 7, patch: 1 },
            pin_policy: PinPolicy::Once,
            touch_policy: TouchPolicy::Always,
            attestation: attestation(&key.public(), serial),
            public_key: key.public(),
        };
        Self { key, statement }
    }

    pub(crate) fn sign(&self, statement: &Statement) -> Enrollment {
        Enrollment::sign(statement, |digest| Ok(self.key.sign(digest))).unwrap()
    }

    pub(crate) fn enrolled(&self) -> VerifiedEnrollment {
        Enrollment::verify(&self.sign(&self.statement).to_json()).unwrap()
    }
}

/// As a card with firmware 5.7.1 attests a key in slot 82 with PIN once and touch always.
pub(crate) fn attestation(key: &SigningKey, serial: u32) -> [Certificate; 2] {
    let maker = KeyPair::generate().unwrap();
    let device = named("Yubico PIV Attestation").self_signed(&maker).unwrap();
    let mut params = named("YubiKey PIV Attestation 82");
    let serial = serial.to_der().unwrap();
    for (arc, content) in [(3, vec![5, 7, 1]), (7, serial), (8, vec![2, 2]), (9, vec![1])] {
        let oid = [1, 3, 6, 1, 4, 1, 41482, 3, arc];
        params.custom_extensions.push(CustomExtension::from_oid_content(&oid, content));
    }
    let issuer = Issuer::new(named("Yubico PIV Attestation"), maker);
    let point = Point(key.public_key().to_sec1_bytes().to_vec());
    let attestation = params.signed_by(&point, &issuer).unwrap();
    [Certificate(attestation.der().to_vec()), Certificate(device.der().to_vec())]
}

fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

struct Point(Vec<u8>);

impl PublicKeyData for Point {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}
