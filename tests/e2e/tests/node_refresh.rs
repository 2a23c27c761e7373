//! The static token's renewal: killed at any moment, many at once, and while installations run beside it.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use vouch_e2e::node::{self, Client};
use vouch_e2e::{Running, Sandbox, in_sandbox};

/// A world whose tokens live for half a minute, so that each renewal fetches one and an expiry can be waited for.
const SHORT: [&str; 2] = ["--config", concat!(env!("CARGO_MANIFEST_DIR"), "/worlds/short-tokens.json")];

const NPM: Client = Client("npm-10");

/// Kills that have to hit.
const KILLS: usize = 200;

fn begin(sandbox: &Sandbox) {
    sandbox.enroll();
    sandbox.log_in();
    sandbox.write(".npmrc", "; mine\nfund=false\n\n[section]\na=b");
    let _ = NPM.set_up(sandbox, &[]).ok();
}

fn refresh(sandbox: &Sandbox) -> Running {
    sandbox.run("npm-token-vouch").arg("refresh").start()
}

/// The file without the token, and the token.
fn parts(text: &str) -> (String, String) {
    let token = text.lines().find_map(|line| line.split_once(":_authToken=")).expect("a token").1;
    (text.replace(token, "TOKEN"), token.to_owned())
}

/// Every file of the home and of Vouch's folder, the vault's included.
fn files(sandbox: &Sandbox) -> BTreeSet<String> {
    let list = |folder: &str| {
        let entries = fs::read_dir(sandbox.file(folder)).unwrap();
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
    in_sandbox(&SHORT, |sandbox| {
        begin(sandbox);
        let took = (0..3).map(|_| refresh(sandbox).wait().expect_code(0).took).max().unwrap();
        let known = files(sandbox);
        let (frame, mut token) = parts(&sandbox.read(".npmrc"));
        let length = token.len();
        let (mut killed, mut renewed, mut tried) = (0, 0, 0);
        while killed < KILLS {
            assert!(tried < 2000, "only {killed} of {tried} were killed while they worked");
            let running = refresh(sandbox);
            // The golden ratio spreads any number of moments evenly over the run.
            let share = (f64::from(tried) * 0.618_033_988_75).fract();
            std::thread::sleep(took.mul_f64(share));
            send(&running, Signal::SIGKILL);
            killed += usize::from(running.wait().code == 128 + 9);
            tried += 1;
            let text = sandbox.read(".npmrc");
            let (now, new) = parts(&text);
            assert_eq!((&now, new.len()), (&frame, length), "after {tried} kills: {now}");
            renewed += u32::from(new != token);
            token = new;
            assert_eq!(fs::metadata(sandbox.file(".npmrc")).unwrap().permissions().mode() & 0o777, 0o600);
        }
        println!("{killed} of {tried} were killed; {renewed} had replaced the file");
        assert!(renewed > 0, "no kill came late");
        assert!(renewed < tried, "no kill came early");
        let _ = refresh(sandbox).wait().expect_code(0);
        let left: Vec<_> = files(sandbox).difference(&known).cloned().collect();
        assert_eq!(left, Vec::<String>::new(), "nothing is left behind");
        let _ = NPM.run(sandbox, &["ping"]).ok();
    });
}

#[test]
fn twenty_refreshes_at_once_fetch_once() {
    in_sandbox(&[], |sandbox| {
        begin(sandbox);
        let (frame, old) = parts(&sandbox.read(".npmrc"));
        // As on the morning of a new session, before anything was fetched.
        for entry in fs::read_dir(sandbox.file(".vouch/vault")).unwrap().flatten() {
            let name = entry.file_name().into_string().unwrap();
            if name.starts_with("token") || name.starts_with("role") {
                fs::remove_file(entry.path()).unwrap();
            }
        }
        let known = files(sandbox);
        sandbox.ctl(&["reset"]);
        let all: Vec<_> = (0..20).map(|_| refresh(sandbox)).collect();
        for running in all {
            let _ = running.wait().expect_code(0);
        }
        assert_eq!((sandbox.count("/requests/sts"), sandbox.count("/requests/codeartifact")), (1, 1));
        let (now, new) = parts(&sandbox.read(".npmrc"));
        assert_eq!(now, frame);
        assert_ne!(new, old);
        let left: Vec<_> = files(sandbox).difference(&known).cloned().collect();
        assert!(left.iter().all(|name| name.starts_with(".vouch/vault/")), "{left:?}");
        let _ = NPM.run(sandbox, &["ping"]).ok();
    });
}

#[test]
fn installations_beside_a_watcher_never_fail() {
    in_sandbox(&SHORT, |sandbox| {
        begin(sandbox);
        node::publish_three(sandbox, NPM);
        let watcher = sandbox.run("npm-token-vouch").arg("watch").start();
        let mut tokens = BTreeSet::new();
        let start = Instant::now();
        let mut installed = 0;
        // Two lives of a token and a half.
        while start.elapsed() < Duration::from_secs(75) {
            node::fresh_project(sandbox, NPM, "app");
            let _ =
                NPM.run(sandbox, &NPM.adding(&["plain", "@acme/scoped"])).within(sandbox.file("app")).ok();
            installed += 1;
            tokens.insert(parts(&sandbox.read(".npmrc")).1);
        }
        println!("{installed} installations, {} tokens", tokens.len());
        assert!(tokens.len() >= 3, "{}", tokens.len());
        assert_eq!(sandbox.count("/registry/npm/bad_token"), 0);
        let _ = sandbox.run("npm-token-vouch").arg("watch").done().says("watched already");
        let stopped = Instant::now();
        send(&watcher, Signal::SIGINT);
        let said = watcher.wait();
        assert!(stopped.elapsed() < Duration::from_secs(2), "{said}");
        let _ = said.says("watching the tokens in").says("was written to").says("until the session ends");
    });
}

#[test]
fn a_watcher_ends_with_the_session_and_takes_the_token_out() {
    in_sandbox(&[], |sandbox| {
        begin(sandbox);
        let watcher = sandbox.run("npm-token-vouch").arg("watch").start();
        std::thread::sleep(Duration::from_secs(2));
        let _ = sandbox.vouch(&["logout"]).ok();
        let _ = watcher.wait().expect_code(0).says("the session is over");
        let text = sandbox.read(".npmrc");
        assert!(!text.contains("_authToken"), "{text}");
        assert!(text.starts_with("; mine\nfund=false\n"), "{text}");
        let _ = sandbox.run("npm-token-vouch").arg("watch").fails(3).says("vouch login");
    });
}
