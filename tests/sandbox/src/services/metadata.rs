//! Where AWS gives containers and instances the credentials of their role: the endpoints of ECS and EKS, and IMDSv2.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Mutex, PoisonError};

use http::{HeaderName, Method};
use serde_json::json;

use super::arn::RoleArn;
use super::{header, json as json_answer, respond, text, with_header};
use crate::http::{Request, Response};
use crate::world::{
    Count, RoleSession, World, iso, new_access_key_id, new_secret, new_session_token, role_id,
};

/// The instance's metadata service.
pub(crate) const INSTANCE: Ipv4Addr = Ipv4Addr::new(169, 254, 169, 254);
/// The endpoint of ECS and CodeBuild.
pub(crate) const ECS: Ipv4Addr = Ipv4Addr::new(169, 254, 170, 2);
/// The endpoint of EKS Pod Identity.
pub(crate) const EKS: Ipv4Addr = Ipv4Addr::new(169, 254, 170, 23);

const ROLE_PATH: &str = "/latest/meta-data/iam/security-credentials/";
const TTL: &str = "x-aws-ec2-metadata-token-ttl-seconds";
const TOKEN: &str = "x-aws-ec2-metadata-token";

/// Sessions with the metadata service, and when each ends.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<HashMap<String, i64>>);

/// Answers a request to one of the addresses.
pub(crate) fn handle(world: &World, request: &Request) -> Response {
    let answer = match request.host.parse::<Ipv4Addr>() {
        Ok(INSTANCE) => instance(world, request),
        Ok(ECS) => ecs(world, request),
        Ok(EKS) => eks(world, request),
        _ => text(404, "nothing is here\n"),
    };
    if !answer.status().is_success() {
        world.count(Count::Metadata("refused"));
    }
    answer
}

fn instance(world: &World, request: &Request) -> Response {
    let Sessions(sessions) = world.metadata();
    let now = world.clock().seconds();
    // It is not for who was forwarded (EC2 user guide, "IMDSv2").
    if request.path == "/latest/api/token" {
        if request.method != Method::PUT {
            return text(405, "PUT only\n");
        }
        if header(request, "x-forwarded-for").is_some() {
            return text(403, "forwarded\n");
        }
        let seconds = header(request, TTL).and_then(|text| text.parse::<i64>().ok());
        let Some(seconds) = seconds.filter(|seconds| (1..=21_600).contains(seconds)) else {
            return text(400, "no usable TTL\n");
        };
        let token = new_secret();
        sessions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(token.clone(), now.saturating_add(seconds));
        let ttl = HeaderName::from_static(TTL);
        return with_header(respond(200, "text/plain", token), ttl, &seconds.to_string());
    }
    let shown = header(request, TOKEN).unwrap_or_default();
    let until = sessions.lock().unwrap_or_else(PoisonError::into_inner).get(shown).copied();
    if until.is_none_or(|until| until <= now) {
        return text(401, "Unauthorized\n");
    }
    if request.method != Method::GET {
        return text(405, "GET only\n");
    }
    let role = world.config().metadata.instance.as_deref().and_then(|arn| Some((arn, RoleArn::parse(arn)?)));
    let Some((arn, role)) = role else { return text(404, "Not Found\n") };
    let name = role.name.rsplit('/').next().unwrap_or_default();
    match request.path.strip_prefix(ROLE_PATH) {
        Some("") => respond(200, "text/plain", name.to_owned()),
        Some(asked) if asked == name => {
            let mut given = credentials(world, arn, "i-0123456789abcdef0");
            if let Some(given) = given.as_object_mut() {
                given.insert("Code".into(), "Success".into());
                given.insert("Type".into(), "AWS-HMAC".into());
            }
            json_answer(200, &given)
        }
        _ => text(404, "Not Found\n"),
    }
}

fn ecs(world: &World, request: &Request) -> Response {
    if request.method != Method::GET {
        return text(405, "GET only\n");
    }
    match world.config().metadata.containers.get(&request.path) {
        Some(arn) => {
            let mut given = credentials(world, arn, "0123456789abcdef0123456789abcdef");
            if let Some(given) = given.as_object_mut() {
                given.insert("RoleArn".into(), arn.clone().into());
            }
            json_answer(200, &given)
        }
        None => {
            let refusal = json!({ "code": "InvalidIdInRequest", "message": "CredentialsV2Request: Credentials not found" });
            json_answer(400, &refusal)
        }
    }
}

fn eks(world: &World, request: &Request) -> Response {
    if request.method != Method::GET || request.path != "/v1/credentials" {
        return text(404, "Not Found\n");
    }
    let Some(shown) = header(request, "authorization") else {
        return text(400, "Service account token cannot be empty\n");
    };
    match world.config().metadata.pods.get(shown) {
        Some(arn) => json_answer(200, &credentials(world, arn, "eks-cluster-build-0123")),
        None => text(400, "Service account token is not valid\n"),
    }
}

/// New ones each time; AWS repeats them until they are near their end.
fn credentials(world: &World, arn: &str, session_name: &str) -> serde_json::Value {
    let Some(role) = RoleArn::parse(arn) else { return json!({}) };
    let seconds = world.config().metadata.seconds;
    world.count(Count::Metadata("granted"));
    let session = world.credentials().add_session(RoleSession {
        access_key_id: new_access_key_id(),
        secret: new_secret(),
        session_token: new_session_token(),
        account: role.account.into(),
        role_arn: arn.into(),
        session_arn: role.session(session_name),
        role_id: format!("{}:{session_name}", role_id(arn)),
        expires: world.clock().seconds().saturating_add(i64::from(seconds)),
    });
    json!({
        "AccessKeyId": session.access_key_id,
        "SecretAccessKey": session.secret,
        "Token": session.session_token,
        "Expiration": iso(session.expires),
    })
}
