//! Whom to believe that a host is AWS.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::error::HttpError;
use crate::env;
use crate::files;
use crate::home::Home;

/// Variables that name a file of certificates; the first one that is set decides.
///
/// Cargo hands `CARGO_HTTP_CAINFO` down to its credential providers, but not the file that its configuration names.
pub(super) const VARIABLES: [&str; 3] = ["AWS_CA_BUNDLE", "CARGO_HTTP_CAINFO", SSL_CERT_FILE];

/// Cargo sets it for every credential provider, to the system's own file unless the user set another.
const SSL_CERT_FILE: &str = "SSL_CERT_FILE";

/// Where systems keep the bundle that `SSL_CERT_FILE` is set to when nobody chose one.
const SYSTEM_BUNDLES: [&str; 9] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/ssl/certs/ca-bundle.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/tls/cert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
    "/opt/homebrew/etc/ca-certificates/cert.pem",
];

/// Left in the home when a host could only be verified with the system's roots.
const MARKER: &str = "system-roots";

#[derive(Debug, Clone, PartialEq, Eq)]
enum Choice {
    File { variable: &'static str, path: PathBuf },
    Bundled,
}

/// The certificate authorities that serve in an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Roots {
    /// Those of a file that a variable names, and how many.
    File { variable: &'static str, path: PathBuf, count: usize },
    /// Those that are built in; with the system's, where they did not suffice before.
    BuiltIn { with_system: bool },
}

impl Roots {
    /// What the environment says. No network.
    ///
    /// # Errors
    /// When a variable names a file that cannot be read or holds no certificate.
    pub fn from_env(home: &Home) -> Result<Self, HttpError> {
        match choose(env::var_os) {
            Choice::File { variable, path } => {
                let count = from_file(variable, &path)?.len();
                Ok(Self::File { variable, path, count })
            }
            Choice::Bundled => Ok(Self::BuiltIn { with_system: home.path().join(MARKER).exists() }),
        }
    }
}

fn choose(variable: impl Fn(&str) -> Option<OsString>) -> Choice {
    for name in VARIABLES {
        let Some(path) = variable(name).map(PathBuf::from) else { continue };
        if name != SSL_CERT_FILE || !is_system_bundle(&path) {
            return Choice::File { variable: name, path };
        }
    }
    Choice::Bundled
}

fn is_system_bundle(path: &Path) -> bool {
    let real = path.canonicalize().ok();
    SYSTEM_BUNDLES
        .map(Path::new)
        .into_iter()
        .any(|system| system == path || (real.is_some() && system.canonicalize().ok() == real))
}

/// The TLS configuration, with the roots of the environment's choice.
#[derive(Debug)]
pub(super) struct Trust {
    current: Mutex<Arc<ClientConfig>>,
    /// Where to remember that the bundled roots do not suffice; nothing when they are not in use, or were widened.
    marker: Mutex<Option<PathBuf>>,
    /// Whether anything may be written at all.
    remembers: AtomicBool,
}

impl Trust {
    /// # Errors
    /// When a variable names a file that cannot be read or holds no certificate.
    pub(super) fn new(home: &Home, variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, HttpError> {
        let marker = home.path().join(MARKER);
        let (roots, marker) = match choose(variable) {
            Choice::File { variable, path } => (from_file(variable, &path)?, None),
            // The bundled roots cost 30 µs, the system's 2 ms and more (measured): they are read only where needed.
            Choice::Bundled if !marker.exists() => (bundled(), Some(marker)),
            Choice::Bundled => (bundled_and_system(), None),
        };
        Ok(Self {
            current: Mutex::new(Arc::new(config(roots)?)),
            marker: Mutex::new(marker),
            remembers: AtomicBool::new(true),
        })
    }

    /// The configuration to connect with.
    pub(super) fn config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.current.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// After an unknown issuer: the configuration with the system's roots added, where that is another one.
    pub(super) fn widened(&self, refused: &Arc<ClientConfig>) -> Option<Arc<ClientConfig>> {
        let current = self.config();
        if !Arc::ptr_eq(&current, refused) {
            return Some(current);
        }
        self.marker.lock().unwrap_or_else(PoisonError::into_inner).as_ref()?;
        let wide = Arc::new(config(bundled_and_system()).ok()?);
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&wide);
        Some(wide)
    }

    /// From now on nothing is remembered.
    pub(super) fn forget(&self) {
        self.remembers.store(false, Ordering::Relaxed);
    }

    /// Remembers that the system's roots were needed and sufficed.
    pub(super) fn remember(&self) {
        let Some(marker) = self.marker.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        if !self.remembers.load(Ordering::Relaxed) {
            return;
        }
        if let Err(error) = fs::write(&marker, "") {
            tracing::warn!(path = %marker.display(), %error, "the need for the system's roots is not remembered");
        }
    }
}

fn config(roots: RootCertStore) -> Result<ClientConfig, HttpError> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(HttpError::TlsSetup)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn bundled() -> RootCertStore {
    RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }
}

fn bundled_and_system() -> RootCertStore {
    let mut roots = bundled();
    let system = rustls_native_certs::load_native_certs();
    if !system.errors.is_empty() {
        tracing::debug!(errors = ?system.errors, "some of the system's roots cannot be read");
    }
    roots.add_parsable_certificates(system.certs);
    roots
}

fn from_file(variable: &'static str, path: &Path) -> Result<RootCertStore, HttpError> {
    let wrong = |reason: String| HttpError::Roots { variable, path: path.to_owned(), reason };
    let text = files::read(path).map_err(|error| wrong(error.to_string()))?;
    let certificates = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| wrong("it is not PEM".into()))?;
    let mut roots = RootCertStore::empty();
    match roots.add_parsable_certificates(certificates) {
        (0, _) => Err(wrong("it holds no certificate".into())),
        _ => Ok(roots),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(set: &[(&str, &str)]) -> Choice {
        choose(|name| set.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value)))
    }

    fn file(variable: &'static str, path: &str) -> Choice {
        Choice::File { variable, path: path.into() }
    }

    #[test]
    fn the_first_variable_decides() {
        let all = [("SSL_CERT_FILE", "/c"), ("CARGO_HTTP_CAINFO", "/b"), ("AWS_CA_BUNDLE", "/a")];
        assert_eq!(chosen(&all), file("AWS_CA_BUNDLE", "/a"));
        assert_eq!(chosen(&all[..2]), file("CARGO_HTTP_CAINFO", "/b"));
        assert_eq!(chosen(&all[..1]), file("SSL_CERT_FILE", "/c"));
        assert_eq!(chosen(&[]), Choice::Bundled);
    }

    #[test]
    fn the_systems_own_file_is_no_choice() {
        for path in SYSTEM_BUNDLES {
            assert_eq!(chosen(&[("SSL_CERT_FILE", path)]), Choice::Bundled);
            assert_eq!(chosen(&[("AWS_CA_BUNDLE", path)]), file("AWS_CA_BUNDLE", path));
        }
        // The same file under another name, where this system has one.
        #[cfg(unix)]
        {
            let Some(real) = SYSTEM_BUNDLES.iter().find(|path| Path::new(path).exists()) else { return };
            let dir = tempfile::tempdir().unwrap();
            let link = dir.path().join("link");
            std::os::unix::fs::symlink(real, &link).unwrap();
            assert!(is_system_bundle(&link));
        }
    }

    #[test]
    fn a_named_file_must_hold_certificates() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path()).unwrap();
        let path = dir.path().join("ca.pem");
        let new = || Trust::new(&home, |name| (name == "AWS_CA_BUNDLE").then(|| path.clone().into()));
        for contents in [
            None,
            Some(""),
            Some("rubbish"),
            Some("-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n"),
            Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        ] {
            if let Some(contents) = contents {
                fs::write(&path, contents).unwrap();
            }
            let error = new().unwrap_err();
            assert!(error.to_string().contains("AWS_CA_BUNDLE"), "{error}");
        }
        let key = rcgen::KeyPair::generate().unwrap();
        let ca = rcgen::CertificateParams::new(vec!["localhost".into()]).unwrap().self_signed(&key).unwrap();
        fs::write(&path, ca.pem()).unwrap();
        new().unwrap();
    }
}
