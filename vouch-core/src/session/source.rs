//! Where a session's identity comes from.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::role_url::RoleUrl;
use crate::secret::{self, Secret};
use crate::time::UnixTime;

/// What a session was made of, sealed with it. Only a typed login or import writes one: nothing that a program finds
/// around it changes whom a user acts as. The exchange gets role credentials for each in its own way; helpers and broker
/// know nothing of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Source {
    /// A YubiKey signed the ID token, here.
    Yubikey {
        /// The JWT that STS exchanges for role credentials.
        #[serde(with = "secret::sealed")]
        id_token: Secret<String>,
        /// Names the key that signed.
        kid: String,
        /// The YubiKey that signed.
        serial: u32,
    },
    /// The ID token was signed for this machine on another one.
    Imported {
        /// The JWT that STS exchanges for role credentials.
        #[serde(with = "secret::sealed")]
        id_token: Secret<String>,
        /// Names the key that signed.
        kid: String,
        /// The machine that it came from, as it called itself: a label, not evidence.
        from: String,
        /// This machine, as the sender called it; with the subject it names the role session: a label, not evidence.
        host: String,
    },
    /// GitHub Actions gives the job one whenever it asks.
    GithubActions {
        /// Scheme and host that the job asks, as at login.
        origin: String,
        audience: String,
    },
    /// The job has one in a file, which somebody renews.
    TokenFile {
        /// Absolute.
        path: PathBuf,
        audience: String,
    },
    /// A variable of the job held one at login. It is not renewed.
    TokenVariable {
        /// The JWT that STS exchanges for role credentials.
        #[serde(with = "secret::sealed")]
        id_token: Secret<String>,
        name: String,
    },
    /// The agent of the CI gives the job one whenever it is started for it.
    Agent {
        ci: AgentOfCi,
        /// Absolute, as it was found at login.
        program: PathBuf,
        audience: String,
    },
    /// The container has role credentials at an endpoint, which renews them: ECS, CodeBuild, EKS Pod Identity.
    Container {
        url: RoleUrl,
        /// What is shown there, if anything.
        authorization: EndpointAuthorization,
    },
    /// The instance has role credentials in its metadata service.
    Instance {
        /// Below it lies `latest/`.
        endpoint: RoleUrl,
    },
    /// The environment held role credentials at login. They are not renewed.
    Environment {
        access_key_id: String,
        #[serde(with = "secret::sealed")]
        secret_access_key: Secret<String>,
        #[serde(with = "secret::sealed")]
        session_token: Secret<String>,
        /// Where it was told.
        expires_at: Option<UnixTime>,
    },
}

/// A CI whose agent gives ID tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AgentOfCi {
    Buildkite,
    Circleci,
}

impl AgentOfCi {
    /// What its agent is called (Buildkite documentation, "buildkite-agent oidc"; CircleCI documentation, "Using OpenID Connect
    /// tokens in jobs").
    pub fn program(self) -> &'static str {
        match self {
            Self::Buildkite => "buildkite-agent",
            Self::Circleci => "circleci",
        }
    }
}

/// As it is told to a user.
impl fmt::Display for AgentOfCi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Buildkite => "Buildkite",
            Self::Circleci => "CircleCI",
        })
    }
}

/// What a container shows where it asks for role credentials.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum EndpointAuthorization {
    /// Nothing, as in ECS.
    None,
    /// What a file holds, read anew each time, as in EKS.
    File {
        /// Absolute.
        path: PathBuf,
    },
    /// What a variable held at login.
    Value {
        #[serde(with = "secret::sealed")]
        value: Secret<String>,
    },
}

/// As it is told to a user.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Yubikey { serial, .. } => write!(f, "YubiKey {serial}"),
            Self::Imported { from, .. } => write!(f, "a session from {from}"),
            Self::GithubActions { .. } => f.write_str("GitHub Actions"),
            Self::TokenFile { path, .. } => write!(f, "`{}`", path.display()),
            Self::TokenVariable { name, .. } => write!(f, "the variable {name}"),
            Self::Agent { ci, .. } => write!(f, "{ci}"),
            Self::Container { url, .. } => write!(f, "the container's endpoint {}", url.place()),
            Self::Instance { .. } => f.write_str("the metadata service of this instance"),
            Self::Environment { .. } => f.write_str("the environment of the login"),
        }
    }
}

impl Source {
    /// The JWT that STS exchanges for role credentials, where the session holds one; others get a new one each time.
    pub fn id_token(&self) -> Option<&Secret<String>> {
        match self {
            Self::Yubikey { id_token, .. }
            | Self::Imported { id_token, .. }
            | Self::TokenVariable { id_token, .. } => Some(id_token),
            _ => None,
        }
    }

    /// The audience that each ID token must have, where the session holds none.
    pub fn audience(&self) -> Option<&str> {
        match self {
            Self::GithubActions { audience, .. }
            | Self::TokenFile { audience, .. }
            | Self::Agent { audience, .. } => Some(audience),
            _ => None,
        }
    }

    /// As it is sealed, and told to programs.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Yubikey { .. } => "yubikey",
            Self::Imported { .. } => "imported",
            Self::GithubActions { .. } => "github-actions",
            Self::TokenFile { .. } => "token-file",
            Self::TokenVariable { .. } => "token-variable",
            Self::Agent { ci: AgentOfCi::Buildkite, .. } => "buildkite",
            Self::Agent { ci: AgentOfCi::Circleci, .. } => "circleci",
            Self::Container { .. } => "container",
            Self::Instance { .. } => "instance",
            Self::Environment { .. } => "environment",
        }
    }

    /// Whether it is a job's, in which no YubiKey signs.
    pub fn is_of_job(&self) -> bool {
        !matches!(self, Self::Yubikey { .. } | Self::Imported { .. })
    }

    /// Whether it gives role credentials, and no ID token.
    pub fn is_of_role(&self) -> bool {
        matches!(self, Self::Container { .. } | Self::Instance { .. } | Self::Environment { .. })
    }

    /// Whether there are other role credentials to come once those are over.
    pub fn is_renewed(&self) -> bool {
        !matches!(self, Self::Environment { .. })
    }

    /// Seconds to ask for a token that is wanted for so many: 0, which means to CodeArtifact as long as the role credentials
    /// live, where these are not renewed and nothing is to outlive them (CodeArtifact API, GetAuthorizationToken).
    pub fn token_seconds(&self, wanted: u32) -> u32 {
        match self {
            Self::Environment { .. } => 0,
            _ => wanted,
        }
    }

    /// The machine that the ID token came from, where it came from one.
    pub fn from(&self) -> Option<&str> {
        match self {
            Self::Imported { from, .. } => Some(from),
            _ => None,
        }
    }

    /// Names the key that signed the ID token, where a key of the user's did.
    pub fn kid(&self) -> Option<&str> {
        match self {
            Self::Yubikey { kid, .. } | Self::Imported { kid, .. } => Some(kid),
            _ => None,
        }
    }

    /// The serial number of the YubiKey that signed, where it is known here.
    pub fn serial(&self) -> Option<u32> {
        match self {
            Self::Yubikey { serial, .. } => Some(*serial),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_is_sealed_with_its_token_and_shows_none() {
        let secret = || Secret::new("hunter2".to_owned());
        for (source, kind, kid, serial) in [
            (
                Source::Yubikey { id_token: secret(), kid: "k".into(), serial: 7 },
                "yubikey",
                Some("k"),
                Some(7),
            ),
            (
                Source::Imported {
                    id_token: secret(),
                    kid: "k".into(),
                    from: "desk".into(),
                    host: "build1".into(),
                },
                "imported",
                Some("k"),
                None,
            ),
            (
                Source::TokenVariable { id_token: secret(), name: "ID_TOKEN".into() },
                "token-variable",
                None,
                None,
            ),
        ] {
            assert!(!format!("{source:?}").contains("hunter2"));
            let json = serde_json::to_value(&source).unwrap();
            assert_eq!((&json["kind"], source.kind()), (&kind.into(), kind));
            let read: Source = serde_json::from_value(json).unwrap();
            assert_eq!(read.id_token().unwrap().expose(), "hunter2");
            assert_eq!((read.kid(), read.serial()), (kid, serial));
        }
        assert!(serde_json::from_str::<Source>(r#"{"kind": "of-tomorrow", "id_token": "x"}"#).is_err());
    }

    #[test]
    fn what_is_asked_anew_is_sealed_with_its_place() {
        let audience = || "sts.amazonaws.com".to_owned();
        for (source, kind) in [
            (
                Source::GithubActions { origin: "https://id.example.com".into(), audience: audience() },
                "github-actions",
            ),
            (Source::TokenFile { path: "/run/token".into(), audience: audience() }, "token-file"),
            (
                Source::Agent { ci: AgentOfCi::Circleci, program: "/bin/x".into(), audience: audience() },
                "circleci",
            ),
        ] {
            let json = serde_json::to_value(&source).unwrap();
            assert_eq!(source.kind(), kind);
            let read: Source = serde_json::from_value(json.clone()).unwrap();
            assert_eq!((read.id_token(), read.audience()), (None, Some("sts.amazonaws.com")));
            assert_eq!(serde_json::to_value(&read).unwrap(), json);
        }
    }

    #[test]
    fn role_credentials_are_sealed_and_not_shown() {
        let secret = || Secret::new("hunter2".to_owned());
        let container = |authorization| Source::Container {
            url: "http://169.254.170.2/v2/credentials/the-id".parse().unwrap(),
            authorization,
        };
        for (source, kind, renewed) in [
            (container(EndpointAuthorization::None), "container", true),
            (container(EndpointAuthorization::File { path: "/run/token".into() }), "container", true),
            (container(EndpointAuthorization::Value { value: secret() }), "container", true),
            (Source::Instance { endpoint: RoleUrl::OF_INSTANCE.parse().unwrap() }, "instance", true),
            (
                Source::Environment {
                    access_key_id: "ASIA".into(),
                    secret_access_key: secret(),
                    session_token: secret(),
                    expires_at: Some(UnixTime(1)),
                },
                "environment",
                false,
            ),
        ] {
            assert!(!format!("{source:?} {source}").contains("hunter2"));
            assert!(!source.to_string().contains("the-id"), "the path may name the task");
            let json = serde_json::to_value(&source).unwrap();
            let read: Source = serde_json::from_value(json.clone()).unwrap();
            assert_eq!(serde_json::to_value(&read).unwrap(), json);
            assert_eq!((read.kind(), read.is_renewed()), (kind, renewed));
            assert!(
                read.is_of_job()
                    && read.is_of_role()
                    && read.id_token().is_none()
                    && read.audience().is_none()
            );
            assert_eq!(read.token_seconds(900), if renewed { 900 } else { 0 });
        }
        let elsewhere = r#"{"kind": "instance", "endpoint": "http://adversary.example/"}"#;
        assert!(serde_json::from_str::<Source>(elsewhere).is_err());
    }
}
