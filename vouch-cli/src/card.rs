//! What commands that use a card have in common.

#[cfg(all(unix, not(target_os = "macos")))]
use std::path::PathBuf;
use std::time::Duration;

use vouch_core::identity::Subject;
use vouch_core::{ErrorKind, Failure};
use vouch_yubikey::{Card, CardError, NewPin, Pin, TouchPrompt};

use crate::desktop;
use crate::prompt;
use crate::quiet::Quiet;
use crate::terminal::{self, Countdown};

/// How often a new PIN is asked for before the command gives up: enough for slips, and an end where nobody types.
const ROUNDS: usize = 5;

/// How many tries a YubiKey gives as it leaves the factory: nobody needs to be told of them.
const USUAL_TRIES: u8 = 3;

/// Which smart card service is asked. That of Windows and macOS is always the system's.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct ServiceFlags {
    /// The socket of the smart card service, if it is not the usual one; whoever listens there is told the PIN
    #[cfg(all(unix, not(target_os = "macos")))]
    #[arg(long, value_name = "PATH")]
    pcsc_socket: Option<PathBuf>,
}

impl ServiceFlags {
    /// At the start of a command, before it starts a thread: the environment chooses no service.
    #[cfg(all(unix, not(target_os = "macos")))]
    pub(crate) fn choose(&self) -> Result<(), Failure> {
        // One that cannot be made absolute is used as it is.
        let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
        let socket = self.pcsc_socket.as_ref().map(absolute);
        let had_another = vouch_yubikey::choose_service(socket.as_deref())?;
        if had_another && socket.is_none() {
            terminal::warn(
                "ignored PCSCLITE_CSOCK_NAME: whoever listens on that socket would be told your PIN. If you mean it, add \
                 `--pcsc-socket PATH`",
            );
        }
        Ok(())
    }

    #[cfg(not(all(unix, not(target_os = "macos"))))]
    pub(crate) fn choose(&self) -> Result<(), Failure> {
        Ok(())
    }
}

/// How the PIN comes in.
#[derive(Debug, clap::Args)]
pub(crate) struct PinFlags {
    /// Read the PIN from standard input, one line, instead of asking on the terminal
    #[arg(long)]
    pub(crate) pin_stdin: bool,
    /// Go on although one more wrong PIN would block it
    #[arg(long)]
    pub(crate) last_try: bool,
}

/// How long a card is waited for.
#[derive(Debug, clap::Args)]
pub(crate) struct WaitFlags {
    /// How many seconds to wait for the YubiKey to be plugged in, 0 to 600
    #[arg(long, value_name = "SECONDS", default_value_t = 15, value_parser = clap::value_parser!(u16).range(0..=600))]
    pub(crate) wait: u16,
}

impl WaitFlags {
    /// Opens the card, and waits for it where it is not plugged in.
    pub(crate) fn open(&self, serial: Option<u32>, wanted: &[u32]) -> Result<Card, Failure> {
        match self.wait_for(serial, wanted) {
            Err(CardError::Several { serials }) => match choose_card(&serials)? {
                Some(serial) => Ok(self.wait_for(Some(serial), wanted)?),
                None => Err(CardError::Several { serials }.into()),
            },
            opened => Ok(opened?),
        }
    }

    fn wait_for(&self, serial: Option<u32>, wanted: &[u32]) -> Result<Card, CardError> {
        let line = Countdown::new();
        let on_wait = |missing: &CardError, left: Duration| line.show(&missing_card(missing), left);
        Card::wait(serial, wanted, Duration::from_secs(self.wait.into()), &on_wait)
    }
}

/// Lets the user choose one of several YubiKeys; nobody does where there is no terminal.
fn choose_card(serials: &[u32]) -> Result<Option<u32>, Failure> {
    let names: Vec<_> = serials.iter().map(|serial| format!("YubiKey {serial}")).collect();
    let place = prompt::choose("Several YubiKeys are plugged in. Which one?", &names)?;
    Ok(place.and_then(|place| serials.get(place)).copied())
}

/// What a person can do about a card that is missing or busy.
fn missing_card(missing: &CardError) -> String {
    match missing {
        CardError::NotPluggedIn { serial, .. } => format!("Plug in YubiKey {serial}"),
        CardError::NotEnrolled { enrolled, .. } => {
            let serials: Vec<_> = enrolled.iter().map(u32::to_string).collect();
            format!("Plug in your enrolled YubiKey ({})", serials.join(" or "))
        }
        CardError::Busy { .. } => {
            "Another program is using the YubiKey: finish there, or touch it if it blinks".into()
        }
        _ => "Plug in your YubiKey".into(),
    }
}

impl PinFlags {
    /// From the start of a command that will ask for a PIN, nothing that is typed is shown or taken for it.
    pub(crate) fn keep_quiet(&self) -> Option<Quiet> {
        (!self.pin_stdin).then(Quiet::start)
    }

    /// Asks for the PIN of a card. Nobody types one that would not be sent.
    pub(crate) fn ask(&self, card: &Card) -> Result<Pin, Failure> {
        let left = match card.tries_for_pin(self.last_try)? {
            1 => " (the last try)".to_owned(),
            tries if tries < USUAL_TRIES => format!(" ({tries} tries left)"),
            _ => String::new(),
        };
        let text = prompt::secret(self.pin_stdin, &format!("PIN of YubiKey {}{left}: ", card.serial()))?;
        Ok(Pin::new(text, self.last_try)?)
    }

    /// Asks for the PIN of a card, and sees to it that it is not the default one: that one is changed first, to a new PIN that
    /// the user types twice or, with `new_pin_stdin`, that is the second line of standard input.
    ///
    /// No PIN is sent that was not given, and none of which the card says that it is wrong.
    pub(crate) fn ask_for_own(&self, card: &Card, new_pin_stdin: bool) -> Result<Pin, Failure> {
        let serial = card.serial();
        let has_default = card.has_default_pin()?;
        if has_default == Some(true) && !self.pin_stdin {
            terminal::ask(&format!(
                "YubiKey {serial} still has the default PIN, 123456: type it, then choose another one"
            ));
        }
        let pin = self.ask(card)?;
        // Read whether it is needed or not: what comes after it is something else.
        let second_line = if new_pin_stdin { Some(prompt::secret(true, "")?) } else { None };
        match (pin.is_default(), has_default) {
            (false, Some(true)) => return Err(CardError::DefaultPin { serial }.into()),
            (false, _) => return Ok(pin),
            (true, Some(false)) => {
                // Both lines again after the change was made: the command goes on with the second.
                let own = second_line.ok_or(CardError::NotDefaultPin { serial })?;
                return Ok(Pin::new(own, self.last_try)?);
            }
            (true, _) => {}
        }
        // Older firmware does not tell: whoever has another PIN is told so before a new one is asked for.
        card.check_pin(&pin).map_err(|error| match error {
            CardError::WrongPin { .. } => Failure::new(
                ErrorKind::Card,
                error.to_string(),
                "The PIN of this YubiKey is not the default, 123456. If it was changed before, give the new one alone.",
            ),
            other => other.into(),
        })?;
        let new = match second_line {
            Some(new) => NewPin::new(new)?,
            None if self.pin_stdin => return Err(CardError::DefaultPin { serial }.into()),
            None => choose_pin(serial)?,
        };
        let pin = card.change_pin(&pin, &new)?;
        terminal::done(&format!("YubiKey {serial} has a PIN of its own"));
        Ok(pin)
    }
}

/// A new PIN, typed twice alike.
fn choose_pin(serial: u32) -> Result<NewPin, Failure> {
    terminal::ask("Everybody knows the default PIN. Choose another one: 6 to 8 characters");
    for _ in 0..ROUNDS {
        match NewPin::new(prompt::secret(false, &format!("New PIN of YubiKey {serial}: "))?) {
            Ok(new) => {
                let again = prompt::secret(false, "The same again: ")?;
                if NewPin::new(again).is_ok_and(|again| again.is_same(&new)) {
                    return Ok(new);
                }
                terminal::warn("the two are not the same; nothing was changed");
            }
            Err(error) => terminal::warn(&error.to_string()),
        }
    }
    Err(Failure::new(
        ErrorKind::Card,
        format!("the PIN of YubiKey {serial} is still the default"),
        "Run the command again, or choose a PIN with `ykman piv access change-pin`.",
    ))
}

/// Warns where everybody knows the PUK: it sets a new PIN.
pub(crate) fn warn_of_default_puk(card: &Card) {
    // Whether it can be told does not matter to what was done.
    if matches!(card.has_default_puk(), Ok(Some(true))) {
        let serial = card.serial();
        terminal::warn(&format!(
            "the PUK of YubiKey {serial} is the default, 12345678: whoever finds the YubiKey can set a PIN with it. Change it: \
             `ykman --device {serial} piv access change-puk`"
        ));
    }
}

/// Asks the user for a touch, for as long as it lives: on the terminal, and on the desktop where there is one.
#[derive(Debug)]
pub(crate) struct TouchNotice {
    /// Which command asks, and for whom.
    who: String,
    line: Countdown,
    shown: std::cell::Cell<bool>,
}

impl TouchNotice {
    /// `command` as it is typed, and the user that it signs for.
    pub(crate) fn new(command: &str, subject: &Subject) -> Self {
        let who = format!("`{command}` for {subject}");
        Self { who, line: Countdown::new(), shown: false.into() }
    }

    /// Says it for the first time, or how long is left.
    pub(crate) fn show(&self, TouchPrompt { serial, certain, left }: TouchPrompt) {
        let when = if certain { "" } else { ", if it blinks" };
        let text = format!("Touch your YubiKey (serial {serial}){when}: {}", self.who);
        self.line.show(&text, left);
        if !self.shown.replace(true) {
            desktop::notify("Touch your YubiKey", &format!("{} (serial {serial})", self.who));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_card_is_asked_for_by_what_is_known_of_it() {
        let (present, enrolled) = (vec![9], vec![7, 8]);
        assert_eq!(missing_card(&CardError::NoReader), "Plug in your YubiKey");
        assert_eq!(
            missing_card(&CardError::NotPluggedIn { serial: 7, present: present.clone() }),
            "Plug in YubiKey 7"
        );
        assert_eq!(
            missing_card(&CardError::NotEnrolled { present, enrolled }),
            "Plug in your enrolled YubiKey (7 or 8)"
        );
    }
}
