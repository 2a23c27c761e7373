//! Dialects of text that clients read: edited where they stand, everything else byte for byte as it was.

pub mod ini;
mod npm_ini;
pub mod npmrc;
pub mod toml;
pub mod xml;
pub mod yaml;
