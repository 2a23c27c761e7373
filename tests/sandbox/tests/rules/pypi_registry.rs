//! CodeArtifact's data plane for Python.

use serde_json::{Value, json};
use vouch_sandbox::http::Request;

use crate::support::*;

const REPO: &str = "/pypi/my-repo";
const UNAUTHENTICATED: &str = "UnauthenticatedException";
const JSON: &str = "application/vnd.pypi.simple.v1+json";
const HTML: &str = "application/vnd.pypi.simple.v1+html";

fn read(scene: &Scene, path: &str, token: &str) -> Answer {
    scene.send(&with_password(get(REGISTRY, &format!("{REPO}/{path}")), token))
}

fn with_accept(scene: &Scene, accept: &str, token: &str) -> Answer {
    let request = with_password(get(REGISTRY, &format!("{REPO}/simple/hello/")), token);
    scene.send(&with_header(request, "accept", accept))
}

/// A form as twine sends it, without the parts that are empty.
fn form_of(fields: &[(&str, &str)], file: &str, content: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
        let part = format!("--xx\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend(part.as_bytes());
    }
    if !file.is_empty() {
        let part = format!(
            "--xx\r\nContent-Disposition: form-data; name=\"content\"; filename=\"{file}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        );
        body.extend(part.as_bytes());
        body.extend(content);
        body.extend(b"\r\n");
    }
    body.extend(b"--xx--\r\n");
    body
}

const FORM: &str = "multipart/form-data; boundary=xx";

fn post_form(host: &str, repository: &str, token: &str, body: Vec<u8>) -> Request {
    let request = post(host, &format!("/pypi/{repository}/"), None, body);
    with_password(with_header(request, "content-type", FORM), token)
}

fn fields<'a>(name: &'a str, version: &'a str, sha256: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        (":action", "file_upload"),
        ("protocol_version", "1"),
        ("metadata_version", "2.1"),
        ("name", name),
        ("version", version),
        ("filetype", "bdist_wheel"),
        ("pyversion", "py3"),
        ("requires_python", ">=3.9"),
        ("sha256_digest", sha256),
    ]
}

fn sha256(content: &[u8]) -> String {
    let hash = ring::digest::digest(&ring::digest::SHA256, content);
    hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn upload(scene: &Scene, token: &str, name: &str, file: &str) -> Answer {
    let content = format!("the content of {file}");
    let body = form_of(&fields(name, "1.0", &sha256(content.as_bytes())), file, content.as_bytes());
    scene.send(&post_form(REGISTRY, "my-repo", token, body))
}

fn counters(scene: &Scene) -> Value {
    scene.world.stats()["registry"]["pypi"].clone()
}

#[test]
fn nobody_in_particular_is_asked_who_they_are() {
    let scene = Scene::new();
    let path = format!("{REPO}/simple/hello/");
    for request in [
        get(REGISTRY, &path),
        get(REGISTRY, &format!("{REPO}/nothing")),
        post(REGISTRY, &format!("{REPO}/"), None, ""),
        with_header(get(REGISTRY, &path), "authorization", ""),
    ] {
        let answer = scene.send(&request);
        answer.is_json_error(401, UNAUTHENTICATED, "Unauthenticated");
        let challenge = "Bearer realm=\"my-domain/my-repo\", Basic realm=\"my-domain/my-repo\"";
        assert_eq!(answer.header("www-authenticate"), challenge);
    }
    assert_eq!(counters(&scene)["unauthenticated"], 4);
}

#[test]
fn a_user_without_a_password_is_asked_for_it() {
    let scene = Scene::new();
    scene.world.set_registry(None, Some(404)).unwrap();
    read(&scene, "simple/hello/", "").is_json_error(401, UNAUTHENTICATED, "");
    assert_eq!(counters(&scene)["unauthenticated"], 1);
    assert_eq!(counters(&scene)["bad_token"], 0);
}

#[test]
fn the_token_is_the_password_of_aws_or_follows_bearer() {
    let scene = Scene::new();
    let token = scene.authorization_token();
    upload(&scene, &token, "hello", "hello-1.0-py3-none-any.whl");
    let send = |value: &str| {
        let request = get(REGISTRY, &format!("{REPO}/simple/hello/"));
        scene.send(&with_header(request, "authorization", value)).status()
    };
    for good in [basic("aws", &token), format!("Bearer {token}"), format!("bearer {token}")] {
        assert_eq!(send(&good), 200, "{good}");
    }
    for bad in [
        token.clone(),
        basic("alice", &token),
        basic("", &token),
        basic(&token, "aws"),
        format!("Basic {token}"),
        format!("Token {token}"),
        "Bearer".into(),
        "Basic".into(),
    ] {
        assert_eq!(send(&bad), 401, "{bad}");
    }
    assert_eq!(counters(&scene)["bad_token"], 8);
}

#[test]
fn a_token_that_has_expired_or_is_of_another_domain() {
    let scene = Scene::new();
    let reader = scene.credentials_of(STS, "arn:aws:iam::111111111111:role/CodeArtifactReader");
    let other = scene.token_for(CODEARTIFACT, &reader, "domain=shared-packages");
    read(&scene, "simple/hello/", &other).is_json_error(401, UNAUTHENTICATED, "");
    let token = scene.token_for(CODEARTIFACT, &scene.credentials(), "domain=my-domain&duration=900");
    scene.world.set_clock_skew(890);
    assert_eq!(read(&scene, "simple/hello/", &token).status(), 404, "good, and there is no such project");
    scene.world.set_clock_skew(901);
    read(&scene, "simple/hello/", &token).is_json_error(401, UNAUTHENTICATED, "");
}

#[test]
fn the_status_for_a_bad_token_can_be_chosen() {
    let scene = Scene::new();
    for (status, code) in [(403, "AccessDeniedException"), (404, "ResourceNotFoundException")] {
        scene.world.set_registry(None, Some(status)).unwrap();
        let answer = read(&scene, "simple/hello/", "bad");
        answer.is_json_error(status, code, "");
        assert_eq!(answer.header("www-authenticate"), "");
        assert_eq!(scene.send(&get(REGISTRY, &format!("{REPO}/simple/hello/"))).status(), 401);
    }
}

#[test]
fn upload_then_read_back() {
    let scene = Scene::new();
    let token = scene.authorization_token();
    let files =
        ["Hello_World-1.0-py3-none-any.whl", "hello_world-1.0-1-py3-none-any.whl", "hello_world-1.0.tar.gz"];
    for file in files {
        assert_eq!(upload(&scene, &token, "Hello.World", file).status(), 200, "{file}");
    }
    let page = read(&scene, "simple/hello-world/", &token);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    for file in files {
        let content = format!("the content of {file}");
        let link = format!(
            "<a href=\"1.0/{file}#sha256={}\" data-requires-python=\"&gt;=3.9\">{file}</a>",
            sha256(content.as_bytes())
        );
        assert!(page.text().contains(&link), "{link} in {}", page.text());
        let download = read(&scene, &format!("simple/hello-world/1.0/{file}"), &token);
        assert_eq!((download.status(), download.text()), (200, content));
    }
    assert_eq!(read(&scene, "simple/hello-world/1.0/other-1.0.tar.gz", &token).status(), 404);
    assert_eq!(read(&scene, &format!("simple/hello-world/2.0/{}", files[0]), &token).status(), 404);
}

#[test]
fn a_project_is_found_under_every_spelling() {
    let scene = Scene::new();
    let token = scene.authorization_token();
    upload(&scene, &token, "Hello_World", "hello_world-1.0-py3-none-any.whl");
    for name in ["hello-world", "Hello.World", "HELLO__world", "hello-_.world"] {
        let page = read(&scene, &format!("simple/{name}/"), &token);
        assert!(page.text().contains("Links for hello-world"), "{name}: {}", page.text());
    }
    assert_eq!(read(&scene, "simple/helloworld/", &token).status(), 404);
}

#[test]
fn the_page_comes_in_the_form_that_is_asked_for() {
    let scene = Scene::new();
    let token = scene.authorization_token();
    upload(&scene, &token, "hello", "hello-1.0-py3-none-any.whl");
    let plain = "text/html; charset=utf-8";
    for (accept, kind) in [
        (JSON, JSON),
        (HTML, HTML),
        ("text/html", plain),
        ("*/*", plain),
        ("application/vnd.pypi.simple.latest+json", JSON),
        (&format!("{JSON}, {HTML};q=0.1, text/html;q=0.01"), JSON),
        (&format!("{JSON};q=0.1, {HTML};q=0.2"), HTML),
        (&format!("text/html, {HTML}, {JSON}"), JSON),
        (&format!("{JSON};q=0, */*;q=0.1"), plain),
    ] {
        let answer = with_accept(&scene, accept, &token);
        assert_eq!((answer.status(), answer.header("content-type")), (200, kind), "{accept}");
    }
    let file = "hello-1.0-py3-none-any.whl";
    let hashes = json!({ "sha256": sha256(format!("the content of {file}").as_bytes()) });
    let files = json!([{
        "filename": file, "url": format!("1.0/{file}"), "hashes": hashes, "requires-python": ">=3.9",
    }]);
    let expected = json!({ "meta": { "api-version": "1.0" }, "name": "hello", "files": files });
    assert_eq!(with_accept(&scene, JSON, &token).json(), expected);
}

#[test]
fn a_form_that_there_is_not() {
    let scene = Scene::new();
    let token = scene.authorization_token();
    upload(&scene, &token, "hello", "hello-1.0-py3-none-any.whl");
    for accept in ["application/json", "application/vnd.pypi.simple.v2+json", "text/html;q=0", "x"] {
        with_accept(&scene, accept, &token).is_json_error(406, "NotAcceptable", "text/html");
    }
}

#[test]
fn a_file_that_is_there_already() {
    let scene = Scene::new();
    let token = scene.authorization_token();
    assert_eq!(upload(&scene, &token, "hello", "hello-1.0-py3-none-any.whl").status(), 200);
    let again = upload(&scene, &token, "hello", "hello-1.0-py3-none-any.whl");
    again.is_json_error(409, "ConflictException", "already exists");
    let again = upload(&scene, &token, "Hello", "HELLO-1.0-py3-none-any.whl");
    again.is_json_error(409, "ConflictException", "already exists");
    assert_eq!(upload(&scene, &token, "hello", "hello-1.0-py2-none-any.whl").status(), 200);
}

#[test]
fn uploads_that_are_not_well_formed() {
    let scene = Scene::new();
    let token = scene.authorization_token();
    let file = "hello-1.0-py3-none-any.whl";
    let with = |name: &'static str, value: &'static str| {
        let mut fields = fields("hello", "1.0", "");
        fields.retain(|(known, _)| *known != name);
        fields.push((name, value));
        form_of(&fields, file, b"x")
    };
    let named = |file: &str| form_of(&fields("hello", "1.0", ""), file, b"x");
    let good = named(file);
    for (body, message) in [
        (Vec::new(), "cannot be read"),
        (good[..good.len() - 10].to_vec(), "cannot be read"),
        (with(":action", "submit"), "no file_upload"),
        (with(":action", ""), "no file_upload"),
        (with("protocol_version", "2"), "no file_upload"),
        (with("name", ""), "the name"),
        (with("name", "hel lo"), "the name"),
        (with("name", "-hello"), "the name"),
        (with("name", "other"), "cannot be a file of"),
        (with("version", ""), "no version"),
        (with("version", "2.0"), "cannot be a file of"),
        (with("sha256_digest", "00"), "sha256_digest"),
        (named(""), "no content"),
        (named("hello-1.0.exe"), "cannot be a file of"),
        (named("hello-1.0-py3-none.whl"), "cannot be a file of"),
        (named("hello-1.0-a-b-c-d-e.whl"), "cannot be a file of"),
        (named("other-1.0.tar.gz"), "cannot be a file of"),
        (named("../hello-1.0.tar.gz"), "cannot be a file of"),
    ] {
        let answer = scene.send(&post_form(REGISTRY, "my-repo", &token, body));
        answer.is_json_error(400, "ValidationException", message);
    }
    let no_form = with_password(post(REGISTRY, &format!("{REPO}/"), None, good.clone()), &token);
    scene.send(&no_form).is_json_error(400, "ValidationException", "multipart");
    assert_eq!(read(&scene, "simple/hello/", &token).status(), 404);
    assert_eq!(scene.send(&post_form(REGISTRY, "my-repo", &token, good)).status(), 200);
}

#[test]
fn paths_that_are_not_there() {
    let scene = Scene::new();
    let token = scene.authorization_token();
    upload(&scene, &token, "hello", "hello-1.0-py3-none-any.whl");
    for path in ["", "simple", "simple/", "simple//", "simple/hello", "simple/hello/1.0/", "hello/", "hello"]
    {
        read(&scene, path, &token).is_json_error(404, "ResourceNotFoundException", "");
    }
    let into_the_index = with_password(post(REGISTRY, &format!("{REPO}/simple/hello/"), None, ""), &token);
    assert_eq!(scene.send(&into_the_index).status(), 404);
}

#[test]
fn a_repository_that_is_not_there() {
    let scene = Scene::new();
    let token = scene.authorization_token();
    let answer = scene.send(&with_password(get(REGISTRY, "/pypi/other/simple/hello/"), &token));
    answer.is_json_error(404, "ResourceNotFoundException", "Repository not found");
}

#[test]
fn packages_stay_in_their_repository() {
    let scene = Scene::new();
    let token = scene.authorization_token();
    upload(&scene, &token, "hello", "hello-1.0-py3-none-any.whl");
    let other = with_password(get(REGISTRY, "/pypi/my-pypi-repo/simple/hello/"), &token);
    assert_eq!(scene.send(&other).status(), 404);
}

#[test]
fn a_role_that_may_read_and_not_publish() {
    let scene = Scene::new();
    let reader = scene.credentials_of(STS, "arn:aws:iam::111111111111:role/CodeArtifactReader");
    let token = scene.token_for(CODEARTIFACT, &reader, "domain=shared-packages");
    let host = "shared-packages-111111111111.d.codeartifact.us-east-1.amazonaws.com";
    let body = form_of(&fields("hello", "1.0", ""), "hello-1.0.tar.gz", b"x");
    scene.send(&post_form(host, "cargo-store", &token, body)).is_json_error(
        403,
        "AccessDeniedException",
        "codeartifact:PublishPackageVersion",
    );
    assert_eq!(counters(&scene)["upload"], 0);
}

#[test]
fn a_role_that_may_not_read() {
    let scene = Scene::changed(|world| {
        let permissions = world["accounts"][0]["roles"][0]["permissions"].as_array_mut().unwrap();
        permissions.retain(|permission| permission["action"] != "codeartifact:ReadFromRepository");
    });
    let token = scene.authorization_token();
    assert_eq!(upload(&scene, &token, "hello", "hello-1.0.tar.gz").status(), 200);
    for path in ["simple/hello/", "simple/hello/1.0/hello-1.0.tar.gz"] {
        read(&scene, path, &token).is_json_error(
            403,
            "AccessDeniedException",
            "codeartifact:ReadFromRepository",
        );
    }
}

#[test]
fn a_head_has_the_length_and_not_the_body() {
    let scene = Scene::new();
    let token = scene.authorization_token();
    upload(&scene, &token, "hello", "hello-1.0.tar.gz");
    for path in ["simple/hello/", "simple/hello/1.0/hello-1.0.tar.gz"] {
        let length = read(&scene, path, &token).text().len().to_string();
        let answer = scene.send(&with_password(head(REGISTRY, &format!("{REPO}/{path}")), &token));
        assert_eq!((answer.status(), answer.text()), (200, String::new()));
        assert_eq!(answer.header("content-length"), length);
    }
}

#[test]
fn requests_are_counted_by_kind() {
    let scene = Scene::new();
    let token = scene.authorization_token();
    upload(&scene, &token, "hello", "hello-1.0.tar.gz");
    read(&scene, "simple/hello/", &token);
    read(&scene, "simple/other/", &token);
    read(&scene, "simple/hello/1.0/hello-1.0.tar.gz", &token);
    let expected = json!({ "index": 2, "download": 1, "upload": 1, "unauthenticated": 0, "bad_token": 0 });
    assert_eq!(counters(&scene), expected);
    assert_eq!(scene.world.stats()["registry"]["cargo"]["index"], 0);
}
