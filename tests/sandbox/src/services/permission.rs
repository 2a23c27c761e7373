//! Whether a role's identity policies allow an action.

use super::refusal::Refusal;
use crate::world::Role;

/// What the request says about the conditions of `sts:GetServiceBearerToken`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BearerToken<'a> {
    pub(crate) service: &'a str,
    pub(crate) seconds: i64,
}

/// Whether `role` may do `action` on `resource`.
pub(crate) fn allows(role: &Role, action: &str, resource: &str) -> bool {
    role.permissions.iter().any(|p| p.action == action && covers(&p.resources, resource))
}

/// Whether `role` may have such a bearer token made.
pub(crate) fn allows_bearer_token(role: &Role, token: BearerToken<'_>) -> bool {
    role.permissions.iter().filter(|p| p.action == "sts:GetServiceBearerToken").any(|p| {
        p.service.as_deref().is_none_or(|service| service == token.service)
            && p.max_duration.is_none_or(|most| token.seconds <= i64::from(most))
    })
}

/// AWS's sentence for a missing permission.
pub(crate) fn denied(session_arn: &str, action: &str, resource: &str, policy: &str) -> Refusal {
    let message = format!(
        "User: {session_arn} is not authorized to perform: {action} on resource: {resource} \
         because no {policy} policy allows the {action} action"
    );
    Refusal::new(403, "AccessDeniedException", message)
}

fn covers(resources: &[String], resource: &str) -> bool {
    resources.iter().any(|r| r == "*" || r == resource)
}
