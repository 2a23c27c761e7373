//! The sandbox's own certificate authority: leaf certificates made when a host name is first asked for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// Why a certificate or a TLS configuration could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The certificate library refused, for instance a host name that is no DNS name.
    #[error("cannot make a certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    /// The TLS library refused the key or the certificate.
    #[error("cannot configure TLS: {0}")]
    Tls(#[from] rustls::Error),
}

/// A certificate authority of EC P-256 keys, which lives as long as the sandbox.
///
/// Leaves carry SAN, key usage, extended key usage and both key identifiers, because strict verifiers (OpenSSL 3
/// with `X509_STRICT`, as newer Pythons use) ask for them, and no common name, because a registry's host name
/// can be longer than the 64 characters that one may have.
#[derive(Debug)]
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    configs: Mutex<HashMap<(String, Validity), Arc<ServerConfig>>>,
}

/// When a certificate is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Validity {
    /// As long as any sandbox lives.
    Usual,
    /// No more.
    Past,
    /// Not yet.
    Future,
}

impl Authority {
    /// Makes a new authority with the given common name.
    ///
    /// # Errors
    /// When no key can be made.
    pub fn generate(name: &str) -> Result<Self, Error> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        params.distinguished_name = common_name(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let pem = params.self_signed(&key)?.pem();
        Ok(Self { issuer: Issuer::new(params, key), pem, configs: Mutex::default() })
    }

    /// The root certificate, which clients are told to trust.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// The TLS configuration that speaks for `host`: http/1.1 only, TLS 1.2 and 1.3.
    ///
    /// # Errors
    /// When `host` is no DNS name.
    pub fn config(&self, host: &str) -> Result<Arc<ServerConfig>, Error> {
        self.config_of(host, Validity::Usual)
    }

    /// The same with a certificate of another time.
    ///
    /// # Errors
    /// When `host` is no DNS name.
    pub fn config_of(&self, host: &str, validity: Validity) -> Result<Arc<ServerConfig>, Error> {
        let mut configs = self.configs.lock().unwrap_or_else(PoisonError::into_inner);
        let place = (host.to_owned(), validity);
        if let Some(config) = configs.get(&place) {
            return Ok(config.clone());
        }
        let config = Arc::new(self.make_config(host, validity)?);
        configs.insert(place, config.clone());
        Ok(config)
    }

    fn make_config(&self, host: &str, validity: Validity) -> Result<ServerConfig, Error> {
        let (certificate, key) = self.leaf(host, validity)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        // A ticket is a flight that no client waits for; the delay model would charge for it.
        config.send_tls13_tickets = 0;
        Ok(config)
    }

    fn leaf(
        &self,
        host: &str,
        validity: Validity,
    ) -> Result<(CertificateDer<'static>, PrivateKeyDer<'static>), Error> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(vec![host.to_owned()])?;
        match validity {
            Validity::Usual => {}
            Validity::Past => params.not_after = rcgen::date_time_ymd(2001, 1, 1),
            Validity::Future => params.not_before = rcgen::date_time_ymd(4000, 1, 1),
        }
        params.distinguished_name = DistinguishedName::new();
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &self.issuer)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        Ok((certificate.der().clone(), key))
    }
}

fn common_name(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::{ServerName, pem::PemObject};
    use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConnection};

    use super::*;

    const LONGEST: &str = "a23456789012345678901234567890123456789012345678-123456789012.d.codeartifact.ap-southeast-1.amazonaws.com";

    fn handshake(
        trusted: &Authority,
        server: &Authority,
        host: &str,
        asked: &str,
    ) -> Result<(), rustls::Error> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(trusted.pem().as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from(asked.to_owned()).unwrap();
        let mut client = ClientConnection::new(Arc::new(client), name)?;
        let mut server = ServerConnection::new(server.config(host).unwrap())?;
        while client.is_handshaking() || server.is_handshaking() {
            let mut wire = Vec::new();
            client.write_tls(&mut wire).unwrap();
            server.read_tls(&mut wire.as_slice()).unwrap();
            server.process_new_packets()?;
            let mut wire = Vec::new();
            server.write_tls(&mut wire).unwrap();
            client.read_tls(&mut wire.as_slice()).unwrap();
            client.process_new_packets()?;
        }
        Ok(())
    }

    #[test]
    fn a_client_that_trusts_the_authority_accepts_even_a_very_long_name() {
        let authority = Authority::generate("test").unwrap();
        assert!(LONGEST.len() > 100);
        handshake(&authority, &authority, LONGEST, LONGEST).unwrap();
    }

    #[test]
    fn another_authority_and_another_name_are_refused() {
        let authority = Authority::generate("test").unwrap();
        let other = Authority::generate("test").unwrap();
        handshake(&authority, &other, "a.example", "a.example").unwrap_err();
        handshake(&authority, &authority, "a.example", "b.example").unwrap_err();
    }

    #[test]
    fn a_leaf_is_made_once_per_host() {
        let authority = Authority::generate("test").unwrap();
        let first = authority.config("a.example").unwrap();
        assert!(Arc::ptr_eq(&first, &authority.config("a.example").unwrap()));
        assert!(!Arc::ptr_eq(&first, &authority.config("b.example").unwrap()));
    }
}
