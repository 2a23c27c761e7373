//! What the three helpers and the `vouch` command share.

pub mod say;
