//! What is said about a finding.

use std::fmt;

use super::found::{Effect, ProjectFinding};
use crate::finding::Finding;
use crate::inspect::NETWORK;

impl Effect {
    /// What it is that the setting does.
    fn does(self) -> &'static str {
        match self {
            Self::Plain => "sends the token over plain HTTP",
            Self::Intercepted => "lets the project's own proxy read the token",
            Self::Elsewhere => "sends the token to another host",
            Self::Unchecked => "turns the check of certificates off",
            Self::Authority => "names the certificate authorities to believe",
            Self::Proxy => "names a proxy",
            Self::OtherHost => "takes a package from another host than the registry's",
            Self::Cache => "keeps the cache in the project",
            Self::LeftOut => "was not looked at",
            Self::Missing => "names a file that is not there",
        }
    }

    /// Why that matters.
    pub fn why(self) -> &'static str {
        match self {
            Self::Plain => "Whoever is on the way to the registry reads the token.",
            Self::Intercepted => "Who wrote that file reads the token.",
            Self::Elsewhere => {
                "The client fills the token into the request, and who runs that host reads it."
            }
            Self::Unchecked => {
                "Whoever is on the way to the registry can pretend to be it, and reads the token."
            }
            Self::Authority => {
                "Who has the key of such an authority and is on the way to the registry can read the token."
            }
            Self::Proxy => {
                "It sees which hosts are asked, and more if a client believes its certificate. npm 10 sends it the token."
            }
            Self::OtherHost => {
                "Vouch's plugin refuses to send the token there: yarn cannot install the package."
            }
            Self::Cache => "Some clients keep tokens in their caches, and others get a copy of the project.",
            Self::LeftOut | Self::Missing => "A setting in it may send the token elsewhere.",
        }
    }

    /// What to do about it.
    fn fix(self) -> &'static str {
        match self {
            Self::Plain => "Write `https://` in its place, or remove the line.",
            Self::Intercepted | Self::Unchecked | Self::Authority | Self::Proxy => {
                "If you do not trust it, remove the line; set proxies and certificates in your own configuration."
            }
            Self::Elsewhere => "Remove the line.",
            Self::OtherHost => "Have yarn write the lock file again.",
            Self::Cache => "Remove the line.",
            Self::LeftOut => "Look at it yourself, or make it a regular file of at most 8 MiB.",
            Self::Missing => "Look whether something makes that file before the client reads it.",
        }
    }
}

/// File, line, setting, and what that does.
impl fmt::Display for ProjectFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, setting, effect, .. } = self;
        match line {
            Some(line) => write!(f, "`{}` line {line}: `{setting}` {}", file.display(), effect.does()),
            None => write!(f, "`{}` {}: {setting}", file.display(), effect.does()),
        }
    }
}

/// As `vouch doctor` has it.
impl From<&ProjectFinding> for Finding {
    fn from(finding: &ProjectFinding) -> Self {
        let (why, fix) = (finding.effect.why(), finding.effect.fix());
        match finding.is_certain {
            true => Self::fail(NETWORK, finding.to_string(), why, fix),
            false => Self::warn(NETWORK, finding.to_string(), why, fix),
        }
    }
}
