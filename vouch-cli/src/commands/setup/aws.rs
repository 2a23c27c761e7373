//! `vouch setup aws`: the role that a session is exchanged for.

use vouch_core::Class;
use vouch_core::config::{AwsProfile, Config};
use vouch_core::home::Home;
use vouch_core::partition::{Region, RoleArn};
use vouch_core::profile::ProfileError;

use crate::region::{self, Choice};
use crate::report::Failed;
use crate::terminal;

/// Seconds that role credentials are asked for: AWS's own default, which every role allows.
const ROLE_DURATION: u32 = 3600;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The ARN of the role, such as arn:aws:iam::123456789012:role/CodeArtifact
    #[arg(long, value_name = "ARN", required_unless_present = "default")]
    role: Option<RoleArn>,
    /// The name to keep it under
    #[arg(long, value_name = "NAME", default_value = "vouch")]
    profile: String,
    /// The region to ask STS in [default: the profile's, AWS_REGION, AWS_DEFAULT_REGION, that of the partition]
    #[arg(long, value_name = "REGION")]
    region: Option<Region>,
    /// Let this profile serve where nothing else decides
    #[arg(long)]
    default: bool,
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

pub(crate) fn run(args: Args) -> Result<(), Failed> {
    let home = Home::from_env()?;
    let outcome = Config::update(&home, |config| change(config, &args))?;
    let Outcome { region, role, was, is_default, changed, unused } = outcome;
    let name = &args.profile;
    let file = home.config_file();
    if !changed {
        terminal::done(&format!("nothing to change: AWS profile `{name}` is {role} in {}", region.region));
        return Ok(());
    }
    if let Some(was) = was.filter(|was| was.role_arn != role) {
        terminal::warn(&format!("AWS profile `{name}` was {} in {}", was.role_arn, was.region));
    }
    terminal::done(&format!("AWS profile `{name}`: {role}"));
    terminal::done(&format!("region {region}"));
    if is_default {
        terminal::done(&format!("`{name}` serves where nothing else decides"));
    }
    terminal::say(&format!("written to `{}`", file.display()));
    if unused {
        terminal::next(
            "`vouch setup codeartifact --tool cargo --repository REPOSITORY --domain DOMAIN --domain-owner ACCOUNT`",
        );
    }
    Ok(())
}

fn change(config: &mut Config, args: &Args) -> Result<Outcome, Failed> {
    let name = &args.profile;
    if name.is_empty() {
        return Err(Failed::new(
            Class::Usage,
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
        return Err(Failed::configuration(message, hint));
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
