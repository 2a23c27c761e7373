//! `vouch enroll`: a key on a YubiKey, the identity it signs for, and the file for the administrator.

use std::path::{Path, PathBuf};

use vouch_core::config::Config;
use vouch_core::files;
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
    pin: PinFlags,
    /// Read a new PIN from standard input, the line after the PIN, for a YubiKey that still has the default one
    #[arg(long, requires = "pin_stdin")]
    new_pin_stdin: bool,
    #[command(flatten)]
    wait: WaitFlags,
    #[command(flatten)]
    service: ServiceFlags,
    /// Ask for the management key of the YubiKey; `-` reads it from standard input, after the PIN
    #[arg(long, value_name = "-", num_args = 0..=1, default_missing_value = "")]
    management_key: Option<String>,
    /// The file for the administrator
    #[arg(long, value_name = "FILE", default_value = "enrollment.json")]
    out: PathBuf,
}

/// Whom a key is enrolled for.
#[derive(Debug, Clone)]
struct User {
    issuer: IssuerUrl,
    subject: Subject,
}

pub(crate) fn run(context: &Context, args: Args) -> Result<(), Failure> {
    args.service.choose()?;
    let _quiet = args.pin.keep_quiet();
    let home = context.home();
    let identity = context.config()?.identity;
    let user = user(identity.as_ref(), &args)?;
    if args.management_key.as_ref().is_some_and(|text| !["", "-"].contains(&text.as_str())) {
        return Err(Failure::new(
            ErrorKind::Usage,
            "a management key on the command line could be seen by others; it was not used",
            "Give `--management-key` alone, which asks for it, or `--management-key -` to pipe it in.",
        ));
    }
    let mut card = args.wait.open(args.serial, &[])?;
    let known = known_key(identity.as_ref(), card.serial(), &args)?.cloned();
    check_out(&args.out, card.serial())?;
    let begun = PendingEnrollment::new(home, card.serial(), args.slot);
    let Enrolled { enrollment, claims, key, resumed } =
        make(&mut card, (&args, &user), known.as_ref(), &begun)?;
    // The key comes first: with it, the same command writes the file again should that fail.
    let spare = Config::update(home, |config| record(config, &user, &key))?;
    begun.end();
    write(&args.out, enrollment.to_json().as_bytes())?;
    terminal::done(&format!(
        "{} of {}: YubiKey {}, slot {}, firmware {}",
        claims.subject, claims.issuer, claims.serial, claims.slot, claims.firmware
    ));
    if resumed {
        terminal::done(
            "an enrollment that was interrupted had made the key; it is the one that is enrolled now",
        );
    }
    if spare {
        terminal::done("a spare: any of your enrolled YubiKeys logs in");
    }
    terminal::done(&format!("`{}`: nothing in it is secret", args.out.display()));
    card::warn_of_default_puk(&card);
    let next = if spare {
        format!(
            "give it to your administrator, or build the issuer yourself, with the enrollments of your other YubiKeys or \
             their keys disappear: `vouch issuer build --out DIR {} OTHER_ENROLLMENT...`",
            args.out.display()
        )
    } else {
        format!(
            "give it to your administrator, or build the issuer yourself: `vouch issuer build --out DIR {}`",
            args.out.display()
        )
    };
    terminal::next(&next);
    Ok(())
}

fn make(
    card: &mut Card,
    (args, user): (&Args, &User),
    known: Option<&EnrolledKey>,
    begun: &PendingEnrollment,
) -> Result<Enrolled, Failure> {
    if known.is_some() {
        terminal::say(&format!(
            "YubiKey {} is enrolled with slot {}; its key signs the file again",
            card.serial(),
            args.slot
        ));
    }
    let pin = args.pin.ask_for_own(card, args.new_pin_stdin)?;
    let management_key = match args.management_key.as_deref() {
        None => ManagementKey::DefaultOrProtected,
        Some(source) => ManagementKey::Given(prompt::secret(
            source == "-",
            &format!("Management key of YubiKey {}: ", card.serial()),
        )?),
    };
    let request = EnrollmentRequest {
        issuer: user.issuer.clone(),
        subject: user.subject.clone(),
        audience: DEFAULT_AUDIENCE.to_owned(),
        slot: args.slot,
        management_key,
        replace: args.replace,
    };
    let notice = TouchNotice::new("vouch enroll", &user.subject);
    Ok(match known {
        Some(key) => enroll_again(card, &request, &key.public_key, &pin, &|prompt| notice.show(prompt))?,
        None => enroll(card, &request, begun, &pin, &|prompt| notice.show(prompt))?,
    })
}

/// What was typed; the enrolled identity where it was not.
fn user(identity: Option<&Identity>, args: &Args) -> Result<User, Failure> {
    let issuer = args.issuer.as_ref().or(identity.map(|identity| &identity.issuer));
    let subject = args.subject.as_ref().or(identity.map(|identity| &identity.subject));
    let (Some(issuer), Some(subject)) = (issuer, subject) else {
        return Err(Failure::new(
            ErrorKind::Usage,
            "nobody is enrolled yet, so issuer and subject must be named",
            "Give `--issuer URL --subject NAME`, as your administrator tells you.",
        ));
    };
    let user = User { issuer: issuer.clone(), subject: subject.clone() };
    check_identity(identity, &user)?;
    Ok(user)
}

/// One home is one user.
fn check_identity(identity: Option<&Identity>, user: &User) -> Result<(), Failure> {
    let Some(identity) = identity else { return Ok(()) };
    if identity.issuer == user.issuer && identity.subject == user.subject {
        return Ok(());
    }
    Err(Failure::configuration(
        format!("you are enrolled as {} of {}", identity.subject, identity.issuer),
        "Enroll a spare YubiKey without `--issuer` and `--subject`. To start over, run `vouch logout` and remove \
         `identity` from `config.json`; or keep another user apart with VOUCH_HOME.",
    ))
}

/// The key of this YubiKey, if it is enrolled already and is to stay.
fn known_key<'a>(
    identity: Option<&'a Identity>,
    serial: u32,
    args: &Args,
) -> Result<Option<&'a EnrolledKey>, Failure> {
    let key = identity.and_then(|identity| identity.keys.iter().find(|key| key.serial == serial));
    let Some(key) = key.filter(|_| !args.replace) else { return Ok(None) };
    if key.slot.parse() == Ok(args.slot) {
        return Ok(Some(key));
    }
    Err(Failure::configuration(
        format!("YubiKey {serial} is enrolled with slot {}", key.slot),
        format!("Give `--slot {}`, or add `--replace` to enroll slot {} in its place.", key.slot, args.slot),
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
fn record(config: &mut Config, user: &User, key: &EnrolledKey) -> Result<bool, Failure> {
    // It may have changed while the card was at work.
    check_identity(config.identity.as_ref(), user)?;
    let identity = config.identity.get_or_insert_with(|| Identity {
        issuer: user.issuer.clone(),
        subject: user.subject.clone(),
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

    fn args(subject: Option<&str>, slot: &str, replace: bool) -> Args {
        Args {
            issuer: "https://id.example.com/alice".parse().ok(),
            subject: subject.map(|subject| subject.parse().unwrap()),
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

    fn of(config: &Config, args: &Args) -> Result<User, Failure> {
        user(config.identity.as_ref(), args)
    }

    #[test]
    fn a_second_key_is_a_spare_and_another_person_is_refused() {
        let mut config = Config::default();
        let alice = of(&config, &args(Some("alice"), "82", false)).unwrap();
        assert!(!record(&mut config, &alice, &key(1, "82")).unwrap());
        assert!(record(&mut config, &alice, &key(2, "82")).unwrap());
        assert!(record(&mut config, &alice, &key(2, "83")).unwrap());
        let identity = config.identity.clone().unwrap();
        let keys: Vec<_> = identity.keys.iter().map(|key| (key.serial, key.slot.as_str())).collect();
        assert_eq!(keys, [(1, "82"), (2, "83")]);
        let bob = User { subject: "bob".parse().unwrap(), ..alice };
        for failed in [
            record(&mut config, &bob, &key(3, "82")).unwrap_err(),
            of(&config, &args(Some("bob"), "82", false)).unwrap_err(),
        ] {
            assert!(failed.message.contains("enrolled as alice"));
            assert!(failed.hint.as_ref().unwrap().contains("start over"));
        }
    }

    #[test]
    fn who_is_enrolled_need_not_be_named_again() {
        let mut config = Config::default();
        let nobody = Args { issuer: None, ..args(None, "82", false) };
        for missing in [&nobody, &args(None, "82", false)] {
            assert!(of(&config, missing).unwrap_err().hint.unwrap().contains("--issuer URL --subject NAME"));
        }
        let alice = of(&config, &args(Some("alice"), "82", false)).unwrap();
        record(&mut config, &alice, &key(1, "82")).unwrap();
        let same = of(&config, &nobody).unwrap();
        assert_eq!((same.issuer, same.subject), (alice.issuer, alice.subject));
    }

    #[test]
    fn a_key_that_is_enrolled_goes_on_and_another_slot_needs_a_word() {
        let mut config = Config::default();
        let alice = of(&config, &args(Some("alice"), "82", false)).unwrap();
        record(&mut config, &alice, &key(1, "82")).unwrap();
        let identity = config.identity.as_ref();
        assert!(known_key(identity, 1, &args(Some("alice"), "82", false)).unwrap().is_some());
        assert!(known_key(identity, 1, &args(Some("alice"), "82", true)).unwrap().is_none());
        assert!(known_key(identity, 2, &args(Some("alice"), "82", false)).unwrap().is_none());
        assert!(known_key(identity, 1, &args(Some("alice"), "83", false)).is_err());
        assert!(known_key(identity, 1, &args(Some("alice"), "83", true)).unwrap().is_none());
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
