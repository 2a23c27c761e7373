//! Query parameters of the control plane.

use crate::http::Request;
use crate::services::query_parameter;
use crate::services::refusal::Refusal;
use crate::world::{is_account_id, is_domain_name, is_repository_name};

/// `ValidationException`; its `reason` is one of the service model's.
pub(super) fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "ValidationException", message).with("reason", "FIELD_VALIDATION_FAILED")
}

pub(super) fn domain(request: &Request) -> Result<String, Refusal> {
    checked(request, "domain", is_domain_name, "[a-z][a-z0-9\\-]{0,48}[a-z0-9]")
}

pub(super) fn repository(request: &Request) -> Result<String, Refusal> {
    checked(request, "repository", is_repository_name, "[A-Za-z0-9][A-Za-z0-9._\\-]{1,99}")
}

/// Without one, the caller's own account is meant.
pub(super) fn owner(request: &Request, caller: &str) -> Result<String, Refusal> {
    match query_parameter(request, "domain-owner") {
        None => Ok(caller.into()),
        Some(_) => checked(request, "domain-owner", is_account_id, "[0-9]{12}"),
    }
}

fn checked(
    request: &Request,
    name: &str,
    is_good: fn(&str) -> bool,
    pattern: &str,
) -> Result<String, Refusal> {
    let value = query_parameter(request, name).unwrap_or_default();
    if value.is_empty() {
        return Err(invalid(format!("1 validation error detected: '{name}' must not be null")));
    }
    if !is_good(&value) {
        return Err(invalid(format!(
            "1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: \
             Member must satisfy regular expression pattern: {pattern}"
        )));
    }
    Ok(value)
}
