//! Which regions there are, as far as this version knows: AWS adds some each year, so an unknown one is asked about and never
//! refused.

use vouch_core::partition::Region;

/// Regions of the partitions that Vouch knows. Source: `partitions.json` of botocore, as in AWS CLI 1.46.3.
const REGIONS: [&str; 39] = [
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eusc-de-east-1",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-west-1",
    "us-west-2",
];

/// Regions with CodeArtifact. Source: AWS General Reference, "AWS CodeArtifact endpoints and quotas", as in `endpoints.json` of
/// botocore.
const CODEARTIFACT: [&str; 13] = [
    "ap-northeast-1",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "eu-central-1",
    "eu-north-1",
    "eu-south-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "us-east-1",
    "us-east-2",
    "us-west-2",
];

/// What is to be asked for in a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    Sts,
    CodeArtifact,
}

/// What is odd about a region.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Oddity {
    #[error("region {region} is none that this Vouch knows{}", meant(*.near))]
    Unknown { region: Region, near: Option<&'static str> },
    #[error("region {region} has no CodeArtifact as far as this Vouch knows: it is in {}", CODEARTIFACT.join(", "))]
    NoCodeArtifact { region: Region },
}

fn meant(near: Option<&str>) -> String {
    near.map(|near| format!(": did you mean {near}?")).unwrap_or_default()
}

/// What is odd about a region; nothing where the service is known to be there.
pub(crate) fn oddity(region: &Region, service: Service) -> Option<Oddity> {
    let known = match service {
        Service::Sts => &REGIONS[..],
        Service::CodeArtifact => &CODEARTIFACT[..],
    };
    let name = region.as_str();
    if known.contains(&name) {
        return None;
    }
    let region = region.clone();
    if REGIONS.contains(&name) {
        return Some(Oddity::NoCodeArtifact { region });
    }
    let near = known.iter().map(|other| (strsim::damerau_levenshtein(name, other), *other));
    let near = near.filter(|(distance, _)| *distance <= 2).min().map(|(_, other)| other);
    Some(Oddity::Unknown { region, near })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_region_is_one_of_a_partition_and_those_with_codeartifact_are_among_them() {
        for name in REGIONS {
            let region: Region = name.parse().unwrap();
            assert_eq!(oddity(&region, Service::Sts), None);
        }
        assert!(CODEARTIFACT.iter().all(|name| REGIONS.contains(name)));
        for partition in vouch_core::partition::PARTITIONS {
            assert_eq!(oddity(&partition.default_region(), Service::Sts), None);
        }
    }

    #[test]
    fn an_unknown_region_is_told_with_the_one_that_was_meant() {
        let told =
            |name: &str, service| oddity(&name.parse().unwrap(), service).map(|oddity| oddity.to_string());
        for (name, meant) in
            [("us-east-11", "us-east-1"), ("us-esat-2", "us-east-2"), ("eu-centrel-1", "eu-central-1")]
        {
            for service in [Service::Sts, Service::CodeArtifact] {
                let told = told(name, service).unwrap();
                assert!(told.contains(&format!("did you mean {meant}?")), "{told}");
            }
        }
        assert!(!told("us-northwest-7", Service::Sts).unwrap().contains("did you mean"));
        assert!(told("ca-central-1", Service::CodeArtifact).unwrap().contains("has no CodeArtifact"));
        assert_eq!(told("eu-west-3", Service::CodeArtifact), None);
    }
}
