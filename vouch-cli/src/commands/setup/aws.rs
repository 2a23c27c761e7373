//! `vouch setup aws`: the role that a session is exchanged for.

use vouch_clients::aws_config;
use vouch_clients::cargo;
use vouch_clients::edited_file::EditedFile;
use vouch_clients::file_lock::FileLock;
use vouch_clients::home_argument::{HomeArgument, other_owner};
use vouch_clients::journal::Author;
use vouch_clients::text::redact::Dialect;
use vouch_core::config::{AwsProfile, Config};
use vouch_core::hint::{SETUP_AWS_TOOLS, SETUP_FIRST, VOUCH_CREDENTIAL_AWS};
use vouch_core::home::Home;
use vouch_core::partition::{Region, RoleArn};
use vouch_core::profile::ProfileError;
use vouch_core::{ErrorKind, Failure};

use crate::preview;
use crate::prompt;
use crate::region::{self, Choice};
use crate::region_table::{self, Service};
use crate::terminal;

/// Seconds that role credentials are asked for: AWS's own default, which every role allows.
const ROLE_DURATION: u32 = 3600;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The ARN of the role, such as arn:aws:iam::123456789012:role/CodeArtifact
    #[arg(long, value_name = "ARN", required_unless_present_any = ["default", "yes", "dry_run"])]
    role: Option<RoleArn>,
    /// The name to keep it under
    #[arg(long, value_name = "NAME", default_value = "vouch", value_parser = crate::parse::name)]
    profile: String,
    /// The region to ask STS in [default: the profile's, AWS_REGION, AWS_DEFAULT_REGION, that of the partition]
    #[arg(long, value_name = "REGION")]
    region: Option<Region>,
    /// Let this profile serve where nothing else decides
    #[arg(long)]
    default: bool,
    /// Add a profile of the same name to ~/.aws/config, so that AWS tools use the session, without asking
    #[arg(long, conflicts_with = "no")]
    yes: bool,
    /// Leave ~/.aws/config alone, without asking
    #[arg(long)]
    no: bool,
    /// Show what would change in ~/.aws/config and write nothing
    #[arg(long, conflicts_with_all = ["yes", "no"])]
    dry_run: bool,
}

/// What a change came to.
struct Outcome {
    region: Choice,
    role: RoleArn,
    was: Option<AwsProfile>,
    is_default: bool,
    changed: bool,
    /// Whether nothing is set up that the role would serve.
    unused: bool,
}

pub(crate) fn run(home: &Home, args: Args) -> Result<(), Failure> {
    if args.dry_run {
        return dry_run(home, &args);
    }
    // Asked before the configuration is locked.
    let planned = change(&mut Config::load(home)?, &args)?.region;
    region::confirm(&planned.region, planned.reason, Service::Sts)?;
    let outcome = Config::update(home, |config| change(config, &args))?;
    let region_of_tools = outcome.region.region.clone();
    let changed = outcome.changed;
    tell(outcome, home, &args);
    if changed || args.yes { offer(home, &args, &region_of_tools) } else { Ok(()) }
}

/// Adds a profile whose name, role and region are known.
pub(super) fn add(config: &mut Config, name: &str, role: &RoleArn, region: &Region) -> Result<(), Failure> {
    let args = Args {
        role: Some(role.clone()),
        profile: name.to_owned(),
        region: Some(region.clone()),
        default: false,
        yes: false,
        no: true,
        dry_run: false,
    };
    change(config, &args).map(drop)
}

fn tell(outcome: Outcome, home: &Home, args: &Args) {
    let Outcome { region, role, was, is_default, changed, unused } = outcome;
    let name = &args.profile;
    let file = home.config_file();
    if !changed {
        terminal::done(&format!("nothing to change: AWS profile `{name}` is {role} in {}", region.region));
        return;
    }
    if let Some(was) = was.filter(|was| was.role_arn != role) {
        terminal::warn(&format!("AWS profile `{name}` was {} in {}", was.role_arn, was.region));
    }
    terminal::done(&format!("AWS profile `{name}`: {role}"));
    if region_table::oddity(&region.region, Service::Sts).is_none() {
        terminal::done(&format!("region {region}"));
    }
    if is_default {
        terminal::done(&format!("`{name}` serves where nothing else decides"));
    }
    terminal::say(&format!("written to `{}`", file.display()));
    if unused {
        terminal::next(&format!("{SETUP_FIRST}"));
    }
}

fn dry_run(home: &Home, args: &Args) -> Result<(), Failure> {
    let before = Config::load(home)?;
    let mut config = before.clone();
    let region = change(&mut config, args)?.region.region;
    let (file, after) = planned(home, args, &region)?;
    let mut diff = preview::diff(file.path(), Dialect::Ini, (file.text(), &after));
    if config != before {
        let text = EditedFile::read(home.config_file())?;
        let after = config.to_json(home)?;
        diff.push_str(&preview::own_diff(&home.config_file(), (text.text(), &after)));
    }
    if diff.is_empty() {
        terminal::done("nothing would change");
    }
    terminal::print(&diff)
}

/// Offers to let AWS tools use the role: the user says so, or a flag does.
fn offer(home: &Home, args: &Args, region: &Region) -> Result<(), Failure> {
    if args.no {
        return Ok(());
    }
    let planned_now = planned(home, args, region);
    let (file, after) = match planned_now {
        Ok(planned) => planned,
        Err(failed) if args.yes => return Err(failed),
        // Nobody asked for it.
        Err(_) => return Ok(()),
    };
    let shown = file.path().display().to_string();
    let name = &args.profile;
    if after == file.text() {
        return Ok(());
    }
    if !args.yes
        && !prompt::agrees(&format!("Add profile `{name}` to `{shown}`, for aws, SDKs and Terraform?"))?
    {
        terminal::next(&format!(
            "for aws, SDKs and Terraform: {} adds a profile to `{shown}`",
            SETUP_AWS_TOOLS.fill("NAME", name)
        ));
        return Ok(());
    }
    let author = Author { home, client: "aws", dialect: Dialect::Ini, registration: None };
    // It may have been edited while the question stood.
    let lock = FileLock::acquire(home, file.path())?;
    let (file, after) = planned(home, args, region)?;
    let written = file.locked(lock)?.write(&after, &author)?;
    drop(written);
    terminal::done(&format!(
        "profile `{name}` in `{shown}` gets its credentials from {VOUCH_CREDENTIAL_AWS}"
    ));
    if let Some(overriding) = aws_config::overridden_by(name) {
        terminal::warn(&format!(
            "`{}` has keys for `{name}`, which AWS tools prefer: remove them",
            overriding.display()
        ));
    }
    terminal::next(&format!("`aws sts get-caller-identity --profile {name}`"));
    Ok(())
}

/// The file of the AWS tools and what it is to say.
fn planned(home: &Home, args: &Args, region: &Region) -> Result<(EditedFile, String), Failure> {
    let path = aws_config::file().ok_or_else(|| {
        Failure::configuration("the home directory is not known", "Set HOME, or AWS_CONFIG_FILE.")
    })?;
    let file = EditedFile::read(path)?;
    let program = cargo::find_program("vouch").and_then(|path| path.into_os_string().into_string().ok());
    let program = program.ok_or_else(|| {
        Failure::configuration(
            "`vouch` does not know its own path",
            "Install it in a directory on PATH, with a plain name.",
        )
    })?;
    let wanted = aws_config::ProcessEntry {
        profile: &args.profile,
        region,
        program: &program,
        home: &HomeArgument::new(home)?,
        is_usual: other_owner(home, None).is_none(),
    };
    let after = aws_config::edit(file.text(), &wanted).map_err(|error| {
        Failure::configuration(
            format!("`{}`: {error}", file.path().display()),
            "Give this one another name with `--profile NAME`, or change that profile manually; the file is as it was.",
        )
    })?;
    Ok((file, after))
}

fn change(config: &mut Config, args: &Args) -> Result<Outcome, Failure> {
    let name = &args.profile;
    if name.is_empty() {
        return Err(Failure::new(
            ErrorKind::Usage,
            "a profile needs a name",
            "Leave `--profile` out, or give a name.",
        ));
    }
    let was = config.aws.profiles.get(name).cloned();
    let role = match (&args.role, &was) {
        (Some(role), _) => role.clone(),
        (None, Some(was)) => was.role_arn.clone(),
        (None, None) => {
            let known = config.aws.profiles.keys().cloned().collect();
            return Err(ProfileError::NoAwsProfile { name: name.clone(), known }.into());
        }
    };
    // The region of a role in another partition is of no use to this one.
    let stored = was.as_ref().map(|was| &was.region).filter(|region| region.partition() == role.partition());
    let region = region::choose(args.region.as_ref(), stored, role.partition())?;
    if region.region.partition() != role.partition() {
        let message = format!(
            "role {role} is in partition {}, but region {region} is in {}",
            role.partition(),
            region.region.partition()
        );
        let hint = format!(
            "Give a region of {}: `--region {}`.",
            role.partition(),
            role.partition().default_region()
        );
        return Err(Failure::configuration(message, hint));
    }
    let new = AwsProfile {
        role_arn: role.clone(),
        region: region.region.clone(),
        role_duration: was.as_ref().map_or(ROLE_DURATION, |was| was.role_duration),
        other: was.as_ref().map(|was| was.other.clone()).unwrap_or_default(),
    };
    let first = config.aws.default.is_none() && config.aws.profiles.is_empty();
    let is_default = (args.default || first) && config.aws.default.as_ref() != Some(name);
    let changed = is_default || was.as_ref() != Some(&new);
    config.aws.profiles.insert(name.clone(), new);
    if is_default {
        config.aws.default = Some(name.clone());
    }
    let unused = config.codeartifact.registrations.is_empty();
    Ok(Outcome { region, role, was, is_default, changed, unused })
}
