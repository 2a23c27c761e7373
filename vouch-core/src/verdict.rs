//! What AWS said of a CodeArtifact domain, for all sessions: setup corrects what AWS refused, and keeps what it answered for.
//!
//! Whoever asks for a token learns it, helpers above all, and they never write the configuration. So each verdict is a file
//! of its own beside it, and that it is there is all that counts: two processes cannot spoil it.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::config::{Config, Profile};
use crate::endpoint::Domain;
use crate::home::{self, Home};
use crate::partition::RoleArn;
use crate::vault::EntryName;

/// What is known of a domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Verdict {
    /// Nobody asked yet, or nobody answered.
    #[default]
    Unasked,
    /// AWS gave a token once: the domain is there.
    Answered,
    /// AWS refused the domain to its present role and never answered for it.
    Refused,
}

impl Verdict {
    /// What is known of a profile's domain, by the role that reads it now.
    pub fn of(home: &Home, config: &Config, profile: &Profile) -> Self {
        let domain = profile.domain();
        if answered(home, &domain).exists() {
            return Self::Answered;
        }
        match config.role_for(profile, None) {
            Ok(role) if refused(home, &domain, &role.arn).exists() => Self::Refused,
            _ => Self::Unasked,
        }
    }
}

/// Notes that AWS gave a token for a domain.
pub(crate) fn record_answer(home: &Home, domain: &Domain) {
    record(home, &answered(home, domain), &format!("AWS answered for {domain}\n"));
}

/// Notes that AWS refused a domain to a role.
pub(crate) fn record_refusal(home: &Home, domain: &Domain, role: &RoleArn) {
    record(home, &refused(home, domain, role), &format!("AWS refused {domain} to {role}\n"));
}

fn answered(home: &Home, Domain { name, owner, region }: &Domain) -> PathBuf {
    let parts = [name.as_str(), owner.as_str(), region.as_str()];
    home.verdicts().join(EntryName::new("answered", &parts).to_string())
}

fn refused(home: &Home, Domain { name, owner, region }: &Domain, role: &RoleArn) -> PathBuf {
    let parts = [name.as_str(), owner.as_str(), region.as_str(), role.as_str()];
    home.verdicts().join(EntryName::new("refused", &parts).to_string())
}

/// That it cannot be noted keeps nobody from a token: setup then takes the domain for one that was not asked.
fn record(home: &Home, path: &Path, text: &str) {
    if path.exists() {
        return;
    }
    let made = home::create_private_dir(&home.verdicts()).and_then(|()| create(path, text));
    if let Err(error) = made {
        tracing::warn!(error = &error as &dyn std::error::Error, "what AWS said of a domain is not kept");
    }
}

fn create(path: &Path, text: &str) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(mut file) => file.write_all(text.as_bytes()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(domain: &str, role: &str) -> Config {
        serde_json::from_value(serde_json::json!({
            "version": 1,
            "aws": { "profiles": { "vouch": {
                "role_arn": format!("arn:aws:iam::123456789012:role/{role}"), "region": "us-east-1"
            } } },
            "codeartifact": { "profiles": { "default": {
                "domain": domain, "domain_owner": "123456789012", "region": "us-east-1"
            } } }
        }))
        .unwrap()
    }

    fn verdict(home: &Home, config: &Config) -> Verdict {
        Verdict::of(home, config, config.profile_named("default").unwrap())
    }

    #[test]
    fn a_refusal_holds_for_its_role_and_until_there_is_an_answer() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path().join("vouch")).unwrap();
        let ours = config("my-domain", "CodeArtifact");
        let target = (ours.profile_named("default").unwrap().domain(), ours.role_named("vouch").unwrap().arn);
        assert_eq!(verdict(&home, &ours), Verdict::Unasked);
        for _ in 0..2 {
            record_refusal(&home, &target.0, &target.1);
            assert_eq!(verdict(&home, &ours), Verdict::Refused);
        }
        for other in [config("other-domain", "CodeArtifact"), config("my-domain", "Other")] {
            assert_eq!(verdict(&home, &other), Verdict::Unasked);
        }
        let mut without_role = ours.clone();
        without_role.aws.profiles.clear();
        assert_eq!(verdict(&home, &without_role), Verdict::Unasked);
        record_answer(&home, &target.0);
        assert_eq!(verdict(&home, &ours), Verdict::Answered);
        // What answered once is there, whoever is refused later.
        record_refusal(&home, &target.0, &target.1);
        assert_eq!(verdict(&home, &ours), Verdict::Answered);
        assert_eq!(verdict(&home, &config("my-domain", "Other")), Verdict::Answered);
    }

    #[test]
    #[cfg(unix)]
    fn it_is_the_users_alone_and_its_loss_is_no_failure() {
        use std::os::unix::fs::PermissionsExt;

        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path().join("vouch")).unwrap();
        let domain = config("my-domain", "x").profile_named("default").unwrap().domain();
        fs::create_dir(home.path()).unwrap();
        fs::write(home.verdicts(), "in the way").unwrap();
        record_answer(&home, &domain);
        assert!(!answered(&home, &domain).exists());
        fs::remove_file(home.verdicts()).unwrap();
        record_answer(&home, &domain);
        let mode = |path: PathBuf| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(home.verdicts()), mode(answered(&home, &domain))), (0o700, 0o600));
    }
}
