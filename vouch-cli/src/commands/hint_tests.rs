//! What a hint names is a command that this `vouch` takes.

use clap::{CommandFactory, Parser};
use vouch_core::hint::{COMMANDS, NAMES};

use super::Cli;

/// What stands for a value in a hint, and one that is such a value.
const VALUES: [(&str, &str); 17] = [
    ("ACCOUNT", "123456789012"),
    ("ARN", "arn:aws:iam::123456789012:role/CodeArtifact"),
    ("CLIENT", "cargo"),
    ("COMMAND", "true"),
    ("DIR", "/home/alice/.vouch"),
    ("DOMAIN", "my-domain"),
    ("ENROLLMENT", "enrollment.json"),
    ("NAME", "alice"),
    ("PROFILE", "default"),
    ("PROJECT", "github:acme/app"),
    ("REGION", "us-east-1"),
    ("REPOSITORY", "my-repo"),
    ("SERIAL", "12345678"),
    ("SOURCE", "gitlab"),
    ("TOOL", "cargo"),
    ("TYPE", "codeartifact"),
    ("URL", "https://id.example.com/alice/vouch.json"),
];

fn filled(form: &str) -> Vec<&str> {
    let known = |word: &str| VALUES.iter().find(|(name, _)| *name == word).map(|(_, value)| *value);
    form.split(' ').map(|word| known(word).unwrap_or(word)).collect()
}

#[test]
fn every_command_of_a_hint_parses() {
    let mut seen = 0;
    for (name, form) in COMMANDS.iter().filter(|(_, form)| form.starts_with("vouch ")) {
        // The rest of this one is put together where it is told.
        let more: &[&str] = match *name {
            "EXEC" => &["--type", "codeartifact", "--", "true"],
            _ => &[],
        };
        let parsed = Cli::try_parse_from(filled(form).iter().chain(more).copied());
        assert!(parsed.is_ok(), "{name}: {}", parsed.unwrap_err());
        seen += 1;
    }
    assert!(seen > 25, "{seen}");
}

#[test]
fn every_command_that_a_text_speaks_of_is_there() {
    for (name, form) in NAMES {
        let mut command = Cli::command();
        command.build();
        for word in form.split(' ').skip(1) {
            match word.strip_prefix("--") {
                Some(flag) => {
                    let known = command.get_arguments().any(|known| known.get_long() == Some(flag));
                    assert!(known, "{name}: --{flag}");
                }
                None => match command.find_subcommand(word) {
                    Some(found) => command = found.clone(),
                    // The value of a flag.
                    None => assert!(!command.has_subcommands(), "{name}: {word}"),
                },
            }
        }
    }
}
