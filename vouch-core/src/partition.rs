//! AWS partitions, regions, accounts and role ARNs.
//!
//! Source: `endpoints.json` and the endpoint rule sets of the AWS service models. CodeArtifact runs in 13 regions of
//! the `aws` partition today; the other partitions follow the same rules by construction.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A group of AWS regions with its own accounts, host names and ARNs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partition {
    /// As it stands in ARNs: `aws`, `aws-cn`, `aws-us-gov`, `aws-eusc`.
    pub name: &'static str,
    /// What AWS host names end with, without a leading dot.
    pub dns_suffix: &'static str,
    /// The same for dual-stack package endpoints, where AWS documents one.
    pub dualstack_suffix: Option<&'static str>,
    /// The region that stands for the partition where none is named (`implicitGlobalRegion` of the service models).
    pub implicit_region: &'static str,
}

/// Every partition that Vouch knows.
pub const PARTITIONS: [Partition; 4] = [
    Partition {
        name: "aws",
        dns_suffix: "amazonaws.com",
        dualstack_suffix: Some("on.aws"),
        implicit_region: "us-east-1",
    },
    Partition {
        name: "aws-cn",
        dns_suffix: "amazonaws.com.cn",
        dualstack_suffix: None,
        implicit_region: "cn-northwest-1",
    },
    Partition {
        name: "aws-us-gov",
        dns_suffix: "amazonaws.com",
        dualstack_suffix: None,
        implicit_region: "us-gov-west-1",
    },
    Partition {
        name: "aws-eusc",
        dns_suffix: "amazonaws.eu",
        dualstack_suffix: None,
        implicit_region: "eusc-de-east-1",
    },
];

impl Partition {
    fn named(name: &str) -> Option<Self> {
        PARTITIONS.into_iter().find(|partition| partition.name == name)
    }

    /// The region to use where nobody named one.
    pub fn default_region(self) -> Region {
        Region(self.implicit_region.to_owned())
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// What is wrong with an AWS name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    #[error("`{0}` is no AWS region (such as `us-east-1`)")]
    Region(String),
    #[error("`{0}` is no AWS account ID: 12 digits are needed")]
    Account(String),
    #[error("`{0}` is no IAM role ARN (such as `arn:aws:iam::123456789012:role/CodeArtifact`)")]
    RoleArn(String),
    #[error(
        "`{0}` is no CodeArtifact domain name: 2 to 50 lower-case letters, digits and hyphens, a letter first"
    )]
    Domain(String),
    #[error(
        "`{0}` is no CodeArtifact repository name: 2 to 100 letters, digits, dots, hyphens and underscores, \
         a letter or digit first"
    )]
    Repository(String),
}

/// An AWS region whose partition is known.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Region(String);

impl Region {
    /// The region as AWS writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The partition that the region lies in.
    pub fn partition(&self) -> Partition {
        // Parsing has made sure that there is one.
        partition_of_region(&self.0).unwrap_or(PARTITIONS[0])
    }
}

impl FromStr for Region {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        match partition_of_region(text) {
            Some(_) => Ok(Self(text.to_owned())),
            None => Err(NameError::Region(text.to_owned())),
        }
    }
}

/// The partitions' own region patterns: a geography, a direction and a number.
fn partition_of_region(region: &str) -> Option<Partition> {
    const GEOGRAPHIES: [&str; 9] = ["us", "eu", "ap", "sa", "ca", "me", "af", "il", "mx"];
    let (rest, number) = region.rsplit_once('-')?;
    let (geography, direction) = rest.rsplit_once('-')?;
    let well_formed = (1..=2).contains(&number.len())
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && (4..=16).contains(&direction.len())
        && direction.bytes().all(|byte| byte.is_ascii_lowercase());
    if !well_formed {
        return None;
    }
    match geography {
        "cn" => Partition::named("aws-cn"),
        "us-gov" => Partition::named("aws-us-gov"),
        "eusc-de" => Partition::named("aws-eusc"),
        _ if GEOGRAPHIES.contains(&geography) => Partition::named("aws"),
        _ => None,
    }
}

/// An AWS account ID: exactly 12 digits, leading zeros count.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountId(String);

impl AccountId {
    /// The 12 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AccountId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Self(text.to_owned()));
        }
        Err(NameError::Account(text.to_owned()))
    }
}

/// The ARN of an IAM role, 20 to 2048 characters (STS, AssumeRoleWithWebIdentity).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RoleArn(String);

impl RoleArn {
    /// The whole ARN.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The account that the role lives in.
    pub fn account(&self) -> AccountId {
        AccountId(self.field(4).to_owned())
    }

    /// The partition of the ARN.
    pub fn partition(&self) -> Partition {
        Partition::named(self.field(1)).unwrap_or(PARTITIONS[0])
    }

    /// The role's name, without its path.
    pub fn role_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    fn field(&self, index: usize) -> &str {
        self.0.split(':').nth(index).unwrap_or_default()
    }
}

impl FromStr for RoleArn {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let wrong = || NameError::RoleArn(text.to_owned());
        let mut fields = text.splitn(6, ':');
        let mut next = || fields.next().ok_or_else(wrong);
        let arn = next()?;
        let partition = Partition::named(next()?);
        let (service, region, account, resource) = (next()?, next()?, next()?, next()?);
        let role = resource.strip_prefix("role/").ok_or_else(wrong)?;
        let name = role.rsplit('/').next().unwrap_or_default();
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"+=,.@-_/".contains(&byte);
        let ok = arn == "arn"
            && partition.is_some()
            && service == "iam"
            && region.is_empty()
            && account.parse::<AccountId>().is_ok()
            && (1..=64).contains(&name.len())
            && role.bytes().all(allowed)
            && text.len() <= 2048;
        if ok { Ok(Self(text.to_owned())) } else { Err(wrong()) }
    }
}

/// A CodeArtifact domain name (CodeArtifact API: `[a-z][a-z0-9\-]{0,48}[a-z0-9]`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DomainName(String);

impl DomainName {
    /// The name as AWS writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DomainName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let lower = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let ok = (2..=50).contains(&text.len())
            && text.bytes().all(|byte| lower(byte) || byte == b'-')
            && text.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase())
            && text.bytes().last().is_some_and(lower);
        if ok { Ok(Self(text.to_owned())) } else { Err(NameError::Domain(text.to_owned())) }
    }
}

/// A CodeArtifact repository name (CodeArtifact API: `[A-Za-z0-9][A-Za-z0-9._\-]{1,99}`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RepositoryName(String);

impl RepositoryName {
    /// The name as AWS writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RepositoryName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let ok = (2..=100).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
            && text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        if ok { Ok(Self(text.to_owned())) } else { Err(NameError::Repository(text.to_owned())) }
    }
}

macro_rules! string_conversions {
    ($($name:ty),+) => {$(
        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(text: String) -> Result<Self, NameError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

string_conversions!(Region, AccountId, RoleArn, DomainName, RepositoryName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_belong_to_their_partition() {
        for (region, partition, suffix) in [
            ("us-east-1", "aws", "amazonaws.com"),
            ("ap-southeast-2", "aws", "amazonaws.com"),
            ("mx-central-1", "aws", "amazonaws.com"),
            ("cn-north-1", "aws-cn", "amazonaws.com.cn"),
            ("cn-northwest-1", "aws-cn", "amazonaws.com.cn"),
            ("us-gov-west-1", "aws-us-gov", "amazonaws.com"),
            ("eusc-de-east-1", "aws-eusc", "amazonaws.eu"),
        ] {
            let found = region.parse::<Region>().unwrap().partition();
            assert_eq!((found.name, found.dns_suffix), (partition, suffix), "{region}");
        }
    }

    #[test]
    fn the_implicit_region_lies_in_its_partition() {
        for partition in PARTITIONS {
            assert_eq!(
                partition.default_region().to_string().parse::<Region>().unwrap().partition(),
                partition
            );
        }
    }

    #[test]
    fn what_is_no_region_is_refused() {
        for text in [
            "",
            "us",
            "us-east",
            "us-east-",
            "us-east-x",
            "US-EAST-1",
            "xx-east-1",
            "us-east-1.evil",
            "us-east-123",
        ] {
            assert_eq!(text.parse::<Region>(), Err(NameError::Region(text.to_owned())));
        }
    }

    #[test]
    fn role_arns_are_taken_apart() {
        let arn: RoleArn = "arn:aws-cn:iam::333333333333:role/team/CodeArtifact".parse().unwrap();
        assert_eq!(arn.partition().name, "aws-cn");
        assert_eq!(arn.account().as_str(), "333333333333");
        assert_eq!(arn.role_name(), "CodeArtifact");
    }

    #[test]
    fn what_is_no_role_arn_is_refused() {
        for text in [
            "",
            "CodeArtifact",
            "arn:aws:iam::123456789012:user/alice",
            "arn:aws:iam::12345678901:role/CodeArtifact",
            "arn:aws:iam::123456789012:role/",
            "arn:aws:iam:us-east-1:123456789012:role/CodeArtifact",
            "arn:aws:sts::123456789012:role/CodeArtifact",
            "arn:other:iam::123456789012:role/CodeArtifact",
            "arn:aws:iam::ARTIFACTS_ACCOUNT:role/CodeArtifactReader",
            "arn:aws:iam::123456789012:role/Code Artifact",
        ] {
            assert!(text.parse::<RoleArn>().is_err(), "{text}");
        }
    }

    #[test]
    fn names_keep_to_the_api_patterns() {
        for good in ["ab", "my-domain", "a1", &"a".repeat(50)] {
            assert!(good.parse::<DomainName>().is_ok(), "{good}");
        }
        for bad in ["a", "1ab", "-ab", "ab-", "My-domain", "my_domain", "my.domain", &"a".repeat(51)] {
            assert!(bad.parse::<DomainName>().is_err(), "{bad}");
        }
        for bad in ["a", ".ab", "a/b", "a b", "ä1", &"a".repeat(101)] {
            assert!(bad.parse::<RepositoryName>().is_err(), "{bad}");
        }
    }
}
