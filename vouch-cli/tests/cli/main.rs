//! The built `vouch`, as a person types it.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail loudly")]

mod canary;
mod canary_places;
mod commands;
mod doctor_fix;
mod everyday;
mod homes;
mod hostile;
mod maven;
mod setup_aws;
mod setup_cargo;
mod setup_node;
mod setup_python;
mod test_user;
mod undo;
mod user_files;
