//! Cargo's credential-provider protocol, spoken to the built helper as cargo speaks it.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

/// The index of the default world's first repository.
pub const INDEX: &str =
    "sparse+https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/cargo/my-repo/";

/// A helper that has been asked for a token to read with.
#[derive(Debug)]
pub struct Asked(pub Child);

/// Starts the helper and asks about an index.
pub fn ask(index: &str) -> Asked {
    let mut command = Command::new("cargo-credential-vouch");
    command.arg("--cargo-plugin").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("cargo-credential-vouch is on PATH");
    let registry = json!({"index-url": index, "name": "my-repo"});
    let request = json!({"v": 1, "registry": registry, "kind": "get", "operation": "read"});
    // A helper that was killed reads nothing.
    let _ = writeln!(child.stdin.take().expect("piped"), "{request}");
    Asked(child)
}

impl Asked {
    /// The answer: what stands in `Ok`, or what stands in `Err`. Panics unless the protocol is kept to the letter.
    pub fn answer(mut self) -> Result<Value, Value> {
        let stdout = BufReader::new(self.0.stdout.take().expect("piped"));
        let lines: Vec<String> = stdout.lines().map(|line| line.expect("text")).collect();
        let status = self.0.wait().expect("the helper ends");
        assert_eq!((lines.len(), status.code()), (2, Some(0)), "{lines:?}");
        assert_eq!(lines[0], r#"{"v":[1]}"#);
        let answer: Value = serde_json::from_str(&lines[1]).expect("JSON");
        match (answer.get("Ok"), answer.get("Err")) {
            (Some(ok), None) => Ok(ok.clone()),
            (None, Some(err)) => Err(err.clone()),
            _ => panic!("{answer}"),
        }
    }
}
