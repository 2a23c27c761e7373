//! The AWS CLI from its registry, unmodified, against the sandbox: a client that nobody here wrote signs the requests
//! and reads the answers.

use std::fs;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};
use vouch_e2e::{Run, Sandbox, in_sandbox};

const ROLE: &str = "arn:aws:iam::123456789012:role/CodeArtifact";
const DOMAIN: [&str; 4] = ["--domain", "my-domain", "--domain-owner", "123456789012"];

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Hosts alice's issuer with a key in software and returns an ID token by it.
fn id_token(sandbox: &Sandbox) -> String {
    let key = SigningKey::from_slice(&[7; 32]).unwrap();
    let point = key.verifying_key().to_sec1_point(false);
    let point = point.as_bytes();
    let jwk = json!({"kty": "EC", "crv": "P-256", "kid": "software", "use": "sig", "alg": "ES256",
        "x": encode(&point[1..33]), "y": encode(&point[33..])});
    let site = PathBuf::from(std::env::var_os("VOUCH_SANDBOX_SITE").unwrap());
    fs::create_dir_all(site.join("alice/.well-known")).unwrap();
    let discovery = json!({"issuer": "https://id.example.com/alice",
        "jwks_uri": "https://id.example.com/alice/jwks.json",
        "response_types_supported": ["id_token"], "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"]});
    fs::write(site.join("alice/.well-known/openid-configuration"), discovery.to_string()).unwrap();
    fs::write(site.join("alice/jwks.json"), json!({"keys": [jwk]}).to_string()).unwrap();

    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let header = json!({"alg": "ES256", "kid": "software", "typ": "JWT"});
    let claims = json!({"iss": "https://id.example.com/alice", "sub": "alice", "aud": "sts.amazonaws.com",
        "iat": now, "nbf": now, "exp": now + 3600});
    let input = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
    let signature: Signature = key.sign(input.as_bytes());
    let token = format!("{input}.{}", encode(signature.to_bytes()));
    sandbox.write("id-token", &token);
    token
}

fn aws_program() -> PathBuf {
    let clients =
        PathBuf::from(std::env::var_os("VOUCH_TEST_CLIENTS").expect("`make test` names the clients"));
    let client = fs::read_dir(clients)
        .expect("the clients are installed")
        .flatten()
        .find(|entry| entry.file_name().to_string_lossy().starts_with("awscli-"))
        .expect("the AWS CLI is installed");
    client.path().join("bin/aws")
}

/// The client with alice's token and role.
fn aws(sandbox: &Sandbox, args: &[&str]) -> Run {
    Run::new(aws_program())
        .args(args)
        .within(sandbox.home())
        .env("AWS_ROLE_ARN", ROLE)
        .env("AWS_WEB_IDENTITY_TOKEN_FILE", sandbox.file("id-token"))
        .env("AWS_ROLE_SESSION_NAME", "awscli")
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .env("AWS_STS_REGIONAL_ENDPOINTS", "regional")
}

fn json_of(run: Run) -> Value {
    serde_json::from_str(&run.ok().stdout).unwrap()
}

#[test]
fn web_identity_token_and_endpoint() {
    in_sandbox(&[], |sandbox| {
        id_token(sandbox);
        let who = json_of(aws(sandbox, &["sts", "get-caller-identity"]));
        assert_eq!(who["Account"], "123456789012");
        assert!(who["Arn"].as_str().unwrap().ends_with("assumed-role/CodeArtifact/awscli"), "{who}");

        let token = json_of(aws(sandbox, &["codeartifact", "get-authorization-token"]).args(DOMAIN));
        let token = token["authorizationToken"].as_str().unwrap();
        let endpoint =
            ["codeartifact", "get-repository-endpoint", "--repository", "my-repo", "--format", "cargo"];
        let endpoint = json_of(aws(sandbox, &endpoint).args(DOMAIN));
        let endpoint = endpoint["repositoryEndpoint"].as_str().unwrap();
        assert_eq!(
            endpoint,
            "https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/cargo/my-repo/"
        );

        let read = |header: &str| {
            let url = format!("{endpoint}config.json");
            Run::new("curl")
                .args(["--silent", "--output", "/dev/null", "--write-out", "%{http_code}"])
                .args(["--header", header, &url])
                .ok()
                .stdout
        };
        assert_eq!(read(&format!("Authorization: {token}")), "200");
        assert_eq!(read("Authorization: nonsense"), "401");
        assert_eq!(read("Accept: */*"), "401");
    });
}

#[test]
fn refusals_read_as_refusals() {
    in_sandbox(&[], |sandbox| {
        let token = id_token(sandbox);
        let get = ["codeartifact", "get-authorization-token"];
        let _ =
            aws(sandbox, &get).args(["--domain", "no-domain"]).fails(255).says("ResourceNotFoundException");
        let _ = aws(sandbox, &get)
            .args(DOMAIN)
            .args(["--duration-seconds", "60"])
            .fails(255)
            .says("ValidationException");
        let other =
            aws(sandbox, &get).args(DOMAIN).env("AWS_ROLE_ARN", "arn:aws:iam::222222222222:role/Nobody");
        let _ = other.fails(255).says("AccessDenied");
        let wrong_region = aws(sandbox, &get).args(DOMAIN).env("AWS_DEFAULT_REGION", "us-west-2");
        assert_ne!(wrong_region.done().code, 0);
        // One character of the signature is another.
        let last = if token.ends_with('A') { "B" } else { "A" };
        sandbox.write("id-token", &format!("{}{last}", &token[..token.len() - 1].replace(".ey", ".ez")));
        let _ = aws(sandbox, &get).args(DOMAIN).fails(255).says("InvalidIdentityToken");
    });
}

#[test]
fn signatures_of_a_wrong_secret_are_refused() {
    in_sandbox(&[], |sandbox| {
        id_token(sandbox);
        let assume =
            ["sts", "assume-role-with-web-identity", "--role-arn", ROLE, "--role-session-name", "awscli"];
        let assume = aws(sandbox, &assume).args(["--web-identity-token", "file://id-token"]);
        let answer = json_of(assume);
        let credentials = &answer["Credentials"];
        let with = |secret: &str| {
            Run::new(aws_program())
                .args(["codeartifact", "get-authorization-token"])
                .args(DOMAIN)
                .within(sandbox.home())
                .env("AWS_DEFAULT_REGION", "us-east-1")
                .env("AWS_ACCESS_KEY_ID", credentials["AccessKeyId"].as_str().unwrap())
                .env("AWS_SECRET_ACCESS_KEY", secret)
                .env("AWS_SESSION_TOKEN", credentials["SessionToken"].as_str().unwrap())
        };
        let secret = credentials["SecretAccessKey"].as_str().unwrap();
        let _ = with(secret).ok();
        let _ = with(&secret.to_lowercase()).fails(255).says("signature");
    });
}
