//! The issuer's web host.

use serde_json::json;

use crate::support::*;

const HOST: &str = "id.example.com";

#[test]
fn the_two_documents_have_their_type() {
    let scene = Scene::new();
    for path in ["/alice/.well-known/openid-configuration", "/alice/jwks.json"] {
        let answer = scene.send(&get(HOST, path));
        assert_eq!((answer.status(), answer.header("content-type")), (200, "application/json"), "{path}");
    }
    assert_eq!(scene.send(&get(HOST, "/alice/jwks.json")).json()["keys"][0]["kid"], "alice-key");
}

#[test]
fn head_has_the_length_and_no_body() {
    let scene = Scene::new();
    let length = scene.send(&get(HOST, "/alice/jwks.json")).text().len();
    let answer = scene.send(&head(HOST, "/alice/jwks.json"));
    assert_eq!((answer.status(), answer.text().len()), (200, 0));
    assert_eq!(answer.header("content-length"), length.to_string());
}

#[test]
fn other_files_have_theirs() {
    let scene = Scene::new();
    for (name, kind) in [
        ("index.html", "text/html; charset=utf-8"),
        ("a.txt", "text/plain; charset=utf-8"),
        ("openid-configuration", "application/octet-stream"),
    ] {
        scene.write(name, &json!("x"));
        assert_eq!(scene.send(&get(HOST, &format!("/{name}"))).header("content-type"), kind);
    }
}

#[test]
fn what_is_not_a_file_is_not_found() {
    let scene = Scene::new();
    scene.write("alice/index.html", &json!("x"));
    for path in ["/", "/alice", "/alice/", "/nobody/jwks.json", "/alice//jwks.json", "alice/jwks.json"] {
        assert_eq!(scene.send(&get(HOST, path)).status(), 404, "{path}");
    }
}

#[test]
fn nothing_outside_the_site_is_served() {
    let scene = Scene::new();
    let outside = tempfile::TempDir::new().unwrap();
    std::fs::write(outside.path().join("secret.txt"), "secret").unwrap();
    std::os::unix::fs::symlink(outside.path(), scene.site.path().join("link")).unwrap();
    let up = format!("/../{}/secret.txt", outside.path().file_name().unwrap().to_str().unwrap());
    for path in [
        "/link/secret.txt".into(),
        up.clone(),
        up.replace("..", "%2e%2e"),
        up.replace("/../", "/..%2f"),
        "/alice/../alice/jwks.json".into(),
        "/alice/%00jwks.json".into(),
        "/%ff".into(),
    ] {
        assert_eq!(scene.send(&get(HOST, &path)).status(), 404, "{path}");
    }
}

#[test]
fn it_can_only_be_read() {
    let scene = Scene::new();
    let answer = scene.send(&put(HOST, "/alice/jwks.json", "{}"));
    assert_eq!((answer.status(), answer.header("allow")), (405, "GET, HEAD"));
}

#[test]
fn reads_are_counted() {
    let scene = Scene::new();
    scene.send(&get(HOST, "/alice/.well-known/openid-configuration"));
    scene.send(&get(HOST, "/alice/jwks.json"));
    scene.send(&get(HOST, "/alice/jwks.json"));
    assert_eq!(scene.world.stats()["issuer"], json!({ "discovery": 1, "jwks": 2 }));
}
