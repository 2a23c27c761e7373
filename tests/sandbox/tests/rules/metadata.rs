//! The endpoints at which AWS has role credentials for containers and instances.

use http::Method;
use serde_json::json;

use crate::support::{Answer, Credentials, ROLE, STS, Scene, Sign, form, get, put, request, with_header};

const INSTANCE: &str = "169.254.169.254";
const ECS: &str = "169.254.170.2";
const EKS: &str = "169.254.170.23";
const TOKEN: &str = "/latest/api/token";
const ROLES: &str = "/latest/meta-data/iam/security-credentials/";
const TTL: &str = "x-aws-ec2-metadata-token-ttl-seconds";

fn scene() -> Scene {
    Scene::changed(|config| {
        config["metadata"] = json!({
            "instance": ROLE, "containers": { "/v2/credentials/1": ROLE }, "pods": { "the-token": ROLE }, "seconds": 900,
        });
    })
}

fn send(scene: &Scene, request: &vouch_sandbox::http::Request) -> Answer {
    Answer(scene.world.handle_metadata(request))
}

fn session(scene: &Scene, seconds: &str) -> Answer {
    send(scene, &with_header(put(INSTANCE, TOKEN, ""), TTL, seconds))
}

fn read(scene: &Scene, path: &str, token: &str) -> Answer {
    send(scene, &with_header(get(INSTANCE, path), "x-aws-ec2-metadata-token", token))
}

/// Who the credentials of an answer are of, by STS.
fn caller(scene: &Scene, answer: &Answer) -> String {
    assert_eq!(answer.status(), 200, "{}", answer.text());
    let given = answer.json();
    let part = |name: &str| given[name].as_str().unwrap().to_owned();
    let credentials = Credentials {
        access_key_id: part("AccessKeyId"),
        secret: part("SecretAccessKey"),
        session_token: Some(part("Token")),
    };
    let fields = [("Action", "GetCallerIdentity"), ("Version", "2011-06-15")];
    let signed = Sign::sts(STS).sign(form(STS, &fields), &credentials);
    scene.send(&signed).element("Arn")
}

#[test]
fn an_instance_gives_its_role_to_who_shows_a_session() {
    let scene = scene();
    let token = session(&scene, "60").text();
    assert_eq!(read(&scene, ROLES, &token).text(), "CodeArtifact");
    let given = read(&scene, &format!("{ROLES}CodeArtifact"), &token);
    let caller = caller(&scene, &given);
    assert!(caller.starts_with("arn:aws:sts::123456789012:assumed-role/CodeArtifact/i-"), "{caller}");
    assert_eq!(given.json()["Code"], "Success");
}

#[test]
fn an_instance_gives_nothing_without_a_session() {
    let scene = scene();
    assert_eq!(send(&scene, &get(INSTANCE, ROLES)).status(), 401);
    assert_eq!(read(&scene, ROLES, "made-up").status(), 401);
    let token = session(&scene, "1").text();
    scene.world.set_clock_skew(5);
    assert_eq!(read(&scene, ROLES, &token).status(), 401, "it is over");
}

#[test]
fn a_session_with_an_instance_is_begun_by_put_with_a_time() {
    let scene = scene();
    assert_eq!(send(&scene, &get(INSTANCE, TOKEN)).status(), 405);
    assert_eq!(send(&scene, &put(INSTANCE, TOKEN, "")).status(), 400);
    for seconds in ["0", "21601", "-1", "x", ""] {
        assert_eq!(session(&scene, seconds).status(), 400, "{seconds}");
    }
    let forwarded = with_header(put(INSTANCE, TOKEN, ""), TTL, "60");
    assert_eq!(send(&scene, &with_header(forwarded, "x-forwarded-for", "10.0.0.1")).status(), 403);
}

#[test]
fn an_instance_without_a_role_or_with_another_has_none() {
    let scene = scene();
    let token = session(&scene, "60").text();
    assert_eq!(read(&scene, &format!("{ROLES}Other"), &token).status(), 404);
    assert_eq!(read(&scene, "/latest/user-data", &token).status(), 404);
    let post = request(Method::POST, INSTANCE, ROLES, None, "");
    assert_eq!(send(&scene, &with_header(post, "x-aws-ec2-metadata-token", &token)).status(), 405);
    let bare = Scene::new();
    let token = session(&bare, "60").text();
    assert_eq!(read(&bare, ROLES, &token).status(), 404);
}

#[test]
fn a_task_gets_its_role_by_the_path_that_it_was_told() {
    let scene = scene();
    let given = send(&scene, &get(ECS, "/v2/credentials/1"));
    assert_eq!(given.json()["RoleArn"], ROLE);
    assert!(caller(&scene, &given).contains(":assumed-role/CodeArtifact/"));
    for path in ["/", "/v2/credentials/", "/v2/credentials/2"] {
        assert_eq!(send(&scene, &get(ECS, path)).status(), 400, "{path}");
    }
    assert_eq!(send(&scene, &put(ECS, "/v2/credentials/1", "")).status(), 405);
}

#[test]
fn a_pod_gets_its_role_by_the_token_of_its_service_account() {
    let scene = scene();
    let ask = get(EKS, "/v1/credentials");
    let given = send(&scene, &with_header(ask.clone(), "authorization", "the-token"));
    assert!(caller(&scene, &given).contains(":assumed-role/CodeArtifact/"));
    assert_eq!(send(&scene, &ask).status(), 400);
    assert_eq!(send(&scene, &with_header(ask, "authorization", "another")).status(), 400);
    assert_eq!(send(&scene, &get(EKS, "/v2/credentials/1")).status(), 404);
}
