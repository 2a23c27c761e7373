//! The broker against a fake AWS: who asks it, how often, and what everybody gets.

mod lifetimes;
mod sharing;

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use super::entries::*;
use super::single_flight::*;
use super::*;
use crate::exchange::{Refusal, Service, USUAL_BEARER_LIMIT};
use crate::failure::{Diagnostic, ErrorKind, Failure};
use crate::http;
use crate::keystore::SessionKey;
use crate::secret::Secret;
use crate::session::SessionError;
use crate::session::Source;
use crate::vault::EntryName;
use crate::verdict::Verdict;

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
    /// CodeArtifact does not know the domain of this many calls.
    lacks: AtomicUsize,
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
        assert_eq!(session.source.id_token().unwrap().expose(), "id token");
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
        if self.0.lacks.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() {
            return Err(ExchangeError::NoDomain { domain: domain.clone(), source: source() });
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
fn what_aws_says_of_a_domain_is_noted_and_other_failures_are_not() {
    let config: Config = serde_json::from_value(serde_json::json!({
        "version": 1,
        "aws": { "profiles": { "vouch": {
            "role_arn": "arn:aws:iam::123456789012:role/CodeArtifact", "region": "us-east-1"
        } } },
        "codeartifact": { "profiles": { "default": {
            "domain": "my-domain", "domain_owner": "123456789012", "region": "us-east-1"
        } } }
    }))
    .unwrap();
    let verdict =
        |person: &TestUser| Verdict::of(&person.home, &config, config.profile_named("default").unwrap());
    for fake in [
        Fake { refuses: true, ..Fake::default() },
        Fake { bearer_limit: Some(1), ..Fake::default() },
        Fake { forgets: AtomicUsize::new(1), ..Fake::default() },
    ] {
        let person = TestUser::new(fake);
        person.token(&target(), Lifetime::Request).unwrap_err();
        assert_eq!(verdict(&person), Verdict::Unasked);
    }
    let person = TestUser::new(Fake { lacks: AtomicUsize::new(1), ..Fake::default() });
    person.token(&target(), Lifetime::Request).unwrap_err();
    assert_eq!(verdict(&person), Verdict::Refused);
    thread::sleep(Duration::from_millis(BURST + 50));
    person.token(&target(), Lifetime::Request).unwrap();
    assert_eq!(verdict(&person), Verdict::Answered);
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
