//! Flags for npm and its relatives.

use std::path::PathBuf;
use std::str::FromStr;

use clap::ValueEnum;

/// Flags for npm, pnpm, yarn and bun alone.
#[derive(Debug, Default, clap::Args)]
#[group(id = "node")]
#[command(next_help_heading = "npm, pnpm, yarn and bun")]
pub struct Flags {
    /// Only packages of this scope come from the repository; may be given several times [default: all packages]
    #[arg(long, value_name = "@SCOPE")]
    pub(super) scope: Vec<Scope>,
    /// Where npm, yarn 1 and bun find the token [default: static]
    #[arg(long)]
    pub(super) mode: Option<TokenMode>,
    /// The file to edit [default: the user's .npmrc]
    #[arg(long, value_name = "FILE")]
    pub(super) npmrc: Option<PathBuf>,
}

/// Where a token is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TokenMode {
    /// In the file, as long as the session lasts
    Static,
    /// In CODEARTIFACT_AUTH_TOKEN, which `vouch exec` sets; nothing secret in the file
    Env,
}

impl Flags {
    /// Names a flag that was typed: it means nothing to another package manager.
    pub fn typed(&self) -> Option<&'static str> {
        let scope = (!self.scope.is_empty()).then_some("--scope");
        scope.or(self.for_files())
    }

    /// Names a flag that was typed for those who read a token out of an `.npmrc`.
    pub fn for_files(&self) -> Option<&'static str> {
        self.mode.map(|_| "--mode").or(self.npmrc.as_ref().map(|_| "--npmrc"))
    }

    /// The scopes, each for a registration of its own; one empty place where all packages are meant.
    pub fn scopes(&self) -> Vec<Option<String>> {
        if self.scope.is_empty() {
            return vec![None];
        }
        self.scope.iter().map(|scope| Some(scope.0.clone())).collect()
    }
}

/// A scope of npm's with its `@`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scope(String);

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
