//! What is to be kept: the hosts that tokens are for, and the variables that carry one.

use url::Url;
use vouch_core::config::{Config, Registration};
use vouch_core::endpoint::{Domain, Endpoint, Format};

use crate::jvm::project::is_mavens;
use crate::options::Options;
use crate::variable;

/// Where tokens belong.
#[derive(Debug, Clone, Default)]
pub struct Targets {
    hosts: Vec<String>,
    /// Those that clients were set up for.
    registered: Vec<String>,
    variables: Vec<String>,
    /// What registrations are called in their clients.
    names: Vec<String>,
    /// The ids of Maven's servers, and whether a mirror of the user's leads each to its repository.
    servers: Vec<(String, bool)>,
}

impl Targets {
    /// The hosts of everything that was set up, and of every profile: `vouch exec` issues tokens for those, too.
    pub fn of(config: &Config) -> Self {
        let mut targets = Self { variables: vec![variable::DEFAULT.to_owned()], ..Self::default() };
        for registration in &config.codeartifact.registrations {
            targets = targets.with_registration(registration);
        }
        for profile in config.codeartifact.profiles.values() {
            targets.add_domain(&profile.domain());
        }
        targets.variables.extend(variable::named(config).into_iter().map(|line| line.variable));
        targets
    }

    /// The same with what is being set up.
    #[must_use]
    pub fn with_registration(mut self, registration: &Registration) -> Self {
        self.registered.extend(host(&registration.endpoint));
        self.add_host(host(&registration.endpoint));
        self.names.extend(registration.name.clone());
        if is_mavens(registration) {
            let is_mirrored = Options::maven_names(registration).is_some()
                && !Options::recorded(registration).unwrap_or_default().no_mirror;
            self.servers.extend(registration.name.clone().map(|id| (id, is_mirrored)));
        }
        self
    }

    /// The same with the domain that somebody typed.
    #[must_use]
    pub fn with_domain(mut self, domain: &Domain) -> Self {
        self.add_domain(domain);
        self
    }

    /// The same with more variables that the token is in.
    #[must_use]
    pub fn with_variables(mut self, names: &[String]) -> Self {
        self.variables.extend_from_slice(names);
        self
    }

    /// Whether there is nothing to keep.
    pub fn is_empty(&self) -> bool {
        self.hosts.is_empty()
    }

    /// Whether a token may be sent to a host.
    pub(super) fn is_ours(&self, host: &str) -> bool {
        self.hosts.iter().any(|known| known.eq_ignore_ascii_case(host))
    }

    /// All of them.
    pub(super) fn hosts(&self) -> impl Iterator<Item = &str> {
        self.hosts.iter().map(String::as_str)
    }

    /// Whether clients ask none of our hosts by way of a proxy that these patterns except hosts from.
    pub(super) fn are_excepted(&self, is_excepted: impl Fn(&str) -> bool) -> bool {
        let hosts = if self.registered.is_empty() { &self.hosts } else { &self.registered };
        hosts.iter().all(|host| is_excepted(host))
    }

    /// Whether a registration has this name in its client.
    pub(super) fn is_named(&self, name: &str) -> bool {
        self.names.iter().any(|known| known == name)
    }

    /// Of a server of Maven's that was set up, whether a mirror leads its repositories to ours.
    pub(super) fn server(&self, id: &str) -> Option<bool> {
        self.servers.iter().find(|(known, _)| known == id).map(|(_, is_mirrored)| *is_mirrored)
    }

    /// The host of ours to which a URL leads without encryption, as the parsers of the clients read it.
    pub(super) fn plain(&self, url: &str) -> Option<String> {
        self.over_http(url)
            .filter(|url| url.port().is_none())
            .and_then(|url| url.host_str().map(str::to_owned))
    }

    /// The same on any port, for clients that do not look at it.
    pub(super) fn plain_on_any_port(&self, url: &str) -> Option<String> {
        self.over_http(url).and_then(|url| url.host_str().map(str::to_owned))
    }

    /// Whether a URL leads to one of our hosts.
    pub(super) fn leads_here(&self, url: &str) -> bool {
        parsed(url).is_some_and(|url| url.host_str().is_some_and(|host| self.is_ours(host)))
    }

    /// Whether a text has a URL, and none of its URLs leads to one of our hosts.
    pub(super) fn leads_elsewhere(&self, text: &str) -> bool {
        let mut urls = words(text).filter(|word| word.contains("://")).peekable();
        urls.peek().is_some() && !urls.any(|url| self.leads_here(url))
    }

    /// The variable with a token that a text would be filled with: `${NAME}` with whatever stands behind the name, or `$NAME`.
    pub(super) fn variable_in<'t>(&self, text: &'t str) -> Option<&'t str> {
        let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        text.split('$').skip(1).find_map(|rest| {
            let rest = rest.strip_prefix('{').unwrap_or(rest);
            let name = rest.get(..rest.find(|c: char| !is_of_name(c)).unwrap_or(rest.len()))?;
            self.variables.iter().any(|known| known == name).then_some(name)
        })
    }

    /// The variable with a token that Maven would fill a text with: `${env.NAME}`, with whatever stands behind the name.
    pub(super) fn environment_in(&self, text: &str) -> Option<&str> {
        let is_named = |name: &&String| {
            text.split("${env.").skip(1).any(|rest| {
                let rest = rest.strip_prefix(name.as_str());
                rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
            })
        };
        self.variables.iter().find(is_named).map(String::as_str)
    }

    fn over_http(&self, url: &str) -> Option<Url> {
        let url = parsed(url).filter(|url| url.scheme() == "http")?;
        url.host_str().is_some_and(|host| self.is_ours(host)).then_some(url)
    }

    fn add_domain(&mut self, domain: &Domain) {
        self.add_host(Some(Endpoint::host_of(domain)));
        if let Ok(repository) = "any".parse() {
            let endpoint = Endpoint::new(domain.clone(), Format::Npm, repository);
            self.add_host(Some(Endpoint { dualstack: true, ..endpoint }.host()));
        }
    }

    fn add_host(&mut self, host: Option<String>) {
        self.hosts.extend(host.filter(|host| !self.hosts.contains(host)));
    }
}

/// The host that a URL leads to.
pub(super) fn host(url: &str) -> Option<String> {
    parsed(url)?.host_str().map(str::to_owned)
}

/// As the WHATWG has it, which is what most clients do. An adversary who knows of two readings has other ways.
fn parsed(url: &str) -> Option<Url> {
    let url = url.trim();
    Url::parse(url.strip_prefix("sparse+").unwrap_or(url)).ok()
}

/// The words of a text, without the quotes round them.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || "\"'`<>,".contains(c)).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com";

    fn targets() -> Targets {
        let config = serde_json::json!({ "version": 1, "codeartifact": { "profiles": { "default": {
            "domain": "my-domain", "domain_owner": "123456789012", "region": "us-east-1",
        }}}});
        Targets::of(&serde_json::from_value(config).unwrap())
    }

    #[test]
    fn a_host_of_ours_without_encryption_is_seen_in_whatever_spelling() {
        let targets = targets();
        for url in [
            format!("http://{HOST}/npm/r/"),
            format!("HTTP://{}/npm/r/", HOST.to_uppercase()),
            format!("http:\\\\{HOST}\\npm"),
            format!("http://aws:x@{HOST}:80/"),
            format!("http://{}/", HOST.replace('-', "%2D")),
            format!("sparse+http://{HOST}/cargo/r/"),
            "http://my-domain-123456789012.codeartifact.us-east-1.on.aws/".into(),
        ] {
            assert!(targets.plain(&url).is_some(), "{url}");
        }
        for url in [
            format!("https://{HOST}/npm/r/"),
            format!("http://{HOST}:8080/npm/r/"),
            format!("http://{HOST}.evil.example/"),
            format!("http://else.example/{HOST}/"),
            "http://registry.npmjs.org/".into(),
            "./packages".into(),
        ] {
            assert_eq!(targets.plain(&url), None, "{url}");
        }
        assert!(targets.plain_on_any_port(&format!("http://{HOST}:8080/ruby/r/")).is_some());
    }

    #[test]
    fn a_variable_is_seen_in_every_form_and_no_other_one_is() {
        let targets = targets().with_variables(&["NPM_TOKEN".into()]);
        for text in [
            "${CODEARTIFACT_AUTH_TOKEN}",
            "a${CODEARTIFACT_AUTH_TOKEN?}",
            "$CODEARTIFACT_AUTH_TOKEN/x",
            "${NPM_TOKEN:-}",
        ] {
            assert!(targets.variable_in(text).is_some(), "{text}");
        }
        for text in ["CODEARTIFACT_AUTH_TOKEN", "${CODEARTIFACT_AUTH_TOKEN_2}", "${OTHER}", "$", "${}"] {
            assert_eq!(targets.variable_in(text), None, "{text}");
        }
    }
}
