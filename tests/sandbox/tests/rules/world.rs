//! The world's own surface: hosts, services, refusals from outside, counters.

use serde_json::json;
use vouch_sandbox::http::Service;

use crate::support::*;

#[test]
fn every_host_has_a_service() {
    let scene = Scene::new();
    let hosts = scene.world.hosts();
    for host in &hosts {
        assert!(scene.world.service(host).is_some(), "{host}");
    }
    for (host, service) in [
        ("id.example.com", Service::Issuer),
        ("crates.example.net", Service::Registry),
        (STS, Service::Sts),
        ("sts.amazonaws.com", Service::Sts),
        ("sts.cn-north-1.amazonaws.com.cn", Service::Sts),
        (CODEARTIFACT, Service::CodeArtifact),
        ("codeartifact.us-gov-west-1.amazonaws.com", Service::CodeArtifact),
        (REGISTRY, Service::Registry),
        ("my-domain-123456789012.codeartifact.us-east-1.on.aws", Service::Registry),
        ("china-packages-333333333333.d.codeartifact.cn-north-1.amazonaws.com.cn", Service::Registry),
        ("gov-packages-444444444444.d.codeartifact.us-gov-west-1.amazonaws.com", Service::Registry),
    ] {
        assert!(hosts.iter().any(|known| known == host), "{host}");
        assert_eq!(scene.world.service(host), Some(service), "{host}");
    }
}

#[test]
fn hosts_of_nobody() {
    let scene = Scene::new();
    for host in ["example.com", "s3.amazonaws.com", "my-domain-123456789012.d.codeartifact.us-east-1.on.aws"]
    {
        assert_eq!(scene.world.service(host), None);
        assert_eq!(scene.send(&get(host, "/")).status(), 421);
    }
}

#[test]
fn refusals_have_the_shape_of_their_service() {
    let world = Scene::new().world;
    let refusal = |service, status, code| Answer(world.refusal(service, status, code, "Rate exceeded"));
    let throttled = refusal(Service::Sts, 400, "Throttling");
    throttled.is_sts_error(400, "Throttling", "Rate exceeded");
    assert_eq!(throttled.element("Type"), "Sender");
    assert_eq!(refusal(Service::Sts, 500, "InternalFailure").element("Type"), "Receiver");
    let throttled = refusal(Service::CodeArtifact, 429, "ThrottlingException");
    throttled.is_json_error(429, "ThrottlingException", "Rate exceeded");
    let registry = refusal(Service::Registry, 503, "ServiceUnavailable");
    assert_eq!(registry.json()["errors"][0]["detail"], "Rate exceeded");
    assert_eq!(refusal(Service::Issuer, 503, "x").text(), "Rate exceeded\n");
    assert!(!registry.header("date").is_empty());
}

#[test]
fn requests_that_a_fault_swallows_are_counted() {
    let scene = Scene::new();
    scene.world.count_unserved(&form(STS, &web_identity(ROLE, "x.y.z")));
    scene.world.count_unserved(&post(CODEARTIFACT, "/v1/authorization-token", Some("domain=my-domain"), ""));
    scene.world.count_unserved(&get("id.example.com", "/alice/jwks.json"));
    let stats = scene.world.stats();
    assert_eq!(
        (&stats["sts"]["assume_role_with_web_identity"], &stats["sts"]["refused"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(stats["codeartifact"]["get_authorization_token"], 1);
    assert_eq!(stats["codeartifact"]["refused"], 1);
    assert_eq!(stats["issuer"]["jwks"], 1);
}

#[test]
fn all_counters_are_there_from_the_start() {
    let stats = Scene::new().world.stats();
    let cargo = json!({
        "index": 0, "download": 0, "publish": 0, "yank": 0, "unyank": 0, "search": 0,
        "unauthenticated": 0, "bad_token": 0,
    });
    assert_eq!(stats["registry"]["cargo"], cargo);
    assert_eq!(stats["codeartifact"].as_object().unwrap().len(), 4);
    assert_eq!(stats["issuer"], json!({ "discovery": 0, "jwks": 0 }));
}

#[test]
fn many_threads_at_once() {
    let scene = Scene::new();
    let token = token(&scene.alice, &claims());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(scene.assume(&token).status(), 200));
        }
    });
    assert_eq!(scene.world.stats()["sts"]["granted"], 8);
}
