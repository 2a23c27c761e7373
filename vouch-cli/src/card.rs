//! What commands that use a card have in common.

use vouch_core::yubikey::{Card, Pin, TouchPrompt};

use crate::prompt;
use crate::report::Failed;
use crate::terminal;

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

impl PinFlags {
    /// Asks for the PIN of a card.
    pub(crate) fn ask(&self, card: &Card) -> Result<Pin, Failed> {
        let text = prompt::secret(self.pin_stdin, &format!("PIN of YubiKey {}: ", card.serial()))?;
        Ok(Pin::new(text, self.last_try)?)
    }
}

/// Tells the person to touch, before the card waits for it.
pub(crate) fn ask_for_touch(TouchPrompt { serial, certain }: TouchPrompt) {
    let when = if certain { "" } else { ", if it blinks" };
    terminal::ask(&format!("Touch your YubiKey (serial {serial}){when} …"));
}
