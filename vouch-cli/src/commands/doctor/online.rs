//! Asked of others: the clock, the issuer's documents, STS, CodeArtifact and each repository. What they give is forgotten at once.

use vouch_clients::finding::Finding;
use vouch_clients::inspect;
use vouch_clients::options::Options;
use vouch_clients::tool::Tool;
use vouch_core::broker::Lifetime;
use vouch_core::config::{Config, Registration};
use vouch_core::endpoint::Domain;
use vouch_core::exchange::{ExchangeError, Probe, ProofError, Prover, RoleCredentials};
use vouch_core::hint::{ISSUER_CHECK, SETUP_DOMAIN, SETUP_TOOL, UNDO_CLIENT, UNDO_LIST};
use vouch_core::home::Home;
use vouch_core::http::{FetchedDocument, Fetcher};
use vouch_core::profile::Role;
use vouch_core::session::Session;
use vouch_core::{Diagnostic, Failure, UnixTime};
use vouch_issuer::check::{self, Expected, Severity};

use super::context::{DoctorContext, enroll};
use super::environment;
use crate::terminal;

const CLOCK: &str = "clock";
const ISSUER: &str = "issuer";
const STS: &str = "sts";
const CODEARTIFACT: &str = "codeartifact";
const REPOSITORY: &str = "repository";

/// Seconds by which AWS lets clocks differ (signatures of requests: five minutes).
const SKEW: i64 = 300;

/// Seconds that are worth a word.
const NOTICED: i64 = 30;

pub(super) fn look(
    context: &DoctorContext,
    session: Option<&Session>,
    progress: &dyn Fn(&str),
) -> Vec<Finding> {
    let (Some(home), Some(config)) = (&context.home, &context.config) else {
        return [CLOCK, ISSUER, STS, CODEARTIFACT]
            .map(|check| Finding::skip(check, "the configuration cannot be read"))
            .into();
    };
    let fetcher = match Fetcher::new(home) {
        Ok(fetcher) => fetcher.without_cache(),
        Err(error) => return vec![Finding::error(CLOCK, &error, "Nothing can be asked.")],
    };
    let host = environment::host(Some(config));
    progress(&format!("asking {host} for the time"));
    let mut findings = vec![match fetcher.fetch(&format!("https://{host}/")) {
        Ok(page) => clock(&host, &page, UnixTime::now()),
        Err(error) => Finding::error(CLOCK, &error, "Every session and token comes from there."),
    }];
    findings.extend(issuer(config, &fetcher, progress));
    findings.extend(aws(home, config, session, progress));
    findings
}

fn clock(host: &str, page: &FetchedDocument, now: UnixTime) -> Finding {
    let parser = jiff::fmt::rfc2822::DateTimeParser::new();
    let date = page.header("date").and_then(|date| parser.parse_timestamp(date).ok());
    let Some(date) = date else { return Finding::skip(CLOCK, format!("{host} does not tell the time")) };
    let ahead = now.since(UnixTime(date.as_second()));
    let seen = match ahead {
        0 => format!("as {host} has it"),
        1.. => format!("{} ahead of {host}", amount(ahead)),
        _ => format!("{} behind {host}", amount(-ahead)),
    };
    let fix = "Set the clock of this machine, such as with `sudo timedatectl set-ntp true`.";
    match ahead.abs() {
        ..NOTICED => Finding::ok(CLOCK, seen),
        NOTICED..SKEW => Finding::warn(
            CLOCK,
            seen,
            "AWS refuses sessions and requests of clocks that are wrong by minutes.",
            fix,
        ),
        _ => Finding::fail(
            CLOCK,
            seen,
            "AWS refuses what this machine signs: by its clock it is not valid now.",
            fix,
        ),
    }
}

fn amount(seconds: i64) -> String {
    if seconds < 60 { format!("{seconds} s") } else { terminal::span(seconds) }
}

fn issuer(config: &Config, fetcher: &Fetcher<'_>, progress: &dyn Fn(&str)) -> Vec<Finding> {
    let Some(identity) = &config.identity else {
        let seen = match config.job() {
            Some(_) => "a job logs in here: its CI has the issuer files".to_owned(),
            None => format!("no key is enrolled here. {}", enroll()),
        };
        return vec![Finding::skip(ISSUER, seen)];
    };
    progress(&format!("fetching the issuer files of {}", identity.issuer));
    let found = check::check(&Expected::of_identity(identity), |url| fetcher.fetch(url));
    if found.is_empty() {
        return vec![Finding::ok(ISSUER, format!("{} has every key of yours", identity.issuer))];
    }
    let told = |found: check::Finding| {
        let finding = Finding::fail(
            ISSUER,
            format!("{}: {}", found.place, found.message),
            match found.severity {
                Severity::Problem => "AWS refuses your sessions, or may take somebody else's for yours.",
                Severity::Warning => "It works, but not as well or as safely as it could.",
            },
            format!("{} {ISSUER_CHECK} looks again.", found.hint.trim()),
        );
        if found.severity == Severity::Warning { finding.softened() } else { finding }
    };
    found.into_iter().map(told).collect()
}

fn aws(home: &Home, config: &Config, session: Option<&Session>, progress: &dyn Fn(&str)) -> Vec<Finding> {
    let Some(session) = session else {
        let skip = |check| Finding::skip(check, "there is no session to ask with");
        let registrations = config.codeartifact.registrations.iter();
        let repositories = registrations.map(|known| skip(REPOSITORY).about(inspect::label(known)));
        return [STS, CODEARTIFACT].into_iter().map(skip).chain(repositories).collect();
    };
    let probe = Probe::new(home);
    let mut findings = Vec::new();
    let mut granted: Vec<(Role, RoleCredentials)> = Vec::new();
    for name in config.aws.profiles.keys() {
        // One that fits nowhere is a finding of its own.
        let Ok(role) = config.role_named(name) else { continue };
        progress(&format!("asking STS for role {}", role.arn));
        findings.push(match probe.role_credentials(session, &role) {
            Ok(credentials) => {
                let seen = format!("gives {}", role.arn);
                granted.push((role, credentials));
                Finding::ok(STS, seen)
            }
            Err(error) => refused(STS, &error, "Without the role there is no token."),
        });
    }
    let mut asked: Vec<(Domain, Role)> = Vec::new();
    let mut provers: Vec<((Domain, Role), Prover)> = Vec::new();
    for profile in config.codeartifact.profiles.values() {
        let Ok(role) = config.role_for(profile, None) else { continue };
        let domain = profile.domain();
        let pair = (domain, role);
        if asked.contains(&pair) {
            continue;
        }
        let (domain, role) = &pair;
        let credentials = granted.iter().find(|(known, _)| known == role);
        findings.push(match credentials {
            None => Finding::skip(CODEARTIFACT, format!("STS did not give the role for {domain}")),
            Some((_, credentials)) => {
                progress(&format!("asking CodeArtifact for {domain}"));
                match probe.token(credentials, role, domain, Lifetime::Session.seconds(session)) {
                    Ok(_) => match Prover::new(home, credentials.clone(), role, domain) {
                        Ok(prover) => {
                            provers.push((pair.clone(), prover));
                            Finding::ok(CODEARTIFACT, format!("gives tokens for {domain}"))
                        }
                        Err(error) => refused(CODEARTIFACT, &error, "No repository of it was asked."),
                    },
                    Err(error) => {
                        let error = corrected(config, error.failure(), &error, |known| {
                            config
                                .profile_named(&known.profile)
                                .is_ok_and(|profile| profile.domain() == *domain)
                        });
                        Finding::failure(CODEARTIFACT, error, "Package managers get no token for it.")
                    }
                }
            }
        });
        asked.push(pair);
    }
    findings.extend(config.codeartifact.registrations.iter().map(|registration| {
        let finding = match prover_of(config, registration, &provers) {
            Some(prover) => {
                progress(&format!("asking {} for {}", registration.endpoint, registration.tool));
                repository(config, registration, prover)
            }
            None => Finding::skip(REPOSITORY, "there is no token to ask it with"),
        };
        finding.about(inspect::label(registration))
    }));
    for check in [STS, CODEARTIFACT] {
        if findings.iter().all(|finding| finding.check() != check) {
            findings.push(Finding::skip(check, "nothing is set up to ask for"));
        }
    }
    findings
}

/// What asks for a registration, where its domain gave a token.
fn prover_of<'a>(
    config: &Config,
    registration: &Registration,
    provers: &'a [((Domain, Role), Prover)],
) -> Option<&'a Prover> {
    let profile = config.profile_named(&registration.profile).ok()?;
    let pair = (profile.domain(), config.role_for(profile, None).ok()?);
    provers.iter().find(|(known, _)| *known == pair).map(|(_, prover)| prover)
}

/// Whether a repository answers as its client would have it, by the rule of setup.
fn repository(config: &Config, registration: &Registration, prover: &Prover) -> Finding {
    let Some(tool) = Tool::named(&registration.tool) else {
        return Finding::skip(REPOSITORY, "this version does not know the package manager");
    };
    let name = &registration.repository;
    match prover.prove(config, registration, tool.first_request()) {
        Ok(()) => Finding::ok(REPOSITORY, format!("{name} answers")),
        Err(error) if error.is_silence() => Finding::ok(REPOSITORY, format!("{name} is there; {error}")),
        Err(error) if error.refuses_setup() => {
            let failure = match &error {
                ProofError::Exchange(of_aws) => {
                    corrected(config, error.failure(), of_aws, |known| known == registration)
                }
                _ => error.failure(),
            };
            Finding::failure(REPOSITORY, failure, format!("{} gets no packages from there.", tool.name()))
        }
        Err(error) => {
            Finding::error(REPOSITORY, &error, "It is not proven that packages come from there.").softened()
        }
    }
}

/// A refusal with the commands that correct what was set up with a wrong value, words in capitals for the right ones.
fn corrected(
    config: &Config,
    failure: Failure,
    error: &ExchangeError,
    is_meant: impl Fn(&Registration) -> bool,
) -> Failure {
    let all = &config.codeartifact.registrations;
    let command = |known: &Registration| {
        let Registration { tool, repository, profile, .. } = known;
        let more = inspect::flags(known, &Options::recorded(known).unwrap_or_default());
        match error {
            ExchangeError::NoDomain { .. } => {
                let again = SETUP_DOMAIN.fill("TOOL", tool).fill("REPOSITORY", repository.as_str());
                Some(again.flag("--region", "REGION").words(&more).word("--move").to_string())
            }
            ExchangeError::NoRepository { .. } => {
                let is_only = all.iter().filter(|other| other.tool == *tool).count() == 1;
                let undo = if is_only { UNDO_CLIENT.fill("CLIENT", tool) } else { UNDO_LIST };
                let again = SETUP_TOOL.fill("TOOL", tool).flag("--profile", profile).words(&more);
                Some(format!("{undo}, then {again}"))
            }
            _ => None,
        }
    };
    let commands: Vec<_> = all.iter().filter(|known| is_meant(known)).filter_map(command).collect();
    if commands.is_empty() {
        return failure;
    }
    Failure { hint: Some(format!("With the right values: {}.", commands.join("; "))), ..failure }
}

fn refused(check: &'static str, error: &ExchangeError, why: &str) -> Finding {
    Finding::failure(check, error.failure(), why)
}

#[cfg(test)]
mod tests {
    use vouch_clients::finding::Status;

    use super::*;

    #[test]
    fn the_clock_is_judged_by_the_date_of_the_server() {
        let page = |date: &str| FetchedDocument {
            status: 200,
            headers: vec![("date".into(), date.into())],
            body: Vec::new(),
        };
        let at = page("Wed, 25 Nov 2026 12:00:00 GMT");
        let now = 1_795_608_000;
        for (off, status, seen) in [
            (0, Status::Ok, "as sts has it"),
            (-29, Status::Ok, "29 s behind sts"),
            (30, Status::Warn, "30 s ahead of sts"),
            (-299, Status::Warn, "4 min behind sts"),
            (3900, Status::Fail, "1 h 5 min ahead of sts"),
        ] {
            let finding = clock("sts", &at, UnixTime(now + off));
            assert_eq!((finding.status(), finding.message()), (status, seen));
        }
        assert_eq!(clock("sts", &page("yesterday"), UnixTime(now)).status(), Status::Skip);
    }
}
