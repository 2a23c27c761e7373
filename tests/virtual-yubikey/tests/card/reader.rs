//! The vpcd protocol, with the test in the place of the driver.

use std::{
    io::{ErrorKind, Read, Write},
    net::{TcpListener, TcpStream},
    thread,
    time::Instant,
};

use virtual_yubikey::{Control, Touch, vpcd};

use super::*;

const ATR: &str = "3bfd1300008131fe158073c021c057597562694b657940";

/// A card dialling in, and the driver's end of the line.
fn plugged(options: Options) -> (TcpListener, TcpStream, Control) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let card = Card::new(options);
    let control = card.control();
    thread::spawn(move || vpcd::run(card, address));
    let (stream, _) = listener.accept().unwrap();
    (listener, stream, control)
}

fn send(stream: &mut TcpStream, message: &str) {
    let message = bytes(message);
    let length = u16::try_from(message.len()).unwrap().to_be_bytes();
    // The driver sends length and body apart.
    stream.write_all(&length).unwrap();
    stream.write_all(&message).unwrap();
}

fn receive(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut message)?;
    Ok(hex(&message))
}

fn ask(stream: &mut TcpStream, message: &str) -> String {
    send(stream, message);
    receive(stream).unwrap()
}

#[test]
fn wires_and_apdus() {
    let (_listener, mut stream, _) = plugged(options(NEW));
    assert_eq!(ask(&mut stream, "04"), ATR);
    send(&mut stream, "01");
    assert_eq!(ask(&mut stream, SELECT_PIV), SELECTED_PIV);
    assert_eq!(ask(&mut stream, VERIFY), "9000");
    for wire in ["02", "00", "01"] {
        send(&mut stream, wire);
        assert_eq!(ask(&mut stream, "00200080"), "6d00", "{wire} takes the power away");
        assert_eq!(ask(&mut stream, SELECT_PIV), SELECTED_PIV);
        assert_eq!(ask(&mut stream, "00200080"), "63c3");
        assert_eq!(ask(&mut stream, VERIFY), "9000");
    }
}

#[test]
fn a_pause_inside_a_message() {
    let (_listener, mut stream, _) = plugged(options(NEW));
    stream.set_nodelay(true).unwrap();
    for part in ["00", "0a", "00a40400", "05a000000308"] {
        stream.write_all(&bytes(part)).unwrap();
        thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(receive(&mut stream).unwrap(), SELECTED_PIV);
}

/// With acknowledgements delayed, each command would cost 40 ms.
#[test]
fn commands_are_not_held_back() {
    let (_listener, mut stream, _) = plugged(options(NEW));
    ask(&mut stream, SELECT_PIV);
    let start = Instant::now();
    for _ in 0..50 {
        assert_eq!(ask(&mut stream, "00fd0000"), "0507019000");
    }
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
}

#[test]
fn pulled_out_and_put_back() {
    let (listener, mut stream, control) = plugged(options(NEW));
    assert_eq!(ask(&mut stream, SELECT_PIV), SELECTED_PIV);
    assert_eq!(ask(&mut stream, VERIFY), "9000");
    control.remove();
    assert_eq!(receive(&mut stream).unwrap_err().kind(), ErrorKind::UnexpectedEof);
    control.insert();
    let (mut stream, _) = listener.accept().unwrap();
    assert_eq!(ask(&mut stream, "04"), ATR);
    assert_eq!(ask(&mut stream, SELECT_PIV), SELECTED_PIV);
    assert_eq!(ask(&mut stream, "00200080"), "63c3");
}

#[test]
fn pulled_out_while_the_light_blinks() {
    let timeout = Duration::from_secs(60);
    let mut card = selected(Options { touch: Touch::Never, touch_timeout: timeout, ..options(NEW) });
    card.unlock();
    card.send("0047009a0b ac09 800111 aa0101 ab0102");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let control = card.control();
    thread::spawn(move || vpcd::run(card, address));
    let (mut stream, _) = listener.accept().unwrap();
    ask(&mut stream, SELECT_PIV);
    send(&mut stream, &format!("0087119a26 7c24 8200 8120 {}", "01".repeat(32)));
    while !control.is_waiting_for_touch() {
        thread::sleep(Duration::from_millis(1));
    }
    control.remove();
    assert!(receive(&mut stream).is_err(), "no answer");
}

#[test]
fn the_driver_goes_away_and_comes_back() {
    let (listener, stream, _) = plugged(options(NEW));
    drop(stream);
    let (mut stream, _) = listener.accept().unwrap();
    assert_eq!(ask(&mut stream, "04"), ATR);
}

#[test]
fn a_driver_that_comes_late() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let card = Card::new(options(NEW));
    thread::spawn(move || vpcd::run(card, address));
    thread::sleep(Duration::from_millis(100));
    let listener = TcpListener::bind(address).unwrap();
    let (mut stream, _) = listener.accept().unwrap();
    assert_eq!(ask(&mut stream, "04"), ATR);
}

#[test]
fn an_address_that_cannot_be_dialled() {
    let card = Card::new(options(NEW));
    // A multicast address: TCP has no connections there.
    let error = vpcd::run(card, "224.0.0.1:35963".parse().unwrap()).unwrap_err();
    assert_ne!(error.kind(), ErrorKind::ConnectionRefused);
}
