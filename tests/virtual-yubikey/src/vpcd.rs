//! The cable to pcscd: the protocol of the `vpcd` reader driver.
//!
//! The driver listens on a TCP port for each slot, the card dials. Messages both ways are two bytes of length,
//! big-endian, and that many bytes. A message of one byte is for the reader's wires (power off, power on, reset,
//! ATR), a longer one is an APDU.

use std::{
    io,
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    thread,
    time::Duration,
};

use crate::{Card, Control};

/// The port of the first slot, where the driver listens unless told otherwise.
pub const DEFAULT_PORT: u16 = 35_963;

/// The answer to reset of a YubiKey 5 over NFC, which offers T=1.
const ATR: &[u8] = &[
    0x3b, 0xfd, 0x13, 0x00, 0x00, 0x81, 0x31, 0xfe, 0x15, 0x80, 0x73, 0xc0, 0x21, 0xc0, 0x57, 0x59, 0x75,
    0x62, 0x69, 0x4b, 0x65, 0x79, 0x40,
];
const POWER_OFF: u8 = 0;
const POWER_ON: u8 = 1;
const RESET: u8 = 2;
const GET_ATR: u8 = 4;

/// How soon a removal is noticed while nothing is said.
const REMOVAL_CHECK: Duration = Duration::from_millis(20);
const RETRY: Duration = Duration::from_millis(50);

/// Keeps the card plugged in at `address`: dials, answers, and dials again when the driver went away or the card
/// was pulled out and put back. Blocks for good; call it from a thread.
///
/// # Errors
///
/// Returns only if the address cannot be dialled for another reason than that nobody listens there yet.
pub fn run(mut card: Card, address: SocketAddr) -> io::Result<()> {
    let control = card.control();
    loop {
        control.wait_until_present();
        match TcpStream::connect(address) {
            Ok(stream) => {
                card.reset();
                tracing::debug!(%address, "inserted");
                let end = serve(&mut card, &control, stream);
                tracing::debug!(%address, reason = ?end.err(), "removed");
            }
            Err(error) if is_passing(error.kind()) => thread::sleep(RETRY),
            Err(error) => return Err(error),
        }
    }
}

/// Talks to the driver until one of the two goes away.
fn serve(card: &mut Card, control: &Control, stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(REMOVAL_CHECK))?;
    let mut cable = Cable { stream, control };
    loop {
        let message = cable.receive()?;
        let response = match message.as_slice() {
            [POWER_OFF | POWER_ON | RESET] => {
                card.reset();
                continue;
            }
            [GET_ATR] => ATR.to_vec(),
            command => {
                let response = card.apdu(command);
                tracing::trace!(command = hex(command), response = hex(&response), "apdu");
                response
            }
        };
        // A card that was pulled out says nothing: the driver sees the connection end.
        if response.is_empty() {
            return Err(removed());
        }
        cable.send(&response)?;
    }
}

struct Cable<'a> {
    stream: TcpStream,
    control: &'a Control,
}

impl Cable<'_> {
    fn receive(&mut self) -> io::Result<Vec<u8>> {
        let mut length = [0; 2];
        self.read(&mut length)?;
        let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
        self.read(&mut message)?;
        Ok(message)
    }

    /// One write for both parts, so that the driver never waits for the second.
    fn send(&mut self, message: &[u8]) -> io::Result<()> {
        let length = u16::try_from(message.len()).map_err(io::Error::other)?;
        self.stream.write_all(&[&length.to_be_bytes(), message].concat())
    }

    fn read(&mut self, mut buffer: &mut [u8]) -> io::Result<()> {
        while !buffer.is_empty() {
            if !self.control.is_present() {
                return Err(removed());
            }
            match self.stream.read(buffer) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(count) => {
                    acknowledge_at_once(&self.stream)?;
                    buffer = buffer.split_at_mut_checked(count).map(|(_, rest)| rest).unwrap_or_default();
                }
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
                    ) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// The driver sends length and body apart and holds the body back until the length is acknowledged, which Linux
/// delays by 40 ms unless told otherwise after each read: a hundred times the cost of the command itself.
fn acknowledge_at_once(stream: &TcpStream) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    rustix::net::sockopt::set_tcp_quickack(stream, true)?;
    #[cfg(not(target_os = "linux"))]
    let _ = stream;
    Ok(())
}

fn is_passing(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::ConnectionRefused
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::TimedOut
            | ErrorKind::Interrupted
    )
}

fn removed() -> io::Error {
    io::Error::new(ErrorKind::NotConnected, "the card was pulled out")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
