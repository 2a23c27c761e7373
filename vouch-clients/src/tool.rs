//! The package managers that Vouch knows: one row each, and all lists of them are made from these rows.
//!
//! A registration may name a tool that a newer Vouch brought: [`Tool::named`] then answers nothing, and whoever asked
//! leaves that registration alone.

use vouch_core::endpoint::Format;
use vouch_core::exchange::FirstRequest;

/// Where a package manager takes the token from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenSource {
    /// It starts a program of Vouch.
    Helper,
    /// It asks `keyring`, which a program of Vouch stands for.
    Keyring,
    /// It stands in a file, unless its registration says otherwise.
    StaticLine,
    /// The environment, which `vouch exec` or `vouch env` sets.
    Variable,
    /// A person adds the lines; Vouch edits no file of it.
    Manual,
}

macro_rules! tools {
    ($($tool:ident $name:literal $format:ident $source:ident $helper:expr, $page:literal;)+) => {
        /// A package manager.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Tool {
            $($tool),+
        }

        impl Tool {
            /// All of them, in the order in which they are listed for a person.
            pub const ALL: &[Self] = &[$(Self::$tool),+];

            /// As in `--tool` and in registrations.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$tool => $name),+ }
            }

            /// The package format that it speaks.
            pub const fn format(self) -> Format {
                match self { $(Self::$tool => Format::$format),+ }
            }

            /// Where it takes the token from.
            pub const fn token_source(self) -> TokenSource {
                match self { $(Self::$tool => TokenSource::$source),+ }
            }

            /// The program of Vouch that it cannot do without.
            pub const fn helper(self) -> Option<&'static str> {
                match self { $(Self::$tool => $helper),+ }
            }

            /// Its page, in `docs/`.
            pub const fn page(self) -> &'static str {
                match self { $(Self::$tool => $page),+ }
            }
        }
    };
}

const CARGO: Option<&str> = Some("cargo-credential-vouch");
const NPM: Option<&str> = Some("npm-token-vouch");
const KEYRING: Option<&str> = Some("pip-keyring-vouch");

tools! {
    Cargo "cargo" Cargo Helper CARGO, "cargo.md";
    Npm "npm" Npm StaticLine None, "npm.md";
    Pnpm "pnpm" Npm Helper NPM, "pnpm.md";
    Yarn "yarn" Npm Helper NPM, "yarn.md";
    YarnClassic "yarn-classic" Npm StaticLine None, "yarn.md";
    Bun "bun" Npm StaticLine None, "bun.md";
    Pip "pip" Pypi Keyring KEYRING, "pip.md";
    Uv "uv" Pypi Keyring KEYRING, "uv.md";
    Twine "twine" Pypi Keyring None, "twine.md";
    Poetry "poetry" Pypi Keyring None, "poetry.md";
    Pdm "pdm" Pypi Keyring KEYRING, "poetry.md";
    Maven "maven" Maven Variable None, "maven.md";
    Gradle "gradle" Maven Helper None, "gradle.md";
    Sbt "sbt" Maven Manual None, "build-tools.md";
    Nuget "nuget" Nuget Manual None, "build-tools.md";
    Ruby "ruby" Ruby Manual None, "build-tools.md";
    Swift "swift" Swift Manual None, "build-tools.md";
}

impl Tool {
    /// The one of that name, as a registration says it.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|tool| tool.name() == name)
    }

    /// Whether it reads an `.npmrc` or a `.yarnrc.yml`.
    pub fn is_nodes(self) -> bool {
        self.format() == Format::Npm
    }

    /// Whether a person adds its lines: then nothing is edited and nothing registered.
    pub fn is_manual(self) -> bool {
        self.token_source() == TokenSource::Manual
    }

    /// Whether setup, without further flags, makes a repository the place that all its packages come from.
    pub fn takes_all_packages(self) -> bool {
        self.is_nodes() || matches!(self, Self::Pip | Self::Uv | Self::Pdm)
    }

    /// Whether it can only read a token, not ask for one.
    pub fn reads_static_token(self) -> bool {
        self.token_source() == TokenSource::StaticLine
    }

    /// What it asks a repository first, which proves a registration of it.
    pub fn first_request(self) -> FirstRequest {
        match self {
            Self::Twine => FirstRequest::Upload(self.format()),
            _ => FirstRequest::of(self.format()),
        }
    }

    /// Whether it starts the `keyring` on PATH, which setup links.
    pub fn uses_linked_keyring(self) -> bool {
        self.token_source() == TokenSource::Keyring && self.helper().is_some()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_tool_is_found_by_its_name_and_no_other_is() {
        for tool in Tool::ALL {
            assert_eq!(Tool::named(tool.name()), Some(*tool));
        }
        for unknown in ["", "NPM", "yarn1", "conda"] {
            assert_eq!(Tool::named(unknown), None);
        }
    }

    #[test]
    fn every_tool_has_its_page_and_the_readme_links_it() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
        for tool in Tool::ALL {
            let page = format!("docs/{}", tool.page());
            let text = std::fs::read_to_string(root.join(&page)).unwrap();
            assert!(text.contains(&format!("--tool {}", tool.name())), "{tool:?}: {page}");
            assert!(readme.contains(&format!("({page})")), "{tool:?}: {page}");
        }
    }
}
