//! AWS, an issuer host and package registries on loopback, as strict as the real ones.

pub mod http;
