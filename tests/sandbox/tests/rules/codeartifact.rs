//! GetAuthorizationToken and GetRepositoryEndpoint.

use serde_json::json;

use crate::support::*;

const READER: &str = "arn:aws:iam::111111111111:role/CodeArtifactReader";
const TEAM: &str = "arn:aws:iam::222222222222:role/Team";
const VALIDATION: &str = "ValidationException";
const DENIED: &str = "AccessDeniedException";

fn ask(scene: &Scene, host: &str, credentials: &Credentials, query: &str) -> Answer {
    let request = post(host, "/v1/authorization-token", Some(query), "");
    scene.send(&Sign::codeartifact(host).sign(request, credentials))
}

fn ask_token(scene: &Scene, query: &str) -> Answer {
    ask(scene, CODEARTIFACT, &scene.credentials(), query)
}

fn ask_endpoint(scene: &Scene, query: &str) -> Answer {
    let request = get(CODEARTIFACT, &format!("/v1/repository/endpoint?{query}"));
    scene.send(&Sign::codeartifact(CODEARTIFACT).sign(request, &scene.credentials()))
}

/// The default role without an action.
fn without(action: &str) -> Scene {
    Scene::changed(|world| {
        let permissions = world["accounts"][0]["roles"][0]["permissions"].as_array_mut().unwrap();
        permissions.retain(|permission| permission["action"] != action);
    })
}

#[test]
fn a_token_and_its_expiry() {
    let scene = Scene::new();
    let answer = ask_token(&scene, "domain=my-domain&domain-owner=123456789012&duration=3600");
    assert_eq!(answer.status(), 200, "{}", answer.text());
    let token = answer.json()["authorizationToken"].as_str().unwrap().to_string();
    assert!(token.len() > 1000 && token.bytes().all(|b| b.is_ascii_graphic()) && token.starts_with("eyJ"));
    assert_eq!(token.split('.').count(), 5);
    let expires = answer.json()["expiration"].as_f64().unwrap();
    assert!((expires - now() as f64 - 3600.0).abs() <= 2.0);
    let again = ask_token(&scene, "domain=my-domain&duration=3600");
    assert_ne!(again.json()["authorizationToken"], token.as_str());
}

#[test]
fn without_duration_it_lives_twelve_hours() {
    let expires = ask_token(&Scene::new(), "domain=my-domain").json()["expiration"].as_f64().unwrap();
    assert!((expires - now() as f64 - 43_200.0).abs() <= 2.0);
}

#[test]
fn duration_zero_means_as_long_as_the_role() {
    let expires =
        ask_token(&Scene::new(), "domain=my-domain&duration=0").json()["expiration"].as_f64().unwrap();
    assert!((expires - now() as f64 - 3600.0).abs() <= 2.0);
}

#[test]
fn tokens_live_as_short_as_the_domain_says() {
    let scene = Scene::changed(|world| world["accounts"][0]["domains"][0]["token_life"] = json!(30));
    let expires =
        |query: &str| ask_token(&scene, query).json()["expiration"].as_f64().unwrap() - now() as f64;
    for query in ["domain=my-domain", "domain=my-domain&duration=900", "domain=my-domain&duration=0"] {
        assert!((28.0..=31.0).contains(&expires(query)), "{query}");
    }
    let scene = Scene::changed(|world| world["accounts"][0]["domains"][0]["token_life"] = json!(20_000));
    let answer = ask_token(&scene, "domain=my-domain&duration=900").json();
    assert!(answer["expiration"].as_f64().unwrap() - now() as f64 <= 901.0, "never longer than asked for");
}

#[test]
fn duration_out_of_range() {
    let scene = Scene::new();
    for seconds in ["1", "899", "43201", "-1"] {
        let answer = ask_token(&scene, &format!("domain=my-domain&duration={seconds}"));
        answer.is_json_error(400, VALIDATION, "'durationSeconds'");
        assert_eq!(answer.json()["reason"], "FIELD_VALIDATION_FAILED");
    }
    for text in ["1h", "900.5", ""] {
        let answer = ask_token(&scene, &format!("domain=my-domain&duration={text}"));
        answer.is_json_error(400, VALIDATION, "duration is not a number");
        assert_eq!(answer.json()["reason"], "CANNOT_PARSE");
    }
    for seconds in ["900", "43200"] {
        assert_eq!(ask_token(&scene, &format!("domain=my-domain&duration={seconds}")).status(), 200);
    }
}

#[test]
fn a_domain_name_that_cannot_be_one() {
    let scene = Scene::new();
    ask_token(&scene, "duration=900").is_json_error(400, VALIDATION, "'domain' must not be null");
    for name in ["My-domain", "a", "1domain", "domain-", "my_domain", &"a".repeat(51)] {
        ask_token(&scene, &format!("domain={name}")).is_json_error(400, VALIDATION, "at 'domain'");
    }
}

#[test]
fn a_domain_owner_that_is_no_account() {
    let scene = Scene::new();
    for owner in ["12345678901", "1234567890123", "12345678901x"] {
        let answer = ask_token(&scene, &format!("domain=my-domain&domain-owner={owner}"));
        answer.is_json_error(400, VALIDATION, "at 'domain-owner'");
    }
}

#[test]
fn a_domain_that_is_not_there() {
    let scene = Scene::new();
    let answer = ask_token(&scene, "domain=other-domain");
    answer.is_json_error(404, "ResourceNotFoundException", "Domain not found");
    assert_eq!(answer.json()["resourceType"], "domain");
    assert_eq!(
        answer.json()["resourceId"],
        "arn:aws:codeartifact:us-east-1:123456789012:domain/other-domain"
    );
}

#[test]
fn a_domain_of_another_region() {
    let scene = Scene::new();
    let host = "codeartifact.eu-west-1.amazonaws.com";
    let answer = ask(&scene, host, &scene.credentials(), "domain=my-domain");
    answer.is_json_error(404, "ResourceNotFoundException", "Domain not found");
}

#[test]
fn without_owner_the_callers_account_is_meant() {
    let scene = Scene::new();
    let reader = scene.credentials_of(STS, READER);
    let answer = ask(&scene, CODEARTIFACT, &reader, "domain=my-domain");
    answer.is_json_error(404, "ResourceNotFoundException", "");
    assert_eq!(ask(&scene, CODEARTIFACT, &reader, "domain=shared-packages").status(), 200);
}

#[test]
fn a_domain_of_another_account_needs_its_owners_policy() {
    let query = "domain=shared-packages&domain-owner=111111111111";
    let denied = ask_token(&Scene::new(), query);
    denied.is_json_error(
        403,
        DENIED,
        "User: arn:aws:sts::123456789012:assumed-role/CodeArtifact/alice is not authorized to perform: \
         codeartifact:GetAuthorizationToken on resource: \
         arn:aws:codeartifact:us-east-1:111111111111:domain/shared-packages because no resource-based policy",
    );
    let scene = Scene::changed(|world| world["accounts"][1]["domains"][0]["allow"] = json!([ROLE]));
    assert_eq!(ask_token(&scene, query).status(), 200);
}

#[test]
fn a_role_without_get_authorization_token() {
    let answer = ask_token(&without("codeartifact:GetAuthorizationToken"), "domain=my-domain");
    answer.is_json_error(
        403,
        DENIED,
        "no identity-based policy allows the codeartifact:GetAuthorizationToken action",
    );
}

#[test]
fn a_role_without_get_service_bearer_token() {
    let answer = ask_token(&without("sts:GetServiceBearerToken"), "domain=my-domain");
    answer.is_json_error(403, DENIED, "is not authorized to perform: sts:GetServiceBearerToken");
}

#[test]
fn a_permission_for_another_domain() {
    let scene = Scene::changed(|world| {
        let permissions = world["accounts"][0]["roles"][0]["permissions"].as_array_mut().unwrap();
        permissions[0]["resources"] = json!(["arn:aws:codeartifact:us-east-1:123456789012:domain/other"]);
    });
    ask_token(&scene, "domain=my-domain").is_json_error(403, DENIED, "GetAuthorizationToken");
}

#[test]
fn a_bearer_token_for_another_service() {
    let scene = Scene::changed(|world| {
        for permission in world["accounts"][0]["roles"][0]["permissions"].as_array_mut().unwrap() {
            if permission["action"] == "sts:GetServiceBearerToken" {
                permission["service"] = json!("codecatalyst.amazonaws.com");
            }
        }
    });
    ask_token(&scene, "domain=my-domain").is_json_error(403, DENIED, "sts:GetServiceBearerToken");
}

#[test]
fn a_bearer_token_for_longer_than_the_policy_lets() {
    let scene = Scene::new();
    let team = scene.credentials_of(STS, TEAM);
    let ask = |query: &str| ask(&scene, CODEARTIFACT, &team, &format!("domain=team-packages{query}"));
    ask("&duration=28801").is_json_error(403, DENIED, "sts:GetServiceBearerToken");
    ask("").is_json_error(403, DENIED, "sts:GetServiceBearerToken");
    assert_eq!(ask("&duration=28800").status(), 200);
    assert_eq!(ask("&duration=0").status(), 200);
}

#[test]
fn china_and_govcloud() {
    let scene = Scene::new();
    for (sts, host, role, domain) in [
        (
            "sts.cn-north-1.amazonaws.com.cn",
            "codeartifact.cn-north-1.amazonaws.com.cn",
            "arn:aws-cn:iam::333333333333:role/CodeArtifact",
            "china-packages",
        ),
        (
            "sts.us-gov-west-1.amazonaws.com",
            "codeartifact.us-gov-west-1.amazonaws.com",
            "arn:aws-us-gov:iam::444444444444:role/CodeArtifact",
            "gov-packages",
        ),
    ] {
        let credentials = scene.credentials_of(sts, role);
        let answer = ask(&scene, host, &credentials, &format!("domain={domain}"));
        assert_eq!(answer.status(), 200, "{}", answer.text());
    }
}

#[test]
fn endpoints_of_every_format_end_with_a_slash() {
    let scene = Scene::new();
    for format in ["npm", "pypi", "maven", "nuget", "generic", "ruby", "swift", "cargo"] {
        let answer = ask_endpoint(&scene, &format!("domain=my-domain&format={format}&repository=my-repo"));
        let url = format!("https://{REGISTRY}/{format}/my-repo/");
        assert_eq!(answer.json()["repositoryEndpoint"], url.as_str());
    }
    let answer =
        ask_endpoint(&scene, "domain=my-domain&endpointType=dualstack&format=cargo&repository=my-repo");
    let url = "https://my-domain-123456789012.codeartifact.us-east-1.on.aws/cargo/my-repo/";
    assert_eq!(answer.json()["repositoryEndpoint"], url);
}

#[test]
fn an_endpoint_of_something_that_cannot_be() {
    let scene = Scene::new();
    ask_endpoint(&scene, "domain=my-domain&format=debian&repository=my-repo").is_json_error(
        400,
        VALIDATION,
        "enum value set",
    );
    ask_endpoint(&scene, "domain=my-domain&repository=my-repo").is_json_error(400, VALIDATION, "'format'");
    ask_endpoint(&scene, "domain=my-domain&endpointType=ipv6&format=npm&repository=my-repo").is_json_error(
        400,
        VALIDATION,
        "at 'endpointType'",
    );
    ask_endpoint(&scene, "domain=my-domain&format=npm").is_json_error(400, VALIDATION, "'repository'");
    ask_endpoint(&scene, "domain=my-domain&format=npm&repository=-x").is_json_error(
        400,
        VALIDATION,
        "at 'repository'",
    );
}

#[test]
fn an_endpoint_of_a_repository_that_is_not_there() {
    let answer = ask_endpoint(&Scene::new(), "domain=my-domain&format=npm&repository=other");
    answer.is_json_error(404, "ResourceNotFoundException", "Repository not found");
    assert_eq!(answer.json()["resourceType"], "repository");
}

#[test]
fn the_endpoint_has_its_own_permission() {
    let scene = without("codeartifact:GetRepositoryEndpoint");
    let answer = ask_endpoint(&scene, "domain=my-domain&format=npm&repository=my-repo");
    answer.is_json_error(403, DENIED, "codeartifact:GetRepositoryEndpoint");
    assert_eq!(ask_token(&scene, "domain=my-domain").status(), 200);
}

#[test]
fn operations_that_are_not_there() {
    let scene = Scene::new();
    for request in
        [get(CODEARTIFACT, "/v1/authorization-token?domain=my-domain"), get(CODEARTIFACT, "/v1/domains")]
    {
        let signed = Sign::codeartifact(CODEARTIFACT).sign(request, &scene.credentials());
        scene.send(&signed).is_json_error(404, "UnknownOperationException", "");
    }
}

#[test]
fn counters_tell_grants_from_refusals() {
    let scene = Scene::new();
    ask_token(&scene, "domain=my-domain");
    ask_token(&scene, "domain=other-domain");
    ask_endpoint(&scene, "domain=my-domain&format=npm&repository=my-repo");
    let stats = scene.world.stats();
    let expected = json!({
        "get_authorization_token": 2, "granted": 1, "refused": 1, "get_repository_endpoint": 1,
    });
    assert_eq!(stats["codeartifact"], expected);
}
