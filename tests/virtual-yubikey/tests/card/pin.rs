//! VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER, SET PIN RETRIES, RESET, and the metadata of PIN and PUK.

use super::*;

const WRONG: &str = "0020008008 393939393939ffff";
const QUERY: &str = "00200080";
const WRONG_PUK: &str = "002c008010 3939393939393939 363534333231ffff";
const UNBLOCK: &str = "002c008010 3132333435363738 363534333231ffff";

fn block_pin(card: &mut Card) {
    assert_eq!(card.send(WRONG), "63c2");
    assert_eq!(card.send(WRONG), "63c1");
    assert_eq!(card.send(WRONG), "63c0");
}

fn block_puk(card: &mut Card) {
    assert_eq!(card.send(WRONG_PUK), "63c2");
    assert_eq!(card.send(WRONG_PUK), "63c1");
    assert_eq!(card.send(WRONG_PUK), "63c0");
}

#[test]
fn wrong_pins_block() {
    let mut card = card(NEW);
    block_pin(&mut card);
    assert_eq!(card.send(WRONG), "6983");
    assert_eq!(card.send(VERIFY), "6983", "the right one no longer helps");
    assert_eq!(card.send(QUERY), "6983");
    assert_eq!(card.control().counters().pin_failures, 3);
    card.reset();
    card.send(SELECT_PIV);
    assert_eq!(card.send(VERIFY), "6983", "nor does pulling the plug");
}

#[test]
fn the_right_pin_restores_the_tries() {
    let mut card = card(NEW);
    card.send(WRONG);
    card.send(WRONG);
    assert_eq!(card.send(VERIFY), "9000");
    assert_eq!(card.send(WRONG), "63c2");
}

#[test]
fn asking_costs_nothing() {
    let mut card = card(NEW);
    for _ in 0..5 {
        assert_eq!(card.send(QUERY), "63c3");
    }
    card.send(WRONG);
    assert_eq!(card.send(QUERY), "63c2");
    assert_eq!(card.send(VERIFY), "9000");
    assert_eq!(card.send(QUERY), "9000");
    assert_eq!(card.control().counters().pin_failures, 1);
}

#[test]
fn a_pin_of_the_wrong_length_costs_nothing() {
    let mut card = card(NEW);
    for pin in ["06 313233343536", "07 31323334353637", "09 313233343536ffffff"] {
        assert_eq!(card.send(&format!("00200080{pin}")), "6a80");
    }
    assert_eq!(card.send(QUERY), "63c3");
}

#[test]
fn other_references_and_parameters() {
    let mut card = card(NEW);
    assert_eq!(card.send("0020008108 3132333435363738"), "6a88");
    assert_eq!(card.send("0020000008 313233343536ffff"), "6a88");
    assert_eq!(card.send("0020018008 313233343536ffff"), "6a86");
    assert_eq!(card.send("00240082 10 313233343536ffff 363534333231ffff"), "6a88");
    assert_eq!(card.send("00240180 10 313233343536ffff 363534333231ffff"), "6a86");
    assert_eq!(card.send("002c0081 10 3132333435363738 363534333231ffff"), "6a88");
    assert_eq!(card.send("002c0180 10 3132333435363738 363534333231ffff"), "6a86");
}

#[test]
fn a_wrong_pin_ends_what_the_right_one_began() {
    let mut card = card(NEW);
    assert_eq!(card.send(VERIFY), "9000");
    assert_eq!(card.send(WRONG), "63c2");
    assert_eq!(card.send(QUERY), "63c2");
}

#[test]
fn logging_out() {
    let mut card = card(NEW);
    assert_eq!(card.send(VERIFY), "9000");
    assert_eq!(card.send("0020ff8001 31"), "6a80");
    assert_eq!(card.send(QUERY), "9000");
    assert_eq!(card.send("0020ff80"), "9000");
    assert_eq!(card.send(QUERY), "63c3");
}

#[test]
fn selecting_again_and_a_reset_forget_the_pin() {
    let mut card = card(NEW);
    card.send(VERIFY);
    card.send(SELECT_PIV);
    assert_eq!(card.send(QUERY), "63c3");
    card.send(VERIFY);
    card.reset();
    card.send(SELECT_PIV);
    assert_eq!(card.send(QUERY), "63c3");
}

#[test]
fn changing_the_pin() {
    let mut card = card(NEW);
    assert_eq!(card.send("0024008010 393939393939ffff 363534333231ffff"), "63c2");
    for new in ["3635343332ffffff", "36353433ff3231ff", "ffffffffffffffff"] {
        assert_eq!(card.send(&format!("0024008010 313233343536ffff {new}")), "6a80", "{new}");
    }
    assert_eq!(card.send("0024008008 313233343536ffff"), "6a80");
    assert_eq!(card.send(QUERY), "63c3", "the old PIN was right each time");
    assert_eq!(card.send("0024008010 313233343536ffff 363534333231ffff"), "9000");
    assert_eq!(card.send(VERIFY), "63c2", "the old PIN");
    assert_eq!(card.send("0020008008 363534333231ffff"), "9000");
}

#[test]
fn changing_the_puk() {
    let mut card = card(NEW);
    assert_eq!(card.send("0024008110 3939393939393939 3837363534333231"), "63c2");
    assert_eq!(card.send("0024008110 3132333435363738 3837363534333231"), "9000");
    assert_eq!(card.send(UNBLOCK), "63c2", "the old PUK");
    assert_eq!(card.send("002c008010 3837363534333231 363534333231ffff"), "9000");
}

#[test]
fn the_puk_unblocks_the_pin() {
    let mut card = card(NEW);
    block_pin(&mut card);
    assert_eq!(card.send(WRONG_PUK), "63c2");
    assert_eq!(card.send(VERIFY), "6983");
    assert_eq!(card.send(UNBLOCK), "9000");
    assert_eq!(card.send(QUERY), "63c3");
    assert_eq!(card.send("0020008008 363534333231ffff"), "9000");
    assert_eq!(card.control().counters().pin_failures, 4);
}

/// As clients do before a reset, to block both.
#[test]
fn empty_values_are_tries_like_others() {
    let mut card = card(NEW);
    let empty = "ffffffffffffffff";
    assert_eq!(card.send(&format!("0020008008 {empty}")), "63c2");
    assert_eq!(card.send(&format!("0024008010 {empty}{empty}")), "63c1");
    assert_eq!(card.send(&format!("002c008010 {empty}{empty}")), "63c2");
    assert_eq!(card.send(&format!("002c008010 {empty}{empty}")), "63c1");
}

#[test]
fn a_blocked_puk_helps_no_more() {
    let mut card = card(NEW);
    block_puk(&mut card);
    assert_eq!(card.send(UNBLOCK), "6983");
}

#[test]
fn reset_needs_both_blocked() {
    let mut card = unlocked(NEW);
    card.send("00db3fff0a 5c035fc105 5303010203");
    card.send("0047009a05 ac03800111");
    assert_eq!(card.send("00fb0000"), "6985");
    block_pin(&mut card);
    assert_eq!(card.send("00fb0000"), "6985");
    block_puk(&mut card);
    assert_eq!(card.send("00fb0000"), "9000");
    assert_eq!(card.send(VERIFY), "9000");
    assert_eq!(card.send("00cb3fff05 5c035fc105"), "6a82", "objects are gone");
    assert_eq!(card.send("00f7009a"), "6a88", "keys are gone");
    assert_eq!(card.send("0047009a05 ac03800111"), "6982", "the management key has to be proved again");
    assert!(card.send("00cb3fff05 5c035fff01").starts_with("53"), "the attestation certificate stays");
    card.unlock();
    card.send("0047009a05 ac03800111");
    assert_eq!(card.exchange("00f99a00", &[]).1, "9000", "and so does its key");
}

#[test]
fn new_limits_need_both_proofs_and_restore_the_factory_values() {
    let mut card = card(NEW);
    assert_eq!(card.send("00fa0508"), "6982");
    card.send(VERIFY);
    assert_eq!(card.send("00fa0508"), "6982");
    card.send("0024008010 313233343536ffff 363534333231ffff");
    card.unlock();
    assert_eq!(card.send("00fa0005"), "6a80");
    assert_eq!(card.send("00fa0508"), "9000");
    assert_eq!(card.send(WRONG), "63c4");
    assert_eq!(card.send(WRONG_PUK), "63c7");
    assert_eq!(card.send(VERIFY), "9000");
}

#[test]
fn a_limit_above_fifteen_is_told_as_fifteen() {
    let mut card = unlocked(NEW);
    card.send(VERIFY);
    assert_eq!(card.send("00fa6403"), "9000");
    assert_eq!(card.send(WRONG), "63cf");
    assert_eq!(card.send("00f70080"), "0101ff 050101 06026463 9000".replace(' ', ""));
}

#[test]
fn metadata_of_pin_and_puk() {
    let mut card = card(NEW);
    assert_eq!(card.send("00f70080"), "0101ff 050101 06020303 9000".replace(' ', ""));
    assert_eq!(card.send("00f70081"), "0101ff 050101 06020303 9000".replace(' ', ""));
    card.send(WRONG);
    card.send(UNBLOCK);
    card.send(WRONG);
    assert_eq!(card.send("00f70080"), "0101ff 050100 06020302 9000".replace(' ', ""));
    assert_eq!(card.send("00f70180"), "6a86");
}

#[test]
fn a_card_that_starts_with_its_own_pin() {
    let mut card = selected(Options { pin: "87654321".to_owned(), puk: "secret".to_owned(), ..options(NEW) });
    assert_eq!(card.send("00f70080"), "0101ff 050100 06020303 9000".replace(' ', ""));
    assert_eq!(card.send(VERIFY), "63c2");
    assert_eq!(card.send("0020008008 3837363534333231"), "9000");
    assert_eq!(card.send("002c008010 736563726574ffff 363534333231ffff"), "9000");
}
