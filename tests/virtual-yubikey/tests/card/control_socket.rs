//! The control socket, line by line.

use std::{
    io::{BufRead, BufReader, Write},
    os::unix::net::{UnixListener, UnixStream},
    thread,
};

use virtual_yubikey::control_socket;

use super::*;

/// A card and a connection to its control socket.
fn connected() -> (Card, tempfile::TempDir, impl FnMut(&str) -> String) {
    let card = card(NEW);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("control");
    let listener = UnixListener::bind(&path).unwrap();
    let control = card.control();
    thread::spawn(move || control_socket::serve(&listener, &control));
    let mut stream = BufReader::new(UnixStream::connect(&path).unwrap());
    let ask = move |line: &str| {
        stream.get_mut().write_all(format!("{line}\n").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_line(&mut answer).unwrap();
        answer.trim_end().to_owned()
    };
    (card, directory, ask)
}

#[test]
fn lines_that_are_no_commands() {
    let (_card, _directory, mut ask) = connected();
    let unknown = "is not a command: touch, remove, insert, counters, reset or status is expected";
    assert_eq!(ask("hello"), format!("error: `hello` {unknown}"));
    assert_eq!(ask(""), format!("error: `` {unknown}"));
    assert_eq!(ask("touch"), format!("error: `touch` {unknown}"));
    assert_eq!(ask("remove now"), format!("error: `remove now` {unknown}"));
    assert_eq!(
        ask("touch soon"),
        "error: `soon` is not a way to touch: auto, never or a number of milliseconds is expected"
    );
    assert_eq!(ask("status"), r#"{"present":true,"waiting_for_touch":false}"#, "the connection goes on");
}

#[test]
fn removal_and_insertion() {
    let (mut card, _directory, mut ask) = connected();
    assert_eq!(ask("remove"), "ok");
    assert_eq!(ask("status"), r#"{"present":false,"waiting_for_touch":false}"#);
    assert_eq!(card.send("00fd0000"), "");
    assert_eq!(ask("insert"), "ok");
    assert_eq!(card.send(SELECT_PIV), SELECTED_PIV);
}

#[test]
fn counters() {
    let (mut card, _directory, mut ask) = connected();
    card.send("0020008008 393939393939ffff");
    assert_eq!(ask("counters"), r#"{"apdus":2,"signs":0,"touches":0,"pin_failures":1}"#);
    assert_eq!(ask("reset"), "ok");
    assert_eq!(ask("counters"), r#"{"apdus":0,"signs":0,"touches":0,"pin_failures":0}"#);
}

#[test]
fn touches() {
    let (mut card, _directory, mut ask) = connected();
    card.unlock();
    card.send("0047009a0b ac09 800111 aa0101 ab0102");
    let sign = format!("0087119a26 7c24 8200 8120 {}", "01".repeat(32));
    assert_eq!(ask("touch never"), "ok");
    assert_eq!(card.send(&sign), "6982");
    assert_eq!(ask("touch 5"), "ok");
    assert!(card.send(&sign).ends_with("9000"));
    assert_eq!(ask("touch auto"), "ok");
    assert!(card.send(&sign).ends_with("9000"));
    assert_eq!(ask("touch now"), "ok", "of no effect without a request");
    assert!(ask("counters").contains(r#""touches":2"#));
}
