//! CodeArtifact's data plane for Maven.

use serde_json::{Value, json};

use crate::support::*;

const REPO: &str = "/maven/my-repo";
const FOLDER: &str = "com/example/hello";
const JAR: &str = "com/example/hello/1.0/hello-1.0.jar";
const UNAUTHENTICATED: &str = "UnauthenticatedException";
const METADATA: &str = "<metadata><groupId>com.example</groupId><artifactId>hello</artifactId>\
    <versioning><release>1.0</release><versions><version>1.0</version></versions></versioning></metadata>";

fn read(scene: &Scene, token: &str, path: &str) -> Answer {
    scene.send(&with_password(get(REGISTRY, &format!("{REPO}/{path}")), token))
}

fn upload(scene: &Scene, token: &str, path: &str, content: &str) -> Answer {
    scene.send(&with_password(put(REGISTRY, &format!("{REPO}/{path}"), content.to_owned()), token))
}

fn publish(scene: &Scene, token: &str) {
    assert_eq!(upload(scene, token, JAR, "a jar").status(), 200);
    assert_eq!(upload(scene, token, &format!("{FOLDER}/maven-metadata.xml"), METADATA).status(), 200);
}

fn counters(scene: &Scene) -> Value {
    scene.world.stats()["registry"]["maven"].clone()
}

#[test]
fn nobody_in_particular_is_asked_who_they_are() {
    let scene = Scene::new();
    for request in [
        get(REGISTRY, &format!("{REPO}/{JAR}")),
        get(REGISTRY, &format!("{REPO}/nothing")),
        put(REGISTRY, &format!("{REPO}/{JAR}"), "x"),
        with_header(get(REGISTRY, &format!("{REPO}/{JAR}")), "authorization", ""),
        with_password(get(REGISTRY, &format!("{REPO}/{JAR}")), ""),
    ] {
        let answer = scene.send(&request);
        answer.is_json_error(401, UNAUTHENTICATED, "Unauthenticated");
        assert_eq!(answer.header("www-authenticate"), "Basic realm=\"my-domain/my-repo\"");
    }
    assert_eq!(counters(&scene)["unauthenticated"], 5);
}

#[test]
fn the_token_is_the_password_of_aws() {
    let scene = Scene::new();
    let token = scene.authorization_token();
    publish(&scene, &token);
    let send = |value: &str| {
        scene.send(&with_header(get(REGISTRY, &format!("{REPO}/{JAR}")), "authorization", value)).status()
    };
    assert_eq!(send(&basic("aws", &token)), 200);
    for bad in [
        basic("aws", "${env.CODEARTIFACT_AUTH_TOKEN}"),
        basic("AWS", &token),
        basic("alice", &token),
        basic("aws", &format!("{token} ")),
        format!("Basic {token}"),
        format!("Digest {token}"),
        token.clone(),
    ] {
        assert_eq!(send(&bad), 401, "{bad}");
    }
    assert_eq!(counters(&scene)["bad_token"], 7);
}

#[test]
fn the_status_for_a_bad_token_can_be_chosen() {
    let scene = Scene::new();
    for (status, code) in
        [(401, UNAUTHENTICATED), (403, "AccessDeniedException"), (404, "ResourceNotFoundException")]
    {
        scene.world.set_registry(None, Some(status)).unwrap();
        let answer = read(&scene, "not a token", JAR);
        answer.is_json_error(status, code, "");
        assert_eq!(answer.0.headers().contains_key("www-authenticate"), status == 401);
    }
}

#[test]
fn a_token_that_has_expired_or_is_of_another_domain() {
    let scene = Scene::new();
    let token = scene.authorization_token();
    publish(&scene, &token);
    let elsewhere = "team-packages-222222222222.d.codeartifact.us-east-1.amazonaws.com";
    let answer = scene.send(&with_password(get(elsewhere, &format!("/maven/team-cargo/{JAR}")), &token));
    answer.is_json_error(401, UNAUTHENTICATED, "");
    scene.world.set_clock_skew(43_300);
    read(&scene, &token, JAR).is_json_error(401, UNAUTHENTICATED, "expired");
}

#[test]
fn a_repository_that_is_not_there() {
    let scene = Scene::new();
    let token = scene.authorization_token();
    for request in [
        get(REGISTRY, &format!("/maven/other/{JAR}")),
        put(REGISTRY, &format!("/maven/other/{JAR}"), "a jar"),
    ] {
        let answer = scene.send(&with_password(request, &token));
        answer.is_json_error(404, "ResourceNotFoundException", "Repository not found");
    }
}

#[test]
fn a_role_that_may_read_and_not_publish() {
    let scene = Scene::new();
    let reader = scene.credentials_of(STS, "arn:aws:iam::111111111111:role/CodeArtifactReader");
    let token = scene.token_for(CODEARTIFACT, &reader, "domain=shared-packages");
    let host = "shared-packages-111111111111.d.codeartifact.us-east-1.amazonaws.com";
    let path = |name: &str| format!("/maven/cargo-store/{name}");
    let send = |request| scene.send(&with_password(request, &token));
    send(put(host, &path(JAR), "a jar")).is_json_error(
        403,
        "AccessDeniedException",
        "codeartifact:PublishPackageVersion",
    );
    send(put(host, &path(&format!("{JAR}.sha1")), "00")).is_json_error(403, "AccessDeniedException", "");
    assert_eq!(send(get(host, &path(JAR))).status(), 404);
    assert_eq!(counters(&scene)["upload"], 0);
}

fn without(action: &str) -> Scene {
    Scene::changed(|world| {
        let permissions = world["accounts"][0]["roles"][0]["permissions"].as_array_mut().unwrap();
        permissions.retain(|permission| permission["action"] != action);
    })
}

#[test]
fn a_role_that_may_not_put_metadata() {
    let scene = without("codeartifact:PutPackageMetadata");
    let token = scene.authorization_token();
    assert_eq!(upload(&scene, &token, JAR, "a jar").status(), 200);
    let answer = upload(&scene, &token, &format!("{FOLDER}/maven-metadata.xml"), METADATA);
    answer.is_json_error(403, "AccessDeniedException", "codeartifact:PutPackageMetadata");
}

#[test]
fn a_role_that_may_not_read() {
    let scene = without("codeartifact:ReadFromRepository");
    let token = scene.authorization_token();
    publish(&scene, &token);
    for path in [JAR, &format!("{JAR}.sha1"), &format!("{FOLDER}/maven-metadata.xml")] {
        read(&scene, &token, path).is_json_error(
            403,
            "AccessDeniedException",
            "codeartifact:ReadFromRepository",
        );
    }
}

#[test]
fn paths_that_are_not_there() {
    let scene = Scene::new();
    let token = scene.authorization_token();
    publish(&scene, &token);
    for path in [
        "",
        "com",
        "com/example/hello/",
        "com/example/hello/1.0/",
        "com/example/hello/1.0",
        "com/example/hello/1.0/hello-1.0.war",
        "com/example/hello/1.0/other-1.0.jar",
        "com/example/hello/2.0/hello-2.0.jar",
        "com/example/other/maven-metadata.xml",
        "maven-metadata.xml",
        "hello/1.0/hello-1.0.jar",
        "com/example/../example/hello/1.0/hello-1.0.jar",
        "com/example%2fhello/1.0/hello-1.0.jar",
        "com/example/hello/1.0/hello-1.0.jar.asc",
    ] {
        read(&scene, &token, path).is_json_error(404, "ResourceNotFoundException", "");
    }
    let path = format!("{REPO}/{JAR}");
    for request in [post(REGISTRY, &path, None, "x"), delete(REGISTRY, &path)] {
        assert_eq!(scene.send(&with_password(request, &token)).status(), 404);
    }
    assert_eq!(read(&scene, &token, JAR).text(), "a jar");
}

#[test]
fn what_no_metadata_has_named_cannot_be_seen() {
    let scene = Scene::new();
    let token = scene.authorization_token();
    assert_eq!(upload(&scene, &token, JAR, "a jar").status(), 200);
    assert_eq!(read(&scene, &token, JAR).status(), 404);
    assert_eq!(read(&scene, &token, &format!("{JAR}.sha1")).status(), 404);
    let other = METADATA.replace("1.0", "1.1");
    upload(&scene, &token, &format!("{FOLDER}/maven-metadata.xml"), &other);
    assert_eq!(read(&scene, &token, JAR).status(), 404);
    // Until then it may come again, with whatever content.
    assert_eq!(upload(&scene, &token, JAR, "another jar").status(), 200);
    upload(&scene, &token, &format!("{FOLDER}/maven-metadata.xml"), METADATA);
    assert_eq!(read(&scene, &token, JAR).text(), "another jar");
}

#[test]
fn a_checksum_that_is_wrong() {
    let scene = Scene::new();
    let token = scene.authorization_token();
    upload(&scene, &token, &format!("{JAR}.md5"), "00").is_json_error(
        404,
        "ResourceNotFoundException",
        "no file",
    );
    assert_eq!(upload(&scene, &token, JAR, "a jar").status(), 200);
    for (end, right) in [
        ("md5", "e9ef823fe7e8dbb7a5834bd5173391b3".to_owned()),
        ("sha1", hex(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, "a jar")),
        ("sha256", hex(&ring::digest::SHA256, "a jar")),
        ("sha512", hex(&ring::digest::SHA512, "a jar")),
    ] {
        let path = format!("{JAR}.{end}");
        for wrong in [hex(&ring::digest::SHA256, "other"), right[1..].to_owned(), String::new()] {
            upload(&scene, &token, &path, &wrong).is_json_error(400, "ValidationException", end);
        }
        assert_eq!(upload(&scene, &token, &path, &right).status(), 200, "{end}");
        assert_eq!(upload(&scene, &token, &path, &format!("{right}  hello-1.0.jar\n")).status(), 200);
    }
    let metadata = format!("{FOLDER}/maven-metadata.xml");
    upload(&scene, &token, &metadata, METADATA);
    upload(&scene, &token, &format!("{metadata}.sha1"), "00").is_json_error(
        400,
        "ValidationException",
        "sha1",
    );
}

fn hex(algorithm: &'static ring::digest::Algorithm, content: &str) -> String {
    let digest = ring::digest::digest(algorithm, content.as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn upload_then_read_back() {
    let scene = Scene::new();
    let token = scene.authorization_token();
    publish(&scene, &token);
    assert_eq!(read(&scene, &token, JAR).text(), "a jar");
    assert_eq!(read(&scene, &token, &format!("{FOLDER}/maven-metadata.xml")).text(), METADATA);
    // RFC 1321: what `md5sum` says of these bytes.
    assert_eq!(read(&scene, &token, &format!("{JAR}.md5")).text(), "e9ef823fe7e8dbb7a5834bd5173391b3");
    assert_eq!(
        read(&scene, &token, &format!("{JAR}.sha1")).text(),
        hex(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, "a jar")
    );
    assert_eq!(read(&scene, &token, &format!("{JAR}.sha512")).text(), hex(&ring::digest::SHA512, "a jar"));
    let classified = JAR.replace(".jar", "-sources.jar");
    assert_eq!(read(&scene, &token, &format!("{classified}.md5")).status(), 404);
    assert_eq!(upload(&scene, &token, &classified, "sources").status(), 200);
    assert_eq!(read(&scene, &token, &classified).text(), "sources");
}

#[test]
fn a_file_with_other_content() {
    let scene = Scene::new();
    let token = scene.authorization_token();
    publish(&scene, &token);
    upload(&scene, &token, JAR, "other").is_json_error(409, "ConflictException", "already exists");
    assert_eq!(upload(&scene, &token, JAR, "a jar").status(), 200);
    assert_eq!(read(&scene, &token, JAR).text(), "a jar");
}

#[test]
fn uploads_that_are_not_well_formed() {
    let scene = Scene::new();
    let token = scene.authorization_token();
    for name in ["hello-1.jar", "hello-1.01.jar", "hello-2.0.jar", "hello-1.0"] {
        let answer = upload(&scene, &token, &format!("{FOLDER}/1.0/{name}"), "x");
        answer.is_json_error(400, "ValidationException", "cannot be a file of version 1.0");
    }
    for metadata in ["", "no XML", "<metadata>", "<other/>", "<metadata>&x;</metadata>"] {
        let answer = upload(&scene, &token, &format!("{FOLDER}/maven-metadata.xml"), metadata);
        answer.is_json_error(400, "ValidationException", "maven-metadata.xml");
    }
}

#[test]
fn snapshots_come_in_builds() {
    let scene = Scene::new();
    let token = scene.authorization_token();
    let folder = format!("{FOLDER}/1.0-SNAPSHOT");
    let metadata = |number: u8| {
        format!(
            "<metadata><version>1.0-SNAPSHOT</version><versioning><snapshot><timestamp>20260102.030405</timestamp>\
             <buildNumber>{number}</buildNumber></snapshot></versioning></metadata>"
        )
    };
    for name in [
        "hello-1.0-SNAPSHOT.jar",
        "hello-1.0-20260102.jar",
        "hello-1.0-20260102.030405.jar",
        "hello-1.0-2026010.030405-1.jar",
        "hello-2.0-20260102.030405-1.jar",
    ] {
        upload(&scene, &token, &format!("{folder}/{name}"), "x").is_json_error(
            400,
            "ValidationException",
            "",
        );
    }
    let jar = |number: u8| format!("{folder}/hello-1.0-20260102.030405-{number}.jar");
    for number in [1, 2] {
        assert_eq!(upload(&scene, &token, &jar(number), &format!("build {number}")).status(), 200);
        assert_eq!(read(&scene, &token, &jar(number)).status(), 404);
        upload(&scene, &token, &format!("{folder}/maven-metadata.xml"), &metadata(number));
        assert_eq!(read(&scene, &token, &jar(number)).text(), format!("build {number}"));
    }
    assert_eq!(read(&scene, &token, &jar(1)).text(), "build 1");
    upload(&scene, &token, &jar(1), "other").is_json_error(409, "ConflictException", "");
}

#[test]
fn packages_stay_in_their_repository() {
    let scene = Scene::new();
    let token = scene.authorization_token();
    publish(&scene, &token);
    let other = get(REGISTRY, &format!("/maven/my-maven-repo/{JAR}"));
    assert_eq!(scene.send(&with_password(other, &token)).status(), 404);
}

#[test]
fn a_head_has_the_length_and_not_the_body() {
    let scene = Scene::new();
    let token = scene.authorization_token();
    publish(&scene, &token);
    let answer = scene.send(&with_password(head(REGISTRY, &format!("{REPO}/{JAR}")), &token));
    assert_eq!((answer.status(), answer.text()), (200, String::new()));
    assert_eq!(answer.header("content-length"), "5");
}

#[test]
fn requests_are_counted_by_kind() {
    let scene = Scene::new();
    let token = scene.authorization_token();
    publish(&scene, &token);
    read(&scene, &token, JAR);
    read(&scene, &token, &format!("{JAR}.sha1"));
    read(&scene, &token, &format!("{FOLDER}/maven-metadata.xml"));
    let expected = json!({
        "metadata": 1, "download": 1, "checksum": 1, "upload": 2, "unauthenticated": 0, "bad_token": 0
    });
    assert_eq!(counters(&scene), expected);
}
