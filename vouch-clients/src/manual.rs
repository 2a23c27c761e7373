//! sbt, NuGet, Bundler and Swift: setup edits no file of theirs, it shows the lines to add. Facts: the documentation of
//! each; only what Bundler reads was run.

use std::path::Path;

use vouch_core::Failure;
use vouch_core::config::Registration;
use vouch_core::partition::RepositoryName;

use crate::client::{Client, Edits, SetupRequest};
use crate::tool::Tool;
use crate::variable::exec;

/// A client whose lines a person adds.
#[derive(Debug)]
pub struct ManualTool {
    tool: Tool,
    file: &'static str,
    lines: fn(&Place<'_>) -> String,
}

impl ManualTool {
    pub fn sbt() -> Self {
        Self { tool: Tool::Sbt, file: "build.sbt", lines: sbt }
    }

    pub fn nuget() -> Self {
        Self { tool: Tool::Nuget, file: "nuget.config", lines: nuget }
    }

    pub fn ruby() -> Self {
        Self { tool: Tool::Ruby, file: "Gemfile", lines: ruby }
    }

    pub fn swift() -> Self {
        Self { tool: Tool::Swift, file: "Package.swift", lines: swift }
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
        Ok((self.lines)(&Place::of(wanted)?))
    }

    fn without_secrets(&self, text: &str) -> String {
        text.to_owned()
    }

    fn done(&self, _wanted: &SetupRequest<'_>) -> Vec<String> {
        Vec::new()
    }

    fn next(&self, wanted: &SetupRequest<'_>) -> String {
        let mut next = format!("add the lines above: Vouch edits no file of {}", self.tool.name());
        if self.tool == Tool::Nuget {
            // The one of them that reads a variable.
            next.push_str(&format!("; then {}", exec(wanted, "dotnet restore")));
        }
        next
    }
}

/// What the lines are about.
struct Place<'a> {
    name: &'a str,
    /// With a slash at its end.
    url: &'a str,
    host: String,
    /// `DOMAIN/REPOSITORY`, as CodeArtifact calls itself.
    realm: String,
    profile: &'a str,
}

impl<'a> Place<'a> {
    fn of(wanted: &SetupRequest<'a>) -> Result<Self, Failure> {
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
        Ok(Self { name, url: endpoint, host, realm, profile })
    }
}

/// sbt looks a credential up by realm and host.
fn sbt(Place { name, url, host, realm, profile }: &Place<'_>) -> String {
    format!(
        "// in build.sbt, or for all projects in ~/.sbt/1.0/vouch.sbt\n\
         resolvers += \"{name}\" at \"{url}\"\n\
         publishTo := Some(\"{name}\" at \"{url}\")\n\
         credentials += {{\n  \
           val command = Seq(\"vouch\", \"credential\", \"codeartifact\", \"--profile\", \"{profile}\")\n  \
           Credentials(\"{realm}\", \"{host}\", \"aws\", scala.sys.process.Process(command).!!.trim)\n\
         }}\n"
    )
}

fn nuget(Place { name, url, .. }: &Place<'_>) -> String {
    let element = encoded_name(name);
    format!(
        "<!-- nuget.config -->\n<configuration>\n  <packageSources>\n    <add key=\"{name}\" value=\"{url}v3/index.json\" />\n  \
         </packageSources>\n  <packageSourceCredentials>\n    <{element}>\n      \
         <add key=\"Username\" value=\"aws\" />\n      \
         <add key=\"ClearTextPassword\" value=\"%CODEARTIFACT_AUTH_TOKEN%\" />\n    </{element}>\n  \
         </packageSourceCredentials>\n</configuration>\n"
    )
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

fn ruby(Place { url, host, profile, .. }: &Place<'_>) -> String {
    // gem puts one more slash behind what it is given (measured with 3.3).
    let host_of_gem = url.trim_end_matches('/');
    // Bundler's name for the credential of a host.
    let variable = host.to_uppercase().replace('-', "___").replace('.', "__");
    format!(
        "# in the shell, for bundle install\n\
         export BUNDLE_{variable}=\"aws:$(vouch credential codeartifact --profile {profile})\"\n\
         # in the shell, for gem push --host {host_of_gem} PACKAGE.gem\n\
         export GEM_HOST_API_KEY=\"Bearer $(vouch credential codeartifact --profile {profile})\"\n\
         # in the Gemfile, around what comes from the repository\n\
         source \"{url}\" do\n  gem \"PACKAGE\"\nend\n"
    )
}

fn swift(Place { url, host, profile, .. }: &Place<'_>) -> String {
    format!(
        "# once in each package\n\
         swift package-registry set {url}\n\
         # for each build: the token is in a private file while it runs\n\
         netrc=$(mktemp)\n\
         printf 'machine %s login token password %s\\n' {host} \
         \"$(vouch credential codeartifact --profile {profile})\" >\"$netrc\"\n\
         swift build --netrc-file \"$netrc\"; rm -f \"$netrc\"\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gem_gets_a_host_without_a_final_slash_and_bundler_one_with() {
        let url = "https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/ruby/my-repo/";
        let registration = serde_json::from_value(serde_json::json!({
            "tool": "ruby", "repository": "my-repo", "profile": "default", "endpoint": url
        }))
        .unwrap();
        let config = vouch_core::config::Config::default();
        let wanted = SetupRequest { registration: &registration, corrects: None, config: &config };
        let lines = ManualTool::ruby().snippet(&wanted).unwrap();
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
