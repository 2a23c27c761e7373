//! AWS profiles, CodeArtifact profiles and registrations: whether they fit together. No network.

use vouch_clients::finding::Finding;
use vouch_clients::inspect;
use vouch_core::config::{Config, Registration};
use vouch_core::endpoint::{Asker, PlainUrl, shown};
use vouch_core::hint::SETUP_AWS;
use vouch_core::profile::ProfileError;

const ROLES: &str = "roles";
const WHY: &str = "AWS would be asked for something that cannot be, or is not asked at all.";

pub(super) fn look(config: Option<&Config>) -> Vec<Finding> {
    let Some(config) = config else { return vec![Finding::skip(ROLES, "the configuration cannot be read")] };
    let (roles, profiles) = (&config.aws.profiles, &config.codeartifact.profiles);
    if roles.is_empty() && profiles.is_empty() {
        return vec![Finding::skip(ROLES, format!("none is set up. Run {SETUP_AWS}."))];
    }
    let mut findings = Vec::new();
    let mut wrong = |error: ProfileError, what: String| {
        let finding = Finding::error(ROLES, &error, WHY).about(what);
        // A profile tells the fault of its role a second time.
        if !findings.iter().any(|known: &Finding| known.message() == finding.message()) {
            findings.push(finding);
        }
    };
    for name in roles.keys() {
        if let Err(error) = config.role_named(name) {
            wrong(error, format!("AWS profile {name}"));
        }
    }
    if let Some(name) = &config.aws.default
        && let Err(error @ ProfileError::NoAwsProfile { .. }) = config.role_named(name)
    {
        wrong(error, "default AWS profile".into());
    }
    for (name, profile) in profiles {
        if let Err(error) = config.role_for(profile, None) {
            wrong(error, format!("profile {name}"));
        }
    }
    if let Some(name) = &config.codeartifact.default
        && let Err(error) = config.profile_named(name)
    {
        wrong(error, "default profile".into());
    }
    for registration in &config.codeartifact.registrations {
        findings.extend(endpoint(config, registration));
    }
    if findings.is_empty() {
        let count = |many: usize, what: &str| format!("{many} {what}{}", if many == 1 { "" } else { "s" });
        findings.push(Finding::ok(
            ROLES,
            format!("{}, {}", count(roles.len(), "AWS profile"), count(profiles.len(), "profile")),
        ));
    }
    findings
}

/// Whether a registration's URL is of the domain that its profile stands for.
fn endpoint(config: &Config, registration: &Registration) -> Option<Finding> {
    let about = inspect::label(registration);
    let profile = match config.profile_named(&registration.profile) {
        Ok(profile) => profile,
        Err(error) => return Some(Finding::error(ROLES, &error, WHY).about(about)),
    };
    let url = PlainUrl::read(&registration.endpoint, Asker::default()).and_then(|url| url.domain());
    let domain = match url {
        Ok(Some((domain, _))) => domain,
        // Another host was allowed on purpose.
        Ok(None) => return None,
        Err(reason) => {
            let found = format!("{} allows nothing: {reason}", shown(&registration.endpoint));
            let finding = Finding::fail(ROLES, found, WHY, inspect::setup(registration));
            return Some(finding.about(about));
        }
    };
    let wanted = profile.domain();
    (domain != wanted).then(|| {
        Finding::fail(
            ROLES,
            format!(
                "{} is of {domain}, and profile `{}` of {wanted}",
                registration.endpoint, registration.profile
            ),
            "The token of one domain is good for nothing in another, so none is given.",
            inspect::setup(registration),
        )
        .about(about)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorded_url_that_allows_nothing_is_told_without_its_password() {
        let findings = |endpoint: &str| {
            let config = serde_json::from_value(serde_json::json!({
                "version": 1,
                "aws": { "profiles": { "vouch": {
                    "role_arn": "arn:aws:iam::123456789012:role/CodeArtifact", "region": "us-east-1"
                } } },
                "codeartifact": {
                    "profiles": { "default": {
                        "domain": "my-domain", "domain_owner": "123456789012", "region": "us-east-1"
                    } },
                    "registrations": [{
                        "tool": "pip", "repository": "my-repo", "profile": "default", "endpoint": endpoint
                    }]
                }
            }))
            .unwrap();
            look(Some(&config))
                .iter()
                .map(|finding| finding.message().to_owned())
                .collect::<Vec<_>>()
                .join("\n")
        };
        assert!(!findings("https://packages.example.com/pypi/my-repo/").contains("allows nothing"));
        for bad in [
            "https://packages.example.com\\@evil.example/",
            "https://aws:hunter2@packages.example.com/pypi/my-repo/",
            "https://PACKAGES.example.com/pypi/my-repo/",
            "hunter2:@",
        ] {
            let told = findings(bad);
            assert!(told.contains("allows nothing: ") && !told.contains("hunter2"), "{bad}: {told}");
        }
    }
}
