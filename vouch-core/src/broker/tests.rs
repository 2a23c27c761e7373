//! The broker against a fake AWS: who asks it, how often, and what everybody gets.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use super::*;
use crate::exchange::{Refusal, Service, USUAL_BEARER_LIMIT};
use crate::failure::{Diagnostic, ErrorKind};
use crate::keystore::SessionKey;
use crate::secret::Secret;
use crate::session::SessionError;
use crate::session::Source;

const CALLERS: usize = 40;

/// Counts its calls, takes its time, and refuses where it is told to.
#[derive(Debug, Default)]
struct Fake {
    roles: AtomicUsize,
    tokens: AtomicUsize,
    exchanges: AtomicUsize,
    /// Milliseconds of every call.
    slow: u64,
    refuses: bool,
    /// Tokens live so long, whatever was asked for.
    life: Option<i64>,
    /// The most that the role's policy allows for a token.
    bearer_limit: Option<u32>,
    /// The most that the role allows for its credentials.
    role_limit: Option<i64>,
    /// CodeArtifact refuses the credentials of this many calls.
    forgets: AtomicUsize,
    asked: std::sync::Mutex<Vec<u32>>,
}

#[derive(Debug)]
struct FakeExchange(Arc<Fake>);

impl Aws for FakeExchange {
    fn role_credentials(
        &self,
        session: &Session,
        role: &Role,
        _: Option<&Domain>,
    ) -> Result<RoleCredentials, ExchangeError> {
        let number = self.0.roles.fetch_add(1, Ordering::SeqCst);
        thread::sleep(Duration::from_millis(self.0.slow));
        assert_eq!(session.source.id_token().expose(), "id token");
        Ok(RoleCredentials {
            access_key_id: format!("ASIA{number}"),
            secret_access_key: Secret::new("secret".into()),
            session_token: Secret::new("session".into()),
            expires_at: UnixTime::now()
                .plus(i64::from(role.duration).min(self.0.role_limit.unwrap_or(i64::MAX))),
        })
    }

    fn token(
        &self,
        _: &RoleCredentials,
        role: &Role,
        domain: &Domain,
        seconds: u32,
    ) -> Result<Token, ExchangeError> {
        let number = self.0.tokens.fetch_add(1, Ordering::SeqCst);
        self.0.asked.lock().unwrap().push(seconds);
        thread::sleep(Duration::from_millis(self.0.slow));
        if self.0.refuses {
            return Err(ExchangeError::Start(std::io::Error::other("no luck")));
        }
        let source = || Box::new(refusal());
        if self.0.forgets.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
        {
            return Err(ExchangeError::CredentialsRefused { role: role.arn.clone(), source: source() });
        }
        if self.0.bearer_limit.is_some_and(|limit| seconds > limit) {
            let (role, domain) = (role.arn.clone(), domain.clone());
            return Err(ExchangeError::BearerTokenRefused { role, domain, source: source() });
        }
        let life = self.0.life.unwrap_or(seconds.into());
        Ok(Token { value: Secret::new(format!("token {number}")), expires_at: UnixTime::now().plus(life) })
    }
}

/// A logged-in person.
struct TestUser {
    dir: tempfile::TempDir,
    home: Home,
    key: SessionKey,
    fake: Arc<Fake>,
}

impl TestUser {
    fn new(fake: Fake) -> Self {
        Self::with_session(fake, 8 * 3600)
    }

    fn with_session(fake: Fake, rest: i64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path()).unwrap();
        home.create().unwrap();
        let person = Self { dir, home, key: SessionKey::generate().unwrap(), fake: Arc::new(fake) };
        let now = UnixTime::now();
        let session = Session {
            source: Source::Yubikey {
                id_token: Secret::new("id token".into()),
                kid: "kid".into(),
                serial: 1,
            },
            issued_at: now,
            expires_at: now.plus(rest),
            issuer: "https://id.example.com/alice".parse().unwrap(),
            subject: "alice".parse().unwrap(),
        };
        let vault = person.vault();
        let name = EntryName::new("session", &[vault.session_id()]);
        vault.write(&name, &session, session.expires_at).unwrap();
        assert_eq!(Session::read(&vault, &person.home).unwrap().expires_at, session.expires_at);
        person
    }

    fn vault(&self) -> Vault {
        Vault::new(&self.home, self.key.clone())
    }

    /// What another process would have.
    fn broker(&self) -> Broker {
        let fake = Arc::clone(&self.fake);
        let mut broker =
            Broker::new(self.home.clone(), Config::default(), Keystore::from_env(&self.home).unwrap());
        broker.connect = Box::new(move |_, _| {
            fake.exchanges.fetch_add(1, Ordering::SeqCst);
            Ok(Box::new(FakeExchange(Arc::clone(&fake))))
        });
        broker
    }

    fn token(&self, target: &Target, lifetime: Lifetime) -> Result<Token, Error> {
        self.broker().token_in(&self.vault(), target, lifetime)
    }

    fn calls(&self) -> (usize, usize) {
        (self.fake.roles.load(Ordering::SeqCst), self.fake.tokens.load(Ordering::SeqCst))
    }

    /// The same question from many processes at once.
    fn all(&self) -> Vec<Result<Token, Error>> {
        let start = Barrier::new(CALLERS);
        thread::scope(|scope| {
            let callers: Vec<_> = (0..CALLERS)
                .map(|_| {
                    scope.spawn(|| {
                        start.wait();
                        self.token(&target(), Lifetime::Request)
                    })
                })
                .collect();
            callers.into_iter().map(|caller| caller.join().unwrap()).collect()
        })
    }
}

fn refusal() -> Refusal {
    Refusal {
        service: Service::CodeArtifact,
        status: 403,
        code: "AccessDeniedException".into(),
        message: None,
        request_id: None,
        retry_after: None,
    }
}

fn target() -> Target {
    Target {
        domain: Domain {
            name: "my-domain".parse().unwrap(),
            owner: "123456789012".parse().unwrap(),
            region: "us-east-1".parse().unwrap(),
        },
        role: Role {
            profile: "vouch".into(),
            arn: "arn:aws:iam::123456789012:role/CodeArtifact".parse().unwrap(),
            region: "us-east-1".parse().unwrap(),
            duration: 3600,
        },
        token_prefix: String::new(),
    }
}

#[test]
fn many_callers_cost_one_fetch() {
    let person = TestUser::new(Fake { slow: 100, ..Fake::default() });
    for answer in person.all() {
        assert_eq!(answer.unwrap().value.expose(), "token 0");
    }
    assert_eq!(person.calls(), (1, 1));
    // Another process, later.
    assert_eq!(person.token(&target(), Lifetime::Run).unwrap().value.expose(), "token 0");
    assert_eq!(person.fake.exchanges.load(Ordering::SeqCst), 1);
}

#[test]
fn many_callers_share_one_failure() {
    let person = TestUser::new(Fake { slow: 100, refuses: true, ..Fake::default() });
    let failures: Vec<_> = person.all().into_iter().map(|answer| answer.unwrap_err()).collect();
    let told = failures[0].failure();
    assert_eq!(told.causes, ["no luck"]);
    assert!(failures.iter().all(|failure| failure.failure() == told && failure.kind() == ErrorKind::Other));
    assert_eq!(failures.iter().filter(|failure| matches!(failure, Error::Exchange(_))).count(), 1);
    assert_eq!(person.calls(), (1, 1));
}

#[test]
fn who_tries_again_later_asks_again() {
    let person = TestUser::new(Fake { refuses: true, ..Fake::default() });
    assert!(matches!(person.token(&target(), Lifetime::Request), Err(Error::Exchange(_))));
    assert!(matches!(person.token(&target(), Lifetime::Request), Err(Error::FromOtherProcess(_))));
    thread::sleep(Duration::from_millis(BURST + 50));
    assert!(matches!(person.token(&target(), Lifetime::Request), Err(Error::Exchange(_))));
}

#[test]
fn a_failure_from_the_future_is_none() {
    let person = TestUser::new(Fake { refuses: true, ..Fake::default() });
    let name = token_entry(&target(), Lifetime::Request);
    for (ahead, is_told) in [(0, true), (60_000, false), (3_600_000, false), (u64::MAX / 2, false)] {
        let at = milliseconds() + ahead;
        let failure = Failure::new(ErrorKind::Other, "told before the clock was set back", "");
        let recorded = RecordedFailure { failure, at, network: http::network_fingerprint() };
        person.vault().write(&name.failure(), &recorded, UnixTime::now().plus(86_400)).unwrap();
        let answer = person.token(&target(), Lifetime::Request).unwrap_err();
        assert_eq!(matches!(answer, Error::FromOtherProcess(_)), is_told, "{ahead}: {answer:?}");
    }
}

#[test]
fn who_waits_takes_over_from_a_holder_that_is_gone() {
    let person = TestUser::new(Fake::default());
    let name = token_entry(&target(), Lifetime::Request);
    let vault = person.vault();
    let lock = vault.lock_unless(&name, Instant::now(), || None::<()>).unwrap().unwrap();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| person.token(&target(), Lifetime::Request));
        thread::sleep(Duration::from_millis(100));
        assert_eq!(person.calls(), (0, 0));
        drop(lock);
        assert_eq!(waiting.join().unwrap().unwrap().value.expose(), "token 0");
    });
}

#[test]
fn who_waits_takes_what_the_holder_seals_even_if_the_lock_stays() {
    let person = TestUser::new(Fake::default());
    let name = token_entry(&target(), Lifetime::Request);
    let vault = person.vault();
    let _lock = vault.lock_unless(&name, Instant::now(), || None::<()>).unwrap().unwrap();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| person.token(&target(), Lifetime::Request));
        let expires_at = UnixTime::now().plus(3600);
        let token = Token { value: Secret::new("theirs".into()), expires_at };
        vault.write(&name, &token, expires_at).unwrap();
        assert_eq!(waiting.join().unwrap().unwrap().value.expose(), "theirs");
    });
    assert_eq!(person.calls(), (0, 0));
}

#[test]
fn everything_that_shapes_a_token_has_an_entry_of_its_own() {
    let person = TestUser::new(Fake::default());
    let mut targets = vec![target(); 6];
    targets[1].role.arn = "arn:aws:iam::123456789012:role/Other".parse().unwrap();
    targets[2].role.region = "eu-west-1".parse().unwrap();
    targets[3].domain.name = "other-domain".parse().unwrap();
    targets[4].domain.owner = "111111111111".parse().unwrap();
    targets[5].domain.region = "eu-west-1".parse().unwrap();
    for round in 0..2 {
        for (number, target) in targets.iter().enumerate() {
            let token = person.token(target, Lifetime::Request).unwrap();
            assert_eq!(token.value.expose(), &format!("token {number}"), "round {round}");
        }
    }
    assert_eq!(person.token(&target(), Lifetime::Session).unwrap().value.expose(), "token 6");
    // Role credentials serve every domain of their role.
    assert_eq!(person.calls(), (3, 7));
}

#[test]
fn a_new_session_begins_with_nothing() {
    let mut person = TestUser::new(Fake::default());
    person.token(&target(), Lifetime::Request).unwrap();
    person.key = SessionKey::generate().unwrap();
    let error = person.token(&target(), Lifetime::Request).unwrap_err();
    assert!(matches!(error, Error::Session(SessionError::NotLoggedIn)), "{error:?}");
    assert_eq!(person.calls(), (1, 1));
}

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
fn a_vault_that_cannot_be_written_does_not_lose_the_token() {
    let person = TestUser::new(Fake::default());
    let name = token_entry(&target(), Lifetime::Request);
    // Folders in the place of entry and lock: neither can be written, by root either.
    for suffix in ["sealed", "lock"] {
        let path = person.home.vault().join(format!("{name}.{suffix}"));
        fs::create_dir(&path).unwrap();
        fs::write(path.join("inside"), "").unwrap();
    }
    for number in 0..2 {
        let token = person.token(&target(), Lifetime::Request).unwrap();
        assert_eq!(token.value.expose(), &format!("token {number}"));
    }
    assert!(person.dir.path().exists());
}

/// A vault that keeps nothing: neither entries nor failures can take the place of a directory.
fn unwritable(person: &TestUser) {
    for name in [token_entry(&target(), Lifetime::Request), role_entry(&target().role)] {
        for name in [&name, &name.failure()] {
            let path = person.home.vault().join(format!("{name}.sealed"));
            fs::create_dir(&path).unwrap();
            fs::write(path.join("inside"), "").unwrap();
        }
    }
}

#[test]
fn a_vault_that_keeps_nothing_is_no_queue() {
    for refuses in [false, true] {
        let person = TestUser::new(Fake { slow: 200, refuses, ..Fake::default() });
        unwritable(&person);
        let began = Instant::now();
        let answers = person.all();
        assert!(answers.iter().all(|answer| answer.is_err() == refuses), "{answers:?}");
        // One after the other they would take 8 seconds and more.
        assert!(began.elapsed() < Duration::from_secs(4), "{refuses}: {:?}", began.elapsed());
    }
}

#[test]
fn who_had_too_little_time_left_says_that_it_waited() {
    let person = TestUser::new(Fake::default());
    let vault = person.vault();
    let late = |kind: fn() -> http::HttpError, left: Duration| {
        let mut flight = SingleFlight::begin(&vault);
        flight.deadline = Instant::now() + left;
        let name = EntryName::new("token", &["late"]);
        let fetch = |_: &SingleFlight<'_>, _: Instant| {
            Err(ExchangeError::Http { service: Service::Sts, source: kind() }.into())
        };
        let error = flight.get_or_fetch(&name, |_: &u8| true, |_| UnixTime::now(), fetch).unwrap_err();
        (error, vault.read::<RecordedFailure>(&name.failure()).is_some())
    };
    let slow = || http::HttpError::AnswerTimedOut { host: "sts.us-east-1.amazonaws.com".into() };
    let (error, is_told) = late(slow, Duration::from_secs(3));
    let failure = error.failure();
    assert!(matches!(error, Error::OutOfTime(_)) && !is_told, "{error:?}");
    assert!(
        failure.message.starts_with("17 s went by") || failure.message.starts_with("16 s"),
        "{failure:?}"
    );
    assert!(failure.causes.iter().any(|cause| cause.contains("no answer from sts")), "{failure:?}");
    // Who had all the time, or met something else, says just that.
    let other = || http::HttpError::Garbage { host: "h".into(), source: "x".into() };
    assert!(matches!(late(other, Duration::from_secs(3)).0, Error::Exchange(_)));
}

#[test]
fn a_session_that_is_over_still_serves_what_it_fetched() {
    let person = TestUser::with_session(Fake::default(), 2);
    let token = person.token(&target(), Lifetime::Request).unwrap();
    thread::sleep(Duration::from_millis(2100));
    assert_eq!(person.token(&target(), Lifetime::Request).unwrap(), token);
    let error = person.token(&target(), Lifetime::Run).unwrap_err();
    assert!(matches!(error, Error::Session(SessionError::Expired { .. })), "{error:?}");
}

#[test]
fn no_debug_output_shows_a_secret() {
    let person = TestUser::new(Fake::default());
    let token = person.token(&target(), Lifetime::Request).unwrap();
    let credentials: RoleCredentials = person.vault().read(&role_entry(&target().role)).unwrap();
    let shown = format!("{token:?} {credentials:?} {:?}", person.broker());
    for secret in ["token 0", "\"secret\"", "\"session\"", "id token"] {
        assert!(!shown.contains(secret), "{shown}");
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
