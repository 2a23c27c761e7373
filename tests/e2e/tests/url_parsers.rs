//! The parsers of the clients' own languages, which nobody here wrote: whatever gets a token, goes to a registered place in
//! each of them.

#[path = "../../../vouch-core/tests/urls/mutants.rs"]
mod mutants;

use std::env;
use std::path::Path;

use mutants::{Mutants, configuration, is_registered, seen};
use vouch_core::config::Config;
use vouch_core::endpoint::Asker;
use vouch_e2e::Run;
use vouch_e2e::python::installed;

/// How many that get a token, and how many that do not.
const EACH: usize = 2_000;

/// Whether a parser finds a registered place in a URL, another one, or none.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Found {
    Registered,
    Elsewhere(String),
    Nothing,
}

impl Found {
    fn of(place: &str) -> Self {
        let parts: Vec<_> = place.splitn(4, ' ').collect();
        let [scheme, host, port, path] = parts[..] else { return Self::Nothing };
        let formats = ["cargo", "pypi", "npm"];
        let is_one = |port| formats.iter().any(|format| is_registered(host, port, path, format));
        let registered = port.parse().is_ok_and(is_one);
        match scheme == "https" && registered {
            true => Self::Registered,
            false => Self::Elsewhere(place.to_owned()),
        }
    }
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> String {
    let pairs = text.as_bytes().chunks(2).map(|pair| str::from_utf8(pair).unwrap());
    let bytes: Vec<u8> = pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A parser by its name: one process for all URLs.
fn parser(name: &str) -> Run {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/parsers");
    match name.split_once(' ') {
        Some(("python", library)) => {
            let python = installed("pdm-").join("bin/python");
            Run::new(python).arg(data.join("parsers.py")).arg(library)
        }
        Some(("java", class)) => Run::new("java").arg(data.join("Parsers.java")).arg(class),
        _ => {
            let clients = env::var_os("VOUCH_TEST_CLIENTS").expect("`make test` names the clients");
            let node = Path::new(&clients).join("node").join(name).join("bin/node");
            Run::new(node).arg(data.join("parser.mjs"))
        }
    }
}

#[test]
fn what_gets_a_token_is_a_registered_place_to_every_parser() {
    let config: Config = serde_json::from_str(&configuration()).unwrap();
    let askers = [("cargo", Asker::CARGO), ("pypi", Asker::KEYRING), ("npm", Asker::NPM)];
    let accepts = |url: &String| askers.iter().any(|(_, asker)| config.target_of_url(url, *asker).is_ok());
    let (mut good, mut bad) = (seen().into_iter().map(|(_, url)| url).collect::<Vec<_>>(), Vec::new());
    for url in Mutants::new(3) {
        let list = if accepts(&url) { &mut good } else { &mut bad };
        if list.len() < EACH {
            list.push(url);
        } else if good.len() == EACH && bad.len() == EACH {
            break;
        }
    }
    // Cargo takes this off before it reads the URL.
    let urls: Vec<_> =
        good.iter().chain(&bad).map(|url| url.strip_prefix("sparse+").unwrap_or(url)).collect();
    let lines = urls.iter().map(|url| hex(url) + "\n").collect::<String>();
    let names = [
        "python urllib",
        "python httpx",
        "python urllib3",
        "python curl",
        "java uri",
        "java url",
        "npm-10",
        "npm-12",
    ];
    let read = |name: &str| -> Vec<Found> {
        let done = parser(name).stdin(lines.clone()).ok();
        let found: Vec<_> = done.stdout.split('\n').map(|line| Found::of(&from_hex(line))).collect();
        assert!(found.len() > 2 * EACH, "{name} reads {} of {}\n{}", found.len(), 2 * EACH, done.stderr);
        found
    };
    let all = names.map(|name| (name, read(name)));
    for (name, found) in &all {
        for (url, found) in good.iter().zip(found) {
            assert_eq!(found, &Found::Registered, "{name} on {url:?}, which gets a token");
        }
    }
    // What is refused has to be: some parser finds ours in it, and another one somebody else's.
    let is_torn = |at: &usize| {
        let found = all.iter().map(|(_, found)| &found[*at]);
        found.clone().any(|found| *found == Found::Registered)
            && found.clone().any(|found| matches!(found, Found::Elsewhere(_)))
    };
    let torn = (EACH..2 * EACH).filter(is_torn).count();
    println!("{torn} of {EACH} that are refused go to us in one parser and elsewhere in another");
    assert!(torn > EACH / 50, "mutants that every parser reads alike show nothing");
}
