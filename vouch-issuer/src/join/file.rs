//! The join file itself: read strictly, and written in one form.

use serde::{Deserialize, Serialize};
use vouch_core::endpoint::{Domain, Format};
use vouch_core::identity::{IssuerUrl, Subject};
use vouch_core::partition::{AccountId, DomainName, Region, RepositoryName, RoleArn};

use super::address::JoinAddress;
use super::error::JoinError;
use super::pattern::{IssuerPattern, RolePattern};
use super::values::{ProfileName, QuestionsUrl, RepositoryList, Table};
use super::{LIMIT, VERSION};

/// What a team has its users set up. Fields that this version does not know are errors: one of them could restrict what the
/// others allow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JoinFile {
    #[serde(default = "current")]
    pub(super) version: u64,
    issuer: IssuerPattern,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    questions: Option<QuestionsUrl>,
    aws: Table<AwsEntry>,
    codeartifact: Table<DomainEntry>,
}

fn current() -> u64 {
    VERSION
}

/// An AWS profile to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AwsEntry {
    pub role_arn: RolePattern,
    pub region: Region,
}

/// A CodeArtifact profile to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DomainEntry {
    pub domain: DomainName,
    pub domain_owner: AccountId,
    pub region: Region,
    /// The AWS profile of the file whose role reads the domain.
    pub aws_profile: ProfileName,
    #[serde(default, skip_serializing_if = "Repositories::is_empty")]
    pub repositories: Repositories,
}

impl DomainEntry {
    /// The domain that the profile stands for.
    pub fn domain(&self) -> Domain {
        Domain { name: self.domain.clone(), owner: self.domain_owner.clone(), region: self.region.clone() }
    }
}

macro_rules! repositories {
    ($($field:ident $format:ident),+) => {
        /// The repositories that a team uses, by package format.
        #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct Repositories {
            $(
                #[serde(default, skip_serializing_if = "RepositoryList::is_empty")]
                $field: RepositoryList,
            )+
        }

        impl Repositories {
            /// Those of a format.
            pub fn of(&self, format: Format) -> &[RepositoryName] {
                match format {
                    $(Format::$format => self.$field.as_slice(),)+
                    // No package manager that Vouch sets up speaks any other.
                    _ => &[],
                }
            }

            /// Formats that have repositories, with them.
            pub fn iter(&self) -> impl Iterator<Item = (Format, &[RepositoryName])> {
                [$(Format::$format),+]
                    .into_iter()
                    .map(|format| (format, self.of(format)))
                    .filter(|(_, names)| !names.is_empty())
            }

            /// Whether there are none.
            pub fn is_empty(&self) -> bool {
                self.iter().next().is_none()
            }
        }
    };
}

repositories!(cargo Cargo, npm Npm, pypi Pypi, maven Maven, nuget Nuget, ruby Ruby, swift Swift);

/// What the file comes to for one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Personal {
    pub issuer: IssuerUrl,
    /// AWS profiles: name, role and region.
    pub aws: Vec<(ProfileName, RoleArn, Region)>,
    /// CodeArtifact profiles.
    pub codeartifact: Vec<(ProfileName, DomainEntry)>,
}

impl JoinFile {
    /// Reads what the host of `address` served.
    ///
    /// # Errors
    /// See [`JoinError`]: nothing of a file that has a fault anywhere is used.
    pub fn parse(bytes: &[u8], address: &JoinAddress) -> Result<Self, JoinError> {
        if bytes.len() > LIMIT {
            return Err(JoinError::TooLong);
        }
        #[derive(Deserialize)]
        struct Versioned {
            version: u64,
        }
        // First: what a later version has beside it is no fault of the file.
        let Versioned { version } = serde_json::from_slice(bytes).map_err(JoinError::contents)?;
        if version != VERSION {
            return Err(JoinError::Version { version });
        }
        let file: Self = serde_json::from_slice(bytes).map_err(JoinError::contents)?;
        if file.issuer.host() != address.host() {
            let (host, other) = (address.host().to_owned(), file.issuer.host().to_owned());
            return Err(JoinError::OtherOrigin { host, other });
        }
        file.check().map_err(JoinError::contents)?;
        Ok(file)
    }

    /// As it is published.
    ///
    /// # Errors
    /// When it is longer than it may be.
    pub fn to_json(&self) -> Result<Vec<u8>, JoinError> {
        let mut bytes = serde_json::to_vec_pretty(self).map_err(JoinError::contents)?;
        bytes.push(b'\n');
        if bytes.len() > LIMIT { Err(JoinError::TooLong) } else { Ok(bytes) }
    }

    /// Where the users' issuers are.
    pub fn issuer(&self) -> &IssuerPattern {
        &self.issuer
    }

    /// Where to ask.
    pub fn questions(&self) -> Option<&QuestionsUrl> {
        self.questions.as_ref()
    }

    /// The AWS profiles.
    pub fn aws(&self) -> &Table<AwsEntry> {
        &self.aws
    }

    /// The CodeArtifact profiles.
    pub fn codeartifact(&self) -> &Table<DomainEntry> {
        &self.codeartifact
    }

    /// What it comes to for a user.
    ///
    /// # Errors
    /// [`JoinError::Subject`].
    pub fn for_subject(&self, subject: &Subject) -> Result<Personal, JoinError> {
        let aws = self
            .aws
            .iter()
            .map(|(name, entry)| Ok((name.clone(), entry.role_arn.role(subject)?, entry.region.clone())));
        let codeartifact = self.codeartifact.iter().map(|(name, entry)| (name.clone(), entry.clone()));
        Ok(Personal {
            issuer: self.issuer.issuer(subject)?,
            aws: aws.collect::<Result<_, JoinError>>()?,
            codeartifact: codeartifact.collect(),
        })
    }

    /// What no value shows by itself.
    pub(super) fn check(&self) -> Result<(), String> {
        for (name, AwsEntry { role_arn, region }) in self.aws.iter() {
            if role_arn.partition() != region.partition() {
                return Err(format!(
                    "the role of AWS profile `{name}` is in another partition than region {region}"
                ));
            }
        }
        for (name, DomainEntry { region, aws_profile, .. }) in self.codeartifact.iter() {
            let Some(aws) = self.aws.named(aws_profile) else {
                return Err(format!(
                    "profile `{name}` names AWS profile `{aws_profile}`, which the file does not have"
                ));
            };
            if aws.region.partition() != region.partition() {
                return Err(format!(
                    "profile `{name}` and AWS profile `{aws_profile}` are in different partitions"
                ));
            }
        }
        Ok(())
    }
}
