//! HTTPS to AWS.

use crate::error::{Class, Explain};

/// Why no answer came.
#[derive(Debug, thiserror::Error)]
#[error("cannot reach {host}")]
pub struct HttpError {
    pub host: String,
}

impl Explain for HttpError {
    fn class(&self) -> Class {
        Class::Network
    }

    fn hint(&self) -> Option<String> {
        None
    }
}
