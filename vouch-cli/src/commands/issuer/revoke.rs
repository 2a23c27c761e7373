//! `vouch issuer revoke`: what to do, in order, when a user leaves or a YubiKey is lost. It changes nothing itself.

use std::fs;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde_json::json;
use vouch_core::home::HomeError;
use vouch_core::partition::{AccountId, NameError, PARTITIONS, Partition, RoleArn};
use vouch_core::{Context, ErrorKind, Failure, UnixTime};
use vouch_issuer::iam::DEFAULT_ROLE_PREFIX;
use vouch_issuer::revoke::{self, Enrollments, Reason, Revocation, RevokedRole, RevokedUser};

use crate::terminal;

#[derive(Debug, clap::Args)]
pub(crate) struct Revoke {
    /// The user's subject, or one of their enrollments
    #[arg(value_name = "NAME|ENROLLMENT")]
    who: String,
    /// The directory with everybody's enrollments, in which a NAME is looked up
    #[arg(long, value_name = "DIR", default_value = "enrollments")]
    from: PathBuf,
    /// Only this YubiKey is lost; the user stays
    #[arg(long, value_name = "SERIAL")]
    lost: Option<u32>,
    /// The role, by its ARN or its name; by default the one that `vouch issuer iam` makes
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,
    /// The role is used by others, too
    #[arg(long, requires = "role")]
    shared: bool,
    /// The account of the role
    #[arg(long, value_name = "ACCOUNT")]
    account: Option<AccountId>,
    /// The partition of the account
    #[arg(long, value_name = "PARTITION", default_value = "aws")]
    partition: Name,
    #[command(flatten)]
    trust: super::trust::Trust,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Name {
    Aws,
    AwsCn,
    AwsUsGov,
    AwsEusc,
}

pub(super) fn run(context: Result<Context, HomeError>, args: &Revoke) -> Result<(), Failure> {
    let user = user(context, args)?;
    let role = role(args, &user)?;
    let reason = match args.lost {
        Some(serial) if !user.keys.iter().any(|key| key.serial == serial) => {
            return Err(Failure::new(
                ErrorKind::Usage,
                format!("YubiKey {serial} is no key of {}", user.subject),
                "Give the serial number of an enrolled one; it is printed on the key.",
            ));
        }
        Some(serial) => Reason::YubiKeyLost(serial),
        None => Reason::UserLeft,
    };
    let enrollments =
        Enrollments { directory: args.from.clone(), attestation_roots: args.trust.roots().to_vec() };
    let revocation = revoke::revoke(&user, &role, reason, UnixTime::now(), &enrollments, terminal::utc_time);
    match args.json {
        true => terminal::print_json(&as_json(&user, &revocation)),
        false => terminal::print(&as_text(&user, reason, &revocation)),
    }
}

fn user(context: Result<Context, HomeError>, args: &Revoke) -> Result<RevokedUser, Failure> {
    let path = Path::new(&args.who);
    if path.is_file() {
        let Some(given) = args.trust.read_all(&[path.to_path_buf()])?.pop() else {
            return Err(unknown(args));
        };
        let issuer = given.claims().issuer.clone();
        // A spare may lie in the folder, too.
        let mut all = if args.from.is_dir() { of_folder(&args.from, &args.trust)? } else { Vec::new() };
        all.retain(|user| user.issuer == issuer);
        return match all.pop() {
            Some(user) => Ok(user),
            None => {
                let mut user = RevokedUser::of_enrollments(&[given])?.pop().ok_or_else(|| unknown(args))?;
                user.keys.iter_mut().for_each(|key| key.file = Some(path.to_owned()));
                Ok(user)
            }
        };
    }
    let mut found = if args.from.is_dir() { of_folder(&args.from, &args.trust)? } else { Vec::new() };
    found.retain(|user| user.subject.as_str() == args.who);
    if found.len() > 1 {
        let issuers: Vec<_> = found.iter().map(|user| user.issuer.as_str()).collect();
        return Err(Failure::new(
            ErrorKind::Usage,
            format!("`{}` has several issuers: {}", args.who, issuers.join(", ")),
            "Name an enrollment instead, one after the other.",
        ));
    }
    let own = || {
        let identity = context?.config()?.identity;
        Ok::<_, Failure>(
            identity.as_ref().filter(|own| own.subject.as_str() == args.who).map(RevokedUser::from),
        )
    };
    match found.pop() {
        Some(user) => Ok(user),
        None => own()?.ok_or_else(|| unknown(args)),
    }
}

fn of_folder(folder: &Path, trust: &super::trust::Trust) -> Result<Vec<RevokedUser>, Failure> {
    let unreadable = |error: std::io::Error| {
        Failure::configuration(
            format!("cannot read `{}`", folder.display()),
            "Name the directory with the enrollments with `--from DIR`.",
        )
        .because(&error)
    };
    let entries = fs::read_dir(folder).map_err(unreadable)?;
    let paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    let mut paths: Vec<_> = paths
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    paths.sort();
    if paths.is_empty() {
        return Ok(Vec::new());
    }
    let enrollments = trust.read_all(&paths)?;
    let mut users = RevokedUser::of_enrollments(&enrollments)?;
    let named = paths.iter().zip(&enrollments);
    let files: Vec<_> = named.map(|(path, given)| (given.claims().public_key.thumbprint(), path)).collect();
    for key in users.iter_mut().flat_map(|user| &mut user.keys) {
        key.file = files.iter().find(|(kid, _)| *kid == key.kid).map(|(_, path)| (*path).clone());
    }
    Ok(users)
}

fn unknown(args: &Revoke) -> Failure {
    Failure::new(
        ErrorKind::Usage,
        format!("nobody named `{}` is enrolled in `{}`", args.who, args.from.display()),
        "Name one of the user's enrollments, or the directory with everybody's with `--from DIR`.",
    )
}

fn role(args: &Revoke, user: &RevokedUser) -> Result<RevokedRole, Failure> {
    let role = args.role.as_deref();
    if let Some(arn) = role.filter(|role| role.contains(':')) {
        let arn: RoleArn = arn.parse().map_err(|error: NameError| {
            Failure::new(ErrorKind::Usage, error.to_string(), "Give the role's ARN or name.")
        })?;
        return Ok(RevokedRole {
            partition: arn.partition(),
            account: Some(arn.account()),
            name: arn.role_name().to_owned(),
            shared: args.shared,
        });
    }
    let name =
        role.map_or_else(|| vouch_issuer::iam::role_name(DEFAULT_ROLE_PREFIX, &user.subject), str::to_owned);
    // It goes into a shell.
    let plain = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c);
    if name.is_empty() || !name.chars().all(plain) {
        return Err(Failure::new(
            ErrorKind::Usage,
            format!("`{name}` is no role name"),
            "Give the role's ARN, or its name without a path.",
        ));
    }
    Ok(RevokedRole {
        partition: args.partition.partition(),
        account: args.account.clone(),
        name,
        shared: args.shared,
    })
}

impl Name {
    fn partition(self) -> Partition {
        let [aws, china, us_gov, europe] = PARTITIONS;
        match self {
            Self::Aws => aws,
            Self::AwsCn => china,
            Self::AwsUsGov => us_gov,
            Self::AwsEusc => europe,
        }
    }
}

fn as_json(user: &RevokedUser, revocation: &Revocation) -> String {
    let remains: Vec<_> = revocation
        .remains
        .iter()
        .map(|remains| {
            json!({ "what": remains.what, "until": terminal::utc_time(remains.until), "unless": remains.unless })
        })
        .collect();
    let answer = json!({
        "version": 1,
        "issuer": user.issuer,
        "subject": user.subject,
        "steps": revocation.steps,
        "remains": remains,
    });
    format!("{answer:#}\n")
}

fn as_text(user: &RevokedUser, reason: Reason, revocation: &Revocation) -> String {
    let mut text = match reason {
        Reason::UserLeft => format!("Revoke {} of {}. In this order:\n", user.subject, user.issuer),
        Reason::YubiKeyLost(serial) => {
            format!("YubiKey {serial} of {} ({}) is lost. In this order:\n", user.subject, user.issuer)
        }
    };
    for (index, step) in revocation.steps.iter().enumerate() {
        text += &format!("\n{}. {}\n   {}\n", index + 1, step.title, step.why);
        for command in &step.commands {
            text += &format!("     {command}\n");
        }
    }
    text += "\nWhat stays valid at the longest, counted from now:\n";
    for remains in &revocation.remains {
        text +=
            &format!("  {}: until {}; {}\n", remains.what, terminal::utc_time(remains.until), remains.unless);
    }
    text
}
