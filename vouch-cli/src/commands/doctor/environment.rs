//! What the environment says: proxy, certificate authorities, and variables that other tools heed and Vouch does not.

use vouch_clients::finding::Finding;
use vouch_clients::node::npm::Mode;
use vouch_clients::tool::{TokenSource, Tool};
use vouch_clients::variable;
use vouch_core::config::{Config, Registration};
use vouch_core::env;
use vouch_core::exchange::Probe;
use vouch_core::hint::VOUCH_EXEC;
use vouch_core::http::{NamedProxy, Roots};
use vouch_core::partition::PARTITIONS;

use super::context::DoctorContext;

const PROXY: &str = "proxy";
const ROOTS: &str = "roots";
const VARIABLES: &str = "variables";

pub(super) fn look(context: &DoctorContext) -> Vec<Finding> {
    let mut findings = proxy(context.config.as_ref());
    findings.push(roots(context));
    findings.extend(variables(context.config.as_ref()));
    findings
}

/// A host of AWS that Vouch will ask.
pub(super) fn host(config: Option<&Config>) -> String {
    let role = config.and_then(|config| config.aws.profiles.values().next());
    let region = role.map_or_else(|| PARTITIONS[0].default_region(), |role| role.region.clone());
    Probe::sts_url(&region).trim_start_matches("https://").trim_end_matches('/').to_owned()
}

fn proxy(config: Option<&Config>) -> Vec<Finding> {
    const WHY: &str = "It is on the way to AWS.";
    let host = host(config);
    let mut findings = vec![match NamedProxy::from_env(&host) {
        Ok(Some(NamedProxy { variable, address })) => Finding::ok(PROXY, format!("{address} ({variable})")),
        Ok(None) if NamedProxy::VARIABLES[0].iter().any(|name| env::var(name).is_some()) => {
            Finding::ok(PROXY, format!("none for {host} (NO_PROXY)"))
        }
        Ok(None) => Finding::ok(PROXY, "none"),
        Err(error) => Finding::error(PROXY, &error, WHY),
    }];
    for names in NamedProxy::VARIABLES {
        for pair in names.chunks(2) {
            let [lower, upper] = pair else { continue };
            let differ = env::var(lower).zip(env::var(upper)).is_some_and(|(lower, upper)| lower != upper);
            if differ {
                findings.push(Finding::warn(
                    PROXY,
                    format!("{lower} and {upper} differ"),
                    format!("Vouch, curl, cargo and pip take {lower}; other programs take {upper}."),
                    format!("Give both the same value, or unset one: `unset {upper}`."),
                ));
            }
        }
    }
    findings
}

fn roots(context: &DoctorContext) -> Finding {
    let Some(home) = &context.home else { return Finding::skip(ROOTS, "the directory cannot be used") };
    match Roots::from_env(home) {
        Ok(Roots::File { variable, path, count }) => {
            let plural = if count == 1 { "" } else { "s" };
            Finding::ok(ROOTS, format!("{count} certificate{plural} of `{}` ({variable})", path.display()))
        }
        Ok(Roots::BuiltIn { with_system: false }) => Finding::ok(ROOTS, "built in"),
        Ok(Roots::BuiltIn { with_system: true }) => Finding::ok(ROOTS, "built in, and the system's"),
        Err(error) => Finding::error(ROOTS, &error, "Vouch believes nobody else to be AWS."),
    }
}

/// Credentials and endpoints of AWS tools.
fn is_of_aws(name: &str) -> bool {
    const EXACT: [&str; 4] =
        ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_WEB_IDENTITY_TOKEN_FILE"];
    EXACT.contains(&name) || name == "AWS_ENDPOINT_URL" || name.starts_with("AWS_ENDPOINT_URL_")
}

/// Profiles of AWS tools that are none of Vouch's.
fn profiles(config: Option<&Config>) -> Vec<Finding> {
    let is_vouchs = |name: &str| config.is_some_and(|config| config.aws.profiles.contains_key(name));
    let names = ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"];
    let other = names.into_iter().filter(|name| env::var(name).is_some_and(|profile| !is_vouchs(&profile)));
    let told = other.map(|name| {
        Finding::warn(
            VARIABLES,
            format!("{name} names a profile that is not Vouch's, and Vouch ignores it"),
            "AWS tools act as that profile; Vouch's role comes from its own configuration.",
            format!("If you do not mean it: `unset {name}`."),
        )
    });
    told.collect()
}

fn variables(config: Option<&Config>) -> Vec<Finding> {
    let names = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let mut of_aws: Vec<String> = names.filter(|name| is_of_aws(name)).collect();
    of_aws.sort();
    let mut findings: Vec<_> = of_aws
        .iter()
        .map(|name| {
            let what = if name.starts_with("AWS_ENDPOINT_URL") {
                "go where it says"
            } else {
                "take it before a profile"
            };
            Finding::warn(
                VARIABLES,
                format!("{name} is set, and Vouch ignores it"),
                format!("AWS tools {what}, and so past the session of Vouch."),
                format!("If you do not mean it: `unset {name}`."),
            )
        })
        .collect();
    findings.extend(profiles(config));
    let by_variable = |tool: Tool| tool.token_source() == TokenSource::Variable;
    // Setup gives Maven a variable of its own; an earlier one did not.
    let reads = |known: &Registration| match Tool::named(&known.tool).is_some_and(by_variable) {
        true => variable::of(known).is_none(),
        false => Mode::of(known) == Some(Mode::Env),
    };
    let read = |config: &Config| config.codeartifact.registrations.iter().any(reads);
    if env::var("CODEARTIFACT_AUTH_TOKEN").is_some() && !config.is_some_and(read) {
        findings.push(Finding::warn(
            VARIABLES,
            "CODEARTIFACT_AUTH_TOKEN is set, and Vouch ignores it",
            "No package manager that is set up reads it. It is a token in every program's environment, and ends at a \
             time of its own.",
            format!("Run `unset CODEARTIFACT_AUTH_TOKEN`, and use {VOUCH_EXEC} where a program needs it."),
        ));
    }
    if findings.is_empty() {
        findings.push(Finding::ok(VARIABLES, "none that leads other tools past Vouch"));
    }
    findings
}
