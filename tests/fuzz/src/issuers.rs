//! What users hand to their administrator, and what an issuer's host serves.

use vouch_core::http::{FetchedDocument, HttpError};
use vouch_core::time::UnixTime;
use vouch_issuer::attestation::{self, Attestation, TrustStore};
use vouch_issuer::check::{self, Expected, ExpectedKeys};
use vouch_issuer::documents::removed_keys;
use vouch_issuer::enrollment::Enrollment;
use vouch_issuer::trust;

/// A certificate, and behind four bytes of length its issuer: nothing made up is genuine.
pub fn attestations(data: &[u8]) {
    let _ = Attestation::parse(data);
    let _ = attestation::certified_key(data);
    let store = TrustStore::yubico().expect("the roots are good");
    if let Some((length, rest)) = data.split_first_chunk::<4>() {
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let (leaf, issuer) = rest.split_at(length.min(rest.len()));
        let _ = attestation::verify(leaf, issuer, &store, UnixTime(1_800_000_000));
    }
    let mut store = store;
    let _ = store.add(data);
}

/// An `enrollment.json`.
pub fn enrollments(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let store = TrustStore::yubico().expect("the roots are good");
    let read = Enrollment::read(text);
    let verified = Enrollment::verify(text, &store, UnixTime(1_800_000_000));
    assert!(verified.is_err() || read.is_ok());
}

/// Discovery document and keys, parted by a zero; the first as a trust policy, too.
pub fn issuer_documents(data: &[u8]) {
    let mut parts = data.splitn(2, |byte| *byte == 0);
    let (first, second) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let expected = Expected {
        issuer: "https://id.example.com/alice".parse().expect("an issuer"),
        keys: ExpectedKeys::Any,
    };
    let fetch = |url: &str| -> Result<FetchedDocument, HttpError> {
        let body = if url.ends_with("openid-configuration") { first } else { second };
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        Ok(FetchedDocument { status: 200, headers, body: body.to_vec() })
    };
    let _ = check::check(&expected, fetch);
    let _ = removed_keys(first, second);
    if let Ok(policy) = serde_json::from_slice(first) {
        let _ = trust::check(&policy, &[]);
    }
}
