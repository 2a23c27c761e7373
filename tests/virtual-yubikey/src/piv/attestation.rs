//! Attestation: certificates by which a key proves that it was made on the card.
//!
//! The chain is that of the hardware up to firmware 5.7.2: the slot's certificate, the certificate of the key
//! in slot F9, the maker's root. Names, extensions and their encodings were compared with published ones.
//! (Cards from 5.7.4 on have intermediate authorities above F9; here F9 stays right below the root.)

use std::sync::Arc;

use crate::{
    Firmware,
    card::Device,
    certificate,
    certificate::{Contents, Issuer},
    key::{Algorithm, PrivateKey},
    random,
    status::{Answer, Status},
};

/// USB-A, keychain size.
pub(crate) const FORM_FACTOR: u8 = 0x01;

/// The encoded 1.3.6.1.4.1.41482.3.`N`.
const fn yubico(number: u8) -> [u8; 10] {
    [0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0xc4, 0x0a, 0x03, number]
}

const FIRMWARE: [u8; 10] = yubico(3);
const SERIAL: [u8; 10] = yubico(7);
const POLICIES: [u8; 10] = yubico(8);
const FORM: [u8; 10] = yubico(9);

/// The maker of cards: a root certificate of its own (P-256), and the key that it puts into slot F9 of each card
/// it makes. As with the hardware, that key (RSA-2048) belongs to a batch of cards, not to one.
#[derive(Debug)]
pub struct AttestationAuthority {
    root_key: PrivateKey,
    root_name: Vec<u8>,
    root: Vec<u8>,
    batch_key: PrivateKey,
}

impl AttestationAuthority {
    /// A maker that nobody has heard of: its keys are random.
    pub fn generate() -> Arc<Self> {
        let root_key = PrivateKey::generate(Algorithm::P256);
        let serial = u32::from_be_bytes(random::bytes()) % 900_000 + 100_000;
        let root_name = certificate::common_name(&format!("Virtual YubiKey PIV Root CA Serial {serial}"));
        let root = root_certificate(&root_key, &root_name, serial);
        Arc::new(Self { root_key, root_name, root, batch_key: PrivateKey::generate(Algorithm::Rsa2048) })
    }

    /// The root certificate, in the form that clients take a trust anchor in.
    pub fn root_pem(&self) -> String {
        pem(&self.root)
    }

    /// Key and certificate (DER) for slot F9 of a card.
    pub(crate) fn issue(&self, firmware: Firmware) -> (PrivateKey, Vec<u8>) {
        let name = if firmware >= Firmware::new(5, 7, 4) {
            "YubiKey PIV Attestation"
        } else {
            "Yubico PIV Attestation"
        };
        let contents = Contents {
            serial: &serial_number::<8>(),
            issuer: &self.root_name,
            validity: &validity(),
            subject: &certificate::common_name(name),
            public_key: &self.batch_key.public_key_info(),
            extensions: &[
                certificate::extension(&FIRMWARE, &firmware.to_bytes()),
                certificate::basic_constraints(0, true),
            ],
        };
        (self.batch_key.clone(), signed(&contents, &self.root_key))
    }
}

/// What the card says about a key in one of its slots.
#[derive(Debug)]
pub(crate) struct Attestation<'a> {
    pub(crate) device: Device,
    pub(crate) slot: u8,
    /// DER SubjectPublicKeyInfo.
    pub(crate) public_key: &'a [u8],
    /// PIN policy, touch policy.
    pub(crate) policies: [u8; 2],
}

impl Attestation<'_> {
    /// The certificate, signed by the key of slot F9, with issuer and validity from that key's `certificate`.
    pub(crate) fn sign(&self, signer: &PrivateKey, certificate: &[u8]) -> Answer {
        let issuer = Issuer::read(certificate).ok_or(Status::INCORRECT_DATA)?;
        let mut serial = serial_number::<16>();
        serial[0] = 0x01;
        let name = format!("YubiKey PIV Attestation {:02x}", self.slot);
        let contents = Contents {
            serial: &serial,
            issuer: issuer.subject,
            validity: issuer.validity,
            subject: &certificate::common_name(&name),
            public_key: self.public_key,
            extensions: &[
                certificate::extension(&FIRMWARE, &self.device.firmware.to_bytes()),
                certificate::extension(
                    &SERIAL,
                    &certificate::unsigned_integer(&self.device.serial.to_be_bytes()),
                ),
                certificate::extension(&POLICIES, &self.policies),
                certificate::extension(&FORM, &[FORM_FACTOR]),
            ],
        };
        contents.sign(signer)
    }
}

/// Self-signed, with the extensions of the hardware's root.
fn root_certificate(key: &PrivateKey, name: &[u8], serial: u32) -> Vec<u8> {
    let public_key = key.public_key_info();
    let contents = Contents {
        serial: &serial.to_be_bytes(),
        issuer: name,
        validity: &validity(),
        subject: name,
        public_key: &public_key,
        extensions: &[
            certificate::subject_key_identifier(&public_key),
            certificate::basic_constraints(1, false),
            certificate::key_usage_of_authority(),
        ],
    };
    signed(&contents, key)
}

#[expect(clippy::expect_used, reason = "keys made here can sign")]
fn signed(contents: &Contents<'_>, key: &PrivateKey) -> Vec<u8> {
    contents.sign(key).expect("a key that was just made can sign")
}

/// The dates of the hardware's PIV root and F9 certificates.
fn validity() -> Vec<u8> {
    certificate::validity("160314000000Z", "20520417000000Z")
}

fn serial_number<const N: usize>() -> [u8; N] {
    random::bytes()
}

fn pem(der: &[u8]) -> String {
    let base64 = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, der);
    let mut text = String::from("-----BEGIN CERTIFICATE-----\n");
    for line in base64.as_bytes().chunks(64) {
        text.push_str(&String::from_utf8_lossy(line));
        text.push('\n');
    }
    text.push_str("-----END CERTIFICATE-----\n");
    text
}
