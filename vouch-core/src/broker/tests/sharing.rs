//! Many callers of one credential, and a vault that keeps nothing.

use super::*;

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
