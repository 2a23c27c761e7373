//! Whom AWS may believe: enrollments, the attestations behind them, and the issuer's two static files.
//!
//! What an administrator runs. Helpers do without.

pub mod attestation;
pub mod check;
pub mod documents;
pub mod enrollment;
pub mod iam;
mod jwk;
pub mod revoke;
pub mod trust;
