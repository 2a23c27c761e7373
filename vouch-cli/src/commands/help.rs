//! What `--help` and the man pages say beyond flags: examples, exit status, files, variables, and the page of the documentation.

use clap::Command;

/// A command by its words, what one types, and its page below `docs/`.
pub(super) struct Help {
    pub(super) command: &'static str,
    /// Each runs as it stands, in the state that the words before it lead to.
    pub(super) examples: &'static [&'static str],
    pub(super) page: &'static str,
}

const fn help(command: &'static str, page: &'static str, examples: &'static [&'static str]) -> Help {
    Help { command, examples, page }
}

/// The columns of a line of help, less its margin.
const WIDTH: usize = 92;

/// One row for each command.
pub(super) const HELP: &[Help] = &[
    help("vouch", "everyday.md", &["vouch status", "vouch doctor"]),
    help(
        "vouch join",
        "join.md",
        &[
            "vouch join https://id.example.com/vouch.json --subject alice",
            "vouch join https://id.example.com/vouch.json --subject alice --pull-request",
            "vouch join 'https://id.example.com/vouch.json#sha256=DIGEST' --subject alice --tools --pin-stdin",
        ],
    ),
    help(
        "vouch enroll",
        "issuer.md",
        &[
            "vouch enroll --issuer https://id.example.com/alice --subject alice",
            "vouch enroll --serial 12345678 --replace --out again.json",
        ],
    ),
    help("vouch issuer", "issuer.md", &["vouch issuer check"]),
    help(
        "vouch issuer build",
        "issuer.md",
        &[
            "vouch issuer build --out site enrollments",
            "vouch issuer build --team team.toml --out site enrollments/*.json",
        ],
    ),
    help("vouch issuer check", "issuer.md", &["vouch issuer check", "vouch issuer check --json enrollments"]),
    help(
        "vouch issuer iam",
        "issuer.md",
        &[
            "vouch issuer iam --format cloudformation enrollments",
            "vouch issuer iam --format terraform enrollments",
        ],
    ),
    help(
        "vouch issuer revoke",
        "issuer.md",
        &[
            "vouch issuer revoke alice --from enrollments",
            "vouch issuer revoke alice --from enrollments --lost 12345678",
        ],
    ),
    help(
        "vouch login",
        "everyday.md",
        &["vouch login", "vouch login --duration 4h", "vouch login --if-needed"],
    ),
    help("vouch logout", "everyday.md", &["vouch logout"]),
    help("vouch session", "remote.md", &["vouch session import --check"]),
    help("vouch session import", "remote.md", &["vouch session import --check"]),
    help("vouch status", "everyday.md", &["vouch status", "vouch status --short", "vouch status --json"]),
    help(
        "vouch setup",
        "everyday.md",
        &[
            "vouch setup aws --role arn:aws:iam::123456789012:role/CodeArtifact",
            "vouch setup codeartifact --tool cargo --repository my-repo --domain my-domain --domain-owner 123456789012",
        ],
    ),
    help(
        "vouch setup aws",
        "everyday.md",
        &[
            "vouch setup aws --role arn:aws:iam::123456789012:role/CodeArtifact",
            "vouch setup aws --role arn:aws:iam::111111111111:role/CodeArtifactReader --profile reader",
        ],
    ),
    help(
        "vouch setup codeartifact",
        "everyday.md",
        &[
            "vouch setup codeartifact --tool cargo --repository my-repo --domain my-domain --domain-owner 123456789012",
            "vouch setup codeartifact --tool uv --repository my-repo --dry-run",
            "vouch setup codeartifact --tool gradle --repository my-repo --print",
        ],
    ),
    help("vouch profile", "everyday.md", &["vouch profile list"]),
    help("vouch profile list", "everyday.md", &["vouch profile list", "vouch profile list --json"]),
    help(
        "vouch profile show",
        "everyday.md",
        &["vouch profile show default", "vouch profile show --aws vouch"],
    ),
    help(
        "vouch profile default",
        "everyday.md",
        &["vouch profile default default", "vouch profile default --aws vouch"],
    ),
    help("vouch profile remove", "everyday.md", &["vouch profile remove --aws reader"]),
    help("vouch credential", "everyday.md", &["vouch credential codeartifact"]),
    help(
        "vouch credential codeartifact",
        "everyday.md",
        &[
            "vouch credential codeartifact",
            "vouch credential codeartifact --domain my-domain --domain-owner 123456789012",
        ],
    ),
    help(
        "vouch credential aws",
        "everyday.md",
        &["vouch credential aws", "vouch credential aws --profile vouch"],
    ),
    help(
        "vouch env",
        "everyday.md",
        &[
            "eval \"$(vouch env --type codeartifact --shell sh)\"",
            "eval \"$(vouch env --type aws --shell sh)\"",
        ],
    ),
    help(
        "vouch exec",
        "everyday.md",
        &[
            "vouch exec --type codeartifact -- true",
            "vouch exec --type aws -- sh -c 'test -n \"$AWS_SESSION_TOKEN\"'",
        ],
    ),
    help(
        "vouch doctor",
        "doctor.md",
        &["vouch doctor", "vouch doctor --all --online", "vouch doctor --json"],
    ),
    help("vouch undo", "everyday.md", &["vouch undo --list", "vouch undo cargo", "vouch undo --all"]),
    help(
        "vouch completions",
        "everyday.md",
        &["vouch completions bash > vouch.bash", "vouch completions nushell > vouch.nu"],
    ),
    help("vouch man", "everyday.md", &["vouch man ~/.local/share/man/man1"]),
];

/// What a program says of how it ended.
pub(super) const EXIT_STATUS: &[(&str, &str)] = &[
    ("0", "Done."),
    ("1", "Another failure; of vouch doctor and vouch issuer check: something is wrong."),
    ("2", "The command line is wrong."),
    ("3", "There is no session: log in."),
    ("4", "The YubiKey, its PIN or the touch."),
    ("5", "The network."),
    ("6", "AWS refused, or a project would give the token away."),
    ("7", "A setting is missing or wrong."),
    (
        "125, 126, 127",
        "Of vouch exec alone: Vouch failed before the command, it cannot be run, it was not found.",
    ),
];

pub(super) const FILES: &[(&str, &str)] = &[
    ("~/.vouch/config.json", "Identity, profiles and registrations. Nothing in it is secret."),
    (
        "~/.vouch/vault/",
        "The session, role credentials and tokens, sealed under a key that only the keystore holds.",
    ),
    ("~/.vouch/journal.json", "What setup wrote into files of yours, for vouch undo."),
    ("~/.vouch/ledger.json", "Where tokens stand in files of yours, as fingerprints."),
];

pub(super) const ENVIRONMENT: &[(&str, &str)] = &[
    ("VOUCH_HOME", "The directory in place of ~/.vouch; --home goes before it."),
    ("VOUCH_PROFILE", "The CodeArtifact profile where none is typed."),
    ("VOUCH_KEYSTORE", "Linux: kernel, or runtime-file where containers forbid the kernel keyring."),
    ("VOUCH_LOG", "What Vouch says of its own work: error, warn, info, debug or trace; never a secret."),
    ("HTTPS_PROXY, NO_PROXY", "The proxy, and what is reached without it."),
    ("AWS_CA_BUNDLE", "The certificate authorities to trust, in place of the built-in ones."),
    ("AWS_REGION, AWS_DEFAULT_REGION", "The region where neither flag nor profile names one."),
    ("NO_COLOR", "No colors."),
];

/// The row of a command.
pub(super) fn of(words: &str) -> Option<&'static Help> {
    HELP.iter().find(|help| help.command == words)
}

/// The command line with examples and the page of each command in its help.
pub(super) fn dressed(command: Command) -> Command {
    let name = command.get_name().to_owned();
    dress(command, &name)
}

fn dress(command: Command, words: &str) -> Command {
    let names: Vec<String> = command.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    let command = names.iter().fold(command, |command, name| {
        command.mut_subcommand(name, |inner| dress(inner, &format!("{words} {name}")))
    });
    let Some(help) = of(words) else { return command };
    let examples: String = help.examples.iter().map(|example| format!("  {}\n", folded(example))).collect();
    command.after_help(format!("Examples:\n{examples}\nDocumentation: docs/{}", help.page))
}

/// A long line in two, as a shell reads one: help is no wider than 100 columns, and what it would break is no command.
fn folded(example: &str) -> String {
    match example.get(..WIDTH).and_then(|start| start.rfind(" --")) {
        Some(end) => format!("{} \\\n      {}", &example[..end], &example[end + 1..]),
        None => example.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use clap::{CommandFactory, Parser};

    use super::*;
    use crate::commands::Cli;

    fn all(command: &Command, words: &str, found: &mut BTreeSet<String>) {
        found.insert(words.to_owned());
        for inner in command.get_subcommands() {
            all(inner, &format!("{words} {}", inner.get_name()), found);
        }
    }

    #[test]
    fn every_command_has_examples_and_a_page_that_is_there() {
        let mut commands = BTreeSet::new();
        all(&Cli::command(), "vouch", &mut commands);
        let told: BTreeSet<_> = HELP.iter().map(|help| help.command.to_owned()).collect();
        assert_eq!(commands, told);
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
        for help in HELP {
            assert!(!help.examples.is_empty() && docs.join(help.page).is_file(), "{}", help.command);
            assert!(help.examples.iter().all(|example| example.contains(help.command)), "{}", help.command);
        }
    }

    #[test]
    fn every_example_parses() {
        for example in HELP.iter().flat_map(|help| help.examples) {
            let line = example.trim_start_matches("eval \"$(").trim_end_matches(")\"");
            let line = line.split(" > ").next().unwrap().replace("#sha256=DIGEST", "");
            let words = line.split(' ').map(|word| word.trim_matches('\''));
            assert!(Cli::try_parse_from(words).is_ok(), "{example}");
        }
    }
}
