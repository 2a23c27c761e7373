//! Flags that only some package managers have. They make the options of a registration, and nothing else reads them.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::ValueEnum;
use vouch_clients::node::npm::Mode;
use vouch_clients::options::Options;
use vouch_clients::tool::Tool;

/// Flags for Cargo alone.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Cargo")]
pub(super) struct CargoFlags {
    /// Let Cargo fetch from the repository instead of crates.io
    #[arg(long)]
    replace_crates_io: bool,
    /// What stands before the token on the wire [default: raw, as AWS documents it]
    #[arg(long, value_name = "FORM")]
    token_prefix: Option<TokenPrefix>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum TokenPrefix {
    Raw,
    Bearer,
}

/// Flags for npm, pnpm, yarn and bun alone.
#[derive(Debug, Clone, Default, clap::Args)]
#[group(id = "node")]
#[command(next_help_heading = "npm, pnpm, yarn and bun")]
pub(super) struct NodeFlags {
    /// Only packages of this scope come from the repository; may be given several times [default: all packages]
    #[arg(long, value_name = "@SCOPE")]
    scope: Vec<Scope>,
    /// Where npm, yarn 1 and bun find the token [default: static]
    #[arg(long)]
    mode: Option<TokenMode>,
    /// The file to edit [default: the user's .npmrc]
    #[arg(long, value_name = "FILE")]
    npmrc: Option<PathBuf>,
}

/// Where a token is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TokenMode {
    /// In the file, as long as the session lasts
    Static,
    /// In CODEARTIFACT_AUTH_TOKEN, which `vouch exec` sets; nothing secret in the file
    Env,
}

/// Flags for pip, uv and pdm alone.
#[derive(Debug, Clone, Default, clap::Args)]
#[group(id = "python")]
#[command(next_help_heading = "pip, uv and pdm")]
pub(super) struct PythonFlags {
    /// Add the repository to the index that is there, instead of taking its place
    #[arg(long)]
    extra: bool,
    /// Put Vouch's `keyring` in front of one that is there; other requests are handed on to it
    #[arg(long)]
    chain: bool,
}

/// Flags for Maven alone.
#[derive(Debug, Clone, Default, clap::Args)]
#[group(id = "jvm")]
#[command(next_help_heading = "Maven")]
pub(super) struct JvmFlags {
    /// Maven's settings file [default: ~/.m2/settings.xml]
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Send no repository to this one that only has its id, for projects that give one id to several repositories
    #[arg(long)]
    no_mirror: bool,
}

/// All of them.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct ToolFlags {
    #[command(flatten)]
    cargo: CargoFlags,
    #[command(flatten)]
    node: NodeFlags,
    #[command(flatten)]
    python: PythonFlags,
    #[command(flatten)]
    jvm: JvmFlags,
}

impl ToolFlags {
    /// What was typed, for the client of the tool.
    pub(super) fn options(&self) -> Options {
        let Self { cargo, node, python, jvm } = self;
        Options {
            replace_crates_io: cargo.replace_crates_io,
            extra: python.extra,
            chain: python.chain,
            token_prefix: cargo.token_prefix.map(|prefix| match prefix {
                TokenPrefix::Raw => "",
                TokenPrefix::Bearer => "Bearer ",
            }),
            mode: node.mode.map(|mode| match mode {
                TokenMode::Static => Mode::Static,
                TokenMode::Env => Mode::Env,
            }),
            no_mirror: jvm.no_mirror,
            file: node.npmrc.clone().or_else(|| jvm.settings.clone()),
            ..Options::default()
        }
    }

    /// The scopes, each for a registration of its own; one empty place where all packages are meant.
    pub(super) fn scopes(&self) -> Vec<Option<String>> {
        if self.node.scope.is_empty() {
            return vec![None];
        }
        self.node.scope.iter().map(|scope| Some(scope.0.clone())).collect()
    }

    /// The `.npmrc` that was named.
    pub(super) fn npmrc(&self) -> Option<&Path> {
        self.node.npmrc.as_deref()
    }

    /// Names a flag that was typed and only means something to a setup. Flags of other tools are refused before.
    pub(super) fn needs_repository(&self) -> Option<&'static str> {
        let typed = [(!self.node.scope.is_empty(), "--scope"), (self.node.mode.is_some(), "--mode")];
        typed.into_iter().find(|(typed, _)| *typed).map(|(_, flag)| flag)
    }

    /// Names a flag that was typed and means nothing to the tool.
    pub(super) fn foreign_to(&self, tool: Tool) -> Option<&'static str> {
        let Self { cargo, node, python, jvm } = self;
        let of_python = tool.uses_linked_keyring();
        let typed = [
            (!node.scope.is_empty(), tool.is_nodes(), "--scope"),
            (node.mode.is_some(), tool.reads_static_token(), "--mode"),
            (node.npmrc.is_some(), tool.reads_static_token(), "--npmrc"),
            (python.extra, of_python, "--extra"),
            (python.chain, of_python, "--chain"),
            (cargo.replace_crates_io, tool == Tool::Cargo, "--replace-crates-io"),
            (cargo.token_prefix.is_some(), tool == Tool::Cargo, "--token-prefix"),
            (jvm.settings.is_some(), tool == Tool::Maven, "--settings"),
            (jvm.no_mirror, tool == Tool::Maven, "--no-mirror"),
        ];
        typed.into_iter().find(|(typed, means, _)| *typed && !means).map(|(.., flag)| flag)
    }
}

/// A scope of npm's with its `@`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Scope(String);

impl FromStr for Scope {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let name = text.strip_prefix('@').unwrap_or(text);
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
        if name.is_empty() || name.starts_with('.') || !name.bytes().all(plain) {
            return Err("a scope is `@` and letters, digits, `-`, `_`, `.` or `~`, such as `@acme`".into());
        }
        Ok(Self(format!("@{name}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_have_an_at_sign_and_nothing_else_in_them() {
        for text in ["@acme", "acme"] {
            assert_eq!(text.parse(), Ok(Scope("@acme".into())));
        }
        for bad in ["", "@", "@a/b", "@a:registry", "@a b", "@.a", "@a=b", "@ä"] {
            assert!(bad.parse::<Scope>().is_err(), "{bad:?}");
        }
    }
}
