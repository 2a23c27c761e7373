//! Registries that are not CodeArtifact's.

use crate::support::*;

const OPEN: &str = "crates.example.net";
const CLOSED: &str = "private.example.net";

#[test]
fn an_open_registry_serves_its_crate_to_anybody() {
    let scene = Scene::new();
    let config = scene.send(&get(OPEN, "/config.json")).json();
    assert_eq!(config["dl"], "https://crates.example.net/api/v1/crates");
    assert_eq!(config.get("auth-required"), None);
    let line = scene.send(&get(OPEN, "/pu/bl/public-greeting")).text();
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["vers"], "1.0.0");
    let file = scene.send(&get(OPEN, "/api/v1/crates/public-greeting/1.0.0/download"));
    let gzip = flate2::read::GzDecoder::new(file.0.body().as_ref());
    let mut archive = tar::Archive::new(gzip);
    let names: Vec<String> = archive
        .entries()
        .unwrap()
        .map(|entry| entry.unwrap().path().unwrap().display().to_string())
        .collect();
    assert_eq!(names, ["public-greeting-1.0.0/Cargo.toml", "public-greeting-1.0.0/src/lib.rs"]);
}

#[test]
fn a_closed_registry_wants_its_own_token() {
    let scene = Scene::new();
    let request = get(CLOSED, "/config.json");
    scene.send(&request).is_json_error(401, "Unauthorized", "wants a token");
    let other = with_header(request.clone(), "authorization", "something else");
    scene.send(&other).is_json_error(401, "Unauthorized", "not good");
    let good = scene.send(&with_header(request, "authorization", "private-registry-secret"));
    assert_eq!(good.json()["auth-required"], true);
    let stats = &scene.world.stats()["registry"]["foreign"];
    assert_eq!(
        (&stats["unauthenticated"], &stats["bad_token"], &stats["index"]),
        (&1.into(), &1.into(), &1.into())
    );
}

#[test]
fn it_can_only_be_read() {
    let scene = Scene::new();
    let answer = scene.send(&put(OPEN, "/api/v1/crates/new", "x"));
    answer.is_json_error(403, "Forbidden", "only be read");
}

#[test]
fn a_codeartifact_token_that_comes_here_is_noticed() {
    let scene = Scene::new();
    let token = scene.authorization_token();
    let leaked = || scene.world.stats()["registry"]["foreign"]["leaked"].clone();
    scene.send(&with_header(get(OPEN, "/config.json"), "authorization", "harmless"));
    assert_eq!(leaked(), 0);
    scene.send(&with_header(get(OPEN, "/config.json"), "authorization", &format!("Bearer {token}")));
    scene.send(&get(OPEN, &format!("/config.json?token={token}")));
    scene.send(&put(OPEN, "/api/v1/crates/new", token));
    assert_eq!(leaked(), 3);
}
