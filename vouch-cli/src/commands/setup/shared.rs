//! What `vouch join` does as `vouch setup` would.

use vouch_clients::tool::Tool;
use vouch_core::config::Config;
use vouch_core::partition::{Region, RepositoryName, RoleArn};
use vouch_core::{Context, Failure};

use super::{aws, codeartifact, profile};
use crate::domain::DomainFlags;

/// An AWS profile that is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewAwsProfile {
    pub(crate) name: String,
    pub(crate) role: RoleArn,
    pub(crate) region: Region,
}

/// A CodeArtifact profile that is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewProfile {
    pub(crate) name: String,
    pub(crate) domain: vouch_core::endpoint::Domain,
    pub(crate) aws_profile: String,
}

/// Adds an AWS profile, as `vouch setup aws` would; the first one of all becomes the default.
pub(crate) fn add_aws_profile(config: &mut Config, new: &NewAwsProfile) -> Result<(), Failure> {
    aws::add(config, &new.name, &new.role, &new.region)
}

/// Adds a CodeArtifact profile that nothing uses yet, as `vouch setup codeartifact` would; the first one of all becomes the
/// default.
pub(crate) fn add_profile(config: &mut Config, new: &NewProfile) -> Result<(), Failure> {
    let flags = DomainFlags {
        domain: Some(new.domain.name.clone()),
        domain_owner: Some(new.domain.owner.clone()),
        region: Some(new.domain.region.clone()),
        profile: Some(new.name.clone()),
        aws_profile: Some(new.aws_profile.clone()),
    };
    let chosen = profile::make(config, &flags, &new.name)?;
    let is_first = config.codeartifact.profiles.is_empty() && config.codeartifact.default.is_none();
    config.codeartifact.profiles.insert(chosen.name.clone(), chosen.profile);
    if is_first {
        config.codeartifact.default = Some(chosen.name);
    }
    Ok(())
}

/// Sets a package manager up for a repository of a profile, as `vouch setup codeartifact --tool` would. What to type next is the
/// caller's to say.
pub(crate) fn set_up_tool(
    context: &Context,
    tool: Tool,
    repository: &RepositoryName,
    profile: &str,
) -> Result<(), Failure> {
    codeartifact::run(context, &codeartifact::Args::for_join(tool, repository, profile))
}
