//! Notices on the desktop, by the program that the system has for it. Nothing waits for it, and nothing depends on it.

use std::path::Path;
use std::process::{Command, Stdio};

/// How long a notice stays, in milliseconds: as long as a YubiKey waits.
#[cfg(not(target_os = "macos"))]
const STAYS: &str = "--expire-time=15000";

/// Shows a notice where there is a desktop to show it on. It must hold no secret: other programs see it.
pub(crate) fn notify(title: &str, text: &str) {
    let Some(mut command) = command(title, text) else { return };
    // Without it the person still has the terminal. It is not waited for: it ends by itself.
    let _ = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
}

#[cfg(target_os = "macos")]
fn command(title: &str, text: &str) -> Option<Command> {
    // Over SSH there is nobody in front of it.
    if vouch_core::env::var_os("SSH_CONNECTION").is_some() || !Path::new("/usr/bin/osascript").exists() {
        return None;
    }
    let mut command = Command::new("/usr/bin/osascript");
    let script = [
        "on run argv",
        "display notification (item 2 of argv) with title \"Vouch\" subtitle (item 1 of argv)",
        "end run",
    ];
    script.iter().for_each(|line| {
        command.args(["-e", line]);
    });
    command.args([title, text]);
    Some(command)
}

#[cfg(not(target_os = "macos"))]
fn command(title: &str, text: &str) -> Option<Command> {
    has_session_bus().then(|| {
        let mut command = Command::new("notify-send");
        command.args(["--app-name=Vouch", "--hint=byte:transient:1", STAYS, "--"]);
        command.args([title, &escaped(text)]);
        command
    })
}

#[cfg(not(target_os = "macos"))]
fn has_session_bus() -> bool {
    let set = |name| vouch_core::env::var_os(name);
    set("DBUS_SESSION_BUS_ADDRESS").is_some()
        || set("XDG_RUNTIME_DIR").is_some_and(|folder| Path::new(&folder).join("bus").exists())
}

/// The text of a notice may be markup (freedesktop.org, "Desktop Notifications Specification").
#[cfg(not(target_os = "macos"))]
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(all(test, not(target_os = "macos")))]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_no_markup() {
        assert_eq!(escaped("a <b> & c"), "a &lt;b&gt; &amp; c");
    }
}
