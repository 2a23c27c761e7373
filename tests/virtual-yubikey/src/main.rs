//! A virtual YubiKey on a reader of pcscd. See the crate's README.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use clap::Parser;
use tracing_subscriber::filter::LevelFilter;
use virtual_yubikey::{Card, Firmware, Options, Touch, vpcd};

/// A YubiKey made of software, for tests, on the vpcd reader of a running pcscd.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Firmware version
    #[arg(long, default_value = "5.7.1")]
    firmware: Firmware,

    /// Serial number
    #[arg(long, default_value_t = 12_345_678)]
    serial: u32,

    /// PIN of this make-believe card, 6 to 8 characters
    #[arg(long, default_value = "123456", value_parser = parse_pin)]
    pin: String,

    /// Where the vpcd driver listens
    #[arg(long, default_value_t = SocketAddr::from((Ipv4Addr::LOCALHOST, vpcd::DEFAULT_PORT)))]
    address: SocketAddr,

    /// How touches are given: auto, never, or after this many milliseconds
    #[arg(long, default_value = "auto", value_name = "auto|never|MS")]
    touch: Touch,

    /// How long the card waits for a touch, in milliseconds
    #[arg(long, default_value_t = 15_000, value_name = "MS")]
    touch_timeout: u64,

    /// Listens on this Unix socket for touches, removals and questions
    #[cfg(unix)]
    #[arg(long, value_name = "PATH")]
    control: Option<PathBuf>,

    /// Writes the attestation root certificate (PEM) to this file
    #[arg(long, value_name = "PATH")]
    attestation_root: Option<PathBuf>,

    /// Writes every APDU to stderr, PINs included
    #[arg(long)]
    trace: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let level = if arguments.trace { LevelFilter::TRACE } else { LevelFilter::WARN };
    tracing_subscriber::fmt().with_max_level(level).with_writer(io::stderr).init();
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "stopped");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> io::Result<()> {
    let options = Options {
        firmware: arguments.firmware,
        pin: arguments.pin,
        touch: arguments.touch,
        touch_timeout: Duration::from_millis(arguments.touch_timeout),
        ..Options::new(arguments.serial)
    };
    if let Some(path) = arguments.attestation_root {
        std::fs::write(path, options.attestation.root_pem())?;
    }
    let card = Card::new(options);
    #[cfg(unix)]
    if let Some(path) = arguments.control {
        listen(&path, card.control())?;
    }
    vpcd::run(card, arguments.address)
}

#[cfg(unix)]
fn listen(path: &std::path::Path, control: virtual_yubikey::Control) -> io::Result<()> {
    let listener = std::os::unix::net::UnixListener::bind(path)?;
    std::thread::spawn(move || {
        if let Err(error) = virtual_yubikey::control_socket::serve(&listener, &control) {
            tracing::error!(%error, "the control socket is gone");
        }
    });
    Ok(())
}

fn parse_pin(text: &str) -> Result<String, String> {
    if (6..=8).contains(&text.len()) {
        Ok(text.to_owned())
    } else {
        Err("a PIN has 6 to 8 characters".to_owned())
    }
}
