//! Where a session's identity comes from.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::secret::{self, Secret};

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
            Self::GithubActions { .. } | Self::TokenFile { .. } => None,
        }
    }

    /// The audience that each ID token must have, where the session holds none.
    pub fn audience(&self) -> Option<&str> {
        match self {
            Self::GithubActions { audience, .. } | Self::TokenFile { audience, .. } => Some(audience),
            Self::Yubikey { .. } | Self::Imported { .. } | Self::TokenVariable { .. } => None,
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
        }
    }

    /// Whether it is a job's, in which no YubiKey signs.
    pub fn is_of_job(&self) -> bool {
        matches!(self, Self::GithubActions { .. } | Self::TokenFile { .. } | Self::TokenVariable { .. })
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
            Self::GithubActions { .. } | Self::TokenFile { .. } | Self::TokenVariable { .. } => None,
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
        ] {
            let json = serde_json::to_value(&source).unwrap();
            assert_eq!((&json["kind"], source.kind()), (&kind.into(), kind));
            let read: Source = serde_json::from_value(json.clone()).unwrap();
            assert_eq!((read.id_token(), read.audience()), (None, Some("sts.amazonaws.com")));
            assert_eq!(serde_json::to_value(&read).unwrap(), json);
        }
    }
}
