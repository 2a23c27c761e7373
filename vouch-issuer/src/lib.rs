//! Whom AWS may believe: enrollments, the attestations behind them, the issuer's two static files, and the file by which a team's
//! users join.
//!
//! What an administrator runs. Helpers do without.

pub mod attestation;
pub mod check;
pub mod documents;
pub mod enrollment;
pub mod iam;
pub mod join;
mod jwk;
pub mod revoke;
pub mod trust;
