//! GENERATE, IMPORT, MOVE, GENERAL AUTHENTICATE with the key of a slot, and GET METADATA.

use getrandom::{SysRng, rand_core::UnwrapErr};
use p256::ecdsa::{Signature, VerifyingKey, signature::hazmat::PrehashVerifier};
use rsa::{BoxedUint, Pkcs1v15Sign};
use sha2::{Digest, Sha256};

use super::*;

const SIGN: &str =
    "0087119a26 7c24 8200 8120 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// A P-256 key in `slot` under these policies, and its public point.
fn generate(card: &mut Card, slot: &str, policies: &str) -> VerifyingKey {
    let inner = bytes(policies).len() + 3;
    let answer = card.send(&format!("004700{slot}{:02x} ac{inner:02x}800111 {policies}", inner + 2));
    assert_eq!((&answer[..10], &answer[answer.len() - 4..]), ("7f49438641", "9000"));
    VerifyingKey::from_sec1_bytes(&bytes(&answer[10..answer.len() - 4])).unwrap()
}

fn sign(card: &mut Card, slot: &str) -> Result<Signature, String> {
    let answer = card.send(&SIGN.replacen("9a", slot, 1));
    match answer.strip_suffix("9000") {
        Some(data) => {
            let data = bytes(data);
            let (inner, _) = split_tlv(&data);
            assert_eq!((data[0], inner[0]), (0x7c, 0x82));
            Ok(Signature::from_der(split_tlv(inner).0).unwrap())
        }
        None => Err(answer),
    }
}

fn verifies(key: &VerifyingKey, signature: &Signature) -> bool {
    key.verify_prehash(&Sha256::digest(b""), signature).is_ok()
}

#[test]
fn templates_that_are_refused() {
    let mut card = unlocked(NEW);
    for (command, status) in [
        ("0047008105 ac03800111", "6b00"),
        ("0047000405 ac03800111", "6b00"),
        ("0047009605 ac03800111", "6b00"),
        ("0047009b05 ac03800111", "6b00"),
        ("0047009a05 ac03800110", "6a80"),
        ("0047009a05 ac03800100", "6a80"),
        ("0047009a02 ac00", "6a80"),
        ("0047009a00", "6a80"),
        ("0047009a04 ac028000", "6a80"),
        ("0047009a05 ad03800111", "6a80"),
        ("0047009a08 ac06800111aa0104", "6a80"),
        ("0047009a08 ac06800111ab0104", "6a80"),
        ("0047009a08 ac06800111aa0100ffff", "6700"),
    ] {
        assert_eq!(card.send(command), status, "{command}");
    }
    assert_eq!(card.send("00f7009a"), "6a88", "and nothing was made");
}

#[test]
fn every_slot_makes_keys_that_sign() {
    let mut card = unlocked(NEW);
    let retired = (0x82..=0x95).map(|slot: u8| format!("{slot:02x}"));
    for slot in ["9a", "9c", "9d", "9e"].map(str::to_owned).into_iter().chain(retired) {
        let key = generate(&mut card, &slot, "");
        card.send(VERIFY);
        assert!(verifies(&key, &sign(&mut card, &slot).unwrap()), "{slot}");
    }
    assert_eq!(card.control().counters().signs, 24);
    assert_eq!(card.control().counters().touches, 0);
}

#[test]
fn the_attestation_key_signs_nothing_else() {
    let mut card = unlocked(NEW);
    card.send(VERIFY);
    assert_eq!(sign(&mut card, "f9"), Err("6b00".to_owned()));
}

#[test]
fn signing_with_what_is_not_there() {
    let mut card = unlocked(NEW);
    card.send(VERIFY);
    assert_eq!(sign(&mut card, "9a"), Err("6a80".to_owned()), "empty slot");
    assert_eq!(sign(&mut card, "04"), Err("6b00".to_owned()), "no slot");
    generate(&mut card, "9a", "");
    card.send(VERIFY);
    assert_eq!(card.send(&SIGN.replacen("11", "14", 1)), "6a80", "another algorithm");
    assert_eq!(card.send(&SIGN.replacen("11", "07", 1)), "6a80", "another algorithm");
}

#[test]
fn malformed_input_is_refused_before_a_touch() {
    let mut card = unlocked(NEW);
    generate(&mut card, "9a", "ab0102");
    card.send(VERIFY);
    for (data, status) in [
        ("04 7c028200", "6a80"),
        ("02 7c00", "6a80"),
        ("00", "6a80"),
        ("05 7d03810101", "6a80"),
        ("03 7c0181", "6a80"),
        ("08 7c06 810101 850101", "6a80"),
    ] {
        assert_eq!(card.send(&format!("0087119a{data}")), status, "{data}");
    }
    assert_eq!(card.control().counters().touches, 0);
    assert_eq!(card.control().counters().signs, 0);
}

#[test]
fn digests_longer_than_the_curve() {
    let mut card = unlocked(NEW);
    generate(&mut card, "9a", "");
    card.send(VERIFY);
    assert_eq!(card.send(&format!("0087119a27 7c25 8200 8121 {}", "01".repeat(33))), "6700");
    assert_eq!(card.send("0087119a06 7c04 8200 8100"), "6a80");
    assert!(card.send(&format!("0087119a1a 7c18 8200 8114 {}", "01".repeat(20))).ends_with("9000"), "SHA-1");
}

#[test]
fn pin_never() {
    let mut card = unlocked(NEW);
    let key = generate(&mut card, "9a", "aa0101");
    card.send(SELECT_PIV);
    assert!(verifies(&key, &sign(&mut card, "9a").unwrap()));
}

#[test]
fn pin_once() {
    let mut card = unlocked(NEW);
    generate(&mut card, "9a", "aa0102");
    assert_eq!(sign(&mut card, "9a"), Err("6982".to_owned()));
    card.send(VERIFY);
    assert!(sign(&mut card, "9a").is_ok());
    assert!(sign(&mut card, "9a").is_ok());
    card.send(SELECT_PIV);
    assert_eq!(sign(&mut card, "9a"), Err("6982".to_owned()));
    assert_eq!(card.control().counters().signs, 2);
}

#[test]
fn pin_always() {
    let mut card = unlocked(NEW);
    generate(&mut card, "9a", "aa0103");
    assert_eq!(sign(&mut card, "9a"), Err("6982".to_owned()));
    card.send(VERIFY);
    assert!(sign(&mut card, "9a").is_ok());
    assert_eq!(sign(&mut card, "9a"), Err("6982".to_owned()), "the second needs its own");
    card.send(VERIFY);
    card.send("00fd0000");
    assert_eq!(sign(&mut card, "9a"), Err("6982".to_owned()), "not right before");
}

#[test]
fn policies_of_a_slot_itself() {
    let mut card = unlocked(NEW);
    for (slot, pin) in [("9a", "02"), ("9c", "03"), ("9d", "02"), ("9e", "01"), ("82", "02")] {
        generate(&mut card, slot, "");
        assert!(
            card.send(&format!("00f700{slot}"))
                .starts_with(&format!("0101110202{pin}01030101044386 41").replace(' ', ""))
        );
        generate(&mut card, slot, "aa0100ab0100");
        assert!(
            card.send(&format!("00f700{slot}")).starts_with(&format!("0101110202{pin}01")),
            "0 is the default"
        );
    }
}

#[test]
fn metadata_has_the_public_key() {
    let mut card = unlocked(NEW);
    let key = generate(&mut card, "82", "aa0102ab0102");
    let point = hex(key.to_sec1_point(false).as_bytes());
    assert_eq!(
        card.send("00f70082"),
        format!("010111 02020202 030101 0443 8641{point} 9000").replace(' ', "")
    );
    assert_eq!(card.send("00f70083"), "6a88");
    assert_eq!(card.send("00f70004"), "6a88");
    assert!(card.send("00f700f9").starts_with("010107020201010301020482"));
}

#[test]
fn p384() {
    use p384::ecdsa::{Signature, VerifyingKey};
    let mut card = unlocked(NEW);
    let answer = card.send("0047009a05 ac03800114");
    let answer = bytes(answer.strip_suffix("9000").unwrap());
    let key = VerifyingKey::from_sec1_bytes(&answer[5..]).unwrap();
    card.send(VERIFY);
    let digest = [9; 48];
    let signed = bytes(&card.send(&format!("0087149a36 7c34 8200 8130 {}", hex(&digest))));
    let signature = Signature::from_der(split_tlv(split_tlv(&signed).0).0).unwrap();
    assert!(key.verify_prehash(&digest, &signature).is_ok());
}

/// Modulus and exponent from the answer to GENERATE.
fn rsa_key(answer: &[u8]) -> rsa::RsaPublicKey {
    assert_eq!(answer[..2], [0x7f, 0x49]);
    let (fields, _) = split_tlv(&answer[1..]);
    let (modulus, rest) = split_tlv(fields);
    let (exponent, _) = split_tlv(rest);
    rsa::RsaPublicKey::new(
        BoxedUint::from_be_slice_vartime(modulus),
        BoxedUint::from_be_slice_vartime(exponent),
    )
    .unwrap()
}

/// A PKCS #1 v1.5 block of 256 bytes over the SHA-256 of nothing.
fn padded_digest() -> Vec<u8> {
    let info = [&bytes("3031300d060960864801650304020105000420")[..], &Sha256::digest(b"")].concat();
    [&[0, 1][..], &vec![0xff; 256 - 3 - info.len()], &[0], &info].concat()
}

fn template(input: &[u8]) -> Vec<u8> {
    let length = u16::try_from(input.len()).unwrap().to_be_bytes();
    let inner = [&[0x82, 0x00, 0x81, 0x82], &length[..], input].concat();
    let length = u16::try_from(inner.len()).unwrap().to_be_bytes();
    [&[0x7c, 0x82], &length[..], &inner].concat()
}

#[test]
fn rsa_2048_signs_and_decrypts() {
    let mut card = unlocked(NEW);
    let (answer, _) = card.exchange("0047009a", &bytes("ac03800107"));
    let key = rsa_key(&answer);
    card.send(VERIFY);
    let (signed, status) = card.exchange("0087079a", &template(&padded_digest()));
    assert_eq!(status, "9000");
    let signature = split_tlv(split_tlv(&signed).0).0;
    assert_eq!(signature.len(), 256);
    key.verify(Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(b""), signature).unwrap();

    let secret = key.encrypt(&mut UnwrapErr(SysRng), rsa::Pkcs1v15Encrypt, b"secret").unwrap();
    let (opened, _) = card.exchange("0087079a", &template(&secret));
    let opened = split_tlv(split_tlv(&opened).0).0;
    assert_eq!((opened.len(), &opened[..2], &opened[249..]), (256, &[0, 2][..], &b"\0secret"[..]));

    assert_eq!(card.exchange("0087079a", &template(&[1; 255])).1, "6700");
    assert_eq!(card.exchange("0087079a", &template(&[0xff; 256])).1, "6a80", "not below the modulus");
    assert_eq!(card.control().counters().signs, 2);
    let (metadata, _) = card.exchange("00f7009a", &[]);
    assert_eq!(metadata[..10], bytes("01010702020201030101")[..]);
    assert_eq!(metadata[10..18], bytes("04820109 81820100")[..], "modulus first");
}

#[test]
fn long_rsa_keys_came_with_5_7() {
    let mut old = unlocked(OLD);
    assert_eq!(old.send("0047009a05 ac03800105"), "6a80");
    assert_eq!(old.send("0047009a05 ac03800116"), "6a80");
    let mut new = unlocked(NEW);
    assert_eq!(new.exchange("0047009a", &bytes("ac03800105")).1, "9000");
}

#[test]
fn an_imported_p256_key() {
    let mut card = unlocked(NEW);
    let secret = p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
    assert_eq!(card.send(&format!("00fe119a25 0620{} aa0101", "07".repeat(32))), "9000");
    let signature = sign(&mut card, "9a").unwrap();
    assert!(verifies(secret.verifying_key(), &signature));
    assert!(card.send("00f7009a").starts_with("01011102020101030102"), "marked as imported");
}

#[test]
fn an_imported_rsa_key() {
    let mut card = unlocked(NEW);
    let key = rsa::RsaPrivateKey::new(&mut UnwrapErr(SysRng), 1024).unwrap();
    let primes = rsa::traits::PrivateKeyParts::primes(&key);
    let [p, q] = [0, 1].map(|index| primes[index].to_be_bytes_trimmed_vartime());
    let data = [&[0x01, 0x40][..], &p, &[0x02, 0x40], &q, &bytes("aa0101")].concat();
    assert_eq!(card.exchange("00fe079a", &data).1, "6a80", "another size than P1 says");
    assert_eq!(card.exchange("00fe069a", &data).1, "9000");
    let (public, status) = card.exchange("00f7009a", &[]);
    let fields = split_tlv(&public[10..]).0;
    let modulus = rsa::traits::PublicKeyParts::n_bytes(&key);
    assert_eq!((split_tlv(fields).0, status.as_str()), (&modulus[..], "9000"));
}

#[test]
fn imports_that_are_refused() {
    let mut card = unlocked(NEW);
    let scalar = "07".repeat(32);
    for (command, status) in [
        (format!("00fe119b22 0620{scalar}"), "6b00"),
        (format!("00fe179a22 0620{scalar}"), "6a80"),
        (format!("00fe149a22 0620{scalar}"), "6a80"),
        (format!("00fe119a22 0720{scalar}"), "6a80"),
        (format!("00fe119a22 0620{}", "00".repeat(32)), "6a80"),
        (format!("00fe119a22 0620{}", "ff".repeat(32)), "6a80"),
        (format!("00fe119a25 0620{scalar} aa0109"), "6a80"),
        ("00fe079a08 0102ffff 0202ffff".to_owned(), "6a80"),
        ("00fe119a".to_owned(), "6a80"),
    ] {
        assert_eq!(card.send(&command), status, "{command}");
    }
    assert_eq!(card.send("00f7009a"), "6a88");
}

#[test]
fn both_sides_agree_on_a_secret() {
    let mut card = unlocked(NEW);
    let theirs = generate(&mut card, "9d", "");
    card.send(VERIFY);
    let ours = p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
    let point = hex(ours.verifying_key().to_sec1_point(false).as_bytes());
    let answer = card.send(&format!("0087119d47 7c45 8200 8541 {point}"));
    let theirs = p256::PublicKey::from(&theirs);
    let secret = p256::ecdh::diffie_hellman(ours.as_nonzero_scalar(), theirs.as_affine());
    assert_eq!(answer, format!("7c228220{}9000", hex(secret.raw_secret_bytes())));
    assert_eq!(
        card.send(&format!("0087119d47 7c45 8200 8541 {}", "04".repeat(65))),
        "6a80",
        "not on the curve"
    );
}

#[test]
fn moving_and_deleting() {
    let mut card = unlocked(NEW);
    let key = generate(&mut card, "9a", "aa0101");
    generate(&mut card, "83", "");
    assert_eq!(card.send("00f6839a"), "6985", "the destination is taken");
    assert_eq!(card.send("00f6f99a"), "6b00");
    assert_eq!(card.send("00f682f9"), "6b00");
    assert_eq!(card.send("00f6049a"), "6b00");
    assert_eq!(card.send("00f68284"), "6a88", "nothing there");
    assert_eq!(card.send("00f6829a"), "9000");
    assert_eq!(card.send("00f7009a"), "6a88");
    assert!(verifies(&key, &sign(&mut card, "82").unwrap()));
    assert_eq!(card.send("00f6ff82"), "9000");
    assert_eq!(card.send("00f70082"), "6a88");
    assert_eq!(card.send("00f6ff82"), "6a88");
    let mut old = unlocked(OLD);
    assert_eq!(old.send("00f6829a"), "6d00");
}
