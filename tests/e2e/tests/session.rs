//! The session and its key: who can read it, and until when.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use vouch_core::home::Home;
use vouch_e2e::{Run, Sandbox, in_sandbox};

const CREDENTIAL: [&str; 2] = ["credential", "codeartifact"];

/// The line of `/proc/keys` about the session key of this home.
fn session_key(sandbox: &Sandbox) -> String {
    let name = format!("vouch:{}", Home::at(sandbox.file(".vouch")).unwrap().id());
    let keys = fs::read_to_string("/proc/keys").unwrap();
    let ours: Vec<_> = keys.lines().filter(|line| line.contains(&name)).collect();
    assert_eq!(ours.len(), 1, "{keys}");
    ours[0].to_owned()
}

fn serial(sandbox: &Sandbox) -> String {
    format!("0x{}", session_key(sandbox).split_whitespace().next().unwrap())
}

/// A process whose session keyring does not link the user keyring, as under cron, services and some sudo.
fn in_a_bare_session(sandbox: &Sandbox, args: &[&str]) -> Run {
    Run::new("keyctl").args(["session", "-", "vouch"]).args(args).within(sandbox.home())
}

#[test]
fn logged_in_from_a_bare_session_and_read_from_anywhere() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.set_up_cargo();
        let login =
            in_a_bare_session(sandbox, &["login", "--pin-stdin"]).stdin(format!("{}\n", sandbox.pin()));
        let _ = login.ok();
        let token = sandbox.vouch(&CREDENTIAL).ok().stdout;
        assert_eq!(in_a_bare_session(sandbox, &CREDENTIAL).ok().stdout, token);
        let detached = Run::new("setsid").args(["--wait", "vouch"]).args(CREDENTIAL).within(sandbox.home());
        assert_eq!(detached.ok().stdout, token);
    });
}

#[test]
fn the_key_has_a_time_out_from_the_first_moment() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        let login = in_a_bare_session(sandbox, &["login", "--pin-stdin", "--duration", "15m"]);
        let _ = login.stdin(format!("{}\n", sandbox.pin())).ok();
        let key = session_key(sandbox);
        // Serial, flags, usage, time-out, permissions, uid, gid, type, description.
        let fields: Vec<_> = key.split_whitespace().collect();
        assert!(fields[3].ends_with('m') && fields[3] != "perm", "{key}");
        assert!(fields[4].ends_with("0000"), "group and others get nothing: {key}");
    });
}

#[test]
fn an_expired_key_reads_as_an_expired_session() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let _ = sandbox.vouch(&CREDENTIAL).ok();
        // Only who possesses the key may change its time-out.
        let shorten = format!("keyctl link @u @s && keyctl timeout {} 1", serial(sandbox));
        let _ = Run::new("keyctl").args(["session", "-", "sh", "-c", &shorten]).ok();
        std::thread::sleep(Duration::from_millis(2200));
        let _ = sandbox.vouch(&CREDENTIAL).fails(3).says("expired").says("vouch login");
        let _ = sandbox.vouch(&["status"]).fails(3).shows("expired").shows("vouch login");
        sandbox.log_in();
        let _ = sandbox.vouch(&CREDENTIAL).ok();
    });
}

#[test]
fn another_user_reads_nothing() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let _ = sandbox.vouch(&CREDENTIAL).ok();
        let vouch = sandbox.run("sh").args(["-c", "command -v vouch"]).ok().stdout;
        // Even with every file readable: the key is what counts.
        for path in [sandbox.home().to_owned(), sandbox.file(".vouch"), sandbox.file(".vouch/vault")] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let copy = "/run/vouch-for-all";
        fs::copy(vouch.trim(), copy).unwrap();
        fs::set_permissions(copy, fs::Permissions::from_mode(0o755)).unwrap();
        let other = |args: &[&str]| {
            Run::new("setpriv")
                .args(["--reuid", "65534", "--regid", "65534", "--clear-groups", copy])
                .args(args)
                .env("VOUCH_HOME", sandbox.file(".vouch"))
        };
        let _ = other(&CREDENTIAL).fails(7).says("another user");
        let read = Run::new("setpriv").args(["--reuid", "65534", "--clear-groups", "keyctl", "print"]);
        let _ = read.arg(serial(sandbox)).fails(1);
        let _ = Run::new("keyctl").args(["pipe", &serial(sandbox)]).ok();
    });
}

#[test]
fn logout_ends_everything_that_is_stored() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let _ = sandbox.vouch(&CREDENTIAL).ok();
        let _ = sandbox.vouch(&["logout"]).ok().says("valid until");
        let _ = sandbox.vouch(&CREDENTIAL).fails(3).says("not logged in");
        let sealed = fs::read_dir(sandbox.file(".vouch/vault")).unwrap();
        assert!(sealed.flatten().all(|entry| !entry.file_name().to_string_lossy().contains("sealed")));
        // Once more is fine.
        let _ = sandbox.vouch(&["logout"]).ok();
    });
}

#[test]
fn a_new_login_leaves_nothing_of_the_old_one() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let old = sandbox.vouch(&CREDENTIAL).ok().stdout;
        sandbox.log_in();
        let new = sandbox.vouch(&CREDENTIAL).ok().stdout;
        assert_ne!(old, new);
        assert_eq!(sandbox.count("/sts/granted"), 2);
    });
}

#[test]
fn the_duration_is_kept_within_bounds() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        for wrong in ["14m", "13h", "0", "-1h", "8", "forever", ""] {
            let _ = sandbox
                .vouch_with_pin(&["login", &format!("--duration={wrong}")])
                .fails(2)
                .says("--duration");
        }
        assert_eq!(sandbox.count("/card/touches"), 1);
        let _ = sandbox.vouch_with_pin(&["login", "--duration", "45m"]).ok();
    });
}

#[test]
fn a_login_that_is_not_needed_asks_nothing() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        let needed = ["login", "--if-needed"];
        let touches = || sandbox.count("/card/touches");
        // There is none yet.
        let before = touches();
        let _ = sandbox.vouch_with_pin(&needed).ok().says("logged in as alice until").never_says("already");
        assert_eq!(touches(), before + 1);
        // Neither PIN nor card nor input.
        for enough in [&[][..], &["--min", "15m"], &["--min", "7h"]] {
            let _ = sandbox.vouch(&needed).args(enough).ok().says("already logged in as alice until");
        }
        assert_eq!(touches(), before + 1);
        let _ = sandbox.vouch_with_pin(&needed).args(["--duration", "12h", "--min", "9h"]).ok();
        assert_eq!(touches(), before + 2);
        // What no login could bring about would ask for a touch each time.
        let never = sandbox.vouch_with_pin(&needed).args(["--duration", "1h", "--min", "2h"]);
        let _ = never.fails(2).says("never has 2h left").says("--min");
        let _ = sandbox.vouch_with_pin(&["login", "--min", "2h"]).fails(2).says("--if-needed");
        assert_eq!(touches(), before + 2);
        // Somebody else's session is none of this identity.
        let mut config = sandbox.config();
        config["identity"]["subject"] = "bob".into();
        sandbox.write(".vouch/config.json", &config.to_string());
        let _ = sandbox.vouch(&needed).args(["--pin-stdin", "--wait", "0"]).fails(2).never_says("already");
    });
}

#[test]
fn a_login_says_which_session_it_replaces() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        let _ = sandbox.vouch_with_pin(&["login"]).ok().never_says("takes the place");
        let again = sandbox.vouch_with_pin(&["login"]).ok();
        let _ = again.says("You are logged in as alice until").says("takes the place");
    });
}
