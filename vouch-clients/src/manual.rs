//! sbt, NuGet, Bundler and Swift: setup edits no file of theirs, it shows the lines to add. Facts: the documentation of
//! each; only what Bundler reads was run.

use std::path::Path;

use vouch_core::Failure;
use vouch_core::config::Registration;
use vouch_core::files::shell_word;
use vouch_core::home::Home;
use vouch_core::partition::RepositoryName;

use crate::client::{Client, Edits, SetupRequest};
use crate::home_argument::HomeArgument;
use crate::text::redact::Dialect;
use crate::tool::Tool;
use crate::variable::{Kind, exec};

/// A client whose lines a person adds.
#[derive(Debug)]
pub struct ManualTool {
    tool: Tool,
    file: &'static str,
    lines: fn(&SnippetValues<'_>) -> String,
    /// What the commands name where it is not the usual one: the lines of a project are read by others, too.
    home: Option<HomeArgument>,
}

impl ManualTool {
    fn new(
        home: &Home,
        tool: Tool,
        file: &'static str,
        lines: fn(&SnippetValues<'_>) -> String,
    ) -> Result<Self, Failure> {
        let home = (!home.is_usual()).then(|| HomeArgument::new(home)).transpose()?;
        Ok(Self { tool, file, lines, home })
    }

    pub fn sbt(home: &Home) -> Result<Self, Failure> {
        Self::new(home, Tool::Sbt, "build.sbt", sbt)
    }

    pub fn nuget(home: &Home) -> Result<Self, Failure> {
        Self::new(home, Tool::Nuget, "nuget.config", nuget)
    }

    pub fn ruby(home: &Home) -> Result<Self, Failure> {
        Self::new(home, Tool::Ruby, "Gemfile", ruby)
    }

    pub fn swift(home: &Home) -> Result<Self, Failure> {
        Self::new(home, Tool::Swift, "Package.swift", swift)
    }
}

impl Client for ManualTool {
    fn tool(&self) -> Tool {
        self.tool
    }

    fn file(&self) -> &Path {
        Path::new(self.file)
    }

    fn default_name(&self, repository: &RepositoryName) -> Option<String> {
        Some(repository.to_string())
    }

    fn plan(&self, _wanted: &SetupRequest<'_>) -> Result<Edits, Failure> {
        Ok(Edits::default())
    }

    fn snippet(&self, wanted: &SetupRequest<'_>) -> Result<String, Failure> {
        Ok((self.lines)(&SnippetValues::of(wanted, self.home.as_ref())?))
    }

    fn dialect(&self, _file: &Path) -> Dialect {
        Dialect::Code
    }

    fn done(&self, _wanted: &SetupRequest<'_>) -> Vec<String> {
        Vec::new()
    }

    fn next(&self, wanted: &SetupRequest<'_>) -> String {
        let mut next = format!("add the lines above: Vouch edits no file of {}", self.tool.name());
        if self.tool == Tool::Nuget {
            // The one of them that reads a variable.
            next.push_str(&format!("; then {}", exec(wanted, Kind::Codeartifact, "dotnet restore")));
        }
        next
    }
}

/// What stands in the lines.
struct SnippetValues<'a> {
    name: &'a str,
    /// With a slash at its end.
    url: &'a str,
    host: String,
    /// `DOMAIN/REPOSITORY`, as CodeArtifact calls itself.
    realm: String,
    /// The words of the command that prints the token.
    command: Vec<String>,
}

impl<'a> SnippetValues<'a> {
    fn of(wanted: &SetupRequest<'a>, home: Option<&HomeArgument>) -> Result<Self, Failure> {
        let Registration { endpoint, repository, profile, name, .. } = wanted.registration;
        let name = name.as_deref().unwrap_or_else(|| repository.as_str());
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if name.is_empty() || !name.bytes().all(plain) {
            return Err(Failure::new(
                vouch_core::ErrorKind::Usage,
                format!("`{name}` cannot be the name: letters, digits, `-`, `_` and `.` are taken"),
                "Give it another name with `--registry NAME`.",
            ));
        }
        let url: Option<url::Url> = endpoint.parse().ok();
        let host = url.as_ref().and_then(url::Url::host_str).unwrap_or_default().to_owned();
        let domain =
            host.split('.').next().and_then(|first| first.rsplit_once('-')).map_or("", |(name, _)| name);
        let realm = format!("{domain}/{repository}");
        let command = ["vouch", "credential", "codeartifact", "--profile", profile].map(str::to_owned);
        let command = command.into_iter().chain(home.into_iter().flat_map(HomeArgument::words)).collect();
        Ok(Self { name, url: endpoint, host, realm, command })
    }

    /// The command as a shell reads it.
    fn shell(&self) -> String {
        self.command.iter().map(|word| shell_word(word.as_ref())).collect::<Vec<_>>().join(" ")
    }
}

/// sbt looks a credential up by realm and host.
fn sbt(SnippetValues { name, url, host, realm, command }: &SnippetValues<'_>) -> String {
    let words: Vec<_> = command.iter().map(|word| quoted(word)).collect();
    let command = words.join(", ");
    format!(
        "// in build.sbt, or for all projects in ~/.sbt/1.0/vouch.sbt\n\
         resolvers += \"{name}\" at \"{url}\"\n\
         publishTo := Some(\"{name}\" at \"{url}\")\n\
         credentials += {{\n  \
           val command = Seq({command})\n  \
           Credentials(\"{realm}\", \"{host}\", \"aws\", scala.sys.process.Process(command).!!.trim)\n\
         }}\n"
    )
}

fn nuget(SnippetValues { name, url, .. }: &SnippetValues<'_>) -> String {
    let element = encoded_name(name);
    format!(
        "<!-- nuget.config -->\n<configuration>\n  <packageSources>\n    <add key=\"{name}\" value=\"{url}v3/index.json\" />\n  \
         </packageSources>\n  <packageSourceCredentials>\n    <{element}>\n      \
         <add key=\"Username\" value=\"aws\" />\n      \
         <add key=\"ClearTextPassword\" value=\"%CODEARTIFACT_AUTH_TOKEN%\" />\n    </{element}>\n  \
         </packageSourceCredentials>\n</configuration>\n"
    )
}

/// A string of Scala.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A name as an element of XML: what none can begin with is written as its number.
fn encoded_name(name: &str) -> String {
    match name.chars().next() {
        Some(first) if !first.is_ascii_alphabetic() && first != '_' => {
            format!("_x{:04X}_{}", u32::from(first), name.get(1..).unwrap_or_default())
        }
        _ => name.to_owned(),
    }
}

/// The token is in the environment of one command, and each client is told the one place that it is for.
fn ruby(place: &SnippetValues<'_>) -> String {
    let (SnippetValues { url, .. }, command) = (place, place.shell());
    // gem puts one more slash behind what it is given (measured with 3.3).
    let host_of_gem = url.trim_end_matches('/');
    // Bundler's name for the credential of a URL: that of a host goes to its other ports, and without TLS (measured with 2.3).
    // No shell can export it, and an argument of env(1) would show the token.
    let variable = url.to_uppercase().replace('-', "___").replace('.', "__");
    format!(
        "# in place of bundle install\n\
         CREDENTIAL=\"aws:$({command})\" ruby -e \
         'ENV[\"BUNDLE_{variable}\"] = ENV.delete(\"CREDENTIAL\"); exec \"bundle\", *ARGV' install\n\
         # to publish\n\
         GEM_HOST_API_KEY=\"Bearer $({command})\" gem push --host {host_of_gem} PACKAGE.gem\n\
         # in the Gemfile, around what comes from the repository\n\
         source \"{url}\" do\n  gem \"PACKAGE\"\nend\n"
    )
}

fn swift(place: &SnippetValues<'_>) -> String {
    let (SnippetValues { url, host, .. }, command) = (place, place.shell());
    format!(
        "# once in each package\n\
         swift package-registry set {url}\n\
         # for each build: the token is in a private file while it runs\n\
         netrc=$(mktemp)\n\
         printf 'machine %s login token password %s\\n' {host} \
         \"$({command})\" >\"$netrc\"\n\
         swift build --netrc-file \"$netrc\"; rm -f \"$netrc\"\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn commands_name_a_home_that_is_not_the_usual_one() {
        let registration: Registration = serde_json::from_value(serde_json::json!({
            "tool": "sbt", "repository": "my-repo", "profile": "default",
            "endpoint": "https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/maven/my-repo/",
        }))
        .unwrap();
        let config = vouch_core::config::Config::default();
        let wanted =
            SetupRequest { registration: &registration, corrects: None, config: &config, bases: &[] };
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path().join("it's $2 \"b\"")).unwrap();
        let path = home.path().to_str().unwrap();
        let lines = |tool: Result<ManualTool, Failure>| tool.unwrap().snippet(&wanted).unwrap();
        let scala = path.replace('"', "\\\"");
        assert!(lines(ManualTool::sbt(&home)).contains(&format!("\"default\", \"--home\", \"{scala}\")")));
        let shell = format!("--profile default --home {})", shell_word(home.path().as_os_str()));
        for tool in [ManualTool::ruby(&home), ManualTool::swift(&home)] {
            let lines = lines(tool);
            assert!(lines.contains(&shell), "{lines}");
        }
        let usual = Home::at(Home::usual().unwrap()).unwrap();
        assert!(lines(ManualTool::ruby(&usual)).contains("codeartifact --profile default)"));
    }

    #[test]
    fn gem_gets_a_host_without_a_final_slash_and_bundler_one_with() {
        let url = "https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/ruby/my-repo/";
        let registration = serde_json::from_value(serde_json::json!({
            "tool": "ruby", "repository": "my-repo", "profile": "default", "endpoint": url
        }))
        .unwrap();
        let config = vouch_core::config::Config::default();
        let wanted =
            SetupRequest { registration: &registration, corrects: None, config: &config, bases: &[] };
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path()).unwrap();
        let lines = ManualTool::ruby(&home).unwrap().snippet(&wanted).unwrap();
        assert!(
            lines.contains(&format!("gem push --host {} PACKAGE.gem", url.trim_end_matches('/'))),
            "{lines}"
        );
        assert!(lines.contains(&format!("source \"{url}\"")), "{lines}");
    }

    #[test]
    fn names_become_elements() {
        for (name, element) in
            [("my-repo", "my-repo"), ("1repo", "_x0031_repo"), ("_x", "_x"), ("-x", "_x002D_x")]
        {
            assert_eq!(encoded_name(name), element);
        }
    }
}
