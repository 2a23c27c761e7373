//! `vouch enroll`: a key on a YubiKey, the identity it signs for, and the file for the administrator.

use std::path::{Path, PathBuf};

use vouch_core::config::Config;
use vouch_core::files;
use vouch_core::hint::{ISSUER_BUILD, LOGOUT};
use vouch_core::identity::{DEFAULT_AUDIENCE, EnrolledKey, Identity, IssuerUrl, Subject};
use vouch_core::piv::Slot;
use vouch_core::{Context, ErrorKind, Failure};
use vouch_issuer::enrollment::Enrollment;
use vouch_yubikey::{
    Card, Enrolled, EnrollmentRequest, ManagementKey, PendingEnrollment, enroll, enroll_again,
};

use crate::card::{self, PinFlags, ServiceFlags, TouchNotice, WaitFlags};
use crate::parse;
use crate::prompt;
use crate::terminal;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The URL of your OpenID Connect issuer, such as https://id.example.com/alice [default: the enrolled identity's]
    #[arg(long, value_name = "URL", value_parser = parse::argument::<IssuerUrl>)]
    issuer: Option<IssuerUrl>,
    /// The name that your sessions carry, such as alice [default: the enrolled identity's]
    #[arg(long, value_name = "NAME", value_parser = parse::argument::<Subject>)]
    subject: Option<Subject>,
    #[command(flatten)]
    key: KeyFlags,
}

/// Which key is made, how the YubiKey is asked for it, and where the enrollment goes.
#[derive(Debug, clap::Args)]
pub(crate) struct KeyFlags {
    /// The serial number of the YubiKey, where several are plugged in
    #[arg(long, value_name = "NUMBER")]
    serial: Option<u32>,
    /// The PIV slot for the key: 82 to 95, or 9a, 9c, 9d, 9e
    #[arg(long, value_name = "SLOT", default_value_t, value_parser = parse::argument::<Slot>)]
    slot: Slot,
    /// Destroy the key that the slot holds
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    pub(crate) pin: PinFlags,
    /// Read a new PIN from standard input, the line after the PIN, for a YubiKey that still has the default one
    #[arg(long, requires = "pin_stdin")]
    new_pin_stdin: bool,
    #[command(flatten)]
    wait: WaitFlags,
    #[command(flatten)]
    pub(crate) service: ServiceFlags,
    /// Ask for the management key of the YubiKey; `-` reads it from standard input, after the PIN
    #[arg(long, value_name = "-", num_args = 0..=1, default_missing_value = "")]
    management_key: Option<String>,
    /// The file for the administrator
    #[arg(long, value_name = "FILE", default_value = "enrollment.json")]
    pub(crate) out: PathBuf,
}

impl KeyFlags {
    /// Whether a certain YubiKey, or another key, was asked for.
    pub(crate) fn ask_for_a_key(&self) -> bool {
        self.serial.is_some() || self.replace
    }
}

/// Who enrolls, and with which command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Applicant {
    pub(crate) issuer: IssuerUrl,
    pub(crate) subject: Subject,
    /// As it is typed, for whoever is asked for a touch.
    pub(crate) command: &'static str,
}

pub(crate) fn run(context: &Context, args: Args) -> Result<(), Failure> {
    let Args { issuer, subject, key: flags } = args;
    flags.service.choose()?;
    let _quiet = flags.pin.keep_quiet();
    let applicant = applicant(context.config()?.identity.as_ref(), issuer, subject)?;
    let is_spare = enroll_key(context, &applicant, &flags, |_| Ok(()))?;
    let build = ISSUER_BUILD.fill("ENROLLMENT", &flags.out);
    terminal::next(&match is_spare {
        true => format!(
            "give it to your administrator, or build the issuer yourself, with the enrollments of your other YubiKeys or \
             their keys disappear: {}",
            build.word("OTHER_ENROLLMENT...")
        ),
        false => format!("give it to your administrator, or build the issuer yourself: {build}"),
    });
    Ok(())
}

/// Makes a key, records it and writes its enrollment; whether it is a spare. `also` changes the configuration in the same write
/// that records the key.
pub(crate) fn enroll_key(
    context: &Context,
    applicant: &Applicant,
    flags: &KeyFlags,
    also: impl FnOnce(&mut Config) -> Result<(), Failure>,
) -> Result<bool, Failure> {
    let home = context.home();
    let identity = context.config()?.identity;
    check_identity(identity.as_ref(), applicant)?;
    if flags.management_key.as_ref().is_some_and(|text| !["", "-"].contains(&text.as_str())) {
        return Err(Failure::new(
            ErrorKind::Usage,
            "a management key on the command line could be seen by others; it was not used",
            "Give `--management-key` alone, which asks for it, or `--management-key -` to pipe it in.",
        ));
    }
    let mut card = flags.wait.open(flags.serial, &[])?;
    let known = known_key(identity.as_ref(), card.serial(), flags)?.cloned();
    check_out(&flags.out, card.serial())?;
    let begun = PendingEnrollment::new(home, card.serial(), flags.slot);
    let Enrolled { enrollment, claims, key, resumed } =
        make(&mut card, applicant, flags, known.as_ref(), &begun)?;
    // The key comes first: with it, the same command writes the file again should that fail.
    let is_spare = Config::update(home, |config| {
        let is_spare = record(config, applicant, &key)?;
        also(config).map(|()| is_spare)
    })?;
    begun.end();
    write(&flags.out, enrollment.to_json().as_bytes())?;
    terminal::done(&format!(
        "{} of {}: YubiKey {}, slot {}, firmware {}",
        claims.subject, claims.issuer, claims.serial, claims.slot, claims.firmware
    ));
    if resumed {
        terminal::done(
            "an enrollment that was interrupted had made the key; it is the one that is enrolled now",
        );
    }
    if is_spare {
        terminal::done("a spare: any of your enrolled YubiKeys logs in");
    }
    terminal::done(&format!("`{}`: nothing in it is secret", flags.out.display()));
    card::warn_of_default_puk(&card);
    Ok(is_spare)
}

fn make(
    card: &mut Card,
    applicant: &Applicant,
    flags: &KeyFlags,
    known: Option<&EnrolledKey>,
    begun: &PendingEnrollment,
) -> Result<Enrolled, Failure> {
    if known.is_some() {
        terminal::say(&format!(
            "YubiKey {} is enrolled with slot {}; its key signs the file again",
            card.serial(),
            flags.slot
        ));
    }
    let pin = flags.pin.ask_for_own(card, flags.new_pin_stdin)?;
    let management_key = match flags.management_key.as_deref() {
        None => ManagementKey::DefaultOrProtected,
        Some(source) => ManagementKey::Given(prompt::secret(
            source == "-",
            &format!("Management key of YubiKey {}: ", card.serial()),
        )?),
    };
    let request = EnrollmentRequest {
        issuer: applicant.issuer.clone(),
        subject: applicant.subject.clone(),
        audience: DEFAULT_AUDIENCE.to_owned(),
        slot: flags.slot,
        management_key,
        replace: flags.replace,
    };
    let notice = TouchNotice::new(applicant.command, &applicant.subject);
    Ok(match known {
        Some(key) => enroll_again(card, &request, &key.public_key, &pin, &|prompt| notice.show(prompt))?,
        None => enroll(card, &request, begun, &pin, &|prompt| notice.show(prompt))?,
    })
}

/// What was typed; the enrolled identity where it was not.
fn applicant(
    identity: Option<&Identity>,
    issuer: Option<IssuerUrl>,
    subject: Option<Subject>,
) -> Result<Applicant, Failure> {
    let issuer = issuer.or_else(|| identity.map(|identity| identity.issuer.clone()));
    let subject = subject.or_else(|| identity.map(|identity| identity.subject.clone()));
    let (Some(issuer), Some(subject)) = (issuer, subject) else {
        return Err(Failure::new(
            ErrorKind::Usage,
            "nobody is enrolled yet, so issuer and subject must be named",
            "Give `--issuer URL --subject NAME`, as your administrator tells you.",
        ));
    };
    Ok(Applicant { issuer, subject, command: "vouch enroll" })
}

/// One home is one user.
pub(crate) fn check_identity(identity: Option<&Identity>, applicant: &Applicant) -> Result<(), Failure> {
    let Some(identity) = identity else { return Ok(()) };
    if identity.issuer == applicant.issuer && identity.subject == applicant.subject {
        return Ok(());
    }
    Err(Failure::configuration(
        format!("you are enrolled as {} of {}", identity.subject, identity.issuer),
        format!(
            "Enroll a spare YubiKey without `--issuer` and `--subject`. To start over, run {LOGOUT} and remove `identity` from `config.json`; or keep another user apart with VOUCH_HOME."
        ),
    ))
}

/// The key of this YubiKey, if it is enrolled already and is to stay.
fn known_key<'a>(
    identity: Option<&'a Identity>,
    serial: u32,
    flags: &KeyFlags,
) -> Result<Option<&'a EnrolledKey>, Failure> {
    let key = identity.and_then(|identity| identity.keys.iter().find(|key| key.serial == serial));
    let Some(key) = key.filter(|_| !flags.replace) else { return Ok(None) };
    if key.slot.parse() == Ok(flags.slot) {
        return Ok(Some(key));
    }
    Err(Failure::configuration(
        format!("YubiKey {serial} is enrolled with slot {}", key.slot),
        format!("Give `--slot {}`, or add `--replace` to enroll slot {} in its place.", key.slot, flags.slot),
    ))
}

/// Refuses to overwrite what is no enrollment of this YubiKey, before the user has touched anything.
fn check_out(path: &Path, serial: u32) -> Result<(), Failure> {
    let text = match files::read_text(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(unwritable(path, &error)),
    };
    if Enrollment::read(&text).is_ok_and(|known| known.serial == serial) {
        return Ok(());
    }
    Err(Failure::configuration(
        format!("`{}` is there already and is not of YubiKey {serial}", path.display()),
        "Give another file with `--out FILE`.",
    ))
}

/// Whether the key is a spare beside others.
fn record(config: &mut Config, applicant: &Applicant, key: &EnrolledKey) -> Result<bool, Failure> {
    // It may have changed while the card was at work.
    check_identity(config.identity.as_ref(), applicant)?;
    let identity = config.identity.get_or_insert_with(|| Identity {
        issuer: applicant.issuer.clone(),
        subject: applicant.subject.clone(),
        audience: DEFAULT_AUDIENCE.to_owned(),
        keys: Vec::new(),
        other: serde_json::Map::new(),
    });
    match identity.keys.iter_mut().find(|known| known.serial == key.serial) {
        Some(known) => {
            let other = std::mem::take(&mut known.other);
            *known = EnrolledKey { other, ..key.clone() };
        }
        None => identity.keys.push(key.clone()),
    }
    Ok(identity.keys.len() > 1)
}

fn write(path: &Path, contents: &[u8]) -> Result<(), Failure> {
    files::write_atomic(path, contents, 0o644).map_err(|error| unwritable(path, &error))
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::configuration(
        format!("cannot write `{}`", path.display()),
        "Run the same command again, in a directory that you can write to or with `--out FILE`.",
    )
    .because(error)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::*;

    fn named(subject: &str) -> Applicant {
        Applicant {
            issuer: "https://id.example.com/alice".parse().unwrap(),
            subject: subject.parse().unwrap(),
            command: "vouch enroll",
        }
    }

    fn flags(slot: &str, replace: bool) -> KeyFlags {
        KeyFlags {
            serial: None,
            slot: slot.parse().unwrap(),
            replace,
            pin: PinFlags { pin_stdin: true, last_try: false },
            new_pin_stdin: false,
            wait: WaitFlags { wait: 0 },
            service: ServiceFlags::default(),
            management_key: None,
            out: "enrollment.json".into(),
        }
    }

    fn key(serial: u32, slot: &str) -> EnrolledKey {
        // The P-256 key of RFC 7517, appendix A.1.
        let point = "BDCgQkzSHClEg4otdckrN-duog2fAIk6O07uijwKr-w-4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM";
        serde_json::from_value(json!({ "serial": serial, "slot": slot, "kid": "x", "public_key": point }))
            .unwrap()
    }

    #[test]
    fn a_second_key_is_a_spare_and_another_person_is_refused() {
        let mut config = Config::default();
        assert!(!record(&mut config, &named("alice"), &key(1, "82")).unwrap());
        assert!(record(&mut config, &named("alice"), &key(2, "82")).unwrap());
        assert!(record(&mut config, &named("alice"), &key(2, "83")).unwrap());
        let identity = config.identity.clone().unwrap();
        let keys: Vec<_> = identity.keys.iter().map(|key| (key.serial, key.slot.as_str())).collect();
        assert_eq!(keys, [(1, "82"), (2, "83")]);
        let failed = record(&mut config, &named("bob"), &key(3, "82")).unwrap_err();
        assert!(failed.message.contains("enrolled as alice"));
        assert!(failed.hint.as_ref().unwrap().contains("start over"));
    }

    #[test]
    fn who_is_enrolled_need_not_be_named_again() {
        let mut config = Config::default();
        let alice = named("alice");
        let of = |config: &Config, issuer: Option<&Applicant>, subject: Option<&Applicant>| {
            let issuer = issuer.map(|applicant| applicant.issuer.clone());
            applicant(config.identity.as_ref(), issuer, subject.map(|applicant| applicant.subject.clone()))
        };
        for missing in
            [of(&config, None, None), of(&config, Some(&alice), None), of(&config, None, Some(&alice))]
        {
            assert!(missing.unwrap_err().hint.unwrap().contains("--issuer URL --subject NAME"));
        }
        let typed = of(&config, Some(&alice), Some(&alice)).unwrap();
        record(&mut config, &typed, &key(1, "82")).unwrap();
        assert_eq!(of(&config, None, None).unwrap(), alice);
        // Somebody else is refused where the key is recorded and before.
        let bob = of(&config, None, Some(&named("bob"))).unwrap();
        assert!(check_identity(config.identity.as_ref(), &bob).is_err());
    }

    #[test]
    fn a_key_that_is_enrolled_goes_on_and_another_slot_needs_a_word() {
        let mut config = Config::default();
        record(&mut config, &named("alice"), &key(1, "82")).unwrap();
        let identity = config.identity.as_ref();
        assert!(known_key(identity, 1, &flags("82", false)).unwrap().is_some());
        assert!(known_key(identity, 1, &flags("82", true)).unwrap().is_none());
        assert!(known_key(identity, 2, &flags("82", false)).unwrap().is_none());
        assert!(known_key(identity, 1, &flags("83", false)).is_err());
        assert!(known_key(identity, 1, &flags("83", true)).unwrap().is_none());
    }

    #[test]
    fn a_file_of_somebody_else_is_not_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("enrollment.json");
        check_out(&path, 1).unwrap();
        fs::write(&path, "{}").unwrap();
        assert!(check_out(&path, 1).is_err());
        assert!(check_out(dir.path(), 1).is_err());
    }
}
