//! GET DATA and PUT DATA.

use super::*;

#[test]
fn what_is_not_there() {
    let mut card = card(NEW);
    for id in ["03 5fc102", "03 5fc105", "03 5fc107", "02 7f61", "01 01", "03 5fff00"] {
        let length = 2 + id.split(' ').next_back().unwrap().len() / 2;
        assert_eq!(card.send(&format!("00cb3fff{length:02x} 5c{id}")), "6a82", "{id}");
    }
}

#[test]
fn malformed_questions() {
    let mut card = card(NEW);
    assert_eq!(card.send("00cb0000 05 5c035fc105"), "6a86");
    assert_eq!(card.send("00cb3fff"), "6a80");
    assert_eq!(card.send("00cb3fff05 5d035fc105"), "6a80");
    assert_eq!(card.send("00cb3fff04 5c035fc1"), "6a80");
}

#[test]
fn the_discovery_object() {
    let mut card = card(NEW);
    assert_eq!(card.send("00cb3fff03 5c017e"), "7e124f0ba0000003080000100001005f2f0240009000");
}

#[test]
fn written_read_and_deleted() {
    let mut card = unlocked(NEW);
    assert_eq!(card.send("00db3fff0a 5c035fc105 5303010203"), "9000");
    assert_eq!(card.send("00cb3fff05 5c035fc105"), "53030102039000");
    assert_eq!(card.send("00db3fff07 5c035fc105 5300"), "9000");
    assert_eq!(card.send("00cb3fff05 5c035fc105"), "6a82");
}

#[test]
fn a_certificate_needs_chaining_both_ways() {
    let mut card = unlocked(NEW);
    let value: Vec<u8> = (0..1500).map(|number| u8::try_from(number % 251).unwrap()).collect();
    let data = [&bytes("5c035fc10d 538205dc")[..], &value].concat();
    assert_eq!(card.exchange("00db3fff", &data), (vec![], "9000".to_owned()));
    let (read, status) = card.exchange("00cb3fff", &bytes("5c035fc10d"));
    assert_eq!((&read[4..], status.as_str()), (&value[..], "9000"));
    let extended = card.apdu(&bytes("00cb3fff 000005 5c035fc10d 0000"));
    assert_eq!(extended.len(), 1506, "all at once by extended length");
}

#[test]
fn objects_that_are_refused() {
    let mut card = unlocked(NEW);
    assert_eq!(card.send("00db0000 0a 5c035fc105 5303010203"), "6a86");
    assert_eq!(card.send("00db3fff08 5c017e 5303010203"), "6a80", "the discovery object is fixed");
    assert_eq!(card.send("00db3fff0a 5c03ffffff 5303010203"), "6a80");
    assert_eq!(card.send("00db3fff05 5c035fc105"), "6a80", "no value");
    let large = [&bytes("5c035fc105 53820bf8")[..], &[0; 3064]].concat();
    assert_eq!(card.exchange("00db3fff", &large).1, "6a84");
    let largest = [&bytes("5c035fc105 53820bf7")[..], &[0; 3063]].concat();
    assert_eq!(card.exchange("00db3fff", &largest).1, "9000");
}

#[test]
fn objects_that_the_pin_protects() {
    let mut card = unlocked(NEW);
    for id in ["03", "08", "09", "21"] {
        assert_eq!(card.send(&format!("00cb3fff05 5c035fc1{id}")), "6982", "whether there or not");
        assert_eq!(card.send(&format!("00db3fff08 5c035fc1{id} 530107")), "9000");
        assert_eq!(card.send(&format!("00cb3fff05 5c035fc1{id}")), "6982");
    }
    card.send(VERIFY);
    assert_eq!(card.send("00cb3fff05 5c035fc109"), "5301079000");
}
