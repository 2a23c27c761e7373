//! What `credential`, `env` and `exec` hand out: which credential is meant, and the variables that carry it.

use clap::ValueEnum;
use vouch_clients::variable::{self, Named as Line};
use vouch_core::broker::{Lifetime, RoleUse};
use vouch_core::config::{Config, Profile};
use vouch_core::endpoint::Domain;
use vouch_core::exchange::{RoleCredentials, Token};
use vouch_core::partition::{AccountId, DomainName, Region};
use vouch_core::profile::{ProfileError, Role, Target};
use vouch_core::{Context, ErrorKind, Failure, Secret};

use crate::domain::{Completed, DomainFlags};
use crate::parse;
use crate::terminal;

/// A kind of credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// CODEARTIFACT_AUTH_TOKEN
    Codeartifact,
    /// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, their expiry and region
    Aws,
}

impl Kind {
    /// The variables that carry it.
    pub(crate) fn variables(self) -> &'static [&'static str] {
        match self {
            Self::Codeartifact => &[variable::DEFAULT],
            Self::Aws => &[
                "AWS_ACCESS_KEY_ID",
                "AWS_SECRET_ACCESS_KEY",
                "AWS_SESSION_TOKEN",
                "AWS_CREDENTIAL_EXPIRATION",
                "AWS_REGION",
                "AWS_DEFAULT_REGION",
            ],
        }
    }

    /// The variables that would lead a program past those: another source of credentials, which some SDK prefers.
    pub(crate) fn siblings(self) -> &'static [&'static str] {
        match self {
            Self::Codeartifact => &[],
            Self::Aws => &OTHER_CREDENTIALS,
        }
    }

    /// Both: what must not stay as it was where there is no credential.
    pub(crate) fn all_variables(self) -> Vec<&'static str> {
        self.variables().iter().chain(self.siblings()).copied().collect()
    }

    /// As it is typed.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Codeartifact => "codeartifact",
            Self::Aws => "aws",
        }
    }
}

/// Read by botocore, the SDKs for JavaScript, Go, Java, .NET, C++ and Ruby, boto 2 or Terraform, in one version or another.
const OTHER_CREDENTIALS: [&str; 18] = [
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AWS_SECURITY_TOKEN",
    "AWS_ACCOUNT_ID",
    "AWS_CREDENTIAL_SCOPE",
    "AWS_CREDENTIAL_FILE",
    "AWS_SESSION_EXPIRATION",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_IAM_ROLE_ARN",
    "AWS_IAM_ROLE_SESSION_NAME",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
];

/// Names the credential of `env` and `exec`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct CredentialRequest {
    /// Which credential
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) kind: Kind,
    /// The CodeArtifact domain [default: that of the profile]
    #[arg(long, value_name = "DOMAIN")]
    ca_domain: Option<DomainName>,
    /// The AWS account that owns the domain [default: that of the profile]
    #[arg(long, value_name = "ACCOUNT_ID")]
    ca_domain_owner: Option<AccountId>,
    /// The AWS region of the domain [default: that of the profile]
    #[arg(long, value_name = "REGION")]
    ca_region: Option<Region>,
    /// The CodeArtifact profile [default: VOUCH_PROFILE, else the default profile]
    #[arg(long, value_name = "PROFILE", value_parser = parse::name)]
    ca_profile: Option<String>,
    /// The AWS profile whose role is used
    #[arg(long, value_name = "NAME", value_parser = parse::name)]
    aws_profile: Option<String>,
}

impl CredentialRequest {
    /// What is done to the environment of whoever asked.
    pub(crate) fn fetch(&self, context: &Context) -> Result<Handout, Failure> {
        match self.kind {
            Kind::Codeartifact => self.tokens(context),
            Kind::Aws => self.role(context),
        }
    }

    /// The token that is meant, and what lines written by setup read: without flags all of it, else that of the profile.
    fn tokens(&self, context: &Context) -> Result<Handout, Failure> {
        let flags = self.domain_flags();
        let (token, meant) = token(context, &flags, Spelling::Prefixed)?;
        let lines = variable::named(&context.config()?);
        let typed = flags.names_a_domain() || flags.profile_name().is_some();
        let mut handout = Handout { unset: self.all_variables(Some(context)), ..Handout::default() };
        let value = token.value.expose();
        match sent_elsewhere(&lines, variable::DEFAULT, &meant.target.domain) {
            None => handout.set(variable::DEFAULT, value),
            Some(line) => terminal::warn(&format!(
                "{} is not set: lines that setup wrote for profile `{}` send it to {}",
                variable::DEFAULT,
                line.profile,
                line.domain
            )),
        }
        for line in &lines {
            if sent_elsewhere(&lines, &line.variable, &line.domain).is_some() {
                continue;
            }
            if meant.profile.as_ref() == Some(&line.profile) {
                handout.set(&line.variable, value);
            } else if !typed {
                let flags = DomainFlags { profile: Some(line.profile.clone()), ..DomainFlags::default() };
                let (token, _) = self::token(context, &flags, Spelling::Prefixed)?;
                handout.set(&line.variable, token.value.expose());
            }
        }
        handout.token = Some(token.value);
        Ok(handout)
    }

    fn role(&self, context: &Context) -> Result<Handout, Failure> {
        if let Some(flag) = self.domain_flag() {
            return Err(Failure::new(
                ErrorKind::Usage,
                format!("`{flag}` is for `--type codeartifact`"),
                "Name the role of `--type aws` with `--aws-profile`.",
            ));
        }
        let (given, role) = role_credentials(context, self.aws_profile.as_deref(), RoleUse::Environment)?;
        let region = || Secret::new(role.region.to_string());
        let expiration = Secret::new(terminal::utc_time(given.expires_at));
        let values = [
            Secret::new(given.access_key_id),
            given.secret_access_key,
            given.session_token,
            expiration,
            region(),
            region(),
        ];
        let set = self.kind.variables().iter().map(|name| (*name).to_owned()).zip(values).collect();
        let unset = self.kind.siblings().iter().map(|name| (*name).to_owned()).collect();
        Ok(Handout { set, unset, token: None })
    }

    /// Every variable that this credential may be in, or that leads past it: none may stay as it was.
    pub(crate) fn all_variables(&self, context: Option<&Context>) -> Vec<String> {
        let mut all: Vec<String> = self.kind.all_variables().into_iter().map(str::to_owned).collect();
        if self.kind == Kind::Codeartifact
            && let Some(config) = context.and_then(|context| context.config().ok())
        {
            for line in variable::named(&config).into_iter().filter(|line| line.variable != variable::DEFAULT)
            {
                if !all.contains(&line.variable) {
                    all.push(line.variable);
                }
            }
        }
        all
    }

    /// The arguments as they would be typed again, for a message.
    pub(crate) fn arguments(&self) -> String {
        let mut arguments = format!("--type {}", self.kind.name());
        let mut add = |flag: &str, value: Option<String>| {
            if let Some(value) = value {
                arguments.push_str(&format!(" {flag} {value}"));
            }
        };
        add("--ca-domain", self.ca_domain.as_ref().map(ToString::to_string));
        add("--ca-domain-owner", self.ca_domain_owner.as_ref().map(ToString::to_string));
        add("--ca-region", self.ca_region.as_ref().map(ToString::to_string));
        add("--ca-profile", self.ca_profile.clone());
        add("--aws-profile", self.aws_profile.clone());
        arguments
    }

    fn domain_flags(&self) -> DomainFlags {
        DomainFlags {
            domain: self.ca_domain.clone(),
            domain_owner: self.ca_domain_owner.clone(),
            region: self.ca_region.clone(),
            profile: self.ca_profile.clone(),
            aws_profile: self.aws_profile.clone(),
        }
    }

    fn domain_flag(&self) -> Option<&'static str> {
        [
            ("--ca-domain", self.ca_domain.is_some()),
            ("--ca-domain-owner", self.ca_domain_owner.is_some()),
            ("--ca-region", self.ca_region.is_some()),
            ("--ca-profile", self.ca_profile.is_some()),
        ]
        .into_iter()
        .find_map(|(flag, given)| given.then_some(flag))
    }
}

/// What is done to an environment.
#[derive(Debug, Default)]
pub(crate) struct Handout {
    pub(crate) set: Vec<(String, Secret<String>)>,
    pub(crate) unset: Vec<String>,
    /// The token that is meant, for names of the user's own.
    pub(crate) token: Option<Secret<String>>,
}

impl Handout {
    fn set(&mut self, variable: &str, value: &str) {
        self.unset.retain(|name| name != variable);
        if !self.set.iter().any(|(name, _)| name == variable) {
            self.set.push((variable.to_owned(), Secret::new(value.to_owned())));
        }
    }
}

/// A line that would send a variable to the host of another domain than the one whose token it has.
fn sent_elsewhere<'a>(lines: &'a [Line], variable: &str, domain: &Domain) -> Option<&'a Line> {
    lines.iter().find(|line| line.variable == variable && line.domain != *domain)
}

/// How the flags that name a domain are spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// `--domain`
    Plain,
    /// `--ca-domain`
    Prefixed,
}

/// A domain that was named, and the profile that it came from.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) target: Target,
    pub(crate) profile: Option<String>,
}

/// A token for the rest of the session, for the domain that flags and profiles name.
pub(crate) fn token(
    context: &Context,
    flags: &DomainFlags,
    spelling: Spelling,
) -> Result<(Token, Named), Failure> {
    let broker = context.broker()?;
    let named = named(broker.config(), flags, spelling)?;
    let token = broker.token(&named.target, Lifetime::Session)?;
    Ok((token, named))
}

/// The credentials of an AWS profile: the one named, else the default, else the only one.
pub(crate) fn role_credentials(
    context: &Context,
    profile: Option<&str>,
    usage: RoleUse,
) -> Result<(RoleCredentials, Role), Failure> {
    let broker = context.broker()?;
    let role = role(broker.config(), profile)?;
    let given = broker.role_credentials(&role, usage)?;
    Ok((given, role))
}

fn role(config: &Config, profile: Option<&str>) -> Result<Role, Failure> {
    let profiles = &config.aws.profiles;
    let name = match (profile, &config.aws.default) {
        (Some(name), _) => name,
        (None, Some(name)) => name,
        (None, None) => match profiles.keys().collect::<Vec<_>>().as_slice() {
            [] => return Err(ProfileError::NoRole.into()),
            [only] => only,
            several => {
                let names: Vec<&str> = several.iter().map(|name| name.as_str()).collect();
                return Err(Failure::configuration(
                    format!("several AWS profiles could be meant: {}", names.join(", ")),
                    "Name one, or make one the default with `vouch setup aws --profile NAME --default`.",
                ));
            }
        },
    };
    Ok(config.role_named(name)?)
}

/// The domain and role that flags and profiles name. What is typed needs no registration.
pub(crate) fn named(config: &Config, flags: &DomainFlags, spelling: Spelling) -> Result<Named, Failure> {
    let from_environment = flags.profile.is_none();
    let stored = match flags.profile_name() {
        Some(name) => {
            let profile = config.profile_named(&name)?;
            match contradiction(flags, profile, spelling) {
                Some(what) if from_environment => {
                    terminal::warn(&format!("{what} of VOUCH_PROFILE: the flag counts"));
                }
                Some(what) => {
                    let hint = "Leave out the profile or the flag, whichever is wrong.";
                    return Err(Failure::new(ErrorKind::Usage, format!("{what} `{name}`"), hint));
                }
                None => {}
            }
            Some(name)
        }
        // A domain that was typed in full needs no profile at all.
        None if flags.domain.is_some() => config.default_profile().ok().map(str::to_owned),
        None => Some(config.default_profile()?.to_owned()),
    };
    let profile = stored.as_deref().map(|name| config.profile_named(name)).transpose()?;
    let Completed { domain, aws_profile, .. } = flags.complete(profile)?;
    let profile_of_domain = stored.filter(|_| profile.is_some_and(|profile| profile.domain() == domain));
    let wanted = Profile {
        domain: domain.name.clone(),
        domain_owner: domain.owner.clone(),
        region: domain.region.clone(),
        aws_profile,
        other: serde_json::Map::new(),
    };
    let role = config.role_for(&wanted, flags.aws_profile.as_deref())?;
    let target = Target { domain, role, token_prefix: String::new() };
    Ok(Named { target, profile: profile_of_domain })
}

/// The flag that says something else than a profile that is named beside it.
fn contradiction(flags: &DomainFlags, profile: &Profile, spelling: Spelling) -> Option<String> {
    let Domain { name, owner, region } = profile.domain();
    let differs = |flag: &str, typed: Option<String>, stored: String| {
        let typed = typed.filter(|typed| *typed != stored)?;
        let prefix = if spelling == Spelling::Prefixed { "ca-" } else { "" };
        Some(format!(
            "`--{prefix}{flag} {typed}` contradicts `{stored}`, the {} of profile",
            flag.replace('-', " ")
        ))
    };
    differs("domain", flags.domain.as_ref().map(ToString::to_string), name.to_string())
        .or_else(|| {
            let typed = flags.domain_owner.as_ref().map(ToString::to_string);
            differs("domain-owner", typed, owner.to_string())
        })
        .or_else(|| differs("region", flags.region.as_ref().map(ToString::to_string), region.to_string()))
}

/// A name that a variable can have everywhere.
pub(crate) fn variable_name(text: &str) -> Result<String, String> {
    let start = |c: char| c.is_ascii_alphabetic() || c == '_';
    if text.starts_with(start) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        let upper = text.to_ascii_uppercase();
        let taken = ["PATH", "HOME", "SHELL", "IFS", "PWD", "TMPDIR"].contains(&upper.as_str());
        if taken || ["LD_", "DYLD_", "LC_", "VOUCH_"].iter().any(|prefix| upper.starts_with(prefix)) {
            return Err(format!("`{text}` has a meaning of its own: the command would not run as it should"));
        }
        return Ok(text.to_owned());
    }
    Err("a variable has letters, digits and `_` in its name, and no digit first".into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn config() -> Config {
        serde_json::from_value(json!({
            "version": 1,
            "aws": { "profiles": {
                "vouch": { "role_arn": "arn:aws:iam::123456789012:role/CodeArtifact", "region": "us-east-1" },
                "shared": { "role_arn": "arn:aws:iam::111111111111:role/CodeArtifactReader", "region": "us-east-1" }
            } },
            "codeartifact": { "profiles": {
                "default": { "domain": "my-domain", "domain_owner": "123456789012", "region": "us-east-1" },
                "shared": { "domain": "shared-packages", "domain_owner": "111111111111", "region": "eu-west-1" }
            } }
        }))
        .unwrap()
    }

    fn shown(domain: &str, owner: &str, profile: &str, aws_profile: &str) -> String {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let flags = DomainFlags {
            domain: domain.parse().ok(),
            domain_owner: owner.parse().ok(),
            region: "us-west-2".parse().ok().filter(|_| !owner.is_empty()),
            profile: some(profile),
            aws_profile: some(aws_profile),
        };
        match named(&config(), &flags, Spelling::Plain) {
            Ok(Named { target, profile }) => {
                format!("{} / {} / {}", target.domain, target.role.profile, profile.unwrap_or_default())
            }
            Err(failed) => failed.message.clone(),
        }
    }

    #[test]
    fn flags_and_profiles_name_one_domain_and_its_role() {
        let default = "my-domain of account 123456789012 in us-east-1 / vouch / default";
        assert_eq!(shown("", "", "", ""), default);
        assert_eq!(shown("my-domain", "", "", ""), default);
        assert_eq!(
            shown("", "", "shared", ""),
            "shared-packages of account 111111111111 in eu-west-1 / shared / shared"
        );
        assert_eq!(
            shown("typed", "111111111111", "", ""),
            "typed of account 111111111111 in us-west-2 / shared / "
        );
        assert_eq!(
            shown("typed", "111111111111", "", "vouch"),
            "typed of account 111111111111 in us-west-2 / vouch / "
        );
        assert!(shown("typed", "", "", "").starts_with("the owner of domain `typed` is not known"));
        assert!(shown("", "", "nowhere", "").starts_with("there is no CodeArtifact profile `nowhere`"));
        assert!(shown("", "", "", "nowhere").starts_with("there is no AWS profile `nowhere`"));
        assert!(shown("typed", "222222222222", "", "").starts_with("several AWS profiles"));
    }

    #[test]
    fn a_flag_that_contradicts_the_profile_beside_it_is_named() {
        assert_eq!(
            shown("my-domain", "", "shared", ""),
            "`--domain my-domain` contradicts `shared-packages`, the domain of profile `shared`"
        );
        assert_eq!(
            shown("", "222222222222", "shared", ""),
            "`--domain-owner 222222222222` contradicts `111111111111`, the domain owner of profile `shared`"
        );
        assert_eq!(
            shown("", "111111111111", "shared", ""),
            "`--region us-west-2` contradicts `eu-west-1`, the region of profile `shared`"
        );
        assert!(shown("shared-packages", "", "shared", "").starts_with("shared-packages of"));
    }

    #[test]
    fn the_role_is_named_or_the_default_or_the_only_one() {
        let mut config = config();
        assert_eq!(role(&config, Some("shared")).unwrap().profile, "shared");
        let failed = role(&config, None).unwrap_err();
        assert!(failed.message.ends_with("vouch, shared"));
        config.aws.default = Some("vouch".into());
        assert_eq!(role(&config, None).unwrap().profile, "vouch");
        config.aws.default = None;
        config.aws.profiles.shift_remove("vouch");
        assert_eq!(role(&config, None).unwrap().profile, "shared");
        config.aws.profiles.clear();
        assert!(role(&config, None).is_err());
    }

    #[test]
    fn names_of_variables() {
        for good in ["NPM_TOKEN", "_x", "CARGO_REGISTRIES_X_TOKEN"] {
            assert!(variable_name(good).is_ok(), "{good}");
        }
        for bad in ["PATH", "Path", "LD_PRELOAD", "VOUCH_HOME", "", "1A", "A-B", "A=B", "A B", "Ä"] {
            assert!(variable_name(bad).is_err(), "{bad}");
        }
    }
}
