use base64::Engine;
use serde_json::{Value, json};
use software_key::SoftwareKey;

use super::*;
use crate::session::tests::TestUser;
use crate::session::{HANDOVER_LIMIT, Label, login};

/// What an attacker can make: any claims, signed by any key.
struct Forged {
    header: Value,
    claims: Value,
}

impl Forged {
    fn of(person: &TestUser) -> Self {
        let now = UnixTime::now().0;
        Self {
            header: json!({ "alg": "ES256", "typ": "JWT", "kid": person.identity.keys[0].kid }),
            claims: json!({
                "iss": "https://id.example.com/alice", "sub": "alice", "aud": REMOTE_AUDIENCE,
                "iat": now, "nbf": now, "exp": now + 4 * 3600, "jti": "x", "amr": ["hwk", "pin", "user"],
            }),
        }
    }

    fn with(mut self, name: &str, value: Value) -> Self {
        self.claims[name] = value;
        self
    }

    fn header(mut self, name: &str, value: Value) -> Self {
        self.header[name] = value;
        self
    }

    fn signed(&self, key: &SoftwareKey) -> Handover {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let input = format!("{}.{}", part(&self.header), part(&self.claims));
        let signature = URL_SAFE_NO_PAD.encode(key.sign(&Sha256::digest(&input).into()));
        let text = json!({ "version": 1, "from": "desk", "host": "build1", "id_token": format!("{input}.{signature}") });
        Handover::read(text.to_string().as_bytes()).unwrap()
    }
}

fn checked(handover: &Handover, person: &TestUser) -> Result<Session, ImportError> {
    check(handover, Some(&person.identity), "here")
}

fn arrived(person: &TestUser, later: i64) -> Session {
    let now = UnixTime::now().0;
    checked(&Forged::of(person).with("iat", (now + later).into()).signed(&person.key), person).unwrap()
}

#[test]
fn what_is_no_handover_is_not_read() {
    let good = json!({ "version": 1, "from": "desk", "id_token": "a.b.c" });
    assert!(Handover::read(good.to_string().as_bytes()).is_ok());
    let with = |name: &str, value: Value| {
        let mut text = good.clone();
        text[name] = value;
        Handover::read(text.to_string().as_bytes()).unwrap_err()
    };
    assert!(matches!(with("version", 2.into()), ImportError::Version(2)));
    for (name, value) in [
        ("version", "1".into()),
        ("from", "a\u{1b}[31m".into()),
        ("from", "".into()),
        ("from", "a b".into()),
        ("from", "a".repeat(65).into()),
        ("host", "x\n".into()),
        ("id_token", Value::Null),
        ("command", "x".into()),
    ] {
        assert!(matches!(with(name, value.clone()), ImportError::Form), "{name} {value}");
    }
    for bad in ["", "\n", "garbage", "{}", "[]", "a.b.c", "{\"version\":1}", "\0\0\0"] {
        assert!(matches!(Handover::read(bad.as_bytes()).unwrap_err(), ImportError::Form), "{bad:?}");
    }
    assert!(matches!(Handover::read(&vec![b'a'; HANDOVER_LIMIT + 1]).unwrap_err(), ImportError::Size));
}

#[test]
fn claims_that_no_login_makes_are_refused() {
    let person = TestUser::new();
    let now = UnixTime::now().0;
    let forged = |name: &str, value: Value| {
        checked(&Forged::of(&person).with(name, value).signed(&person.key), &person).unwrap_err()
    };
    assert!(checked(&Forged::of(&person).signed(&person.key), &person).is_ok());
    assert!(matches!(forged("aud", "another".into()), ImportError::Audience(_)));
    assert!(matches!(forged("aud", json!([REMOTE_AUDIENCE, "x"])), ImportError::Claims(_)));
    assert!(matches!(forged("exp", now.into()), ImportError::Expired));
    assert!(matches!(forged("exp", i64::MIN.into()), ImportError::Expired));
    assert!(matches!(forged("exp", (now + 12 * 3600 + 60).into()), ImportError::TooLong));
    assert!(matches!(forged("exp", i64::MAX.into()), ImportError::TooLong));
    assert!(matches!(forged("iat", (now - 12 * 3600).into()), ImportError::TooLong));
    assert!(matches!(forged("iat", i64::MIN.into()), ImportError::TooLong));
    assert!(matches!(forged("iat", (now + 400).into()), ImportError::Clock(_)));
    assert!(matches!(forged("nbf", (now + 400).into()), ImportError::Clock(_)));
    assert!(matches!(forged("nbf", i64::MAX.into()), ImportError::Clock(_)));
    for name in ["iss", "sub", "aud", "iat", "nbf", "exp"] {
        assert!(matches!(forged(name, Value::Null), ImportError::Claims(_)), "{name}");
    }
    for (name, value) in [("alg", "none"), ("alg", "HS256"), ("alg", "RS256"), ("kid", "")] {
        let error = checked(&Forged::of(&person).header(name, value.into()).signed(&person.key), &person);
        assert!(matches!(error.unwrap_err(), ImportError::Claims(_)), "{name} {value}");
    }
}

#[test]
fn a_home_of_somebody_takes_theirs_alone() {
    let person = TestUser::new();
    let stranger = SoftwareKey::generate();
    let refused = |forged: Forged, key| checked(&forged.signed(key), &person).unwrap_err();
    for (name, value) in [("iss", "https://id.example.com/bob"), ("sub", "bob")] {
        let error = refused(Forged::of(&person).with(name, value.into()), &person.key);
        assert!(matches!(error, ImportError::OtherUser { .. }), "{error}");
    }
    assert!(matches!(refused(Forged::of(&person), &stranger), ImportError::Signature));
    let unknown = Forged::of(&person).header("kid", "another".into());
    assert!(matches!(refused(unknown, &person.key), ImportError::UnknownKey));
    // Claims that were changed behind the signature.
    let honest = Forged::of(&person).signed(&person.key);
    let longer = Forged::of(&person).with("jti", "y".into()).signed(&stranger);
    let (input, _) = longer.id_token.expose().rsplit_once('.').unwrap();
    let (_, signature) = honest.id_token.expose().rsplit_once('.').unwrap();
    let mut spliced = honest.clone();
    spliced.id_token = Secret::new(format!("{input}.{signature}"));
    assert!(matches!(checked(&spliced, &person).unwrap_err(), ImportError::Signature));
}

#[test]
fn what_was_signed_for_elsewhere_is_sealed_there_and_leaves_nothing_here() {
    let person = TestUser::new();
    let key = &person.identity.keys[0];
    let duration = "4h".parse().unwrap();
    let sign = |digest: &[u8; 32]| Ok(person.key.sign(digest));
    let handover =
        Handover::sign(&person.identity, key, REMOTE_AUDIENCE, duration, Label::of("my desk"), sign).unwrap();
    assert_eq!(person.sealed(), 0);
    assert!(!format!("{handover:?}").contains(handover.id_token.expose()));

    let there = TestUser::new();
    let session =
        check(&Handover::read(handover.line().unwrap().as_bytes()).unwrap(), None, "there").unwrap();
    import(&there.home, &there.keystore, &session, false).unwrap();
    let present = there.present().unwrap();
    let Source::Imported { from, host, kid, .. } = &present.source else { panic!("{present:?}") };
    assert_eq!((from.as_str(), host.as_str(), kid), ("my-desk", "there", &key.kid));
    assert_eq!(present.expires_at.since(present.issued_at), 4 * 3600);
}

#[test]
fn only_a_newer_one_of_the_same_user_takes_the_place_of_an_imported_one() {
    let person = TestUser::new();
    let import_it = |session: &Session, replace| import(&person.home, &person.keystore, session, replace);
    import_it(&arrived(&person, 0), false).unwrap();
    for replace in [false, true] {
        assert!(matches!(import_it(&arrived(&person, -60), replace), Err(ImportError::NotNewer)));
        let bob = Session { subject: "bob".parse().unwrap(), ..arrived(&person, 60) };
        assert!(matches!(import_it(&bob, replace), Err(ImportError::Occupied { .. })));
    }
    let before = person.present().unwrap();
    assert_eq!(before.subject.as_str(), "alice");
    import_it(&arrived(&person, 60), false).unwrap();
    assert!(person.present().unwrap().issued_at > before.issued_at);
}

#[test]
fn a_session_of_this_machines_yubikey_stays_unless_told_otherwise() {
    let person = TestUser::new();
    let key = &person.identity.keys[0];
    let sign = |digest: &[u8; 32]| Ok(person.key.sign(digest));
    login(&person.home, &person.keystore, &person.identity, key, SessionDuration::default(), sign).unwrap();
    let session = arrived(&person, 60);
    let refused = import(&person.home, &person.keystore, &session, false);
    assert!(matches!(refused, Err(ImportError::YubikeySession)));
    assert_eq!(person.present().unwrap().source.kind(), "yubikey");
    import(&person.home, &person.keystore, &session, true).unwrap();
    assert_eq!(person.present().unwrap().source.kind(), "imported");
}
