//! The static token's renewal: killed at any moment, many at once, and while installations run beside it.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use vouch_e2e::node::{self, Client};
use vouch_e2e::{Bed, Running, in_sandbox};

/// A world whose tokens live for half a minute, so that each renewal fetches one and an expiry can be waited for.
const SHORT: [&str; 2] = ["--config", concat!(env!("CARGO_MANIFEST_DIR"), "/worlds/short-tokens.json")];

const NPM: Client = Client("npm-10");

/// Kills that have to hit.
const KILLS: usize = 200;

fn begin(bed: &Bed) {
    bed.enroll();
    bed.log_in();
    bed.write(".npmrc", "; mine\nfund=false\n\n[section]\na=b");
    let _ = NPM.set_up(bed, &[]).ok();
}

fn refresh(bed: &Bed) -> Running {
    bed.run("npm-token-vouch").arg("refresh").start()
}

/// The file without the token, and the token.
fn parts(text: &str) -> (String, String) {
    let token = text.lines().find_map(|line| line.split_once(":_authToken=")).expect("a token").1;
    (text.replace(token, "TOKEN"), token.to_owned())
}

/// Every file of the home and of Vouch's folder, the vault's included.
fn files(bed: &Bed) -> BTreeSet<String> {
    let list = |folder: &str| {
        let entries = fs::read_dir(bed.file(folder)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.map(|name| format!("{folder}/{name}")).collect::<Vec<_>>()
    };
    [".", ".vouch", ".vouch/vault"].into_iter().flat_map(list).collect()
}

fn send(running: &Running, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(running.child.id()).unwrap()), signal).unwrap();
}

#[test]
fn a_refresh_that_is_killed_leaves_the_old_file_or_the_new_one() {
    in_sandbox(&SHORT, |bed| {
        begin(bed);
        let took = (0..3).map(|_| refresh(bed).wait().expect_code(0).took).max().unwrap();
        let known = files(bed);
        let (frame, mut token) = parts(&bed.read(".npmrc"));
        let length = token.len();
        let (mut killed, mut renewed, mut tried) = (0, 0, 0);
        while killed < KILLS {
            assert!(tried < 2000, "only {killed} of {tried} were killed while they worked");
            let running = refresh(bed);
            // The golden ratio spreads any number of moments evenly over the run.
            let share = (f64::from(tried) * 0.618_033_988_75).fract();
            std::thread::sleep(took.mul_f64(share));
            send(&running, Signal::SIGKILL);
            killed += usize::from(running.wait().code == 128 + 9);
            tried += 1;
            let text = bed.read(".npmrc");
            let (now, new) = parts(&text);
            assert_eq!((&now, new.len()), (&frame, length), "after {tried} kills: {now}");
            renewed += u32::from(new != token);
            token = new;
            assert_eq!(fs::metadata(bed.file(".npmrc")).unwrap().permissions().mode() & 0o777, 0o600);
        }
        println!("{killed} of {tried} were killed; {renewed} had replaced the file");
        assert!(renewed > 0, "no kill came late");
        assert!(renewed < tried, "no kill came early");
        let _ = refresh(bed).wait().expect_code(0);
        let left: Vec<_> = files(bed).difference(&known).cloned().collect();
        assert_eq!(left, Vec::<String>::new(), "nothing is left behind");
        let _ = NPM.run(bed, &["ping"]).ok();
    });
}

#[test]
fn twenty_refreshes_at_once_fetch_once() {
    in_sandbox(&[], |bed| {
        begin(bed);
        let (frame, old) = parts(&bed.read(".npmrc"));
        // As on the morning of a new session, before anything was fetched.
        for entry in fs::read_dir(bed.file(".vouch/vault")).unwrap().flatten() {
            let name = entry.file_name().into_string().unwrap();
            if name.starts_with("token") || name.starts_with("role") {
                fs::remove_file(entry.path()).unwrap();
            }
        }
        let known = files(bed);
        bed.ctl(&["reset"]);
        let all: Vec<_> = (0..20).map(|_| refresh(bed)).collect();
        for running in all {
            let _ = running.wait().expect_code(0);
        }
        assert_eq!((bed.count("/requests/sts"), bed.count("/requests/codeartifact")), (1, 1));
        let (now, new) = parts(&bed.read(".npmrc"));
        assert_eq!(now, frame);
        assert_ne!(new, old);
        let left: Vec<_> = files(bed).difference(&known).cloned().collect();
        assert!(left.iter().all(|name| name.starts_with(".vouch/vault/")), "{left:?}");
        let _ = NPM.run(bed, &["ping"]).ok();
    });
}

#[test]
fn installations_beside_a_watcher_never_fail() {
    in_sandbox(&SHORT, |bed| {
        begin(bed);
        node::publish_three(bed, NPM);
        let watcher = bed.run("npm-token-vouch").arg("watch").start();
        let mut tokens = BTreeSet::new();
        let start = Instant::now();
        let mut installed = 0;
        // Two lives of a token and a half.
        while start.elapsed() < Duration::from_secs(75) {
            node::fresh_project(bed, NPM, "app");
            let _ = NPM.run(bed, &NPM.adding(&["plain", "@acme/scoped"])).within(bed.file("app")).ok();
            installed += 1;
            tokens.insert(parts(&bed.read(".npmrc")).1);
        }
        println!("{installed} installations, {} tokens", tokens.len());
        assert!(tokens.len() >= 3, "{}", tokens.len());
        assert_eq!(bed.count("/registry/npm/bad_token"), 0);
        let _ = bed.run("npm-token-vouch").arg("watch").done().says("watched already");
        let stopped = Instant::now();
        send(&watcher, Signal::SIGINT);
        let said = watcher.wait();
        assert!(stopped.elapsed() < Duration::from_secs(2), "{said}");
        let _ = said.says("watching the tokens in").says("was written to").says("until the session ends");
    });
}

#[test]
fn a_watcher_ends_with_the_session_and_takes_the_token_out() {
    in_sandbox(&[], |bed| {
        begin(bed);
        let watcher = bed.run("npm-token-vouch").arg("watch").start();
        std::thread::sleep(Duration::from_secs(2));
        let _ = bed.vouch(&["logout"]).ok();
        let _ = watcher.wait().expect_code(0).says("the session is over");
        let text = bed.read(".npmrc");
        assert!(!text.contains("_authToken"), "{text}");
        assert!(text.starts_with("; mine\nfund=false\n"), "{text}");
        let _ = bed.run("npm-token-vouch").arg("watch").fails(3).says("vouch login");
    });
}
