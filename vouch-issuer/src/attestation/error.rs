//! Why an attestation is not believed, or is not good enough.

use std::fmt;

use vouch_core::hint::VOUCH_ENROLL;
use vouch_core::piv::{PinPolicy, TouchPolicy};
use vouch_core::time::UnixTime;

/// A certificate of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// What the YubiKey says about a key.
    Attestation,
    /// The YubiKey's own certificate, in slot f9, which signs attestations.
    Device,
    /// A CA above it, by its name.
    Ca(String),
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attestation => f.write_str("the attestation"),
            Self::Device => f.write_str("the YubiKey's certificate (slot f9)"),
            Self::Ca(name) => write!(f, "the certificate of `{name}`"),
        }
    }
}

/// Why a certificate is no attestation of a key that could sign in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AttestationError {
    #[error("{0} is no X.509 certificate")]
    Malformed(Link),
    #[error("the attestation does not tell the key's {0}")]
    Missing(&'static str),
    #[error("{0} names one signature algorithm outside and another one inside")]
    TwoAlgorithms(Link),
    #[error("{0} has an extension twice")]
    Twice(Link),
    #[error("{link} has the critical extension {oid}, which means nothing here")]
    Critical { link: Link, oid: String },

    #[error(
        "the attestation was not made by the YubiKey whose certificate comes with it: it names `{named}`"
    )]
    OtherDevice { named: String },
    #[error("what stands in the place of the YubiKey's certificate (slot f9) is none: it is `{0}`")]
    NoDevice(String),
    #[error("the YubiKey's certificate (slot f9) was made by `{0}`, which is not a PIV CA of Yubico")]
    UnknownCa(String),
    #[error("{0} was not signed by the one that it names")]
    Forged(Link),
    #[error("{0} claims to be a CA")]
    LeafIsCa(Link),
    #[error("{0} may not sign certificates")]
    NotACa(Link),
    #[error("there are more certificates below {0} than it allows")]
    PathTooLong(Link),
    #[error("{0} has expired")]
    Expired(Link, UnixTime),
    #[error("{0} is not valid yet")]
    NotYetValid(Link, UnixTime),

    #[error("the key asks for the PIN {0}; once or always is needed")]
    WeakPin(PinPolicy),
    #[error("the key asks for a touch {0}; always is needed")]
    WeakTouch(TouchPolicy),
    #[error("the attested key is no P-256 key")]
    OtherAlgorithm,
}

impl AttestationError {
    /// The next thing to do for whoever has to judge an enrollment.
    pub fn hint(&self) -> String {
        match self {
            Self::WeakPin(_) | Self::WeakTouch(_) | Self::OtherAlgorithm => {
                return format!(
                    "Have a key made by {VOUCH_ENROLL}, which sets the policies: in another slot, or with `--replace`."
                );
            }
            Self::UnknownCa(_) => {
                "Do not trust this enrollment. Only for cards that are not Yubico's, such as simulated ones: \
                 `--attestation-root FILE` adds their root CA."
            }
            Self::Expired(..) | Self::NotYetValid(..) => {
                "Look at the clock of this machine; if it is right, do not trust this enrollment."
            }
            _ => {
                return format!("Do not trust this enrollment: ask the user, in person, to run {VOUCH_ENROLL} again.");
            }
        }
        .to_owned()
    }
}
