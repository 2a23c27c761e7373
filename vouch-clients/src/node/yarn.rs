//! yarn 3.2 and later: a plugin asks the helper, so nothing secret is in a file, and keeps the token to its registry.

use std::path::{Path, PathBuf};

use vouch_core::Failure;
use vouch_core::config::Registration;
use vouch_core::files;
use vouch_core::home::Home;
use vouch_core::partition::RepositoryName;

use super::{helper, home, packages};
use crate::client::{Client, Edit, Edits, SetupRequest};
use crate::home_argument::HomeArgument;
use crate::text::redact::Dialect;
use crate::text::yaml as yarnrc;
use crate::tool::Tool;

/// yarn, for the user's `.yarnrc.yml`.
#[derive(Debug)]
pub struct Yarn {
    file: PathBuf,
    plugin: PathBuf,
    helper: PathBuf,
    home: HomeArgument,
    /// Tells this plugin from that of another home: yarn loads one of each name.
    id: String,
}

impl Yarn {
    /// Finds its files, and the helper: with `as_written`, the one that the plugin names, wherever that is.
    pub fn new(vouch: &Home, as_written: bool) -> Result<Self, Failure> {
        let plugin = vouch.path().join("yarn-plugin-vouch.cjs");
        let home_argument = HomeArgument::new(vouch)?;
        if home_argument.as_str().contains("${") {
            return Err(Failure::configuration(
                format!(
                    "yarn cannot load a plugin in `{}`: it reads a dollar sign with a brace as a variable",
                    vouch.path().display()
                ),
                "Move that folder to a plain name, and let VOUCH_HOME name its new place.",
            ));
        }
        let helper = match named_helper(&plugin).filter(|_| as_written) {
            Some(named) => named,
            None => helper()?,
        };
        let file = home()?.join(".yarnrc.yml");
        Ok(Self { file, plugin, helper, home: home_argument, id: vouch.id() })
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
                "Write that part over several lines with two blanks of indentation, or add the lines of `--print` yourself; \
                 nothing was changed.",
            )
        })
    }

    /// The hook is documented; `registry` comes without its final slash (measured with yarn 4.18).
    fn plugin_text(&self) -> String {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let name = quoted(&format!("plugin-vouch-{}", self.id));
        let helper = quoted(&self.helper.display().to_string());
        let home = quoted(self.home.as_str());
        let values = [name.as_str(), &helper, &home, &name, ""];
        PLUGIN.split('#').zip(values).flat_map(|(text, value)| [text, value]).collect()
    }
}

fn named_helper(plugin: &Path) -> Option<PathBuf> {
    let text = files::read_text(plugin).ok()?;
    let rest = text.split_once("spawnSync(")?.1;
    let mut strings = serde_json::Deserializer::from_str(rest).into_iter::<String>();
    strings.next()?.ok().map(PathBuf::from)
}

/// Each `#` stands for a string: the plugin's name, the helper, the home, and the name again.
const PLUGIN: &str = r#"// Made by `vouch setup codeartifact --tool yarn`: asks Vouch for the token of a registry, and keeps it to that registry.
const { spawnSync } = require("child_process");
const { realpathSync } = require("fs");
const { homedir } = require("os");
const { basename, dirname } = require("path");
const known = new Map();
// The registries that each answer of Vouch's is for.
const registriesOf = new Map();
// The plugins of all homes of Vouch: beside others, each answers for what was set up in its own home alone.
const homes = (globalThis[Symbol.for("vouch")] ??= new Set());
homes.add(#);
const ask = (registry) => {
  const alone = homes.size > 1 ? ["--registered"] : [];
  const asked = spawnSync(#, ["--home", #, "--registry", registry, ...alone], { encoding: "utf8" });
  if (asked.error) throw asked.error;
  if (asked.status !== 0) throw new Error(asked.stderr.trim());
  return asked.stdout.trim();
};
const isBelow = (url, registry) => {
  const { origin, pathname } = new URL(`${registry}/`);
  if (url.origin !== origin || !url.pathname.startsWith(pathname)) return false;
  const rest = url.pathname.slice(pathname.length);
  // The slash in a name may be escaped; what could climb may not.
  return !/%(2e|5c|25)/i.test(rest) && !rest.split(/\/|%2f/i).some((part) => part === "." || part === "..");
};
module.exports = {
  name: #,
  factory: (require) => {
    const { YarnVersion, httpUtils } = require("@yarnpkg/core");
    const { npath } = require("@yarnpkg/fslib");
    const [major, minor] = `${YarnVersion}`.split(".").map(Number);
    // Earlier versions call no hook before they send.
    const isGuarded = major > 3 || (major === 3 && minor >= 2);
    const isHomes = (source) => {
      const file = npath.fromPortablePath(source);
      return basename(file) === ".yarnrc.yml" && realpathSync(dirname(file)) === realpathSync(homedir());
    };
    const unset = ["undefined", "<default>", "<environment>"];
    const sourcesOf = (configuration, key) => `${configuration.sources.get(key)}`.split(", ").filter((source) => !unset.includes(source));
    // A setting by which others could read along counts only from the user's own file or the environment.
    const ofOthers = (configuration, key) => sourcesOf(configuration, key).find((source) => !isHomes(source));
    const judge = (target, registries, configuration) => {
      const url = new URL(target);
      if (!registries.some((registry) => isBelow(url, registry)))
        throw new Error(`vouch: refused to send the token of ${registries.join(" and ")} to ${url.origin}${url.pathname}`);
      const refuse = (key, file) => {
        throw new Error(`vouch: refused to send the token of ${url.host}: \`${npath.fromPortablePath(file)}\` sets \`${key}\`, with which others could read it. If you trust it, move that line to your own .yarnrc.yml.`);
      };
      const strict = ofOthers(configuration, "enableStrictSsl");
      if (strict && !configuration.get("enableStrictSsl")) refuse("enableStrictSsl", strict);
      const settings = httpUtils.getNetworkSettings(url, { configuration });
      for (const key of ["httpsCaFilePath", "caFilePath"].filter((key) => settings[key])) {
        const setting = settings[key] === configuration.get(key) ? key : "networkSettings";
        const file = ofOthers(configuration, setting);
        if (file) refuse(setting, file);
      }
    };
    return {
      hooks: {
        async getNpmAuthenticationHeader(current, registry) {
          if (!known.has(registry)) known.set(registry, ask(`${registry}/`));
          const header = known.get(registry);
          if (!header) return current;
          if (!isGuarded) throw new Error(`vouch: yarn ${YarnVersion} is too old to keep a token to its registry: update to 3.2 or later`);
          registriesOf.set(header, [...(registriesOf.get(header) ?? []).filter((other) => other !== registry), registry]);
          return header;
        },
        async wrapNetworkRequest(executor, { target, headers, configuration }) {
          for (const value of Object.values(headers ?? {}))
            if (registriesOf.has(value)) judge(target, registriesOf.get(value), configuration);
          return executor;
        },
      },
    };
  },
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
        let file = wanted.read(&self.file)?;
        let after = self.edit(file.text(), wanted.registration)?;
        let plugin = wanted.read(&self.plugin)?;
        let files = vec![Edit { file: plugin, after: self.plugin_text() }, Edit { file, after }];
        Ok(Edits { files, notes: Vec::new() })
    }

    fn snippet(&self, wanted: &SetupRequest<'_>) -> Result<String, Failure> {
        let lines = self.edit("", wanted.registration)?;
        Ok(format!("{lines}\n# `{}`:\n{}", self.plugin.display(), self.plugin_text()))
    }

    fn dialect(&self, file: &Path) -> Dialect {
        if file == self.file { Dialect::Yaml } else { Dialect::Code }
    }

    fn done(&self, wanted: &SetupRequest<'_>) -> Vec<String> {
        let Registration { endpoint, name, .. } = wanted.registration;
        vec![format!("{} come from {endpoint}, in `{}`", packages(name.as_deref()), self.file.display())]
    }

    fn next(&self, _wanted: &SetupRequest<'_>) -> String {
        "`yarn install`".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_that_yarn_reads_as_a_variable_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let refused = Yarn::new(&Home::at(dir.path().join("${HOME}")).unwrap(), false).unwrap_err();
        assert!(refused.message.contains("reads a dollar sign"), "{refused:?}");
    }

    #[cfg(unix)]
    #[test]
    fn the_plugin_names_helper_and_home_whatever_is_in_their_paths() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path().join("it's @ \"b\" \\ $c # h\u{f6}me")).unwrap();
        let yarn = Yarn {
            file: "/x".into(),
            plugin: dir.path().join("plugin.cjs"),
            helper: "/opt/@ \"x\"/npm-token-vouch".into(),
            home: HomeArgument::new(&home).unwrap(),
            id: home.id(),
        };
        let text = yarn.plugin_text();
        std::fs::write(&yarn.plugin, &text).unwrap();
        assert_eq!(yarn.named_helper(), Some(yarn.helper.clone()));
        let after = text.split_once("[\"--home\", ").unwrap().1;
        let mut strings = serde_json::Deserializer::from_str(after).into_iter::<String>();
        assert_eq!(strings.next().unwrap().unwrap(), home.path().to_str().unwrap());
        assert_eq!(text.matches(&format!("\"plugin-vouch-{}\"", home.id())).count(), 2);
        assert!(text.ends_with("};\n"), "{text}");
    }
}
