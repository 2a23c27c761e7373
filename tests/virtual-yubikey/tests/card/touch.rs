//! Touch policies, and what happens while the light blinks.

use std::{thread, time::Instant};

use virtual_yubikey::{Control, Touch};

use super::*;

const GENERATE: &str = "004700820b ac09 800111 aa0102 ab01";
const SIGN: &str =
    "0087118226 7c24 8200 8120 0101010101010101010101010101010101010101010101010101010101010101";

/// A card with a key in 82, PIN verified.
fn ready(touch_policy: &str, touch: Touch, timeout: Duration) -> Card {
    let mut card = selected(Options { touch, touch_timeout: timeout, ..options(NEW) });
    card.unlock();
    assert!(card.send(&format!("{GENERATE}{touch_policy}")).ends_with("9000"));
    assert_eq!(card.send(VERIFY), "9000");
    card
}

fn wait_for_the_light(control: &Control) {
    while !control.is_waiting_for_touch() {
        thread::sleep(Duration::from_millis(1));
    }
}

const LONG: Duration = Duration::from_secs(60);

#[test]
fn never_asks_for_nothing() {
    let mut card = ready("01", Touch::Never, LONG);
    assert!(card.send(SIGN).ends_with("9000"));
    assert_eq!(card.control().counters().touches, 0);
}

#[test]
fn always_asks_each_time() {
    let mut card = ready("02", Touch::Auto, LONG);
    assert!(card.send(SIGN).ends_with("9000"));
    assert!(card.send(SIGN).ends_with("9000"));
    let counters = card.control().counters();
    assert_eq!((counters.touches, counters.signs), (2, 2));
}

#[test]
fn cached_asks_once_in_a_while() {
    let mut card = ready("03", Touch::Auto, LONG);
    assert!(card.send(SIGN).ends_with("9000"));
    assert!(card.send(SIGN).ends_with("9000"));
    assert_eq!(card.control().counters().touches, 1);
    card.reset();
    card.send(SELECT_PIV);
    card.send(VERIFY);
    assert!(card.send(SIGN).ends_with("9000"));
    assert_eq!(card.control().counters().touches, 2, "without power nothing is cached");
}

#[test]
fn making_a_key_asks_for_none() {
    let card = ready("02", Touch::Never, LONG);
    assert_eq!(card.control().counters().touches, 0);
}

#[test]
fn no_touch_in_time() {
    let mut card = ready("02", Touch::Never, Duration::from_millis(80));
    let start = Instant::now();
    assert_eq!(card.send(SIGN), "6982");
    assert!(start.elapsed() >= Duration::from_millis(80));
    let counters = card.control().counters();
    assert_eq!((counters.touches, counters.signs), (0, 0));
    card.control().set_touch(Touch::Auto);
    assert!(card.send(SIGN).ends_with("9000"), "the PIN is still verified");
}

#[test]
fn without_the_pin_the_light_stays_dark() {
    let mut card = ready("02", Touch::Never, LONG);
    card.send("0020ff80");
    let start = Instant::now();
    assert_eq!(card.send(SIGN), "6982");
    assert!(start.elapsed() < LONG / 2);
}

#[test]
fn a_touch_after_a_while() {
    let mut card = ready("02", Touch::After(Duration::from_millis(60)), LONG);
    let start = Instant::now();
    assert!(card.send(SIGN).ends_with("9000"));
    assert!(start.elapsed() >= Duration::from_millis(60));
    assert_eq!(card.control().counters().touches, 1);
}

#[test]
fn a_touch_by_hand() {
    let mut card = ready("02", Touch::Never, LONG);
    let control = card.control();
    let signing = thread::spawn(move || card.send(SIGN));
    wait_for_the_light(&control);
    control.touch();
    assert!(signing.join().unwrap().ends_with("9000"));
    assert!(!control.is_waiting_for_touch());
    assert_eq!(control.counters().touches, 1);
}

#[test]
fn another_way_to_touch_while_waiting() {
    let mut card = ready("02", Touch::Never, LONG);
    let control = card.control();
    let signing = thread::spawn(move || card.send(SIGN));
    wait_for_the_light(&control);
    control.set_touch(Touch::Auto);
    assert!(signing.join().unwrap().ends_with("9000"));
}

#[test]
fn pulled_out_while_waiting() {
    let mut card = ready("02", Touch::Never, LONG);
    let control = card.control();
    let signing = thread::spawn(move || (card.send(SIGN), card));
    wait_for_the_light(&control);
    control.remove();
    control.insert();
    let (answer, mut card) = signing.join().unwrap();
    assert_eq!(answer, "", "no answer, not even an error");
    assert_eq!(control.counters().signs, 0);
    assert_eq!(card.send(SIGN), "6d00", "nothing selected");
    card.send(SELECT_PIV);
    assert_eq!(card.send(SIGN), "6982", "no PIN verified");
}
