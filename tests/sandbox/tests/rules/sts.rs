//! AssumeRoleWithWebIdentity and GetCallerIdentity: protocol, parameters, places, permissions.

use http::Method;
use serde_json::json;

use crate::support::*;

#[track_caller]
fn with_field(name: &'static str, value: Option<&str>) -> Answer {
    let scene = Scene::new();
    let token = token(&scene.alice, &claims());
    let mut fields = web_identity(ROLE, &token);
    fields.retain(|(known, _)| *known != name);
    fields.extend(value.map(|value| (name, value)));
    scene.send(&form(STS, &fields))
}

#[test]
fn grants_what_aws_grants() {
    let scene = Scene::new();
    let answer = scene.assume(&token(&scene.alice, &claims()));
    assert_eq!(answer.status(), 200, "{}", answer.text());
    assert!(answer.element("AccessKeyId").starts_with("ASIA") && answer.element("AccessKeyId").len() == 20);
    assert_eq!(answer.element("SecretAccessKey").len(), 40);
    assert!(answer.element("SessionToken").len() > 700);
    assert_eq!(answer.element("Arn"), "arn:aws:sts::123456789012:assumed-role/CodeArtifact/alice");
    assert!(answer.element("AssumedRoleId").starts_with("AROA"));
    assert_eq!(answer.element("SubjectFromWebIdentityToken"), "alice");
    assert_eq!(answer.element("Audience"), "sts.amazonaws.com");
    assert_eq!(answer.element("Provider"), "arn:aws:iam::123456789012:oidc-provider/id.example.com/alice");
    let expires: jiff::Timestamp = answer.element("Expiration").parse().unwrap();
    assert!((expires.as_second() - now() - 3600).abs() <= 2);
}

#[test]
fn every_grant_is_another() {
    let scene = Scene::new();
    let (first, second) = (scene.credentials(), scene.credentials());
    assert_ne!(first.access_key_id, second.access_key_id);
    assert_ne!(first.session_token, second.session_token);
}

#[test]
fn get_works_as_post_does() {
    let scene = Scene::new();
    let token = token(&scene.alice, &claims());
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(web_identity(ROLE, &token))
        .finish();
    assert_eq!(scene.send(&get(STS, &format!("/?{query}"))).status(), 200);
}

#[test]
fn other_methods_and_paths_are_refused() {
    let scene = Scene::new();
    scene.send(&put(STS, "/", "")).is_sts_error(405, "MethodNotAllowed", "");
    let mut request = form(STS, &web_identity(ROLE, "x.y.z"));
    request.path = "/v2".into();
    scene.send(&request).is_sts_error(400, "InvalidAction", "");
}

#[test]
fn a_body_that_is_no_form_is_not_read() {
    let scene = Scene::new();
    let mut request = form(STS, &web_identity(ROLE, "x.y.z"));
    request.headers.remove("content-type");
    scene.send(&request).is_sts_error(400, "MissingAction", "");
}

#[test]
fn action_and_version_have_to_be_known() {
    with_field("Action", None).is_sts_error(400, "MissingAction", "");
    with_field("Action", Some("AssumeRole")).is_sts_error(400, "InvalidAction", "operation AssumeRole");
    with_field("Version", None).is_sts_error(400, "InvalidAction", "");
    with_field("Version", Some("2010-05-08")).is_sts_error(400, "InvalidAction", "version 2010-05-08");
}

#[test]
fn an_error_escapes_what_it_repeats() {
    let answer = with_field("RoleSessionName", Some("<a&b>"));
    answer.is_sts_error(400, "ValidationError", "&lt;a&amp;b&gt;");
}

#[test]
fn role_arn_is_checked() {
    let null = "Value null at 'roleArn' failed to satisfy constraint: Member must not be null";
    with_field("RoleArn", None).is_sts_error(400, "ValidationError", null);
    with_field("RoleArn", Some("arn:aws:iam")).is_sts_error(
        400,
        "ValidationError",
        "greater than or equal to 20",
    );
    let long = format!("arn:aws:iam::123456789012:role/{}", "x".repeat(2048));
    with_field("RoleArn", Some(&long)).is_sts_error(400, "ValidationError", "less than or equal to 2048");
    for arn in ["arn:aws:iam::123456789012:user/alice", "arn:aws:iam::12345678901:role/CodeArtifact"] {
        with_field("RoleArn", Some(arn)).is_sts_error(400, "ValidationError", "Request ARN is invalid");
    }
}

#[test]
fn role_session_name_is_checked() {
    with_field("RoleSessionName", None).is_sts_error(400, "ValidationError", "'roleSessionName'");
    with_field("RoleSessionName", Some("a")).is_sts_error(
        400,
        "ValidationError",
        "greater than or equal to 2",
    );
    let long = "a".repeat(65);
    with_field("RoleSessionName", Some(&long)).is_sts_error(
        400,
        "ValidationError",
        "less than or equal to 64",
    );
    for name in ["alice smith", "alice/x", "älice"] {
        with_field("RoleSessionName", Some(name)).is_sts_error(400, "ValidationError", "pattern");
    }
    assert_eq!(with_field("RoleSessionName", Some("a_b+c=d,e.f@g-h")).status(), 200);
}

#[test]
fn the_token_has_a_length_and_is_never_repeated() {
    with_field("WebIdentityToken", None).is_sts_error(400, "ValidationError", "'webIdentityToken'");
    let short = with_field("WebIdentityToken", Some("xyz"));
    short.is_sts_error(400, "ValidationError", "greater than or equal to 4");
    assert!(!short.text().contains("xyz"));
    let long = "x".repeat(20_001);
    with_field("WebIdentityToken", Some(&long)).is_sts_error(
        400,
        "ValidationError",
        "less than or equal to 20000",
    );
}

#[test]
fn duration_is_checked() {
    with_field("DurationSeconds", Some("1h")).is_sts_error(400, "MalformedInput", "");
    with_field("DurationSeconds", Some("3600.5")).is_sts_error(400, "MalformedInput", "");
    with_field("DurationSeconds", Some("899")).is_sts_error(
        400,
        "ValidationError",
        "greater than or equal to 900",
    );
    with_field("DurationSeconds", Some("43201")).is_sts_error(
        400,
        "ValidationError",
        "less than or equal to 43200",
    );
    assert_eq!(with_field("DurationSeconds", Some("900")).status(), 200);
}

#[test]
fn duration_stays_within_the_roles_maximum() {
    let message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
    with_field("DurationSeconds", Some("3601")).is_sts_error(400, "ValidationError", message);
    let scene =
        Scene::changed(|world| world["accounts"][0]["roles"][0]["max_session_duration"] = json!(7200));
    let token = token(&scene.alice, &claims());
    let mut fields = web_identity(ROLE, &token);
    fields.push(("DurationSeconds", "7200"));
    let expires: jiff::Timestamp = scene.send(&form(STS, &fields)).element("Expiration").parse().unwrap();
    assert!((expires.as_second() - now() - 7200).abs() <= 2);
}

#[test]
fn session_policies_are_checked_and_not_ignored() {
    with_field("Policy", Some("{")).is_sts_error(400, "MalformedPolicyDocument", "");
    let long = format!("{{\"Version\":\"{}\"}}", "x".repeat(2048));
    with_field("Policy", Some(&long)).is_sts_error(400, "ValidationError", "less than or equal to 2048");
    with_field("Policy", Some("{}")).is_sts_error(400, "ValidationError", "session policies");
    let scene = Scene::new();
    let token = token(&scene.alice, &claims());
    let names: Vec<String> = (1..=11).map(|n| format!("PolicyArns.member.{n}.arn")).collect();
    let mut fields = web_identity(ROLE, &token);
    fields.extend(names.iter().map(|_| ("", "")));
    let mut fields: Vec<(&str, &str)> = fields.into_iter().filter(|(name, _)| !name.is_empty()).collect();
    fields.extend(names.iter().map(|name| (name.as_str(), "arn:aws:iam::aws:policy/ReadOnlyAccess")));
    scene.send(&form(STS, &fields)).is_sts_error(400, "ValidationError", "'policyArns'");
}

#[test]
fn provider_id_is_not_for_openid_connect() {
    with_field("ProviderId", Some("www.amazon.com")).is_sts_error(400, "ValidationError", "ProviderId");
}

#[test]
fn the_hosts_region_has_to_be_of_the_roles_partition() {
    let scene = Scene::new();
    let token = token(&scene.alice, &claims());
    let message = "No OpenIDConnect provider found in your account for https://id.example.com/alice";
    let china = "arn:aws-cn:iam::333333333333:role/CodeArtifact";
    let gov = "arn:aws-us-gov:iam::444444444444:role/CodeArtifact";
    for (host, role) in [
        (STS, china),
        (STS, gov),
        ("sts.cn-north-1.amazonaws.com.cn", ROLE),
        ("sts.us-gov-west-1.amazonaws.com", ROLE),
        (STS, "arn:aws:iam::333333333333:role/CodeArtifact"),
    ] {
        scene.assume_role(host, role, &token).is_sts_error(400, "InvalidIdentityToken", message);
    }
    assert_eq!(scene.assume_role("sts.cn-north-1.amazonaws.com.cn", china, &token).status(), 200);
    assert_eq!(scene.assume_role("sts.us-gov-west-1.amazonaws.com", gov, &token).status(), 200);
}

#[test]
fn every_host_of_the_partition_grants() {
    let scene = Scene::new();
    let token = token(&scene.alice, &claims());
    for host in [
        "sts.amazonaws.com",
        "sts.eu-west-1.amazonaws.com",
        "sts.eu-west-1.api.aws",
        "sts-fips.us-east-1.amazonaws.com",
    ] {
        assert_eq!(scene.assume_role(host, ROLE, &token).status(), 200, "{host}");
    }
}

#[test]
fn a_region_that_was_not_opted_into_is_refused() {
    let scene = Scene::new();
    let token = token(&scene.alice, &claims());
    let answer = scene.assume_role("sts.eu-south-1.amazonaws.com", ROLE, &token);
    answer.is_sts_error(403, "RegionDisabledException", "STS is not activated in this region");
}

#[test]
fn a_role_that_is_not_there_looks_like_one_that_does_not_trust() {
    let scene = Scene::new();
    let token = token(&scene.alice, &claims());
    let message = "Not authorized to perform sts:AssumeRoleWithWebIdentity";
    let answer = scene.assume_role(STS, "arn:aws:iam::123456789012:role/Nobody", &token);
    answer.is_sts_error(403, "AccessDenied", message);
}

#[test]
fn the_provider_has_to_be_in_the_roles_account() {
    let scene = Scene::new();
    scene.write("bob/.well-known/openid-configuration", &discovery("https://id.example.com/bob"));
    let bob = Key::p256("bob-key");
    scene.write("bob/jwks.json", &json!({ "keys": [bob.jwk()] }));
    let mut claims = claims();
    claims["iss"] = json!("https://id.example.com/bob");
    claims["sub"] = json!("bob");
    let token = token(&bob, &claims);
    assert_eq!(scene.assume(&token).status(), 200);
    let message = "No OpenIDConnect provider found in your account for https://id.example.com/bob";
    for account in ["111111111111", "999999999999"] {
        let role = format!("arn:aws:iam::{account}:role/CodeArtifactReader");
        scene.assume_role(STS, &role, &token).is_sts_error(400, "InvalidIdentityToken", message);
    }
}

#[test]
fn counters_tell_grants_from_refusals() {
    let scene = Scene::new();
    scene.credentials();
    scene.assume("x.y.z");
    let stats = scene.world.stats();
    assert_eq!(stats["sts"]["assume_role_with_web_identity"], 2);
    assert_eq!((&stats["sts"]["granted"], &stats["sts"]["refused"]), (&json!(1), &json!(1)));
    assert_eq!((&stats["issuer"]["discovery"], &stats["issuer"]["jwks"]), (&json!(1), &json!(1)));
    scene.world.reset_stats();
    assert_eq!(scene.world.stats()["sts"]["granted"], 0);
}

fn caller_identity(scene: &Scene, host: &str, region: &str, change: impl FnOnce(&mut Credentials)) -> Answer {
    let mut credentials = scene.credentials();
    change(&mut credentials);
    let request = form(host, &[("Action", "GetCallerIdentity"), ("Version", "2011-06-15")]);
    let sign = Sign { region: region.into(), ..Sign::sts(STS) };
    scene.send(&sign.sign(request, &credentials))
}

#[test]
fn get_caller_identity_names_the_session() {
    let scene = Scene::new();
    for host in [STS, "sts.amazonaws.com"] {
        let answer = caller_identity(&scene, host, "us-east-1", |_| {});
        assert_eq!(answer.status(), 200, "{}", answer.text());
        assert_eq!(answer.element("Arn"), "arn:aws:sts::123456789012:assumed-role/CodeArtifact/alice");
        assert_eq!(answer.element("Account"), "123456789012");
    }
}

#[test]
fn get_caller_identity_has_to_be_signed() {
    let scene = Scene::new();
    let request = form(STS, &[("Action", "GetCallerIdentity"), ("Version", "2011-06-15")]);
    scene.send(&request).is_sts_error(403, "MissingAuthenticationToken", "");
    let broken = with_header(request, "authorization", "AWS4-HMAC-SHA256 Credential=a");
    scene.send(&broken).is_sts_error(400, "IncompleteSignature", "");
    caller_identity(&scene, STS, "us-east-1", |c| c.secret.push('x')).is_sts_error(
        403,
        "SignatureDoesNotMatch",
        "does not match",
    );
    caller_identity(&scene, STS, "us-east-1", |c| c.access_key_id = "ASIAAAAAAAAAAAAAAAAA".into())
        .is_sts_error(403, "InvalidClientTokenId", "");
    caller_identity(&scene, STS, "eu-west-1", |_| {}).is_sts_error(
        403,
        "SignatureDoesNotMatch",
        "valid region",
    );
}

#[test]
fn get_caller_identity_refuses_expired_credentials() {
    let scene = Scene::new();
    let credentials = scene.credentials();
    scene.world.set_clock_skew(3601);
    let request = form(STS, &[("Action", "GetCallerIdentity"), ("Version", "2011-06-15")]);
    let sign = Sign { time: now() + 3601, ..Sign::sts(STS) };
    scene.send(&sign.sign(request, &credentials)).is_sts_error(403, "ExpiredToken", "expired");
}

#[test]
fn head_is_no_way_to_ask() {
    let scene = Scene::new();
    assert_eq!(scene.send(&request(Method::HEAD, STS, "/", None, "")).status(), 405);
}
