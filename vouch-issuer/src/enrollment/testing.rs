//! Enrollments of keys in software, attested by a CA that exists in the test alone.

use std::sync::LazyLock;

use der::Encode;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
    PublicKeyData,
};
use software_key::SoftwareKey;

use super::*;

/// The public half of a key in software.
pub(crate) fn public_key(key: &SoftwareKey) -> SigningKey {
    SigningKey::from_point(&key.point()).unwrap()
}

pub(crate) struct TestUser {
    pub(crate) key: SoftwareKey,
    pub(crate) claims: EnrollmentClaims,
}

impl TestUser {
    pub(crate) fn new(issuer: &str, subject: &str, serial: u32) -> Self {
        let key = SoftwareKey::generate();
        let claims = EnrollmentClaims {
            issuer: issuer.parse().unwrap(),
            subject: subject.parse().unwrap(),
            audience: "sts.amazonaws.com".into(),
            enrolled_at: UnixTime(1_800_000_000),
            serial,
            slot: Slot::default(),
            firmware: Firmware { major: 5, minor: 7, patch: 1 },
            pin_policy: PinPolicy::Once,
            touch_policy: TouchPolicy::Always,
            attestation: attestation(&public_key(&key), serial),
            public_key: public_key(&key),
        };
        Self { key, claims }
    }

    pub(crate) fn sign(&self, claims: &EnrollmentClaims) -> Enrollment {
        Enrollment::sign(claims, |digest| Ok::<_, EnrollmentError>(self.key.sign(digest))).unwrap()
    }

    pub(crate) fn enrolled(&self) -> VerifiedEnrollment {
        verify(&self.sign(&self.claims).to_json()).unwrap()
    }
}

/// Verifies an enrollment of a [`TestUser`].
pub(crate) fn verify(json: &str) -> Result<VerifiedEnrollment, EnrollmentError> {
    static TRUSTED: LazyLock<TrustStore> = LazyLock::new(|| TestCa::shared().trust_store());
    Enrollment::verify(json, &TRUSTED, UnixTime::now())
}

/// A CA of YubiKeys with a root of its own, and what it signs.
pub(crate) struct TestCa {
    root_der: Vec<u8>,
    device: Issuer<'static, KeyPair>,
    pub(crate) device_der: Vec<u8>,
}

impl TestCa {
    pub(crate) fn new() -> Self {
        Self::with(ca_params("Test PIV Root CA", Some(1)), device_params())
    }

    /// From what the root's and the f9 certificate say.
    pub(crate) fn with(root: CertificateParams, device: CertificateParams) -> Self {
        let (root_key, device_key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let root_der = root.self_signed(&root_key).unwrap().der().to_vec();
        let root = Issuer::new(root, root_key);
        let device_der = device.signed_by(&device_key, &root).unwrap().der().to_vec();
        Self { root_der, device: Issuer::new(device, device_key), device_der }
    }

    /// The one that the enrollments of [`TestUser`] come from.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: LazyLock<TestCa> = LazyLock::new(TestCa::new);
        &SHARED
    }

    /// Yubico's CAs and this root.
    pub(crate) fn trust_store(&self) -> TrustStore {
        let mut all = TrustStore::yubico().unwrap();
        let added = all.add(&self.root_der).unwrap();
        assert!(added.len() == 1 && !added[0].is_yubico);
        all
    }

    /// Signs any certificate with the key of slot f9.
    pub(crate) fn attest(&self, params: &CertificateParams, key: &SigningKey) -> Vec<u8> {
        let point = Point(key.public_key().to_sec1_bytes().to_vec());
        self.attest_any(params, &point)
    }

    /// The same for a key of any kind.
    pub(crate) fn attest_any(&self, params: &CertificateParams, key: &impl PublicKeyData) -> Vec<u8> {
        params.signed_by(key, &self.device).unwrap().der().to_vec()
    }
}

/// Has slot f9 sign `first` for a new key, and this key sign `second` for `key`: the second certificate, then the first.
pub(crate) fn device_key_signs(
    ca: &TestCa,
    first: &CertificateParams,
    second: &CertificateParams,
    key: &SigningKey,
) -> (Vec<u8>, Vec<u8>) {
    let forger = KeyPair::generate().unwrap();
    let certificate = ca.attest_any(first, &forger);
    let point = Point(key.public_key().to_sec1_bytes().to_vec());
    let forged = second.signed_by(&point, &Issuer::new(first.clone(), forger)).unwrap();
    (forged.der().to_vec(), certificate)
}

/// As a card with firmware 5.7.1 attests a key in slot 82 with PIN once and touch always.
pub(crate) fn attestation(key: &SigningKey, serial: u32) -> [Certificate; 2] {
    let ca = TestCa::shared();
    [Certificate(ca.attest(&attestation_params(serial, [2, 2]), key)), Certificate(ca.device_der.clone())]
}

/// What an attestation says.
pub(crate) fn attestation_params(serial: u32, policies: [u8; 2]) -> CertificateParams {
    let mut params = named("YubiKey PIV Attestation 82");
    let serial = serial.to_der().unwrap();
    for (arc, content) in [(3, vec![5, 7, 1]), (7, serial), (8, policies.to_vec()), (9, vec![1])] {
        params.custom_extensions.push(yubico(arc, content));
    }
    params
}

/// What the certificate in slot f9 says.
pub(crate) fn device_params() -> CertificateParams {
    let mut params = ca_params("Yubico PIV Attestation", Some(0));
    params.custom_extensions.push(yubico(3, vec![5, 7, 1]));
    params
}

/// What a CA says of itself.
pub(crate) fn ca_params(name: &str, path_length: Option<u8>) -> CertificateParams {
    let mut params = named(name);
    params.is_ca = IsCa::Ca(match path_length {
        Some(length) => BasicConstraints::Constrained(length),
        None => BasicConstraints::Unconstrained,
    });
    params
}

pub(crate) fn yubico(arc: u64, content: Vec<u8>) -> CustomExtension {
    CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 41482, 3, arc], content)
}

pub(crate) fn named(name: &str) -> CertificateParams {
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
