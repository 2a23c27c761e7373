use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use boon::{Compiler, SchemaIndex, Schemas};
use proptest::prelude::*;
use serde_json::{Value, json};
use vouch_core::endpoint::Format;
use vouch_core::failure::{Diagnostic, ErrorKind};
use vouch_core::identity::Subject;

use super::page::escaped;
use super::*;

const TEAM: &str = r#"
issuer = "https://id.example.com/{subject}"
questions = "https://wiki.example.com/vouch"

[aws.vouch]
role_arn = "arn:aws:iam::123456789012:role/CodeArtifact-{subject}"
region = "us-east-1"

[codeartifact.default]
domain = "my-domain"
domain_owner = "123456789012"
region = "us-east-1"
aws_profile = "vouch"
repositories = { cargo = ["my-repo", "tools"], pypi = ["my-pypi-repo"] }
"#;

fn address() -> JoinAddress {
    "https://id.example.com/vouch.json".parse().unwrap()
}

fn valid() -> Value {
    json!({
        "version": 1,
        "issuer": "https://id.example.com/{subject}",
        "questions": "https://wiki.example.com/vouch",
        "aws": { "vouch": { "role_arn": "arn:aws:iam::123456789012:role/CodeArtifact-{subject}", "region": "us-east-1" } },
        "codeartifact": { "default": {
            "domain": "my-domain", "domain_owner": "123456789012", "region": "us-east-1", "aws_profile": "vouch",
            "repositories": { "cargo": ["my-repo", "tools"], "pypi": ["my-pypi-repo"] },
        } },
    })
}

fn corpus() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/hostile-join-files")
}

#[test]
fn every_hostile_file_is_refused_for_its_own_reason() {
    let expected = fs::read_to_string(corpus().join("expected.txt")).unwrap();
    let mut told = BTreeSet::new();
    for line in expected.lines() {
        let (name, reason) = line.split_once(": ").unwrap_or((line.trim_end_matches(':'), ""));
        let bytes = fs::read(corpus().join(format!("{name}.json"))).unwrap();
        let failed = JoinFile::parse(&bytes, &address()).expect_err(name);
        let said = failed.to_string();
        assert!(said.contains(reason), "{name}: {said}");
        // No line of a terminal is made by it, and none is long.
        assert!(
            said.chars().all(|c| c == ' ' || c.is_ascii_graphic()) && said.len() < 400,
            "{name}: {said:?}"
        );
        assert!(failed.hint().is_some() && failed.kind() == ErrorKind::Configuration, "{name}");
        told.insert(format!("{name}.json"));
    }
    let there =
        fs::read_dir(corpus()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let there: BTreeSet<_> = there.filter(|name| name.ends_with(".json")).collect();
    assert!(there.len() > 100);
    assert_eq!(there, told);
}

#[test]
fn a_file_that_is_too_long_is_not_read() {
    let mut text = valid().to_string();
    assert!(JoinFile::parse(text.as_bytes(), &address()).is_ok());
    text.extend(std::iter::repeat_n(' ', LIMIT - text.len()));
    assert!(JoinFile::parse(text.as_bytes(), &address()).is_ok());
    text.push(' ');
    assert_eq!(JoinFile::parse(text.as_bytes(), &address()), Err(JoinError::TooLong));
}

#[test]
fn a_team_file_makes_the_join_file_and_the_same_bytes_each_time() {
    let file = JoinFile::from_team(TEAM).unwrap();
    let bytes = file.to_json().unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&bytes).unwrap(), valid());
    assert_eq!(JoinFile::parse(&bytes, &address()).unwrap(), file);
    assert_eq!(file.address().unwrap(), address());
    assert_eq!(JoinFile::from_team(TEAM).unwrap().to_json().unwrap(), bytes);
}

#[test]
fn a_fault_of_a_team_file_is_told_with_its_line() {
    for (from, to, place, reason) in [
        ("my-domain", "My_Domain", "(line 10, column 10)", "is no CodeArtifact domain name"),
        ("{subject}\"\nquestions", "alice\"\nquestions", "(line 2, column 10)", "it needs `{subject}` once"),
        ("aws_profile = \"vouch\"", "aws_profile = \"other\"", "", "which the file does not have"),
        ("questions =", "question =", "(line 3, column 1)", "unknown field `question`"),
        ("[aws.vouch]", "[aws.vouch", "(line 5, column 11)", ""),
        ("\"us-east-1\"\naws_profile", "\"cn-north-1\"\naws_profile", "", "different partitions"),
        ("region = \"us-east-1\"\n\n", "\n", "", "missing field `region`"),
    ] {
        assert!(TEAM.contains(from), "{from}");
        let said = JoinFile::from_team(&TEAM.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(said.contains(place) && said.contains(reason), "{to}: {said}");
    }
    let newer = JoinFile::from_team(&format!("version = 2\n{TEAM}")).unwrap_err();
    assert_eq!(newer, JoinError::Version { version: 2 });
}

#[test]
fn addresses_are_plain_and_carry_a_digest_or_nothing() {
    let digits = "0123456789abcdef".repeat(4);
    for good in ["https://id.example.com/vouch.json", "https://id.example.com/team/vouch.json"] {
        let address: JoinAddress = good.parse().unwrap();
        assert_eq!((address.url(), address.host(), address.digest()), (good, "id.example.com", None));
        let pinned = format!("{good}#sha256={digits}");
        let parsed: JoinAddress = pinned.parse().unwrap();
        assert_eq!((parsed.url(), parsed.to_string()), (good, pinned));
        assert_eq!(address.pinned(digits.parse().unwrap()), parsed);
    }
    for bad in [
        "",
        "id.example.com/vouch.json",
        "http://id.example.com/vouch.json",
        "HTTPS://id.example.com/vouch.json",
        "sparse+https://id.example.com/vouch.json",
        "file:///etc/passwd",
        "https://id.example.com",
        "https://id.example.com/",
        "https://id.example.com/team/",
        "https://id.example.com:8443/vouch.json",
        "https://id.example.com:443/vouch.json",
        "https://alice@id.example.com/vouch.json",
        "https://id.example.com/vouch.json?x=1",
        "https://id.example.com\\@evil.example/vouch.json",
        "https://ID.example.com/vouch.json",
        "https://id.example.com./vouch.json",
        "https://id.example.com/../vouch.json",
        "https://id.example.com/%76ouch.json",
        "https://id.example.com//vouch.json",
        "https://id.ex\u{e4}mple.com/vouch.json",
        "https://id.example.com/vouch json",
        "https://id.example.com/vouch.json;id",
    ] {
        let failed = bad.parse::<JoinAddress>().unwrap_err();
        assert!(
            matches!(failed, JoinError::Address { .. }) && failed.kind() == ErrorKind::Usage,
            "{bad}: {failed}"
        );
    }
    for bad in [
        "",
        "sha256=",
        "sha256=00",
        "md5=00",
        &digits,
        &format!("sha256={}", digits.to_uppercase()),
        &format!("sha256={digits}#"),
    ] {
        let failed = format!("https://id.example.com/vouch.json#{bad}").parse::<JoinAddress>();
        assert_eq!(failed, Err(JoinError::Digest), "{bad}");
    }
}

#[test]
fn a_digest_is_of_these_bytes_alone() {
    // Computed with coreutils: printf abc | sha256sum
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(address().check(b"abc").unwrap().as_str(), abc);
    let pinned = address().pinned(abc.parse().unwrap());
    assert!(pinned.check(b"abc").is_ok());
    assert!(matches!(pinned.check(b"abd"), Err(JoinError::OtherDigest { .. })));
}

#[test]
fn a_file_comes_to_one_users_names() {
    let file = JoinFile::parse(valid().to_string().as_bytes(), &address()).unwrap();
    let personal = |subject: &str| file.for_subject(&subject.parse::<Subject>().unwrap());
    let alice = personal("alice").unwrap();
    assert_eq!(alice.issuer.as_str(), "https://id.example.com/alice");
    let [(name, role, region)] = alice.aws.as_slice() else { panic!("{alice:?}") };
    assert_eq!(
        (name.as_str(), role.as_str(), region.as_str()),
        ("vouch", "arn:aws:iam::123456789012:role/CodeArtifact-alice", "us-east-1")
    );
    let [(name, entry)] = alice.codeartifact.as_slice() else { panic!("{alice:?}") };
    assert_eq!((name.as_str(), entry.repositories.of(Format::Cargo).len()), ("default", 2));
    assert!(
        entry.repositories.of(Format::Npm).is_empty() && entry.repositories.of(Format::Generic).is_empty()
    );
    for (subject, reason) in [
        ("alice@example.com", "which takes letters"),
        ("../bob", "which takes letters"),
        ("bob/x", "which takes letters"),
        ("a;id", "which takes letters"),
        ("..", "cannot be an issuer"),
        (&"a".repeat(65), "is no IAM role ARN"),
        (&"a".repeat(250), "cannot be an issuer"),
    ] {
        let failed = personal(subject).unwrap_err();
        assert!(
            matches!(failed, JoinError::Subject { .. }) && failed.to_string().contains(reason),
            "{failed}"
        );
    }
}

#[test]
fn the_page_is_plain_and_says_the_command() {
    let page = String::from_utf8(page(&JoinFile::from_team(TEAM).unwrap(), &address())).unwrap();
    assert!(page.contains(MARK));
    assert!(
        page.contains("<code>vouch join https://id.example.com/vouch.json --subject NAME</code>"),
        "{page}"
    );
    assert!(page.contains("<td><code>my-pypi-repo</code></td><td>pypi</td>"), "{page}");
    // Two addresses alone: the command's, and the one to ask at, which nothing loads.
    let addresses: BTreeSet<_> =
        page.split("https://").skip(1).map(|rest| rest.split(['"', '<', ' ']).next().unwrap()).collect();
    assert_eq!(addresses, BTreeSet::from(["id.example.com/vouch.json", "wiki.example.com/vouch"]));
    for word in [
        "<script",
        "src=",
        "<link",
        "@import",
        "url(",
        "javascript:",
        "onload",
        "http://",
        "@HOST",
        "alice",
        "kid",
    ] {
        assert!(!page.contains(word), "{word}");
    }
    assert!(page.contains("prefers-color-scheme: dark"));
    let unasked = TEAM.replace("questions = \"https://wiki.example.com/vouch\"\n", "");
    let page = String::from_utf8(super::page(&JoinFile::from_team(&unasked).unwrap(), &address())).unwrap();
    assert!(page.contains("Ask the sender of this page.") && !page.contains("<a "));
}

#[test]
fn what_html_reads_is_escaped() {
    assert_eq!(
        escaped("<a href=\"x\" id='y'>&</a>"),
        "&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;&lt;/a&gt;"
    );
}

#[test]
fn the_policy_of_the_page_allows_its_own_style_alone() {
    use base64::Engine;
    use sha2::Digest as _;

    let page = String::from_utf8(page(&JoinFile::from_team(TEAM).unwrap(), &address())).unwrap();
    let style = page.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
    let hash = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(style));
    assert!(page.contains(&format!("default-src 'none'; style-src 'sha256-{hash}'")));
}

/// Whether the schema that is published with the documentation takes a document.
fn schema_takes(document: &Value) -> bool {
    static SCHEMA: OnceLock<(Schemas, SchemaIndex)> = OnceLock::new();
    let (schemas, index) = SCHEMA.get_or_init(|| {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/join-file.schema.json");
        let schema = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        let place = "https://id.example.com/join-file.schema.json";
        compiler.add_resource(place, schema).unwrap();
        let index = compiler.compile(place, &mut schemas).unwrap();
        (schemas, index)
    });
    schemas.validate(document, *index).is_ok()
}

#[test]
fn the_published_schema_refuses_what_a_schema_can_tell() {
    // What its description says of them: it knows neither the host of the file nor what belongs together.
    let beyond = [
        "issuer-above-the-host",
        "issuer-below-the-host",
        "issuer-of-another-host",
        "name-in-capitals-again",
        "name-of-no-profile",
        "name-twice",
        "region-of-another-partition",
        "role-of-another-partition",
    ];
    assert!(schema_takes(&valid()));
    let mut taken = BTreeSet::new();
    for entry in fs::read_dir(corpus()).unwrap().flatten() {
        let name = entry.path().file_stem().unwrap().to_string_lossy().into_owned();
        if let Ok(document) = serde_json::from_slice(&fs::read(entry.path()).unwrap())
            && schema_takes(&document)
        {
            taken.insert(name);
        }
    }
    assert_eq!(taken.iter().map(String::as_str).collect::<Vec<_>>(), beyond);
}

/// Places of a valid file, and what is put there.
fn edits() -> impl Strategy<Value = Vec<(usize, String)>> {
    let word = prop_oneof![
        "\\PC{0,6}",
        Just("\"".to_owned()),
        Just("{subject}".to_owned()),
        Just("\\u0000".to_owned()),
        Just("}".to_owned()),
        Just("evil.example".to_owned()),
        Just("../".to_owned()),
    ];
    proptest::collection::vec((any::<usize>(), word), 1..4)
}

proptest! {
    #[test]
    fn whatever_is_changed_what_is_taken_is_as_strict(edits in edits()) {
        let mut text = valid().to_string();
        for (at, word) in edits {
            let places: Vec<_> = text.char_indices().map(|(at, _)| at).collect();
            text.insert_str(places[at % places.len()], &word);
        }
        if let Ok(file) = JoinFile::parse(text.as_bytes(), &address()) {
            let written = file.to_json().unwrap();
            prop_assert!(schema_takes(&serde_json::from_slice(&written).unwrap()), "{}", text);
            prop_assert_eq!(&JoinFile::parse(&written, &address()).unwrap(), &file);
            let alice = file.for_subject(&"alice".parse().unwrap());
            if let Ok(alice) = alice {
                prop_assert!(alice.issuer.as_str().starts_with("https://id.example.com/"));
            }
            let page = String::from_utf8(page(&file, &address())).unwrap();
            prop_assert!(!page.contains("<script"));
            let shell = |c: char| "`$;|&<>\\'\"\n ".contains(c);
            let names = file.aws().iter().map(|(name, _)| name).chain(file.codeartifact().iter().map(|(name, _)| name));
            for name in names {
                prop_assert!(!name.as_str().contains(shell) && !name.as_str().starts_with('-'));
            }
        }
    }

    #[test]
    fn no_bytes_stop_it(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(JoinFile::parse(&bytes, &address()).is_err());
    }
}
