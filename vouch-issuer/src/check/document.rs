//! A document of an issuer, as it was served.

use serde_json::Value;
use vouch_core::http::FetchedDocument;

/// A document that came, and in what.
pub(super) struct Document {
    pub(super) page: FetchedDocument,
    pub(super) json: Value,
}
