//! GENERAL AUTHENTICATE with 9B, SET MANAGEMENT KEY.

use super::*;

const GENERATE: &str = "0047009a05 ac03800111";

#[test]
fn nothing_is_changed_without_it() {
    let mut card = card(NEW);
    card.send(VERIFY);
    assert_eq!(card.send(GENERATE), "6982");
    assert_eq!(
        card.send("00fe119a22 0620 0101010101010101010101010101010101010101010101010101010101010101"),
        "6982"
    );
    assert_eq!(card.send("00db3fff0a 5c035fc105 5303010203"), "6982");
    assert_eq!(card.send("00ffffff1b 0a9b18 010203040506070801020304050607080102030405060708"), "6982");
    assert_eq!(card.send("00f6ff9a"), "6982");
}

#[test]
fn the_factory_key_of_each_firmware() {
    for (firmware, algorithm) in [(OLD, "03"), (NEW, "0a"), ("5.7.0".parse().unwrap(), "0a")] {
        let mut card = card(firmware);
        assert_eq!(card.send("00f7009b"), format!("0101{algorithm} 02020001 050101 9000").replace(' ', ""));
        card.unlock();
        assert!(card.send(GENERATE).ends_with("9000"));
    }
}

/// Both sides prove themselves: the client by giving back the witness, the card by encrypting the challenge.
#[test]
fn mutual_proof() {
    let mut card = card(NEW);
    let witness = witness(&mut card);
    let challenge = [7; 16];
    let answer = card.send(&format!("00870a9b26 7c24 8010{} 8110{}", hex(&witness), hex(&challenge)));
    assert_eq!(answer, format!("7c128210{}9000", hex(&encrypt("0a", FACTORY_KEY, &challenge))));
    assert!(card.send(GENERATE).ends_with("9000"));
}

/// Asks for a witness and decrypts it, by trying what AES makes of it: only the test knows the key.
fn witness(card: &mut Card) -> Vec<u8> {
    use cipher::BlockCipherDecrypt;
    let answer = bytes(&card.send("00870a9b04 7c028000"));
    assert_eq!((&answer[..4], answer.len()), (&[0x7c, 0x12, 0x80, 0x10][..], 22));
    let mut block: Array<u8, _> = answer[4..20].try_into().unwrap();
    Aes192::new_from_slice(&bytes(FACTORY_KEY)).unwrap().decrypt_block(&mut block);
    block.to_vec()
}

#[test]
fn wrong_proofs() {
    let mut card = unlocked(NEW);
    witness(&mut card);
    let wrong = format!("00870a9b26 7c24 8010{} 8110{}", hex(&[0; 16]), hex(&[7; 16]));
    assert_eq!(card.send(&wrong), "6982");
    assert_eq!(card.send(GENERATE), "6982", "the earlier proof counts no more");
    card.send("00870a9b04 7c028100");
    assert_eq!(card.send(&format!("00870a9b14 7c12 8210{}", hex(&[0; 16]))), "6982");
    assert_eq!(card.control().counters().pin_failures, 0);
}

#[test]
fn a_witness_serves_once_and_never_for_another_card_state() {
    let mut card = card(NEW);
    let first = witness(&mut card);
    let proof = format!("00870a9b26 7c24 8010{} 8110{}", hex(&first), hex(&[7; 16]));
    assert!(card.send(&proof).ends_with("9000"));
    assert_eq!(card.send(&proof), "6982", "again");
    let second = witness(&mut card);
    assert_ne!(first, second);
    card.send(SELECT_PIV);
    let late = format!("00870a9b26 7c24 8010{} 8110{}", hex(&second), hex(&[7; 16]));
    assert_eq!(card.send(&late), "6982", "after SELECT");
}

#[test]
fn malformed_steps() {
    let mut card = card(NEW);
    for data in ["00", "04 7c028200", "02 7c00", "04 7d028000", "06 7c0481020102", "03 7c0280"] {
        let answer = card.send(&format!("00870a9b{data}"));
        assert!(["6a80", "6982", "6700"].contains(&answer.as_str()), "{data}: {answer}");
    }
    let witness = witness(&mut card);
    let short = format!("00870a9b1e 7c1c 8010{} 8108{}", hex(&witness), hex(&[7; 8]));
    assert_eq!(card.send(&short), "6a80");
    assert_eq!(card.send(GENERATE), "6982");
}

#[test]
fn another_algorithm_than_the_keys_own() {
    let mut card = card(NEW);
    for algorithm in ["00", "03", "08", "0c", "11"] {
        assert_eq!(card.send(&format!("0087{algorithm}9b04 7c028000")), "6a80");
    }
    let mut card = self::card(OLD);
    assert_eq!(card.send("00870a9b04 7c028000"), "6a80");
    assert!(card.send("0087009b04 7c028000").ends_with("9000"), "00 stands for Triple DES");
}

#[test]
fn replacing_the_key() {
    let mut card = unlocked(OLD);
    let new = "1112131415161718212223242526272831323334353637383132333435363738";
    assert_eq!(card.send(&format!("00ffffff23 0c9b20 {new}")), "9000");
    assert_eq!(card.send("00f7009b"), "01010c 02020001 050100 9000".replace(' ', ""));
    assert_eq!(card.send("0087039b04 7c028000"), "6a80");
    assert!(card.send("00870c9b04 7c028000").ends_with("9000"));
}

#[test]
fn keys_that_are_refused() {
    let mut card = unlocked(NEW);
    let key = FACTORY_KEY;
    assert_eq!(card.send(&format!("00ff00ff1b 0a9b18 {key}")), "6a86");
    assert_eq!(card.send(&format!("00ffff001b 0a9b18 {key}")), "6a86");
    assert_eq!(card.send(&format!("00ffffff1b 119b18 {key}")), "6a80", "algorithm");
    assert_eq!(card.send(&format!("00ffffff1b 0a9a18 {key}")), "6a80", "slot");
    assert_eq!(card.send(&format!("00ffffff1b 0a9b17 {key}")), "6a80", "length");
    assert_eq!(card.send(&format!("00ffffff1b 089b18 {key}")), "6a80", "length of another algorithm");
    assert_eq!(card.send("00ffffff"), "6a80");
    let mut old = unlocked("5.3.0".parse().unwrap());
    assert_eq!(old.send(&format!("00ffffff1b 0a9b18 {key}")), "6a80", "no AES before 5.4.2");
}

#[test]
fn a_key_that_wants_a_touch() {
    let mut card = unlocked(NEW);
    assert_eq!(card.send(&format!("00fffffe1b 0a9b18 {FACTORY_KEY}")), "9000");
    assert_eq!(card.send("00f7009b"), "01010a 02020002 050101 9000".replace(' ', ""));
    card.send(SELECT_PIV);
    card.unlock();
    assert_eq!(card.control().counters().touches, 1);
    card.control().set_touch(virtual_yubikey::Touch::Never);
    card.send(SELECT_PIV);
    let witness = witness(&mut card);
    let proof = format!("00870a9b26 7c24 8010{} 8110{}", hex(&witness), hex(&[7; 16]));
    assert_eq!(card.send(&proof), "6982");
    assert_eq!(card.send(GENERATE), "6982");
}
