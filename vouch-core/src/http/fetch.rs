//! Plain GET of a public document, with the roots and proxies of the exchange and under its limits.

use std::time::{Duration, Instant};

use aws_smithy_types::body::SdkBody;
use http::{Request, header};
use tokio::runtime::{Builder, Runtime};

use super::client::Http;
use super::error::HttpError;
use crate::env;
use crate::home::Home;

/// For one document; STS itself waits about five seconds.
const DEADLINE: Duration = Duration::from_secs(10);

/// An answer as it came; redirects are not followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedDocument {
    pub status: u16,
    /// Names in lower case, in the order of arrival.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl FetchedDocument {
    /// The first header of this name (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

/// Fetches documents.
#[derive(Debug)]
pub struct Fetcher<'a> {
    home: &'a Home,
    runtime: Runtime,
    remembers: bool,
}

impl<'a> Fetcher<'a> {
    /// # Errors
    /// When the system gives no runtime.
    pub fn new(home: &'a Home) -> Result<Self, HttpError> {
        let runtime = Builder::new_current_thread().enable_io().enable_time().build();
        Ok(Self { home, runtime: runtime.map_err(HttpError::Start)?, remembers: true })
    }

    /// The same, writing nothing to the home: not even which roots were needed.
    #[must_use]
    pub fn without_cache(self) -> Self {
        Self { remembers: false, ..self }
    }

    /// The document at an https URL, within ten seconds.
    ///
    /// # Errors
    /// When no answer came, or the URL is none.
    pub fn fetch(&self, url: &str) -> Result<FetchedDocument, HttpError> {
        let http = Http::new(self.home, Instant::now() + DEADLINE, env::var_os)?;
        if !self.remembers {
            http.forget();
        }
        let request = Request::get(url)
            .header(header::ACCEPT, "application/json")
            .header(header::USER_AGENT, concat!("vouch/", env!("CARGO_PKG_VERSION")))
            .body(SdkBody::empty())
            .map_err(|error| HttpError::Request(error.into()))?;
        let response = self.runtime.block_on(http.request(request))?;
        let headers = response.headers().iter();
        let headers = headers
            .map(|(name, value)| {
                (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            })
            .collect();
        let (status, body) = (response.status().as_u16(), response.into_body());
        Ok(FetchedDocument { status, headers, body: body.bytes().unwrap_or_default().to_vec() })
    }
}
