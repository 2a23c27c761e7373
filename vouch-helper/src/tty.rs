//! One line for the user where stderr is hidden: package managers collect it and some throw it away.

use std::fs::File;
use std::io::Write;

use crate::text::printable_line;

/// Writes a line to the terminal of this process, if it has one and is in front of it.
///
/// A progress line of the package manager's may stand there: it is overwritten, not continued.
pub fn write_line(text: &str) {
    if let Some(mut terminal) = open() {
        let _ = terminal.write_all(format!("\r\x1b[K{}\r\n", printable_line(text)).as_bytes());
    }
}

#[cfg(unix)]
fn open() -> Option<File> {
    use std::os::unix::fs::OpenOptionsExt;

    use rustix::fs::OFlags;

    let flags = i32::try_from((OFlags::NOCTTY | OFlags::NONBLOCK).bits()).unwrap_or_default();
    let terminal = File::options().write(true).custom_flags(flags).open("/dev/tty").ok()?;
    is_in_front(&terminal).then_some(terminal)
}

/// In the background, writing to the terminal or setting its modes can stop the process, and with it the package manager.
#[cfg(unix)]
pub fn is_in_front(terminal: &File) -> bool {
    rustix::termios::tcgetpgrp(terminal).is_ok_and(|group| group == rustix::process::getpgrp())
}

#[cfg(not(unix))]
fn open() -> Option<File> {
    File::options().write(true).open("CONOUT$").ok()
}
