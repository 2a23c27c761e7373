//! From the SDK's errors to what was answered, or to why nothing was.

use std::error::Error;

use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sts::operation::RequestId;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::ConnectorError;

use super::error::{ExchangeError, Refusal, Service};
use super::shown::shown;
use crate::http::HttpError;

/// What a service refused; or the error of everything that is no refusal.
pub(super) fn of<E>(service: Service, error: SdkError<E, HttpResponse>) -> Result<Box<Refusal>, ExchangeError>
where
    E: Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    match error {
        // An answer of success that cannot be read arrives as an error of the service, too.
        SdkError::ServiceError(context) if !is_aws(context.raw(), context.err().code()) => {
            Err(ExchangeError::NotAws { service, status: context.raw().status().as_u16() })
        }
        SdkError::ResponseError(context) if !is_aws(context.raw(), None) => {
            Err(ExchangeError::NotAws { service, status: context.raw().status().as_u16() })
        }
        SdkError::ServiceError(context) if !context.raw().status().is_success() => {
            let (raw, meta) = (context.raw(), context.err().meta());
            Ok(Box::new(Refusal {
                service,
                status: raw.status().as_u16(),
                code: meta.code().map_or_else(|| "an unreadable error".into(), shown),
                message: meta.message().filter(|text| !text.is_empty()).map(shown),
                request_id: raw.request_id().or(meta.request_id()).map(shown),
                retry_after: raw.headers().get("retry-after").and_then(|value| value.trim().parse().ok()),
            }))
        }
        SdkError::ServiceError(_) | SdkError::ResponseError(_) => {
            Err(ExchangeError::Answer { service, reason: "it cannot be read".into() })
        }
        other => {
            let source = match other.into_source() {
                Ok(source) => http_error(source),
                Err(other) => HttpError::Request(other.into()),
            };
            Err(ExchangeError::Http { service, source })
        }
    }
}

/// Whether an answer has AWS's shape: a page of a captive portal or of what blocks a host has it not, whatever its status.
/// AWS names each request that it answers, and each error; neither service speaks HTML.
fn is_aws(raw: &HttpResponse, code: Option<&str>) -> bool {
    let is_html = raw.headers().get("content-type").is_some_and(|kind| kind.contains("html"))
        || raw.body().bytes().is_some_and(is_markup_of_a_page);
    !is_html && (raw.status().is_success() || code.is_some() || raw.request_id().is_some())
}

fn is_markup_of_a_page(body: &[u8]) -> bool {
    let start = body.trim_ascii_start();
    let begins = |with: &[u8]| start.get(..with.len()).is_some_and(|head| head.eq_ignore_ascii_case(with));
    begins(b"<html") || begins(b"<!doctype")
}

fn http_error(source: Box<dyn Error + Send + Sync>) -> HttpError {
    let source = match source.downcast::<ConnectorError>() {
        Ok(connector) => connector.into_source(),
        Err(source) => source,
    };
    match source.downcast::<HttpError>() {
        Ok(error) => *error,
        Err(source) => HttpError::Request(source),
    }
}

/// Whether a message has one of some words in it, whatever their case.
pub(super) fn says(refusal: &Refusal, words: &[&str]) -> bool {
    let message = refusal.message.as_deref().unwrap_or_default().to_ascii_lowercase();
    words.iter().any(|word| message.contains(word))
}

/// What every service means by its status, where its code tells nothing more.
pub(super) fn by_status(source: Box<Refusal>) -> ExchangeError {
    match (source.status, source.code.as_str()) {
        (429, _) | (_, "Throttling" | "ThrottlingException" | "RequestLimitExceeded" | "SlowDown") => {
            ExchangeError::Throttled { source }
        }
        (500.., _) => ExchangeError::Service { source },
        _ => ExchangeError::Other { source },
    }
}
