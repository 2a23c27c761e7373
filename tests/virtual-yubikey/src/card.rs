//! The card as a whole: power, presence, and which application is selected.

use crate::{
    Control, Firmware, Options,
    apdu::{Command, Exchange},
    management, otp,
    piv::Piv,
    status::{Answer, Status},
};

const SELECT: u8 = 0xa4;

/// A virtual YubiKey. Its state lives in memory only.
#[derive(Debug)]
pub struct Card {
    device: Device,
    control: Control,
    exchange: Exchange,
    selected: Option<Application>,
    piv: Piv,
    removals: u64,
}

/// What does not change in the life of a card.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Device {
    pub(crate) firmware: Firmware,
    pub(crate) serial: u32,
}

/// The applications of the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Application {
    Piv,
    Management,
    Otp,
}

impl Card {
    pub fn new(options: Options) -> Self {
        let device = Device { firmware: options.firmware, serial: options.serial };
        let control = Control::new(options.touch);
        Self {
            device,
            piv: Piv::new(device, &options, control.clone()),
            control,
            exchange: Exchange::default(),
            selected: None,
            removals: 0,
        }
    }

    /// Answers one command APDU: data and status word. Blocks as the hardware does while the card waits for a
    /// touch. The answer is empty if the card is not in its socket, or was pulled out while it worked.
    pub fn apdu(&mut self, command: &[u8]) -> Vec<u8> {
        self.notice_removal();
        if !self.control.is_present() {
            return Vec::new();
        }
        self.control.count(|counters| counters.apdus += 1);
        let (device, piv, selected) = (self.device, &mut self.piv, &mut self.selected);
        let response = self.exchange.answer(command, |command| execute(device, piv, selected, command));
        if self.notice_removal() { Vec::new() } else { response }
    }

    /// Takes the power away and gives it back: nothing is selected, verified or half sent any more.
    pub fn reset(&mut self) {
        self.exchange.clear();
        self.selected = None;
        self.piv.power_off();
    }

    /// A handle on the world around this card.
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    fn notice_removal(&mut self) -> bool {
        let removals = self.control.removals();
        let removed = removals != self.removals;
        if removed {
            self.removals = removals;
            self.reset();
        }
        removed
    }
}

fn execute(device: Device, piv: &mut Piv, selected: &mut Option<Application>, command: &Command) -> Answer {
    if command.instruction == SELECT {
        // Every SELECT ends what the application before it had verified. After one that names no application
        // of this card, none is selected: the hardware then answers 6D00 to everything.
        piv.deselect();
        *selected = None;
        command.need_parameters(0x04, 0x00)?;
        let application = Application::named(&command.data).ok_or(Status::NOT_FOUND)?;
        *selected = Some(application);
        return Ok(match application {
            Application::Piv => Piv::SELECTED.to_vec(),
            Application::Management => management::selected(device),
            Application::Otp => otp::selected(device),
        });
    }
    match selected {
        Some(Application::Piv) => piv.execute(command),
        Some(Application::Management) => management::execute(device, command),
        Some(Application::Otp) => otp::execute(device, command),
        None => Err(Status::UNKNOWN_INSTRUCTION),
    }
}

impl Application {
    /// The application whose identifier begins with `name`, which has to be long enough to tell them apart.
    fn named(name: &[u8]) -> Option<Self> {
        const IDENTIFIERS: [(Application, usize, &[u8]); 3] = [
            (Application::Piv, 5, Piv::IDENTIFIER),
            (Application::Management, 8, management::IDENTIFIER),
            (Application::Otp, 7, otp::IDENTIFIER),
        ];
        let (application, _, _) = IDENTIFIERS
            .into_iter()
            .find(|(_, shortest, identifier)| name.len() >= *shortest && identifier.starts_with(name))?;
        Some(application)
    }
}
