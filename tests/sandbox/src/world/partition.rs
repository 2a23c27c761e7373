//! AWS partitions and the host names of their services.

/// One row of AWS's partition table (the public service models' `endpoints.json`).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Partition {
    /// The second field of its ARNs.
    pub(crate) name: &'static str,
    /// Suffix of ordinary service hosts.
    pub(crate) suffix: &'static str,
    /// Suffix of dual-stack service hosts.
    pub(crate) dual_stack_suffix: &'static str,
    /// Suffix of CodeArtifact's dual-stack data plane. Seen for `aws` only; the others follow the pattern.
    pub(crate) on_suffix: &'static str,
    region_prefixes: &'static [&'static str],
}

static PARTITIONS: [Partition; 4] = [
    Partition {
        name: "aws",
        suffix: "amazonaws.com",
        dual_stack_suffix: "api.aws",
        on_suffix: "on.aws",
        region_prefixes: &["us", "eu", "ap", "sa", "ca", "me", "af", "il", "mx"],
    },
    Partition {
        name: "aws-cn",
        suffix: "amazonaws.com.cn",
        dual_stack_suffix: "api.amazonwebservices.com.cn",
        on_suffix: "on.amazonwebservices.com.cn",
        region_prefixes: &["cn"],
    },
    Partition {
        name: "aws-us-gov",
        suffix: "amazonaws.com",
        dual_stack_suffix: "api.aws",
        on_suffix: "on.aws",
        region_prefixes: &["us-gov"],
    },
    Partition {
        name: "aws-eusc",
        suffix: "amazonaws.eu",
        dual_stack_suffix: "api.amazonwebservices.eu",
        on_suffix: "on.amazonwebservices.eu",
        region_prefixes: &["eusc-de"],
    },
];

impl Partition {
    pub(crate) fn named(name: &str) -> Option<&'static Partition> {
        PARTITIONS.iter().find(|p| p.name == name)
    }

    /// The partition whose regions look like `region`: prefix, word, digits.
    pub(crate) fn of_region(region: &str) -> Option<&'static Partition> {
        let (rest, number) = region.rsplit_once('-')?;
        let (prefix, word) = rest.rsplit_once('-')?;
        let is_number = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
        let is_word = !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase());
        if !is_number || !is_word {
            return None;
        }
        PARTITIONS.iter().find(|p| p.region_prefixes.contains(&prefix))
    }
}

/// What an AWS host name stands for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum AwsHost {
    /// STS of a region; the global host is that of `us-east-1`.
    Sts { region: String, partition: &'static Partition },
    /// CodeArtifact's control plane.
    CodeArtifact { region: String, partition: &'static Partition },
    /// CodeArtifact's data plane.
    Registry { domain: String, owner: String, region: String },
}

impl AwsHost {
    pub(crate) fn parse(host: &str) -> Option<AwsHost> {
        if host == "sts.amazonaws.com" {
            return regional("us-east-1").map(|(region, partition)| AwsHost::Sts { region, partition });
        }
        let (first, rest) = host.split_once('.')?;
        match first {
            "sts" | "sts-fips" => {
                service_region(rest).map(|(region, partition)| AwsHost::Sts { region, partition })
            }
            "codeartifact" | "codeartifact-fips" => {
                service_region(rest).map(|(region, partition)| AwsHost::CodeArtifact { region, partition })
            }
            _ => data_plane(first, rest),
        }
    }
}

/// The host of a domain's data plane.
pub(crate) fn data_plane_host(domain: &str, owner: &str, region: &str, dual_stack: bool) -> Option<String> {
    let partition = Partition::of_region(region)?;
    Some(if dual_stack {
        format!("{domain}-{owner}.codeartifact.{region}.{}", partition.on_suffix)
    } else {
        format!("{domain}-{owner}.d.codeartifact.{region}.{}", partition.suffix)
    })
}

fn regional(region: &str) -> Option<(String, &'static Partition)> {
    Partition::of_region(region).map(|partition| (region.to_string(), partition))
}

fn service_region(rest: &str) -> Option<(String, &'static Partition)> {
    let (region, suffix) = rest.split_once('.')?;
    let (region, partition) = regional(region)?;
    [partition.suffix, partition.dual_stack_suffix].contains(&suffix).then_some((region, partition))
}

/// The dual-stack host has no `.d.`, the ordinary one always has.
fn data_plane(label: &str, rest: &str) -> Option<AwsHost> {
    let (domain, owner) = label.rsplit_once('-')?;
    if !super::config::is_domain_name(domain) || !super::config::is_account_id(owner) {
        return None;
    }
    let (dotted, rest) = match rest.strip_prefix("d.codeartifact.") {
        Some(rest) => (true, rest),
        None => (false, rest.strip_prefix("codeartifact.")?),
    };
    let (region, suffix) = rest.split_once('.')?;
    let (region, partition) = regional(region)?;
    let wanted = if dotted { partition.suffix } else { partition.on_suffix };
    (suffix == wanted).then(|| AwsHost::Registry { domain: domain.into(), owner: owner.into(), region })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registry(host: &str) -> Option<(String, String, String)> {
        match AwsHost::parse(host)? {
            AwsHost::Registry { domain, owner, region } => Some((domain, owner, region)),
            _ => None,
        }
    }

    #[test]
    fn data_plane_hosts() {
        let plain = registry("my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com").unwrap();
        assert_eq!(plain, ("my-domain".into(), "123456789012".into(), "us-east-1".into()));
        assert!(registry("my-domain-123456789012.codeartifact.us-east-1.on.aws").is_some());
        assert!(registry("d1-333333333333.d.codeartifact.cn-north-1.amazonaws.com.cn").is_some());
    }

    #[test]
    fn look_alikes_are_no_aws_hosts() {
        for host in [
            "my-domain-123456789012.d.codeartifact.us-east-1.on.aws",
            "my-domain-123456789012.codeartifact.us-east-1.amazonaws.com",
            "my-domain-12345678901.d.codeartifact.us-east-1.amazonaws.com",
            "my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com.evil.example",
            "my-domain-123456789012.d.codeartifact.cn-north-1.amazonaws.com",
            "my-domain-123456789012.d.codeartifact.cn-north-1.amazonaws.cn",
            "sts.cn-north-1.amazonaws.com",
            "sts.us-east-1.amazonaws.com.",
            "sts.nowhere.amazonaws.com",
        ] {
            assert_eq!(AwsHost::parse(host), None, "{host}");
        }
    }
}
