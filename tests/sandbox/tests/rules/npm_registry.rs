//! CodeArtifact's data plane for npm.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA512, digest};
use serde_json::{Value, json};
use vouch_sandbox::http::Request;

use crate::support::*;

const REPO: &str = "/npm/my-npm-repo";
const UNAUTHENTICATED: &str = "UnauthenticatedException";
const ABBREVIATED: &str = "application/vnd.npm.install-v1+json";

fn bearer(request: Request, token: &str) -> Request {
    with_header(request, "authorization", &format!("Bearer {token}"))
}

fn read(scene: &Scene, path: &str, token: &str) -> Answer {
    scene.send(&bearer(get(REGISTRY, &format!("{REPO}/{path}")), token))
}

fn tarball(package_json: &Value) -> Vec<u8> {
    let text = package_json.to_string();
    let gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut archive = tar::Builder::new(gzip);
    let mut header = tar::Header::new_gnu();
    header.set_size(text.len() as u64);
    archive.append_data(&mut header, "package/package.json", text.as_bytes()).unwrap();
    archive.into_inner().unwrap().finish().unwrap()
}

/// What `npm publish` sends for a package that depends on `left`.
fn publication(name: &str, version: &str) -> Value {
    let manifest = json!({
        "name": name, "version": version, "dependencies": { "left": "^1.0.0" }, "readme": "Long.", "main": "index.js",
    });
    let data = tarball(&manifest);
    let mut published = manifest;
    let sha1: String =
        digest(&SHA1_FOR_LEGACY_USE_ONLY, &data).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    published["dist"] = json!({
        "shasum": sha1,
        "integrity": format!("sha512-{}", STANDARD.encode(digest(&SHA512, &data))),
        "tarball": "http://localhost/somewhere/else.tgz",
    });
    json!({
        "_id": name, "name": name, "dist-tags": { "latest": version }, "versions": { version: published },
        "access": null,
        "_attachments": { format!("{name}-{version}.tgz"): {
            "content_type": "application/octet-stream", "data": STANDARD.encode(&data), "length": data.len(),
        } },
    })
}

/// A name as clients put it into a path: the scope's slash encoded.
fn escaped(name: &str) -> String {
    name.replace('/', "%2f")
}

fn send_publication(scene: &Scene, token: &str, name: &str, document: &Value) -> Answer {
    let path = format!("{REPO}/{}", escaped(name));
    scene.send(&bearer(put(REGISTRY, &path, document.to_string()), token))
}

fn publish(scene: &Scene, token: &str, name: &str, version: &str) -> Answer {
    send_publication(scene, token, name, &publication(name, version))
}

#[test]
fn nobody_in_particular_is_asked_who_they_are() {
    let scene = Scene::new();
    for path in ["hello", "-/ping", "@acme%2fhello"] {
        let answer = scene.send(&get(REGISTRY, &format!("{REPO}/{path}")));
        answer.is_json_error(401, UNAUTHENTICATED, "Unauthenticated");
        let challenge = "Bearer realm=\"my-domain/my-npm-repo\", Basic realm=\"my-domain/my-npm-repo\"";
        assert_eq!(answer.header("www-authenticate"), challenge);
    }
    assert_eq!(scene.world.stats()["registry"]["npm"]["unauthenticated"], 3);
}

#[test]
fn the_token_comes_as_bearer_or_as_the_password_of_aws() {
    let scene = Scene::new();
    let token = scene.authorization_token();
    let basic = |text: String| format!("Basic {}", STANDARD.encode(text));
    let ping = |value: &str| {
        scene.send(&with_header(get(REGISTRY, &format!("{REPO}/-/ping")), "authorization", value)).status()
    };
    for good in [format!("Bearer {token}"), format!("bearer {token}"), basic(format!("aws:{token}"))] {
        assert_eq!(ping(&good), 200, "{good}");
    }
    for bad in [
        token.clone(),
        format!("Token {token}"),
        "Bearer ".into(),
        "Bearer ${CODEARTIFACT_AUTH_TOKEN}".into(),
        basic(format!("alice:{token}")),
        basic(token.clone()),
        "Basic !".into(),
    ] {
        assert_eq!(ping(&bad), 401, "{bad}");
    }
    assert_eq!(scene.world.stats()["registry"]["npm"]["bad_token"], 7);
    assert_eq!(scene.world.stats()["registry"]["npm"]["ping"], 3);
}

#[test]
fn a_token_that_has_expired() {
    let scene = Scene::new();
    let token = scene.token_for(CODEARTIFACT, &scene.credentials(), "domain=my-domain&duration=900");
    scene.world.set_clock_skew(890);
    assert_eq!(read(&scene, "-/ping", &token).status(), 200);
    scene.world.set_clock_skew(901);
    read(&scene, "-/ping", &token).is_json_error(401, UNAUTHENTICATED, "");
}

#[test]
fn the_status_for_a_bad_token_can_be_chosen() {
    let scene = Scene::new();
    for (status, code) in [(403, "AccessDeniedException"), (404, "ResourceNotFoundException")] {
        scene.world.set_registry(None, Some(status)).unwrap();
        read(&scene, "hello", "bad").is_json_error(status, code, "");
    }
}

#[test]
fn a_package_repository_or_path_that_is_not_there() {
    let scene = Scene::new();
    let token = scene.authorization_token();
    for path in ["nothing", "@acme%2fnothing", "nothing/-/nothing-1.0.0.tgz", "-/package/nothing/dist-tags"] {
        read(&scene, path, &token).is_json_error(404, "ResourceNotFoundException", "no package");
    }
    publish(&scene, &token, "hello", "1.0.0");
    for path in [
        "",
        "-/whoami",
        "-/npm/v1/security/advisories/bulk",
        "-/v1/search",
        "Hello",
        ".hello",
        "@acme",
        "hello/1.0.0",
        "hello/-/hello-2.0.0.tgz",
        "hello/-/a/hello-1.0.0.tgz",
        "-/package/hello/dist-tags/1.0.0",
    ] {
        read(&scene, path, &token).is_json_error(404, "ResourceNotFoundException", "");
    }
    let elsewhere = bearer(get(REGISTRY, "/npm/other/hello"), &token);
    scene.send(&elsewhere).is_json_error(404, "ResourceNotFoundException", "Repository not found");
    let neighbour = bearer(get(REGISTRY, "/npm/my-repo/hello"), &token);
    scene.send(&neighbour).is_json_error(404, "ResourceNotFoundException", "no package");
}

#[test]
fn publish_then_read_back() {
    let scene = Scene::new();
    let token = scene.authorization_token();
    for name in ["hello", "@acme/hello"] {
        let document = publication(name, "1.2.3");
        assert_eq!(send_publication(&scene, &token, name, &document).json(), json!({ "ok": true }));
        let packument = read(&scene, &escaped(name), &token);
        assert_eq!(packument.header("content-type"), "application/json");
        let packument = packument.json();
        assert_eq!(
            (&packument["name"], &packument["dist-tags"]),
            (&json!(name), &json!({ "latest": "1.2.3" }))
        );
        let version = &packument["versions"]["1.2.3"];
        assert_eq!(
            (&version["readme"], &version["dependencies"]["left"]),
            (&json!("Long."), &json!("^1.0.0"))
        );
        assert!(packument["time"]["1.2.3"].as_str().unwrap().ends_with('Z'));
        let dist = &version["dist"];
        let url = format!("https://{REGISTRY}{REPO}/{name}/-/hello-1.2.3.tgz");
        assert_eq!(dist["tarball"], url.as_str());
        let sent = &document["versions"]["1.2.3"]["dist"];
        assert_eq!((&dist["shasum"], &dist["integrity"]), (&sent["shasum"], &sent["integrity"]));
        let file = document["_attachments"][format!("{name}-1.2.3.tgz")]["data"].as_str().unwrap();
        for path in [format!("{name}/-/hello-1.2.3.tgz"), format!("{}/-/hello-1.2.3.tgz", escaped(name))] {
            assert_eq!(STANDARD.encode(read(&scene, &path, &token).0.body()), file);
        }
    }
}

#[test]
fn a_scope_is_written_in_three_ways() {
    let scene = Scene::new();
    let token = scene.authorization_token();
    publish(&scene, &token, "@acme/hello", "1.0.0");
    for path in ["@acme/hello", "@acme%2fhello", "@acme%2Fhello", "%40acme%2fhello"] {
        assert_eq!(read(&scene, path, &token).json()["name"], "@acme/hello", "{path}");
    }
}

#[test]
fn tarballs_are_on_the_host_that_was_asked() {
    let scene = Scene::new();
    let token = scene.authorization_token();
    publish(&scene, &token, "hello", "1.0.0");
    let host = "my-domain-123456789012.codeartifact.us-east-1.on.aws";
    let packument = scene.send(&bearer(get(host, &format!("{REPO}/hello")), &token)).json();
    let tarball = packument["versions"]["1.0.0"]["dist"]["tarball"].as_str().unwrap();
    assert!(tarball.starts_with(&format!("https://{host}/npm/")), "{tarball}");
}

#[test]
fn the_abbreviated_form_is_for_those_who_accept_it() {
    let scene = Scene::new();
    let token = scene.authorization_token();
    publish(&scene, &token, "hello", "1.0.0");
    let request =
        |accept: &str| with_header(bearer(get(REGISTRY, &format!("{REPO}/hello")), &token), "accept", accept);
    let answer = scene.send(&request(&format!("{ABBREVIATED}; q=1.0, application/json; q=0.8, */*")));
    assert_eq!(answer.header("content-type"), ABBREVIATED);
    let short = answer.json();
    assert_eq!((&short["time"], &short["versions"]["1.0.0"]["readme"]), (&Value::Null, &Value::Null));
    assert!(short["modified"].is_string());
    assert_eq!(short["versions"]["1.0.0"]["dependencies"], json!({ "left": "^1.0.0" }));
    assert!(short["versions"]["1.0.0"]["dist"]["integrity"].as_str().unwrap().starts_with("sha512-"));
    assert_eq!(scene.send(&request("*/*")).header("content-type"), "application/json");
}

#[test]
fn a_packument_that_has_not_changed() {
    let scene = Scene::new();
    let token = scene.authorization_token();
    publish(&scene, &token, "hello", "1.0.0");
    let tag = read(&scene, "hello", &token).header("etag").to_string();
    let again = || {
        let request = bearer(get(REGISTRY, &format!("{REPO}/hello")), &token);
        scene.send(&with_header(request, "if-none-match", &tag))
    };
    assert_eq!((again().status(), again().text()), (304, String::new()));
    publish(&scene, &token, "hello", "1.0.1");
    assert_eq!(again().status(), 200);
}

#[test]
fn a_version_that_is_there_already() {
    let scene = Scene::new();
    let token = scene.authorization_token();
    assert_eq!(publish(&scene, &token, "hello", "1.0.0").status(), 200);
    publish(&scene, &token, "hello", "1.0.0").is_json_error(409, "ConflictException", "already exists");
    assert_eq!(publish(&scene, &token, "hello", "1.0.1").status(), 200);
    assert_eq!(read(&scene, "hello", &token).json()["versions"].as_object().unwrap().len(), 2);
}

#[test]
fn publications_that_are_not_well_formed() {
    let scene = Scene::new();
    let token = scene.authorization_token();
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut document = publication("hello", "1.0.0");
        change(&mut document);
        document
    };
    let file = "hello-1.0.0.tgz";
    let other = STANDARD.encode(tarball(&json!({ "name": "hello", "version": "9.9.9" })));
    for (document, message) in [
        (json!("hello"), "not one about hello"),
        (changed(&|d| d["name"] = json!("other")), "not one about hello"),
        (changed(&|d| d["versions"] = json!({})), "one version"),
        (changed(&|d| d["versions"]["2.0.0"] = json!({})), "one version"),
        (changed(&|d| d["versions"] = json!({ "1.0": {} })), "the version is not one"),
        (
            changed(&|d| d["versions"]["1.0.0"]["version"] = json!("1.0.1")),
            "manifest is not that of hello 1.0.0",
        ),
        (changed(&|d| d["_attachments"] = json!({})), "one attachment"),
        (changed(&|d| d["_attachments"][file]["data"] = json!("?")), "not in base64"),
        (changed(&|d| d["_attachments"][file]["length"] = json!(1)), "cut short"),
        (
            changed(&|d| d["_attachments"][file] = json!({ "data": STANDARD.encode("text") })),
            "not a gzip-compressed tar",
        ),
        (changed(&|d| d["_attachments"][file] = json!({ "data": other })), "package.json is not that of"),
        (changed(&|d| d["versions"]["1.0.0"]["dist"]["shasum"] = json!("00")), "digest"),
        (changed(&|d| d["versions"]["1.0.0"]["dist"]["integrity"] = json!("sha512-")), "digest"),
        (changed(&|d| d["dist-tags"]["next"] = json!("2.0.0")), "tags its own version"),
    ] {
        send_publication(&scene, &token, "hello", &document).is_json_error(
            400,
            "ValidationException",
            message,
        );
    }
    let no_json = scene.send(&bearer(put(REGISTRY, &format!("{REPO}/hello"), "{"), &token));
    no_json.is_json_error(400, "ValidationException", "not JSON");
    assert_eq!(read(&scene, "hello", &token).status(), 404);
}

#[test]
fn dist_tags_are_read_set_and_removed() {
    let scene = Scene::new();
    let token = scene.authorization_token();
    publish(&scene, &token, "@acme/hello", "1.0.0");
    publish(&scene, &token, "@acme/hello", "2.0.0");
    let tags = format!("{REPO}/-/package/@acme%2fhello/dist-tags");
    let all = || scene.send(&bearer(get(REGISTRY, &tags), &token)).json();
    assert_eq!(all(), json!({ "latest": "2.0.0" }));
    let set = |tag: &str, body: &str| {
        scene.send(&bearer(put(REGISTRY, &format!("{tags}/{tag}"), body.to_string()), &token))
    };
    assert_eq!(set("old", "\"1.0.0\"").status(), 200);
    assert_eq!(all(), json!({ "latest": "2.0.0", "old": "1.0.0" }));
    set("old", "\"3.0.0\"").is_json_error(404, "ResourceNotFoundException", "no version 3.0.0");
    set("old", "1.0.0").is_json_error(400, "ValidationException", "JSON string");
    assert_eq!(set("1.x", "\"1.0.0\"").status(), 404, "a tag that is a range");
    let remove = |tag: &str| scene.send(&bearer(delete(REGISTRY, &format!("{tags}/{tag}")), &token));
    assert_eq!(remove("old").status(), 200);
    remove("old").is_json_error(404, "ResourceNotFoundException", "no tag old");
    remove("latest").is_json_error(400, "ValidationException", "latest");
    assert_eq!(all(), json!({ "latest": "2.0.0" }));
}

#[test]
fn a_role_that_may_read_and_not_publish() {
    let scene = Scene::new();
    let reader = scene.credentials_of(STS, "arn:aws:iam::111111111111:role/CodeArtifactReader");
    let token = scene.token_for(CODEARTIFACT, &reader, "domain=shared-packages");
    let host = "shared-packages-111111111111.d.codeartifact.us-east-1.amazonaws.com";
    let tag = "/npm/npm-store/-/package/hello/dist-tags/old";
    for request in [
        put(host, "/npm/npm-store/hello", publication("hello", "1.0.0").to_string()),
        put(host, tag, "\"1.0.0\""),
        delete(host, tag),
    ] {
        scene.send(&bearer(request, &token)).is_json_error(
            403,
            "AccessDeniedException",
            "is not authorized to perform: codeartifact:PublishPackageVersion",
        );
    }
    assert_eq!(scene.send(&bearer(get(host, "/npm/npm-store/-/ping"), &token)).status(), 200);
    assert_eq!(scene.world.stats()["registry"]["npm"]["publish"], 0);
}

#[test]
fn a_role_that_may_not_read() {
    let scene = Scene::changed(|world| {
        let permissions = world["accounts"][0]["roles"][0]["permissions"].as_array_mut().unwrap();
        permissions.retain(|permission| permission["action"] != "codeartifact:ReadFromRepository");
    });
    let token = scene.authorization_token();
    for path in ["hello", "-/ping", "hello/-/hello-1.0.0.tgz", "-/package/hello/dist-tags"] {
        let answer = read(&scene, path, &token);
        answer.is_json_error(403, "AccessDeniedException", "codeartifact:ReadFromRepository");
    }
    assert_eq!(publish(&scene, &token, "hello", "1.0.0").status(), 200);
}

#[test]
fn requests_are_counted_by_kind() {
    let scene = Scene::new();
    let token = scene.authorization_token();
    publish(&scene, &token, "hello", "1.0.0");
    read(&scene, "hello", &token);
    read(&scene, "hello", &token);
    read(&scene, "hello/-/hello-1.0.0.tgz", &token);
    read(&scene, "-/ping", &token);
    read(&scene, "-/package/hello/dist-tags", &token);
    let expected = json!({
        "packument": 2, "tarball": 1, "publish": 1, "dist_tags": 1, "ping": 1, "unauthenticated": 0, "bad_token": 0,
    });
    assert_eq!(scene.world.stats()["registry"]["npm"], expected);
}
