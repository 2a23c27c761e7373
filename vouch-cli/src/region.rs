//! Which AWS region serves, and why.

use std::fmt;

use vouch_core::Failure;
use vouch_core::env;
use vouch_core::partition::{Partition, Region};

use crate::region_table::{self, Service};
use crate::{prompt, terminal};

/// A region and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) region: Region,
    pub(crate) reason: Reason,
}

/// Where a region comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    Flag,
    Profile,
    Variable(&'static str),
    Default(Partition),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("--region"),
            Self::Profile => f.write_str("as in the profile"),
            Self::Variable(name) => f.write_str(name),
            Self::Default(partition) => write!(f, "the default of partition {partition}"),
        }
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.region, self.reason)
    }
}

/// Asks about a region that this version does not know, or that lacks the service; where there is nobody to ask, warns of it.
/// One that a profile has was asked about before.
///
/// # Errors
/// When the user does not mean it.
pub(crate) fn confirm(region: &Region, reason: Reason, service: Service) -> Result<(), Failure> {
    if reason == Reason::Profile {
        return Ok(());
    }
    let Some(oddity) = region_table::oddity(region, service) else { return Ok(()) };
    if !prompt::has_user() {
        terminal::warn(&oddity.to_string());
        return Ok(());
    }
    if prompt::agrees(&format!("{} Use it all the same?", sentence(&oddity.to_string())))? {
        return Ok(());
    }
    Err(Failure::configuration(
        oddity.to_string(),
        match reason {
            Reason::Variable(name) => format!("Correct {name}, or give `--region REGION`."),
            _ => "Give another one with `--region REGION`.".to_owned(),
        },
    ))
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase);
    let end = if text.ends_with('?') { "" } else { "." };
    first.into_iter().flatten().chain(letters).chain(end.chars()).collect()
}

/// The variables of the AWS tools, in their order.
const VARIABLES: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];

/// `--region`, else the profile's, else the environment's, else the partition's own.
pub(crate) fn choose(
    flag: Option<&Region>,
    profile: Option<&Region>,
    partition: Partition,
) -> Result<Choice, Failure> {
    choose_with(flag, profile, partition, env::var)
}

fn choose_with(
    flag: Option<&Region>,
    profile: Option<&Region>,
    partition: Partition,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Choice, Failure> {
    if let Some(region) = flag {
        return Ok(Choice { region: region.clone(), reason: Reason::Flag });
    }
    if let Some(region) = profile {
        return Ok(Choice { region: region.clone(), reason: Reason::Profile });
    }
    for name in VARIABLES {
        let Some(text) = variable(name) else { continue };
        let region = text.parse().map_err(|error| {
            Failure::configuration(format!("{name}: {error}"), format!("Correct {name}, or give `--region`."))
        })?;
        return Ok(Choice { region, reason: Reason::Variable(name) });
    }
    Ok(Choice { region: partition.default_region(), reason: Reason::Default(partition) })
}

#[cfg(test)]
mod tests {
    use vouch_core::partition::PARTITIONS;

    use super::*;

    fn chosen(flag: &str, profile: &str, region: &str, default: &str, partition: usize) -> String {
        let parsed = |text: &str| text.parse::<Region>().ok();
        let variable = |name: &str| {
            let value = if name == "AWS_REGION" { region } else { default };
            Some(value.to_owned()).filter(|value| !value.is_empty())
        };
        choose_with(parsed(flag).as_ref(), parsed(profile).as_ref(), PARTITIONS[partition], variable)
            .map_or_else(|failed| failed.message.clone(), |choice| choice.to_string())
    }

    #[test]
    fn the_order_is_flag_profile_environment_partition() {
        let (a, b, c, d) = ("eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1");
        assert_eq!(chosen(a, b, c, d, 0), "eu-west-1 (--region)");
        assert_eq!(chosen("", b, c, d, 0), "eu-west-2 (as in the profile)");
        assert_eq!(chosen("", "", c, d, 0), "eu-west-3 (AWS_REGION)");
        assert_eq!(chosen("", "", "", d, 0), "eu-central-1 (AWS_DEFAULT_REGION)");
        assert_eq!(chosen("", "", "", "", 0), "us-east-1 (the default of partition aws)");
        assert_eq!(chosen("", "", "", "", 1), "cn-northwest-1 (the default of partition aws-cn)");
    }

    #[test]
    fn a_variable_that_is_no_region_is_named() {
        assert!(chosen("", "", "nowhere", "eu-west-1", 0).starts_with("AWS_REGION: `nowhere`"));
        assert_eq!(chosen("eu-west-1", "", "nowhere", "", 0), "eu-west-1 (--region)");
    }
}
