use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};
use serde_json::Value;
use software_key::SoftwareKey;

use super::*;

/// A user with a home, a keystore of their own and a key in software.
fn public_key(key: &SoftwareKey) -> crate::identity::SigningKey {
    crate::identity::SigningKey::from_point(&key.point()).unwrap()
}

pub(super) struct TestUser {
    _dir: tempfile::TempDir,
    /// Where the keystore keeps its file.
    runtime: tempfile::TempDir,
    pub(super) home: Home,
    pub(super) keystore: Keystore,
    pub(super) identity: Identity,
    pub(super) key: SoftwareKey,
}

impl TestUser {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path().join("vouch")).unwrap();
        home.create().unwrap();
        let runtime = tempfile::tempdir_in("/dev/shm").unwrap();
        fs::set_permissions(runtime.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let keystore = Keystore::in_folder(runtime.path(), &home).unwrap();
        let key = SoftwareKey::generate();
        let identity = serde_json::from_value(serde_json::json!({
            "issuer": "https://id.example.com/alice",
            "subject": "alice",
            "keys": [{ "serial": 12345678, "slot": "82", "kid": public_key(&key).thumbprint(), "public_key": public_key(&key) }],
        }));
        Self { _dir: dir, runtime, home, keystore, identity: identity.unwrap(), key }
    }

    fn login_with(
        &self,
        sign: impl FnOnce(&[u8; 32]) -> Result<[u8; 64], crate::Failure>,
    ) -> Result<Session, SessionError> {
        let enrolled = &self.identity.keys[0];
        login(&self.home, &self.keystore, &self.identity, enrolled, SessionDuration::default(), sign)
    }

    fn login(&self) -> Session {
        self.login_with(|digest| Ok(self.key.sign(digest))).unwrap()
    }

    pub(super) fn present(&self) -> Result<Session, SessionError> {
        Session::read(&open(&self.home, &self.keystore)?, &self.home)
    }

    pub(super) fn sealed(&self) -> usize {
        vault::sealed_files(&self.home).unwrap().len()
    }
}

fn token_name() -> EntryName {
    EntryName::new("token", &["a"])
}

/// Whether the session is `before` and still opens what was sealed under it.
fn assert_untouched(person: &TestUser, before: &Session) {
    let vault = open(&person.home, &person.keystore).unwrap();
    let session = Session::read(&vault, &person.home).unwrap();
    assert_eq!(session.source.id_token().unwrap(), before.source.id_token().unwrap());
    assert_eq!(vault.read::<String>(&token_name()).as_deref(), Some("sealed before"));
}

fn logged_in() -> (TestUser, Session) {
    let person = TestUser::new();
    let session = person.login();
    let vault = open(&person.home, &person.keystore).unwrap();
    vault.write(&token_name(), &"sealed before", session.expires_at).unwrap();
    (person, session)
}

#[test]
fn without_a_login_there_is_no_session() {
    let person = TestUser::new();
    assert!(matches!(person.present().unwrap_err(), SessionError::NotLoggedIn));
    assert!(!logout(&person.home, &person.keystore).unwrap());
}

#[test]
fn a_session_from_the_future_is_none() {
    let person = TestUser::new();
    let session = person.login();
    let vault = open(&person.home, &person.keystore).unwrap();
    for (ahead, is_one) in
        [(-60, true), (0, true), (290, true), (310, false), (86_400, false), (i64::MAX / 2, false)]
    {
        let issued_at = UnixTime::now().plus(ahead);
        let planted = Session { issued_at, expires_at: issued_at.plus(8 * 3600), ..session.clone() };
        vault.write(&entry(&vault), &planted, planted.expires_at).unwrap();
        match person.present() {
            Ok(_) => assert!(is_one, "{ahead}"),
            Err(SessionError::NotYetValid { issued_at: told }) => {
                assert!(!is_one && told == issued_at, "{ahead}")
            }
            Err(other) => panic!("{ahead}: {other}"),
        }
    }
    // A login by the clock as it is mends it.
    person.login();
    person.present().unwrap();
}

#[test]
fn a_failed_touch_leaves_the_session_as_it_was() {
    let (person, before) = logged_in();
    let error = person.login_with(|_| Err(SessionError::IdToken.into())).unwrap_err();
    assert!(matches!(error, SessionError::Signer(_)));
    assert_untouched(&person, &before);
}

#[test]
fn the_signature_of_another_key_is_refused_and_leaves_the_session_as_it_was() {
    let (person, before) = logged_in();
    let other = SoftwareKey::generate();
    let error = person.login_with(|digest| Ok(other.sign(digest))).unwrap_err();
    assert!(
        matches!(&error, SessionError::KeyMismatch { serial: 12_345_678, slot } if slot == "82"),
        "{error}"
    );
    let error = person.login_with(|_| Ok([0; 64])).unwrap_err();
    assert!(matches!(error, SessionError::KeyMismatch { .. }));
    assert_untouched(&person, &before);
}

#[test]
fn a_folder_that_takes_no_file_leaves_the_session_as_it_was() {
    let (person, before) = logged_in();
    let (vault, away) = (person.home.vault(), person.home.path().join("away"));
    let error = person
        .login_with(|digest| {
            fs::rename(&vault, &away).unwrap();
            fs::write(&vault, b"in the way").unwrap();
            Ok(person.key.sign(digest))
        })
        .unwrap_err();
    assert!(matches!(error, SessionError::Vault(_)), "{error}");
    fs::remove_file(&vault).unwrap();
    fs::rename(&away, &vault).unwrap();
    assert_untouched(&person, &before);
}

#[test]
fn a_folder_that_takes_no_lock_costs_no_touch() {
    let person = TestUser::new();
    fs::create_dir(person.home.vault().join("login.lock")).unwrap();
    let error = person.login_with(|_| panic!("asked for a touch")).unwrap_err();
    assert!(matches!(error, SessionError::Vault(VaultError::Write { .. })), "{error}");
}

#[test]
fn a_session_file_that_cannot_be_written_leaves_the_session_as_it_was() {
    let (person, before) = logged_in();
    let key = SessionKey::generate().unwrap();
    let name = entry(&Vault::new(&person.home, key.clone()));
    let in_the_way = person.home.vault().join(format!("{name}.sealed"));
    fs::create_dir_all(in_the_way.join("full")).unwrap();
    let error = replace(&person.home, &person.keystore, &before, &key).unwrap_err();
    assert!(matches!(error, SessionError::Vault(VaultError::Write { .. })), "{error}");
    assert_untouched(&person, &before);
}

#[test]
fn a_keystore_that_takes_no_key_leaves_the_session_as_it_was_and_no_file() {
    let (person, before) = logged_in();
    let files = person.sealed();
    let unfinished = person.runtime.path().join("vouch").join(format!(".{}.vouch-new", person.home.id()));
    fs::create_dir_all(unfinished.join("in the way")).unwrap();
    let error = person.login_with(|digest| Ok(person.key.sign(digest))).unwrap_err();
    assert!(matches!(error, SessionError::Keystore(_)), "{error}");
    assert_eq!(person.sealed(), files);
    assert_untouched(&person, &before);
}

#[test]
fn a_keystore_that_does_not_work_costs_no_touch() {
    let person = TestUser::new();
    fs::create_dir_all(person.runtime.path().join("vouch").join(person.home.id())).unwrap();
    let error = person.login_with(|_| panic!("asked for a touch")).unwrap_err();
    assert!(matches!(error, SessionError::Keystore(KeystoreError::Io { .. })), "{error}");
}

#[test]
fn a_login_ends_the_session_before_and_removes_what_it_left() {
    let (person, before) = logged_in();
    let old = open(&person.home, &person.keystore).unwrap();
    let new = person.login();
    assert_ne!(new.source.id_token().unwrap(), before.source.id_token().unwrap());
    assert_eq!(person.present().unwrap().source.id_token().unwrap(), new.source.id_token().unwrap());
    assert_eq!(person.sealed(), 1);
    assert_eq!(old.read::<String>(&token_name()), None);
    assert!(matches!(Session::read(&old, &person.home).unwrap_err(), SessionError::NotLoggedIn));
}

#[test]
fn logins_at_the_same_time_leave_one_whole_session() {
    let person = TestUser::new();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| person.login());
        }
    });
    person.present().unwrap();
    assert_eq!(person.sealed(), 1);
}

#[test]
fn logout_leaves_nothing_that_opens() {
    let (person, _) = logged_in();
    let vault = open(&person.home, &person.keystore).unwrap();
    assert!(logout(&person.home, &person.keystore).unwrap());
    assert_eq!(person.sealed(), 0);
    assert!(matches!(open(&person.home, &person.keystore).unwrap_err(), SessionError::NotLoggedIn));
    assert!(matches!(Session::read(&vault, &person.home).unwrap_err(), SessionError::NotLoggedIn));
    assert!(!logout(&person.home, &person.keystore).unwrap());
}

#[test]
fn an_expired_session_is_told_from_none() {
    let (person, before) = logged_in();
    let end = UnixTime::now().plus(-5);
    let key = SessionKey::generate().unwrap();
    replace(&person.home, &person.keystore, &Session { expires_at: end, ..before }, &key).unwrap();
    let expired = |error: SessionError| {
        assert!(matches!(error, SessionError::Expired { at: Some(at) } if at == end), "{error}");
    };
    // The keystore still has the key, as one that knows no time-out.
    expired(person.present().unwrap_err());
    assert!(!logout_keeping_files(&person));
    expired(open(&person.home, &person.keystore).unwrap_err());
}

/// As a keystore that has let go of the key in time.
fn logout_keeping_files(person: &TestUser) -> bool {
    person.keystore.delete().unwrap();
    person.keystore.load().is_ok()
}

#[test]
fn an_altered_session_file_is_no_session() {
    let (person, _) = logged_in();
    let vault = open(&person.home, &person.keystore).unwrap();
    let file = person.home.vault().join(format!("{}.sealed", entry(&vault)));
    let mut bytes = fs::read(&file).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&file, bytes).unwrap();
    assert!(matches!(person.present().unwrap_err(), SessionError::NotLoggedIn));
}

#[test]
fn the_token_has_the_claims_that_sts_accepts_and_no_others() {
    let person = TestUser::new();
    let (earliest, session, latest) = (UnixTime::now(), person.login(), UnixTime::now());
    let token = session.source.id_token().unwrap().expose();
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts[..] else { panic!("{} parts", parts.len()) };
    assert_eq!(
        json(header),
        serde_json::json!({ "alg": "ES256", "kid": public_key(&person.key).thumbprint(), "typ": "JWT" })
    );
    let claims = json(claims);
    let iat = claims["iat"].as_i64().unwrap();
    assert!((earliest.0..=latest.0).contains(&iat));
    let jti = claims["jti"].as_str().unwrap();
    assert_eq!(URL_SAFE_NO_PAD.decode(jti).unwrap().len(), 16);
    assert_eq!(
        claims,
        serde_json::json!({
            "iss": "https://id.example.com/alice", "sub": "alice", "aud": "sts.amazonaws.com",
            "iat": iat, "nbf": iat, "exp": iat + 28800, "jti": jti, "amr": ["hwk", "pin", "user"],
        })
    );
    assert_eq!((session.issued_at, session.expires_at), (UnixTime(iat), UnixTime(iat + 28800)));
    let (input, _) = token.rsplit_once('.').unwrap();
    let signature = Signature::from_slice(&URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
    VerifyingKey::from(public_key(&person.key).public_key()).verify(input.as_bytes(), &signature).unwrap();
}

#[test]
fn two_tokens_are_never_the_same() {
    let person = TestUser::new();
    let id = |session: Session| {
        json(session.source.id_token().unwrap().expose().split('.').nth(1).unwrap())["jti"].clone()
    };
    assert_ne!(id(person.login()), id(person.login()));
}

#[test]
fn the_token_is_neither_shown_nor_readable_on_disk() {
    let person = TestUser::new();
    let session = person.login();
    let token = session.source.id_token().unwrap().expose();
    assert!(!format!("{session:?}").contains(token.as_str()));
    for file in vault::sealed_files(&person.home).unwrap() {
        assert!(!contains(&file, token.as_bytes()));
        assert!(!contains(&file, b"alice"));
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}

fn contains(file: &Path, needle: &[u8]) -> bool {
    fs::read(file).unwrap().windows(needle.len()).any(|window| window == needle)
}

fn json(part: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}
