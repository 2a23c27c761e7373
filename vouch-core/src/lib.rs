//! The `vouch` library.
