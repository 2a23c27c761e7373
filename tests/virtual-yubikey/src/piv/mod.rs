//! The PIV application (SP 800-73-4 part 2) with Yubico's extensions.

pub(crate) mod attestation;
mod management_key;
mod objects;
mod reference;
mod slots;

use std::time::{Duration, Instant};

use self::{
    attestation::Attestation,
    management_key::ManagementKey,
    objects::DataObjects,
    reference::Reference,
    slots::{Origin, PinPolicy, Slot, SlotId, Slots, TouchPolicy},
};
use crate::{
    Control, Options,
    apdu::Command,
    card::Device,
    control::TouchOutcome,
    key::{Algorithm, PrivateKey},
    status::{Answer, Status},
    tlv,
    tlv::Objects,
};

const PIN: u8 = 0x80;
const PUK: u8 = 0x81;
const MANAGEMENT_KEY: u8 = 0x9b;
const FACTORY_PIN: &str = "123456";
const FACTORY_PUK: &str = "12345678";
/// How long a touch counts for keys with the policy "cached".
const CACHED_TOUCH: Duration = Duration::from_secs(15);

/// The application's state.
#[derive(Debug)]
pub(crate) struct Piv {
    device: Device,
    control: Control,
    touch_timeout: Duration,
    pin: Reference,
    puk: Reference,
    management_key: ManagementKey,
    slots: Slots,
    objects: DataObjects,
    pin_verified: bool,
    /// The PIN was verified by the very command before this one.
    pin_fresh: bool,
    last_touch: Option<Instant>,
}

impl Piv {
    pub(crate) const IDENTIFIER: &[u8] = &[0xa0, 0x00, 0x00, 0x03, 0x08, 0x00, 0x00, 0x10, 0x00, 0x01, 0x00];
    /// The answer to SELECT, as every YubiKey gives it.
    pub(crate) const SELECTED: &[u8] = &[
        0x61, 0x11, 0x4f, 0x06, 0x00, 0x00, 0x10, 0x00, 0x01, 0x00, 0x79, 0x07, 0x4f, 0x05, 0xa0, 0x00, 0x00,
        0x03, 0x08,
    ];

    pub(crate) fn new(device: Device, options: &Options, control: Control) -> Self {
        let mut slots = Slots::default();
        let mut objects = DataObjects::new();
        let (key, certificate) = options.attestation.issue(device.firmware);
        slots.put(SlotId::Attestation, Slot::of_factory(key));
        objects.put_attestation_certificate(&certificate);
        Self {
            device,
            control,
            touch_timeout: options.touch_timeout,
            pin: Reference::new(&options.pin, FACTORY_PIN),
            puk: Reference::new(&options.puk, FACTORY_PUK),
            management_key: ManagementKey::factory(device.firmware),
            slots,
            objects,
            pin_verified: false,
            pin_fresh: false,
            last_touch: None,
        }
    }

    /// Forgets what was proved since the application was selected.
    pub(crate) fn deselect(&mut self) {
        self.pin_verified = false;
        self.pin_fresh = false;
        self.management_key.log_out();
    }

    pub(crate) fn power_off(&mut self) {
        self.deselect();
        self.last_touch = None;
    }

    pub(crate) fn execute(&mut self, command: &Command) -> Answer {
        let pin_fresh = std::mem::take(&mut self.pin_fresh);
        let firmware = self.device.firmware;
        match command.instruction {
            0x20 => self.verify(command),
            0x24 => self.change_reference(command),
            0x2c => self.reset_retry_counter(command),
            0x47 => self.generate(command),
            0x87 if command.p2 == MANAGEMENT_KEY => self.authenticate_management_key(command),
            0x87 => self.use_key(command, pin_fresh),
            0xcb => self.get_data(command),
            0xdb => self.put_data(command),
            0xf6 if firmware.is_5_7() => self.move_key(command),
            0xf7 if firmware.has_metadata() => self.metadata(command),
            0xf8 if firmware.has_serial_command() => Ok(self.device.serial.to_be_bytes().to_vec()),
            0xf9 if firmware.has_attestation() => self.attest(command),
            0xfa => self.set_retries(command),
            0xfb => self.factory_reset(),
            0xfd => Ok(firmware.to_bytes().to_vec()),
            0xfe => self.import(command),
            0xff => self.set_management_key(command),
            _ => Err(Status::UNKNOWN_INSTRUCTION),
        }
    }

    /// VERIFY: with data a try, without data a question, with P1=FF a log-out.
    fn verify(&mut self, command: &Command) -> Answer {
        if command.p2 != PIN {
            return Err(Status::REFERENCE_NOT_FOUND);
        }
        match (command.p1, command.data.as_slice()) {
            (0xff, []) => self.pin_verified = false,
            (0xff, _) => return Err(Status::INCORRECT_DATA),
            (0x00, []) if self.pin_verified => {}
            (0x00, []) => return Err(self.pin.tries_left()),
            (0x00, pin) => {
                let result = self.pin.check(pin);
                self.pin_verified = result.is_ok();
                self.pin_fresh = result.is_ok();
                self.counted(result)?;
            }
            _ => return Err(Status::INCORRECT_P1_P2),
        }
        Ok(Vec::new())
    }

    /// CHANGE REFERENCE DATA: the old PIN or PUK, then the new one.
    fn change_reference(&mut self, command: &Command) -> Answer {
        let reference = match (command.p1, command.p2) {
            (0x00, PIN) => &mut self.pin,
            (0x00, PUK) => &mut self.puk,
            (0x00, _) => return Err(Status::REFERENCE_NOT_FOUND),
            _ => return Err(Status::INCORRECT_P1_P2),
        };
        let result = reference.change(&command.data);
        self.counted(result)?;
        Ok(Vec::new())
    }

    /// RESET RETRY COUNTER: the PUK, then the new PIN.
    fn reset_retry_counter(&mut self, command: &Command) -> Answer {
        if command.p2 != PIN {
            return Err(Status::REFERENCE_NOT_FOUND);
        }
        command.need_parameters(0x00, PIN)?;
        let result = self.pin.unblock(&mut self.puk, &command.data);
        self.counted(result)?;
        Ok(Vec::new())
    }

    /// GENERATE ASYMMETRIC KEY PAIR.
    fn generate(&mut self, command: &Command) -> Answer {
        self.management_key.need_authenticated()?;
        let id = SlotId::parse(command.p2).ok_or(Status::INCORRECT_SLOT)?;
        let template = Objects::parse(Objects::parse(&command.data)?.need(0xac)?)?;
        let algorithm = template.byte(0x80)?.ok_or(Status::INCORRECT_DATA)?;
        let algorithm = Algorithm::from_id(algorithm, self.device.firmware)?;
        let (pin, touch) = policies(id, &template)?;
        let key = PrivateKey::generate(algorithm);
        let answer = tlv::encode(&[0x7f, 0x49], &key.public_objects());
        self.slots.put(id, Slot { key, pin, touch, origin: Origin::Generated });
        Ok(answer)
    }

    /// IMPORT ASYMMETRIC KEY.
    fn import(&mut self, command: &Command) -> Answer {
        self.management_key.need_authenticated()?;
        let id = SlotId::parse(command.p2).ok_or(Status::INCORRECT_SLOT)?;
        let algorithm = Algorithm::from_id(command.p1, self.device.firmware)?;
        let data = Objects::parse(&command.data)?;
        let (pin, touch) = policies(id, &data)?;
        let key = PrivateKey::import(algorithm, &data)?;
        self.slots.put(id, Slot { key, pin, touch, origin: Origin::Imported });
        Ok(Vec::new())
    }

    /// MOVE KEY from P2 to P1; to FF is away. That the destination must be empty is documented, the status of one
    /// that is not is a guess.
    fn move_key(&mut self, command: &Command) -> Answer {
        self.management_key.need_authenticated()?;
        let source = SlotId::parse(command.p2).ok_or(Status::INCORRECT_SLOT)?;
        if command.p1 == 0xff {
            self.slots.take(source).ok_or(Status::REFERENCE_NOT_FOUND)?;
            return Ok(Vec::new());
        }
        let destination = SlotId::parse(command.p1).ok_or(Status::INCORRECT_SLOT)?;
        if [source, destination].contains(&SlotId::Attestation) {
            return Err(Status::INCORRECT_SLOT);
        }
        if self.slots.find(destination).is_some() {
            return Err(Status::CONDITIONS_NOT_SATISFIED);
        }
        let slot = self.slots.take(source).ok_or(Status::REFERENCE_NOT_FOUND)?;
        self.slots.put(destination, slot);
        Ok(Vec::new())
    }

    /// GENERAL AUTHENTICATE with the management key, which may ask for a touch before it proves anything.
    fn authenticate_management_key(&mut self, command: &Command) -> Answer {
        let template = Objects::parse(Objects::parse(&command.data)?.need(0x7c)?)?;
        let proof = self.management_key.step(command.p1, &template)?;
        if proof.authenticates {
            let touched = self.touch(self.management_key.touch());
            touched.inspect_err(|_| self.management_key.log_out())?;
        }
        Ok(proof.answer)
    }

    /// GENERAL AUTHENTICATE with the key of a slot: 81 signs or decrypts, 85 agrees on a secret.
    fn use_key(&mut self, command: &Command, pin_fresh: bool) -> Answer {
        let id = SlotId::parse(command.p2).filter(|id| *id != SlotId::Attestation);
        let id = id.ok_or(Status::INCORRECT_SLOT)?;
        let slot = self.slots.find(id).ok_or(Status::INCORRECT_DATA)?;
        if slot.key.algorithm().id() != command.p1 {
            return Err(Status::INCORRECT_DATA);
        }
        match slot.pin {
            PinPolicy::Never => {}
            PinPolicy::Once if self.pin_verified => {}
            PinPolicy::Always if pin_fresh => {}
            _ => return Err(Status::SECURITY_STATUS_NOT_SATISFIED),
        }
        let template = Objects::parse(Objects::parse(&command.data)?.need(0x7c)?)?;
        let (challenge, point) = (template.find(0x81), template.find(0x85));
        let (touch, key) = (slot.touch, slot.key.clone());
        let result = match (challenge, point) {
            (Some(challenge), None) => {
                self.touch(touch)?;
                key.apply(challenge)?
            }
            (None, Some(point)) => {
                self.touch(touch)?;
                key.agree(point)?
            }
            _ => return Err(Status::INCORRECT_DATA),
        };
        self.control.count(|counters| counters.signs += 1);
        Ok(tlv::encode(&[0x7c], &tlv::encode(&[0x82], &result)))
    }

    fn get_data(&self, command: &Command) -> Answer {
        command.need_parameters(0x3f, 0xff)?;
        let id = Objects::parse(&command.data)?.need(0x5c)?;
        self.objects.read(id, self.pin_verified)
    }

    fn put_data(&mut self, command: &Command) -> Answer {
        command.need_parameters(0x3f, 0xff)?;
        self.management_key.need_authenticated()?;
        let data = Objects::parse(&command.data)?;
        self.objects.write(data.need(0x5c)?, data.need(0x53)?)?;
        Ok(Vec::new())
    }

    /// ATTEST. Clients of the hardware have met 6A82 for an empty slot and 6A80 for an imported key; what it says
    /// when its own attestation key or certificate is gone is a guess.
    fn attest(&self, command: &Command) -> Answer {
        let id = SlotId::parse(command.p1).filter(|id| *id != SlotId::Attestation);
        let id = id.ok_or(Status::INCORRECT_SLOT)?;
        command.need_parameters(command.p1, 0x00)?;
        let slot = self.slots.find(id).ok_or(Status::NOT_FOUND)?;
        if slot.origin != Origin::Generated {
            return Err(Status::INCORRECT_DATA);
        }
        let signer = self.slots.find(SlotId::Attestation).ok_or(Status::REFERENCE_NOT_FOUND)?;
        let certificate = self.objects.attestation_certificate().ok_or(Status::NOT_FOUND)?;
        let attestation = Attestation {
            device: self.device,
            slot: command.p1,
            public_key: &slot.key.public_key_info(),
            policies: [slot.pin as u8, slot.touch as u8],
        };
        attestation.sign(&signer.key, certificate)
    }

    /// GET METADATA.
    fn metadata(&self, command: &Command) -> Answer {
        if command.p1 != 0x00 {
            return Err(Status::INCORRECT_P1_P2);
        }
        match command.p2 {
            PIN => Ok(self.pin.metadata()),
            PUK => Ok(self.puk.metadata()),
            MANAGEMENT_KEY => Ok(self.management_key.metadata()),
            id => {
                let id = SlotId::parse(id).ok_or(Status::REFERENCE_NOT_FOUND)?;
                Ok(self.slots.find(id).ok_or(Status::REFERENCE_NOT_FOUND)?.metadata())
            }
        }
    }

    /// SET PIN RETRIES: new limits, which bring back the factory's PIN and PUK.
    fn set_retries(&mut self, command: &Command) -> Answer {
        self.management_key.need_authenticated()?;
        if !self.pin_verified {
            return Err(Status::SECURITY_STATUS_NOT_SATISFIED);
        }
        if command.p1 == 0 || command.p2 == 0 {
            return Err(Status::INCORRECT_DATA);
        }
        self.pin = Reference::with_limit(FACTORY_PIN, command.p1);
        self.puk = Reference::with_limit(FACTORY_PUK, command.p2);
        Ok(Vec::new())
    }

    fn set_management_key(&mut self, command: &Command) -> Answer {
        self.management_key.need_authenticated()?;
        let touch = match (command.p1, command.p2) {
            (0xff, 0xff) => TouchPolicy::Never,
            (0xff, 0xfe) => TouchPolicy::Always,
            (0xff, 0xfd) => TouchPolicy::Cached,
            _ => return Err(Status::INCORRECT_P1_P2),
        };
        self.management_key.replace(&command.data, touch, self.device.firmware)?;
        Ok(Vec::new())
    }

    /// RESET, which the card allows only once PIN and PUK are both blocked. The attestation key stays.
    fn factory_reset(&mut self) -> Answer {
        if !(self.pin.is_blocked() && self.puk.is_blocked()) {
            return Err(Status::CONDITIONS_NOT_SATISFIED);
        }
        self.pin = Reference::new(FACTORY_PIN, FACTORY_PIN);
        self.puk = Reference::new(FACTORY_PUK, FACTORY_PUK);
        self.management_key = ManagementKey::factory(self.device.firmware);
        self.slots.clear();
        self.objects.clear();
        self.deselect();
        Ok(Vec::new())
    }

    /// Asks for a touch if the policy wants one. A card pulled out meanwhile answers nothing, so the status of
    /// that case is never seen.
    fn touch(&mut self, policy: TouchPolicy) -> Result<(), Status> {
        let cached = self.last_touch.is_some_and(|touch| touch.elapsed() < CACHED_TOUCH);
        match policy {
            TouchPolicy::Never => return Ok(()),
            TouchPolicy::Cached if cached => return Ok(()),
            TouchPolicy::Always | TouchPolicy::Cached => {}
        }
        match self.control.ask_for_touch(self.touch_timeout) {
            TouchOutcome::Given => {
                self.last_touch = Some(Instant::now());
                Ok(())
            }
            TouchOutcome::TimedOut | TouchOutcome::Removed => Err(Status::SECURITY_STATUS_NOT_SATISFIED),
        }
    }

    fn counted(&self, result: Result<(), Status>) -> Result<(), Status> {
        if let Err(status) = result
            && status.is_wrong_reference()
        {
            self.control.count(|counters| counters.pin_failures += 1);
        }
        result
    }
}

/// PIN policy (AA) and touch policy (AB) of a new key, or the slot's own.
fn policies(id: SlotId, data: &Objects<'_>) -> Result<(PinPolicy, TouchPolicy), Status> {
    let pin = PinPolicy::parse(data.byte(0xaa)?.unwrap_or(0), id).ok_or(Status::INCORRECT_DATA)?;
    let touch = TouchPolicy::parse(data.byte(0xab)?.unwrap_or(0)).ok_or(Status::INCORRECT_DATA)?;
    Ok((pin, touch))
}
