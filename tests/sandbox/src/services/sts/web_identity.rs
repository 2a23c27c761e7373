//! AssumeRoleWithWebIdentity.

use super::Place;
use super::parameters::{Parameters, constraint, invalid};
use crate::services::arn::RoleArn;
use crate::services::jwt::{self, Claims, Token};
use crate::services::refusal::{Refusal, escape_xml};
use crate::services::trust::{self, Identity};
use crate::world::{
    Provider, RoleSession, World, iso, new_access_key_id, new_secret, new_session_token, role_id,
};

/// What was asked for, each value within the service model.
#[derive(Debug)]
struct Wish<'a> {
    role_arn: &'a str,
    role: RoleArn<'a>,
    session_name: &'a str,
    token: &'a str,
    seconds: u32,
}

/// Grants role credentials, or says why not. The answer is the inner part of the result element.
pub(super) fn assume(world: &World, place: &Place, parameters: &Parameters) -> Result<String, Refusal> {
    let wish = Wish::parse(parameters)?;
    let token = Token::parse(wish.token)?;
    let claims = Claims::parse(&token.claims)?;
    let provider = provider(world, place, &wish.role, &claims.issuer).ok_or_else(|| {
        jwt::invalid(format!("No OpenIDConnect provider found in your account for {}", claims.issuer))
    })?;
    token.verify_signature(world, &provider.issuer)?;
    claims.check_times(world.clock().seconds())?;
    if !provider.client_ids.contains(&claims.audience) {
        return Err(jwt::invalid("Incorrect token audience"));
    }
    authorize(world, &wish, &claims)?;
    Ok(result(&grant(world, &wish), &wish, &claims))
}

impl<'a> Wish<'a> {
    fn parse(parameters: &'a Parameters) -> Result<Wish<'a>, Refusal> {
        let role_arn = parameters.required("RoleArn", 20..=2048)?;
        let session_name = parameters.required("RoleSessionName", 2..=64)?;
        if !session_name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b)) {
            let rule = "Member must satisfy regular expression pattern: [\\w+=,.@-]*";
            return Err(constraint(&format!("'{session_name}'"), "RoleSessionName", rule));
        }
        let token = parameters.required("WebIdentityToken", 4..=20_000)?;
        let seconds = duration(parameters.get("DurationSeconds"))?;
        refuse_what_is_not_modelled(parameters)?;
        let role = RoleArn::parse(role_arn).ok_or_else(|| invalid("Request ARN is invalid"))?;
        Ok(Wish { role_arn, role, session_name, token, seconds })
    }
}

fn duration(text: Option<&str>) -> Result<u32, Refusal> {
    let Some(text) = text else { return Ok(3600) };
    let seconds: u32 =
        text.parse().map_err(|_| Refusal::new(400, "MalformedInput", "DurationSeconds is not an integer"))?;
    let broken = |rule: &str| Err(constraint(&format!("'{seconds}'"), "DurationSeconds", rule));
    match seconds {
        0..900 => broken("Member must have value greater than or equal to 900"),
        43_201.. => broken("Member must have value less than or equal to 43200"),
        _ => Ok(seconds),
    }
}

/// Session policies would narrow what the credentials may do. The sandbox does not evaluate them, so it
/// refuses even good ones rather than grant more than AWS would.
fn refuse_what_is_not_modelled(parameters: &Parameters) -> Result<(), Refusal> {
    if parameters.get("ProviderId").is_some() {
        return Err(invalid(
            "ProviderId is for OAuth 2.0 access tokens only, not for OpenID Connect ID tokens",
        ));
    }
    let arns = parameters.members("PolicyArns");
    if arns > 10 {
        return Err(constraint("'[...]'", "PolicyArns", "Member must have length less than or equal to 10"));
    }
    let policy = parameters.optional("Policy", 1..=2048)?;
    if policy.is_some_and(|policy| serde_json::from_str::<serde_json::Map<_, _>>(policy).is_err()) {
        return Err(Refusal::new(400, "MalformedPolicyDocument", "Syntax errors in policy."));
    }
    if policy.is_some() || arns > 0 {
        return Err(invalid("This world does not evaluate session policies"));
    }
    Ok(())
}

/// The provider has to exist in the role's account, and the request has to reach the role's partition.
fn provider<'w>(world: &'w World, place: &Place, role: &RoleArn<'_>, issuer: &str) -> Option<&'w Provider> {
    if role.partition != place.partition.name {
        return None;
    }
    let account = world.account(role.account).filter(|account| account.partition == role.partition)?;
    account.providers.iter().find(|provider| provider.issuer == issuer)
}

fn authorize(world: &World, wish: &Wish<'_>, claims: &Claims) -> Result<(), Refusal> {
    let denied =
        |action: &str| Refusal::new(403, "AccessDenied", format!("Not authorized to perform {action}"));
    let role = world.role(wish.role_arn).ok_or_else(|| denied("sts:AssumeRoleWithWebIdentity"))?;
    let identity = Identity {
        issuer: &claims.issuer,
        audience: &claims.audience,
        subject: &claims.subject,
        tags: claims.tags,
        source_identity: claims.source_identity,
    };
    if let Some(action) = trust::missing_action(role, &identity) {
        return Err(denied(action));
    }
    if !claims.permits_role(wish.role_arn) {
        return Err(denied("sts:AssumeRoleWithWebIdentity"));
    }
    if wish.seconds > role.max_session_duration {
        return Err(invalid(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ));
    }
    Ok(())
}

fn grant(world: &World, wish: &Wish<'_>) -> std::sync::Arc<RoleSession> {
    world.credentials().add_session(RoleSession {
        access_key_id: new_access_key_id(),
        secret: new_secret(),
        session_token: new_session_token(),
        account: wish.role.account.into(),
        role_arn: wish.role_arn.into(),
        session_arn: wish.role.session(wish.session_name),
        role_id: format!("{}:{}", role_id(wish.role_arn), wish.session_name),
        expires: world.clock().seconds().saturating_add(i64::from(wish.seconds)),
    })
}

fn result(session: &RoleSession, wish: &Wish<'_>, claims: &Claims) -> String {
    format!(
        "    <SubjectFromWebIdentityToken>{}</SubjectFromWebIdentityToken>\n    <Audience>{}</Audience>\n    \
         <AssumedRoleUser>\n      <Arn>{}</Arn>\n      <AssumedRoleId>{}</AssumedRoleId>\n    </AssumedRoleUser>\n    \
         <Credentials>\n      <SessionToken>{}</SessionToken>\n      <SecretAccessKey>{}</SecretAccessKey>\n      \
         <Expiration>{}</Expiration>\n      <AccessKeyId>{}</AccessKeyId>\n    </Credentials>\n    \
         <Provider>{}</Provider>\n",
        escape_xml(&claims.subject),
        escape_xml(&claims.audience),
        session.session_arn,
        session.role_id,
        session.session_token,
        session.secret,
        iso(session.expires),
        session.access_key_id,
        escape_xml(&wish.role.provider(&claims.issuer)),
    )
}
