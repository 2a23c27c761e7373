//! Dialects of text that clients read: edited where they stand, everything else byte for byte as it was.

mod code;
pub(crate) mod document;
pub mod ini;
mod npm_ini;
pub mod npmrc;
pub(crate) mod piece;
pub mod redact;
pub mod toml;
pub mod xml;
pub mod yaml;
pub(crate) mod yaml_pieces;
