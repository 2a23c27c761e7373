//! Environment variables, read in one way.

use std::env;

/// A variable as text; empty counts as unset, and so does what is no Unicode.
pub(crate) fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
