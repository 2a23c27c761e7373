//! Where a session's identity comes from.

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
    },
}

impl Source {
    /// The JWT that STS exchanges for role credentials.
    pub fn id_token(&self) -> &Secret<String> {
        match self {
            Self::Yubikey { id_token, .. } | Self::Imported { id_token, .. } => id_token,
        }
    }

    /// Names the key that signed the ID token, where a key of the user's did.
    pub fn kid(&self) -> Option<&str> {
        match self {
            Self::Yubikey { kid, .. } | Self::Imported { kid, .. } => Some(kid),
        }
    }

    /// The serial number of the YubiKey that signed, where it is known here.
    pub fn serial(&self) -> Option<u32> {
        match self {
            Self::Yubikey { serial, .. } => Some(*serial),
            Self::Imported { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_is_sealed_with_its_token_and_shows_none() {
        for (source, kind, serial) in [
            (
                Source::Yubikey { id_token: Secret::new("hunter2".into()), kid: "k".into(), serial: 7 },
                "yubikey",
                Some(7),
            ),
            (
                Source::Imported {
                    id_token: Secret::new("hunter2".into()),
                    kid: "k".into(),
                    from: "desk".into(),
                },
                "imported",
                None,
            ),
        ] {
            assert!(!format!("{source:?}").contains("hunter2"));
            let json = serde_json::to_value(&source).unwrap();
            assert_eq!(json["kind"], kind);
            let read: Source = serde_json::from_value(json).unwrap();
            assert_eq!(
                (read.id_token().expose().as_str(), read.kid(), read.serial()),
                ("hunter2", Some("k"), serial)
            );
        }
        assert!(serde_json::from_str::<Source>(r#"{"kind": "of-tomorrow", "id_token": "x"}"#).is_err());
    }
}
