//! Forty processes at once on a cold vault: one fetch, or one failure.

use std::fs;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use vouch_e2e::{Sandbox, helper, in_sandbox};

const CALLERS: usize = 40;

/// Asks with all callers at once.
fn all() -> Vec<Result<Value, Value>> {
    let asked: Vec<_> = (0..CALLERS).map(|_| helper::ask(helper::INDEX)).collect();
    asked.into_iter().map(helper::Asked::answer).collect()
}

fn upstream(sandbox: &Sandbox) -> (u64, u64) {
    (sandbox.count("/requests/sts"), sandbox.count("/requests/codeartifact"))
}

#[test]
fn a_cold_vault_costs_one_fetch() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let answers = all();
        let first = answers[0].clone().unwrap();
        assert!(first["token"].as_str().unwrap().len() > 100);
        assert!(answers.iter().all(|answer| answer.as_ref() == Ok(&first)));
        assert_eq!(upstream(sandbox), (1, 1));
    });
}

#[test]
fn a_holder_that_is_killed_does_not_stop_the_others() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        // The first one hangs at STS with the lock in its hand.
        sandbox.ctl(&["fault", "sts", "--hang", "--times", "1"]);
        let mut holder = helper::ask(helper::INDEX);
        wait_until(|| sandbox.count("/requests/sts") == 1);
        let others: Vec<_> = (1..CALLERS).map(|_| helper::ask(helper::INDEX)).collect();
        std::thread::sleep(Duration::from_millis(300));
        kill(Pid::from_raw(i32::try_from(holder.0.id()).unwrap()), Signal::SIGKILL).unwrap();
        holder.0.wait().unwrap();
        let answers: Vec<_> = others.into_iter().map(helper::Asked::answer).collect();
        let first = answers[0].clone().unwrap();
        assert!(answers.iter().all(|answer| answer.as_ref() == Ok(&first)));
        assert_eq!(upstream(sandbox), (2, 1));
        let left: Vec<_> = fs::read_dir(sandbox.file(".vouch/vault"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| !name.ends_with(".sealed") && !name.ends_with(".lock"))
            .collect();
        assert_eq!(left, Vec::<String>::new(), "no temporary file is left");
    });
}

#[test]
fn a_refusal_is_shared() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        sandbox.ctl(&["fault", "sts", "--status", "403", "--code", "AccessDenied"]);
        let answers = all();
        let first = answers[0].clone().unwrap_err();
        assert!(first.to_string().contains("AccessDenied"), "{first}");
        assert!(answers.iter().all(|answer| answer.as_ref() == Err(&first)));
        let (sts, codeartifact) = upstream(sandbox);
        assert!((1..=2).contains(&sts) && codeartifact == 0, "{sts} {codeartifact}");
    });
}

#[test]
fn a_hanging_sts_is_waited_for_once() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        sandbox.ctl(&["fault", "sts", "--hang"]);
        let start = Instant::now();
        let answers = all();
        assert!(start.elapsed() < Duration::from_secs(21), "{:?}", start.elapsed());
        let first = answers[0].clone().unwrap_err();
        assert!(first.to_string().contains("sts.us-east-1.amazonaws.com"), "{first}");
        assert!(answers.iter().all(|answer| answer.as_ref() == Err(&first)), "{answers:?}");
        let (sts, codeartifact) = upstream(sandbox);
        assert!((1..=2).contains(&sts) && codeartifact == 0, "{sts} {codeartifact}");
    });
}

#[test]
fn a_warm_vault_costs_nothing() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        helper::ask(helper::INDEX).answer().unwrap();
        sandbox.ctl(&["reset"]);
        assert!(all().iter().all(Result::is_ok));
        assert_eq!(upstream(sandbox), (0, 0));
    });
}

fn wait_until(mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(10));
        std::thread::sleep(Duration::from_millis(20));
    }
}
