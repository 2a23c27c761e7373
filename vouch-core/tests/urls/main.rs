//! Whatever gets a token goes to a place that is registered, to whoever reads the URL: the judge's verdict is compared with
//! two parsers that others wrote, one for each of the two ways to read a URL.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may fail loudly")]

mod mutants;

use std::num::NonZero;
use std::str::FromStr;
use std::thread;

use fluent_uri::Uri;
use mutants::{AWS_HOSTS, Mutants, configuration, is_registered, seen};
use url::Url;
use vouch_core::config::Config;
use vouch_core::endpoint::{Asker, EndpointError, shown};
use vouch_core::profile::ProfileError;

/// A number of the environment's: `make soak` tries more mutants, and a seed repeats them.
fn number<N: FromStr>(variable: &str, otherwise: N) -> N {
    vouch_core::env::var(variable).and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// The programs that ask, by the format of their clients.
const ASKERS: [(&str, Asker); 3] = [("cargo", Asker::CARGO), ("pypi", Asker::KEYRING), ("npm", Asker::NPM)];

fn config() -> Config {
    serde_json::from_str(&configuration()).unwrap()
}

fn gets_a_token(config: &Config, url: &str, asker: Asker) -> bool {
    config.target_of_url(url, asker).is_ok()
}

/// Scheme, host, port and path as the WHATWG has it.
fn whatwg(url: &str) -> Option<(String, u16, String)> {
    let url = Url::parse(url).ok()?;
    let bare = url.scheme() == "https"
        && ["", "aws"].contains(&url.username())
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    let place = (url.host_str()?.to_owned(), url.port_or_known_default()?, url.path().to_owned());
    bare.then_some(place)
}

/// The same as RFC 3986 has it, normalised.
fn rfc3986(url: &str) -> Option<(String, u16, String)> {
    let url = Uri::parse(url).ok()?.normalize();
    let authority = url.authority()?;
    let user = authority.userinfo().map(|user| user.as_str());
    let bare = url.scheme().as_str() == "https"
        && [None, Some("aws")].contains(&user)
        && url.query().is_none()
        && url.fragment().is_none();
    let port = match authority.port().map(|port| port.as_str()) {
        None | Some("") => 443,
        Some(port) => port.parse().ok()?,
    };
    let place = (authority.host().to_owned(), port, url.path().as_str().to_owned());
    bare.then_some(place)
}

#[test]
fn whatever_gets_a_token_goes_to_a_registered_place_in_every_parser() {
    let (cases, seed): (usize, u64) = (number("VOUCH_URL_CASES", 100_000), number("VOUCH_URL_SEED", 1));
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let running: Vec<_> = (0..threads)
        .map(|of| thread::spawn(move || compare(seed + of as u64, cases.div_ceil(threads))))
        .collect();
    let counts = running.into_iter().map(|thread| thread.join().unwrap());
    let (accepted, told_apart) = counts.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    println!("{cases} mutants: {accepted} got a token; in {told_apart} the parsers saw different places");
    assert!(accepted * 100 >= cases, "a judge that refuses nearly everything shows nothing: {accepted}");
    assert!(told_apart * 100 >= cases, "mutants that every parser reads alike show nothing: {told_apart}");
}

/// How many mutants of a seed got a token, and how many only one of the parsers finds good.
fn compare(seed: u64, cases: usize) -> (usize, usize) {
    let config = config();
    let (mut accepted, mut told_apart) = (0, 0);
    for url in Mutants::new(seed).take(cases) {
        // Cargo takes this off before it reads the URL.
        let text = url.strip_prefix("sparse+").unwrap_or(&url);
        let places = [whatwg(text), rfc3986(text)];
        let good = |place: &Option<(String, u16, String)>, format: &str| {
            place.as_ref().is_some_and(|(host, port, path)| is_registered(host, *port, path, format))
        };
        let askers = ASKERS.iter().filter(|(_, asker)| gets_a_token(&config, &url, *asker));
        for (format, _) in askers.clone() {
            let all_good = places.iter().all(|place| good(place, format));
            assert!(all_good, "{url:?} of seed {seed} gets a token for {format}, and goes to {places:?}");
            assert!(*format == "pypi" || !text.starts_with("https://aws@"), "{url:?} of seed {seed}");
        }
        accepted += askers.count().min(1);
        let differ = |(format, _): &(&str, Asker)| good(&places[0], format) != good(&places[1], format);
        told_apart += usize::from(ASKERS.iter().any(differ));
    }
    (accepted, told_apart)
}

#[test]
fn every_url_that_clients_were_seen_to_send_gets_its_token_and_no_other_client_does() {
    let config = config();
    for (format, url) in seen() {
        for (known, asker) in ASKERS {
            // What is recorded on another host is a place by its path, whatever is spoken there.
            if known == format || AWS_HOSTS.iter().any(|host| url.contains(host)) {
                assert_eq!(gets_a_token(&config, &url, asker), known == format, "{known}: {url}");
            }
        }
    }
}

#[test]
fn a_helper_answers_for_repositories_of_its_own_format_alone() {
    let config = config();
    for path in [
        "",
        "/",
        "/cargo",
        "/cargo/",
        "/cargo/my-repo/config.json",
        "/cargo/my-repo/simple/",
        "/cargo//my-repo/",
        "/cargo/my-repo//",
        "/cargo/my%2drepo/",
        "/Cargo/my-repo/",
        "/generic/my-repo/cargo/my-repo/",
        "/maven/my-repo/com/evil/x/1/",
        "/npm/my-repo/@scope/amber",
        "/npm/my-repo/x/-/x-1.0.0.tgz",
        "/pypi/my-repo/simples/",
        "/pypi/my-repo/amber/1.0/simple/",
        "/pypi/my-repo//simple/",
    ] {
        for host in AWS_HOSTS {
            let url = format!("https://{host}{path}");
            for (format, asker) in ASKERS {
                let answer = config.target_of_url(&url, asker);
                let refused = matches!(answer, Err(ProfileError::Endpoint(EndpointError::Unsafe { .. })));
                assert!(refused, "{format}: {url}: {answer:?}");
            }
        }
    }
}

#[test]
fn no_message_about_a_mutant_shows_a_password() {
    let config = config();
    for url in Mutants::new(2).take(20_000) {
        // As in the user information of mutants.
        if !url.contains("hunter2@") {
            continue;
        }
        let told = match config.target_of_url(&url, Asker::KEYRING) {
            Err(error) => error.to_string(),
            Ok(_) => panic!("{url:?} gets a token"),
        };
        assert!(!told.contains("hunter2") && !shown(&url).contains("hunter2"), "{url:?}: {told}");
    }
}

#[test]
fn what_reads_as_ours_to_anybody_is_refused_and_all_else_is_foreign() {
    let config = config();
    let aws = AWS_HOSTS[0];
    for url in [
        format!("https://{aws}\\@127.0.0.1:9443/pypi/my-repo/"),
        format!("https://evil.example\\@{aws}/pypi/my-repo/"),
        format!("https:/{aws}/pypi/my-repo/"),
        format!("https://{}/pypi/my-repo/", aws.to_uppercase()),
        format!("https://{aws}:8443/pypi/my-repo/"),
        format!("http://{aws}/pypi/my-repo/"),
        format!("https://bob:x@{aws}/pypi/my-repo/"),
        format!("https://{aws}/pypi/%2e%2e/"),
        "https://packages.example.com\\@evil.example/cargo/my-repo/".into(),
        "https://packages.example.com/cargo/my-repo/../../attacker/".into(),
        "https://packages.example.com/cargo/my-repo/..;/x/".into(),
        "https://packages.example.com/cargo/my-repo/%2e%2e%2fx/".into(),
        "https://PACKAGES.example.com/cargo/my-repo/".into(),
        "https://packages.example.com:8443/pypi/my-repo/?x".into(),
    ] {
        let refused = config.target_of_url(&url, Asker::KEYRING);
        assert!(matches!(refused, Err(ProfileError::Endpoint(EndpointError::Unsafe { .. }))), "{url}");
    }
    for url in [
        "https://pypi.org/simple/",
        "https://pypi.org/simple/?x=y",
        "https://evil.example\\@pypi.org/",
        "http://packages.example.com/cargo/my-repo/",
        "https://packages.example.com:9443/cargo/my-repo/",
        "https://packages.example.com/cargo/other/",
        "https://packages.example.com/cargo/my-repository/",
        "https://packages.example.com.evil.example/cargo/my-repo/",
        "https://evil.example/packages.example.com/cargo/my-repo/",
        "nonsense",
        "",
    ] {
        let refused = config.target_of_url(url, Asker::KEYRING);
        assert!(matches!(refused, Err(ProfileError::Endpoint(EndpointError::Foreign(_)))), "{url}");
    }
}
