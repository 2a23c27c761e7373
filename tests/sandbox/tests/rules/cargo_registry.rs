//! CodeArtifact's data plane for Cargo.

use std::io::Write as _;

use serde_json::{Value, json};

use crate::support::*;

const REPO: &str = "/cargo/my-repo";
const UNAUTHENTICATED: &str = "UnauthenticatedException";

fn with_token(request: vouch_sandbox::http::Request, token: &str) -> vouch_sandbox::http::Request {
    with_header(request, "authorization", token)
}

fn read(scene: &Scene, path: &str, token: &str) -> Answer {
    scene.send(&with_token(get(REGISTRY, &format!("{REPO}/{path}")), token))
}

fn crate_file(folder: &str) -> Vec<u8> {
    let text = "[package]\n";
    let gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut archive = tar::Builder::new(gzip);
    let mut header = tar::Header::new_gnu();
    header.set_size(text.len() as u64);
    archive.append_data(&mut header, format!("{folder}/Cargo.toml"), text.as_bytes()).unwrap();
    archive.into_inner().unwrap().finish().unwrap()
}

fn upload(metadata: &Value, file: &[u8]) -> Vec<u8> {
    let metadata = metadata.to_string();
    let mut body = Vec::new();
    for part in [metadata.as_bytes(), file] {
        body.write_all(&u32::try_from(part.len()).unwrap().to_le_bytes()).unwrap();
        body.write_all(part).unwrap();
    }
    body
}

fn metadata(name: &str, version: &str) -> Value {
    json!({ "name": name, "vers": version, "deps": [], "features": {}, "description": "A crate.", "links": null })
}

fn publish_to(scene: &Scene, repository: &str, token: &str, body: Vec<u8>) -> Answer {
    scene.send(&with_token(put(REGISTRY, &format!("/cargo/{repository}/api/v1/crates/new"), body), token))
}

fn publish(scene: &Scene, token: &str, name: &str, version: &str) -> Answer {
    let body = upload(&metadata(name, version), &crate_file(&format!("{name}-{version}")));
    publish_to(scene, "my-repo", token, body)
}

fn index_lines(scene: &Scene, path: &str, token: &str) -> Vec<Value> {
    let answer = read(scene, path, token);
    assert_eq!(answer.status(), 200, "{}", answer.text());
    answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn nobody_in_particular_is_asked_who_they_are() {
    let scene = Scene::new();
    let answer = scene.send(&get(REGISTRY, "/cargo/my-repo/config.json"));
    answer.is_json_error(401, UNAUTHENTICATED, "Unauthenticated");
    let challenge = "Bearer realm=\"my-domain/my-repo\", Basic realm=\"my-domain/my-repo\"";
    assert_eq!(answer.header("www-authenticate"), challenge);
    assert_eq!(scene.world.stats()["registry"]["cargo"]["unauthenticated"], 1);
}

#[test]
fn config_json_names_this_host_and_repository() {
    let scene = Scene::new();
    let token = scene.authorization_token();
    for host in [REGISTRY, "my-domain-123456789012.codeartifact.us-east-1.on.aws"] {
        let answer = scene.send(&with_token(get(host, "/cargo/my-repo/config.json"), &token));
        let base = format!("https://{host}/cargo/my-repo");
        let expected = json!({ "dl": format!("{base}/api/v1/crates"), "api": base, "auth-required": true });
        assert_eq!(answer.json(), expected);
    }
}

#[test]
fn a_token_that_nobody_made() {
    let scene = Scene::new();
    let answer = read(&scene, "config.json", "eyJ.not.a.real.token");
    answer.is_json_error(401, UNAUTHENTICATED, "");
    assert!(answer.header("www-authenticate").starts_with("Bearer realm="));
    assert_eq!(scene.world.stats()["registry"]["cargo"]["bad_token"], 1);
}

#[test]
fn a_token_that_has_expired() {
    let scene = Scene::new();
    let query = "domain=my-domain&duration=900";
    let token = scene.token_for(CODEARTIFACT, &scene.credentials(), query);
    scene.world.set_clock_skew(890);
    assert_eq!(read(&scene, "config.json", &token).status(), 200);
    scene.world.set_clock_skew(901);
    read(&scene, "config.json", &token).is_json_error(401, UNAUTHENTICATED, "");
}

#[test]
fn a_token_of_another_domain() {
    let scene = Scene::new();
    let reader = scene.credentials_of(STS, "arn:aws:iam::111111111111:role/CodeArtifactReader");
    let token = scene.token_for(CODEARTIFACT, &reader, "domain=shared-packages");
    read(&scene, "config.json", &token).is_json_error(401, UNAUTHENTICATED, "");
    let own = "shared-packages-111111111111.d.codeartifact.us-east-1.amazonaws.com";
    assert_eq!(scene.send(&with_token(get(own, "/cargo/cargo-store/config.json"), &token)).status(), 200);
}

#[test]
fn a_token_of_another_region() {
    let scene = Scene::changed(|world| {
        let twin = json!({ "name": "my-domain", "region": "eu-west-1", "repositories": ["my-repo"] });
        world["accounts"][0]["domains"].as_array_mut().unwrap().push(twin);
    });
    let host = "codeartifact.eu-west-1.amazonaws.com";
    let token = scene.token_for(host, &scene.credentials(), "domain=my-domain");
    read(&scene, "config.json", &token).is_json_error(401, UNAUTHENTICATED, "");
    let there = "my-domain-123456789012.d.codeartifact.eu-west-1.amazonaws.com";
    assert_eq!(scene.send(&with_token(get(there, "/cargo/my-repo/config.json"), &token)).status(), 200);
}

#[test]
fn the_status_for_a_bad_token_can_be_chosen() {
    let scene = Scene::new();
    for (status, code) in [(403, "AccessDeniedException"), (404, "ResourceNotFoundException")] {
        scene.world.set_registry(None, Some(status)).unwrap();
        let answer = read(&scene, "config.json", "bad");
        answer.is_json_error(status, code, "");
        assert_eq!(answer.header("www-authenticate"), "");
        assert_eq!(
            scene.send(&get(REGISTRY, "/cargo/my-repo/config.json")).status(),
            401,
            "anonymous stays 401"
        );
    }
}

#[test]
fn the_scheme_in_front_of_the_token() {
    let scene = Scene::new();
    let token = scene.authorization_token();
    let with_scheme = format!("Bearer {token}");
    assert_eq!(read(&scene, "config.json", &token).status(), 200);
    assert_eq!(read(&scene, "config.json", &with_scheme).status(), 401);
    scene.world.set_registry(Some("bearer".into()), None).unwrap();
    assert_eq!(read(&scene, "config.json", &token).status(), 401);
    assert_eq!(read(&scene, "config.json", &with_scheme).status(), 200);
}

#[test]
fn settings_that_do_not_exist_change_nothing() {
    let scene = Scene::new();
    assert!(scene.world.set_registry(Some("basic".into()), Some(403)).unwrap_err().contains("basic"));
    assert!(scene.world.set_registry(Some("bearer".into()), Some(500)).unwrap_err().contains("500"));
    assert_eq!(read(&scene, "config.json", "bad").status(), 401);
    assert_eq!(read(&scene, "config.json", &scene.authorization_token()).status(), 200);
}

#[test]
fn a_repository_that_is_not_there() {
    let scene = Scene::new();
    let token = scene.authorization_token();
    let answer = scene.send(&with_token(get(REGISTRY, "/cargo/other/config.json"), &token));
    answer.is_json_error(404, "ResourceNotFoundException", "Repository not found");
    assert_eq!(scene.send(&get(REGISTRY, "/cargo/other/config.json")).status(), 401);
}

#[test]
fn a_format_or_path_that_is_not_there() {
    let scene = Scene::new();
    let token = scene.authorization_token();
    for path in [
        "/",
        "/cargo",
        "/cargo/my-repo",
        "/debian/my-repo/x",
        "/cargo/my-repo/nothing",
        "/cargo/my-repo/my/se/serde",
    ] {
        let answer = scene.send(&with_token(get(REGISTRY, path), &token));
        answer.is_json_error(404, "ResourceNotFoundException", "");
    }
}

#[test]
fn publish_then_read_back() {
    let scene = Scene::new();
    let token = scene.authorization_token();
    let mut metadata = metadata("Hello_world", "1.2.3");
    metadata["deps"] = json!([{
        "name": "serde", "version_req": "^1", "features": ["derive"], "optional": true, "default_features": false,
        "target": null, "kind": "normal", "registry": "https://github.com/rust-lang/crates.io-index",
        "explicit_name_in_toml": "ser",
    }]);
    metadata["features"] = json!({ "plain": ["other"], "new": ["dep:ser"], "weak": ["ser?/std"] });
    metadata["rust_version"] = json!("1.70");
    let file = crate_file("Hello_world-1.2.3");
    let answer = publish_to(&scene, "my-repo", &token, upload(&metadata, &file));
    assert_eq!(answer.json()["warnings"]["other"], json!([]));
    let lines = index_lines(&scene, "he/ll/hello_world", &token);
    assert_eq!(lines.len(), 1);
    assert_eq!((&lines[0]["name"], &lines[0]["vers"]), (&json!("Hello_world"), &json!("1.2.3")));
    let dependency = &lines[0]["deps"][0];
    assert_eq!((&dependency["name"], &dependency["package"]), (&json!("ser"), &json!("serde")));
    assert_eq!(dependency["req"], "^1");
    assert_eq!(lines[0]["features"], json!({ "plain": ["other"] }));
    assert_eq!(lines[0]["features2"], json!({ "new": ["dep:ser"], "weak": ["ser?/std"] }));
    assert_eq!((&lines[0]["v"], &lines[0]["rust_version"]), (&json!(2), &json!("1.70")));
    let download = read(&scene, "api/v1/crates/Hello_world/1.2.3/download", &token);
    assert_eq!(download.0.body().as_ref(), file);
    let hash = ring::digest::digest(&ring::digest::SHA256, &file);
    let hash: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(lines[0]["cksum"], hash.as_str());
}

#[test]
fn index_files_by_length_of_the_name() {
    let scene = Scene::new();
    let token = scene.authorization_token();
    for (name, path) in [("a", "1/a"), ("ab", "2/ab"), ("abc", "3/a/abc"), ("abcd", "ab/cd/abcd")] {
        assert_eq!(read(&scene, path, &token).status(), 404);
        assert_eq!(publish(&scene, &token, name, "0.1.0").status(), 200);
        assert_eq!(index_lines(&scene, path, &token)[0]["name"], name);
    }
    assert_eq!(read(&scene, "2/abcd", &token).status(), 404);
    assert_eq!(read(&scene, "AB/CD/ABCD", &token).status(), 404);
}

#[test]
fn an_index_file_that_has_not_changed() {
    let scene = Scene::new();
    let token = scene.authorization_token();
    publish(&scene, &token, "hello", "0.1.0");
    let tag = read(&scene, "he/ll/hello", &token).header("etag").to_string();
    let again = |tag: &str| {
        let request = with_token(get(REGISTRY, "/cargo/my-repo/he/ll/hello"), &token);
        scene.send(&with_header(request, "if-none-match", tag))
    };
    assert_eq!((again(&tag).status(), again(&tag).text()), (304, String::new()));
    publish(&scene, &token, "hello", "0.2.0");
    assert_eq!(again(&tag).status(), 200);
}

#[test]
fn a_version_that_is_there_already() {
    let scene = Scene::new();
    let token = scene.authorization_token();
    assert_eq!(publish(&scene, &token, "hello", "0.1.0").status(), 200);
    for version in ["0.1.0", "0.1.0+build"] {
        let answer = publish(&scene, &token, "hello", version);
        answer.is_json_error(409, "ConflictException", "already exists");
        assert!(answer.json()["errors"][0]["detail"].as_str().unwrap().contains("already exists"));
    }
    assert_eq!(publish(&scene, &token, "hello", "0.1.1").status(), 200);
    publish(&scene, &token, "Hello", "0.1.2").is_json_error(409, "ConflictException", "spelled hello");
}

#[test]
fn uploads_that_are_not_well_formed() {
    let scene = Scene::new();
    let token = scene.authorization_token();
    let file = crate_file("hello-0.1.0");
    let good = upload(&metadata("hello", "0.1.0"), &file);
    let mut claimed = metadata("hello", "0.1.0");
    claimed["cksum"] = json!("00");
    let mut longer = good.clone();
    longer.push(0);
    for (body, message) in [
        (Vec::new(), "metadata is shorter"),
        (good[..20].to_vec(), "metadata is shorter"),
        (good[..good.len() - 1].to_vec(), "crate file is shorter"),
        (longer, "after the crate file"),
        (upload(&json!("hello"), &file), "cannot be the name"),
        (upload(&metadata("1hello", "0.1.0"), &file), "cannot be the name"),
        (upload(&metadata("hel lo", "0.1.0"), &file), "cannot be the name"),
        (upload(&metadata(&"h".repeat(65), "0.1.0"), &file), "cannot be the name"),
        (upload(&metadata("hello", "1"), &file), "version"),
        (upload(&metadata("hello", "0.1.0"), b"not gzip"), "not a gzip-compressed tar"),
        (upload(&metadata("hello", "0.2.0"), &file), "outside of hello-0.2.0/"),
        (upload(&claimed, &file), "checksum"),
    ] {
        let answer = publish_to(&scene, "my-repo", &token, body);
        answer.is_json_error(400, "ValidationException", message);
    }
    assert_eq!(read(&scene, "he/ll/hello", &token).status(), 404);
    assert_eq!(publish_to(&scene, "my-repo", &token, good).status(), 200);
}

#[test]
fn packages_stay_in_their_repository() {
    let scene = Scene::new();
    let token = scene.authorization_token();
    publish(&scene, &token, "hello", "0.1.0");
    let other = with_token(get(REGISTRY, "/cargo/my-npm-repo/he/ll/hello"), &token);
    assert_eq!(scene.send(&other).status(), 404);
}

#[test]
fn yank_and_unyank() {
    let scene = Scene::new();
    let token = scene.authorization_token();
    publish(&scene, &token, "hello", "0.1.0");
    let path = "/cargo/my-repo/api/v1/crates/hello/0.1.0";
    let yanked = |scene: &Scene| index_lines(scene, "he/ll/hello", &token)[0]["yanked"].clone();
    let answer = scene.send(&with_token(delete(REGISTRY, &format!("{path}/yank")), &token));
    assert_eq!((answer.json(), yanked(&scene)), (json!({ "ok": true }), json!(true)));
    scene.send(&with_token(put(REGISTRY, &format!("{path}/unyank"), ""), &token));
    assert_eq!(yanked(&scene), false);
    let missing = with_token(delete(REGISTRY, "/cargo/my-repo/api/v1/crates/hello/9.9.9/yank"), &token);
    scene.send(&missing).is_json_error(404, "ResourceNotFoundException", "9.9.9");
}

#[test]
fn search_by_a_part_of_the_name() {
    let scene = Scene::new();
    let token = scene.authorization_token();
    for (name, version) in [
        ("hello", "0.1.0"),
        ("hello", "0.10.0"),
        ("hello", "0.9.0"),
        ("hello-b", "1.0.0"),
        ("other", "1.0.0"),
    ] {
        publish(&scene, &token, name, version);
    }
    let answer = read(&scene, "api/v1/crates?q=HELLO&per_page=1", &token);
    let found = json!([{ "name": "hello", "max_version": "0.10.0", "description": "A crate." }]);
    assert_eq!(answer.json(), json!({ "crates": found, "meta": { "total": 2 } }));
}

#[test]
fn the_login_page_is_open() {
    let answer = Scene::new().send(&get(REGISTRY, "/cargo/my-repo/me"));
    assert_eq!((answer.status(), answer.header("content-type")), (200, "text/html; charset=utf-8"));
}

#[test]
fn a_role_that_may_read_and_not_publish() {
    let scene = Scene::new();
    let reader = scene.credentials_of(STS, "arn:aws:iam::111111111111:role/CodeArtifactReader");
    let token = scene.token_for(CODEARTIFACT, &reader, "domain=shared-packages");
    let host = "shared-packages-111111111111.d.codeartifact.us-east-1.amazonaws.com";
    let body = upload(&metadata("hello", "0.1.0"), &crate_file("hello-0.1.0"));
    for request in [
        put(host, "/cargo/cargo-store/api/v1/crates/new", body),
        delete(host, "/cargo/cargo-store/api/v1/crates/hello/0.1.0/yank"),
    ] {
        let answer = scene.send(&with_token(request, &token));
        answer.is_json_error(
            403,
            "AccessDeniedException",
            "is not authorized to perform: codeartifact:PublishPackageVersion",
        );
    }
    assert_eq!(scene.world.stats()["registry"]["cargo"]["publish"], 0);
}

#[test]
fn a_role_that_may_not_read() {
    let scene = Scene::changed(|world| {
        let permissions = world["accounts"][0]["roles"][0]["permissions"].as_array_mut().unwrap();
        permissions.retain(|permission| permission["action"] != "codeartifact:ReadFromRepository");
    });
    let token = scene.authorization_token();
    read(&scene, "config.json", &token).is_json_error(
        403,
        "AccessDeniedException",
        "codeartifact:ReadFromRepository",
    );
    assert_eq!(publish(&scene, &token, "hello", "0.1.0").status(), 200);
}

#[test]
fn requests_are_counted_by_kind() {
    let scene = Scene::new();
    let token = scene.authorization_token();
    publish(&scene, &token, "hello", "0.1.0");
    read(&scene, "config.json", &token);
    read(&scene, "he/ll/hello", &token);
    read(&scene, "api/v1/crates/hello/0.1.0/download", &token);
    read(&scene, "api/v1/crates?q=x", &token);
    let expected = json!({
        "index": 2, "download": 1, "publish": 1, "yank": 0, "unyank": 0, "search": 1,
        "unauthenticated": 0, "bad_token": 0,
    });
    assert_eq!(scene.world.stats()["registry"]["cargo"], expected);
}
