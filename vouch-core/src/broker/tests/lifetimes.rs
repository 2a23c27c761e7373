//! How long what is asked for lives, and when it is fetched again.

use super::*;

#[test]
fn tokens_are_asked_for_as_long_as_the_session_and_the_use_allow() {
    use Lifetime::{Request, Run, Session};

    let hours = 3600;
    for (lifetime, rest, duration, min_remaining) in [
        (Request, 8 * hours, 3600, 120),
        (Request, 1800, 1800, 120),
        (Request, 60, 900, 120),
        (Run, 8 * hours, 3600, 1800),
        (Run, 2000, 2000, 1000),
        (Run, 60, 900, 450),
        (Session, 8 * hours, 28800, 25920),
        (Session, 14 * hours, 43200, 38880),
        (Session, 60, 900, 810),
        (Session, -5, 900, 810),
    ] {
        assert_eq!(lifetime.duration(rest), duration, "{lifetime:?} {rest}");
        assert_eq!(lifetime.min_remaining(duration), min_remaining, "{lifetime:?} {rest}");
    }
    let person = TestUser::with_session(Fake::default(), 2 * hours);
    person.token(&target(), Session).unwrap();
    let asked = person.fake.asked.lock().unwrap()[0];
    assert!((7199..=7200).contains(&asked), "{asked}");
}

#[test]
fn a_token_with_too_little_left_is_fetched_anew() {
    for (lifetime, life, again) in [
        (Lifetime::Request, 60, true),
        (Lifetime::Request, 600, false),
        (Lifetime::Run, 400, true),
        (Lifetime::Run, 1900, false),
        // All that AWS gives: another call brings no more.
        (Lifetime::Session, 7 * 3600, false),
        (Lifetime::Session, 8 * 3600, false),
    ] {
        let person = TestUser::new(Fake { life: Some(life), ..Fake::default() });
        let first = person.token(&target(), lifetime).unwrap();
        assert!((life - 1..=life).contains(&first.expires_at.since(UnixTime::now())), "as it was answered");
        let second = person.token(&target(), lifetime).unwrap();
        assert_eq!(first != second, again, "{lifetime:?} {life}");
        // The role's credentials had enough.
        assert_eq!(person.calls(), (1, 1 + usize::from(again)));
    }
}

#[test]
fn role_credentials_with_too_little_left_are_fetched_anew() {
    let person = TestUser::new(Fake::default());
    let role = target().role;
    let vault = person.vault();
    for (left, calls) in [(290, 1), (310, 1)] {
        let expires_at = UnixTime::now().plus(left);
        let stale = RoleCredentials {
            access_key_id: "ASIASTALE".into(),
            secret_access_key: Secret::new("secret".into()),
            session_token: Secret::new("session".into()),
            expires_at,
        };
        vault.write(&role_entry(&role), &stale, expires_at).unwrap();
        let session = Session::read(&vault, &person.home).unwrap();
        let broker = person.broker();
        let connect = |deadline| (broker.connect)(&person.home, deadline);
        let found = SingleFlight::begin(&vault)
            .role_credentials(&session, &role, RoleUse::Exchange, None, connect)
            .unwrap();
        assert_eq!(found.access_key_id == "ASIASTALE", left > 300);
        assert_eq!(person.calls().0, calls);
    }
}

#[test]
fn a_token_for_longer_than_the_policy_allows_is_asked_for_once_more() {
    let fake = Fake { bearer_limit: Some(USUAL_BEARER_LIMIT), ..Fake::default() };
    let person = TestUser::with_session(fake, 12 * 3600);
    let token = person.token(&target(), Lifetime::Session).unwrap();
    let left = token.expires_at.since(UnixTime::now());
    assert!((28_799..=28_800).contains(&left), "{left}");
    // The next caller neither fetches anew nor is refused first.
    assert_eq!(person.token(&target(), Lifetime::Session).unwrap(), token);
    assert_eq!(person.calls(), (1, 2));
    let name = token_entry(&target(), Lifetime::Session);
    person.vault().remove(&name);
    person.token(&target(), Lifetime::Session).unwrap();
    let asked = person.fake.asked.lock().unwrap().clone();
    assert_eq!(asked.len(), 3, "{asked:?}");
    assert!(asked[0] > 43_000 && asked[1] == 28_800 && (28_799..=28_800).contains(&asked[2]), "{asked:?}");
}

#[test]
fn a_token_that_the_usual_limit_would_not_help_is_refused_at_once() {
    let person = TestUser::new(Fake { bearer_limit: Some(0), ..Fake::default() });
    let error = person.token(&target(), Lifetime::Session).unwrap_err();
    assert!(matches!(error, Error::Exchange(ExchangeError::BearerTokenRefused { .. })), "{error:?}");
    assert_eq!(person.calls(), (1, 1));
    let hint = error.hint().unwrap();
    assert!(hint.contains("sts:DurationSeconds") && hint.contains("28800"), "{hint}");
}

#[test]
fn role_credentials_that_are_handed_out_have_most_of_their_life() {
    for (usage, left, again) in [
        (RoleUse::Exchange, 290, true),
        (RoleUse::Exchange, 310, false),
        (RoleUse::Environment, 3200, true),
        (RoleUse::Environment, 3300, false),
        (RoleUse::Process, 15 * 60, true),
        (RoleUse::Process, 19 * 60, true),
        (RoleUse::Process, 21 * 60, false),
    ] {
        let person = TestUser::new(Fake::default());
        let role = target().role;
        let expires_at = UnixTime::now().plus(left);
        let planted = RoleCredentials {
            access_key_id: "ASIAPLANTED".into(),
            secret_access_key: Secret::new("secret".into()),
            session_token: Secret::new("session".into()),
            expires_at,
        };
        person.vault().write(&role_entry(&role), &planted, expires_at).unwrap();
        let given = person.broker().role_credentials_in(&person.vault(), &role, usage).unwrap();
        assert_eq!(given.access_key_id != "ASIAPLANTED", again, "{usage:?} {left}");
    }
}

#[test]
fn a_role_that_gives_less_than_asked_is_not_asked_for_each_call() {
    let person = TestUser::new(Fake { role_limit: Some(3600), ..Fake::default() });
    let role = Role { duration: 8 * 3600, ..target().role };
    for usage in [RoleUse::Environment, RoleUse::Process, RoleUse::Environment] {
        person.broker().role_credentials_in(&person.vault(), &role, usage).unwrap();
    }
    // The first answer, and no other.
    assert_eq!(person.calls(), (1, 0));
}

#[test]
fn role_credentials_near_the_end_of_a_session_are_not_fetched_for_each_call() {
    let person = TestUser::with_session(Fake { role_limit: Some(900), ..Fake::default() }, 60);
    for _ in 0..3 {
        person.broker().role_credentials_in(&person.vault(), &target().role, RoleUse::Process).unwrap();
    }
    assert_eq!(person.calls().0, 1);
}

#[test]
fn role_credentials_of_two_durations_have_two_entries() {
    let role = target().role;
    assert_ne!(role_entry(&role), role_entry(&Role { duration: 7200, ..role.clone() }));
}

#[test]
fn role_credentials_that_codeartifact_refuses_are_fetched_anew() {
    let person = TestUser::new(Fake { forgets: AtomicUsize::new(1), ..Fake::default() });
    let error = person.token(&target(), Lifetime::Request).unwrap_err();
    assert!(matches!(error, Error::Exchange(ExchangeError::CredentialsRefused { .. })), "{error:?}");
    thread::sleep(Duration::from_millis(BURST + 50));
    person.token(&target(), Lifetime::Request).unwrap();
    assert_eq!(person.calls(), (2, 2));
}
