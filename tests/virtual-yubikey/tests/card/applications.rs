//! SELECT, the small applications, and what the card says to nonsense.

use super::*;

#[test]
fn nothing_is_selected_at_first() {
    let mut card = Card::new(options(NEW));
    assert_eq!(card.send("00fd0000"), "6d00");
    assert_eq!(card.send("00200080"), "6d00");
}

#[test]
fn piv_by_its_short_and_its_full_name() {
    let mut card = Card::new(options(NEW));
    for name in ["05 a000000308", "09 a00000030800001000", "0b a000000308000010000100"] {
        assert_eq!(card.send(&format!("00a40400{name}")), SELECTED_PIV);
    }
}

#[test]
fn names_of_no_application() {
    let mut card = Card::new(options(NEW));
    for name in
        ["04 a0000003", "05 a000000309", "0c a00000030800001000010000", "05 a000000527", "06 d27600012401"]
    {
        assert_eq!(card.send(&format!("00a40400{name}")), "6a82", "{name}");
    }
    assert_eq!(card.send("00a40400"), "6a82");
    assert_eq!(card.send("00a4000002 3f00"), "6a86");
    assert_eq!(card.send("00a4040c05 a000000308"), "6a86");
}

#[test]
fn a_failed_select_leaves_nothing_selected() {
    let mut card = card(NEW);
    assert_eq!(card.send(VERIFY), "9000");
    assert_eq!(card.send("00a4040006 d27600012401"), "6a82");
    assert_eq!(card.send("00200080"), "6d00");
    assert_eq!(card.send(SELECT_PIV), SELECTED_PIV);
    assert_eq!(card.send("00200080"), "63c3", "the PIN is forgotten");
}

#[test]
fn version_and_serial() {
    for (firmware, version) in [(OLD, "050403"), (NEW, "050701")] {
        let mut card = card(firmware);
        assert_eq!(card.send("00fd0000"), format!("{version}9000"));
        assert_eq!(card.send("00f80000"), "00bc614e9000");
    }
}

#[test]
fn commands_newer_than_the_firmware() {
    let mut card = card("4.2.8".parse().unwrap());
    assert_eq!(card.send("00f80000"), "6d00", "serial");
    assert_eq!(card.send("00f99a00"), "6d00", "attestation");
    assert_eq!(card.send("00f7009a"), "6d00", "metadata");
    let mut card = self::card("5.2.7".parse().unwrap());
    assert_eq!(card.send("00f7009a"), "6d00", "metadata");
    assert_eq!(card.send("00f80000"), "00bc614e9000");
}

#[test]
fn nonsense() {
    let mut card = card(NEW);
    assert_eq!(card.send("00"), "6700");
    assert_eq!(card.send("002000"), "6700");
    assert_eq!(card.send("0020008008 3132"), "6700");
    assert_eq!(card.send("80fd0000"), "6e00");
    assert_eq!(card.send("0cfd0000"), "6e00");
    assert_eq!(card.send("00010000"), "6d00");
    assert_eq!(card.send("00ca0000"), "6d00");
    assert_eq!(card.send("00c00000"), "6985", "nothing to fetch");
}

#[test]
fn le_limits_the_answer() {
    let mut card = card(NEW);
    assert_eq!(card.send("00a4040005 a000000308 08"), "61114f0600001000610b");
    assert_eq!(card.send("00c0000002"), "010061 09".replace(' ', ""));
    assert_eq!(card.send("00c0000000"), "79074f05a0000003089000");
}

#[test]
fn management_tells_the_device() {
    let mut card = Card::new(options(NEW));
    let selected = card.send("00a4040008 a000000527471117");
    assert_eq!(selected, format!("{}9000", hex(b"Virtual mgr - FW version 5.7.1")));
    assert_eq!(
        card.send("001d0000"),
        "23 0102023f 020400bc614e 0302023f 040101 0503050701 06020000 07010f 080100 0a0100 9000"
            .replace(' ', "")
    );
    assert_eq!(card.send("001d0100"), "6a86");
    assert_eq!(card.send("00fd0000"), "6d00");
    assert_eq!(card.send("00200080"), "6d00");
}

#[test]
fn otp_tells_the_serial_number() {
    let mut card = Card::new(options(OLD));
    assert_eq!(card.send("00a4040007 a0000005272001"), "0504030000009000");
    assert_eq!(card.send("00011000"), "00bc614e9000");
    assert_eq!(card.send("00011300"), "6a86");
    assert_eq!(card.send("001d0000"), "6d00");
}

#[test]
fn a_reset_deselects() {
    let mut card = card(NEW);
    card.reset();
    assert_eq!(card.send("00fd0000"), "6d00");
}

#[test]
fn a_card_outside_its_socket_is_silent() {
    let mut card = card(NEW);
    assert_eq!(card.send(VERIFY), "9000");
    card.control().remove();
    assert_eq!(card.send("00fd0000"), "");
    card.control().insert();
    assert_eq!(card.send("00fd0000"), "6d00");
    assert_eq!(card.send(SELECT_PIV), SELECTED_PIV);
    assert_eq!(card.send("00200080"), "63c3");
}

#[test]
fn a_removal_between_two_commands_is_felt() {
    let mut card = card(NEW);
    assert_eq!(card.send(VERIFY), "9000");
    card.control().remove();
    card.control().insert();
    assert_eq!(card.send("00200080"), "6d00");
}

#[test]
fn every_apdu_is_counted() {
    let mut card = card(NEW);
    card.control().reset_counters();
    card.send("00fd0000");
    card.send("00");
    card.send("00a4040005 a000000308 08");
    card.send("00c00000");
    assert_eq!(card.control().counters().apdus, 4);
}
