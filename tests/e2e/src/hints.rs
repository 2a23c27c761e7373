//! What a message tells to type, typed as a user would.

use std::env;

use crate::command::{CommandOutput, Run};
use crate::sandbox::Sandbox;

/// What stands for a value in a hint, and the one that is typed in the default world.
const VALUES: [(&str, &str); 12] = [
    ("ACCOUNT", "123456789012"),
    ("ARN", "arn:aws:iam::123456789012:role/CodeArtifact"),
    ("CLIENT", "cargo"),
    ("DIR", "built"),
    ("DOMAIN", "my-domain"),
    ("NAME", "alice"),
    ("REGION", "us-east-1"),
    ("REPOSITORY", "my-repo"),
    ("TOOL", "cargo"),
    ("URL", "https://id.example.com/alice"),
    ("OTHER_ENROLLMENT...", "enrollment.json"),
    ("ENROLLMENT", "enrollment.json"),
];

/// The commands of ours that a user was told, in order.
pub fn told(done: &CommandOutput) -> Vec<String> {
    let all = format!("{}\n{}", done.stdout, done.stderr);
    let quoted = all.split('`').skip(1).step_by(2);
    let commands = quoted.filter(|text| text.starts_with("vouch ") || text.starts_with("npm-token-vouch "));
    commands.map(str::to_owned).collect()
}

/// The first of them that begins so.
pub fn hint(done: &CommandOutput, beginning: &str) -> String {
    let found = told(done).into_iter().find(|command| command.starts_with(beginning));
    found.unwrap_or_else(|| panic!("nothing told begins with `{beginning}`: {done}"))
}

/// Types a command as it was told, with values for the words that stand for one, and what a login or a key needs.
pub fn typed(sandbox: &Sandbox, command: &str) -> Run {
    typed_with(sandbox, command, &[])
}

/// The same with other values.
pub fn typed_with(sandbox: &Sandbox, command: &str, values: &[(&str, &str)]) -> Run {
    let value = |word: &str| {
        let mut known = values.iter().chain(&VALUES);
        known.find(|(name, _)| *name == word).map_or(word.to_owned(), |(_, value)| (*value).to_owned())
    };
    let mut line = command.split(' ').map(value).collect::<Vec<_>>().join(" ");
    let needs = |beginning: &str| command.starts_with(beginning);
    let asks_pin =
        (needs("vouch login") && !command.contains("--from")) || needs("vouch enroll") || needs("vouch join");
    if asks_pin && !line.contains("--pin-stdin") {
        line.push_str(" --pin-stdin");
    }
    let root = env::var("VOUCH_SANDBOX_ATTESTATION_ROOT").expect("the sandbox names it");
    if (needs("vouch issuer build") || needs("vouch issuer iam")) && !line.contains("--attestation-root") {
        line.push_str(&format!(" --attestation-root '{root}'"));
    }
    sandbox.run("/bin/sh").args(["-c", &line]).stdin(format!("{}\n", sandbox.pin()))
}
