//! Changes of profiles that leave every registration as it is.

use vouch_clients::aws_config;
use vouch_core::config::Config;
use vouch_core::hint::{PROFILE_REMOVE, SETUP_AWS, UNDO_CLIENT, UNDO_LIST};
use vouch_core::home::Home;
use vouch_core::{ErrorKind, Failure};

use super::named::Named;
use super::output::{served, users};
use crate::terminal;

pub(super) fn make_default(home: &Home, Named { name, aws }: &Named) -> Result<(), Failure> {
    let changed = Config::update(home, |config| {
        let default = match aws {
            true => {
                config.aws_profile_named(name)?;
                &mut config.aws.default
            }
            false => {
                config.profile_named(name)?;
                &mut config.codeartifact.default
            }
        };
        Ok::<_, Failure>(default.replace(name.clone()).as_ref() != Some(name))
    })?;
    let kind = kind(*aws);
    terminal::done(&match changed {
        true => format!("{kind} `{name}` serves where none is named"),
        false => format!("nothing to change: {kind} `{name}` serves where none is named already"),
    });
    Ok(())
}

pub(super) fn remove(home: &Home, Named { name, aws }: &Named) -> Result<(), Failure> {
    let default = Config::update(home, |config| match aws {
        true => remove_aws(config, name),
        false => remove_codeartifact(config, name),
    })?;
    let kind = kind(*aws);
    terminal::done(&format!("{kind} `{name}` is forgotten"));
    match default {
        Some(default) => terminal::done(&format!("{kind} `{default}` serves where none is named")),
        None => terminal::say(&format!("No {kind} serves where none is named.")),
    }
    Ok(())
}

/// Forgets it, and answers which one is the default then.
fn remove_codeartifact(config: &mut Config, name: &str) -> Result<Option<String>, Failure> {
    config.profile_named(name)?;
    let users: Vec<_> =
        users(config, name).map(|known| format!("{} `{}`", known.tool, known.repository)).collect();
    if !users.is_empty() {
        return Err(Failure::configuration(
            format!("CodeArtifact profile `{name}` is in use by {}", users.join(", ")),
            format!("{UNDO_LIST} shows what set them up; undo that first."),
        ));
    }
    config.codeartifact.profiles.shift_remove(name);
    config.codeartifact.default.take_if(|default| default == name);
    Ok(config.default_profile().ok().map(str::to_owned))
}

fn remove_aws(config: &mut Config, name: &str) -> Result<Option<String>, Failure> {
    config.aws_profile_named(name)?;
    let served = served(config, name);
    if let Some(first) = served.first() {
        return Err(Failure::configuration(
            format!("AWS profile `{name}` has the role that reads {}", served.join(", ")),
            format!(
                "Give it another role, {}, or remove what uses it first: {}.",
                SETUP_AWS.flag("--profile", name),
                PROFILE_REMOVE.fill("NAME", first)
            ),
        ));
    }
    if let Some(file) = aws_config::asked_in(name)? {
        return Err(Failure::new(
            ErrorKind::Configuration,
            format!("`{}` has AWS tools ask for AWS profile `{name}`", file.display()),
            format!("{} removes those lines; remove the profile then.", UNDO_CLIENT.fill("CLIENT", "aws")),
        ));
    }
    config.aws.profiles.shift_remove(name);
    config.aws.default.take_if(|default| default == name);
    let mut left = config.aws.profiles.keys();
    Ok(config.aws.default.clone().or_else(|| left.next().filter(|_| left.next().is_none()).cloned()))
}

fn kind(aws: bool) -> &'static str {
    if aws { "AWS profile" } else { "CodeArtifact profile" }
}
