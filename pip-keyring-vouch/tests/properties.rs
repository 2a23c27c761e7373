//! Command lines and services of every kind, against what may be said about them: a token leaves only for what was set up,
//! and of a foreign service not a word is lost.

#![cfg(unix)]
#![expect(clippy::expect_used, reason = "helpers of tests may fail loudly")]

mod test_user;

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use proptest::prelude::*;
use proptest::strategy::Union;
use proptest::test_runner::{Config, TestRunner};

use test_user::{HOST, PROGRAM, TestUser, parts};

const TOKEN: &str = "eyJ.hunter2";

/// What the program has to make of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// The token.
    Answer,
    /// Status 1 and not a word.
    Silence,
    /// Status 1, and a reason on stderr if it likes.
    Refusal,
}

/// Of paths below a host, some with what URLs may have in them.
fn path() -> impl Strategy<Value = String> {
    "(/|/pypi/[a-z-]{1,9}/?|/pypi/my-repo/simple/?|/[a-z/]{0,9})"
}

/// Written in all the ways that clients have.
fn registered() -> impl Strategy<Value = String> {
    let host = prop_oneof![Just(HOST.to_owned()), Just(format!("{HOST}:443"))];
    let repository = "(pypi/[a-z][a-z-]{0,7}[a-z]/(simple/)?|pypi/my-repo|pypi/my-repo/simple)";
    let aws = (prop_oneof![Just(""), Just("aws@")], host, repository)
        .prop_map(|(user, host, path)| format!("https://{user}{host}/{path}"));
    let named = "(simple/)?([a-z]{1,9}/)?"
        .prop_map(|path| format!("https://packages.example.com/pypi/my-repo/{path}"));
    prop_oneof![aws, named]
}

/// The host is ours, and something about the URL is not as it has to be.
fn unsafe_urls() -> impl Strategy<Value = String> {
    let wrong = |(scheme, user, port, path): (&str, &str, &str, String)| {
        format!("{scheme}://{user}{HOST}{port}{path}")
    };
    let scheme = prop_oneof![Just("http"), Just("ftp"), Just("file"), Just("ssh"), Just("javascript")];
    let user = prop_oneof![
        Just("bob@"),
        Just("bob:x@"),
        Just("aws:x@"),
        Just(":x@"),
        Just("%61ws@"),
        Just("aws@bob@")
    ];
    let port = prop_oneof![Just(":80"), Just(":8443"), Just(":65536"), Just(":x"), Just(":-1")];
    prop_oneof![
        (scheme, Just(""), Just(""), path()).prop_map(wrong),
        (Just("https"), user, Just(""), path()).prop_map(wrong),
        (Just("https"), Just(""), port, path()).prop_map(wrong),
        (Just("https"), Just(""), Just("\\@127.0.0.1:9443"), path()).prop_map(wrong),
        (Just("https"), Just("127.0.0.1:9443\\@"), Just(""), path()).prop_map(wrong),
        path().prop_map(|path| format!("https://{}{path}", HOST.to_uppercase())),
        path().prop_map(|path| format!("https://{HOST}{path}/../x")),
        "(cargo|npm|maven|generic|[a-z]{1,9})/[a-z-]{0,9}(/simple)?/"
            .prop_filter("our own format", |path| !path.starts_with("pypi/"))
            .prop_map(|path| format!("https://{HOST}/{path}")),
        path().prop_map(|path| format!("https://packages.example.com\\@127.0.0.1{path}")),
    ]
}

/// Hosts that look like one of ours and belong to somebody else.
fn look_alikes() -> impl Strategy<Value = String> {
    let dots = HOST.replace('.', "%2e");
    let wide = HOST.replace('.', "。");
    let hosts = prop_oneof![
        "[a-z]{1,9}\\.[a-z]{2,3}".prop_map(|after| format!("{HOST}.{after}")),
        "[a-z]{1,9}".prop_map(|before| format!("{before}.{HOST}")),
        "[a-z]{1,5}".prop_map(|after| format!("{HOST}{after}")),
        "[a-z]{1,9}\\.[a-z]{2,3}".prop_map(|host| format!("{HOST}@{host}")),
        "[a-z]{1,9}\\.[a-z]{2,3}".prop_map(|host| format!("aws:{HOST}@{host}")),
        "[a-z]{1,9}\\.[a-z]{2,3}".prop_map(|host| format!("{host}/{HOST}")),
        "[a-z]{1,9}\\.[a-z]{2,3}".prop_map(|host| format!("{host}?{HOST}")),
        "[a-z]{1,9}\\.[a-z]{2,3}".prop_map(|host| format!("{host}#{HOST}")),
        "[a-z]{1,9}\\.[a-z]{2,3}".prop_map(|host| format!("{host}\\{HOST}")),
        "[a-z]{1,9}\\.[a-z]{2,3}".prop_map(|host| format!("{host}\\@{HOST}")),
        "[a-z]{1,9}\\.[a-z]{2,3}".prop_map(|host| format!("packages.example.com.{host}")),
        "[a-z-]{1,9}".prop_map(|before| format!("{before}packages.example.com")),
        Just(dots.clone()),
        Just(format!("x.example/{dots}")),
        Just(wide),
        Just(HOST.replace("amazonaws", "amazonavvs")),
        Just(HOST.replace("codeartifact", "c\u{43e}deartifact")),
        Just(HOST.replace("123456789012", "12345678901")),
        Just(HOST.replace(".d.", ".e.")),
        Just(format!("{HOST}.")),
        Just(format!("{HOST}\u{0}")),
    ];
    (
        prop_oneof![Just("https://"), Just("http://"), Just("https:"), Just("https:///"), Just("//")],
        hosts,
        path(),
    )
        .prop_map(|(scheme, host, path)| format!("{scheme}{host}{path}"))
}

/// What clients and people ask about that is nobody's registry of ours.
fn foreign() -> impl Strategy<Value = String> {
    let host = "([a-z0-9-]{1,20}(\\.[a-z0-9-]{1,12}){0,4}|\\[[0-9a-f:]{2,30}\\]|[0-9]{1,3}(\\.[0-9]{1,3}){3}|localhost)";
    let url = "(https?|ftp|git\\+ssh)://([a-z]{1,5}(:[a-z]{0,5})?@)?".prop_flat_map(move |start| {
        (Just(start), host, "(:[0-9]{1,6})?", "(/\\PC{0,30})?")
            .prop_map(|(a, b, c, d)| format!("{a}{b}{c}{d}"))
    });
    prop_oneof![
        url,
        (host, "(:[0-9]{1,6})?").prop_map(|(host, port)| format!("{host}{port}")),
        "[^-]\\PC{0,40}",
        "[a-z]+-[a-z-]{0,30}",
        Just(String::new()),
        Just(" ".to_owned()),
        "[:/@?#%\\[\\]\\\\]{1,12}",
        "https://(%[0-9a-f]{2}){1,9}/",
        "https://packages.example.com/(pypi/([a-l][a-z]{0,8}/)?)?",
        (1..60_000_usize, prop_oneof![Just("a"), Just("."), Just("a."), Just("[:"), Just("%2e"), Just("é")])
            .prop_map(|(times, part)| part.repeat(1 + times / part.len())),
        (1..60_000_usize, prop_oneof![Just("a"), Just("a."), Just("/.."), Just("@"), Just(":")])
            .prop_map(|(times, part)| format!("https://{}", part.repeat(1 + times / part.len()))),
    ]
    .prop_filter("an option", |service| !service.starts_with('-'))
}

/// The host by itself, which a client may send to over plain http.
fn bare() -> impl Strategy<Value = String> {
    prop_oneof![Just(HOST.to_owned()), Just(format!("{HOST}:443")), Just(format!("aws@{HOST}"))]
}

fn services() -> impl Strategy<Value = (String, Expected)> {
    prop_oneof![
        2 => registered().prop_map(|service| (service, Expected::Answer)),
        1 => bare().prop_map(|service| (service, Expected::Silence)),
        2 => unsafe_urls().prop_map(|service| (service, Expected::Refusal)),
        3 => look_alikes().prop_map(|service| (service, Expected::Refusal)),
        4 => foreign().prop_map(|service| (service, Expected::Silence)),
    ]
}

/// `get` about a service, as any client may write it, with the options in every place.
fn lines() -> impl Strategy<Value = (Vec<String>, Expected)> {
    let mode = Union::new([
        Just(vec![]).boxed(),
        Just(vec!["--mode=creds"]).boxed(),
        Just(vec!["--mode", "creds"]).boxed(),
        Just(vec!["--mode=password"]).boxed(),
    ]);
    let output = Union::new([
        Just(vec![]).boxed(),
        Just(vec!["--output=json"]).boxed(),
        Just(vec!["--output", "json"]).boxed(),
        Just(vec!["--output=plain"]).boxed(),
    ]);
    let user = prop_oneof![Just(Some("aws")), Just(Some("")), Just(None)];
    (services(), mode, output, user, [0..3_usize, 0..3]).prop_map(
        |((service, expected), mode, output, user, places)| {
            let creds = mode.contains(&"creds") || mode.contains(&"--mode=creds");
            let mut words = vec![vec!["get"], vec![service.as_str()]];
            words.extend(if user.is_none() && !creds {
                Some(vec!["aws"])
            } else {
                user.map(|user| vec![user])
            });
            for (option, place) in [mode, output].into_iter().zip(places) {
                words.insert(place.min(words.len()), option);
            }
            (words.into_iter().flatten().map(str::to_owned).collect(), expected)
        },
    )
}

fn ask(person: &TestUser, words: &[OsString]) -> (i32, String, String) {
    parts(person.command(Path::new(PROGRAM)).args(words).output().expect("the program starts"))
}

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(Config { cases, failure_persistence: None, max_shrink_iters: 200, ..Config::default() })
}

#[test]
fn a_token_leaves_only_for_what_was_set_up() {
    let person = TestUser::logged_in(TOKEN);
    let run = runner(400).run(&lines(), |(words, expected)| {
        // A word with a NUL in it cannot be an argument.
        prop_assume!(!words.iter().any(|word| word.contains('\0')));
        let words: Vec<OsString> = words.into_iter().map(OsString::from).collect();
        let (status, stdout, stderr) = ask(&person, &words);
        prop_assert!(!stderr.contains(TOKEN) && !stderr.contains("panicked"), "{}", stderr);
        match expected {
            Expected::Answer => {
                prop_assert_eq!((status, stderr.as_str()), (0, ""));
                prop_assert!(stdout.contains(TOKEN) && stdout.ends_with('\n'));
            }
            Expected::Silence => prop_assert_eq!((status, stdout.as_str(), stderr.as_str()), (1, "", "")),
            Expected::Refusal => prop_assert_eq!((status, stdout.as_str()), (1, "")),
        }
        Ok(())
    });
    assert!(run.is_ok(), "{}", run.unwrap_err());
}

/// Words that mean something, and bytes that mean nothing.
fn words() -> impl Strategy<Value = Vec<OsString>> {
    let known = "(get|set|del|--|-|--mode|--mode=creds|--mode=password|--mode=|creds|password|--output|--output=json|json\
        |--output=xml|--frob|-b|--list-backends|diagnose|aws|bob|__token__|--help=x)?";
    let bytes = proptest::collection::vec(1..=255_u8, 0..12).prop_map(OsString::from_vec);
    let word =
        prop_oneof![5 => known.prop_map(OsString::from), 1 => bytes, 1 => foreign().prop_map(OsString::from)];
    proptest::collection::vec(word, 0..7)
}

#[test]
fn whatever_the_words_nothing_panics_and_wrong_use_is_status_2() {
    let person = TestUser::logged_in(TOKEN);
    let run = runner(300).run(&words(), |words| {
        prop_assume!(!words.iter().any(|word| word.as_encoded_bytes().contains(&0)));
        let (status, stdout, stderr) = ask(&person, &words);
        prop_assert!(status == 1 || status == 2, "{} {}", status, stdout);
        prop_assert_eq!(&stdout, "");
        let usage = stderr.starts_with("usage: ");
        prop_assert_eq!(status == 2, usage, "{}", &stderr);
        // Only what would have to be stored is told that it was not.
        prop_assert!(
            usage || stderr.is_empty() || stderr.starts_with("vouch: nothing was stored"),
            "{}",
            &stderr
        );
        Ok(())
    });
    assert!(run.is_ok(), "{}", run.unwrap_err());
}
