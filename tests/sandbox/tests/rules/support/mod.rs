//! A world with alice's issuer in it, and what a client would send to it.

mod requests;
mod tokens;

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;
use vouch_sandbox::world::{Config, World};

pub(crate) use requests::{
    Answer, Credentials, Sign, basic, delete, form, get, head, post, put, request, with_header, with_password,
};
pub(crate) use tokens::{Key, base64url, claims, now, token, token_in_der, token_with};

pub(crate) const ALICE: &str = "https://id.example.com/alice";
pub(crate) const ROLE: &str = "arn:aws:iam::123456789012:role/CodeArtifact";
pub(crate) const STS: &str = "sts.us-east-1.amazonaws.com";
pub(crate) const CODEARTIFACT: &str = "codeartifact.us-east-1.amazonaws.com";
pub(crate) const REGISTRY: &str = "my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com";

/// A world, the folder of its issuer host, and alice's key, which the folder publishes.
pub(crate) struct Scene {
    pub(crate) world: World,
    pub(crate) site: TempDir,
    pub(crate) alice: Key,
}

impl Scene {
    pub(crate) fn new() -> Scene {
        Scene::with(Config::default())
    }

    /// A world that differs from the default one as `change` says, in its JSON.
    pub(crate) fn changed(change: impl FnOnce(&mut Value)) -> Scene {
        let mut config = serde_json::to_value(Config::default()).unwrap();
        change(&mut config);
        Scene::with(Config::parse(&config.to_string()).unwrap())
    }

    fn with(config: Config) -> Scene {
        let site = TempDir::new().unwrap();
        let alice = Key::p256("alice-key");
        let scene = Scene { world: World::new(config, site.path().into()), site, alice };
        scene.publish(&json!({ "keys": [scene.alice.jwk()] }));
        scene
    }

    /// Makes `jwks` alice's key set.
    pub(crate) fn publish(&self, jwks: &Value) {
        write(self.site.path(), "alice/.well-known/openid-configuration", &discovery(ALICE));
        write(self.site.path(), "alice/jwks.json", jwks);
    }

    pub(crate) fn write(&self, path: &str, document: &Value) {
        write(self.site.path(), path, document);
    }

    /// AssumeRoleWithWebIdentity for the default role with a token of alice's.
    pub(crate) fn assume(&self, token: &str) -> Answer {
        self.assume_role(STS, ROLE, token)
    }

    pub(crate) fn assume_role(&self, host: &str, role: &str, token: &str) -> Answer {
        let fields = web_identity(role, token);
        Answer(self.world.handle(&form(host, &fields)))
    }

    /// Sends claims, signed by alice.
    pub(crate) fn assume_with(&self, change: impl FnOnce(&mut Value)) -> Answer {
        let mut claims = claims();
        change(&mut claims);
        self.assume(&token(&self.alice, &claims))
    }

    /// Credentials of the default role.
    pub(crate) fn credentials(&self) -> Credentials {
        self.credentials_of(STS, ROLE)
    }

    pub(crate) fn credentials_of(&self, host: &str, role: &str) -> Credentials {
        self.assume_role(host, role, &token(&self.alice, &claims())).credentials()
    }

    /// GetAuthorizationToken for `my-domain`.
    pub(crate) fn authorization_token(&self) -> String {
        self.token_for(CODEARTIFACT, &self.credentials(), "domain=my-domain&domain-owner=123456789012")
    }

    pub(crate) fn token_for(&self, host: &str, credentials: &Credentials, query: &str) -> String {
        let request = post(host, "/v1/authorization-token", Some(query), "");
        let answer = Answer(self.world.handle(&Sign::codeartifact(host).sign(request, credentials)));
        assert_eq!(answer.status(), 200, "{}", answer.text());
        answer.json()["authorizationToken"].as_str().unwrap().to_string()
    }

    pub(crate) fn send(&self, request: &vouch_sandbox::http::Request) -> Answer {
        Answer(self.world.handle(request))
    }
}

pub(crate) fn web_identity<'a>(role: &'a str, token: &'a str) -> Vec<(&'static str, &'a str)> {
    vec![
        ("Action", "AssumeRoleWithWebIdentity"),
        ("Version", "2011-06-15"),
        ("RoleArn", role),
        ("RoleSessionName", "alice"),
        ("WebIdentityToken", token),
    ]
}

pub(crate) fn discovery(issuer: &str) -> Value {
    json!({
        "issuer": issuer,
        "jwks_uri": format!("{issuer}/jwks.json"),
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
    })
}

fn write(site: &Path, path: &str, document: &Value) {
    let file = site.join(path);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    let text = document.as_str().map_or_else(|| document.to_string(), String::from);
    std::fs::write(file, text).unwrap();
}
