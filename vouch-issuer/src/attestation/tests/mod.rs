//! Real certificates, and forged ones.

mod forged;
mod real;

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use vouch_core::time::UnixTime;

use super::*;

/// 2026-11-25.
const NOW: UnixTime = UnixTime(1_795_564_800);

/// The certificates of a file of `data/yubico-attestation`.
fn data(name: &str) -> Vec<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/yubico-attestation").join(name);
    let pem = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let all: Vec<_> = CertificateDer::pem_slice_iter(&pem).map(|der| der.unwrap().to_vec()).collect();
    assert!(!all.is_empty(), "{name}");
    all
}

/// The names of the files of a folder of it.
fn names(folder: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/yubico-attestation").join(folder);
    let mut names: Vec<_> = fs::read_dir(path)
        .unwrap()
        .map(|entry| format!("{folder}/{}", entry.unwrap().file_name().to_str().unwrap()))
        .collect();
    names.sort();
    names
}

fn one(name: &str) -> Vec<u8> {
    data(name).remove(0)
}

/// With Yubico's CAs alone.
fn judge(attestation: &[u8], device: &[u8]) -> Result<VerifiedAttestation, AttestationError> {
    static YUBICO: LazyLock<TrustStore> = LazyLock::new(|| TrustStore::yubico().unwrap());
    verify(attestation, device, &YUBICO, NOW)
}
