//! yarn 2 and later: a plugin of a few lines asks the helper, so nothing secret is in a file.

use std::path::{Path, PathBuf};

use vouch_core::Failure;
use vouch_core::config::Registration;
use vouch_core::files;
use vouch_core::home::Home;
use vouch_core::partition::RepositoryName;

use super::{helper, home, packages};
use crate::client::{Client, Edit, Edits, SetupRequest};
use crate::edited_file::EditedFile;
use crate::text::yaml as yarnrc;
use crate::tool::Tool;

/// yarn, for the user's `.yarnrc.yml`.
#[derive(Debug)]
pub struct Yarn {
    file: PathBuf,
    plugin: PathBuf,
    helper: PathBuf,
}

impl Yarn {
    /// Finds its files, and the helper: with `as_written`, the one that the plugin names, wherever that is.
    pub fn new(vouch: &Home, as_written: bool) -> Result<Self, Failure> {
        let plugin = vouch.path().join("yarn-plugin-vouch.cjs");
        let helper = match named_helper(&plugin).filter(|_| as_written) {
            Some(named) => named,
            None => helper()?,
        };
        Ok(Self { file: home()?.join(".yarnrc.yml"), plugin, helper })
    }

    /// The helper that the plugin names, wherever it is.
    pub(super) fn named_helper(&self) -> Option<PathBuf> {
        named_helper(&self.plugin)
    }

    fn edit(&self, text: &str, registration: &Registration) -> Result<String, Failure> {
        let lines = yarnrc::Lines {
            registry: registration.endpoint.trim_end_matches('/'),
            scope: registration.name.as_deref().map(|scope| scope.trim_start_matches('@')),
            plugin: &self.plugin.display().to_string(),
        };
        yarnrc::edit(text, &lines).map_err(|error| {
            Failure::configuration(
                format!("`{}`: {error}", self.file.display()),
                "Write that part over several lines with two blanks of indentation, or add the lines of `--print` by hand; \
                 nothing was changed.",
            )
        })
    }

    /// The hook is documented; `registry` comes without its final slash (measured with yarn 4.18).
    fn plugin_text(&self) -> String {
        let helper = serde_json::Value::from(self.helper.display().to_string());
        PLUGIN.replace("HELPER", &helper.to_string())
    }
}

fn named_helper(plugin: &Path) -> Option<PathBuf> {
    let text = files::read_text(plugin).ok()?;
    let rest = text.split_once("spawnSync(")?.1;
    let mut strings = serde_json::Deserializer::from_str(rest).into_iter::<String>();
    strings.next()?.ok().map(PathBuf::from)
}

const PLUGIN: &str = r#"// Made by `vouch setup codeartifact --tool yarn`: asks Vouch for the token of a registry.
const { spawnSync } = require("child_process");
const known = new Map();
const ask = (registry) => {
  const asked = spawnSync(HELPER, ["--registry", registry], { encoding: "utf8" });
  if (asked.error) throw asked.error;
  if (asked.status !== 0) throw new Error(asked.stderr.trim());
  return asked.stdout.trim();
};
module.exports = {
  name: "plugin-vouch",
  factory: () => ({
    hooks: {
      async getNpmAuthenticationHeader(current, registry) {
        if (!known.has(registry)) known.set(registry, ask(`${registry}/`));
        return known.get(registry) || current;
      },
    },
  }),
};
"#;

impl Client for Yarn {
    fn tool(&self) -> Tool {
        Tool::Yarn
    }

    fn file(&self) -> &Path {
        &self.file
    }

    fn default_name(&self, _repository: &RepositoryName) -> Option<String> {
        None
    }

    fn keeps_name(&self) -> bool {
        false
    }

    fn replaces(&self, known: &Registration, new: &Registration) -> bool {
        super::replaces(known, new)
    }

    fn plan(&self, wanted: &SetupRequest<'_>) -> Result<Edits, Failure> {
        let file = EditedFile::read(self.file.clone())?;
        let after = self.edit(file.text(), wanted.registration)?;
        let plugin = EditedFile::read(self.plugin.clone())?;
        let files = vec![Edit { file: plugin, after: self.plugin_text() }, Edit { file, after }];
        Ok(Edits { files, notes: Vec::new() })
    }

    fn snippet(&self, wanted: &SetupRequest<'_>) -> Result<String, Failure> {
        let lines = self.edit("", wanted.registration)?;
        Ok(format!("{lines}\n# `{}`:\n{}", self.plugin.display(), self.plugin_text()))
    }

    fn without_secrets(&self, text: &str) -> String {
        yarnrc::without_secrets(text)
    }

    fn done(&self, wanted: &SetupRequest<'_>) -> Vec<String> {
        let Registration { endpoint, name, .. } = wanted.registration;
        vec![format!("{} come from {endpoint}, in `{}`", packages(name.as_deref()), self.file.display())]
    }

    fn next(&self, _wanted: &SetupRequest<'_>) -> String {
        "`yarn install`".into()
    }
}
