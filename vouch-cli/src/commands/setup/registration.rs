//! A registration: what may receive a token, under which name, from which URL.

use vouch_clients::client::Client;
use vouch_clients::options::Options;
use vouch_core::config::{Config, Registration};
use vouch_core::endpoint::{Asker, Domain, Endpoint, EndpointError, Format, PlainUrl, crosses_partitions};
use vouch_core::partition::RepositoryName;
use vouch_core::{ErrorKind, Failure};

use crate::domain::DomainFlags;

/// The URL of a repository, where the person gave one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum GivenEndpoint {
    /// A host of CodeArtifact's own, such as the dual-stack one.
    Aws(Endpoint),
    /// Another name for a repository: a VPC endpoint or a CloudFront distribution.
    Custom(String),
}

impl GivenEndpoint {
    /// As it is recorded.
    pub(crate) fn url(&self) -> String {
        match self {
            Self::Aws(endpoint) => endpoint.url(),
            Self::Custom(url) => url.clone(),
        }
    }
}

/// Reads `--endpoint`.
pub(crate) fn endpoint(text: &str) -> Result<GivenEndpoint, Failure> {
    match text.parse::<Endpoint>() {
        Ok(endpoint) => return Ok(GivenEndpoint::Aws(endpoint)),
        Err(EndpointError::NotCodeArtifact(_)) => {}
        Err(error) => return Err(error.into()),
    }
    let wrong = |reason: &str| {
        Failure::new(
            ErrorKind::Usage,
            format!("`--endpoint` cannot be used: {reason}"),
            "Give the repository's URL, such as `https://packages.example.com/cargo/my-repo/`.",
        )
    };
    // What is recorded is judged again whenever it is to allow a token.
    let url = PlainUrl::read(text, Asker::default()).map_err(wrong)?;
    if crosses_partitions(url.host()) {
        return Err(wrong("its region is of another partition than the end of its host name"));
    }
    let slash = if url.path().ends_with('/') { "" } else { "/" };
    Ok(GivenEndpoint::Custom(format!("{url}{slash}")))
}

/// Lets a URL of CodeArtifact's own name the domain; what was typed beside it must agree.
pub(crate) fn name_domain(
    flags: &mut DomainFlags,
    repository: &RepositoryName,
    format: Format,
    endpoint: &Endpoint,
) -> Result<(), Failure> {
    let Domain { name, owner, region } = &endpoint.domain;
    let agree = flags.domain.as_ref().is_none_or(|flag| flag == name)
        && flags.domain_owner.as_ref().is_none_or(|flag| flag == owner)
        && flags.region.as_ref().is_none_or(|flag| flag == region)
        && &endpoint.repository == repository
        && endpoint.format == format;
    if !agree {
        return Err(Failure::new(
            ErrorKind::Usage,
            format!(
                "`--endpoint` is for {} `{}` of {}",
                endpoint.format.as_str(),
                endpoint.repository,
                endpoint.domain
            ),
            "Leave out the flags that say something else, or correct the URL.",
        ));
    }
    flags.domain = Some(name.clone());
    flags.domain_owner = Some(owner.clone());
    flags.region = Some(region.clone());
    Ok(())
}

/// The URL that an earlier setup recorded for a repository of a profile: one that was typed once need not be typed again.
pub(crate) fn recorded_endpoint(
    config: &Config,
    client: &dyn Client,
    (profile, repository): (&str, &RepositoryName),
    registry: Option<&str>,
) -> Option<String> {
    let registrations = config.codeartifact.registrations.iter().filter(|known| is_of(client, known));
    let mut of_repository =
        registrations.filter(|known| known.profile == profile && known.repository == *repository);
    let known = of_repository.find(|known| registry.is_none_or(|name| known.name.as_deref() == Some(name)));
    known.map(|known| known.endpoint.clone())
}

/// Whether a registration is one of this client's file.
pub(crate) fn is_of(client: &dyn Client, registration: &Registration) -> bool {
    let file = registration.file.as_deref();
    registration.tool == client.tool().name() && file.is_none_or(|path| client.wrote(path))
}

/// What a registration is to be of, and under which name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) profile: &'a str,
    pub(crate) repository: &'a RepositoryName,
    /// The name, where one was typed.
    pub(crate) registry: Option<&'a str>,
    /// The place of the registration that it corrects, in the configuration.
    pub(crate) corrects: Option<usize>,
}

/// A registration as it is to be, in the place of an earlier one of the same file if there is one.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) registration: Registration,
    place: Option<usize>,
    /// Whether the one in that place gives way, whatever it is for.
    pub(crate) corrects: bool,
}

impl Planned {
    /// Plans the registration of a repository under its URL.
    ///
    /// # Errors
    /// When a file of the client cannot be read.
    pub(crate) fn new(
        config: &Config,
        client: &dyn Client,
        options: &Options,
        Place { profile, repository, registry, corrects }: Place<'_>,
        endpoint: String,
    ) -> Result<Self, Failure> {
        let registrations = &config.codeartifact.registrations;
        let mut same_url = registrations.iter().filter(|known| known.endpoint == endpoint);
        let same_url = same_url.find(|known| is_of(client, known));
        // A name that was chosen once need not be typed again.
        let corrected = corrects.and_then(|place| registrations.get(place));
        let is_chosen = |known: &&Registration| known.name != client.default_name(&known.repository);
        let kept = same_url.or(corrected.filter(is_chosen)).filter(|_| client.keeps_name());
        let chosen = registry.map(str::to_owned).or_else(|| kept?.name.clone());
        let mut registration = Registration {
            tool: client.tool().name().into(),
            repository: repository.clone(),
            profile: profile.to_owned(),
            endpoint,
            name: chosen.or_else(|| client.default_name(repository)),
            token_prefix: String::new(),
            file: Some(client.file().to_owned()),
            other: serde_json::Map::new(),
        };
        let replaced = |known: &Registration| is_of(client, known) && client.replaces(known, &registration);
        let same = |known: &Registration| known.endpoint == registration.endpoint && replaced(known);
        let there = registrations.iter().position(same);
        let place = there.or(corrects).or_else(|| registrations.iter().position(replaced));
        let before = place.and_then(|place| registrations.get(place));
        if let Some(before) = before {
            registration.token_prefix.clone_from(&before.token_prefix);
            registration.other.clone_from(&before.other);
        }
        if let Some(prefix) = client.token_prefix() {
            prefix.clone_into(&mut registration.token_prefix);
        }
        options.record(&mut registration);
        client.complete(&mut registration, config)?;
        if client.keeps_name() && before.is_none_or(|before| before.name != registration.name) {
            unless_taken(config, client, &registration, before)?;
        }
        Ok(Self { corrects: place.is_some() && place == corrects, registration, place })
    }

    /// The registration before, of the same repository or the same URL.
    pub(crate) fn before<'a>(&self, config: &'a Config) -> Option<&'a Registration> {
        config.codeartifact.registrations.get(self.place?)
    }

    /// Writes it down.
    pub(crate) fn record(self, config: &mut Config) {
        let registrations = &mut config.codeartifact.registrations;
        match self.place.and_then(|place| registrations.get_mut(place)) {
            Some(known) => *known = self.registration,
            None => registrations.push(self.registration),
        }
    }
}

/// Where a client knows its registries by name, one name stands for one of them.
fn unless_taken(
    config: &Config,
    client: &dyn Client,
    new: &Registration,
    before: Option<&Registration>,
) -> Result<(), Failure> {
    let mut registrations = config.codeartifact.registrations.iter().filter(|known| is_of(client, known));
    let is_taken = |known: &&Registration| known.name.is_some() && known.name == new.name;
    let Some(known) = registrations.find(|known| is_taken(known) && Some(*known) != before) else {
        return Ok(());
    };
    let (file, name) = (client.file().display(), new.name.as_deref().unwrap_or_default());
    let correct = match known.repository == new.repository {
        true => ", or change that one with `--move`",
        false => "",
    };
    Err(Failure::configuration(
        format!("`{file}`: registry `{name}` is {} already", known.endpoint),
        format!("Give this one another name with `--registry NAME`{correct}; nothing was changed."),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const AWS: &str = "https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/cargo/my-repo/";

    #[test]
    fn endpoints_are_https_and_carry_nothing_else() {
        assert!(matches!(endpoint(AWS), Ok(GivenEndpoint::Aws(_))));
        let dualstack = AWS.replace(".d.", ".").replace("amazonaws.com", "on.aws");
        assert!(matches!(endpoint(&dualstack), Ok(GivenEndpoint::Aws(_))));
        for (text, url) in [
            ("https://packages.example.com/cargo/my-repo", "https://packages.example.com/cargo/my-repo/"),
            ("sparse+https://packages.example.com:8443/", "https://packages.example.com:8443/"),
            ("https://packages.example.com:443/", "https://packages.example.com/"),
            ("https://packages.example.com", "https://packages.example.com/"),
            ("https://127.0.0.1:8443/pypi/my-repo/", "https://127.0.0.1:8443/pypi/my-repo/"),
        ] {
            assert_eq!(endpoint(text).unwrap(), GivenEndpoint::Custom(url.into()));
            // What is recorded is what allows: itself, and what is below it.
            let recorded = PlainUrl::read(url, Asker::default()).unwrap();
            assert!(PlainUrl::read(text, Asker::default()).unwrap().is_below(&recorded));
        }
        for bad in [
            "packages.example.com",
            "http://packages.example.com/",
            "https://aws:hunter2@packages.example.com/",
            "https://packages.example.com/?x=1",
            "https://packages.example.com/#x",
            "https://packages.example.com?x=1",
            "https://PACKAGES.example.com/cargo/my-repo/",
            "HTTPS://packages.example.com/cargo/my-repo/",
            "https://packages.example.com\\@hunter2.example/",
            "https://packages.example.com/cargo/../my-repo/",
            "https://packages.example.com/cargo/%2e%2e/my-repo/",
            "https://packages.example.com//cargo/my-repo/",
            "https://packages.example.com:08443/",
            "https://packages.example.com./",
            "https://packages.example.com/cargo/my repo/",
            "https://packages.ex\u{e4}mple.com/",
            "https://127.1/",
            "https://[::1]/",
            "https:/aws:hunter2@packages.example.com/",
            "https:packages.example.com/",
            "https:///packages.example.com/",
            &AWS.replace("https", "http"),
            &AWS.replace(".com/", ".com:8443/"),
            &AWS.replace(".com/", ".com.cn/"),
            &AWS.replace("cargo/my-repo/", ""),
        ] {
            let failed = endpoint(bad).unwrap_err();
            assert!(!failed.message.contains("hunter2"), "{bad}");
        }
    }

    #[test]
    fn an_endpoint_of_awss_own_names_the_domain_and_contradicts_nothing() {
        let endpoint: Endpoint = AWS.parse().unwrap();
        let repository = "my-repo".parse().unwrap();
        let mut flags = DomainFlags::default();
        name_domain(&mut flags, &repository, Format::Cargo, &endpoint).unwrap();
        assert_eq!(flags.domain_owner, "123456789012".parse().ok());
        name_domain(&mut flags, &repository, Format::Cargo, &endpoint).unwrap();
        assert!(name_domain(&mut flags, &"other".parse().unwrap(), Format::Cargo, &endpoint).is_err());
        flags.region = "eu-west-1".parse().ok();
        assert!(name_domain(&mut flags, &repository, Format::Cargo, &endpoint).is_err());
    }
}
