//! Forty processes at once on a cold vault: one fetch, or one failure.

use std::fs;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use vouch_e2e::{Bed, helper, in_sandbox};

const CALLERS: usize = 40;

/// Asks with all callers at once.
fn all() -> Vec<Result<Value, Value>> {
    let asked: Vec<_> = (0..CALLERS).map(|_| helper::ask(helper::INDEX)).collect();
    asked.into_iter().map(helper::Asked::answer).collect()
}

fn upstream(bed: &Bed) -> (u64, u64) {
    (bed.count("/requests/sts"), bed.count("/requests/codeartifact"))
}

#[test]
fn a_cold_vault_costs_one_fetch() {
    in_sandbox(&[], |bed| {
        bed.ready();
        let answers = all();
        let first = answers[0].clone().unwrap();
        assert!(first["token"].as_str().unwrap().len() > 100);
        assert!(answers.iter().all(|answer| answer.as_ref() == Ok(&first)));
        assert_eq!(upstream(bed), (1, 1));
    });
}

#[test]
fn a_holder_that_is_killed_does_not_stop_the_others() {
    in_sandbox(&[], |bed| {
        bed.ready();
        // The first one hangs at STS with the lock in its hand.
        bed.ctl(&["fault", "sts", "--hang", "--times", "1"]);
        let mut holder = helper::ask(helper::INDEX);
        wait_until(|| bed.count("/requests/sts") == 1);
        let others: Vec<_> = (1..CALLERS).map(|_| helper::ask(helper::INDEX)).collect();
        std::thread::sleep(Duration::from_millis(300));
        kill(Pid::from_raw(i32::try_from(holder.0.id()).unwrap()), Signal::SIGKILL).unwrap();
        holder.0.wait().unwrap();
        let answers: Vec<_> = others.into_iter().map(helper::Asked::answer).collect();
        let first = answers[0].clone().unwrap();
        assert!(answers.iter().all(|answer| answer.as_ref() == Ok(&first)));
        assert_eq!(upstream(bed), (2, 1));
        let left: Vec<_> = fs::read_dir(bed.file(".vouch/vault"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| !name.ends_with(".sealed") && !name.ends_with(".lock"))
            .collect();
        assert_eq!(left, Vec::<String>::new(), "no temporary file is left");
    });
}

#[test]
fn a_refusal_is_shared() {
    in_sandbox(&[], |bed| {
        bed.ready();
        bed.ctl(&["fault", "sts", "--status", "403", "--code", "AccessDenied"]);
        let answers = all();
        let first = answers[0].clone().unwrap_err();
        assert!(first.to_string().contains("AccessDenied"), "{first}");
        assert!(answers.iter().all(|answer| answer.as_ref() == Err(&first)));
        let (sts, codeartifact) = upstream(bed);
        assert!((1..=2).contains(&sts) && codeartifact == 0, "{sts} {codeartifact}");
    });
}

#[test]
fn a_hanging_sts_is_waited_for_once() {
    in_sandbox(&[], |bed| {
        bed.ready();
        bed.ctl(&["fault", "sts", "--hang"]);
        let start = Instant::now();
        let answers = all();
        assert!(start.elapsed() < Duration::from_secs(21), "{:?}", start.elapsed());
        let first = answers[0].clone().unwrap_err();
        assert!(first.to_string().contains("sts.us-east-1.amazonaws.com"), "{first}");
        assert!(answers.iter().all(|answer| answer.as_ref() == Err(&first)), "{answers:?}");
        let (sts, codeartifact) = upstream(bed);
        assert!((1..=2).contains(&sts) && codeartifact == 0, "{sts} {codeartifact}");
    });
}

#[test]
fn a_warm_vault_costs_nothing() {
    in_sandbox(&[], |bed| {
        bed.ready();
        helper::ask(helper::INDEX).answer().unwrap();
        bed.ctl(&["reset"]);
        assert!(all().iter().all(Result::is_ok));
        assert_eq!(upstream(bed), (0, 0));
    });
}

fn wait_until(mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(10));
        std::thread::sleep(Duration::from_millis(20));
    }
}
