//! ATTEST, and the chain up to the maker's root.

use der::{Decode, Encode, referenced::OwnedToRef};
use p256::{
    ecdsa::{Signature, VerifyingKey, signature::hazmat::PrehashVerifier},
    pkcs8::DecodePublicKey,
};
use sha2::{Digest, Sha256};
use x509_cert::Certificate;

use super::*;

const F9: &str = "5c035fff01";

fn attest(card: &mut Card, slot: &str) -> Certificate {
    let (certificate, status) = card.exchange(&format!("00f9{slot}00"), &[]);
    assert_eq!(status, "9000");
    Certificate::from_der(&certificate).unwrap()
}

fn f9(card: &mut Card) -> Certificate {
    let (object, status) = card.exchange("00cb3fff", &bytes(F9));
    assert_eq!(status, "9000");
    let (object, _) = split_tlv(&object);
    let (certificate, rest) = split_tlv(object);
    assert_eq!((object[0], rest), (0x70, &bytes("710100fe00")[..]));
    Certificate::from_der(certificate).unwrap()
}

fn root(maker: &AttestationAuthority) -> Certificate {
    use base64::Engine;
    let pem = maker.root_pem();
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----\n") && pem.ends_with("-----END CERTIFICATE-----\n"));
    assert!(pem.lines().all(|line| line.len() <= 64));
    Certificate::from_der(&base64::engine::general_purpose::STANDARD.decode(body).unwrap()).unwrap()
}

fn is_signed_by(certificate: &Certificate, signer: &Certificate) -> bool {
    let digest = Sha256::digest(certificate.tbs_certificate().to_der().unwrap());
    let signature = certificate.signature().as_bytes().unwrap();
    let key = signer.tbs_certificate().subject_public_key_info().to_der().unwrap();
    match certificate.signature_algorithm().oid.to_string().as_str() {
        "1.2.840.113549.1.1.11" => {
            let key = <rsa::RsaPublicKey as DecodePublicKey>::from_public_key_der(&key).unwrap();
            key.verify(rsa::Pkcs1v15Sign::new::<Sha256>(), &digest, signature).is_ok()
        }
        "1.2.840.10045.4.3.2" => {
            let key = VerifyingKey::from_public_key_der(&key).unwrap();
            key.verify_prehash(&digest, &Signature::from_der(signature).unwrap()).is_ok()
        }
        other => unreachable!("signature algorithm {other}"),
    }
}

fn extension(certificate: &Certificate, oid: &str) -> Option<(bool, String)> {
    let extensions = certificate.tbs_certificate().extensions()?;
    let found = extensions.iter().find(|extension| extension.extn_id.to_string() == oid)?;
    Some((found.critical, hex(found.extn_value.as_bytes())))
}

fn yubico(certificate: &Certificate, number: u8) -> Option<String> {
    let (critical, value) = extension(certificate, &format!("1.3.6.1.4.1.41482.3.{number}"))?;
    assert!(!critical);
    Some(value)
}

#[test]
fn the_chain_holds() {
    for firmware in [OLD, NEW] {
        let mut card = unlocked(firmware);
        card.send("004700820b ac09 800111 aa0102 ab0102");
        let (slot, f9, root) = (attest(&mut card, "82"), f9(&mut card), root(&MAKER));
        assert!(is_signed_by(&slot, &f9));
        assert!(is_signed_by(&f9, &root));
        assert!(is_signed_by(&root, &root));
        assert!(!is_signed_by(&f9, &self::root(&AttestationAuthority::generate())), "another maker");
        assert_eq!(slot.tbs_certificate().issuer(), f9.tbs_certificate().subject());
        assert_eq!(f9.tbs_certificate().issuer(), root.tbs_certificate().subject());
        assert_eq!(slot.tbs_certificate().validity(), f9.tbs_certificate().validity());
    }
}

#[test]
fn what_the_slot_certificate_says() {
    let mut card = unlocked(NEW);
    card.send("004700820b ac09 800111 aa0102 ab0103");
    let certificate = attest(&mut card, "82");
    assert_eq!(certificate.tbs_certificate().subject().to_string(), "CN=YubiKey PIV Attestation 82");
    assert_eq!(certificate.tbs_certificate().issuer().to_string(), "CN=Yubico PIV Attestation");
    assert_eq!(yubico(&certificate, 3).unwrap(), "050701");
    assert_eq!(yubico(&certificate, 7).unwrap(), "020400bc614e");
    assert_eq!(yubico(&certificate, 8).unwrap(), "0203");
    assert_eq!(yubico(&certificate, 9).unwrap(), "01");
    assert_eq!(certificate.tbs_certificate().extensions().unwrap().len(), 4);
    let serial = certificate.tbs_certificate().serial_number().as_bytes();
    assert_eq!((serial.len(), serial[0]), (16, 1));
    assert_eq!(
        certificate.tbs_certificate().validity().to_der().unwrap(),
        [&bytes("3020 170d")[..], b"160314000000Z", &bytes("180f"), b"20520417000000Z"].concat()
    );
    let info = certificate.tbs_certificate().subject_public_key_info().owned_to_ref();
    let point = hex(info.subject_public_key.as_bytes().unwrap());
    assert!(card.send("00f70082").contains(&point), "the key of the slot");
}

#[test]
fn a_small_serial_number_is_a_short_integer() {
    let mut card = selected(Options { serial: 5_970_478, ..options(NEW) });
    card.unlock();
    card.send("0047009a05 ac03800111");
    assert_eq!(yubico(&attest(&mut card, "9a"), 7).unwrap(), "02035b1a2e");
}

#[test]
fn each_attestation_is_another_certificate() {
    let mut card = unlocked(NEW);
    card.send("0047009a05 ac03800111");
    assert_ne!(attest(&mut card, "9a"), attest(&mut card, "9a"));
}

#[test]
fn what_the_f9_certificate_says() {
    let certificate = f9(&mut card(NEW));
    let tbs = certificate.tbs_certificate();
    assert_eq!(tbs.subject().to_string(), "CN=Yubico PIV Attestation");
    assert_eq!(yubico(&certificate, 3).unwrap(), "050701");
    assert_eq!(extension(&certificate, "2.5.29.19"), Some((true, "30060101ff020100".to_owned())));
    assert_eq!(tbs.extensions().unwrap().len(), 2);
    let late = f9(&mut card("5.7.4".parse().unwrap()));
    assert_eq!(late.tbs_certificate().subject().to_string(), "CN=YubiKey PIV Attestation");
}

#[test]
fn what_the_root_certificate_says() {
    let root = root(&MAKER);
    let name = root.tbs_certificate().subject().to_string();
    assert!(name.starts_with("CN=Virtual YubiKey PIV Root CA Serial "), "{name}");
    assert_eq!(extension(&root, "2.5.29.19"), Some((false, "30060101ff020101".to_owned())));
    assert_eq!(extension(&root, "2.5.29.15"), Some((true, "03020106".to_owned())));
    assert!(extension(&root, "2.5.29.14").is_some());
}

#[test]
fn keys_that_are_not_attested() {
    let mut card = unlocked(NEW);
    assert_eq!(card.send("00f99a00"), "6a82", "empty slot");
    assert_eq!(card.send("00f90400"), "6b00", "no slot");
    assert_eq!(card.send("00f9f900"), "6b00", "the attesting key itself");
    assert_eq!(card.send(&format!("00fe119a22 0620{}", "07".repeat(32))), "9000");
    assert_eq!(card.send("00f99a00"), "6a80", "imported");
    card.send("0047009a05 ac03800111");
    assert_eq!(card.send("00f99a01"), "6a86");
}

#[test]
fn a_moved_key_is_attested_where_it_lies() {
    let mut card = unlocked(NEW);
    card.send("0047009a05 ac03800111");
    card.send("00f6829a");
    let certificate = attest(&mut card, "82");
    assert_eq!(certificate.tbs_certificate().subject().to_string(), "CN=YubiKey PIV Attestation 82");
}

/// An owner may put another key into F9; the card then attests with it, under whatever certificate lies there.
#[test]
fn a_replaced_attestation_key() {
    let mut card = unlocked(NEW);
    card.send("0047009a05 ac03800111");
    let original = f9(&mut card);
    assert_eq!(card.send(&format!("00fe11f922 0620{}", "07".repeat(32))), "9000");
    let certificate = attest(&mut card, "9a");
    assert_eq!(certificate.signature_algorithm().oid.to_string(), "1.2.840.10045.4.3.2");
    assert_eq!(certificate.tbs_certificate().issuer(), original.tbs_certificate().subject());
    let key = p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
    let digest = Sha256::digest(certificate.tbs_certificate().to_der().unwrap());
    let signature = Signature::from_der(certificate.signature().as_bytes().unwrap()).unwrap();
    assert!(key.verifying_key().verify_prehash(&digest, &signature).is_ok());

    assert_eq!(card.send("00db3fff07 5c035fff01 5300"), "9000");
    assert_eq!(card.send("00f99a00"), "6a82", "no certificate to take the issuer from");
    card.send("00db3fff0b 5c035fff01 53047002 3000");
    assert_eq!(card.send("00f99a00"), "6a80", "nonsense in its place");
    assert_eq!(card.send("00f6fff9"), "9000");
    assert_eq!(card.send("00f99a00"), "6a88", "no key to sign with");
}
