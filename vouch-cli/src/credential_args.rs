//! What `env` and `exec` issue: the credential that their flags name, as variables.

use clap::ValueEnum;
use vouch_clients::inspect;
use vouch_clients::jvm::project;
use vouch_clients::project::Targets;
use vouch_clients::variable::{self, Named as Line};
use vouch_core::broker::RoleUse;
use vouch_core::config::Config;
use vouch_core::endpoint::Domain;
use vouch_core::hint::SETUP_TOOL;
use vouch_core::partition::{AccountId, DomainName, Region};
use vouch_core::{Context, ErrorKind, Failure, Secret};

use crate::credential_choice::{Named, Spelling, named, role_credentials, token};
use crate::domain::DomainFlags;
use crate::parse;
use crate::terminal;

/// A kind of credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// CODEARTIFACT_AUTH_TOKEN, and what setup wrote variables of its own for
    Codeartifact,
    /// Only the variables that setup wrote into Maven's settings, which no POM can name
    Maven,
    /// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, their expiry and region
    Aws,
}

impl Kind {
    /// The variables that carry it.
    pub(crate) fn variables(self) -> &'static [&'static str] {
        match self {
            Self::Codeartifact => &[variable::DEFAULT],
            Self::Maven => &[],
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
            Self::Maven => &[variable::DEFAULT],
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
            Self::Codeartifact => variable::Kind::Codeartifact.name(),
            Self::Maven => variable::Kind::Maven.name(),
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
    pub(crate) fn fetch(&self, context: &Context) -> Result<IssuedVariables, Failure> {
        match self.kind {
            Kind::Codeartifact => self.tokens(context),
            Kind::Maven => self.mavens(context),
            Kind::Aws => self.role(context),
        }
    }

    /// The token that is meant, and what lines written by setup read: without flags all of it, else that of the profile.
    fn tokens(&self, context: &Context) -> Result<IssuedVariables, Failure> {
        let flags = self.domain_flags();
        let (token, meant) = token(context, &flags, Spelling::Prefixed)?;
        let lines = variable::named(&context.config()?);
        let typed = flags.names_a_domain() || flags.profile_name().is_some();
        let mut issued =
            IssuedVariables { unset: self.all_variables(Some(context)), ..IssuedVariables::default() };
        let value = token.value.expose();
        match sent_elsewhere(&lines, variable::DEFAULT, &meant.target.domain) {
            None => issued.set(variable::DEFAULT, value),
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
                issued.set(&line.variable, value);
            } else if !typed {
                let flags = DomainFlags { profile: Some(line.profile.clone()), ..DomainFlags::default() };
                let (token, _) = crate::credential_choice::token(context, &flags, Spelling::Prefixed)?;
                issued.set(&line.variable, token.value.expose());
            }
        }
        issued.token = Some(token.value);
        Ok(issued)
    }

    /// What Maven's lines read, and nothing that a POM could name: without flags for all of them, else for those of the profile.
    fn mavens(&self, context: &Context) -> Result<IssuedVariables, Failure> {
        let (config, flags) = (context.config()?, self.domain_flags());
        let is_typed = flags.names_a_domain() || flags.profile_name().is_some();
        let meant = is_typed.then(|| named(&config, &flags, Spelling::Prefixed)).transpose()?;
        let mut lines = variable::named(&config);
        lines.retain(|line| line.kind == variable::Kind::Maven && is_meant(meant.as_ref(), &line.profile));
        if lines.is_empty() {
            return Err(no_variable(&config, meant.as_ref()));
        }
        let mut issued =
            IssuedVariables { unset: self.all_variables(Some(context)), ..IssuedVariables::default() };
        for line in &lines {
            let flags = DomainFlags {
                profile: Some(line.profile.clone()),
                aws_profile: flags.aws_profile.clone(),
                ..DomainFlags::default()
            };
            // The vault has it after the first time.
            let (token, _) = token(context, &flags, Spelling::Prefixed)?;
            issued.set(&line.variable, token.value.expose());
        }
        Ok(issued)
    }

    fn role(&self, context: &Context) -> Result<IssuedVariables, Failure> {
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
        Ok(IssuedVariables { set, unset, token: None })
    }

    /// Every variable that this credential may be in, or that leads past it: none may stay as it was.
    pub(crate) fn all_variables(&self, context: Option<&Context>) -> Vec<String> {
        let mut all: Vec<String> = self.kind.all_variables().into_iter().map(str::to_owned).collect();
        if self.kind != Kind::Aws
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

    /// Where the token belongs that these arguments mean.
    pub(crate) fn targets(&self, config: &Config) -> Targets {
        let flags = self.domain_flags();
        let stored = flags.profile_name().and_then(|name| config.codeartifact.profiles.get(&name));
        let targets = Targets::of(config);
        // A domain that cannot be told is refused when its token is asked for.
        match flags.names_a_domain().then(|| flags.complete(stored)) {
            Some(Ok(completed)) => targets.with_domain(&completed.domain),
            _ => targets,
        }
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
pub(crate) struct IssuedVariables {
    pub(crate) set: Vec<(String, Secret<String>)>,
    pub(crate) unset: Vec<String>,
    /// The token that is meant, for names of the user's own.
    pub(crate) token: Option<Secret<String>>,
}

impl IssuedVariables {
    fn set(&mut self, variable: &str, value: &str) {
        self.unset.retain(|name| name != variable);
        if !self.set.iter().any(|(name, _)| name == variable) {
            self.set.push((variable.to_owned(), Secret::new(value.to_owned())));
        }
    }
}

/// Whether a profile is the one that was typed, if one was.
fn is_meant(meant: Option<&Named>, profile: &str) -> bool {
    meant.is_none_or(|meant| meant.profile.as_deref() == Some(profile))
}

/// No lines of Maven's name a variable that is theirs alone.
fn no_variable(config: &Config, meant: Option<&Named>) -> Failure {
    let mut mavens = config.codeartifact.registrations.iter().filter(|known| project::is_mavens(known));
    let earlier = mavens.find(|known| is_meant(meant, &known.profile));
    let set_up = format!(
        "Run {}.",
        SETUP_TOOL
            .fill("TOOL", "maven")
            .optional("--profile", meant.and_then(|meant| meant.profile.as_ref()))
    );
    match (earlier, meant) {
        (Some(earlier), _) => Failure::configuration(
            "no lines of Maven's name a variable of their own",
            inspect::setup(earlier),
        ),
        (None, Some(meant)) => {
            Failure::configuration(format!("Maven is not set up for {}", meant.target.domain), set_up)
        }
        (None, None) => Failure::configuration("Maven is not set up", set_up),
    }
}

/// A line that would send a variable to the host of another domain than the one whose token it has.
fn sent_elsewhere<'a>(lines: &'a [Line], variable: &str, domain: &Domain) -> Option<&'a Line> {
    lines.iter().find(|line| line.variable == variable && line.domain != *domain)
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
    use super::*;

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
