//! The card reader: a private pcscd with the vpcd driver, into which the virtual cards are plugged.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use crate::reaper::Reaper;

/// The name of a real YubiKey's reader. Yubico's tools look for it.
const NAME: &str = "Yubico YubiKey OTP+FIDO+CCID";

/// Where copies of the driver go: on the private tmpfs, from which code may be loaded.
const COPIES: &str = "/run/pcscd";

/// vpcd's usual first port. Each reader has two slots, on two ports in a row.
const FIRST_PORT: u16 = 0x8C7B;

const PROGRAMS: [&str; 3] = ["/usr/sbin/pcscd", "/usr/local/sbin/pcscd", "/usr/bin/pcscd"];
const DRIVERS: [&str; 4] = [
    "/usr/lib/pcsc/drivers/serial/libifdvpcd.so",
    "/usr/lib64/pcsc/drivers/serial/libifdvpcd.so",
    "/usr/local/lib/pcsc/drivers/serial/libifdvpcd.so",
    "/usr/lib64/readers/libifdvpcd.so",
];

/// Far more than pcscd needs on a busy machine. On an idle one it sees a card at its next look, every 0.4 s.
const PATIENCE: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(10);

/// Why there is no reader.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A program or a driver is not installed.
    #[error("{what} is not installed; on Debian and Ubuntu: sudo apt-get install {package}")]
    Missing {
        /// What was looked for.
        what: &'static str,
        /// The package that has it.
        package: &'static str,
    },
    /// A file could not be written or a program not started.
    #[error("cannot start pcscd: {0}")]
    Start(#[from] io::Error),
    /// pcscd ended or never showed what it should.
    #[error("pcscd {what}{log}")]
    Unwell {
        /// What went wrong.
        what: String,
        /// The end of its log.
        log: String,
    },
}

/// A pcscd that can be stopped and started.
#[derive(Debug)]
pub struct Reader {
    program: PathBuf,
    arguments: Vec<PathBuf>,
    log: PathBuf,
    reaper: Arc<Reaper>,
    process: Mutex<Option<Pid>>,
}

/// Looks for pcscd and its driver and writes a configuration with room for `cards` cards below `folder`.
///
/// # Errors
/// [`Error::Missing`] where something is not installed.
pub fn prepare(folder: &Path, cards: u16, reaper: Arc<Reaper>) -> Result<Reader, Error> {
    let first = |candidates: &[&str]| candidates.iter().map(PathBuf::from).find(|path| path.exists());
    let program = first(&PROGRAMS).ok_or(Error::Missing { what: "pcscd", package: "pcscd" })?;
    let driver = first(&DRIVERS)
        .ok_or(Error::Missing { what: "the virtual reader (vpcd)", package: "vsmartcard-vpcd" })?;
    let configuration = folder.join("reader.conf.d");
    fs::create_dir(&configuration)?;
    let drivers = drivers(driver, cards)?;
    fs::write(configuration.join("vpcd"), reader_conf(&drivers))?;
    let mut arguments = vec!["--foreground".into(), "--config".into(), configuration];
    // Where pcscd was built with polkit it asks a D-Bus that the sandbox does not have. The option that stops it
    // is unknown to other builds.
    if contains(&program, b"disable-polkit") {
        arguments.push("--disable-polkit".into());
    }
    let log = folder.join("pcscd.log");
    Ok(Reader { program, arguments, log, reaper, process: Mutex::default() })
}

/// Where the card of this number dials in.
#[must_use]
pub fn address(card: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, FIRST_PORT + card))
}

impl Reader {
    /// Starts pcscd and waits until it has readers. Does nothing if it runs already.
    ///
    /// # Errors
    /// [`Error::Unwell`] when it ends, or does not get that far in 20 s.
    pub fn start(&self) -> Result<(), Error> {
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        if process.is_some() {
            return Ok(());
        }
        let log = File::options().create(true).append(true).open(&self.log)?;
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        // Out of reach of the terminal's Ctrl-C.
        command.process_group(0);
        let child = self.reaper.spawn(&mut command)?;
        let pid = Pid::from_child(&child);
        *process = Some(pid);
        drop(process);
        self.wait_until(pid, "has no reader", || status().is_some_and(|slots| !slots.is_empty()))
    }

    /// Waits until pcscd sees exactly so many cards. Does nothing if it does not run.
    ///
    /// # Errors
    /// [`Error::Unwell`] when it ends, or does not see them in 20 s.
    pub fn wait_for_cards(&self, cards: usize) -> Result<(), Error> {
        let Some(pid) = *self.process.lock().unwrap_or_else(PoisonError::into_inner) else { return Ok(()) };
        let seen =
            || status().is_some_and(|slots| slots.into_iter().filter(|present| *present).count() == cards);
        self.wait_until(pid, "does not see the cards as they are", seen)
    }

    /// Stops pcscd and waits until it is gone. Does nothing if it does not run.
    pub fn stop(&self) {
        let Some(pid) = self.process.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        // It may have ended by itself.
        let _ = rustix::process::kill_process(pid, Signal::TERM);
        if self.reaper.wait_for(pid, Duration::from_secs(3)).is_none() {
            let _ = rustix::process::kill_process(pid, Signal::KILL);
            let _ = self.reaper.wait(pid);
        }
    }

    fn wait_until(&self, pid: Pid, otherwise: &str, mut done: impl FnMut() -> bool) -> Result<(), Error> {
        let start = Instant::now();
        while !done() {
            if self.reaper.wait_for(pid, POLL).is_some() {
                return Err(self.unwell("ended at once"));
            }
            if start.elapsed() > PATIENCE {
                return Err(self.unwell(&format!("{otherwise} after {} s", PATIENCE.as_secs())));
            }
        }
        Ok(())
    }

    fn unwell(&self, what: &str) -> Error {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().rev().take(5).collect();
        let log = lines.iter().rev().map(|line| format!("\n  {line}")).collect();
        Error::Unwell { what: what.to_owned(), log }
    }
}

/// Which slots hold a card, or `None` without pcscd.
fn status() -> Option<Vec<bool>> {
    let context = pcsc::Context::establish(pcsc::Scope::System).ok()?;
    let names = context.list_readers_owned().ok()?;
    let mut states: Vec<_> =
        names.into_iter().map(|name| pcsc::ReaderState::new(name, pcsc::State::UNAWARE)).collect();
    context.get_status_change(Duration::ZERO, &mut states).ok()?;
    // A card that does not answer its reset is not yet there for its users.
    let usable = |state: &pcsc::ReaderState| {
        state.event_state().contains(pcsc::State::PRESENT) && !state.event_state().contains(pcsc::State::MUTE)
    };
    Some(states.iter().map(usable).collect())
}

/// A driver for each reader, which takes two cards. The driver keeps its slots in static variables that know no
/// reader (measured with vpcd 3.3: a second reader shows the first one's cards), so every further reader gets a
/// copy of the file, which is loaded anew.
fn drivers(driver: PathBuf, cards: u16) -> io::Result<Vec<PathBuf>> {
    let mut drivers = Vec::new();
    for reader in 2..=cards.div_ceil(2) {
        let copy = Path::new(COPIES).join(format!("vpcd-{reader}.so"));
        fs::copy(&driver, &copy)?;
        drivers.push(copy);
    }
    drivers.insert(0, driver);
    Ok(drivers)
}

fn reader_conf(drivers: &[PathBuf]) -> String {
    let mut text = String::new();
    for (number, (driver, port)) in drivers.iter().zip((FIRST_PORT..).step_by(2)).enumerate() {
        let driver = driver.display();
        // Clients find readers by name, and pcscd numbers only those of one driver.
        let suffix = if number == 0 { String::new() } else { format!(" {}", number + 1) };
        let _ = write!(
            text,
            "FRIENDLYNAME \"{NAME}{suffix}\"\nDEVICENAME /dev/null:{port:#X}\nLIBPATH {driver}\nCHANNELID {port:#X}\n\n"
        );
    }
    text
}

/// Whether a program knows a word: the build that does has it among its texts.
fn contains(program: &Path, word: &[u8]) -> bool {
    fs::read(program).is_ok_and(|bytes| bytes.windows(word.len()).any(|window| window == word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reader_has_its_own_name_driver_and_ports() {
        let text = reader_conf(&["/a.so".into(), "/b.so".into()]);
        let values = |key: &str| -> Vec<&str> {
            text.lines().filter_map(|line| line.strip_prefix(key)).map(str::trim).collect()
        };
        let second = format!("\"{NAME} 2\"");
        assert_eq!(values("FRIENDLYNAME"), [&format!("\"{NAME}\""), &second]);
        assert_eq!(values("LIBPATH"), ["/a.so", "/b.so"]);
        assert_eq!(values("DEVICENAME"), ["/dev/null:0x8C7B", "/dev/null:0x8C7D"]);
        assert_eq!(address(2).port(), 0x8C7D);
    }

    #[test]
    fn up_to_two_cards_need_no_copy_of_the_driver() {
        for cards in 0..=2 {
            assert_eq!(drivers("/a.so".into(), cards).unwrap(), [PathBuf::from("/a.so")]);
        }
    }
}
